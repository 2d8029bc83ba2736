"""The consumer's project in a clone of the repository, run as its README says."""

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from support import REPO, DbtProject, DbtRun, Row

# The project's README has these lines, and its week is these arguments at each time of week.txt.
LOAD = "python load_flights.py"
DEPS = "dbt deps"
BUILD = "dbt build --exclude tag:training tag:monitor"
PUSH = "push-online"
READ = "provender read arrival_delay carrier=UA origin=EWR dest=IAH --now 2013-03-11T12:30:00Z"
WATCH = "dbt build --select tag:monitor"
TRAIN = "dbt build --select tag:training"
PACKAGE_NODES = "dbt --quiet ls --select package:provender --output json"

CONSUMER = REPO / "tests/consumer"
NAMESPACE = "flights.dev"
TRAINED_AT = datetime(2014, 1, 2)  # the year is over: every flight has been asked about
LIVE = "valid_from <= $run and (valid_to is null or valid_to > $run)"


class FlightsProject(DbtProject):
    """Another team's project; `runs` keeps what each build of its week said."""

    forked = False  # its README is followed to the letter

    def __init__(self, folder: Path) -> None:
        shutil.copytree(REPO, folder, symlinks=True, ignore=_what_a_clone_lacks)
        self.folder = folder / CONSUMER.relative_to(REPO)
        self.database = self.folder / "flights.duckdb"
        self.readme = (self.folder / "README.md").read_text()
        self.week = [_instant(line) for line in (self.folder / "week.txt").read_text().split()]
        self.runs: dict[datetime, DbtRun] = {}

    @property
    def last_run(self) -> datetime:
        return self.week[-1]

    def follow_the_readme(self, redis_url: str) -> None:
        """Load, install, build the week, push its last run, and train on all flights."""
        self._done(LOAD)
        self._built(self.dbt_line(DEPS))
        for as_of in self.week:
            self.runs[as_of] = self._built(self.dbt_line(BUILD, as_of))
        self._done(PUSH, "--redis-url", redis_url)
        self.watched = self._built(self.dbt_line(WATCH, self.last_run))
        self.training_run = self._built(self.dbt_line(TRAIN, TRAINED_AT))

    def dbt_line(self, line: str, as_of: datetime | None = None) -> DbtRun:
        """Run a line that begins with dbt, at an `as_of` if one is given."""
        _, *arguments = shlex.split(line)
        return self.dbt(*arguments, as_of=as_of and f"{as_of.isoformat()}Z")

    def command(self, line: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a line that begins with python or one of our commands."""
        program, *said = shlex.split(line)
        scripts = Path(sysconfig.get_path("scripts"))
        return subprocess.run(
            [sys.executable if program == "python" else scripts / program, *said, *arguments],
            cwd=self.folder,
            env={key: os.environ[key] for key in os.environ if not key.startswith("PROVENDER_")},
            capture_output=True,
            text=True,
            check=False,
        )

    def state(self, view: str, run: datetime) -> list[dict[str, Any]]:
        """Return what the published history says of every key at a run."""
        with duckdb.connect(self.catalog, read_only=True) as connection:
            query = f"select * from {view}_history where {LIVE} order by all"
            return list(_named(connection.execute(query, {"run": run})))

    def rows(self, table: str) -> Iterator[dict[str, Any]]:
        """Yield the rows of a large table of the writer's file."""
        with duckdb.connect(self.database, read_only=True) as connection:
            yield from _named(connection.execute(f"select * from {table}"))

    def landing_of(self, flight_id: str) -> datetime | None:
        """Return when staging says a flight landed; None where it never did."""
        found = self.query(
            f"select occurred_at from stg_flights__landings where flight_id = '{flight_id}'"
        )
        return found[0][0] if found else None

    def trained(self, flight_id: str) -> dict[str, Any]:
        """Return the training row of one flight."""
        (row,) = self.rows(f"arrival_delay_training where flight_id = '{flight_id}'")
        return row

    def count(self, sql: str) -> Row:
        """Return the one row of a query, which may name files as 'raw/….parquet'."""
        (row,) = self.query(sql.replace("'raw/", f"'{self.folder}/raw/"))
        return row

    def _done(self, line: str, *arguments: str) -> None:
        done = self.command(line, *arguments)
        assert done.returncode == 0, f"{line}:\n{done.stdout}{done.stderr}"

    def _built(self, run: DbtRun) -> DbtRun:
        assert run.code == 0, run.output
        return run


def _what_a_clone_lacks(folder: str, names: list[str]) -> set[str]:
    """Say, for copytree, what git ignores in a folder."""
    here = Path(folder)
    patterns = {".git", *_ignored(REPO)}
    if here.is_relative_to(CONSUMER):
        patterns |= _ignored(CONSUMER)
    at_root = {f"/{name}" for name in names if here == REPO} & patterns
    return {name[1:] for name in at_root} | shutil.ignore_patterns(*patterns)(folder, names)


def _ignored(root: Path) -> set[str]:
    lines = (root / ".gitignore").read_text().splitlines()
    return {line.strip().rstrip("/") for line in lines if line and line[0] not in "#!"}


def _named(cursor: duckdb.DuckDBPyConnection) -> Iterator[dict[str, Any]]:
    names = [column[0] for column in cursor.description or []]
    while batch := cursor.fetchmany(10_000):
        for row in batch:
            yield dict(zip(names, row, strict=True))


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    assert moment.utcoffset() == timedelta(0), text
    return moment.replace(tzinfo=None)
