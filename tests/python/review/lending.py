"""A bank that lends: the label of its credit model, honest features, and planted leaks."""

from dataclasses import replace
from typing import Any

from bank import Bank, bank, known
from planted import HOLE

from provender_ops.definitions.declarations import (
    Column,
    Declarations,
    Feature,
    Model,
    Service,
    Source,
    View,
)

TABLES = ("applications", "outcomes", "collections", "loans", "churn_events")
VERSIONED = """
with placed as (
    select *, cast(happened_at as timestamp) as occurred_at from "source.bank.raw.{table}"
    where {key} is not null
),
versions as (
    select *, loaded_at + interval '1 minute' as known_from,
        lag(row({columns})) over (partition by {key} order by loaded_at) as before
    from placed
)
select {key}, {columns}, occurred_at, known_from,
    lead(known_from) over (partition by {key} order by known_from) as known_until
from versions
where before is null or row({columns}) is distinct from before
"""
STAGED = {
    "applications": ("application_id", "customer_id, amount, purpose, branch"),
    "outcomes": ("application_id", "outcome, recovered"),
    "collections": ("call_id", "customer_id, application_id, agent"),
    "loans": ("loan_id", "customer_id, amount, term, status, closed_on"),
    "churn_events": ("event_id", "customer_id, event"),
}
LABELS = {
    "labels": f"""
select a.application_id, a.customer_id, a.occurred_at as applied_at,
    a.occurred_at - interval '1 microsecond' as as_of,
    o.outcome = 'defaulted' and a.amount > 50 as defaulted, o.known_from as label_known_from
from "model.bank.stg_applications" a
inner join "model.bank.stg_outcomes" o
    on a.application_id = o.application_id and {known("o", "timestamp '2026-01-01'")}
""",
    "loan_labels": """
select loan_id, customer_id, occurred_at - interval '1 microsecond' as as_of,
    status = 'written off' as written_off
from "model.bank.stg_loans"
""",
    "churn_labels": """
select g.customer_id, g.as_of,
    exists (
        select 1 from "model.bank.stg_churn_events" e
        where e.customer_id = g.customer_id and e.event = 'left'
            and e.occurred_at > g.as_of and e.occurred_at <= g.as_of + interval '30 days'
    ) as left_soon
from "source.bank.raw.grid" g
""",
}


def staged(table: str) -> Model:
    key, columns = STAGED[table]
    sql = VERSIONED.format(table=table, key=key, columns=columns)
    return Model(f"model.bank.stg_{table}", f"stg_{table}", sql, (f"source.bank.raw.{table}",))


def over(table: str, value: str, condition: str = "true", key: str = "customer_id") -> str:
    """A feature over the rows of a staging model that were known."""
    return f"""
select s.customer_id, s.as_of, {value} as it
from {HOLE} s
left join "model.bank.stg_{table}" e
    on e.{key} = s.customer_id and {known("e", "s.as_of")} and {condition}
group by s.customer_id, s.as_of
"""


def with_view(
    state: Declarations, name: str, sql: str, parents: tuple[str, ...] = (), **also: Model
) -> Declarations:
    """The same with one view of one feature more, which is called like the view."""
    unique_id = f"model.bank.{name}"
    view = View(
        unique_id, name, 1, "customer", (Column("customer_id", "integer"),),
        (Feature(name, "double"),), {}, "risk",
    )  # fmt: skip
    model = Model(unique_id, name, sql.replace(" as it", f" as {name}"), parents)
    return replace(
        state,
        views={**state.views, view.label: view},
        models={**state.models, unique_id: model, **{m.unique_id: m for m in also.values()}},
    )


def asking(
    state: Declarations, features: list[tuple[str, str]], label: dict[str, Any], **meta: Any
) -> Declarations:
    """The same with a service `credit` that reads these features and declares that label."""
    views = tuple(sorted({view for view, _ in features}))
    service = Service("credit", "Risk", views, tuple(features), meta={"label": label, **meta})
    return replace(state, services={"credit": service})


def lending() -> Declarations:
    """The bank, and what it lends; no service yet."""
    state = bank(views=60)
    customer = {label: view for label, view in state.views.items() if view.entity == "customer"}
    models = {f"model.bank.stg_{table}": staged(table) for table in TABLES}
    models |= {
        f"model.bank.{name}": Model(f"model.bank.{name}", name, sql, _parents(sql))
        for name, sql in LABELS.items()
    }
    sources = {f"source.bank.raw.{table}": Source(f"source.bank.raw.{table}") for table in TABLES}
    return replace(
        state,
        views=customer,
        models={**state.models, **models},
        sources={
            **state.sources,
            **sources,
            "source.bank.raw.grid": Source("source.bank.raw.grid"),
        },
    )


def _parents(sql: str) -> tuple[str, ...]:
    return tuple(
        sorted({part for part in sql.split('"') if part.startswith(("model.", "source."))})
    )


__all__ = ["Bank", "asking", "lending", "over", "staged", "with_view"]
