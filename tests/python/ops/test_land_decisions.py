"""Decisions become Parquet files that dbt reads; nothing is lost, and twice is harmless."""

import hmac
import os
import signal
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import redis
from decision_records import KEYS, WRITER, a_record, a_view, line, log, log_some
from pushing import LOG_KEY

from provender.errors import StoreUnavailable
from provender_ops.decisions import following, ledger, tidying
from provender_ops.decisions.columns import DECISION_LOG
from provender_ops.decisions.head import stored_head
from provender_ops.decisions.landing import LandedDecisions, Lander
from provender_ops.decisions.ledger import Ledger
from provender_ops.decisions.log_key import ChainKey, chain_key
from provender_ops.decisions.settings import retention_us
from provender_ops.decisions.stream import ABANDONED_AFTER, GROUP
from provender_ops.decisions.tidying import Tidied
from provender_ops.decisions.verify import verify
from provender_ops.errors import BadInput, Refused

Row = dict[str, Any]
DAY_OVER = datetime(2026, 3, 3, 2)


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    return tmp_path / "landing"


@pytest.fixture
def lander(redis_client: redis.Redis, landing: Path) -> Lander:
    return Lander(redis_client, KEYS, landing, LOG_KEY)


def rows(landing: Path) -> list[Row]:
    """What dbt reads: every row the source's glob finds, and each decision once."""
    with duckdb.connect() as connection:
        found = connection.execute(
            "select distinct on (stream_id) *"
            f" from read_parquet('{landing}/decision_log/**/*.parquet',"
            " union_by_name = true, hive_partitioning = false) order by number, stream_id"
        )
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def is_whole(landing: Path, client: redis.Redis, *notes: str) -> None:
    found = verify(landing, LOG_KEY, stored_head(client, KEYS), [])
    assert found.findings == []
    assert len(found.notes) == len(notes), found.notes
    for note, words in zip(found.notes, notes, strict=True):
        assert words in note


def test_a_landed_row_has_all_that_was_logged_by_the_day_of_the_decision(
    lander: Lander, redis_client: redis.Redis, landing: Path
) -> None:
    views = [
        a_view(values=[None, "a,b", 1e-05], statuses=["ok", "not_computed", "ok"], defaults=[1]),
        a_view("customer_id_card", names=["x"], features=["y"], types=["varchar"], values=["ab12"],
               hashed=True, as_of=None, age_us=None, status="missing"),
    ]  # fmt: skip
    night = datetime(2026, 3, 2, 23, 59, 59, 999999)
    record = a_record(1, night, views=views, outside={"weather": 2**64 - 1}, waited_for="retry")
    (entry, _) = log(redis_client, [record, a_record(2, datetime(2026, 3, 3), request=None)])

    result = lander.land(datetime(2026, 3, 3, 0, 30))

    assert (result.landed, result.complaint) == (2, "")
    folders = [path.parent.name for path in result.files]
    assert folders == ["day=2026-03-02", "day=2026-03-03"]
    assert redis_client.xlen(KEYS.decisions) == 0
    first, second = rows(landing)
    assert list(first) == DECISION_LOG.names
    assert first == {
        "stream_id": entry.decode(),
        "decision_id": "d1",
        "namespace": "lender.dev",
        "writer": WRITER,
        "number": 1,
        "refused": 0,
        "service": "credit_risk",
        "model_version": "m1",
        "decided_at": night,
        "read_at": night,
        "read_us": 139,
        "waited_for": "retry",
        "keys": '{"customer_id":1}',
        "request": '{"amount":"10.50"}',
        "decision": '{"outcome":"declined"}',
        "outside": '{"weather":18446744073709551615}',
        "views": [
            {
                **{k: v for k, v in views[0].items() if k != "defaults"},
                "as_of": datetime(2026, 3, 2, 7, 58),
                "values": [None, '"a,b"', "1e-05"],
                "is_default": [False, True, False],
            },
            {
                **{k: v for k, v in views[1].items() if k != "defaults"},
                "values": ['"ab12"'],
                "statuses": ["missing"],
                "is_default": [False],
            },
        ],
        "landed_at": datetime(2026, 3, 3, 0, 30),
        "mac": LOG_KEY.row_mac(entry, line(record)),
    }
    assert (second["request"], second["outside"]) == (None, None)


