"""How far each writer has landed: the number up to which nothing that it was promised is missing.

A writer counts its attempts from 1, and says with each how many before it were refused. So all that
was accepted up to n has landed when as many different numbers up to n have landed as n minus the
refused. A writer that keeps a journal may forget what lies below.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from provender_ops.parquet_files import put_text

FILE = "writers.json"
KEPT = timedelta(days=7)

Run = tuple[int, int, int]
"""Numbers from the first to the last, all landed, and how many were refused before the last."""


@dataclass(slots=True)
class Writer:
    """One writer: all is landed up to `until`; beyond it, runs with something between them."""

    until: int = 0
    landed: int = 0  # different numbers up to `until`
    seen: str = ""  # when something of it landed last
    runs: list[Run] = field(default_factory=list)

    def take(self, runs: Iterable[Run]) -> None:
        """Take up runs that have landed, again or for the first time."""
        self.runs = _merged([*self.runs, *(run for run in runs if run[1] > self.until)])
        landed = self.landed
        for place, (first, last, refused) in enumerate(list(self.runs)):
            landed += last - max(first, self.until + 1) + 1
            if last - refused <= landed:
                self._reach(last, landed, place)
                return self.take([])
        return None

    def _reach(self, until: int, landed: int, place: int) -> None:
        self.until, self.landed = until, landed
        del self.runs[: place + 1]

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        """Read what was written down; raise LookupError, TypeError or ValueError."""
        runs = [(int(first), int(last), int(refused)) for first, last, refused in body["runs"]]
        return cls(int(body["until"]), int(body["landed"]), str(body["seen"]), runs)


class Writers:
    """All writers of one landing folder, written down beside its ledger."""

    def __init__(self, folder: Path) -> None:
        """Read what was written down; nothing when it is not there."""
        self.path = folder / FILE
        self.known = self._load()

    def take(self, rows: pa.Table, now: datetime) -> dict[str, int]:
        """Take up what is on disk by now; return how far each of its writers has landed."""
        for name, runs in runs_of(rows):
            writer = self.known.setdefault(name, Writer())
            writer.take(runs)
            writer.seen = now.isoformat()
        touched = pc.unique(rows["writer"]).to_pylist()
        return {name: self.known[name].until for name in touched if self.known[name].until}

    def save(self) -> None:
        """Write it down; raise OSError."""
        put_text(self.path, json.dumps({name: asdict(each) for name, each in self.known.items()}))

    def forget(self, now: datetime) -> list[str]:
        """Forget, and return, writers that were not seen for long."""
        old = [
            name for name, writer in self.known.items() if writer.seen < (now - KEPT).isoformat()
        ]
        for name in old:
            del self.known[name]
        return old

    def _load(self) -> dict[str, Writer]:
        try:
            said = json.loads(self.path.read_text(encoding="utf-8"))
            return {name: Writer.of(body) for name, body in said.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, LookupError, TypeError, AttributeError):
            return {}  # less is known than could be: journals keep more than they must


def runs_of(rows: pa.Table) -> Iterable[tuple[str, Sequence[Run]]]:
    """Yield the runs of numbers of each writer in landed rows."""
    names = rows["writer"].combine_chunks()
    codes = names if pa.types.is_dictionary(names.type) else names.dictionary_encode()
    places = codes.indices.to_numpy()
    numbers, refused = rows["number"].to_numpy(), rows["refused"].to_numpy()
    for place, name in enumerate(codes.dictionary.to_pylist()):
        own = np.flatnonzero(places == place)
        if len(own):
            yield name, _runs(numbers[own], refused[own])


def _runs(numbers: np.ndarray, refused: np.ndarray) -> list[Run]:
    order = np.argsort(numbers, kind="stable")
    numbers, refused = numbers[order], refused[order]
    ends = np.flatnonzero(np.append(np.diff(numbers) > 1, True))
    starts = np.append(0, ends[:-1] + 1)
    columns = (numbers[starts], numbers[ends], refused[ends])
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _merged(runs: Iterable[Run]) -> list[Run]:
    merged: list[Run] = []
    for first, last, refused in sorted(runs):
        if merged and first <= merged[-1][1] + 1:
            before = merged.pop()
            ahead = max((before[1], before[2]), (last, refused))
            merged.append((before[0], *ahead))
        else:
            merged.append((first, last, refused))
    return merged
