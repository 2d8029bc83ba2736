"""A decision that record() took is in Redis or on the disk, in order; else the caller is told."""

import errno
import logging
import multiprocessing
import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import redis
from logging_store import ids, logged, spooled, until
from online_store import KEYS, NAMESPACE, Store
from redis_server import RedisServer

from provender import DecisionLog, DecisionNotLogged, ServedFeatures, StoreUnavailable
from provender import spool as spool_module

PATIENCE = 30.0


@pytest.fixture(autouse=True)
def _eager_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provender.spool_thread.TICK", 0.05)
    monkeypatch.setattr("provender.spool_thread.PAUSE", 0.05)


@pytest.fixture
def away(own_redis: RedisServer) -> Iterator[redis.Redis]:
    """A client whose server the test stops and starts."""
    with own_redis.client() as client:
        yield client


@pytest.fixture
def served(store: Store) -> ServedFeatures:
    return store.reader().get("credit_risk", customer_id=42)


def log_to(client: redis.Redis, spool: Path | None = None, **keeping: Any) -> DecisionLog:
    return DecisionLog(client, namespace=NAMESPACE, spool=spool, **{"bound": PATIENCE, **keeping})


def record(log: DecisionLog, served: ServedFeatures, *names: object) -> list[str]:
    return [
        log.record(served, model_version="1", decision={}, decision_id=str(name)) for name in names
    ]


def test_without_a_spool_an_outage_is_told_and_counted(
    own_redis: RedisServer, served: ServedFeatures
) -> None:
    with own_redis.client() as client, log_to(client) as log:
        record(log, served, 1)
        own_redis.stop()
        with pytest.raises(DecisionNotLogged, match=r"no spool.*cannot be reached"):
            record(log, served, 2)
        own_redis.start()
        record(log, served, 3)
        told = [(each["number"], each["refused"]) for each in logged(client)]
    assert told == [(3, 1)]  # that server comes back empty


def test_what_waits_is_sent_in_order_also_when_no_decision_comes(
    away: redis.Redis, own_redis: RedisServer, served: ServedFeatures, tmp_path: Path
) -> None:
    log = log_to(away, tmp_path / "folder" / "spool")
    own_redis.stop()
    made = record(log, served, *range(3))
    assert spooled(tmp_path / "folder" / "spool") == made
    assert log.waiting_bytes > 0
    with pytest.raises(StoreUnavailable):
        log.flush_spool()
    own_redis.start()
    made += record(log, served, 3)
    until(lambda: len(ids(away)) == 4)
    assert ids(away) == made
    until(lambda: spooled(tmp_path / "folder" / "spool") == [])
    assert (log.waiting_bytes, log.flush_spool()) == (0, 0)
    log.close()


def test_while_some_wait_others_go_behind_them(
    away: redis.Redis, served: ServedFeatures, tmp_path: Path
) -> None:
    """Redis is there, and would take the next; the thread has not sent the first yet."""
    log = log_to(away, tmp_path)
    record(log, served, 0)
    with log._writer._thread._draining:  # the thread waits for it
        away.config_set("maxmemory", 1)
        record(log, served, 1)
        away.config_set("maxmemory", 0)
        record(log, served, 2, 3)
        assert ids(away) == ["0"]
    until(lambda: len(ids(away)) == 4)
    assert ids(away) == ["0", "1", "2", "3"]
    record(log, served, 4)
    log.close()
    assert [each["number"] for each in logged(away)] == [1, 2, 3, 4, 5]


def test_the_next_process_sends_what_the_last_one_left(
    away: redis.Redis, own_redis: RedisServer, served: ServedFeatures, tmp_path: Path
) -> None:
    own_redis.stop()
    log = log_to(away, tmp_path)
    record(log, served, 1, 2)
    log.close(0)
    own_redis.start()
    with DecisionLog.from_url(
        own_redis.url, namespace=NAMESPACE, spool=tmp_path, bound=PATIENCE
    ) as again:
        record(again, served, 3)
        until(lambda: len(ids(away)) == 3)
    assert ids(away) == ["1", "2", "3"]
    assert [path.suffix for path in tmp_path.iterdir()] == []


def test_the_files_of_a_log_that_lives_are_left_to_it(
    away: redis.Redis, own_redis: RedisServer, served: ServedFeatures, tmp_path: Path
) -> None:
    own_redis.stop()
    log, other = log_to(away, tmp_path), log_to(away, tmp_path)
    record(log, served, 1)
    own_redis.start()
    other._writer._thread._adopt(other._writer._spool)  # type: ignore[arg-type]
    assert other.flush_spool() == 0
    until(lambda: ids(away) == ["1"])
    log.close()
    other.close()


