"""How far a log has landed: until when everything that was in its stream is in files.

A training set needs to know. Where no push record has landed, either nothing was pushed or nobody
looked; only the mark tells which, so each landing sets it, also when there was nothing new.
"""

from datetime import datetime
from pathlib import Path
from typing import Literal, cast

import pyarrow as pa
import pyarrow.parquet as pq

from provender_ops.parquet_files import put

Log = Literal["push_log", "decision_log"]

_SCHEMA = pa.schema(
    [("log", pa.string()), ("namespace", pa.string()), ("landed_until", pa.timestamp("us"))]
)


def move_mark(landing: Path, log: Log, namespace: str, until: datetime | None) -> datetime | None:
    """Move the mark on to `until`, never back, and return where it stands (naive UTC).

    An `until` of None says nothing; the mark stays, None where there is none. Raise OSError.
    """
    path = landing / "landed" / f"{log}__{namespace}.parquet"
    stands = _stands(path)
    if until is None or (stands is not None and stands >= until):
        return stands
    row = {"log": log, "namespace": namespace, "landed_until": until}
    put(path, pa.Table.from_pylist([row], _SCHEMA))
    return until


def _stands(path: Path) -> datetime | None:
    try:
        # Not pq.read_table(), which takes ten times as long to import what it never needs here.
        with pq.ParquetFile(path) as file:
            return cast("datetime", file.read()["landed_until"][0].as_py())
    except FileNotFoundError:
        return None
    except (pa.ArrowException, LookupError):
        return None  # no mark of ours: the new one says no less than is true
