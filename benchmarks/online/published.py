"""A published catalog written without dbt: the files and views that builds leave behind."""

import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from pyarrow import parquet

from benchmarks.data import KEY, SCORES, values
from benchmarks.online.world import PROJECT, TARGET, View, service, views

NIGHTS = 20  # runs after the first
NIGHTLY = 0.2  # the share of keys each of them changes: five rows a key in the end
USES = {
    "classification": "internal",
    "allowed_uses": json.dumps(dict.fromkeys(("log", "push", "export"), "always")),
}
STAMP = "%Y%m%dT%H%M%S.%fZ"


class Published:
    """A dbt project folder with a published catalog."""

    def __init__(self, folder: Path, keys: int) -> None:
        """Write the folder anew: a first run of all keys, then the nightly ones."""
        self.folder, self.keys = folder, keys
        self.root = folder / "published" / TARGET
        self.runs: list[datetime] = []
        self.rows = 0  # of all histories
        self._connection = duckdb.connect()  # what is open, a table a view
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "dbt_project.yml").write_text(f"name: {PROJECT}\n")
        last = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(hours=1)
        for night in range(NIGHTS + 1):
            self._run(last - timedelta(days=NIGHTS - night), NIGHTLY if night else 1)
        self._publish()

    @property
    def catalog(self) -> Path:
        """The published catalog."""
        return self.root / "catalog.duckdb"

    def change(self, share: float) -> None:
        """Publish a run, a minute after the last, with new values for a share of the keys."""
        self._run(self.runs[-1] + timedelta(minutes=1), share)
        self._publish()

    def live(self, view: View, keys: Sequence[int]) -> Mapping[int, Sequence[Any]]:
        """Return the features of some keys as history has them: nobody ever goes."""
        with duckdb.connect() as connection:
            rows = connection.execute(
                f"select {KEY}, {', '.join(SCORES)}"
                f" from '{self.root}/{view.history}/as_of=*.parquet' where {KEY} in $keys"
                f" qualify row_number() over (partition by {KEY} order by valid_from desc) = 1",
                {"keys": list(keys)},
            ).fetchall()
        return {key: values for key, *values in rows}

    def _run(self, as_of: datetime, share: float) -> None:
        self.runs.append(as_of)
        for view in views():
            self._connection.execute(_opened(view, len(self.runs), as_of, self.keys, share))
            self.rows += self._connection.execute("select count(*) from opened").fetchall()[0][0]
            if len(self.runs) == 1:
                self._connection.execute(f"create table {view.name} as from opened limit 0")
            self._copy(_changes(view, as_of), f"{view.history}/as_of={as_of:{STAMP}}")
            self._connection.execute(_replaced(view))
            self._table(
                f"runs/as_of={as_of:{STAMP}}__{view.history}", [_logged(view, as_of, self.keys)]
            )

    def _publish(self) -> None:
        last = {"as_of": self.runs[-1], "finished_at": self.runs[-1], "status": "success"}
        refs = [{"view": view.name, "version": 1} for view in views()]
        tables: Mapping[str, Sequence[Mapping[str, Any]]] = {
            "store": [{"project": PROJECT, "target": TARGET, "format": 1}],
            "definitions": [{**view.definition(), "recorded_at": self.runs[0]} for view in views()],
            "builds": [{**ref, **last, "message": ""} for ref in refs],
            "feature_views": [{**ref, "tags": '["minutes"]', **USES} for ref in refs],
            "feature_services": [service()],
        }
        for name, rows in tables.items():
            self._table(f"{name}/latest", rows)
        self._publish_catalog([*tables, "runs", *(view.history for view in views())])

    def _publish_catalog(self, folders: Sequence[str]) -> None:
        building = self.root / ".catalog.duckdb"
        building.unlink(missing_ok=True)
        with duckdb.connect(str(building)) as connection:
            for folder in folders:
                connection.execute(f"create view {folder} as {_catalog_view(self.root / folder)}")
        building.replace(self.catalog)

    def _copy(self, sql: str, name: str) -> None:
        path = self._path(name)
        self._connection.execute(f"copy ({sql}) to '{path}' (format parquet, compression zstd)")

    def _table(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        parquet.write_table(pa.Table.from_pylist(list(rows)), self._path(name))

    def _path(self, name: str) -> Path:
        path = self.root / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _opened(view: View, run: int, as_of: datetime, keys: int, share: float) -> str:
    """The rows that a run opens."""
    at = f"timestamp '{as_of}'"
    return f"""
        create or replace table opened as
        select
            {KEY},
            {at} as as_of,
            {values(list(SCORES), f"{KEY}, '{view.name}', {run}")},
            {at} as updated_at,
            {at} as valid_from,
            cast(null as timestamp) as valid_to,
            md5({KEY} || '|{as_of}') as scd_id
        from range({keys}) as keys({KEY})
        where hash({KEY}, 'changes', {run}) % 100000 < {round(share * 100_000)}
    """


def _changes(view: View, as_of: datetime) -> str:
    """What a run publishes: the rows it closes and the rows it opens."""
    return f"""
        select * replace (timestamp '{as_of}' as valid_to)
        from {view.name} semi join opened using ({KEY})
        union all
        from opened
    """


def _replaced(view: View) -> str:
    return f"""
        delete from {view.name} where {KEY} in (select {KEY} from opened);
        insert into {view.name} from opened
    """


def _logged(view: View, as_of: datetime, keys: int) -> Mapping[str, Any]:
    return {
        "view": view.name,
        "version": 1,
        "history": view.history,
        "fingerprint": view.name,
        "as_of": as_of,
        "ended_at": as_of,
        "row_count": keys,
        "columns": json.dumps(list(SCORES)),
        "invocation_id": f"run of {as_of}",
        "git_commit": "unknown",
    }


def _catalog_view(folder: Path) -> str:
    """The SQL that a build publishes."""
    is_history = folder.name.endswith("_history")
    files = folder / (
        "as_of=*.parquet" if is_history or folder.name == "runs" else "latest*.parquet"
    )
    read = f"select * from read_parquet('{files}', union_by_name = true, hive_partitioning = false)"
    closed_first = (
        " qualify row_number() over (partition by scd_id order by valid_to nulls last) = 1"
    )
    return read + (closed_first if is_history else "")
