"""Whatever is done to the landed log by others than the lander is found, and nothing else is."""

import json
import os
import random
import shutil
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import redis
from decision_records import KEYS, a_record, log, log_some
from pushing import LOG_KEY

from provender_ops.decisions import files, tidying
from provender_ops.decisions.head import Head, stored_head
from provender_ops.decisions.landing import Lander
from provender_ops.decisions.ledger import Ledger
from provender_ops.decisions.log_key import ChainKey
from provender_ops.decisions.verify import Verified, verify
from provender_ops.errors import BadInput

FLIPS = 5 * int(os.environ.get("PROVENDER_FAULTS", "8"))
DAYS = (2, 3)


@pytest.fixture
def landing(tmp_path: Path, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two days, of which one was compacted and one was not; a day that was removed."""
    landing = tmp_path / "landing"
    lander = Lander(redis_client, KEYS, landing, LOG_KEY)
    log(redis_client, [a_record(90, datetime(2026, 2, 1))])
    lander.land(datetime(2026, 2, 2))
    for first in (1, 11):
        numbers = range(first, first + 10)
        at = [datetime(2026, 3, DAYS[n % 2], 8, 0, n) for n in numbers]
        log(redis_client, map(a_record, numbers, at))
        lander.land(datetime(2026, 3, 2, 9))
    with monkeypatch.context() as patch:
        patch.setattr(tidying, "STILL_READ", timedelta(0))
        kept = Lander(redis_client, KEYS, landing, LOG_KEY, 20 * 86_400_000_000)
        for _ in "ab":
            kept.land(datetime(2026, 3, 3, 2))
    return landing


def verified(landing: Path, client: redis.Redis, *noted: str) -> Verified:
    return verify(landing, LOG_KEY, stored_head(client, KEYS), [Head.of(each) for each in noted])


def found(landing: Path, client: redis.Redis, *words: str) -> str:
    """The one finding, which has these words."""
    findings = verified(landing, client).findings
    assert len(findings) == 1, findings
    for part in words:
        assert part in findings[0]
    return findings[0]


def all_files(landing: Path) -> list[Path]:
    return sorted(landing.glob("decision_log/day=*/*.parquet"))


def compact(landing: Path) -> Path:
    (path,) = landing.glob("decision_log/*/compact__*.parquet")
    return path


def edit(path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    """What somebody does who can write the files and has not the key."""
    pq.write_table(change(pq.read_table(path)), path, compression="zstd")


def ledger_lines(landing: Path) -> list[bytes]:
    return (landing / "decision_log/ledger.jsonl").read_bytes().splitlines(keepends=True)


def write_lines(landing: Path, lines: list[bytes]) -> None:
    (landing / "decision_log/ledger.jsonl").write_bytes(b"".join(lines))


def test_landing_compaction_and_retention_are_told_from_tampering(
    landing: Path, redis_client: redis.Redis
) -> None:
    kinds = [json.loads(each)["kind"] for each in ledger_lines(landing)]
    assert {"begin", "landing", "compaction", "removal", "removed"} == set(kinds)
    result = verified(landing, redis_client)
    assert (result.findings, result.notes) == ([], [])
    assert (result.entries, result.files, result.rows) == (len(kinds), 3, 20)
    assert result.head == stored_head(redis_client, KEYS)


def test_a_changed_byte_is_found_wherever_it_is(landing: Path, redis_client: redis.Redis) -> None:
    some = random.Random(1)
    ledger = landing / "decision_log/ledger.jsonl"
    for path in [*all_files(landing), ledger]:
        whole = path.read_bytes()
        places = {0, len(whole) - 2, *some.sample(range(len(whole)), FLIPS)}
        for place in places:
            flipped = whole[place] ^ (1 << some.randrange(8))
            path.write_bytes(whole[:place] + bytes([flipped]) + whole[place + 1 :])
            findings = verified(landing, redis_client).findings
            assert findings, (path, place)
            if path != ledger:
                assert str(path.relative_to(landing / "decision_log")) in findings[0]
        path.write_bytes(whole)
    assert verified(landing, redis_client).findings == []


@pytest.mark.parametrize("column", ["request", "decision", "service", "decided_at", "views"])
def test_a_changed_record_is_named(landing: Path, redis_client: redis.Redis, column: str) -> None:
    new = {
        "request": '{"amount":"10.51"}',
        "decision": '{"outcome":"approved"}',
        "service": "other",
        "decided_at": datetime(2026, 3, 2, 9, 30),
    }

    def change(table: pa.Table) -> pa.Table:
        rows = table.to_pylist()
        if column == "views":
            rows[3]["views"][0]["values"][0] = "4"
        else:
            rows[3][column] = new[column]
        return pa.Table.from_pylist(rows, table.schema)

    path = compact(landing)
    name = pq.read_table(path)["decision_id"][3].as_py()
    edit(path, change)
    words = f"decision {name} does not bear"
    finding = found(landing, redis_client, path.name, "day 2026-03-02", words)
    assert "removed" not in finding


def test_removed_and_inserted_records_are_told(landing: Path, redis_client: redis.Redis) -> None:
    path = compact(landing)
    whole = path.read_bytes()
    edit(path, lambda table: table.slice(1))
    found(landing, redis_client, path.name, "1 of its 10 decisions were removed")
    path.write_bytes(whole)
    edit(path, lambda table: pa.concat_tables([table, table.slice(2, 1)]))
    found(landing, redis_client, path.name, "1 of its 10 decisions were inserted")
    path.write_bytes(whole)
    edit(path, lambda table: pa.concat_tables([table.slice(1), table.slice(2, 1)]))
    found(landing, redis_client, path.name, "in the place of another")
    path.write_bytes(whole)
    edit(path, lambda table: table.sort_by([("number", "descending")]))
    found(landing, redis_client, path.name, "decisions are as they landed, its bytes are not")


def test_a_removed_file_and_an_inserted_one_are_named(
    landing: Path, redis_client: redis.Redis
) -> None:
    first, second, _ = all_files(landing)
    copy = second.with_name("copied.parquet")
    shutil.copy(second, copy)
    found(landing, redis_client, copy.name, "was inserted", "d1")
    copy.unlink()
    first.rename(first.with_suffix(".gone"))
    found(landing, redis_client, first.name, "was removed, with 10 decisions")
    first.with_suffix(".gone").rename(first)
    elsewhere = landing / "decision_log/more/x.parquet"
    elsewhere.parent.mkdir()
    shutil.copy(second, elsewhere)
    found(landing, redis_client, "more/x.parquet", "was inserted")


def test_a_file_put_back_after_it_was_removed_is_found(
    redis_client: redis.Redis, tmp_path: Path
) -> None:
    lander = Lander(redis_client, KEYS, tmp_path, LOG_KEY, 86_400_000_000)
    log_some(redis_client, [1])
    (path,) = lander.land(datetime(2026, 3, 2, 9)).files
    kept = path.read_bytes()
    lander.land(datetime(2026, 4, 1))
    assert verified(tmp_path, redis_client).findings == []
    path.parent.mkdir()
    path.write_bytes(kept)
    found(tmp_path, redis_client, path.name, "was inserted")


def test_a_changed_ledger_is_found(landing: Path, redis_client: redis.Redis) -> None:
    lines = ledger_lines(landing)
    forged = json.loads(lines[3])
    forged["at"] = "2026-01-01T00:00:00.000000Z"
    another = ChainKey.of("another key of them")
    mac = another.entry_mac(json.dumps(forged).encode())
    for tampered, words in [
        ([*lines[:3], json.dumps({**forged, "mac": mac}).encode() + b"\n", *lines[4:]], "Line 4"),
        ([*lines[:3], *lines[4:]], "does not follow on entry 3"),
        ([*lines[:3], lines[4], lines[3], *lines[5:]], "does not follow on entry 3"),
        ([*lines, lines[-1]], "does not follow on"),
        ([*lines[:3], b"{}\n", *lines[3:]], "Line 4 of the ledger cannot be read"),
    ]:
        write_lines(landing, tampered)
        assert any(words in each for each in verified(landing, redis_client).findings), words
    write_lines(landing, lines)
    assert verified(landing, redis_client).findings == []


def test_a_ledger_that_was_cut_off_is_found_by_its_head(
    landing: Path, redis_client: redis.Redis
) -> None:
    """In Redis, or noted elsewhere where Redis lost it; and it stays found when landing goes on."""
    lines = ledger_lines(landing)
    noted = stored_head(redis_client, KEYS)
    assert noted is not None
    write_lines(landing, lines[:-1])
    assert any("its end was cut off" in each for each in verified(landing, redis_client).findings)
    redis_client.delete(KEYS.log_head)
    unknown = verified(landing, redis_client)
    assert not any("cut off" in each for each in unknown.findings)
    assert "Redis keeps no head" in unknown.notes[0]
    assert any("cut off" in each for each in verified(landing, redis_client, noted).findings)

    redis_client.set(KEYS.log_head, noted)
    log_some(redis_client, [99])
    result = Lander(redis_client, KEYS, landing, LOG_KEY).land()
    assert result.landed == 1  # decisions land all the same
    assert "not the one that Redis knows" in result.complaint
    findings = verified(landing, redis_client).findings
    assert any("did not have the end that Redis knew" in each for each in findings)


def test_a_ledger_that_is_gone_is_found(landing: Path, redis_client: redis.Redis) -> None:
    (landing / "decision_log/ledger.jsonl").unlink()
    findings = verified(landing, redis_client).findings
    assert "it was removed" in findings[0]
    assert len(findings) == 4
    log_some(redis_client, [99])
    Lander(redis_client, KEYS, landing, LOG_KEY).land()
    findings = verified(landing, redis_client).findings
    assert any("did not have the end that Redis knew" in each for each in findings)
    assert sum("was inserted" in each for each in findings) == 3


def test_a_lost_head_is_told_and_no_tampering(landing: Path, redis_client: redis.Redis) -> None:
    redis_client.flushall()
    for words in ("Redis keeps no head", "Redis had lost the head before entry"):
        result = verified(landing, redis_client)
        assert result.findings == []
        (note,) = result.notes
        assert words in note
        Lander(redis_client, KEYS, landing, LOG_KEY).land()


def test_a_compaction_that_added_or_removed_rows_is_found(
    landing: Path, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that was made with the key: its sum over the rows is another."""
    log(redis_client, [a_record(n, datetime(2026, 3, 4, 8, 0, n)) for n in (31, 32)])
    lander = Lander(redis_client, KEYS, landing, LOG_KEY)
    lander.land(datetime(2026, 3, 4, 9))
    log(redis_client, [a_record(33, datetime(2026, 3, 4, 8))])
    lander.land(datetime(2026, 3, 4, 9))
    merge = tidying._merge

    def drop(ledger: Ledger, name: str, several: list[object]) -> None:
        merge(ledger, name, several)  # type: ignore[arg-type]
        path = files.aside_of(ledger.folder / name)
        edit(path, lambda table: table.slice(1))

    monkeypatch.setattr(tidying, "_merge", drop)
    assert "changed while they were made compact" in lander.land(datetime(2026, 3, 5, 2)).complaint
    assert verified(landing, redis_client).findings == []

    ledger = Ledger(landing, LOG_KEY)
    state = ledger.open("")
    one, other = (file for file in state.current if file.day == "2026-03-04")
    ledger.append("compaction", "", files=[asdict(one)], replaces=[one.file, other.file])
    assert "added or removed rows" in verified(landing, redis_client).findings[0]


def test_nothing_landed_yet_and_another_key(
    landing: Path, tmp_path: Path, redis_client: redis.Redis
) -> None:
    empty = verify(tmp_path / "nowhere", LOG_KEY, None, [])
    assert (empty.findings, empty.notes) == ([], ["No decision has landed here yet."])
    with pytest.raises(BadInput, match="begun under another key"):
        verify(landing, ChainKey.of("x" * 16), None, [])
    with pytest.raises(BadInput, match="is no head"):
        Head.of("17")


def test_what_dbt_reads_has_nothing_of_the_ledger(landing: Path) -> None:
    glob = f"{landing}/decision_log/**/*.parquet"
    assert duckdb.sql(f"select count(*) from glob('{glob}')").fetchall() == [(3,)]
