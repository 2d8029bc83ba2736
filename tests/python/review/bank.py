"""Two hundred honest feature views of a bank with a shop, as definitions keep them.

Each is of its own entity, events and choice of events, and has features that are told apart by
what they measure: counts, sums, means, shares, recency, distinct counts, favourites, trends, over
several windows. The SQL is written in the several ways in which people write it. Nothing here
knows how duplicates are looked for.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provender_ops.definitions.declarations import (
    Column,
    Declarations,
    Entity,
    Feature,
    Model,
    Source,
    View,
)

HOLE = "__provender_spine__"
WINDOWS = (1, 7, 14, 30, 60, 90, 180)


@dataclass(frozen=True)
class Events:
    """One source table: its event's key, time, amount and texts, and whose events they are."""

    table: str
    event: str
    amount: str
    texts: tuple[str, ...]
    of: tuple[str, ...]
    choices: Mapping[str, str]


EVENTS = (
    Events(
        "card_payments", "payment_id", "amount", ("category", "country"),
        ("customer", "merchant", "device"),
        {"": "", "settled": "{e}status = 'settled'", "abroad": "{e}country <> 'NL'",
         "large": "{e}amount > 250"},
    ),
    Events(
        "transfers", "transfer_id", "amount", ("beneficiary_bank", "currency"),
        ("customer", "account"),
        {"": "", "instant": "{e}is_instant", "foreign": "{e}currency in ('USD', 'GBP', 'CHF')",
         "rejected": "{e}status = 'rejected'"},
    ),
    Events(
        "sessions", "session_id", "seconds", ("app_version", "city"),
        ("customer", "device", "ip"),
        {"": "", "mobile": "{e}platform in ('ios', 'android')", "failed": "not {e}succeeded",
         "night": "hour({e}occurred_at) < 6"},
    ),
    Events(
        "orders", "order_id", "total", ("channel", "payment_method"),
        ("customer", "merchant"),
        {"": "", "gift": "{e}is_gift", "cancelled": "{e}status = 'cancelled'",
         "pickup": "{e}delivery = 'pickup'"},
    ),
    Events(
        "refunds", "refund_id", "refunded", ("reason", "agent"),
        ("customer", "merchant"),
        {"": "", "partial": "{e}is_partial", "disputed": "{e}reason like 'dispute%'"},
    ),
    Events(
        "page_views", "view_id", "milliseconds", ("page", "referrer"),
        ("customer", "device", "product"),
        {"": "", "search": "{e}page = 'search'", "campaign": "{e}referrer is not null"},
    ),
    Events(
        "loan_payments", "loan_payment_id", "paid", ("method", "branch"),
        ("customer", "loan"),
        {"": "", "late": "cast({e}occurred_at as date) > {e}due_on",
         "early": "{e}paid > {e}due_amount"},
    ),
    Events(
        "tickets", "ticket_id", "minutes_open", ("topic", "team"),
        ("customer", "agent"),
        {"": "", "complaint": "{e}topic = 'complaint'", "reopened": "{e}reopened_times > 0"},
    ),
    Events(
        "deliveries", "delivery_id", "kilometres", ("district", "vehicle"),
        ("customer", "courier"),
        {"": "", "missed": "{e}result = 'nobody home'", "express": "{e}is_express"},
    ),
)  # fmt: skip

EVENT_COLUMNS = {
    "card_payments": "customer_id merchant_id device_id status",
    "transfers": "customer_id account_id is_instant status",
    "sessions": "customer_id device_id ip_id platform succeeded",
    "orders": "customer_id merchant_id is_gift status delivery",
    "refunds": "customer_id merchant_id is_partial",
    "page_views": "customer_id device_id product_id",
    "loan_payments": "customer_id loan_id due_on due_amount",
    "tickets": "customer_id agent_id reopened_times",
    "deliveries": "customer_id courier_id result is_express",
}


