"""How time and memory of the join grow, with the spine and with history."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, get_args

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.data import Size, write_join_files
from benchmarks.measure import Contest, Task, in_turn, run
from benchmarks.project import Project
from benchmarks.store import by_hand, over_join_files, to_parquet

Figures = Literal["seconds", "megabytes"]
FACTORS = [0.25, 1, 4]


@dataclass(frozen=True)
class Growth:
    """The join at three sizes of one of its sides."""

    side: str
    rows: Sequence[int]
    contests: Sequence[Contest]

    def medians(self, query: str, figure: Figures) -> list[float]:
        """Seconds or megabytes of a query at each size."""
        spreads = [
            contest.seconds(query) if figure == "seconds" else contest.megabytes(query)
            for contest in self.contests
        ]
        return [spread.median for spread in spreads]

    def exponent(self, query: str, figure: Figures) -> float:
        """The slope of the least-squares line through the logarithms: 1 is linear."""
        rows = [math.log(each) for each in self.rows]
        values = [math.log(each) for each in self.medians(query, figure)]
        return statistics.linear_regression(rows, values).slope


def measure_growth(
    project: Project, folder: Path, size: Size, floor: str, repeats: int
) -> list[Growth]:
    """Measure the join at a quarter and four times the spine, and the same of history."""
    spines = [Size(int(size.spine * factor), size.keys) for factor in FACTORS]
    histories = [Size(size.spine, int(size.keys * factor)) for factor in FACTORS]
    measured = {
        each: _measure(project, folder, each, floor, repeats)
        for each in dict.fromkeys([*spines, *histories])
    }
    return [
        Growth("spine", [each.spine for each in spines], [measured[each] for each in spines]),
        Growth(
            "history", [each.history for each in histories], [measured[each] for each in histories]
        ),
    ]


def _measure(project: Project, folder: Path, size: Size, floor: str, repeats: int) -> Contest:
    files = write_join_files(folder, size)
    queries = {"by hand": by_hand(floor), "ours": project.compiled("joined")}
    runs = {
        name: partial(
            run,
            Task([to_parquet(sql, folder / "answer.parquet")], over_join_files(files, project)),
        )
        for name, sql in queries.items()
    }
    return in_turn(runs, repeats)


def draw(growths: Sequence[Growth], path: Path) -> None:
    """Draw seconds and megabytes over rows; the same figures make the same file."""
    mpl.rcParams.update({"svg.hashsalt": "provender", "svg.fonttype": "none", "font.size": 9})
    figure = Figure(figsize=(7, 5), layout="tight")
    axes = figure.subplots(2, len(growths), sharex="col", sharey="row")
    for column, growth in enumerate(growths):
        for axis, measure in zip(axes[:, column], get_args(Figures), strict=True):
            for query, style in {"by hand": "o--", "ours": "o-"}.items():
                axis.loglog(growth.rows, growth.medians(query, measure), style, label=query)
            axis.grid(alpha=0.2)
            axis.set_ylabel(measure if column == 0 else "")
        axes[-1, column].set_xlabel(f"rows of {growth.side}")
    axes[0, 0].legend()
    figure.savefig(path, metadata={"Date": None})
