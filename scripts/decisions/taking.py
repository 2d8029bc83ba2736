"""Entries of the stream as rows: taken, cut and read in bulk, each with its keyed digest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import duckdb
import numpy as np
import pyarrow as pa

from provender.errors import WrongValue
from provender_ops.decisions.columns import DECISION_LOG
from provender_ops.decisions.log_key import ChainKey
from provender_ops.decisions.record_text import read_record
from provender_ops.decisions.slices import Cut, Shapes, ShapeTable, cut, read
from provender_ops.decisions.stream import Taken

MOST_ENTRIES = 10_000
MOST_BYTES = 32_000_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some entries, what they were cut into, and their macs."""

    ids: Sequence[bytes]
    records: Sequence[bytes]
    macs: Sequence[str]
    cut: Cut
    shapes: ShapeTable
    without: Sequence[bytes]  # ids of entries that have no record


@dataclass(frozen=True, slots=True)
class Read:
    """The rows of a chunk, as tables that differ in how their columns are coded."""

    tables: list[pa.Table] = field(default_factory=list)
    landing: list[bytes] = field(default_factory=list)
    unreadable: list[bytes] = field(default_factory=list)


def chunks(batches: Iterator[list[Taken]]) -> Iterator[list[Taken]]:
    """Join answers to chunks that fit into memory, each worth a file."""
    chunk: list[Taken] = []
    size = 0
    for batch in batches:
        chunk += batch
        size += sum(len(record or b"") for _, record in batch)
        if len(chunk) >= MOST_ENTRIES or size >= MOST_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def prepared(parts: Iterator[list[Taken]], key: ChainKey) -> Iterator[Chunk]:
    """Cut the records of each chunk, and give each entry its mac."""
    shapes = Shapes()
    for part in parts:
        whole = [(entry_id, record) for entry_id, record in part if record is not None]
        without = [entry_id for entry_id, record in part if record is None]
        ids = [entry_id for entry_id, _ in whole]
        records = [record for _, record in whole]
        macs = list(map(key.row_mac, ids, records))
        shapes = shapes.bounded()
        pieces = cut(records, shapes)
        yield Chunk(ids, records, macs, pieces, shapes.table, without)


def rows_of(
    connection: duckdb.DuckDBPyConnection, chunk: Chunk, namespace: str, landed_at: datetime
) -> Read:
    """Return the rows of a chunk, and which entries cannot be read."""
    rows, places, left = read(connection, chunk.cut, chunk.shapes)
    done = Read(unreadable=list(chunk.without))
    if len(places):
        done.tables.append(_whole(rows, places, chunk, namespace, landed_at))
    slowly, slow_places = [], []
    for place in left:
        try:
            slowly.append(read_record(chunk.records[place]))
            slow_places.append(place)
        except WrongValue:
            done.unreadable.append(chunk.ids[place])
    if slowly:
        said = pa.schema([f for f in DECISION_LOG if f.name in slowly[0]])
        table = pa.Table.from_pylist(slowly, said)
        done.tables.append(_whole(table, np.array(slow_places), chunk, namespace, landed_at))
    done.landing.extend(chunk.ids[place] for place in [*places.tolist(), *slow_places])
    return done


def _whole(
    rows: pa.Table, places: np.ndarray, chunk: Chunk, namespace: str, landed_at: datetime
) -> pa.Table:
    """Return rows with the columns of the stream, in the order of the schema."""
    chosen = places.tolist()
    count = len(chosen)
    columns = {name: rows[name] for name in rows.column_names}
    columns["stream_id"] = pa.array([chunk.ids[place].decode() for place in chosen])
    columns["namespace"] = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(count, np.int32)), [namespace]
    )
    columns["landed_at"] = pa.array(np.full(count, np.datetime64(landed_at, "us")))
    columns["mac"] = pa.array([chunk.macs[place] for place in chosen])
    return pa.table({name: columns[name] for name in DECISION_LOG.names})
