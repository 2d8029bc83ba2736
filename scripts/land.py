"""Land the push log of the online store as Parquet files that dbt reads as a source.

Push records stay in Redis; those after the last landed one are landed. A file is on disk before it
has its name. Decisions land otherwise: see `decisions/landing.py`.

At the end the log's mark moves on, up to the moment before the stream was read: by the clock of
Redis, or the time of a rehearsal.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import pyarrow as pa

from provender.connection import Client, asking
from provender.errors import WrongValue
from provender.instants import as_utc, from_us, to_us
from provender.keys import KeySpace
from provender.records import PushRecord
from provender_ops import lua
from provender_ops.landed import move_mark
from provender_ops.parquet_files import put

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


@dataclass(frozen=True, slots=True)
class Landed:
    """What a landing did; `unreadable` entries stay in the stream.

    `until` is how far the log has landed by now (naive UTC), None where that cannot be told.
    """

    landed: int
    files: tuple[Path, ...]
    unreadable: tuple[str, ...]
    until: datetime | None

    @property
    def complaint(self) -> str:
        """What is wrong and what to do, empty when nothing is."""
        if not self.unreadable:
            return ""
        entries = ", ".join(self.unreadable[:5]) + (", …" if len(self.unreadable) > 5 else "")
        return (
            f"What cannot be read stays in the stream ({entries}), and the log counts as landed"
            " only up to the first of it. Look at it with XRANGE, then XDEL it."
        )


@dataclass(frozen=True, slots=True)
class _Look:
    """The newest entry of a stream, None for an empty one, and when that was by Redis's clock."""

    at: datetime
    newest: str | None


def land_push_log(
    client: Client, keys: KeySpace, landing: Path, now: datetime | None = None
) -> Landed:
    """Land the push records that are not landed yet, up to the first that cannot be read.

    `now` is the time of a rehearsal, None for Redis's clock. Raise StoreUnavailable or OSError.
    """
    folder = landing / "push_log"
    look = _look(client, keys.pushes)
    after = _after(keys.namespace, look.newest, folder)
    files: list[Path] = []
    unreadable: list[str] = []
    landed = 0
    for batch in _entries(client, keys.pushes, after, look.newest):
        rows, unreadable = _rows(batch)
        if rows:
            files.append(_write(folder, keys.namespace, rows))
        landed += len(rows)
        if unreadable:
            break  # the next landing goes on after the last landed one, and must meet it again
    reached = _reached(look.at, now, unreadable)
    until = move_mark(landing, "push_log", keys.namespace, reached)
    return Landed(landed, tuple(files), tuple(unreadable), until)


def _rows(batch: Sequence[Entry]) -> tuple[list[Row], list[str]]:
    """Return what can be read as rows, up to the first entry that cannot, and its id."""
    rows: list[Row] = []
    for entry_id, fields in batch:
        try:
            rows.append(_push_row(entry_id, fields))
        except (WrongValue, OverflowError):
            return rows, [entry_id]
    return rows, []


def _reached(read_at: datetime, now: datetime | None, unreadable: Sequence[str]) -> datetime | None:
    """Return until when everything has landed (naive UTC), None when that cannot be told."""
    if not unreadable:
        return _naive(now or read_at)
    if now is not None:
        return None  # the entry's id is of another clock
    milliseconds, _ = _stream_id(unreadable[0])
    return _naive(from_us(min(1000 * milliseconds, to_us(read_at)) - 1))


def _write(folder: Path, namespace: str, rows: Sequence[Row]) -> Path:
    first, last = rows[0]["stream_id"], rows[-1]["stream_id"]
    path = folder / f"{namespace}__{first}-{last}.parquet"
    put(path, pa.Table.from_pylist(list(rows), PUSH_LOG))
    return path


def _look(client: Client, stream: str) -> _Look:
    with asking("read the stream"):
        answer = client.eval(lua.LOOK_AT_STREAM, 1, stream)
    (seconds, microseconds), newest = cast("tuple[tuple[bytes, bytes], bytes]", answer)
    at = from_us(int(seconds) * 1_000_000 + int(microseconds))
    return _Look(at, newest.decode() or None)


def _entries(
    client: Client, stream: str, after: StreamId | None, newest: str | None
) -> Iterator[list[Entry]]:
    """Yield a stream's entries in batches, up to the end that it had."""
    start = "-" if after is None else f"({after[0]}-{after[1]}"
    while newest is not None:
        with asking("read the stream"):
            answer = cast("list[Any]", client.xrange(stream, start, newest, count=BATCH))
        if not answer:
            return
        yield [(entry_id.decode(), fields) for entry_id, fields in answer]
        start = f"({answer[-1][0].decode()}"


def _after(namespace: str, newest: str | None, folder: Path) -> StreamId | None:
    """Return the last landed id, None when the stream does not go on from there.

    A stream whose end lies before it is another one: its Redis was lost, and begun again.
    """
    pattern = re.compile(re.escape(namespace) + r"__\d+-\d+-(\d+)-(\d+)\.parquet")
    matches = [pattern.fullmatch(path.name) for path in folder.glob("*.parquet")]
    landed = max(((int(m[1]), int(m[2])) for m in matches if m), default=None)
    if landed is None or newest is None or _stream_id(newest) < landed:
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


def _record(fields: Mapping[bytes, bytes]) -> bytes:
    if FIELD not in fields:
        raise WrongValue("it has no record")
    return fields[FIELD]


def _naive(instant: datetime) -> datetime:
    return as_utc(instant).replace(tzinfo=None)
