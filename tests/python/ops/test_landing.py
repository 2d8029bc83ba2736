"""Streams become Parquet files that dbt reads; nothing is lost, and twice is harmless."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import redis
from published_catalog import PublishedProject, View, minute
from pushing import Pusher

from provender import DecisionLog
from provender.keys import KeySpace
from provender_ops import land
from provender_ops.land import land_decisions, land_push_log

Row = dict[str, Any]


@pytest.fixture
def service(project: PublishedProject, activity: View, pusher: Pusher) -> Pusher:
    """One view and one service online."""
    project.service("credit_risk", activity)
    project.build(activity, minute(1), {1: (1, "a")})
    pusher.push()
    return pusher


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    """The folder that dbt reads."""
    return tmp_path / "landing"


def decide(pusher: Pusher, number: int, at: datetime) -> str:
    log = DecisionLog(pusher.client, namespace=pusher.namespace)
    features = pusher.reader(at).get("credit_risk", customer_id=1)
    return log.record(
        features,
        model_version="m1",
        decision={"outcome": "declined"},
        request={"amount": "10.50"},
        decision_id=f"d{number}",
        decided_at=at,
    )


def landed(folder: Path) -> list[Row]:
    """What dbt reads: every file the source's glob finds."""
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select * from read_parquet('{folder}/**/*.parquet', union_by_name = true,"
            " hive_partitioning = false) order by stream_id"
        )
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_decisions_move_into_files_by_the_day_they_were_made(
    service: Pusher, landing: Path
) -> None:
    decide(service, 1, datetime(2026, 3, 2, 23, 59, 59, 999999))
    decide(service, 2, datetime(2026, 3, 3))
    decide(service, 3, datetime(2026, 3, 3, 1))

    result = land_decisions(
        service.client, service.keys, landing, clock=lambda: datetime(2026, 3, 4, tzinfo=UTC)
    )

    assert result.landed == 3
    days = sorted(path.parent.name for path in landing.rglob("*.parquet"))
    assert days == ["day=2026-03-02", "day=2026-03-03"]
    assert service.client.xlen(service.keys.decisions) == 0
    row = landed(landing)[0]
    (payments, _) = json.loads(row.pop("features"))
    served = {name: payments[name] for name in ("name", "value", "status", "view")}
    assert served == {
        "name": "payments",
        "value": 0,
        "status": "expired",
        "view": "customer_activity",
    }
    row.pop("stream_id")
    assert row == {
        "decision_id": "d1",
        "service": "credit_risk",
        "model_version": "m1",
        "decided_at": datetime(2026, 3, 2, 23, 59, 59, 999999),
        "read_at": datetime(2026, 3, 2, 23, 59, 59, 999999),
        "namespace": "lender.dev",
        "keys": '{"customer_id":1}',
        "request": '{"amount":"10.50"}',
        "decision": '{"outcome":"declined"}',
        "landed_at": datetime(2026, 3, 4),
    }


def test_a_decision_without_a_request_lands_with_null(service: Pusher, landing: Path) -> None:
    features = service.reader(minute(1)).get("credit_risk", customer_id=1)
    log = DecisionLog(service.client, namespace=service.namespace)
    log.record(features, model_version="m1", decision={})
    land_decisions(service.client, service.keys, landing)

    assert landed(landing)[0]["request"] is None