def staging(events: Events) -> Model:
    """A staging model: versions of events, in UTC, without what cannot be placed."""
    columns = ", ".join([*EVENT_COLUMNS[events.table].split(), events.amount, *events.texts])
    source = f"source.bank.raw.{events.table}"
    sql = f"""
with placed as (
    select
        cast({events.event} as varchar) as {events.event},
        {columns},
        timezone('UTC', timezone(zone, try_cast(happened_at as timestamp))) as occurred_at,
        cast(loaded_at as timestamp) as loaded_at
    from "{source}"
    where {events.event} is not null and try_cast(happened_at as timestamp) is not null
),

versions as (
    select
        *,
        loaded_at + interval '2 minutes' as known_from,
        lag(row({columns}, occurred_at)) over delivered as content_before
    from placed
    window delivered as (partition by {events.event} order by loaded_at, {columns})
)

select
    {events.event}, {columns}, occurred_at, known_from,
    lead(known_from) over (partition by {events.event} order by known_from) as known_until
from versions
where content_before is null or row({columns}, occurred_at) is distinct from content_before
"""
    return Model(f"model.bank.stg_{events.table}", f"stg_{events.table}", sql, (source,))


def known(row: str, at: str = "spine.as_of") -> str:
    """What `known_at` compiles to."""
    return (
        f"({row}.occurred_at <= {at} and {row}.known_from <= {at}"
        f" and ({row}.known_until is null or {row}.known_until > {at}))"
    )


@dataclass(frozen=True)
class Measure:
    """One feature: its name, its type, and its SQL over rows of a window."""

    name: str
    type: str
    window: int
    sql: str = ""  # an aggregate, with places for what stands behind it and the rows' alias
    outer: str = "{it}"  # what is made of it, with places for it and the moment
    default: Any = None


def window(days: int, column: str, at: str, rng: random.Random) -> str:
    """The condition of a window, as one of several people writes it."""
    return rng.choice(
        [
            f"({column} > {at} - interval '{days} days' and {column} <= {at})",
            f"({at} >= {column} and {column} > {at} - interval {days * 24} hour)",
            f"({column} > {at} - to_days({days}) and {column} <= {at})",
            f"({column} <= {at} and {column} + interval '{days} days' > {at})",
        ]
    )


def activity(events: Events, name: str, spans: tuple[int, ...]) -> list[Measure]:
    """How often, how lately, how varied."""
    short, middle, long = spans
    first, second = events.texts
    return [
        Measure(f"{name}_count_{short}d", "integer",
                short, f"count({{e}}{events.event}){{w}}", default=0),
        Measure(f"{name}_count_{long}d", "integer",
                long, f"count({{e}}{events.event}){{w}}", default=0),
        Measure(f"{name}_days_since_last", "integer",
                long, "max({e}occurred_at){w}", "datesub('day', {it}, {at})"),
        Measure(f"{name}_distinct_{first}_{middle}d", "integer",
                middle, f"count(distinct {{e}}{first}){{w}}", default=0),
        Measure(f"{name}_active_days_{middle}d", "integer",
                middle, "count(distinct cast({e}occurred_at as date)){w}", default=0),
        Measure(f"{name}_distinct_{second}_{long}d", "integer",
                long, f"count(distinct {{e}}{second}){{w}}", default=0),
    ]  # fmt: skip


def money(events: Events, name: str, spans: tuple[int, ...]) -> list[Measure]:
    """How much, how much each, how it develops."""
    short, middle, long = spans
    amount = events.amount
    return [
        Measure(f"{name}_{amount}_sum_{middle}d", "decimal(18,2)",
                middle, f"coalesce(sum({{e}}{amount}){{w}}, 0)", default=0),
        Measure(f"{name}_{amount}_mean_{long}d", "double",
                long, f"avg({{e}}{amount}){{w}}"),
        Measure(f"{name}_{amount}_largest_{middle}d", "decimal(18,2)",
                middle, f"max({{e}}{amount}){{w}}"),
        Measure(f"{name}_{amount}_spread_{long}d", "double",
                long, f"stddev({{e}}{amount}){{w}}"),
        Measure(f"{name}_{amount}_median_{short}d", "double",
                short, f"median({{e}}{amount}){{w}}"),
    ]  # fmt: skip


