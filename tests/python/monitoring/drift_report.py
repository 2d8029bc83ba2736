"""The compiled SQL of the model `drift`, run over tables that a test fills itself."""

import json
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from support import REPO, DbtProject

TEMPLATE = Path(__file__).parent / "drifting"
COMPILED = "target/compiled/provender/models/monitoring/drift.sql"
COMPILED_AT = datetime(2026, 3, 2)
DEFAULTS = {"varchar": "none", "boolean": False, "date": "2026-01-01", "timestamp": "2026-01-01"}
Row = dict[str, Any]

LOGS = """
create schema main_provender;
create table decisions (
    decision_id varchar, service varchar, model_version varchar, decided_at timestamp, keys varchar
);
create table decision_features (
    decision_id varchar, name varchar, as_of timestamp, status varchar, value varchar,
    role varchar default 'decides'
);
create table main_provender.run_log (
    view varchar, version integer, history varchar, fingerprint varchar, as_of timestamp,
    ended_at timestamp, row_count bigint, columns varchar, invocation_id varchar, git_commit varchar
);
create table main_provender.cut_log (view varchar, version integer, kept_from timestamp);
"""


class DriftReport:
    """A service `scoring` that reads these features of the view `profile`, {name: type}.

    Its model version v1 was trained on the table `profile_training`: `customer_id`, the features,
    and with `tells_absence` also `profile__as_of` and `profile__status`.
    """

    def __init__(
        self,
        folder: Path,
        features: Mapping[str, str],
        *,
        tells_absence: bool = True,
        tells_not_computed: bool = False,
        view: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        self.features = dict(features)
        columns = {"customer_id": "bigint", **features}
        if tells_absence:
            columns |= {"profile__as_of": "timestamp", "profile__status": "varchar"}
        if tells_not_computed:
            columns["profile__not_computed"] = "varchar"
        self.training = ", ".join(f'"{name}" {type_}' for name, type_ in columns.items())
        self.project = DbtProject(TEMPLATE, folder)
        shutil.copytree(REPO / "models/decisions", folder / "models/decisions")
        (folder / "models/monitoring").mkdir()
        for name in ("drift.sql", "drift.yml"):
            shutil.copy(REPO / "models/monitoring" / name, folder / "models/monitoring")
        (folder / "models/profile.yml").write_text(json.dumps(_declared(features, view or {})))
        self.project.execute(f"create table profile_training ({self.training})")
        done = self.project.dbt(
            *("compile", "--select", "drift"),
            as_of=COMPILED_AT.isoformat(),
            provender={"drift": settings},
        )
        assert done.code == 0, done.output
        self.sql = (folder / COMPILED).read_text()

    def store(self) -> duckdb.DuckDBPyConnection:
        """Return an empty store in memory."""
        store = duckdb.connect()
        store.execute("set threads = 2; set timezone = 'UTC'")
        store.execute("attach ':memory:' as store; use store;" + LOGS)
        store.execute(f"create table profile_training ({self.training})")
        named = ", ".join(f'"{name}" {type_}' for name, type_ in self.features.items())
        store.execute(
            f"create table profile_history (customer_id bigint, {named},"
            " valid_from timestamp, valid_to timestamp)"
        )
        return store

    def rows(self, store: duckdb.DuckDBPyConnection, as_of: datetime = COMPILED_AT) -> list[Row]:
        """Return what the model says at a moment."""
        then, now = (f"'{at:%Y-%m-%d %H:%M:%S.%f}'" for at in (COMPILED_AT, as_of))
        cursor = store.execute(f"from ({self.sql.replace(then, now)}) order by all")
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _declared(features: Mapping[str, str], view: Mapping[str, Any]) -> dict[str, Any]:
    policies = {
        **{"entity": "customer", "freshness_sla": "1d", "ttl": "2d", "otherwise": "default"},
        **{"classification": "internal", "lag": "2m", "backfill": "recompute"},
    }
    columns = [
        {
            "name": name,
            "data_type": type_,
            "config": {"meta": {"feature": {"default": DEFAULTS.get(type_, 0)}}},
        }
        for name, type_ in features.items()
    ]
    keys = [
        {"name": "customer_id", "data_type": "bigint"},
        {"name": "as_of", "data_type": "timestamp"},
    ]
    config = {
        "group": "risk",
        "contract": {"enforced": True},
        "meta": {"feature_view": {**policies, **view}},
    }
    return {"models": [{"name": "profile", "config": config, "columns": keys + columns}]}
