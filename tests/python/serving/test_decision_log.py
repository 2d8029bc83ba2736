"""A decision is logged exactly as it was served, once record() returns."""

import json
import os
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import redis
from online_store import ACTIVITY, KEYS, NAMESPACE, SHOP, T0, Store
from redis_server import RedisServer

from provender import DecisionLog, DecisionNotLogged, ServedFeatures, StoreUnavailable
from provender.spool import BATCH, Spool

DECISION = {"approved": False, "score": 0.31}


@pytest.fixture
def served(store: Store) -> ServedFeatures:
    store.open(ACTIVITY, SHOP)
    store.write(SHOP, [Decimal("12.30")], shop="é", opened_on=date(2026, 1, 1))
    store.clock.advance(timedelta(minutes=1))
    return store.reader().get("credit_risk", customer_id=42, shop="é", opened_on=date(2026, 1, 1))


def logged(client: redis.Redis) -> list[dict[str, Any]]:
    entries: Any = client.xrange(KEYS.decisions)
    return [json.loads(fields[b"record"]) for _, fields in entries]


def ids(client: redis.Redis) -> list[str]:
    return [record["decision_id"] for record in logged(client)]


def test_the_record_is_the_documented_one(store: Store, served: ServedFeatures) -> None:
    log = DecisionLog(store.client, namespace=NAMESPACE, clock=store.clock)
    identity = log.record(
        served, model_version="2026-02", decision=DECISION, request={"amount": 100}
    )
    [record] = logged(store.client)
    features = record.pop("features")
    assert record == {
        "decision_id": identity,
        "service": "credit_risk",
        "model_version": "2026-02",
        "decided_at": "2026-03-01T12:01:00.000000Z",
        "read_at": "2026-03-01T12:01:00.000000Z",
        "keys": {"customer_id": 42, "shop": "é", "opened_on": "2026-01-01"},
        "request": {"amount": 100},
        "decision": DECISION,
    }
    assert [feature["name"] for feature in features] == list(served)
    assert features[0]["status"] == "missing"
    assert features[0]["is_default"] is True
    assert features[2] == {
        "name": "volume",
        "feature": "volume",
        "view": "shop_volume",
        "version": 1,
        "fingerprint": "f" * 16,
        "generation": 7,
        "as_of": "2026-03-01T12:00:00.000000Z",
        "age_us": 60_000_000,
        "status": "ok",
        "is_default": False,
        "data_type": "decimal(18,2)",
        "value": "12.30",
    }


def test_id_and_time_may_be_given(store: Store, served: ServedFeatures) -> None:
    log = DecisionLog(store.client, namespace=NAMESPACE)
    at = datetime(2026, 3, 1, 13, 0, 0, 5)
    given = log.record(served, model_version="1", decision={}, decision_id="loan-7", decided_at=at)
    assert given == "loan-7"
    [record] = logged(store.client)
    assert record["decided_at"] == "2026-03-01T13:00:00.000005Z"
    assert record["request"] is None


def test_each_decision_has_its_own_id(store: Store, served: ServedFeatures) -> None:
    log = DecisionLog(store.client, namespace=NAMESPACE)
    made = [log.record(served, model_version="1", decision={}) for _ in range(3)]
    assert ids(store.client) == made
    assert len(set(made)) == 3


@pytest.mark.parametrize(
    "bad",
    [{"at": datetime(2026, 1, 1, tzinfo=UTC)}, {"x": float("nan")}, {"x": "\ud800"}, {"x": {1, 2}}],
)
@pytest.mark.parametrize("which", ["request", "decision"])
def test_what_json_cannot_hold_is_refused(
    store: Store, served: ServedFeatures, which: str, bad: Mapping[str, Any]
) -> None:
    log = DecisionLog(store.client, namespace=NAMESPACE)
    parts: dict[str, Any] = {"decision": {}, "request": {}, which: bad}
    with pytest.raises(DecisionNotLogged, match=f"`{which}` holds what JSON cannot"):
        log.record(served, model_version="1", **parts)
    assert logged(store.client) == []


def test_a_decision_that_is_no_mapping_is_refused(store: Store, served: ServedFeatures) -> None:
    log = DecisionLog(store.client, namespace=NAMESPACE)
    with pytest.raises(DecisionNotLogged, match="`decision` is a float, not a mapping"):
        log.record(served, model_version="1", decision=0.3)  # type: ignore[arg-type]


@pytest.fixture
def away(own_redis: RedisServer) -> Iterator[redis.Redis]:
    """A client whose server the test stops and starts."""
    with own_redis.client() as client:
        yield client


def test_without_a_spool_an_outage_is_told(
    away: redis.Redis, own_redis: RedisServer, served: ServedFeatures
) -> None:
    own_redis.stop()
    with pytest.raises(DecisionNotLogged, match=r"no spool.*cannot be reached"):
        DecisionLog(away, namespace=NAMESPACE).record(served, model_version="1", decision={})


