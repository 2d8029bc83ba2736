"""Pairs of features that look alike and are two: none of them is to be reported."""

from planted import Plant, known
from ways import BY, KEYS, LEFT, direct

from provender_ops.definitions.declarations import Model

STAGED = "model.bank.stg_card_payments"


def over(model: str) -> str:
    return direct("count(p.payment_id)").replace(STAGED, f"model.bank.{model}")


def staging(name: str, rest: str) -> Model:
    return Model(f"model.bank.{name}", name, f'select * from "{STAGED}" {rest}', (STAGED,))


WITH_DEVICE = staging("stg_device_payments", "where device_id is not null")
FIRST = staging(
    "stg_first_payments",
    "qualify row_number() over (partition by customer_id order by occurred_at) = 1",
)
ABROAD = staging("stg_payments_abroad", "where country <> 'NL'")

COUNT = direct("count(p.payment_id)")
TWINS = {
    "another window": (COUNT, COUNT.replace("'30 days'", "'31 days'")),
    "the window before": (
        COUNT,
        direct("count(p.payment_id) filter (where p.occurred_at <= s.as_of - interval '7 days')"),
    ),
    "a filter": (COUNT, direct("count(p.payment_id) filter (where p.amount > 10)")),
    "another bound": (
        direct("count(p.payment_id) filter (where p.amount > 10)"),
        direct("count(p.payment_id) filter (where p.amount > 20)"),
    ),
    "in and not in": (
        direct("count(p.payment_id) filter (where p.country in ('NL', 'BE'))"),
        direct("count(p.payment_id) filter (where p.country not in ('NL', 'BE'))"),
    ),
    "one value more": (
        direct("count(p.payment_id) filter (where p.country in ('NL', 'BE'))"),
        direct("count(p.payment_id) filter (where p.country in ('NL', 'BE', 'LU'))"),
    ),
    "and and or": (
        direct("count(*) filter (where p.country = 'NL' and p.status = 'settled')"),
        direct("count(*) filter (where p.country = 'NL' or p.status = 'settled')"),
    ),
    "where a device is known": (COUNT, direct("count(p.device_id)")),
    "that come late": (
        COUNT,
        direct("count(*) filter (where p.known_from - p.occurred_at > interval '1 day')"),
    ),
    "what is counted once": (
        direct("count(distinct p.category)"),
        direct("count(distinct p.country)"),
    ),
    "categories and payments": (COUNT, direct("count(distinct p.category)")),
    "days and payments": (COUNT, direct("count(distinct cast(p.occurred_at as date))")),
    "sum and mean": (direct("sum(p.amount)"), direct("avg(p.amount)")),
    "least and most": (direct("min(p.amount)"), direct("max(p.amount)")),
    "first and last": (
        direct("arg_min(p.category, p.occurred_at)"),
        direct("arg_max(p.category, p.occurred_at)"),
    ),
    "last and largest": (
        direct("arg_max(p.category, p.amount)"),
        direct("arg_max(p.category, p.occurred_at)"),
    ),
    "a share and its inverse": (
        direct("sum(p.amount) / count(p.payment_id)"),
        direct("count(p.payment_id) / sum(p.amount)"),
    ),
    "night and morning": (
        direct("count(*) filter (where hour(p.occurred_at) < 6)"),
        direct("count(*) filter (where hour(p.occurred_at) < 12)"),
    ),
    "weekdays": (
        direct("count(*) filter (where dayofweek(p.occurred_at) in (0, 6))"),
        direct("count(*) filter (where dayofweek(p.occurred_at) in (1, 2, 3, 4, 5))"),
    ),
    "a staging model that leaves some out": (COUNT, over("stg_payments_abroad")),
    "a staging model of those with a device": (COUNT, over("stg_device_payments")),
    "a staging model of first ones": (COUNT, over("stg_first_payments")),
    "their own and of those they share a device with": (
        COUNT,
        f'select {KEYS}, count(q.payment_id) as it {LEFT} left join "{STAGED}" q'
        f" on q.device_id = p.device_id and {known('q')} {BY}",
    ),
    "trends": (
        direct("count(*) filter (where p.occurred_at > s.as_of - interval '7 days')"
               " - count(p.payment_id) / 4.0"),
        direct("count(*) filter (where p.occurred_at > s.as_of - interval '7 days')"
               " - count(p.payment_id) / 2.0"),
    ),
    "spread and sum": (direct("stddev(p.amount)"), direct("sum(p.amount)")),
    "quantiles": (direct("quantile_cont(p.amount, 0.5)"), direct("quantile_cont(p.amount, 0.9)")),
    "texts": (
        direct("count(*) filter (where p.category like 'food%')"),
        direct("count(*) filter (where p.category like 'fuel%')"),
    ),
    "the larger of two": (
        direct("greatest(sum(p.amount), max(p.amount) * 30)"),
        direct("sum(p.amount)"),
    ),
}  # fmt: skip


def twins() -> dict[str, tuple[Plant, Plant]]:
    """Both of each pair as views."""
    return {name: (_plant("one", one), _plant("other", two)) for name, (one, two) in TWINS.items()}


def _plant(name: str, sql: str) -> Plant:
    return Plant(
        view=name,
        feature=name,
        of="",
        kind="",
        says="",
        sql=sql.replace(" as it ", f" as {name} ", 1),
        type="double",
        default=None,
        also=(WITH_DEVICE, FIRST, ABROAD),
    )
