"""A small published catalog, made as the publish macros make one: the same files, the same SQL.

Values are lists in the order of the view's features; a run is the whole state of a view at its
`as_of`, and history follows from the states.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

Key = tuple[Any, ...]
State = dict[Key, tuple[Any, ...]]

START = datetime(2026, 3, 2)
POLICIES = {
    "ttl_seconds": 3600,
    "freshness_sla_seconds": 300,
    "otherwise": "default",
    "classification": "internal",
    "lag_seconds": 120,
    "backfill": "recompute",
}


ALLOWED = dict.fromkeys(("log", "push", "export"), "always")


def minute(number: int) -> datetime:
    """The as_of of a run, `number` minutes into the story; naive UTC."""
    return START + timedelta(minutes=number)


@dataclass
class View:
    """One view version: columns as {name: type}, and what its runs made of it."""

    name: str
    version: int
    keys: dict[str, str]
    features: dict[str, str]
    defaults: dict[str, Any] = field(default_factory=dict)
    null_is: dict[str, str] = field(default_factory=dict)
    policies: dict[str, Any] = field(default_factory=lambda: dict(POLICIES))
    allowed_uses: dict[str, str] = field(default_factory=lambda: dict(ALLOWED))
    tags: list[str] = field(default_factory=lambda: ["minutes"])
    removed_on: date | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    states: dict[datetime, State] = field(default_factory=dict)
    runs: list[datetime] = field(default_factory=list)

    @property
    def history(self) -> str:
        return f"{self.name}_v{self.version}_history"

    @property
    def fingerprint(self) -> str:
        columns = "-".join(f"{name}:{kind}" for name, kind in self.features.items())
        return f"{self.name}-{self.version}-{columns}"

    @property
    def last(self) -> State:
        return self.states[self.runs[-1]] if self.runs else {}


class PublishedProject:
    """A dbt project folder with a published catalog, and nothing of dbt in it."""

    def __init__(self, root: Path, project: str = "lender", target: str = "dev") -> None:
        self.root, self.project, self.target = root, project, target
        self.published = root / "published" / target
        self.views: dict[tuple[str, int], View] = {}
        self.services: list[dict[str, Any]] = []
        self.definitions: dict[str, dict[str, Any]] = {}
        self.builds: list[dict[str, Any]] = []
        self.extra: dict[str, str] = {}
        self.invocations = 0
        root.mkdir(parents=True, exist_ok=True)
        (root / "dbt_project.yml").write_text(f"name: {project}\n")

    @property
    def namespace(self) -> str:
        return f"{self.project}.{self.target}"

    @property
    def catalog(self) -> Path:
        return self.published / "catalog.duckdb"

    def view(self, name: str, version: int = 1, **columns: Any) -> View:
        view = View(name, version, **columns)
        self.views[name, version] = view
        return view

    def service(self, name: str, *views: View) -> None:
        refs = [{"view": view.name, "version": view.version} for view in views]
        features = [
            {"name": feature, "view": view.name, "version": view.version, "feature": feature}
            for view in views
            for feature in view.features
        ]
        keys = {key: kind for view in views for key, kind in view.keys.items()}
        self.services.append(
            {
                "service": name,
                "owner": "risk",
                "latency_budget_ms": 20,
                "views": refs,
                "features": features,
                "keys": [{"name": key, "type": kind} for key, kind in keys.items()],
                "rollouts": [],
            }
        )

    def build(
        self,
        view: View,
        as_of: datetime,
        state: Mapping[Any, tuple[Any, ...]],
        status: str = "success",
        message: str | None = None,
        *,
        said: bool = True,
    ) -> None:
        """Log one run of a view and publish; `said=False`: the build died before it ended."""
        self.invocations += 1
        invocation = f"invocation-{self.invocations}-{os.urandom(4).hex()}"
        keyed = {key if isinstance(key, tuple) else (key,): row for key, row in state.items()}
        _change_history(view, as_of, keyed)
        view.runs.append(as_of)
        view.states[as_of] = keyed
        self.definitions.setdefault(view.fingerprint, _definition(view, as_of))
        if said:
            self.log_build(view, as_of, status, message)
        run = {
            "view": view.name,
            "version": view.version,
            "history": view.history,
            "fingerprint": view.fingerprint,
            "as_of": as_of,
            "ended_at": as_of,
            "row_count": len(keyed),
            "columns": json.dumps(list(view.features)),
            "invocation_id": invocation,
            "git_commit": "abc123",
        }
        self._publish_run(view, as_of, run)
        self.publish()

    def log_build(
        self, view: View, as_of: datetime, status: str, message: str | None = None
    ) -> None:
        self.builds.append(
            {
                "view": view.name,
                "version": view.version,
                "as_of": as_of,
                "invocation_id": f"invocation-{self.invocations}",
                "finished_at": as_of + timedelta(seconds=len(self.builds)),
                "status": status,
                "message": message,
            }
        )

    def publish(self) -> None:
        """Write the tables and the catalog, as on-run-end does."""
        self._table("store", [{"project": self.project, "target": self.target, "format": 1}], STORE)
        self._table("definitions", list(self.definitions.values()), DEFINITIONS)
        self._table("builds", self.builds, BUILDS)
        self._table("feature_views", [_declared(view) for view in self.views.values()], VIEWS)
        self._table("feature_services", self.services, SERVICES)
        self._publish_catalog()

    def _publish_catalog(self) -> None:
        with duckdb.connect() as connection:
            folders = connection.sql(
                "select distinct regexp_extract(file, '([^/]+)/[^/]+$', 1),"
                " regexp_extract(file, '(latest|as_of=)[^/]*$', 1)"
                f" from glob('{self.published}/*/*.parquet')"
            ).fetchall()
        building = self.published / ".catalog.duckdb"
        building.unlink(missing_ok=True)
        with duckdb.connect(str(building)) as connection:
            for folder, kind in folders:
                connection.execute(f'create view "{folder}" as {self._read(folder, kind)}')
        building.replace(self.catalog)

    def table(self, name: str, sql: str) -> None:
        """Publish the result of a query as a table of the catalog."""
        self.copy(name, sql)
        self.publish()

    def _read(self, folder: str, kind: str) -> str:
        read = (
            f"select * from read_parquet('{self.published}/{folder}/{kind}*.parquet',"
            " union_by_name = true, hive_partitioning = false)"
        )
        if kind == "as_of=" and folder != "runs":
            read += (
                " qualify row_number() over (partition by scd_id order by valid_to nulls last) = 1"
            )
        return read

    def _publish_run(self, view: View, as_of: datetime, run: dict[str, Any]) -> None:
        changed = [
            {**row, "valid_to": None if (row["valid_to"] or as_of) > as_of else row["valid_to"]}
            for row in view.rows
            if as_of in (row["valid_from"], row["valid_to"])
        ]
        stamp = f"as_of={as_of:%Y%m%dT%H%M%S.%fZ}"
        columns = {
            **view.keys,
            **view.features,
            "scd_id": "varchar",
            "valid_from": "timestamp",
            "valid_to": "timestamp",
        }
        self._write(view.history, f"{stamp}.parquet", changed, columns)
        self._write("runs", f"{stamp}__{view.history}.parquet", [run], RUNS)

    def _table(self, name: str, rows: list[dict[str, Any]], columns: dict[str, str]) -> None:
        self._write(name, "latest.parquet", rows, columns)

    def _write(
        self, folder: str, file: str, rows: list[dict[str, Any]], columns: dict[str, str]
    ) -> None:
        path = self.published / folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        names = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        with duckdb.connect() as connection:
            connection.execute(f"create table t ({names})")
            values = [[_plain(row[name]) for name in columns] for row in rows]
            if values:
                connection.executemany(
                    f"insert into t values ({', '.join('?' * len(columns))})", values
                )
            connection.execute(f"copy t to '{path}' (format parquet, use_tmp_file true)")

    def copy(self, folder: str, sql: str) -> None:
        """Write the file of a table, and leave the catalog as it is."""
        path = self.published / folder / "latest.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect() as connection:
            connection.execute(f"copy ({sql}) to '{path}' (format parquet)")


def _change_history(view: View, as_of: datetime, state: State) -> None:
    """Close what is gone or different, open what is new or different: rule 5 in a few lines."""
    names = list(view.features)
    live = {tuple(row[key] for key in view.keys): row for row in view.rows if not row["valid_to"]}
    for key, row in live.items():
        if key not in state or tuple(row.get(name) for name in names) != state[key]:
            row["valid_to"] = as_of
    for key, values in state.items():
        if key not in live or live[key]["valid_to"]:
            view.rows.append(
                {
                    **dict(zip(view.keys, key, strict=True)),
                    **dict(zip(names, values, strict=True)),
                    "scd_id": f"{key}{as_of}",
                    "valid_from": as_of,
                    "valid_to": None,
                }
            )
    for row in view.rows:
        for name in names:
            row.setdefault(name, None)


def _definition(view: View, recorded_at: datetime) -> dict[str, Any]:
    return {
        "fingerprint": view.fingerprint,
        "definition_sql": "select 1",
        "view": view.name,
        "version": view.version,
        "entity": "entity",
        "keys": [{"name": name, "type": kind} for name, kind in view.keys.items()],
        "features": [
            {
                "name": name,
                "type": kind,
                "default": view.defaults.get(name),
                "null_is": view.null_is.get(name, "null"),
                "max_null_ratio": None,
            }
            for name, kind in view.features.items()
        ],
        "policies": view.policies,
        "owner": "risk",
        "recorded_at": recorded_at,
        "invocation_id": "invocation",
        "git_commit": "abc123",
    }


def _declared(view: View) -> dict[str, Any]:
    return {
        "view": view.name,
        "version": view.version,
        "owner": "risk",
        "tags": view.tags,
        "history": view.history,
        "unique_id": f"model.lender.{view.name}.v{view.version}",
        "description": f"What is known of {', '.join(view.keys)}.",
        "entity": "entity",
        "keys": [{"name": name, "type": kind} for name, kind in view.keys.items()],
        "declared_in": {},
        "classification": view.policies["classification"],
        "allowed_uses": view.allowed_uses,
        "ttl_seconds": view.policies["ttl_seconds"],
        "freshness_sla_seconds": view.policies["freshness_sla_seconds"],
        "deprecation_date": view.removed_on,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, list | dict):
        return json.dumps(value)
    return value.astimezone(UTC).replace(tzinfo=None) if _is_aware(value) else value


def _is_aware(value: Any) -> bool:
    return isinstance(value, datetime) and value.tzinfo is not None


def _texts(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "varchar")


STORE = {**_texts("project", "target"), "format": "integer"}
RUNS = {
    "view": "varchar",
    "version": "integer",
    **_texts("history", "fingerprint"),
    **dict.fromkeys(("as_of", "ended_at"), "timestamp"),
    "row_count": "bigint",
    **_texts("columns", "invocation_id", "git_commit"),
}
DEFINITIONS = {
    **_texts("fingerprint", "definition_sql", "view"),
    "version": "integer",
    **_texts("entity", "keys", "features", "policies", "owner"),
    "recorded_at": "timestamp",
    **_texts("invocation_id", "git_commit"),
}
BUILDS = {
    "view": "varchar",
    "version": "integer",
    "as_of": "timestamp",
    "invocation_id": "varchar",
    "finished_at": "timestamp",
    **_texts("status", "message"),
}
VIEWS = {
    "view": "varchar",
    "version": "integer",
    **_texts("owner", "tags", "history", "unique_id", "description", "entity", "keys"),
    **_texts("declared_in", "classification", "allowed_uses"),
    **dict.fromkeys(("ttl_seconds", "freshness_sla_seconds"), "bigint"),
    "deprecation_date": "date",
}
SERVICES = {
    **_texts("service", "owner"),
    "latency_budget_ms": "integer",
    **_texts("views", "features", "keys", "rollouts"),
}
