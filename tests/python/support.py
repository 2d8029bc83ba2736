"""A dbt project in a folder of its own, driven as its users drive it: a process per command."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from loaded_dbt import DbtProcess

REPO = Path(__file__).parents[2]
Row = tuple[Any, ...]
Dump = tuple[list[tuple[str, str]], list[Row]]

_TYPES = {
    bool: "boolean",
    int: "bigint",
    float: "double",
    Decimal: "decimal(18, 2)",
    datetime: "timestamp",
    date: "date",
}


@dataclass(frozen=True)
class DbtRun:
    """One finished dbt command."""

    code: int
    output: str
    status: dict[str, str] = field(default_factory=dict)  # node name -> what run_results.json says
    message: dict[str, str] = field(default_factory=dict)


class DbtProject:
    """A copy of a project that uses the macros of this repository under their own name.

    The project's `model-paths` and `macro-paths` are relative (dbt writes compiled files over the
    sources when they are absolute), so the repository's `macros` are copied beside its own, and
    with `registry` the models of `models/registry` too.

    Its commands are forks of a dbt that is loaded already; with `forked` false, dbt starts anew.
    """

    forked = True

    def __init__(self, template: Path, folder: Path, *, registry: bool = True) -> None:
        self.folder = folder
        self.database = folder / "store.duckdb"
        shutil.copytree(template, folder)
        shutil.copytree(REPO / "macros", folder / "macros", dirs_exist_ok=True)
        if registry:
            shutil.copytree(REPO / "models/registry", folder / "models/registry")

    def build(self, *args: str, as_of: str | None = None, **variables: object) -> DbtRun:
        """Run `dbt build`; with an `as_of`, the run's clock stands still there."""
        return self.dbt("build", *args, as_of=as_of, **variables)

    def dbt(self, *args: str, as_of: str | None = None, **variables: object) -> DbtRun:
        """Run any dbt command to its end."""
        results = self.folder / "target/run_results.json"
        before = results.stat().st_mtime_ns if results.exists() else None
        process = self.start(*args, as_of=as_of, **variables)
        output, _ = process.communicate()
        if not results.exists() or results.stat().st_mtime_ns == before:
            return DbtRun(process.returncode, output)
        nodes = json.loads(results.read_text())["results"]
        names = [node["unique_id"].split(".")[2] for node in nodes]
        return DbtRun(
            process.returncode,
            output,
            {name: node["status"] for name, node in zip(names, nodes, strict=True)},
            {name: node["message"] or "" for name, node in zip(names, nodes, strict=True)},
        )

    def start(
        self, *args: str, as_of: str | None = None, **variables: object
    ) -> DbtProcess | subprocess.Popen[str]:
        """Start a dbt command and leave it running."""
        moment = {} if as_of is None else {"PROVENDER_AS_OF": as_of}
        if as_of is not None:
            variables = {"rehearsal": True, **variables}
        given = ["--vars", json.dumps(variables)] if variables else []
        arguments = ["--no-use-colors", *args, *given]
        environment = {
            **os.environ,
            "DBT_PROFILES_DIR": ".",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DBT_LOG_LEVEL_FILE": "none",
            "PYTHONWARNINGS": "ignore",
            **moment,
        }
        if self.forked:
            return DbtProcess(arguments, self.folder, environment)
        return subprocess.Popen(
            [sys.executable, "-m", "dbt.cli.main", *arguments],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace text that stands in a file of the project exactly once."""
        file = self.folder / path
        text = file.read_text()
        assert text.count(old) == 1, f"{path} holds {text.count(old)} of {old!r}"
        file.write_text(text.replace(old, new))

    def query(self, sql: str) -> list[Row]:
        """Read the writer's file; no dbt may be running."""
        with duckdb.connect(self.database, read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def dump(self, table: str) -> Dump | None:
        """Return a table's columns with types, and its rows in order; None without a table."""
        with duckdb.connect(self.database, read_only=True) as connection:
            return dump(connection, table)

    def execute(self, sql: str) -> None:
        """Change the writer's file."""
        with duckdb.connect(self.database) as connection:
            connection.execute(sql)

    def published(self, sql: str) -> list[Row]:
        """Read the published catalog, as a reader of the store does."""
        with duckdb.connect(self.catalog, read_only=True) as connection:
            return connection.execute(sql).fetchall()

    @property
    def catalog(self) -> Path:
        return self.folder / "published/dev/catalog.duckdb"

    def write(
        self, table: str, rows: Sequence[Mapping[str, Any]], types: Mapping[str, str] | None = None
    ) -> None:
        """Make a source table `schema.name` of these rows, in place of what it was.

        A column's type is the given one, else that of its first value which is not null, else text.
        """
        columns = {column: _type_of(column, rows) for column in rows[0]} if rows else {}
        columns.update(types or {})
        with duckdb.connect(self.database) as connection:
            connection.execute(f"create schema if not exists {table.partition('.')[0]}")
            typed = ", ".join(f'"{name}" {type_}' for name, type_ in columns.items())
            connection.execute(f"create or replace table {table} ({typed})")
            if rows:
                holes = ", ".join("?" * len(columns))
                connection.executemany(
                    f"insert into {table} values ({holes})",
                    [[row.get(name) for name in columns] for row in rows],
                )


def _type_of(column: str, rows: Sequence[Mapping[str, Any]]) -> str:
    values = (row[column] for row in rows if row.get(column) is not None)
    return _TYPES.get(type(next(values, "")), "varchar")


def dump(connection: duckdb.DuckDBPyConnection, table: str) -> Dump | None:
    """Return a relation whole: columns with types, rows in an order of their own."""
    try:
        cursor = connection.execute(f"select * from {table} order by all")
    except duckdb.CatalogException:
        return None
    columns = [(column[0], str(column[1])) for column in cursor.description or []]
    return columns, cursor.fetchall()
