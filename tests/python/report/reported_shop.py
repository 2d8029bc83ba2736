"""A shop to report on: runs, pushes, a training set, decisions of some days, and its monitors.

`credit` reads `spend` and `profile`. On the last day its customers score higher than those it was
trained on, an hour of reads is slow, and somebody wrote over a score in Redis. One segment and one
description are HTML, which a page must show and never be.
"""

import json
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from landed_log import LoggedDecision, ServedView, land, land_push
from support import REPO, DbtProject

PROJECT = Path(__file__).parents[1] / "kernel/project"
LAST_DAY = datetime(2026, 3, 2)
MONITORED_AT = LAST_DAY + timedelta(hours=12)
CUSTOMERS = 240
MARKUP = "<script>document.title='taken'</script>"
SERVICE = {
    "exposures": [
        {
            "name": "credit",
            "type": "ml",
            "owner": {"name": "Risk"},
            "description": "Decides who may pay later.",
            "depends_on": ["ref('spend')", "ref('profile')"],
            "config": {
                "meta": {
                    "feature_service": {
                        "latency_budget": "20ms",
                        "training_sets": {"v1": "credit_training"},
                    }
                }
            },
        }
    ]
}
PROFILE = f"""
select
    spine.customer_id,
    spine.as_of,
    case cast(substr(spine.customer_id, 2) as integer) % 4
        when 0 then 'new' when 1 then 'regular' when 2 then '{MARKUP.replace("'", "''")}'
    end as segment,
    cast(
        50 + 10 * sin(cast(substr(spine.customer_id, 2) as integer))
        + case when spine.as_of >= timestamp '{LAST_DAY}' then 15 else 0 end
    as double) as score
from {{{{ provender.spine('customer') }}}} as spine
"""
COLUMNS = f"""
      - {{name: customer_id, data_type: varchar}}
      - {{name: as_of, data_type: timestamp}}
      - name: segment
        data_type: varchar
        description: {json.dumps("How long we know them. " + MARKUP)}
        config: {{meta: {{feature: {{default: new, max_null_ratio: 0.3}}}}}}
      - name: score
        data_type: double
        config: {{meta: {{feature: {{default: 50}}}}}}
"""
TRAINING = """
select * from {{ provender.point_in_time_join(
    spine="(select customer_id, timestamp '%s' as as_of from " ~ ref('customer') ~ " where true)",
    views=['spend', 'profile']
) }} as joined
"""


@dataclass(frozen=True)
class ReportedShop:
    """The project, built and watched; its runs in order."""

    project: DbtProject
    runs: list[datetime]


def make_shop(folder: Path, days: int) -> ReportedShop:
    """Build as many days, the last of them the one that is watched."""
    project = DbtProject(PROJECT, folder)
    for room in ("decisions", "monitoring"):
        shutil.copytree(REPO / "models" / room, folder / "models" / room)
    _declare(project, folder, days)
    project.write("shop.switch", [{"test_fails": False, "history_fails": False}])
    project.write("shop.orders", list(_orders(days)))
    runs = [LAST_DAY + timedelta(days=day, hours=8) for day in range(1 - days, 1)]
    for number, run in enumerate(runs, 1):
        # visits is computed once, and not refreshed
        views = ["spend", "profile", *(["visits"] if number == 1 else [])]
        upstream = ["customer", "stg_orders"] if number == 1 else []
        _build(project, run, *upstream, *views, *(f"{view}_history" for view in views))
        for view in ("spend", "profile"):
            land_push(folder, view, run, number)
    land(folder, "decisions", list(_decisions(project, runs)))
    _build(project, MONITORED_AT, "tag:monitor", "credit_training", "path:models/registry")
    return ReportedShop(project, runs)


def _declare(project: DbtProject, folder: Path, days: int) -> None:
    (folder / "models/_services.yml").write_text(json.dumps(SERVICE))
    (folder / "models/profile.sql").write_text(PROFILE)
    declared = (folder / "models/spend.yml").read_text().partition("  - name: spend\n")[2]
    config = declared.partition("    columns:")[0].replace(
        "freshness_sla: 30m, ttl: 1h", "freshness_sla: 1d, ttl: 2d"
    )
    (folder / "models/profile.yml").write_text(
        "models:\n  - name: profile\n    description: "
        + json.dumps("Who a customer is. " + MARKUP)
        + f"\n{config}    columns:{COLUMNS}"
    )
    history = (folder / "snapshots/spend_history.yml").read_text()
    (folder / "snapshots/profile_history.yml").write_text(history.replace("spend", "profile"))
    trained_at = LAST_DAY + timedelta(days=1 - days, hours=9)
    (folder / "models/credit_training.sql").write_text(TRAINING % trained_at)
    (folder / "models/credit_training.yml").write_text(
        "models: [{name: credit_training, config: {meta: {publish: true}}}]"
    )
    with (folder / "dbt_project.yml").open("a") as file:
        file.write("data_tests:\n  provender: {+severity: warn}\n")
    project.edit(
        "dbt_project.yml",
        "models:\n  +materialized: table\n",
        "models:\n  provender: {decisions: {+tags: [monitor]}, monitoring: {+tags: [monitor]},"
        " registry: {run_availability: {+tags: [monitor]}}}\n  +materialized: table\n",
    )


def _build(project: DbtProject, as_of: datetime, *select: str) -> None:
    left_out = ("--exclude", "resource_type:test")  # the monitors' tables have what those say
    run = project.build("--select", *select, *left_out, as_of=as_of.isoformat())
    assert run.code == 0, run.output


def _orders(days: int) -> Iterator[dict[str, object]]:
    first = LAST_DAY - timedelta(days=days + 1)
    for number in range(3 * CUSTOMERS):
        known = first + number * timedelta(days=days + 1) / (3 * CUSTOMERS)
        yield {
            "order_id": str(number),
            "customer_id": f"c{number % CUSTOMERS}",
            "amount": Decimal(number % 37) + Decimal("0.50"),
            "occurred_at": known,
            "loaded_at": known,
        }


def _decisions(project: DbtProject, runs: list[datetime]) -> Iterator[LoggedDecision]:
    """Each customer, some minutes apart, on each day after its run."""
    drawn = random.Random(5)
    for number, run in enumerate(runs, 1):
        rows = project.query(
            "select s.customer_id, orders_7d, coalesce(spend_7d, 0), segment, score from"
            " spend_history as s join profile_history as p using (customer_id) where"
            f" s.valid_from <= '{run}' and (s.valid_to is null or s.valid_to > '{run}') and"
            f" p.valid_from <= '{run}' and (p.valid_to is null or p.valid_to > '{run}') order by 1"
        )
        for place, (who, orders, spent, segment, score) in enumerate(rows):
            decided_at = run + timedelta(minutes=5, seconds=30 * place)
            is_slow = number == len(runs) and 100 <= place < 130
            is_wrong = number == len(runs) and place in (180, 181)
            spend = {"orders_7d": ("integer", orders), "spend_7d": ("decimal(18,2)", spent)}
            profile = {"segment": ("varchar", segment)}
            profile |= {"score": ("double", score + (1 if is_wrong else 0))}
            yield LoggedDecision(
                f"{who}-{run:%d}",
                decided_at,
                {"customer_id": who},
                [
                    ServedView("spend", run, spend, generation=number),
                    ServedView("profile", run, profile, generation=number),
                ],
                "credit",
                "v1",
                read_us=round(1000 * ((30 if is_slow else 2) + 4 * drawn.random())),
                waited_for=("retry" if place % 3 else "registry") if is_slow else None,
                number=CUSTOMERS * number + place,
            )
