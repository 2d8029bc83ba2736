"""The published catalog, read-only: what was built, how it is declared, and how it went.

A build replaces the catalog by a rename and never writes into it, so reading it neither waits for
dbt nor stops it.
"""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import duckdb
import pyarrow as pa

from provender.errors import WrongValue
from provender.instants import to_us
from provender.records import KeyColumn, Rollout, ServiceFeature, ServiceRecord, ViewRef
from provender_ops.errors import BadInput, NoBuild, UnreadableCatalog
from provender_ops.governance import Uses

FORMAT = 1
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """One logged run of a view version; `as_of` is naive UTC."""

    view: str
    version: int
    history: str
    fingerprint: str
    as_of: datetime
    row_count: int
    invocation_id: str
    git_commit: str | None

    @property
    def as_of_us(self) -> int:
        """Microseconds since the epoch."""
        return to_us(self.as_of)


@dataclass(frozen=True, slots=True)
class Definition:
    """A view version as one run declared it; `features` and `policies` are the published JSON."""

    fingerprint: str
    view: str
    version: int
    entity: str
    keys: tuple[KeyColumn, ...]
    features: tuple[Mapping[str, Any], ...]
    policies: Mapping[str, Any]
    owner: str

    @property
    def columns(self) -> list[str]:
        """Key columns, then features, as they stand in history."""
        return [key.name for key in self.keys] + [feature["name"] for feature in self.features]


@dataclass(frozen=True, slots=True)
class Build:
    """How the last build of a view version ended."""

    as_of: datetime
    status: str
    message: str | None


