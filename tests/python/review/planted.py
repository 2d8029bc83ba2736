"""Duplicates among the bank's honest views, each written by hand as somebody else might.

A plant says of which honest feature it is one, what it is to be called, and what is to be said of
the difference.
"""

from dataclasses import dataclass, replace
from typing import Any

from provender_ops.definitions.declarations import (
    Column,
    Declarations,
    Feature,
    Model,
    Source,
    View,
)
from provender_ops.review.duplicates import NULL_RULE, OTHER, RULE, SAME

HOLE = "__provender_spine__"
KNOWN = """
    {e}.known_from <= {at} and {e}.occurred_at <= {at}
    and ({e}.known_until > {at} or {e}.known_until is null)
"""


@dataclass(frozen=True)
class Plant:
    """A feature that is there already."""

    view: str
    feature: str
    of: str
    kind: str
    says: str
    sql: str
    entity: str = "customer"
    type: str = "integer"
    default: Any = 0
    reads: tuple[str, ...] = ()
    also: tuple[Model, ...] = ()


def known(e: str, at: str = "s.as_of") -> str:
    return KNOWN.format(e=e, at=at)


ALIAS = Plant(
    view="wallet_use",
    feature="card_uses_last_week_of_quarter",
    of="customer_settled_card_payments_activity@1.customer_settled_card_payments_count_90d",
    kind=SAME,
    says="",
    sql=f"""
with s as (select * from {HOLE}),
uses as (
    select p.payment_id as use_id, p.customer_id as client, p.occurred_at as at, p.*
    from "model.bank.stg_card_payments" p
    where 'settled' = p.status
)
select s.customer_id, s.as_of, cast(count(uses.use_id) as integer) as card_uses_last_week_of_quarter
from s left join uses
    on uses.client = s.customer_id and uses.at > s.as_of - interval '90 days' and {known("uses")}
group by s.customer_id, s.as_of
""",
)

COALESCED = Plant(
    view="basket",
    feature="typical_order",
    of="customer_orders_money@1.customer_orders_total_mean_180d",
    kind=NULL_RULE,
    says="for nothing 0, not null",
    type="double",
    default=None,
    sql=f"""
select s.customer_id, s.as_of, coalesce(sum(o.total) / count(o.total), 0) as typical_order
from {HOLE} s
left join "model.bank.stg_orders" o
    on o.customer_id = s.customer_id and {known("o")}
    and o.occurred_at > s.as_of - interval '180 days'
group by 1, 2
""",
)

CENTS = Plant(
    view="outgoing",
    feature="sent_cents_quarter",
    of="customer_transfers_money@1.customer_transfers_amount_sum_90d",
    kind=RULE,
    says="multiplied by 100",
    type="bigint",
    sql=f"""
select s.customer_id, s.as_of,
    cast(100 * ifnull(sum(t.amount), 0) as bigint) as sent_cents_quarter
from {HOLE} s
left join "model.bank.stg_transfers" t
    on s.customer_id = t.customer_id and {known("t")}
    and t.occurred_at > s.as_of - interval '90 days'
group by s.customer_id, s.as_of
""",
)

HOURS = Plant(
    view="logins",
    feature="visits_168h",
    entity="device",
    of="device_sessions_activity@1.device_sessions_count_7d",
    kind=SAME,
    says="",
    sql=f"""
select s.device_id, s.as_of, cast(count(x.session_id) as integer) as visits_168h
from {HOLE} s
left join "model.bank.stg_sessions" x
    on x.device_id = s.device_id and {known("x")}
    and epoch(s.as_of - x.occurred_at) < 168 * 3600
group by s.device_id, s.as_of
""",
)

OTHER_STAGING = Plant(
    view="store_turnover",
    feature="turnover_last_7_days",
    entity="merchant",
    of="merchant_card_payments_money@1.merchant_card_payments_amount_sum_7d",
    kind=RULE,
    says="rows are cleaned by another model",
    type="decimal(18,2)",
    sql=f"""
select s.merchant_id, s.as_of, coalesce(sum(c.value), 0) as turnover_last_7_days
from {HOLE} s
left join "model.bank.base_cards" c
    on c.shop = s.merchant_id and c.at <= s.as_of and c.at > s.as_of - interval '7 days'
group by s.merchant_id, s.as_of
""",
    also=(
        Model(
            "model.bank.base_cards",
            "base_cards",
            """
select payment_id as id, merchant_id as shop, try_cast(amount as decimal(18, 2)) as value,
    try_cast(happened_at as timestamp) as at
from "source.bank.raw.card_payments"
where try_cast(happened_at as timestamp) is not null
""",
            ("source.bank.raw.card_payments",),
        ),
    ),
)

DISTINCT = Plant(
    view="complaints",
    feature="tickets_90d",
    of="customer_tickets_activity@1.customer_tickets_count_90d",
    kind=RULE,
    says="one counts each value once",
    sql=f"""
select s.customer_id, s.as_of, count(distinct t.ticket_id) as tickets_90d
from {HOLE} s
left join "model.bank.stg_tickets" t
    on t.customer_id = s.customer_id and {known("t")}
    and t.occurred_at > s.as_of - interval '90 days'
group by s.customer_id, s.as_of
""",
)

