"""A shop with two views, a service and a real Redis, its monitors, and damage that is really done.

`spend` is built every half hour from 07:00 and pushed, and the service reads it; `visits` is built
at 07:00 for the day, is deprecated, and nobody reads it. The monitors run at 07:50, when all is
well. What they say of other moments and of other damage, their compiled SQL tells.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from support import REPO, DbtProject, DbtRun
from typer.testing import CliRunner, Result

from provender_ops import cli

DAY = datetime(2026, 3, 2)
PROJECT = Path(__file__).parents[1] / "kernel/project"
BUDGET_MS = 200
MONITORS = (
    "source_lag",
    "null_ratios",
    "freshness",
    "push_health",
    "read_latency",
    "read_availability",
    "feature_use",
    "success_measures",
    "alerts",
)
WARN = """
data_tests:
  provender:
    monitoring: {+severity: warn, +tags: [monitor]}
"""
SERVICE = {
    "exposures": [
        {
            "name": "credit",
            "type": "ml",
            "owner": {"name": "Risk"},
            "depends_on": ["ref('spend')"],
            "config": {"meta": {"feature_service": {"latency_budget": f"{BUDGET_MS}ms"}}},
        }
    ]
}
REPLACED = """
vars:
  provender:
    replaced_pipelines:
      - {name: spend_etl, owner: risk, replaced_by: [spend], gone_on: 2026-03-01}
      - {name: orders_job, owner: shop, replaced_by: [spend], gone_on: "2026-03-03"}
      - {name: visits_sheet, owner: shop, replaced_by: [visits]}
"""
VIEW = pa.struct(
    [
        ("view", pa.string()),
        ("version", pa.int32()),
        ("fingerprint", pa.string()),
        ("generation", pa.int64()),
        ("as_of", pa.timestamp("us")),
        ("age_us", pa.int64()),
        ("status", pa.string()),
        ("cached", pa.bool_()),
        *[(name, pa.list_(pa.string())) for name in ("names", "features", "types", "values")],
        ("statuses", pa.list_(pa.string())),
        ("is_default", pa.list_(pa.bool_())),
        ("hashed", pa.bool_()),
    ]
)
DECISION_LOG = pa.schema(
    [
        *[(name, pa.string()) for name in ("stream_id", "decision_id", "namespace", "writer")],
        *[(name, pa.int64()) for name in ("number", "refused")],
        *[(name, pa.string()) for name in ("service", "model_version")],
        *[(name, pa.timestamp("us")) for name in ("decided_at", "read_at")],
        ("read_us", pa.int64()),
        *[(name, pa.string()) for name in ("waited_for", "keys", "request", "decision", "outside")],
        ("views", pa.list_(VIEW)),
        ("landed_at", pa.timestamp("us")),
        ("mac", pa.string()),
    ]
)


def at(hour: int, minute: int = 0, second: int = 0) -> datetime:
    return DAY + timedelta(hours=hour, minutes=minute, seconds=second)


@dataclass(frozen=True)
class Decision:
    """A decision as it lands; each view it read by its status."""

    decided_at: datetime
    read_ms: float = 1.0
    waited_for: str | None = None
    status: str = "ok"
    outside: dict[str, Any] | None = None

    def row(self, number: int) -> dict[str, Any]:
        return {
            "stream_id": f"{number}-0",
            "decision_id": f"d{number}",
            "namespace": "provender.dev",
            "writer": "w",
            "number": number,
            "refused": 0,
            "service": "credit",
            "model_version": "v1",
            "decided_at": self.decided_at,
            "read_at": self.decided_at,
            "read_us": round(self.read_ms * 1000),
            "waited_for": self.waited_for,
            "keys": '{"customer_id": "c1"}',
            "request": None,
            "decision": "{}",
            "outside": None if self.outside is None else json.dumps(self.outside),
            "views": [_read_of_spend(self.status)],
            "landed_at": self.decided_at,
            "mac": None,
        }


def _read_of_spend(status: str) -> dict[str, Any]:
    features = ["orders_7d", "spend_7d"]
    count = len(features)
    return {
        "view": "spend",
        "version": 1,
        "fingerprint": "f",
        "generation": 1,
        "as_of": at(7),
        "age_us": 0,
        "status": status,
        "cached": False,
        "names": features,
        "features": features,
        "types": ["integer"] * count,
        "values": ["1"] * count,
        "statuses": [status] * count,
        "is_default": [False] * count,
        "hashed": True,  # what the values were is not looked at here
    }


@dataclass
class Shop:
    """The project, the Redis it pushes into, and what its monitors say."""

    project: DbtProject
    redis_url: str
    decisions: list[Decision] = field(default_factory=list)

    def build(self, as_of: datetime, *select: str) -> DbtRun:
        chosen = ["--select", *select] if select else []
        return self.project.build(
            *chosen, "--exclude", "tag:monitor", "resource_type:test", as_of=as_of.isoformat()
        )

    def push(self, now: datetime, *select: str, redis_url: str | None = None) -> Result:
        chosen = [part for each in select for part in ("--select", each)]
        return self.run(
            "push-online", "--now", f"{now.isoformat()}Z", "--redis-url",
            redis_url or self.redis_url, *chosen,
        )  # fmt: skip

    def run(self, *arguments: str) -> Result:
        folder = ("--project-dir", str(self.project.folder))
        result = CliRunner().invoke(cli.app, [*arguments, *folder], prog_name="provender")
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    def land(self, decisions: Sequence[Decision]) -> None:
        """Land decisions as `land-decisions` does."""
        folder = self.project.folder / "landing/dev/decision_log/day=2026-03-02"
        folder.mkdir(parents=True, exist_ok=True)
        self._write(decisions, folder / f"{len(self.decisions)}.parquet")

    def decided(self, decisions: Sequence[Decision]) -> str:
        """Return the SQL that adds decisions to the model, as its next build would."""
        path = self.project.folder / f"decided-{len(self.decisions)}.parquet"
        self._write(decisions, path)
        columns = ", ".join(
            name
            for (name,) in self.project.query(
                "select column_name from information_schema.columns where table_name = 'decisions'"
            )
        )
        return f"insert into main.decisions ({columns}) select {columns} from '{path}'"

    def _write(self, decisions: Sequence[Decision], path: Path) -> None:
        first = len(self.decisions) + 1
        self.decisions += decisions
        rows = [decision.row(number) for number, decision in enumerate(decisions, start=first)]
        pq.write_table(pa.Table.from_pylist(rows, DECISION_LOG), path)

    def monitor(self, as_of: datetime) -> DbtRun:
        return self.project.build("--select", "tag:monitor", as_of=as_of.isoformat())

    def copy(self, folder: Path) -> "Shop":
        """Return another shop that was the same until now; its logs are read where it is."""
        shutil.copytree(self.project.folder, folder)
        other = object.__new__(DbtProject)
        other.folder, other.database = folder, folder / "store.duckdb"
        return Shop(other, self.redis_url, list(self.decisions))

    @contextmanager
    def asked(self, as_of: datetime, *damage: str) -> Iterator["Asked"]:
        """Run the monitors' compiled SQL at another moment after some damage, then undo both."""
        compiled = self.project.folder / "target/compiled/provender/models/monitoring"
        with duckdb.connect(str(self.project.database)) as store:
            store.execute("set timezone = 'UTC'")
            store.begin()
            for statement in damage:
                store.execute(statement)
            for monitor in MONITORS:
                sql = (compiled / f"{monitor}.sql").read_text()
                then = sql.replace("2026-03-02 07:50:00.000000", f"{as_of}.000000")
                kind = "view" if monitor == "alerts" else "table"
                store.execute(f"create or replace {kind} main.{monitor} as {then}")
            yield Asked(store)
            store.rollback()

    def findings(self, as_of: datetime, *damage: str) -> set["Finding"]:
        with self.asked(as_of, *damage) as asked:
            return asked.findings()


