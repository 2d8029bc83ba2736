"""A shop whose past was changed behind its back, its training sets, and what watches over both.

Runs at 08:00 and 10:00. Then an order of the morning is changed in place, and one is delivered that
says it was loaded before the second run. At 12:00 training sets are built, honest and others.
"""

import json
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from support import REPO, DbtProject, DbtRun, Dump

DAY = datetime(2026, 3, 2)
PROJECT = Path(__file__).parent / "project"
HISTORIES = ("spend_history", "visits_history", "ranks_history")
COMPILED = "target/compiled/provender/models/monitoring/late_data.sql"


def at(hour: int, minute: int = 0) -> datetime:
    return DAY + timedelta(hours=hour, minutes=minute)


def order(order_id: str, customer: str, amount: str, known: datetime) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "customer_id": customer,
        "amount": Decimal(amount),
        "occurred_at": known,
        "loaded_at": known,
    }


ORDERS = [
    order("1", "c1", "10.50", at(7)),
    order("2", "c2", "3.00", at(7)),
    order("3", "c1", "4.25", at(9, 30)),
    order("4", "c9", "1.00", at(7)),
    order("5", "c9", "-1.00", at(9)),  # closes its account
]

# Each asks for spend (ttl 1 h, SLA 30 m) at another distance from the runs.
LABELS = [
    ("c1", at(7)),  # before anything
    ("c1", at(8, 20)),
    ("c1", at(8, 50)),  # stale
    ("c1", at(9, 50)),  # expired
    ("c1", at(10, 10)),
    ("c1", at(10, 10)),
    ("c2", at(10, 20)),
    ("c9", at(10, 20)),  # gone
    (None, at(10, 20)),
    ("c2", at(11, 30)),  # expired
]

JOIN = "provender.point_in_time_join(spine=source('shop', 'labels'), views={views}, {options})"
JOINED = "select * from {{{{ " + JOIN + " }}}} as joined"
BOTH = "['spend', 'visits']"
MINE = "keys={'customer_id': 'who'}, as_of='asked_at'"
# The join that one writes first: what is true today, beside what was asked then.
NAIVE = """
select labels.n, labels.who, labels.asked_at, spend.orders_7d as spend__orders_7d, spend.spend_7d
from {{ source('shop', 'labels') }} as labels
left join {{ ref('spend_history') }} as spend
    on labels.who = spend.customer_id and spend.valid_to is null
"""
FROM_JOINED = "select * replace ({}) from {{{{ ref('joined') }}}}"
WITHOUT_METADATA = (
    "select n, who, asked_at, spend__orders_7d, spend_7d, flag from {{ ref('joined') }}"
)
RUN = "timestamp '2026-03-02 10:00'"

MODELS = {
    "joined": JOINED.format(views=BOTH, options=MINE),
    "honest": "select * from {{ ref('joined') }}",
    "bare": WITHOUT_METADATA,
    "naive": NAIVE,
    "tampered": FROM_JOINED.format("case when n = 4 then 999 else spend_7d end as spend_7d"),
    # The row of 08:50 says that it has the values of 10:00.
    "later": FROM_JOINED.format(
        "case when n = 2 then 2 else spend__orders_7d end as spend__orders_7d,"
        f" case when n = 2 then {RUN} else spend__as_of end as spend__as_of"
    ),
    # The row of 09:50 has the values of 08:00 as if they still held.
    "expired_as_ok": FROM_JOINED.format(
        "case when n = 3 then 'ok' else spend__status end as spend__status, case when n = 3 then 1"
        " else spend__orders_7d end as spend__orders_7d"
    ),
    "then_joined": JOINED.format(
        views="['spend']", options=f"{MINE}, policy='then', max_age='25m'"
    ),
    "recomputed": JOINED.format(views="['visits']", options=f"{MINE}, source='recompute'"),
    "mixed": JOINED.format(
        views="['spend']", options=f"{MINE}, source=['history', 'backfill'], metadata=true"
    ),
    "mixed_honest": "select * from {{ ref('mixed') }}",
    "mixed_tampered": (
        "select * replace (spend_7d + (n = 0)::int as spend_7d) from {{ ref('mixed') }}"
    ),
    "plain": JOINED.format(views=BOTH, options=f"{MINE}, metadata=false"),
}

