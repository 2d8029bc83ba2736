"""What the processors do in a landing: its parts one after the other, without Redis."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path

import duckdb

from benchmarks.decisions.stream import NAMESPACE, records
from benchmarks.measure import Parts
from provender_ops.decisions import files
from provender_ops.decisions.log_key import ChainKey
from provender_ops.decisions.slices import Shapes, cut
from provender_ops.decisions.taking import MOST_ENTRIES, Chunk, rows_of

NOW = datetime(2026, 3, 3)


def landing_parts(decisions: int, folder: Path) -> Mapping[str, float]:
    """Return the seconds of processor of each part of landing so many."""
    parts, shapes = Parts(), Shapes()
    key = ChainKey.of("the key of the benchmark")
    with duckdb.connect() as connection:
        connection.execute("set threads = 1")
        for number, (ids, some) in enumerate(_chunks(decisions)):
            with parts.part("MACs"):
                macs = list(map(key.row_mac, ids, some))
            with parts.part("records cut"):
                pieces = cut(some, shapes)
            with parts.part("pieces checked and read, as columns"):
                chunk = Chunk(ids, some, macs, pieces, shapes.table, ())
                (table,) = rows_of(connection, chunk, NAMESPACE, NOW).tables
            with parts.part("Parquet"):
                files.write_aside(folder, f"2026-03-02/{number}.parquet", table)
    return parts.seconds


def _chunks(decisions: int) -> Iterator[tuple[list[bytes], list[bytes]]]:
    made = records(decisions)
    first = 1
    while some := list(islice(made, MOST_ENTRIES)):
        yield [b"%d-0" % number for number in range(first, first + len(some))], some
        first += len(some)
