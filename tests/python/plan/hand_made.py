"""A small state of definitions, made by hand: a view, what it is made of, and who reads it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from provender_ops.definitions.declarations import (
    Column,
    Declarations,
    Entity,
    Feature,
    Model,
    Service,
    Source,
    View,
)
from provender_ops.plan.planned import Plan, make_plan

NOW = datetime(2026, 3, 2, 12)
KEYS = (Column("customer_id", "integer"),)
SQL = """with payments as (select * from "model.shop.stg_payments"),
final as (
    select
        spine.customer_id, spine.as_of,
        count(payments.id) as payments, sum(payments.amount) as spend
    from __provender_spine__ as spine
    left join payments on spine.customer_id = payments.customer_id and payments.at <= spine.as_of
    group by spine.customer_id, spine.as_of
)
select * from final"""
STAGING = 'select id, customer_id, amount, at from "source.shop.raw.payments" where id is not null'
POLICIES = {
    "ttl_seconds": 3600,
    "freshness_sla_seconds": 1800,
    "otherwise": "default",
    "classification": "internal",
    "log_values": True,
    "lag_seconds": 120,
    "backfill": "recompute",
    "backfill_reason": None,
    "retention_seconds": None,
}
ACTIVITY = View(
    unique_id="model.shop.activity",
    name="activity",
    version=1,
    entity="customer",
    keys=KEYS,
    features=(Feature("payments", "integer", 0), Feature("spend", "decimal(18,2)", 0)),
    policies=POLICIES,
    owner="risk",
    tags=("minutes",),
)
CREDIT = Service(
    name="credit",
    owner="Growth",
    views=("activity@1",),
    features=(("activity@1", "payments"), ("activity@1", "spend")),
    latency_budget_ms=20,
    training_sets={"v1": "model.shop.credit_training"},
    names=("payments", "spend"),
)
MODELS = (
    Model(
        "model.shop.activity", "activity", SQL, ("model.shop.customer", "model.shop.stg_payments")
    ),
    Model("model.shop.stg_payments", "stg_payments", STAGING, ("source.shop.raw.payments",)),
    Model(
        "model.shop.customer",
        "customer",
        'select customer_id, live_from, live_until from "source.shop.raw.customers"',
        ("source.shop.raw.customers",),
    ),
    Model("model.shop.credit_training", "credit_training", "select 1", ("model.shop.activity",)),
    Model("model.shop.dashboard", "dashboard", "select 1", ("model.shop.activity",)),
)
SHOP = Declarations(
    views={"activity@1": ACTIVITY},
    entities={"customer": Entity("model.shop.customer", "customer", KEYS)},
    services={"credit": CREDIT},
    sources={
        name: Source(name, (Column("id", "varchar"),), 60, {}, "loader")
        for name in ("source.shop.raw.payments", "source.shop.raw.customers")
    },
    models={model.unique_id: model for model in MODELS},
)


def with_view(state: Declarations = SHOP, **changes: Any) -> Declarations:
    """The state, its view declared otherwise."""
    view = replace(state.views["activity@1"], **changes)
    return replace(state, views={view.label: view})


def with_policies(**changes: Any) -> Declarations:
    return with_view(policies={**POLICIES, **changes})


def with_service(**changes: Any) -> Declarations:
    return replace(SHOP, services={"credit": replace(CREDIT, **changes)})


def with_sql(sql: str | None, name: str = "activity", state: Declarations = SHOP) -> Declarations:
    unique_id = f"model.shop.{name}"
    model = replace(state.models[unique_id], sql=sql)
    return replace(state, models={**state.models, unique_id: model})


def planned(new: Declarations, old: Declarations = SHOP, **more: Any) -> Plan:
    return make_plan(old, new, against="the shop", now=NOW, **more)


def told(plan: Plan) -> list[tuple[str, str, str]]:
    """What a plan tells: subject, kind, verdict."""
    return [(p.change.subject, p.change.kind, p.change.verdict) for p in plan.changes]
