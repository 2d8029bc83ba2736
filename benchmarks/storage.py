"""What history takes on disk, and what it would take after two years."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmarks.data import END
from benchmarks.snapshot import Snapshots

ENTITIES = 500_000
DAYS = 730


@dataclass(frozen=True)
class Cadence:
    """How often a view runs, and the share of its keys with other values than at the run before."""

    name: str
    runs_per_day: int
    changed: float

    @property
    def runs(self) -> int:
        """Runs in two years."""
        return self.runs_per_day * DAYS

    @property
    def rows(self) -> int:
        """Rows of history after two years."""
        return ENTITIES + round(ENTITIES * self.changed) * (self.runs - 1)


CADENCES = [
    Cadence("minutes: every 15", 96, 0.001),
    Cadence("hourly", 24, 0.01),
    Cadence("nightly", 1, 0.1),
]


@dataclass(frozen=True)
class Stored:
    """Bytes of the history of a view of ten features."""

    duckdb_row: float  # in a DuckDB file
    parquet_first_row: float  # in the published file of the first run, which opens every key
    parquet_row: dict[Cadence, float]  # in later files, where it stands as opened and as closed
    parquet_run: float  # the file that logs a run

    def duckdb_bytes(self, cadence: Cadence) -> float:
        """After two years."""
        return cadence.rows * self.duckdb_row

    def parquet_bytes(self, cadence: Cadence) -> float:
        """After two years."""
        later = (cadence.rows - ENTITIES) * self.parquet_row[cadence]
        return ENTITIES * self.parquet_first_row + later + cadence.runs * self.parquet_run


def measure_storage(snapshots: Snapshots, folder: Path) -> Stored:
    """Measure the history that dbt has written, and files like those that it has published."""
    published = snapshots.project.folder / "published/dev"
    first = min((published / "scores_history").glob("*.parquet"))
    logged = [
        path.stat().st_size for path in (published / "runs").glob("*__scores_history.parquet")
    ]
    with duckdb.connect() as connection:
        connection.execute(f"attach '{snapshots.project.database}' as store (read_only)")
        return Stored(
            duckdb_row=_duckdb_row(connection, folder / "history.duckdb"),
            parquet_first_row=first.stat().st_size / snapshots.keys,
            parquet_row={
                cadence: published_row(connection, round(snapshots.keys * cadence.changed), folder)
                for cadence in CADENCES
            },
            parquet_run=sum(logged) / len(logged),
        )


def _duckdb_row(connection: duckdb.DuckDBPyConnection, file: Path) -> float:
    """Bytes a row of history in a file of its own, less what an empty file takes."""
    file.unlink(missing_ok=True)
    connection.execute(f"attach '{file}' as alone; checkpoint alone")
    empty = file.stat().st_size
    connection.execute("create table alone.history as from store.main.scores_history")
    connection.execute("checkpoint alone")
    ((rows,),) = connection.sql("select count(*) from alone.history").fetchall()
    connection.execute("detach alone")
    return (file.stat().st_size - empty) / int(rows)


def published_row(connection: duckdb.DuckDBPyConnection, changed: int, folder: Path) -> float:
    """Bytes a row in the file of a run that opened so many, and closed as many of a month."""
    run, file = f"timestamp '{END}'", folder / "one_run.parquet"
    before = f"{run} - to_hours(cast(hash(scd_id) % 720 as integer))"
    connection.execute(f"""
        copy (
            (
                {_rows(run, "null")}
                order by hash(scd_id, 'opened')
                limit {changed}
            )
            union all
            (
                {_rows(before, run)}
                order by hash(scd_id, 'closed')
                limit {changed}
            )
        ) to '{file}' (format parquet, compression zstd)
    """)
    return file.stat().st_size / changed


def _rows(opened: str, closed: str) -> str:
    return f"""
        select * replace (
            {opened} as as_of, {opened} as updated_at, {opened} as valid_from, {closed} as valid_to
        )
        from store.main.scores_history
    """
