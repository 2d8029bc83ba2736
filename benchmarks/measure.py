"""Measures statements against each other: in turn, each time in a fresh process."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

THREADS = 2
MEMORY_LIMIT = "8GB"


@dataclass(frozen=True)
class Task:
    """What a process runs: first what is not measured, then what is."""

    statements: Sequence[str]
    prepare: Sequence[str] = ()


@dataclass(frozen=True)
class Taken:
    """What one run of a task took: by the clock, of the processors, and of memory at its most."""

    seconds: float
    cpu: float = 0.0
    megabytes: float = 0.0


@dataclass(frozen=True)
class Spread:
    """Median, least and most of some runs."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Summarise values, at least one."""
        return cls(statistics.median(values), min(values), max(values))


@dataclass
class Contest:
    """The runs of several tasks that give the same answer, in turn."""

    taken: dict[str, list[Taken]] = field(default_factory=dict)

    def seconds(self, name: str) -> Spread:
        """How long a task took."""
        return Spread.of([one.seconds for one in self.taken[name]])

    def megabytes(self, name: str) -> Spread:
        """How much memory its process held at most."""
        return Spread.of([one.megabytes for one in self.taken[name]])

    def slower(self, name: str, floor: str) -> Spread:
        """Ratio of times, each against the floor's in the same turn: a slow moment slows both."""
        pairs = zip(self.taken[name], self.taken[floor], strict=True)
        return Spread.of([ours.seconds / theirs.seconds for ours, theirs in pairs])

    def larger(self, name: str, floor: str) -> float:
        """Ratio of the medians of memory."""
        return self.megabytes(name).median / self.megabytes(floor).median


@dataclass
class Parts:
    """Seconds of this process's processors, by what they went to."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Add what the block takes."""
        began = time.process_time()
        yield
        self.seconds[name] = self.seconds.get(name, 0) + time.process_time() - began


def run(task: Task) -> Taken:
    """Run a task once, in a fresh process."""
    given = {
        "threads": THREADS,
        "memory_limit": MEMORY_LIMIT,
        "prepare": list(task.prepare),
        "statements": list(task.statements),
    }
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.once"],
        input=json.dumps(given),
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"a measured statement failed:\n{done.stderr}")
    return Taken(**json.loads(done.stdout))


def in_turn(runs: Mapping[str, Callable[[], Taken]], repeats: int) -> Contest:
    """Run all once, and again, so that whatever else the machine does befalls them alike."""
    contest = Contest({name: [] for name in runs})
    for _ in range(repeats):
        for name, run_once in runs.items():
            contest.taken[name].append(run_once())
    return contest