def test_a_record_of_another_writers_making_lands_with_the_same_columns(
    lander: Lander, redis_client: redis.Redis, landing: Path
) -> None:
    """In one reading with those of ours, though in a file of its own."""
    odd = dict(sorted(a_record(2, decided_at="2026-03-02T09:00:00+01:00").items()))
    log(redis_client, [a_record(1), odd])
    assert lander.land().landed == 2
    first, second = rows(landing)
    assert second["decided_at"] == datetime(2026, 3, 2, 8)
    assert first["views"] == second["views"]


def test_an_entry_that_cannot_be_read_stays_and_holds_up_nobody(
    lander: Lander, redis_client: redis.Redis, landing: Path
) -> None:
    log_some(redis_client, [1])
    bad = log(redis_client, [b"{", b"{}", line(a_record(3)).replace(b"m1", b"\xff")])
    bad.append(redis_client.xadd(KEYS.decisions, {"other": "x"}))
    log_some(redis_client, [2])

    for landed in (2, 0):
        result = lander.land()
        assert result.landed == landed
        assert sorted(result.unreadable) == [entry.decode() for entry in bad]
        assert bad[0].decode() in result.complaint
        assert redis_client.xlen(KEYS.decisions) == 4
    redis_client.xdel(KEYS.decisions, *bad)
    log_some(redis_client, [4])
    assert lander.land().complaint == ""
    assert redis_client.xpending(KEYS.decisions, GROUP)["pending"] == 0


def test_what_a_dead_landers_consumer_had_taken_is_landed(
    lander: Lander, redis_client: redis.Redis, landing: Path
) -> None:
    """Its own at once; that of another folder's lander once it is seen to be dead."""
    log_some(redis_client, range(1, 7))
    lander.land()
    log_some(redis_client, range(7, 13))
    own = own_consumer(landing)
    for consumer in (own, "another"):
        redis_client.xreadgroup(GROUP, consumer, {KEYS.decisions: ">"}, count=2)
    assert lander.land().landed == 4
    assert redis_client.xpending(KEYS.decisions, GROUP)["pending"] == 2
    (mark,) = landing.glob("landed/*.parquet")
    left = redis_client.xrange(KEYS.decisions, count=1)[0][0]
    until = duckdb.sql(f"select epoch_us(landed_until) from '{mark}'").fetchall()[0][0]
    assert until < 1000 * int(left.partition(b"-")[0])

    ids = [
        each["message_id"]
        for each in redis_client.xpending_range(KEYS.decisions, GROUP, "-", "+", 9)
    ]
    redis_client.xclaim(KEYS.decisions, GROUP, "another", 0, ids, idle=ABANDONED_AFTER + 1)
    assert lander.land().landed == 2
    assert [row["number"] for row in rows(landing)] == list(range(1, 13))


def own_consumer(landing: Path) -> str:
    return Ledger(landing, LOG_KEY).open("").ledger


def test_after_redis_lost_everything_the_group_is_made_again(
    lander: Lander, redis_client: redis.Redis, landing: Path
) -> None:
    log_some(redis_client, [1])
    lander.land()
    redis_client.flushall()
    log_some(redis_client, [2])
    assert lander.land().landed == 1
    assert redis_client.hgetall(KEYS.landed) == {WRITER.encode(): b"2"}
    is_whole(landing, redis_client, "Redis had lost the head")


