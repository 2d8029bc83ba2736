"""Parquet files that are whole, and on disk, from the moment they have their name."""

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def put(path: Path, table: pa.Table) -> None:
    """Write a file in place of what has its name; raise OSError."""
    folder = path.parent
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    if is_new:
        to_disk(folder.parent)  # else a power loss could take the folder, files and all
    # Not `.parquet` at the end, so that no reader's glob finds it.
    aside = folder / f".{path.name}.{os.getpid()}.tmp"
    pq.write_table(table, aside, compression="zstd")
    to_disk(aside)
    aside.replace(path)
    to_disk(folder)


def to_disk(path: Path) -> None:
    """Return when a file or a folder would survive a power loss."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