class Bank:
    """Builds views in several styles."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def views(self) -> Iterator[tuple[View, Model]]:
        """Every view with its model."""
        for events in EVENTS:
            for entity in events.of:
                for choice, condition in events.choices.items():
                    spans = tuple(sorted(self.rng.sample(WINDOWS, 3)))
                    stem = "_".join(filter(None, (entity, choice, events.table)))
                    for theme, measures in (("activity", activity), ("money", money)):
                        chosen = measures(events, stem, spans)
                        yield self.view(f"{stem}_{theme}", entity, events, condition, chosen)
                    if choice in ("", "settled", "mobile", "late", "gift"):
                        yield self.favourites(f"{stem}_favourites", entity, events, condition)
                    if choice == "":
                        yield self.shares(f"{stem}_shares", entity, events)
                        yield self.trend(f"{stem}_trend", entity, events)

    def view(
        self, name: str, entity: str, events: Events, condition: str, measures: list[Measure]
    ) -> tuple[View, Model]:
        style = self.rng.choice([self.joined_once, self.joined_directly, self.one_by_one,
                                 self.lateral])  # fmt: skip
        sql = style(entity, events, condition, measures)
        return made(name, entity, events, sql, measures)

    def joined_once(
        self, entity: str, events: Events, condition: str, measures: list[Measure]
    ) -> str:
        """All rows of the longest window, counted by filters."""
        longest = max(each.window for each in measures)
        inside = window(longest, "e.occurred_at", "spine.as_of", self.rng)
        columns = ", ".join(
            f"e.{each}" for each in (events.event, events.amount, *events.texts, "occurred_at")
        )
        selected = ",\n        ".join(
            cast(m, only(window(m.window, "occurred_at", "as_of", self.rng)), "", "as_of")
            for m in measures
        )
        return f"""
with events as (
    select * from "model.bank.stg_{events.table}" {where(condition, "")}
),

known_events as (
    select spine.{entity}_id, spine.as_of, {columns}
    from {HOLE} as spine
    left join events as e
        on spine.{entity}_id = e.{entity}_id and {known("e")} and {inside}
),

final as (
    select
        {entity}_id,
        as_of,
        {selected}
    from known_events
    group by {entity}_id, as_of
)

select * from final
"""

    def joined_directly(
        self, entity: str, events: Events, condition: str, measures: list[Measure]
    ) -> str:
        """One join and one group, windows in the filters."""
        asked = where(condition, "e.", "and")
        selected = ",\n    ".join(
            cast(m, only(window(m.window, "e.occurred_at", "s.as_of", self.rng)), "e.", "s.as_of")
            for m in measures
        )
        return f"""
select
    s.{entity}_id,
    s.as_of,
    {selected}
from {HOLE} s
left outer join "model.bank.stg_{events.table}" e
    on e.{entity}_id = s.{entity}_id and {known("e", "s.as_of")}{asked}
group by s.{entity}_id, s.as_of
"""

    def one_by_one(
        self, entity: str, events: Events, condition: str, measures: list[Measure]
    ) -> str:
        """A CTE for each feature."""
        steps, joins, columns = [], [], []
        for at, m in enumerate(measures):
            inside = window(m.window, "e.occurred_at", "spine.as_of", self.rng)
            asked = where(condition, "e.", "and")
            value = m.outer.format(it=m.sql.format(w="", e="e."), at="spine.as_of")
            steps.append(f"""step_{at} as (
    select spine.{entity}_id, spine.as_of, {value} as value
    from {HOLE} as spine
    left join "model.bank.stg_{events.table}" as e
        on e.{entity}_id = spine.{entity}_id and {known("e")} and {inside}{asked}
    group by 1, 2
)""")
            joins.append(
                f"left join step_{at} on step_{at}.{entity}_id = spine.{entity}_id"
                f" and step_{at}.as_of = spine.as_of"
            )
            columns.append(f"cast(step_{at}.value as {m.type}) as {m.name}")
        listed, joined = ",\n    ".join(columns), "\n".join(joins)
        return f"""