def test_closing_sends_what_waits_once(
    away: redis.Redis, own_redis: RedisServer, served: ServedFeatures, tmp_path: Path
) -> None:
    log = log_to(away, tmp_path)
    own_redis.stop()
    made = record(log, served, *range(600))
    own_redis.start()

    def flush() -> None:
        with suppress(StoreUnavailable):
            log.flush_spool()

    flushing = threading.Thread(target=flush)
    flushing.start()
    log.close(PATIENCE)
    flushing.join()
    assert ids(away) == made
    with pytest.raises(DecisionNotLogged, match="this log is closed"):
        record(log, served, "late")


@pytest.mark.parametrize("torn", [b'{"format":3,"wri', b"\xff\xfe", b'{"format":1}\n', b"\0" * 99])
def test_a_torn_line_is_set_aside_and_nothing_else_is_lost(
    store: Store, served: ServedFeatures, tmp_path: Path, torn: bytes
) -> None:
    left = tmp_path / "0123456789ab-00000001.jsonl"
    whole = [line("0123456789ab", number) for number in (1, 2)]
    left.write_bytes(whole[0] + b"\n" + torn + (b"" if torn.endswith(b"\n") else b"\n") + whole[1])
    with log_to(store.client, tmp_path) as log:
        record(log, served, "next")
        until(lambda: len(ids(store.client)) == 3)
    assert ids(store.client) == ["0123456789ab 1", "0123456789ab 2", "next"]
    aside = tmp_path / "0123456789ab.torn"
    assert not torn.strip(b"\0") or aside.read_bytes() == torn.strip() + b"\n"


def line(writer: str, number: int) -> bytes:
    start = f'{{"format":3,"writer":"{writer}","number":{number},"refused":0,'
    return f'{start}"decision_id":"{writer} {number}"}}'.encode()


def test_a_last_line_that_was_cut_is_not_sent(store: Store, tmp_path: Path) -> None:
    whole = line("ab", 1)
    (tmp_path / "ab-00000001.jsonl").write_bytes(whole + b"\n" + line("ab", 2)[:-1])
    with log_to(store.client, tmp_path):
        until(lambda: len(ids(store.client)) == 1)
    assert ids(store.client) == ["ab 1"]


def test_the_spool_has_a_bound(
    away: redis.Redis, own_redis: RedisServer, served: ServedFeatures, tmp_path: Path
) -> None:
    own_redis.stop()
    log = log_to(away, tmp_path, spool_bytes=3000)
    made: list[str] = []

    def fill() -> None:
        for number in range(99):
            made.extend(record(log, served, number))

    with pytest.raises(DecisionNotLogged, match=r"holds its 3,000 bytes.*cannot be reached"):
        fill()
    size = sum(path.stat().st_size for path in tmp_path.glob("*.jsonl"))
    assert 2000 < size <= 3000
    assert spooled(tmp_path) == made != []
    own_redis.start()
    until(lambda: log.waiting_bytes == 0)
    made += record(log, served, "after")
    log.close()
    assert ids(away) == made
    last = logged(away)[-1]
    assert last["number"] - last["refused"] == len(made)


def test_long_spools_are_several_files_sent_in_order(
    away: redis.Redis,
    own_redis: RedisServer,
    served: ServedFeatures,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spool_module, "SEGMENT_BYTES", 2000)
    own_redis.stop()
    log = log_to(away, tmp_path)
    made = record(log, served, *range(20))
    assert len(list(tmp_path.glob("*.jsonl"))) > 3
    own_redis.start()
    until(lambda: len(ids(away)) == 20)
    log.close()
    assert ids(away) == made


def test_threads_share_a_log(
    away: redis.Redis, own_redis: RedisServer, served: ServedFeatures, tmp_path: Path
) -> None:
    log = log_to(away, tmp_path)
    record(log, served, "first")

    def work(name: str) -> None:
        for step in range(20):
            record(log, served, f"{name} {step}")

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    away.config_set("maxmemory", 1)
    away.config_set("maxmemory", 0)
    for thread in threads:
        thread.join()
    log.close(PATIENCE)
    found = ids(away)
    assert sorted(found) == sorted(["first", *(f"{n} {s}" for n in "abcd" for s in range(20))])
    assert {each["number"] for each in logged(away)} == set(range(1, 82))
    for name in "abcd":
        assert [each for each in found if each[0] == name and " " in each] == [
            f"{name} {step}" for step in range(20)
        ]


