"""Streams become Parquet files that dbt reads; nothing is lost, and twice is harmless."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import redis
from decision_records import a_record, log
from published_catalog import PublishedProject, View, minute
from pushing import LOG_KEY, Pusher

from provender.instants import from_us
from provender.keys import KeySpace
from provender_ops import parquet_files
from provender_ops.decisions import files
from provender_ops.decisions.landing import LandedDecisions, land_decisions
from provender_ops.land import Landed, land_push_log

Row = dict[str, Any]
Land = Callable[..., Landed | LandedDecisions]


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


def decide(pusher: Pusher, number: int, at: datetime) -> None:
    log(pusher.client, [a_record(number, at, request={"amount": "10.50"})])


def land_the_decisions(
    client: redis.Redis, keys: KeySpace, landing: Path, now: datetime | None = None
) -> LandedDecisions:
    return land_decisions(client, keys, landing, LOG_KEY, now)


LOGS = [(land_push_log, "push_log"), (land_the_decisions, "decision_log")]


def landed(landing: Path, log: str) -> list[Row]:
    """What dbt reads: every file the source's glob finds."""
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select * from read_parquet('{landing}/{log}/**/*.parquet', union_by_name = true,"
            f" hive_partitioning = false) order by {'log' if log == 'landed' else 'stream_id'}"
        )
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_push_records_land_once_and_stay_in_redis(
    project: PublishedProject, activity: View, service: Pusher, landing: Path
) -> None:
    assert land_push_log(service.client, service.keys, landing).landed == 1
    assert land_push_log(service.client, service.keys, landing).landed == 0
    project.build(activity, minute(2), {2: (1, "a")})
    service.push(now=datetime(2026, 3, 2, 0, 5, tzinfo=UTC))
    assert land_push_log(service.client, service.keys, landing).landed == 1

    row = landed(landing, "push_log")[1]
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

    namespaces = {row["namespace"] for row in landed(landing, "push_log")}
    assert namespaces == {"lender.dev", "other"} == {row["namespace"] for row in marks(landing)}


def test_the_push_log_of_a_redis_that_began_again_lands_too(service: Pusher, landing: Path) -> None:
    """Its ids may lie before those that are landed, when its clock does."""
    land_push_log(service.client, service.keys, landing)
    ((_, fields),) = service.client.xrange(service.keys.pushes)  # type: ignore[misc]
    service.client.delete(service.keys.pushes)
    service.client.xadd(service.keys.pushes, fields, id="1000-0")  # type: ignore[arg-type]

    assert land_push_log(service.client, service.keys, landing).landed == 1


def marks(landing: Path) -> list[Row]:
    return landed(landing, "landed")


def redis_time(pusher: Pusher) -> datetime:
    seconds, microseconds = pusher.client.time()  # type: ignore[misc]
    return from_us(seconds * 10**6 + microseconds).replace(tzinfo=None)


@pytest.mark.parametrize(("land_log", "log"), LOGS)
def test_each_landing_says_how_far_it_reaches_by_the_clock_of_redis(
    service: Pusher, landing: Path, land_log: Land, log: str
) -> None:
    """Also when there was nothing new: silence is told from not having looked."""
    decide(service, 1, minute(1))
    for landed_now in (1, 0):
        before = redis_time(service)
        result = land_log(service.client, service.keys, landing)
        assert result.landed == landed_now
        (mark,) = marks(landing)
        assert mark == {"log": log, "namespace": "lender.dev", "landed_until": result.until}
        assert before <= mark["landed_until"] <= redis_time(service)


@pytest.mark.parametrize(("land_log", "log"), LOGS)
def test_what_came_after_the_look_is_not_claimed(
    service: Pusher, landing: Path, monkeypatch: pytest.MonkeyPatch, land_log: Land, log: str
) -> None:
    """Everything appended until the mark has landed, though more was appended while it ran."""
    decide(service, 1, minute(1))
    streams = (service.keys.pushes, service.keys.decisions)
    came_late = []
    xrange, readgroup = redis.Redis.xrange, redis.Redis.xreadgroup

    def and_more(read: Callable[..., Any]) -> Callable[..., Any]:
        def reading(client: redis.Redis, *arguments: Any, **options: Any) -> Any:
            answer = read(client, *arguments, **options)
            for stream in streams:
                ((_, fields),) = xrange(client, stream, count=1) or [(b"", {})]
                if fields:
                    came_late.append(client.xadd(stream, fields))
            return answer

        return reading

    with monkeypatch.context() as patch:
        patch.setattr(redis.Redis, "xrange", and_more(xrange))
        patch.setattr(redis.Redis, "xreadgroup", and_more(readgroup))
        result = land_log(service.client, service.keys, landing)

    assert result.landed >= 1
    assert result.until is not None
    left = service.client.xrange(streams[0] if log == "push_log" else streams[1])
    unlanded = [entry for entry, _ in left if entry in came_late]  # type: ignore[union-attr]
    assert unlanded
    for entry in unlanded:
        milliseconds = int(entry.decode().partition("-")[0])
        assert result.until < from_us(1000 * (milliseconds + 1)).replace(tzinfo=None)
    assert land_log(service.client, service.keys, landing).landed >= 1