Arguments = dict[str, Any]
KEYS: Arguments = {"at": "asked_at", "keys": {"customer_id": "who"}}
KNOWN: Arguments = {"views": ["spend", "visits"], **KEYS}
SPEND: Arguments = {"views": ["spend"], **KEYS}
THEN: Arguments = {**SPEND, "policy": "then", "max_age": "25m"}
MIXED: Arguments = {**SPEND, "source": ["history", "backfill"]}
VISITS: Arguments = {"views": ["visits"], **KEYS, "source": "recompute"}

# name of the test -> model, arguments, where
KNOWN_AT_LABEL_TIME: dict[str, tuple[str, Arguments, str | None]] = {
    "honest_set": ("honest", KNOWN, None),
    "bare_set": ("bare", SPEND, None),
    "naive_set": ("naive", SPEND, None),
    "tampered_set": ("tampered", KNOWN, None),
    "tampered_elsewhere": ("tampered", KNOWN, "n <> 4"),
    "later_set": ("later", KNOWN, None),
    "expired_set": ("expired_as_ok", KNOWN, None),
    "then_set": ("then_joined", THEN, None),
    "then_set_as_now": ("then_joined", SPEND, None),
    "recomputed_set": ("recomputed", VISITS, None),
    "recomputed_set_as_history": ("recomputed", {**VISITS, "source": "history"}, None),
    "mixed_set": ("mixed_honest", MIXED, None),
    "mixed_set_tampered": ("mixed_tampered", MIXED, None),
    "refused_source": ("mixed_honest", SPEND, None),
    "refused_columns": ("honest", {"views": ["spend"], "at": "asked"}, None),
    "refused_options": ("honest", {**KNOWN, "policy": "never", "max_age": "soon"}, None),
    "refused_view": ("bare", KNOWN, None),
}
ABSENT_SHARE: dict[str, tuple[str, Arguments]] = {
    "shares_at_the_limit": (
        "honest",
        {"max_missing": 0.2, "max_not_computed": 0.4, "max_expired": 0.2, "max_backfilled": 0},
    ),
    "shares_above": (
        "honest",
        {"max_missing": 0.19, "max_not_computed": 0.39, "max_expired": 0.19},
    ),
    "shares_of_one_view": ("honest", {"views": ["visits"], "max_expired": 0}),
    "shares_of_backfill": ("mixed_honest", {"max_backfilled": 0.09}),
    "shares_refused": ("honest", {"max_missing": 1.5, "max_expired": -0.1}),
    "shares_not_declared": ("honest", {}),
    "shares_without_status": ("plain", {"max_missing": 0.5}),
    "shares_of_another_view": ("recomputed", {"views": ["spend"], "max_missing": 0.5}),
}


@dataclass(frozen=True)
class Watched:
    """The shop at noon: the run that built its training sets, and the report as compiled then."""

    project: DbtProject
    run: DbtRun
    report: str
    history: dict[str, Dump | None]  # before the past was changed

    def failures(self, test: str) -> list[dict[str, Any]]:
        """Return the rows that a test found."""
        with duckdb.connect(str(self.project.database), read_only=True) as store:
            return named(store, f"from main_dbt_test__audit.{test} order by all")

    def late(self, *damage: str, report: str | None = None) -> list[dict[str, Any]]:
        """Return what the report says after some more damage, which is then undone."""
        with duckdb.connect(str(self.project.database)) as store:
            store.begin()
            for statement in damage:
                store.execute(statement)
            found = named(store, f"from ({report or self.report}) order by view, as_of, feature")
            store.rollback()
        return found