def test_a_forked_process_writes_under_a_name_of_its_own(
    store: Store, served: ServedFeatures, tmp_path: Path
) -> None:
    log = log_to(store.client, tmp_path)
    record(log, served, "parent")
    child = multiprocessing.get_context("fork").Process(
        target=lambda: (record(log, served, "child"), log.close())
    )
    child.start()
    child.join(PATIENCE)
    assert child.exitcode == 0
    record(log, served, "parent again")
    log.close()
    told = {each["decision_id"]: (each["writer"], each["number"]) for each in logged(store.client)}
    assert told["parent"][0] == told["parent again"][0] != told["child"][0]
    assert [number for _, number in told.values()] == [1, 1, 2]


def test_a_spool_that_cannot_work_is_told_before_it_is_needed(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "s", tmp_path / "file"):
        with pytest.raises(DecisionNotLogged, match="cannot be written"):
            log_to(store.client, path)


def test_a_disk_that_refuses_is_told_and_leaves_no_half_line(
    away: redis.Redis,
    own_redis: RedisServer,
    served: ServedFeatures,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = log_to(away, tmp_path)
    own_redis.stop()
    record(log, served, 1)
    before = [path.read_bytes() for path in tmp_path.glob("*.jsonl")]

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(DecisionNotLogged, match="No space left"):
            record(log, served, 2)
    assert [path.read_bytes() for path in tmp_path.glob("*.jsonl")] == before
    record(log, served, 3)
    own_redis.start()
    log.close(PATIENCE)
    assert ids(away) == ["1", "3"]


# What Redis must keep


@pytest.fixture
def forgetful(own_redis: RedisServer) -> Iterator[redis.Redis]:
    """A client of a server without an append-only file."""
    with own_redis.client() as client:
        client.config_set("appendonly", "no")
        yield client


def test_a_redis_that_keeps_nothing_is_refused(
    forgetful: redis.Redis, own_redis: RedisServer, served: ServedFeatures, tmp_path: Path
) -> None:
    with pytest.raises(DecisionNotLogged, match=r"appendonly yes.*journal=True"):
        DecisionLog.from_url(own_redis.url, namespace=NAMESPACE)
    for spool in (None, tmp_path):
        with (
            log_to(forgetful, spool) as log,
            pytest.raises(DecisionNotLogged, match=r"appendonly yes.*journal=True"),
        ):
            record(log, served, 1)
    assert ids(forgetful) == []


def test_one_that_keeps_nothing_any_more_spools(
    away: redis.Redis, served: ServedFeatures, tmp_path: Path
) -> None:
    log = log_to(away, tmp_path)
    record(log, served, 1)
    away.config_set("appendonly", "no")
    away.client_kill_filter(_type="normal", skipme=True)  # it is asked on each new connection
    record(log, served, 2)
    assert (ids(away), spooled(tmp_path)) == (["1"], ["2"])
    away.config_set("appendonly", "yes")
    until(lambda: ids(away) == ["1", "2"])
    log.close()


def test_one_that_may_not_be_asked_is_refused(own_redis: RedisServer) -> None:
    with own_redis.client() as client:
        client.acl_setuser("mute", enabled=True, nopass=True, keys=["*"], commands=["+xadd"])
        muted = redis.Redis(unix_socket_path=str(own_redis.socket), username="mute", password="x")
        with pytest.raises(DecisionNotLogged, match=r"cannot be asked.*journal=True"):
            DecisionLog(muted, namespace=NAMESPACE).check()


def test_one_that_is_away_is_asked_later(own_redis: RedisServer, tmp_path: Path) -> None:
    own_redis.stop()
    DecisionLog.from_url(own_redis.url, namespace=NAMESPACE, spool=tmp_path).close()


# The bound of a record, and of the stream


def test_a_stalled_redis_costs_one_record_its_bound(
    own_redis: RedisServer, served: ServedFeatures, tmp_path: Path
) -> None:
    with own_redis.client() as client:
        spooling, bare = log_to(client, tmp_path, bound=0.2), log_to(client, bound=0.2)
        record(spooling, served, 0)
        record(bare, served, 0)
        with own_redis.stalled():
            began = time.monotonic()
            record(spooling, served, *range(1, 20))
            for number in range(20):
                with pytest.raises(DecisionNotLogged):
                    record(bare, served, 100 + number)
            took = time.monotonic() - began
        assert 0.4 <= took < 20 * 0.2, took
        until(lambda: set(map(str, range(20))) <= set(ids(client)))
        spooling.close()
        bare.close()


def test_a_stream_that_nobody_lands_has_a_bound(
    away: redis.Redis, served: ServedFeatures, tmp_path: Path
) -> None:
    log, bare = log_to(away, tmp_path, unlanded=5), log_to(away, unlanded=5)
    record(log, served, *range(5))
    until(lambda: log._writer._thread.room <= 0)
    record(log, served, 5, 6, 7)
    bare.check()
    with pytest.raises(DecisionNotLogged, match=r"5 decisions that are not landed.*`unlanded=`"):
        record(bare, served, "too many")
    assert (len(ids(away)), spooled(tmp_path)) == (5, ["5", "6", "7"])
    landing = [entry for entry, _ in away.xrange(KEYS.decisions, count=2)]
    away.xdel(KEYS.decisions, *landing)
    until(lambda: ids(away) == ["2", "3", "4", "5", "6"])
    assert spooled(tmp_path)[-1] == "7"
    away.delete(KEYS.decisions)
    until(lambda: ids(away) == ["7"])
    log.close()
    bare.close()


# The journal


def journal(client: redis.Redis, folder: Path, **keeping: Any) -> DecisionLog:
    return log_to(client, folder, journal=True, **keeping)


def test_a_journal_needs_a_place(store: Store) -> None:
    with pytest.raises(DecisionNotLogged, match="A journal needs a place"):
        log_to(store.client, journal=True)


def test_a_journal_keeps_what_is_not_landed(
    forgetful: redis.Redis, served: ServedFeatures, tmp_path: Path
) -> None:
    log = journal(forgetful, tmp_path)
    made = record(log, served, *range(3))
    until(lambda: ids(forgetful) == made)
    assert spooled(tmp_path) == made
    writer = logged(forgetful)[0]["writer"]
    forgetful.hset(KEYS.landed, writer, 2)
    log._writer.check()
    assert spooled(tmp_path) == made
    forgetful.hset(KEYS.landed, writer, 3)
    until(lambda: spooled(tmp_path) == [])
    log.close()
    assert [path.name for path in tmp_path.iterdir()] == []
    assert forgetful.exists(KEYS.landed, KEYS.sent) == 0


def test_a_journal_sends_again_what_redis_lost(
    forgetful: redis.Redis,
    own_redis: RedisServer,
    served: ServedFeatures,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = journal(forgetful, tmp_path)
    made = record(log, served, *range(3))
    until(lambda: ids(forgetful) == made)
    forgetful.flushall()
    until(lambda: ids(forgetful) == made)
    forgetful.save()
    made += record(log, served, 3)
    until(lambda: ids(forgetful) == made)
    until(lambda: log.waiting_bytes == 0)
    own_redis.stop()  # it comes back with the older dump
    made += record(log, served, 4)
    own_redis.start_from_dump()
    until(lambda: ids(forgetful) == made)
    log.close()
    assert spooled(tmp_path) == made
    assert sum("it lost some" in each.message for each in caplog.records) >= 2


def test_the_next_process_takes_over_a_journal(
    forgetful: redis.Redis, served: ServedFeatures, tmp_path: Path
) -> None:
    """It sends what was not sent, nothing twice, and again what Redis lost since."""
    log = journal(forgetful, tmp_path)
    made = record(log, served, 0, 1)
    until(lambda: ids(forgetful) == made)
    log.close()
    again = journal(forgetful, tmp_path)
    made += record(again, served, 2)
    until(lambda: len(ids(forgetful)) == 3)
    assert ids(forgetful) == made
    again.close()
    forgetful.flushall()
    last = journal(forgetful, tmp_path)
    until(lambda: sorted(ids(forgetful)) == made)
    for writer in {each["writer"] for each in logged(forgetful)}:
        forgetful.hset(KEYS.landed, writer, 9)
    until(lambda: spooled(tmp_path) == [])
    until(lambda: forgetful.exists(KEYS.landed, KEYS.sent) == 0)
    last.close()


def test_a_journal_sends_nothing_twice_when_an_answer_is_lost(
    forgetful: redis.Redis, served: ServedFeatures, tmp_path: Path, monkeypatch: Any
) -> None:
    log = journal(forgetful, tmp_path)
    sender = log._writer._sender
    execute, lost = sender.execute, []

    def lose_one(seconds: float, *command: Any) -> Any:
        answer = execute(seconds, *command)
        if command[0] == "EVAL" and not lost:
            lost.append(command)
            raise StoreUnavailable("No answer.", timed_out=True)
        return answer

    monkeypatch.setattr(sender, "execute", lose_one)
    made = record(log, served, *range(5))
    until(lambda: len(ids(forgetful)) == 5)
    log.close()
    assert lost
    assert ids(forgetful) == made


def test_a_loss_is_seen_in_the_numbers(
    away: redis.Redis, served: ServedFeatures, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a journal: what FLUSHALL took is missing between the first and the last number."""
    caplog.set_level(logging.WARNING)
    with log_to(away) as log:
        record(log, served, *range(4))
        away.flushall()
        record(log, served, 4, 5)
    told = logged(away)
    lost = told[-1]["number"] - told[-1]["refused"] - len({each["number"] for each in told})
    assert lost == 4
