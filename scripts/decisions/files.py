"""Landed files: written beside their place, named by an entry of the ledger, then put in place."""

import hashlib
import shutil
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from provender_ops.decisions.log_key import ChainKey
from provender_ops.decisions.state import LandedFile, State
from provender_ops.parquet_files import make_folder, to_disk

T = TypeVar("T")
_VIEW = "views.list.element."
_REPEATED = [
    *("namespace", "writer", "service", "model_version", "waited_for"),
    *(_VIEW + name for name in ("view", "fingerprint", "status")),
    *(f"{_VIEW}{name}.list.element" for name in ("names", "features", "types", "statuses")),
]
_SOUGHT = ["stream_id", "decision_id", "service", "decided_at", "landed_at"]


def aside_of(path: Path) -> Path:
    """Return where a file waits; no reader's glob finds it, and nobody else writes there."""
    return path.with_name(f".{path.name}.tmp")


def write_aside(folder: Path, name: str, rows: pa.Table) -> None:
    """Write rows beside their place, and return when they are on disk; raise OSError."""
    path = folder / name
    make_folder(path.parent)
    pq.write_table(
        rows,
        aside_of(path),
        compression="zstd",
        use_dictionary=_REPEATED,
        write_statistics=_SOUGHT,
    )
    sync_aside(path)


def sync_aside(path: Path) -> None:
    """Return when what waits beside a file's place is on disk."""
    to_disk(aside_of(path))
    to_disk(path.parent)


def described(folder: Path, name: str, rows: int, total: int) -> LandedFile:
    """Return what the ledger is to say of a file that waits; raise OSError."""
    path = aside_of(folder / name)
    return LandedFile(name, rows, path.stat().st_size, sha256(path), f"{total:064x}")


def summed(path: Path, key: ChainKey) -> tuple[int, int]:
    """Return how many rows a file has, and the keyed sum over their macs."""
    rows = total = 0
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=["mac"]):
            rows += batch.num_rows
            total = key.add(total, batch.column(0).to_pylist())
    return rows, total


def sha256(path: Path) -> str:
    """Return the digest of a file's bytes; raise OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def put_in_place(folder: Path, files: Mapping[str, LandedFile]) -> None:
    """Give files their names, unless they have them; what is missing stays missing."""
    moved = set()
    for name in files:
        path = folder / name
        with suppress(FileNotFoundError):
            aside_of(path).replace(path)
            moved.add(path.parent)
    for parent in moved:
        to_disk(parent)


def complete(folder: Path, state: State) -> list[str]:
    """Put in place what a killed lander left beside, remove what no entry names.

    Return the names of files that are not there at all.
    """
    waiting = {name: file for name, file in state.files.items() if not (folder / name).exists()}
    ours = {
        name: file
        for name, file in waiting.items()
        if aside_of(folder / name).exists() and sha256(aside_of(folder / name)) == file.sha256
    }
    put_in_place(folder, ours)
    for left in folder.glob("day=*/.*.tmp"):
        left.unlink()
    for sorting in folder.glob(".sort-*"):
        shutil.rmtree(sorting, ignore_errors=True)
    return [name for name in waiting if name not in ours]


def remove(folder: Path, names: list[str]) -> None:
    """Remove files, and folders that are then empty; raise OSError."""
    for name in names:
        (folder / name).unlink(missing_ok=True)
    for parent in {(folder / name).parent for name in names}:
        if parent.exists():
            to_disk(parent)
            with suppress(OSError):  # there are other files in it
                parent.rmdir()
    to_disk(folder)


def by_day(rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Yield rows by the folder of the day they were decided on."""
    days = pc.floor_temporal(rows["decided_at"], unit="day").cast(pa.date32())
    different = sorted(pc.unique(days).to_pylist())
    for day in different:
        own = rows if len(different) == 1 else rows.filter(pc.equal(days, day))
        yield f"day={day:%Y-%m-%d}", own


def ahead(items: Iterator[T]) -> Generator[T, None, None]:
    """Yield the same, having the next made in a thread of its own meanwhile."""
    end = object()
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = pool.submit(next, items, end)
            yield item  # type: ignore[misc]
