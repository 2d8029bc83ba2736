"""Land the streams of the online store as Parquet files that dbt reads as sources.

A file is written aside, on disk, renamed in, and only then are its decisions taken out of the
stream. Killed in between, the next landing writes them again: the same ids, which dbt counts once.
Push records stay in Redis; those after the last landed one are landed.
"""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, cast

import pyarrow as pa  # type: ignore[import-untyped] # it has no stubs
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from provender.connection import Client, asking
from provender.errors import WrongValue
from provender.instants import as_utc, from_us, utc_now
from provender.json_objects import dump, elements, load, member, text
from provender.keys import KeySpace
from provender.records import PushRecord

BATCH = 1000
FIELD = b"record"

StreamId = tuple[int, int]
Entry = tuple[str, Mapping[bytes, bytes]]
Row = dict[str, Any]

_TIMESTAMP = pa.timestamp("us")
PUSH_LOG = pa.schema(
    [
        *[(name, pa.string()) for name in ("stream_id", "namespace", "project", "target", "view")],
        ("version", pa.int32()),
        ("fingerprint", pa.string()),
        ("run_as_of", _TIMESTAMP),
        ("generation", pa.int64()),
        ("readable_at", _TIMESTAMP),
        ("mode", pa.string()),
        ("rows", pa.int64()),
        ("tombstones", pa.int64()),
    ]
)
DECISION_LOG = pa.schema(
    [
        *[(name, pa.string()) for name in ("stream_id", "decision_id", "service", "model_version")],
        ("decided_at", _TIMESTAMP),
        ("read_at", _TIMESTAMP),
        *[(name, pa.string()) for name in ("namespace", "keys", "request", "decision", "features")],
        ("landed_at", _TIMESTAMP),
    ]
)


@dataclass(frozen=True, slots=True)
class Landed:
    """What a landing did; `unreadable` entries stay in the stream."""

    landed: int
    files: tuple[Path, ...]
    unreadable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Stream:
    """How the entries of a stream become files."""

    namespace: str
    schema: pa.Schema
    to_row: Callable[[str, Mapping[bytes, bytes]], Row]
    folder_of: Callable[[Row], Path]
    acknowledge: Callable[[Sequence[str]], None]


def land_push_log(client: Client, keys: KeySpace, landing: Path) -> Landed:
    """Land the push records that are not landed yet; raise StoreUnavailable or OSError."""
    folder = landing / "push_log"
    stream = _Stream(keys.namespace, PUSH_LOG, _push_row, lambda _: folder, lambda _: None)
    return _land(_entries(client, keys.pushes, _after(client, keys, folder)), stream)


def land_decisions(
    client: Client, keys: KeySpace, landing: Path, clock: Callable[[], datetime] = utc_now
) -> Landed:
    """Move all decisions to files by the day they were made; raise StoreUnavailable or OSError."""

    def acknowledge(ids: Sequence[str]) -> None:
        with asking("take landed decisions out of the stream"):
            client.xdel(keys.decisions, *ids)

    stream = _Stream(
        keys.namespace,
        DECISION_LOG,
        partial(_decision_row, keys.namespace, _naive(clock())),
        lambda row: landing / "decision_log" / f"day={row['decided_at']:%Y-%m-%d}",
        acknowledge,
    )
    return _land(_entries(client, keys.decisions, None), stream)


def _land(batches: Iterator[list[Entry]], stream: _Stream) -> Landed:
    files: list[Path] = []
    unreadable: list[str] = []
    landed = 0
    for batch in batches:
        rows = []
        for entry_id, fields in batch:
            try:
                rows.append(stream.to_row(entry_id, fields))
            except WrongValue:
                unreadable.append(entry_id)
        for folder, group in groupby(sorted(rows, key=stream.folder_of), stream.folder_of):
            files.append(_write(folder, stream, list(group)))
        if rows:
            stream.acknowledge([row["stream_id"] for row in rows])
        landed += len(rows)
    return Landed(landed, tuple(files), tuple(unreadable))