Finding = tuple[str, str, str | None, datetime | None]  # monitor, subject, feature, since


@dataclass(frozen=True)
class Asked:
    """What the monitors say."""

    store: duckdb.DuckDBPyConnection

    def rows(self, sql: str) -> list[dict[str, Any]]:
        cursor = self.store.execute(sql)
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def row(self, sql: str) -> dict[str, Any]:
        (row,) = self.rows(sql)
        return row

    def findings(self) -> set[Finding]:
        rows = self.rows("from alerts")
        for row in rows:  # an alert is a sentence, has an owner, and says what to do
            assert row["finding"].endswith("."), row
            assert row["owner"]
            assert row["what_to_do"].endswith("."), row
        found = [(row["monitor"], row["subject"], row["feature"], row["since"]) for row in rows]
        assert len(found) == len(set(found))
        return set(found)


def make_shop(folder: Path, redis_url: str) -> Shop:
    """Declare everything; nothing is built."""
    project = DbtProject(PROJECT, folder)
    shutil.copytree(REPO / "models/monitoring", folder / "models/monitoring")
    shutil.copytree(REPO / "models/decisions", folder / "models/decisions")
    project.write("shop.switch", [{"test_fails": False, "history_fails": False}])
    project.edit(
        "models/_sources.yml", "warn_after: {count: 1, period: day}",
        "warn_after: {count: 1, period: hour}",
    )  # fmt: skip
    (folder / "models/_services.yml").write_text(json.dumps(SERVICE))
    with (folder / "dbt_project.yml").open("a") as file:
        file.write(REPLACED)
    project.edit("models/customer.sql", "alive='amount > 0'", "alive='coalesce(amount, 1) > 0'")
    # null where the last order has no amount
    project.edit(
        "models/spend.sql",
        "sum(orders.amount)",
        "last(orders.amount order by orders.occurred_at, orders.order_id)",
    )
    project.edit(
        "models/visits.yml",
        "  - name: visits\n",
        "  - name: visits\n    deprecation_date: 2026-01-31\n",
    )
    with (folder / "dbt_project.yml").open("a") as file:
        file.write(WARN)
    project.edit(
        "dbt_project.yml",
        "models:\n  +materialized: table\n",
        "models:\n  provender: {decisions: {+tags: [monitor]}, monitoring: {+tags: [monitor]},"
        " registry: {run_availability: {+tags: [monitor]}}}\n  +materialized: table\n",
    )
    return Shop(project, redis_url)


def order(number: int, customer: str, amount: str | None, known: datetime) -> dict[str, Any]:
    """An order that was loaded two minutes after it was placed."""
    return {
        "order_id": str(number),
        "customer_id": customer,
        "amount": None if amount is None else Decimal(amount),
        "occurred_at": known - timedelta(minutes=2),
        "loaded_at": known,
    }
