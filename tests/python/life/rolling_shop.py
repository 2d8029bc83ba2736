"""A shop whose service moves from version 1 of a view to version 2, with decisions flowing.

Version 2 of `spend` calls `spend_7d` `spent_7d`. What the service does is done by the real reader
and the real log, on a Redis of its own; each stage is declared, built by dbt and pushed.
"""

import json
import shutil
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from redis_server import RedisServer
from support import REPO, DbtProject, Row
from typer.testing import CliRunner, Result

from provender import DecisionLog, FeatureReader, ServedFeatures
from provender_ops import cli

PROJECT = Path(__file__).parents[1] / "kernel/project"
NAMESPACE = "provender.dev"
DAY = datetime(2026, 3, 2)
CUSTOMERS = [f"c{number}" for number in range(40)]
WATCHING = ("version_comparison", "served_definitions", "deprecations")
TAGS = """models:
  provender:
    decisions: {+tags: [monitor]}
    monitoring: {+tags: [monitor], +meta: {publish: true}}
"""
MONITORS = ("decisions", "decision_views", "decision_features", "version_comparison")

V2 = """
with spent as (
    select orders.customer_id, orders.amount, orders.occurred_at, orders.known_from,
    orders.known_until, orders.order_id from {{ ref('stg_orders') }} as orders
)

select
    spine.customer_id,
    spine.as_of,
    cast(count(spent.order_id) as integer) as orders_7d,
    cast(SUM as decimal(18, 2)) as spent_7d,
    cast(max(spent.amount) as decimal(18, 2)) as largest_7d
from {{ provender.spine('customer') }} as spine
left join spent
    on spine.customer_id = spent.customer_id
    and {{ provender.known_at('spent', 'spine.as_of') }}
    and {{ provender.in_window('spent.occurred_at', '7d', 'spine.as_of') }}
group by spine.customer_id, spine.as_of
"""
RIGHT = "sum(spent.amount)"
WRONG = (
    "case when spine.customer_id like '%5' then 100 * sum(spent.amount) else sum(spent.amount) end"
)

MONEY = "data_type: 'decimal(18,2)', config: {meta: {feature: {default: 0, null_is: default"
KEYS = """          - {name: customer_id, data_type: varchar}
          - {name: as_of, data_type: timestamp}
          - {name: orders_7d, data_type: integer, config: {meta: {feature: {default: 0}}}}
"""
VERSIONS = f"""    latest_version: 2
    versions:
      - v: 1
        deprecation_date: 2026-03-20
        columns:
{KEYS}          - {{name: spend_7d, {MONEY}}}}}}}}}
      - v: 2
        columns:
{KEYS}          - {{name: spent_7d, {MONEY}, renamed_from: spend_7d}}}}}}}}
          - {{name: largest_7d, {MONEY}}}}}}}}}
"""
TRAINED = """
select * from {{ provender.point_in_time_join(
    spine="(select 'c1' as customer_id, timestamp '2026-03-02 08:00' as as_of)",
    views=['spend@VERSION'], source='recompute'
) }} as joined
"""
CRITERION = {"differing": 0.05, "more_nulls": 0.01, "decisions": 30}


def at(hour: int, minute: int = 0) -> datetime:
    return DAY + timedelta(hours=hour, minutes=minute)


def rollout(stage: str, **share: float) -> dict[str, Any]:
    ends = {"from": 1, "to": 2, "stage": stage, **share}
    return {"rollouts": {"spend": {**ends, "roll_back_when": CRITERION}}}


def exposure(versions: Sequence[int], **more: Any) -> dict[str, Any]:
    sets = {"m1": "trained_1", "m2": "trained_2"}
    meta = {"latency_budget": "1s", "training_sets": sets, **more}
    return {
        "name": "offers",
        "type": "ml",
        "owner": {"name": "Offers"},
        "depends_on": [f"ref('spend', v={version})" for version in versions],
        "config": {"meta": {"feature_service": meta}},
    }


@dataclass
class Clock:
    """The time that the service's reader and log go by."""

    now: datetime = DAY

    def __call__(self) -> datetime:
        return self.now.replace(tzinfo=UTC)