def test_the_spool_is_sent_in_order_before_the_next_decision(
    away: redis.Redis, own_redis: RedisServer, served: ServedFeatures, tmp_path: Path
) -> None:
    spool = tmp_path / "folder" / "decisions.spool"
    log = DecisionLog(away, namespace=NAMESPACE, spool=spool)
    own_redis.stop()
    made = [log.record(served, model_version="1", decision={"n": n}) for n in range(3)]
    assert spool.read_bytes().count(b"\n") == 3
    with pytest.raises(StoreUnavailable):
        log.flush_spool()
    own_redis.start()
    made.append(log.record(served, model_version="1", decision={"n": 3}))
    assert ids(away) == made
    assert [record["decision"]["n"] for record in logged(away)] == [0, 1, 2, 3]
    assert spool.read_bytes() == b""
    assert log.flush_spool() == 0


def test_a_new_process_sends_what_the_last_one_spooled(
    away: redis.Redis, own_redis: RedisServer, served: ServedFeatures, tmp_path: Path
) -> None:
    own_redis.stop()
    log = DecisionLog(away, namespace=NAMESPACE, spool=tmp_path / "s")
    identity = log.record(served, model_version="1", decision={})
    own_redis.start()
    with DecisionLog.from_url(own_redis.url, namespace=NAMESPACE, spool=tmp_path / "s") as again:
        assert again.flush_spool() == 1
    assert ids(away) == [identity]


def test_a_refusing_redis_spools_too(
    away: redis.Redis, served: ServedFeatures, tmp_path: Path
) -> None:
    log = DecisionLog(away, namespace=NAMESPACE, spool=tmp_path / "s")
    away.config_set("maxmemory", 1)
    identity = log.record(served, model_version="1", decision={})
    assert identity in (tmp_path / "s").read_text()
    away.config_set("maxmemory", 0)
    assert log.flush_spool() == 1


@pytest.mark.parametrize("torn", [b'{"decision_id":"half","ser', b"\xff\xfe", b'"text"\n'])
def test_a_torn_last_line_is_set_aside_and_nothing_else_is_lost(
    store: Store, served: ServedFeatures, tmp_path: Path, torn: bytes
) -> None:
    spool = tmp_path / "s"
    spool.write_bytes(b'{"decision_id":"whole"}\n' + torn)
    Spool(spool).append(b'{"decision_id":"after the crash"}')
    log = DecisionLog(store.client, namespace=NAMESPACE, spool=spool)
    last = log.record(served, model_version="1", decision={})
    assert ids(store.client) == ["whole", "after the crash", last]
    assert (tmp_path / "s.torn").read_bytes() == torn.strip() + b"\n"


def test_a_whole_last_line_without_its_newline_is_sent(store: Store, tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(b'{"decision_id":"whole"}')
    assert DecisionLog(store.client, namespace=NAMESPACE, spool=tmp_path / "s").flush_spool() == 1
    assert ids(store.client) == ["whole"]


def test_what_was_sent_before_a_failure_is_forgotten_and_the_rest_stays(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s")
    lines = [json.dumps({"decision_id": n}).encode() for n in range(2 * BATCH + 3)]
    spool.path.write_bytes(b"\n".join(lines) + b"\n")
    sent: list[bytes] = []

    def fail_at_the_third(batch: Any) -> None:
        if len(sent) == 2 * BATCH:
            raise StoreUnavailable("gone")
        sent.extend(batch)

    with pytest.raises(StoreUnavailable):
        spool.drain(fail_at_the_third)
    assert sent == lines[: 2 * BATCH]
    assert spool.path.read_bytes().splitlines() == lines[2 * BATCH :]


def test_threads_share_a_spool(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s")
    sent: list[bytes] = []
    spool.prepare()

    def work(number: int) -> None:
        mine = Spool(tmp_path / "s") if number % 2 else spool
        for step in range(10):
            mine.append(json.dumps({"id": [number, step]}).encode())
            mine.drain(sent.extend)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(json.loads(line)["id"] for line in sent) == [
        [number, step] for number in range(4) for step in range(10)
    ]
    assert spool.is_empty()


def test_a_spool_that_cannot_work_is_told_before_it_is_needed(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DecisionNotLogged, match="cannot be written"):
        DecisionLog(store.client, namespace=NAMESPACE, spool=tmp_path / "file" / "s")
    with pytest.raises(DecisionNotLogged, match="cannot be written"):
        DecisionLog(store.client, namespace=NAMESPACE, spool=tmp_path)


def test_a_full_disk_is_told_and_leaves_no_half_line(
    away: redis.Redis,
    own_redis: RedisServer,
    served: ServedFeatures,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = DecisionLog(away, namespace=NAMESPACE, spool=tmp_path / "s")
    own_redis.stop()
    log.record(served, model_version="1", decision={})
    before = (tmp_path / "s").read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(DecisionNotLogged, match="No space left"):
            log.record(served, model_version="1", decision={})
    assert (tmp_path / "s").read_bytes() == before


def test_times_are_those_of_the_reading(store: Store, served: ServedFeatures) -> None:
    assert served.read_at == T0 + timedelta(minutes=1)