def _write(folder: Path, stream: _Stream, rows: Sequence[Row]) -> Path:
    """Write one file that is whole from the moment it has its name, and return it."""
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    if is_new:
        _to_disk(folder.parent)  # else a power loss could take the day's folder, files and all
    first, last = rows[0]["stream_id"], rows[-1]["stream_id"]
    path = folder / f"{stream.namespace}__{first}-{last}.parquet"
    # Not `.parquet` at the end, so that no reader's glob finds it.
    aside = folder / f".{path.name}.{os.getpid()}.tmp"
    pq.write_table(pa.Table.from_pylist(list(rows), stream.schema), aside, compression="zstd")
    _to_disk(aside)
    aside.replace(path)
    _to_disk(folder)
    return path


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _entries(client: Client, stream: str, after: StreamId | None) -> Iterator[list[Entry]]:
    """Yield a stream's entries in batches, up to the end that it has now."""
    with asking("read the stream"):
        newest = cast("list[Any]", client.xrevrange(stream, count=1))
    end = newest[0][0] if newest else None
    start = "-" if after is None else f"({after[0]}-{after[1]}"
    while end is not None:
        with asking("read the stream"):
            answer = cast("list[Any]", client.xrange(stream, start, end, count=BATCH))
        if not answer:
            return
        yield [(entry_id.decode(), fields) for entry_id, fields in answer]
        start = f"({answer[-1][0].decode()}"


def _after(client: Client, keys: KeySpace, folder: Path) -> StreamId | None:
    """Return the last landed id, None when the stream does not go on from there.

    A stream whose end lies before it is another one: its Redis was lost, and begun again.
    """
    pattern = re.compile(re.escape(keys.namespace) + r"__\d+-\d+-(\d+)-(\d+)\.parquet")
    matches = [pattern.fullmatch(path.name) for path in folder.glob("*.parquet")]
    landed = max(((int(m[1]), int(m[2])) for m in matches if m), default=None)
    with asking("read the push log"):
        newest = cast("list[Any]", client.xrevrange(keys.pushes, count=1))
    if landed is None or not newest or _stream_id(newest[0][0].decode()) < landed:
        return None
    return landed


def _stream_id(entry_id: str) -> StreamId:
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence)


def _push_row(entry_id: str, fields: Mapping[bytes, bytes]) -> Row:
    record = PushRecord.from_json(_record(fields))
    return {
        "stream_id": entry_id,
        "namespace": record.namespace,
        "project": record.project,
        "target": record.target,
        "view": record.view,
        "version": record.version,
        "fingerprint": record.fingerprint,
        "run_as_of": _naive(from_us(record.run_as_of_us)),
        "generation": record.generation,
        "readable_at": _naive(from_us(record.readable_at_us)),
        "mode": record.mode,
        "rows": record.rows,
        "tombstones": record.tombstones,
    }


def _decision_row(
    namespace: str, landed_at: datetime, entry_id: str, fields: Mapping[bytes, bytes]
) -> Row:
    record = load(_record(fields))
    return {
        "stream_id": entry_id,
        "decision_id": text(record, "decision_id"),
        "service": text(record, "service"),
        "model_version": text(record, "model_version"),
        "decided_at": _instant(record, "decided_at"),
        "read_at": _instant(record, "read_at"),
        "namespace": namespace,
        "keys": dump(member(record, "keys")),
        "request": None if member(record, "request") is None else dump(record["request"]),
        "decision": dump(member(record, "decision")),
        "features": json.dumps(elements(record, "features"), ensure_ascii=False),
        "landed_at": landed_at,
    }


def _record(fields: Mapping[bytes, bytes]) -> bytes:
    if FIELD not in fields:
        raise WrongValue("it has no record")
    return fields[FIELD]


def _instant(record: Mapping[str, Any], name: str) -> datetime:
    try:
        return _naive(as_utc(datetime.fromisoformat(text(record, name))))
    except ValueError:
        raise WrongValue(f"{name!r} is not a time") from None


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)