class Shop:
    """The project, its Redis, and the service."""

    def __init__(self, folder: Path, redis: RedisServer) -> None:
        self.project, self.redis, self.clock = DbtProject(PROJECT, folder), redis, Clock()
        shutil.copytree(REPO / "models/decisions", folder / "models/decisions")
        self.project.edit("dbt_project.yml", "models:\n", TAGS)
        (folder / "models/monitoring").mkdir()
        for monitor in WATCHING:
            shutil.copy(REPO / f"models/monitoring/{monitor}.sql", folder / "models/monitoring")
        self._declare_versions()
        self._write_orders()
        client = redis.client()
        self.reader = FeatureReader(client, namespace=NAMESPACE, clock=self.clock)
        self.log = DecisionLog(redis.client(), namespace=NAMESPACE, bound=30)

    def declare(self, exposure: dict[str, Any], spent: str) -> None:
        """Write the exposure, and how version 2 sums up."""
        models = self.project.folder / "models"
        (models / "services.yml").write_text(json.dumps({"exposures": [exposure]}))
        (models / "spend_v2.sql").write_text(V2.replace("SUM", spent))

    def build(self, as_of: datetime, *select: str) -> None:
        """Build what is selected, at a moment at which all that was decided has landed."""
        run = self.project.build(
            *("--select", *select, "--exclude", "resource_type:test"), as_of=as_of.isoformat()
        )
        assert run.code == 0, run.output

    def push(self, now: datetime, code: int = 0) -> Result:
        return self.run("push-online", "--now", f"{now.isoformat()}Z", code=code)

    def run(self, *arguments: str, code: int = 0) -> Result:
        """Run a command of ours, which ends so."""
        where = ("--project-dir", str(self.project.folder))
        reached = () if arguments[0] in ("audit",) else ("--redis-url", self.redis.url)
        result = CliRunner().invoke(cli.app, [*arguments, *reached, *where], prog_name="provender")
        assert result.exit_code == code, result.output
        return result

    def read(self, now: datetime, customer: str) -> ServedFeatures:
        self.clock.now = now
        return self.reader.get("offers", customer_id=customer)

    def decide(self, now: datetime, model: str = "m1") -> dict[str, ServedFeatures]:
        """Decide for each customer once, log and land it; return what was served."""
        served = {customer: self.read(now, customer) for customer in CUSTOMERS}
        for customer, features in served.items():
            self.log.record(
                features,
                model_version=model,
                decision={"offer": str(features.to_dict()["orders_7d"])},
                decision_id=f"{now:%H%M}-{customer}",
                decided_at=now,
            )
        later = now + timedelta(minutes=1)
        self.run("land-decisions", "--now", f"{later.isoformat()}Z")
        return served

    def rows(self, sql: str) -> list[Row]:
        return self.project.query(sql)

    def status(self, now: datetime, code: int) -> dict[str, Any]:
        told = self.run("status", "--json", "--now", f"{now.isoformat()}Z", code=code)
        found: dict[str, Any] = json.loads(told.stdout)
        return found

    def warnings_of(self, now: datetime, name: str) -> list[str]:
        """Return what a process is told that reads a feature, as a process of its own would be."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert self.read(now, "c3")[name].value == Decimal("4.00")
        return [str(each.message) for each in caught]

    def _declare_versions(self) -> None:
        models, snapshots = (self.project.folder / part for part in ("models", "snapshots"))
        text = (models / "spend.yml").read_text()
        text = text[: text.rindex("    columns:")]  # those of spend, the last model
        (models / "spend.yml").write_text(text + VERSIONS)
        (models / "spend.sql").rename(models / "spend_v1.sql")
        for version in (1, 2):
            history = (self.project.folder / "snapshots/spend_history.yml").read_text()
            history = history.replace("spend_history", f"spend_v{version}_history")
            history = history.replace("ref('spend')", f"ref('spend', v={version})")
            (snapshots / f"spend_v{version}_history.yml").write_text(history)
            trained = TRAINED.replace("VERSION", str(version))
            (models / f"trained_{version}.sql").write_text(trained)
        (snapshots / "spend_history.yml").unlink()
        (self.project.folder / "tests/dbt/spend_is_right.sql").unlink()

    def _write_orders(self) -> None:
        rows = [
            {
                "order_id": customer,
                "customer_id": customer,
                "amount": Decimal(number + 1),
                "occurred_at": at(7),
                "loaded_at": at(7),
            }
            for number, customer in enumerate(CUSTOMERS)
        ]
        self.project.write("shop.orders", rows)
        self.project.write("shop.switch", [{"test_fails": False, "history_fails": False}])