class Catalog:
    """The published catalog of one target."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        """Keep an open connection; use open()."""
        self._connection, self.path = connection, path
        self._runs: dict[tuple[str, str], Run] = {}
        self._tables: dict[str, tuple[int, list[Row]]] = {}

    @classmethod
    @contextmanager
    def open(
        cls, path: Path, memory_limit: str | None = None, threads: int | None = None
    ) -> Iterator[Self]:
        """Open the catalog for the block; raise NoBuild or UnreadableCatalog.

        DuckDB keeps to `memory_limit` and spills what is larger, and to so many threads.
        """
        if not path.exists():
            raise NoBuild(f"No build yet: {path} does not exist. Run `dbt build`.")
        with reading(path):
            connection = duckdb.connect(str(path), read_only=True)
        try:
            _spill_elsewhere(connection)
            if memory_limit:
                connection.execute(f"set memory_limit = {text_literal(memory_limit)}")
            if threads:
                connection.execute(f"set threads = {threads}")
            connection.execute("set timezone = 'UTC'")
            yield cls(connection, path)
        finally:
            connection.close()

    def rows(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[Row]:
        """Return a small result whole, as dictionaries; parameters are `?`, or `$name`."""
        given = dict(parameters) if isinstance(parameters, Mapping) else list(parameters)
        with reading(self.path):
            cursor = self._connection.execute(sql, given)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def stream(
        self, sql: str, parameters: Mapping[str, Any], batch: int
    ) -> Iterator[pa.RecordBatch]:
        """Yield a large result about `batch` rows at a time, never holding more."""
        with reading(self.path):
            result = self._connection.cursor().sql(sql, params=dict(parameters))
            batches = iter(result.to_arrow_reader(batch))
        while True:
            with reading(self.path):
                found = next(batches, None)
            if found is None:
                return
            if found.num_rows:
                yield found

    def write_parquet(self, relation: str, path: Path, left_out: Sequence[str], note: str) -> int:
        """Write a relation, without some columns, with a note in the file; return its rows.

        The file is there whole or not at all. Raise BadInput when it cannot be written.
        """
        kept = ", ".join(f'"{each}"' for each in self.columns(relation) if each not in left_out)
        aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            written = self._connection.execute(
                f'copy (select {kept} from "{relation}") to {text_literal(str(aside))} (format'
                f" parquet, compression zstd, kv_metadata {{provender: {text_literal(note)}}})"
            ).fetchall()
            aside.replace(path)
        except (duckdb.IOException, OSError) as error:
            raise BadInput(f"{path} cannot be written: {error}.") from None
        finally:
            aside.unlink(missing_ok=True)
        return int(written[0][0])

    def columns(self, relation: str) -> list[str]:
        """Return the columns of a published relation, in order."""
        return [row["column_name"] for row in self.rows(f'describe "{relation}"')]

    def has(self, relation: str) -> bool:
        """Return whether the catalog has a relation of this name."""
        sql = "select 1 from information_schema.tables where table_name = ?"
        return bool(self.rows(sql, [relation]))

    def store(self) -> tuple[str, str]:
        """Return project and target; raise UnreadableCatalog for another format."""
        row = self.rows("select project, target, format from store")[0]
        if row["format"] != FORMAT:
            raise UnreadableCatalog(
                f"{self.path} has format {row['format']}, and this package reads format {FORMAT}."
                " Install the provender version that the dbt project uses."
            )
        return row["project"], row["target"]

    def declared_views(self) -> dict[tuple[str, int], tuple[str, ...]]:
        """Return the tags of each view version that the project declares now."""
        rows = self.rows("select view, version, tags from feature_views order by view, version")
        with reading(self.path):
            return {
                (row["view"], row["version"]): tuple(json.loads(row["tags"] or "[]"))
                for row in rows
            }

    def uses(self) -> dict[tuple[str, int], Uses]:
        """Return what may be done with the values of each view version that is declared now."""
        names = "view, version, classification, allowed_uses"
        rows = self._table("feature_views", f"select {names} from feature_views")
        with reading(self.path):
            return {
                (row["view"], row["version"]): Uses.of(row["classification"], row["allowed_uses"])
                for row in rows
            }

    def keys(self) -> dict[tuple[str, int], tuple[str, ...]]:
        """Return the names of the entity keys of each view version that is declared now."""
        rows = self.rows("select view, version, keys from feature_views")
        with reading(self.path):
            return {
                (row["view"], row["version"]): tuple(key["name"] for key in json.loads(row["keys"]))
                for row in rows
            }

    def last_runs(self) -> dict[tuple[str, int], Run]:
        """Return the last logged run of each view version."""
        last: dict[str, str] = {}
        for history, stamp in self._logged():
            last[history] = max(stamp, last.get(history, ""))
        runs = [self._run(history, stamp) for history, stamp in sorted(last.items())]
        return {(run.view, run.version): run for run in runs}

    def knows_run(self, run: Run, as_of: datetime, invocation_id: str) -> bool:
        """Return whether this very run of the same view version is in the log."""
        stamp = run_stamp(as_of)
        if (run.history, stamp) not in self._logged():
            return False
        return self._run(run.history, stamp).invocation_id == invocation_id

    def run_stamps(self, history: str) -> list[str]:
        """Return the stamps of all logged runs of a history, in their order."""
        return sorted(stamp for logged, stamp in self._logged() if logged == history)

    def history_file(self, history: str, stamp: str) -> Path:
        """Return the file of what a run changed in a history."""
        return self.path.parent / history / f"as_of={stamp}.parquet"

    def _table(self, name: str, sql: str) -> list[Row]:
        """Return what was read of a table before, unless it was published again since."""
        with reading(self.path):
            published_at = (self.path.parent / name / "latest.parquet").stat().st_mtime_ns
        at, rows = self._tables.get(name, (None, []))
        if at != published_at:
            rows = self.rows(sql)
            self._tables[name] = published_at, rows
        return rows

    def _logged(self) -> set[tuple[str, str]]:
        """Return (history, stamp) of each run, which the names of the log's files tell."""
        files = (self.path.parent / "runs").glob("as_of=*.parquet")
        names = (file.stem.removeprefix("as_of=").partition("__") for file in files)
        return {(history, stamp) for stamp, _, history in names}

    def _run(self, history: str, stamp: str) -> Run:
        if (history, stamp) not in self._runs:  # what a run logged does not change
            file = self.path.parent / "runs" / f"as_of={stamp}__{history}.parquet"
            names = ", ".join(Run.__slots__)
            (row,) = self.rows(f"select {names} from read_parquet(?)", [str(file)])
            self._runs[history, stamp] = Run(**row)
        return self._runs[history, stamp]

    def last_builds(self) -> dict[tuple[str, int], Build]:
        """Return how the last build of each view version ended."""
        rows = self._table(
            "builds",
            "select view, version, as_of, status, message from builds qualify row_number() over"
            " (partition by view, version order by finished_at desc, as_of desc, status) = 1"
            " order by view, version",
        )
        return {
            (row["view"], row["version"]): Build(row["as_of"], row["status"], row["message"])
            for row in rows
        }

    def definitions(self) -> dict[str, Definition]:
        """Return all definitions by fingerprint, the oldest first."""
        sql = "select * from definitions order by recorded_at, fingerprint"
        rows = self._table("definitions", sql)
        with reading(self.path):
            return {row["fingerprint"]: _definition(row) for row in rows}

    def services(self) -> list[ServiceRecord]:
        """Return the declared feature services."""
        rows = self.rows("select * from feature_services order by service")
        with reading(self.path):
            return [_service(row) for row in rows]


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what goes wrong with the catalog inside the block into UnreadableCatalog."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        first = str(error).split("\n")[0].rstrip(".")
        raise UnreadableCatalog(
            f"{path} was not read to its end: {first}. Give this command more memory, or write"
            " rows of fewer or shorter columns."
        ) from None
    except (duckdb.InterruptException, RuntimeError, OSError) as error:
        if "interrupt" in str(error).lower():
            raise KeyboardInterrupt from None  # Ctrl-C, as DuckDB tells it
        if not isinstance(error, OSError):  # so Arrow tells what DuckDB could not read
            raise
        raise _unreadable(path, error) from None
    except (duckdb.Error, KeyError, IndexError, TypeError, ValueError, WrongValue) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> UnreadableCatalog:
    first = str(error).strip().split("\n")[0].rstrip(".")
    return UnreadableCatalog(
        f"The published catalog {path} cannot be read: {first}."
        " Run `dbt build` to publish it anew (it names files by their full path, so a moved"
        " project needs that too)."
    )