@pytest.mark.parametrize(("land_log", "log"), LOGS)
def test_a_rehearsal_reaches_as_far_as_its_now_and_the_mark_never_moves_back(
    service: Pusher, landing: Path, land_log: Land, log: str
) -> None:
    for now, until in [
        (datetime(2026, 3, 2, 13, 32, tzinfo=UTC), datetime(2026, 3, 2, 13, 32)),
        (datetime(2026, 3, 2, 12), datetime(2026, 3, 2, 13, 32)),
        (minute(59).replace(day=9), minute(59).replace(day=9)),
    ]:
        assert land_log(service.client, service.keys, landing, now).until == until
        assert [row["landed_until"] for row in marks(landing)] == [until]


@pytest.mark.parametrize(("land_log", "log"), LOGS)
def test_the_mark_moves_only_when_the_entries_are_in_their_files(
    service: Pusher, landing: Path, monkeypatch: pytest.MonkeyPatch, land_log: Land, log: str
) -> None:
    decide(service, 1, minute(1))
    with monkeypatch.context() as patch:
        patch.setattr(parquet_files, "to_disk", _killed)
        patch.setattr(files, "to_disk", _killed)
        with pytest.raises(KeyboardInterrupt):
            land_log(service.client, service.keys, landing)
    assert not (landing / "landed").exists()

    seen: list[list[Path]] = []
    to_disk = parquet_files.to_disk

    def watched(path: Path) -> None:
        if path.suffix == ".tmp" and path.parent.name == "landed":
            seen.append(list(landing.rglob(f"{log}/**/*.parquet")))
        to_disk(path)

    monkeypatch.setattr(parquet_files, "to_disk", watched)
    result = land_log(service.client, service.keys, landing)
    assert seen == [list(result.files)]


@pytest.mark.parametrize(("land_log", "log"), LOGS)
def test_what_cannot_be_read_is_never_claimed_as_landed(
    service: Pusher, landing: Path, land_log: Land, log: str
) -> None:
    """Neither by the landing that met it nor by a later one, until somebody takes it out."""
    stream = service.keys.pushes if log == "push_log" else service.keys.decisions
    decide(service, 1, minute(1))
    first_until = land_log(service.client, service.keys, landing).until
    bad = service.client.xadd(stream, {"record": "{"})
    bad_at = from_us(1000 * int(bad.decode().partition("-")[0])).replace(tzinfo=None)  # type: ignore[union-attr]
    service.push(full=True)
    decide(service, 2, minute(2))
    land_the_decisions(service.client, KeySpace("nobody"), landing)  # another's mark means nothing

    for _ in range(2):
        result = land_log(service.client, service.keys, landing)
        assert list(result.unreadable) == [bad.decode()]  # type: ignore[union-attr]
        assert bad.decode() in result.complaint  # type: ignore[union-attr]
        assert result.until == max(first_until, bad_at - timedelta(microseconds=1))  # type: ignore[type-var]
    # Of simulated time nothing can be said: the entry's id is of the real one.
    rehearsed = land_log(service.client, service.keys, landing, datetime(2099, 1, 1))
    assert rehearsed.until == result.until

    service.client.xdel(stream, bad)  # type: ignore[arg-type]
    result = land_log(service.client, service.keys, landing)
    assert (result.unreadable, result.complaint) == ((), "")
    assert result.until > bad_at  # type: ignore[operator]
    assert len({row["stream_id"] for row in landed(landing, log)}) == 2


def test_push_records_after_one_that_cannot_be_read_wait_for_it(
    service: Pusher, landing: Path
) -> None:
    """Else the next landing, which goes on after the last landed one, would not meet it again."""
    bad = service.client.xadd(service.keys.pushes, {"record": "{"})
    service.push(full=True)

    assert [land_push_log(service.client, service.keys, landing).landed for _ in "ab"] == [1, 0]
    service.client.xdel(service.keys.pushes, bad)  # type: ignore[arg-type]
    assert land_push_log(service.client, service.keys, landing).landed == 1


def test_a_mark_that_cannot_be_read_is_written_anew(service: Pusher, landing: Path) -> None:
    land_push_log(service.client, service.keys, landing)
    (mark,) = (landing / "landed").iterdir()
    assert mark.name == "push_log__lender.dev.parquet"
    mark.write_bytes(b"no Parquet")
    until = land_push_log(service.client, service.keys, landing).until
    assert marks(landing) == [{"log": "push_log", "namespace": "lender.dev", "landed_until": until}]


def test_nothing_to_land_is_no_error(redis_client: redis.Redis, landing: Path) -> None:
    keys = KeySpace("nobody")
    assert land_the_decisions(redis_client, keys, landing).landed == 0
    assert land_push_log(redis_client, keys, landing).landed == 0


def _killed(*_: object) -> None:
    raise KeyboardInterrupt