def named(store: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    cursor = store.execute(sql)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def watched_shop(folder: Path) -> Watched:
    project = DbtProject(PROJECT, folder)
    (folder / "models/monitoring").mkdir()
    for name in ("late_data.sql", "late_data.yml"):
        shutil.copy(REPO / "models/monitoring" / name, folder / "models/monitoring")
    prepare(project)
    built(project, as_of=at(8))
    change_definitions(project)
    # What visits reads is built anew; visits is not.
    built(project, "visits", "visits_history", as_of=at(10))
    history = {name: project.dump(name) for name in HISTORIES}
    change_the_past(project)
    fill_by_hand(project)
    write_trainings(project)
    run = project.build("--select", "path:models/trained", "late_data", as_of=at(12).isoformat())
    return Watched(project, run, (folder / COMPILED).read_text(), history)


def built(project: DbtProject, *without: str, as_of: datetime) -> None:
    run = project.build(
        *("--exclude", "late_data", "resource_type:test", *without),
        as_of=as_of.isoformat(),
        allow_shrink=["spend", "ranks"],
    )
    assert run.code == 0, run.output


def prepare(project: DbtProject) -> None:
    """Write the sources; give visits staging of its own, and beside it a view not to recompute."""
    project.write("shop.switch", [{"test_fails": False, "history_fails": False}])
    project.write("shop.orders", ORDERS)
    labels = [
        {"n": n, "who": who, "asked_at": asked_at, "orders_7d": -n}
        for n, (who, asked_at) in enumerate(LABELS)
    ]
    project.write("shop.labels", labels, {"n": "integer", "orders_7d": "integer"})
    project.edit(
        "models/_sources.yml", "      - name: switch", "      - name: labels\n      - name: switch"
    )
    for path in ("models/visits.sql", "models/visits.yml", "snapshots/visits_history.yml"):
        text = (project.folder / path).read_text().replace("orders_ever", "rank_of_orders")
        text = text.replace("backfill: recompute", "backfill: none, backfill_reason: no past")
        (project.folder / path.replace("visits", "ranks")).write_text(
            text.replace("visits", "ranks")
        )
    staged = "{{ config(materialized='view') }} select * from {{ ref('stg_orders') }}"
    (project.folder / "models/stg_visits.sql").write_text(staged)
    project.edit("models/visits.sql", "stg_orders", "stg_visits")


def change_definitions(project: DbtProject) -> None:
    """Give spend a feature and a lag that its first run did not have, and visits other staging."""
    project.edit(
        "models/spend.sql",
        "    spine.as_of,\n    cast(count",
        "    spine.as_of,\n    1 as flag,\n    cast(count",
    )
    project.edit(
        "models/spend.yml",
        "      - name: orders_7d\n",
        "      - name: flag\n        data_type: integer\n"
        "        config: {meta: {feature: {default: 7}}}\n      - name: orders_7d\n",
    )
    project.edit("models/spend.yml", "lag: 2m", "lag: 3m")
    project.edit("models/stg_visits.sql", "select *", "select * /* or so */")


def change_the_past(project: DbtProject) -> None:
    project.execute("update shop.orders set amount = amount + 100 where order_id = '1'")
    project.execute(ordered("6", "c2", "7.00", at(9, 15)))


def ordered(order_id: str, customer: str, amount: str, known: datetime) -> str:
    """Return the SQL that delivers an order which says that it was loaded then."""
    return (
        "insert into shop.orders by name select"
        f" '{order_id}' as order_id, '{customer}' as customer_id, {amount} as amount,"
        f" timestamp '{known}' as occurred_at, timestamp '{known}' as loaded_at"
    )


def fill_by_hand(project: DbtProject) -> None:
    """One slot of a backfill, as `provender backfill` would fill it."""
    project.execute(
        "create table spend_backfill as select 'c1' as customer_id, timestamp '2026-03-02 06:30' as"
        " as_of, 1 as flag, 5 as orders_7d, 5.50::decimal(18, 2) as spend_7d"
    )
    project.execute(
        "insert into main_provender.backfill_log by name select 'spend' as view, 1 as version,"
        " unnest(['flag', 'orders_7d', 'spend_7d']) as feature, timestamp '2026-03-02 06:30' as"
        " as_of, 3600 as step_seconds, 'f' as fingerprint, 1 as row_count"
    )


def write_trainings(project: DbtProject) -> None:
    tests: dict[str, list[dict[str, Any]]] = {name: [] for name in MODELS}
    for name, (model, arguments, where) in KNOWN_AT_LABEL_TIME.items():
        config = {"store_failures": True, **({"where": where} if where else {})}
        test = {"name": name, "arguments": arguments, "config": config}
        tests[model].append({"provender.known_at_label_time": test})
    for name, (model, arguments) in ABSENT_SHARE.items():
        test = {"name": name, "arguments": arguments, "config": {"store_failures": True}}
        tests[model].append({"provender.absent_share": test})
    folder = project.folder / "models/trained"
    folder.mkdir()
    for name, sql in MODELS.items():
        (folder / f"{name}.sql").write_text(sql)
    models = [{"name": name, "data_tests": tests[name]} for name in MODELS]
    (folder / "trained.yml").write_text(json.dumps({"models": models}))  # JSON is YAML
