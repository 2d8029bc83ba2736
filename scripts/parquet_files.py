"""Files that are whole, and on disk, from the moment they have their name."""

import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def put(path: Path, table: pa.Table) -> None:
    """Write a Parquet file in place of what has its name; raise OSError."""
    _put(path, lambda aside: pq.write_table(table, aside, compression="zstd"))


def put_text(path: Path, text: str) -> None:
    """Write a text file in place of what has its name; raise OSError."""
    _put(path, lambda aside: aside.write_text(text, encoding="utf-8"))


def make_folder(folder: Path) -> None:
    """Make a folder that survives a power loss, unless it is there."""
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True)
        to_disk(folder.parent)  # else a power loss could take the folder, files and all


def to_disk(path: Path) -> None:
    """Return when a file or a folder would survive a power loss."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _put(path: Path, write: Callable[[Path], object]) -> None:
    make_folder(path.parent)
    # Not `.parquet` at the end, so that no reader's glob finds it.
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    write(aside)
    to_disk(aside)
    aside.replace(path)
    to_disk(path.parent)
