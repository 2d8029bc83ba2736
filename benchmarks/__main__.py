"""`python -m benchmarks`: measures everything and writes docs/benchmarks.md."""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.data import Size
from benchmarks.growth import draw, measure_growth
from benchmarks.join import measure_join, measure_windows
from benchmarks import REPO
from benchmarks.project import Project
from benchmarks.report import Results, page
from benchmarks.snapshot import Snapshots
from benchmarks.storage import measure_storage

SPINE = 1_000_000
KEYS = 100_000  # a hundred rows of history each
SNAPSHOT_KEYS = 500_000


def main(
    scale: Annotated[float, typer.Option(help="Share of the full size.")] = 1.0,
    repeats: Annotated[int, typer.Option(help="Runs of each query.", min=1)] = 5,
    work: Annotated[
        Path, typer.Option(help="Where data and databases go: 2 GB at full size.")
    ] = REPO / "target/bench",
    docs: Annotated[Path, typer.Option(help="Where the page and the plot go.")] = REPO / "docs",
) -> None:
    """Measure Provender's SQL against SQL by hand for the same answers. The exit code tells whether
    the answers were the same, never how long they took.
    """
    size = Size(round(SPINE * scale), round(KEYS * scale))
    keys = round(SNAPSHOT_KEYS * scale)
    _tell(f"building a store of {keys:,} keys…")
    snapshots = Snapshots(Project(work / "store"), keys)
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
    results = Results(size, keys, repeats, joined, windows, contest, growths, stored)
    docs.mkdir(parents=True, exist_ok=True)
    (docs / "benchmarks.md").write_text(page(results))
    draw(growths, docs / "benchmarks.svg")
    _tell(f"wrote {docs / 'benchmarks.md'}")


def _tell(what: str) -> None:
    typer.echo(what, err=True)


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(main)
    app()