def test_the_group_lost_in_the_middle_is_made_again(
    lander: Lander, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_some(redis_client, [1])
    read = redis.Redis.xreadgroup

    def lose(client: redis.Redis, *arguments: Any) -> Any:
        monkeypatch.setattr(redis.Redis, "xreadgroup", read)
        client.xgroup_destroy(KEYS.decisions, GROUP)
        return read(client, *arguments)

    monkeypatch.setattr(redis.Redis, "xreadgroup", lose)
    assert lander.land().landed == 1


def test_a_long_stream_lands_in_bounded_chunks(
    lander: Lander, redis_client: redis.Redis, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provender_ops.decisions.taking.MOST_ENTRIES", 300)
    monkeypatch.setattr("provender_ops.decisions.stream.AT_MOST", 100)
    log_some(redis_client, range(1, 1001))
    result = lander.land(tidy=False)
    assert (result.landed, len(result.files)) == (1000, 4)
    assert len(rows(landing)) == 1000
    is_whole(landing, redis_client)


def test_two_landers_take_turns_and_land_each_decision_once(
    redis_client: redis.Redis, landing: Path
) -> None:
    log_some(redis_client, range(1, 2001))
    results: list[LandedDecisions] = []

    def land() -> None:
        results.append(Lander(redis_client, KEYS, landing, LOG_KEY).land(tidy=False))

    threads = [threading.Thread(target=land) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(result.landed for result in results) == 2000
    assert len(rows(landing)) == 2000
    is_whole(landing, redis_client)


# how far each writer has landed


def test_writers_are_told_up_to_where_nothing_of_theirs_is_missing(
    lander: Lander, redis_client: redis.Redis
) -> None:
    def landed(*numbers: int, refused: int = 0, writer: str = "a" * 12) -> int | None:
        records = [
            a_record(n, refused=refused, writer=writer, decision_id=f"{writer}{n}") for n in numbers
        ]
        log(redis_client, records)
        lander.land(tidy=False)
        told = redis_client.hget(KEYS.landed, writer)
        return None if told is None else int(told)

    assert landed(2, 3) is None  # 1 is on its way
    assert landed(1) == 3
    assert landed(5, 6) == 3
    assert landed(1, 2, 6) == 3  # again
    assert landed(7, refused=1) == 7  # 4 was refused
    assert landed(9, 10, refused=1) == 7
    assert landed(3, 4, writer="b" * 12, refused=2) == 4
    assert landed(8, refused=1) == 10
    redis_client.delete(KEYS.landed)
    assert landed(11, refused=1) == 11


def test_what_is_known_of_writers_is_found_in_the_files_when_it_was_lost(
    lander: Lander, redis_client: redis.Redis, landing: Path
) -> None:
    log_some(redis_client, range(1, 4))
    lander.land()
    (landing / "decision_log/writers.json").unlink()
    redis_client.delete(KEYS.landed)
    log_some(redis_client, [4])
    lander.land()
    assert redis_client.hgetall(KEYS.landed) == {WRITER.encode(): b"4"}


# compaction and retention


def test_a_day_that_is_over_becomes_one_sorted_file(
    lander: Lander, redis_client: redis.Redis, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for first in (1, 11):
        log_some(redis_client, range(first, first + 10))
        lander.land(datetime(2026, 3, 2, 23))
    before = rows(landing)
    result = lander.land(DAY_OVER)
    assert (result.tidied.compacted, lander.land(DAY_OVER).tidied.compacted) == (1, 0)
    (compact,) = landing.glob("decision_log/day=2026-03-02/compact__*.parquet")
    ids = duckdb.sql(f"select decision_id from '{compact}'").fetchall()
    assert ids == sorted((row["decision_id"],) for row in before)
    assert rows(landing) == before  # also while both are there
    assert len(list(compact.parent.glob("*.parquet"))) == 3
    is_whole(landing, redis_client)

    monkeypatch.setattr(tidying, "STILL_READ", timedelta(0))
    assert lander.land(DAY_OVER).tidied.removed == 2
    assert list(compact.parent.glob("*.parquet")) == [compact]
    assert rows(landing) == before
    is_whole(landing, redis_client)


def test_a_busy_day_becomes_fewer_files_before_it_is_over(
    lander: Lander, redis_client: redis.Redis, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidying, "MANY", 3)
    compacted = []
    for number in range(1, 8):
        log_some(redis_client, [number])
        compacted.append(lander.land(datetime(2026, 3, 2, 9)).tidied.compacted)
    assert compacted == [0, 0, 1, 0, 0, 1, 0]
    assert lander.land(DAY_OVER).tidied.compacted == 1
    assert len(rows(landing)) == 7
    is_whole(landing, redis_client)


def test_a_file_that_was_changed_is_not_made_compact(
    lander: Lander, redis_client: redis.Redis, landing: Path
) -> None:
    for number in (1, 2):
        log_some(redis_client, [number])
        result = lander.land(datetime(2026, 3, 2, 23))
    result.files[0].write_bytes(result.files[0].read_bytes()[:-1] + b"?")
    assert "is not what landed" in lander.land(DAY_OVER).complaint
    assert list(landing.rglob("compact__*")) == []


def test_days_past_their_retention_are_removed_whole(
    redis_client: redis.Redis, landing: Path
) -> None:
    lander = Lander(redis_client, KEYS, landing, LOG_KEY, 2 * 86_400_000_000)
    for day in (1, 2, 3, 4):
        log(redis_client, [a_record(day, datetime(2026, 3, day, 12))])
        assert lander.land(datetime(2026, 3, day, 13)).tidied.expired == (day == 4)
    assert [row["number"] for row in rows(landing)] == [2, 3, 4]
    assert lander.land(datetime(2026, 3, 5, 1)).tidied.expired == 1
    assert [row["number"] for row in rows(landing)] == [3, 4]
    assert not (landing / "decision_log/day=2026-03-01").exists()
    is_whole(landing, redis_client)


def test_what_comes_late_is_kept_as_long_since_it_landed(
    redis_client: redis.Redis, landing: Path
) -> None:
    """Also when it was made compact with what was not late."""
    lander = Lander(redis_client, KEYS, landing, LOG_KEY, 2 * 86_400_000_000)
    first, second = datetime(2026, 3, 4, 13), datetime(2026, 3, 6, 13)
    log(redis_client, [a_record(1, datetime(2026, 2, 1, 12)), a_record(2, datetime(2026, 3, 4))])
    assert lander.land(first).tidied.expired == 0
    log(redis_client, [a_record(3, datetime(2026, 3, 4))])
    assert lander.land(second).tidied == Tidied(compacted=1)
    assert [row["number"] for row in rows(landing)] == [1, 2, 3]
    lander.land(datetime(2026, 3, 7))
    assert [row["number"] for row in rows(landing)] == [2, 3]
    assert lander.land(datetime(2026, 3, 8, 23)).tidied.expired == 0
    assert lander.land(datetime(2026, 3, 9)).tidied.expired == 1
    assert list(landing.glob("decision_log/*/*.parquet")) == []
    is_whole(landing, redis_client)


def test_a_rehearsal_of_the_future_removes_nothing_that_is_not_past(
    redis_client: redis.Redis, landing: Path
) -> None:
    lander = Lander(redis_client, KEYS, landing, LOG_KEY, 36_500 * 86_400_000_000)
    log_some(redis_client, [1])
    assert lander.land(datetime(2999, 1, 1)).tidied.expired == 0


@pytest.mark.parametrize(
    ("block", "kept"),
    [
        ("{retention: 730d}", 730 * 86_400_000_000),
        ("{}", None),
        ("{retention: 0d}", "no duration, got '0d'"),
        ("{retention: null}", "no duration, got None"),
        ("{retention: 30}", "no duration, got 30"),
        ("{retetion: 30d}", "has no 'retetion'. Did you mean 'retention'?"),
        ("30d", "is no mapping"),
    ],
)
def test_retention_is_declared_in_the_project(tmp_path: Path, block: str, kept: object) -> None:
    path = tmp_path / "dbt_project.yml"
    path.write_text(f"name: lender\nvars: {{provender: {{decision_log: {block}}}}}")
    if isinstance(kept, str):
        with pytest.raises(BadInput) as refused:
            retention_us(tmp_path)
        assert kept in str(refused.value)
    else:
        assert retention_us(tmp_path) == kept


# the ledger


def test_a_lander_reads_of_a_long_ledger_what_is_new(
    redis_client: redis.Redis, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes by a note of the state, unless somebody else wrote that."""
    monkeypatch.setattr(ledger, "CHECK_EVERY", 3)
    started: list[int] = []
    lines = ledger.lines

    def watched(path: Path, start: int = 0) -> Any:
        started.append(start)
        return lines(path, start)

    monkeypatch.setattr(ledger, "lines", watched)
    for number in range(1, 12):
        log_some(redis_client, [number])
        Lander(redis_client, KEYS, landing, LOG_KEY).land(tidy=False)
    assert sorted(started) == started
    assert len(set(started)) == 4
    note = landing / "decision_log/checkpoint.json"
    note.write_text(note.read_text().replace('"compacted":[]', '"compacted":["x"]'))
    Lander(redis_client, KEYS, landing, LOG_KEY).land()
    assert started[-1] == 0
    is_whole(landing, redis_client)


# the key


def test_a_key_file_is_made_once_for_this_user_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PROVENDER_LOG_KEY", raising=False)
    with pytest.raises(BadInput, match="There is no key"):
        chain_key(tmp_path, make=False)
    made = chain_key(tmp_path)
    assert "keep the key elsewhere" in capsys.readouterr().err
    assert chain_key(tmp_path) == made
    assert capsys.readouterr().err == ""
    assert (tmp_path / ".provender/log_key").stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("PROVENDER_LOG_KEY", "sixteen letters!")
    assert chain_key(tmp_path) == ChainKey.of("sixteen letters!") != made
    monkeypatch.setenv("PROVENDER_LOG_KEY", "short")
    with pytest.raises(BadInput, match="has 5 characters"):
        chain_key(tmp_path)


def test_a_rows_mac_is_the_documented_one() -> None:
    key = hmac.digest(b"the key of these tests", b"provender chain 1", "sha256")
    for record in (b"", b"{}", b"x" * 5000):
        row = hmac.digest(key, b"row", "sha256")
        mac = hmac.digest(row, b"1-0\0" + record, "sha256").hex()[:32]
        assert LOG_KEY.row_mac(b"1-0", record) == mac


def test_another_key_lands_nothing(
    lander: Lander, redis_client: redis.Redis, landing: Path
) -> None:
    log_some(redis_client, [1])
    lander.land()
    log_some(redis_client, [2])
    with pytest.raises(Refused, match="begun under another key"):
        Lander(redis_client, KEYS, landing, ChainKey.of("x" * 16)).land()
    assert redis_client.xlen(KEYS.decisions) == 1


# following


def test_following_lands_as_it_comes_and_outlives_an_outage(
    lander: Lander, redis_client: redis.Redis, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "EVERY", 0.0)
    stop = threading.Event()
    landed: list[int] = []
    troubles: list[StoreUnavailable] = []
    look = Lander._look
    turns = iter(range(1, 9))

    def looked(self: Lander) -> Any:
        turn = next(turns)
        if turn in (3, 4):
            raise StoreUnavailable("Redis is away.")
        log_some(redis_client, [turn])
        return look(self)

    def told(result: LandedDecisions) -> None:
        landed.append(result.landed)
        if len(landed) == 4:
            stop.set()

    monkeypatch.setattr(Lander, "_look", looked)
    following.follow(lander, told, troubles.append, stop)
    assert landed == [1, 1, 1, 1]
    assert len(troubles) == 1
    assert [row["number"] for row in rows(landing)] == [1, 2, 5, 6]


def test_a_signal_stops_following_between_two_files(
    redis_client: redis.Redis, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provender_ops.decisions.taking.MOST_ENTRIES", 100)
    monkeypatch.setattr("provender_ops.decisions.stream.AT_MOST", 50)
    lander = Lander(redis_client, KEYS, landing, LOG_KEY)
    log_some(redis_client, range(1, 501))
    with following.stopped_by_signals() as stop:
        put = Lander._put

        def killed(self: Lander, *arguments: Any) -> Any:
            os.kill(os.getpid(), signal.SIGTERM)
            return put(self, *arguments)

        monkeypatch.setattr(Lander, "_put", killed)
        results: list[LandedDecisions] = []
        following.follow(lander, results.append, lambda _: None, stop)
    (result,) = results
    assert 0 < result.landed < 500
    assert redis_client.xlen(KEYS.decisions) == 500 - result.landed
    is_whole(landing, redis_client)
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