def run_stamp(as_of: datetime) -> str:
    """Return a run's `as_of` (naive UTC) as the names of published files have it."""
    return f"{as_of:%Y%m%dT%H%M%S.%fZ}"


def quoted(identifier: str) -> str:
    """Return an identifier in double quotes."""
    return '"' + identifier.replace('"', '""') + '"'


def text_literal(text: str) -> str:
    """Return a text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def _spill_elsewhere(connection: duckdb.DuckDBPyConnection) -> None:
    """Let a large query spill to the system's folder: beside the catalog we may not write."""
    folder = Path(tempfile.gettempdir()) / f"provender-spill-{os.getpid()}"
    with suppress(duckdb.Error):  # another connection of this process has spilled already
        connection.execute(f"set temp_directory = {text_literal(str(folder))}")


def _definition(row: Row) -> Definition:
    return Definition(
        fingerprint=row["fingerprint"],
        view=row["view"],
        version=row["version"],
        entity=row["entity"],
        keys=tuple(map(KeyColumn.from_record, json.loads(row["keys"]))),
        features=tuple(json.loads(row["features"])),
        policies=json.loads(row["policies"]),
        owner=row["owner"],
    )


def _service(row: Row) -> ServiceRecord:
    return ServiceRecord(
        service=row["service"],
        owner=row["owner"],
        latency_budget_ms=row["latency_budget_ms"],
        views=tuple(map(ViewRef.from_record, json.loads(row["views"]))),
        features=tuple(map(ServiceFeature.from_record, json.loads(row["features"]))),
        keys=tuple(map(KeyColumn.from_record, json.loads(row["keys"]))),
        rollouts=tuple(map(Rollout.from_record, json.loads(row["rollouts"]))),
    )