with {", ".join(steps)}

select spine.{entity}_id, spine.as_of,
    {listed}
from {HOLE} as spine
{joined}
"""

    def lateral(self, entity: str, events: Events, condition: str, measures: list[Measure]) -> str:
        """A subquery for each feature, correlated with the spine."""
        columns = []
        for m in measures:
            inside = window(m.window, "e.occurred_at", "spine.as_of", self.rng)
            asked = where(condition, "e.", "and")
            value = f"""(
        select {m.sql.format(w="", e="e.")}
        from "model.bank.stg_{events.table}" as e
        where e.{entity}_id = spine.{entity}_id and {known("e")} and {inside}{asked}
    )"""
            made_of = m.outer.format(it=value, at="spine.as_of")
            columns.append(f"cast({made_of} as {m.type}) as {m.name}")
        listed = ",\n    ".join(columns)
        return f"select spine.{entity}_id, spine.as_of,\n    {listed}\nfrom {HOLE} as spine"

    def favourites(
        self, name: str, entity: str, events: Events, condition: str
    ) -> tuple[View, Model]:
        """The most frequent text, the one with the most money, and the last one."""
        days = self.rng.choice(WINDOWS[2:])
        first, second = events.texts
        measures = [
            Measure(f"{name}_{first}_{days}d", "varchar", days),
            Measure(f"{name}_richest_{second}_{days}d", "varchar", days),
            Measure(f"{name}_last_{first}", "varchar", days),
        ]
        inside = window(days, "e.occurred_at", "spine.as_of", self.rng)
        sql = f"""
with rows_of as (
    select spine.{entity}_id, spine.as_of, e.{first}, e.{second}, e.{events.amount},
        e.occurred_at, e.{events.event}
    from {HOLE} as spine
    inner join "model.bank.stg_{events.table}" as e
        on e.{entity}_id = spine.{entity}_id and {known("e")} and {inside}
        {where(condition, "e.", "and")}
),

frequent as (
    select {entity}_id, as_of, {first}
    from rows_of
    where {first} is not null
    group by {entity}_id, as_of, {first}
    qualify row_number() over (
        partition by {entity}_id, as_of order by count(*) desc, {first}
    ) = 1
),

richest as (
    select {entity}_id, as_of, {second}
    from rows_of
    group by {entity}_id, as_of, {second}
    qualify row_number() over (
        partition by {entity}_id, as_of order by sum({events.amount}) desc, {second}
    ) = 1
),

latest as (
    select {entity}_id, as_of, {first}
    from rows_of
    qualify row_number() over (
        partition by {entity}_id, as_of order by occurred_at desc, {events.event}
    ) = 1
)

select spine.{entity}_id, spine.as_of, frequent.{first} as {measures[0].name},
    richest.{second} as {measures[1].name}, latest.{first} as {measures[2].name}
from {HOLE} as spine
left join frequent on frequent.{entity}_id = spine.{entity}_id and frequent.as_of = spine.as_of
left join richest on richest.{entity}_id = spine.{entity}_id and richest.as_of = spine.as_of
left join latest on latest.{entity}_id = spine.{entity}_id and latest.as_of = spine.as_of
"""
        return made(name, entity, events, sql, measures)

    def shares(self, name: str, entity: str, events: Events) -> tuple[View, Model]:
        """Of all events, the share of each choice, and of the money."""
        days = self.rng.choice(WINDOWS[1:])
        measures, columns = [], []
        for choice, condition in events.choices.items():
            if choice:
                asked = condition.format(e="e.")
                measures.append(Measure(f"{name}_{choice}_{days}d", "double", days))
                columns.append(
                    f"count(e.{events.event}) filter (where {asked}) * 1.0"
                    f" / nullif(count(e.{events.event}), 0) as {measures[-1].name}"
                )
                measures.append(Measure(f"{name}_{choice}_{events.amount}", "double", days))
                columns.append(
                    f"case when sum(e.{events.amount}) > 0 then"
                    f" sum(case when {asked} then e.{events.amount} else 0 end)"
                    f" / sum(e.{events.amount}) end as {measures[-1].name}"
                )
        listed = ",\n    ".join(columns)
        sql = f"""
