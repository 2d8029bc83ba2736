"""`python -m benchmarks`: measures everything and writes the pages in docs/."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import REPO
from benchmarks.data import Size
from benchmarks.decisions.measured import measure_decisions
from benchmarks.decisions.report import page as decisions_page
from benchmarks.growth import draw, measure_growth
from benchmarks.join import measure_join, measure_windows
from benchmarks.online.measured import Amount, measure_online
from benchmarks.online.report import page as online_page
from benchmarks.project import Project
from benchmarks.report import Results, page
from benchmarks.snapshot import Snapshots
from benchmarks.storage import measure_storage

SPINE = 1_000_000
KEYS = 100_000  # a hundred rows of history each
SNAPSHOT_KEYS = 500_000


class Half(StrEnum):
    """What has a page of its own."""

    SQL = "sql"
    ONLINE = "online"
    DECISIONS = "decisions"


def main(
    scale: Annotated[float, typer.Option(help="Share of the full size.")] = 1.0,
    repeats: Annotated[int, typer.Option(help="Runs of each query.", min=1)] = 5,
    only: Annotated[
        Half | None, typer.Option(help="Measure one part, and write its page alone.")
    ] = None,
    work: Annotated[
        Path, typer.Option(help="Where data and databases go: 4 GB at full size.")
    ] = REPO / "target/bench",
    docs: Annotated[Path, typer.Option(help="Where the pages and the plot go.")] = REPO / "docs",
) -> None:
    """Measure Provender against SQL by hand and against a bare Redis client, for the same answers.
    The exit code tells whether the answers were the same, never how long they took.
    """
    docs.mkdir(parents=True, exist_ok=True)
    keys = round(SNAPSHOT_KEYS * scale)
    _tell(f"building a store of {keys:,} keys…")
    snapshots = Snapshots(Project(work / "store"), keys)
    if only in {None, Half.SQL}:
        _measure_sql(snapshots, scale, repeats, work, docs)
    if only in {None, Half.ONLINE}:
        online = measure_online(snapshots.project, work, Amount.at(scale, repeats), _tell)
        _write(docs / "benchmarks-online.md", online_page(online))
    if only in {None, Half.DECISIONS}:
        decisions = measure_decisions(snapshots, work, scale, repeats, _tell)
        _write(docs / "benchmarks-decisions.md", decisions_page(decisions))


def _measure_sql(snapshots: Snapshots, scale: float, repeats: int, work: Path, docs: Path) -> None:
    size = Size(round(SPINE * scale), round(KEYS * scale))
    project = snapshots.project
    _tell(f"joining {size.spine:,} rows with {size.history:,}…")
    joined = measure_join(project, work / "join", size, repeats)
    _tell("recomputing windows…")
    windows = measure_windows(project, work / "windows", size, repeats)
    _tell("taking snapshots…")
    contest = snapshots.measure(repeats)
    stored = measure_storage(snapshots, work)
    _tell("joining at other sizes…")
    growths = measure_growth(project, work / "growth", size, joined.floor, min(repeats, 3))
    results = Results(size, snapshots.keys, repeats, joined, windows, contest, growths, stored)
    draw(growths, docs / "benchmarks.svg")
    _write(docs / "benchmarks.md", page(results))


def _write(path: Path, text: str) -> None:
    path.write_text(text)
    _tell(f"wrote {path}")


def _tell(what: str) -> None:
    typer.echo(what, err=True)


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(main)
    app()