EDGE = Plant(
    view="late_payers",
    feature="late_in_60_days",
    of="customer_late_loan_payments_activity@1.customer_late_loan_payments_count_60d",
    kind=RULE,
    says="another edge",
    sql=f"""
select s.customer_id, s.as_of,
    sum(case when l.due_on < cast(l.occurred_at as date) then 1 else 0 end) as late_in_60_days
from {HOLE} s
left join "model.bank.stg_loan_payments" l
    on l.customer_id = s.customer_id and {known("l")}
    and l.occurred_at between s.as_of - interval '60 days' and s.as_of
group by s.customer_id, s.as_of
""",
)

SAME_NAME = Plant(
    view="card_risk",
    feature="customer_card_payments_amount_largest_60d",
    of="customer_card_payments_money@1.customer_card_payments_amount_largest_60d",
    kind=OTHER,
    says="",
    type="decimal(18,2)",
    default=None,
    sql=f"""
select s.customer_id, s.as_of, max(p.amount) as customer_card_payments_amount_largest_60d
from {HOLE} s
left join "model.bank.stg_card_payments" p
    on p.customer_id = s.customer_id and {known("p")} and p.status <> 'reversed'
    and p.occurred_at > s.as_of - interval '60 days'
group by s.customer_id, s.as_of
""",
)

OTHER_DEFAULT = Plant(
    view="account_pulse",
    feature="account_transfers_count_7d",
    entity="account",
    of="account_transfers_activity@1.account_transfers_count_7d",
    kind=NULL_RULE,
    says="for nothing -1, not 0",
    default=-1,
    sql=f"""
with counted as (
    select s.account_id, s.as_of, count(*) as n
    from {HOLE} s
    join "model.bank.stg_transfers" t
        on t.account_id = s.account_id and {known("t")}
        and t.occurred_at > s.as_of - to_days(7)
    group by all
)
select s.account_id, s.as_of, coalesce(counted.n, -1) as account_transfers_count_7d
from {HOLE} s
left join counted using (account_id, as_of)
""",
)

THROUGH_A_VIEW = Plant(
    view="device_summary",
    feature="seconds_on_device_14d",
    entity="device",
    of="device_sessions_money@1.device_sessions_seconds_sum_14d",
    kind=SAME,
    says="",
    type="decimal(18,2)",
    reads=("device_sessions_money",),
    sql=f"""
select s.device_id, s.as_of, m.device_sessions_seconds_sum_14d as seconds_on_device_14d
from {HOLE} as s
inner join ( /* provender:features_of model.bank.device_sessions_money */ %s
    /* provender:end_of model.bank.device_sessions_money */ ) as m
    on m.device_id = s.device_id and m.as_of = s.as_of
""",
)

FRACTIONAL_DAYS = Plant(
    view="order_recency",
    feature="days_without_order",
    of="customer_orders_activity@1.customer_orders_days_since_last",
    kind=RULE,
    says="units of time are counted otherwise",
    type="double",
    default=None,
    sql=f"""
with last_order as (
    select s.customer_id, s.as_of, o.occurred_at
    from {HOLE} s
    inner join "model.bank.stg_orders" o
        on o.customer_id = s.customer_id and {known("o")}
        and o.occurred_at > s.as_of - interval '180 days'
)
select s.customer_id, s.as_of,
    (epoch(s.as_of) - epoch(max(l.occurred_at))) / 86400.0 as days_without_order
from {HOLE} s
left join last_order l on l.customer_id = s.customer_id and l.as_of = s.as_of
group by s.customer_id, s.as_of
""",
)

BY_DAY = Plant(
    view="pay_by_day",
    feature="loan_paid_60d",
    entity="loan",
    of="loan_loan_payments_money@1.loan_loan_payments_paid_sum_60d",
    kind=RULE,
    says="calendar days",
    type="decimal(18,2)",
    sql=f"""
with daily as (
    select loan_id, cast(occurred_at as date) as day, sum(paid) as paid
    from "model.bank.stg_loan_payments"
    group by loan_id, day
)
select s.loan_id, s.as_of, coalesce(sum(d.paid), 0) as loan_paid_60d
from {HOLE} s
left join daily d
    on d.loan_id = s.loan_id and d.day > cast(s.as_of as date) - 60 and d.day <= s.as_of
group by s.loan_id, s.as_of
""",
)

TWELVE = (
    ALIAS, COALESCED, CENTS, HOURS, OTHER_STAGING, DISTINCT, EDGE, SAME_NAME, OTHER_DEFAULT,
    THROUGH_A_VIEW, FRACTIONAL_DAYS, BY_DAY,
)  # fmt: skip


def planted(state: Declarations, plants: tuple[Plant, ...]) -> Declarations:
    """The same state with the plants in it."""
    views, models = dict(state.views), dict(state.models)
    for plant in plants:
        unique_id = f"model.bank.{plant.view}"
        key = f"{plant.entity}_id"
        view = View(
            unique_id=unique_id,
            name=plant.view,
            version=1,
            entity=plant.entity,
            keys=(Column(key, "integer"),),
            features=(Feature(plant.feature, plant.type, plant.default),),
            policies={},
            owner="growth",
        )
        sql = plant.sql
        for read in plant.reads:
            inner = state.models[f"model.bank.{read}"].sql or ""
            over = f"(select distinct {key}, as_of from {HOLE} as spine)"
            sql = sql % inner.replace(HOLE, over)
        views[view.label] = view
        models[unique_id] = Model(unique_id, plant.view, sql, ())
        models |= {model.unique_id: model for model in plant.also}
    return replace(state, views=views, models=models)


__all__ = ["TWELVE", "Plant", "Source", "planted"]