select spine.{entity}_id, spine.as_of,
    {listed}
from {HOLE} as spine
left join "model.bank.stg_{events.table}" as e
    on e.{entity}_id = spine.{entity}_id and {known("e")}
    and {window(days, "e.occurred_at", "spine.as_of", self.rng)}
group by spine.{entity}_id, spine.as_of
"""
        return made(name, entity, events, sql, measures)

    def trend(self, name: str, entity: str, events: Events) -> tuple[View, Model]:
        """A short window beside a long one, and beside the one before it."""
        short, long = sorted(self.rng.sample(WINDOWS[1:], 2))
        measures = [
            Measure(f"{name}_{short}d_of_{long}d", "double", long, default=0),
            Measure(f"{name}_change_{short}d", "integer", long, default=0),
            Measure(f"{name}_{events.amount}_growth_{short}d", "double", long),
        ]

        def count(days: int, until: int = 0) -> str:
            at = f"s.as_of - interval '{until} days'" if until else "s.as_of"
            return (
                f"count(e.{events.event}) filter (where e.occurred_at > s.as_of - interval"
                f" '{days + until} days' and e.occurred_at <= {at})"
            )

        def total(days: int, until: int = 0) -> str:
            return count(days, until).replace(f"count(e.{events.event})", f"sum(e.{events.amount})")

        sql = f"""
select s.{entity}_id, s.as_of,
    case when {count(long)} > 0 then {count(short)}::double / {count(long)} else 0 end
        as {measures[0].name},
    {count(short)} - {count(short, short)} as {measures[1].name},
    {total(short)} / nullif({total(short, short)}, 0) as {measures[2].name}
from {HOLE} as s
left join "model.bank.stg_{events.table}" as e
    on e.{entity}_id = s.{entity}_id and {known("e", "s.as_of")}
group by s.{entity}_id, s.as_of
"""
        return made(name, entity, events, sql, measures)


def only(condition: str) -> str:
    return f" filter (where {condition})"


def where(condition: str, alias: str, word: str = "where") -> str:
    return f" {word} {condition.format(e=alias)}" if condition else ""


def cast(m: Measure, condition: str, alias: str, at: str) -> str:
    it = m.outer.format(it=m.sql.format(w=condition, e=alias), at=at)
    return f"cast({it} as {m.type}) as {m.name}"


def made(
    name: str, entity: str, events: Events, sql: str, measures: list[Measure]
) -> tuple[View, Model]:
    """A view version 1 and its model."""
    unique_id = f"model.bank.{name}"
    view = View(
        unique_id=unique_id,
        name=name,
        version=1,
        entity=entity,
        keys=(Column(f"{entity}_id", "integer"),),
        features=tuple(Feature(m.name, m.type, m.default) for m in measures),
        policies={},
        owner="risk",
    )
    parents = (f"model.bank.{entity}", f"model.bank.stg_{events.table}")
    return view, Model(unique_id, name, sql, parents)


def bank(seed: int = 6, views: int = 200) -> Declarations:
    """The whole of it."""
    built = list(Bank(seed).views())
    chosen = built[:views]
    entities = {entity for events in EVENTS for entity in events.of}
    models = [*(staging(events) for events in EVENTS), *(model for _, model in chosen)]
    return Declarations(
        views={view.label: view for view, _ in chosen},
        entities={
            name: Entity(f"model.bank.{name}", name, (Column(f"{name}_id", "integer"),))
            for name in entities
        },
        services={},
        sources={
            f"source.bank.raw.{events.table}": Source(f"source.bank.raw.{events.table}")
            for events in EVENTS
        },
        models={model.unique_id: model for model in models},
    )