def test_killed_between_rename_and_acknowledgement_loses_nothing(
    service: Pusher, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(service, 1, minute(1))
    decide(service, 2, minute(2))
    with monkeypatch.context() as patch:
        patch.setattr(redis.Redis, "xdel", _killed)
        with pytest.raises(KeyboardInterrupt):
            land_decisions(service.client, service.keys, landing)
    decide(service, 3, minute(3))
    land_decisions(service.client, service.keys, landing)

    rows = landed(landing)
    # The same ids twice at most, which the model `decisions` counts once.
    assert {row["decision_id"] for row in rows} == {"d1", "d2", "d3"}
    assert len({(row["decision_id"], row["stream_id"]) for row in rows}) == 3
    assert service.client.xlen(service.keys.decisions) == 0


def test_killed_while_writing_leaves_no_file_that_a_reader_finds(
    service: Pusher, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(service, 1, minute(1))
    with monkeypatch.context() as patch:
        patch.setattr(land, "_to_disk", _killed)
        with pytest.raises(KeyboardInterrupt):
            land_decisions(service.client, service.keys, landing)

    assert list(landing.rglob("*.parquet")) == []
    assert land_decisions(service.client, service.keys, landing).landed == 1
    assert [row["decision_id"] for row in landed(landing)] == ["d1"]


def test_an_entry_that_cannot_be_read_stays_and_holds_up_nobody(
    service: Pusher, landing: Path
) -> None:
    decide(service, 1, minute(1))
    bad = [service.client.xadd(service.keys.decisions, {"record": text}) for text in ("{", "{}")]
    bad.append(service.client.xadd(service.keys.decisions, {"other": "x"}))
    decide(service, 2, minute(2))

    result = land_decisions(service.client, service.keys, landing)

    assert result.landed == 2
    assert list(result.unreadable) == [entry.decode() for entry in bad]  # type: ignore[union-attr]
    assert service.client.xlen(service.keys.decisions) == 3


def test_many_decisions_land_in_batches(
    service: Pusher, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(land, "BATCH", 3)
    for number in range(10):
        decide(service, number, minute(number))

    assert land_decisions(service.client, service.keys, landing).landed == 10
    assert len(landed(landing)) == 10


def test_push_records_land_once_and_stay_in_redis(
    project: PublishedProject, activity: View, service: Pusher, landing: Path
) -> None:
    assert land_push_log(service.client, service.keys, landing).landed == 1
    assert land_push_log(service.client, service.keys, landing).landed == 0
    project.build(activity, minute(2), {2: (1, "a")})
    service.push(now=datetime(2026, 3, 2, 0, 5, tzinfo=UTC))
    assert land_push_log(service.client, service.keys, landing).landed == 1

    row = landed(landing)[1]
    row.pop("stream_id")
    assert row == {
        "namespace": "lender.dev",
        "project": "lender",
        "target": "dev",
        "view": "customer_activity",
        "version": 1,
        "fingerprint": activity.fingerprint,
        "run_as_of": minute(2),
        "generation": 1,
        "readable_at": minute(5),
        "mode": "incremental",
        "rows": 1,
        "tombstones": 1,
    }
    assert service.client.xlen(service.keys.pushes) == 2


def test_the_push_log_of_another_namespace_lands_beside(
    project: PublishedProject, service: Pusher, landing: Path
) -> None:
    other = Pusher(project, service.client, "other")
    other.push()
    land_push_log(other.client, other.keys, landing)
    land_push_log(service.client, service.keys, landing)

    assert {row["namespace"] for row in landed(landing)} == {"lender.dev", "other"}


def test_the_push_log_of_a_redis_that_began_again_lands_too(service: Pusher, landing: Path) -> None:
    """Its ids may lie before those that are landed, when its clock does."""
    land_push_log(service.client, service.keys, landing)
    ((_, fields),) = service.client.xrange(service.keys.pushes)  # type: ignore[misc]
    service.client.delete(service.keys.pushes)
    service.client.xadd(service.keys.pushes, fields, id="1000-0")  # type: ignore[arg-type]

    assert land_push_log(service.client, service.keys, landing).landed == 1


def test_nothing_to_land_is_no_error(redis_client: redis.Redis, landing: Path) -> None:
    keys = KeySpace("nobody")
    assert land_decisions(redis_client, keys, landing).landed == 0
    assert land_push_log(redis_client, keys, landing).landed == 0


def _killed(*_: object) -> None:
    raise KeyboardInterrupt
