"""point_in_time_join over history, against the fastest plain join of the same files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.data import ASKED, KEY, Size, write_event_files, write_join_files
from benchmarks.measure import Contest, Task, in_turn, run
from benchmarks.project import Project
from benchmarks.store import (
    WINDOWS,
    by_hand,
    over,
    over_join_files,
    refuse_other_answer,
    to_parquet,
)

FLOORS = ["join_range", "join_asof"]
OURS = ["joined_values", "joined"]


@dataclass(frozen=True)
class Joined:
    """What was measured, and which of the plain joins was the faster."""

    contest: Contest
    floor: str
    beside: str


def measure_join(project: Project, folder: Path, size: Size, repeats: int) -> Joined:
    """Measure both plain joins, and ours with and without what is said of each view."""
    queries = {floor: by_hand(floor) for floor in FLOORS}
    queries |= {ours: project.compiled(ours) for ours in OURS}
    prepare = over_join_files(write_join_files(folder, size), project)
    contest = _contest(queries, prepare, folder, repeats, ["n", KEY, "as_of", *ASKED])
    floor, beside = sorted(FLOORS, key=lambda name: contest.seconds(name).median)
    return Joined(contest, floor, beside)


def measure_windows(project: Project, folder: Path, size: Size, repeats: int) -> Contest:
    """Measure windows recomputed at each row's own time, and the same SQL by hand."""
    queries = {"windows": by_hand("windows"), "recomputed": project.compiled("recomputed")}
    prepare = over(write_event_files(folder, size), WINDOWS)
    return _contest(queries, prepare, folder, repeats)


def _contest(
    queries: Mapping[str, str],
    prepare: Sequence[str],
    folder: Path,
    repeats: int,
    columns: Sequence[str] = (),
) -> Contest:
    """Run each once, to warm the files and compare the answers, then in turn against the clock."""
    answers = {name: folder / f"answer_{name}.parquet" for name in queries}
    runs = {
        name: partial(run, Task([to_parquet(sql, answers[name])], prepare))
        for name, sql in queries.items()
    }
    in_turn(runs, 1)
    floor, *others = answers
    for name in others:
        refuse_other_answer(name, f"'{answers[name]}'", f"'{answers[floor]}'", columns)
    return in_turn(runs, repeats)
