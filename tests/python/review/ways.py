"""One quantity, written in ways that have little in common as text. All are of one customer."""

from planted import HOLE, Plant, known

PAYMENTS = '"model.bank.stg_card_payments"'
LATELY = "p.occurred_at > s.as_of - interval '30 days'"
ON = f"p.customer_id = s.customer_id and {known('p')} and {LATELY}"
LEFT = f"from {HOLE} s left join {PAYMENTS} p on {ON}"
INNER = LEFT.replace("left join", "join")
CORRELATED = f"from {PAYMENTS} p where {ON}"
BY = "group by s.customer_id, s.as_of"
KEYS = "s.customer_id, s.as_of"
FIRST = "qualify row_number() over (partition by s.customer_id, s.as_of order by"


def back(steps: str, value: str) -> str:
    """Rows of some, joined back to the spine."""
    joined = f"from {HOLE} s left join r using (customer_id, as_of)"
    return f"with r as ({steps}) select {KEYS}, {value} as it {joined}"


def direct(value: str) -> str:
    return f"select {KEYS}, {value} as it {LEFT} {BY}"


def correlated(value: str) -> str:
    return f"select {KEYS}, ({value}) as it from {HOLE} s"


WAYS = {
    "most frequent": [
        back(f"select {KEYS}, p.category {INNER} where p.category is not null group by 1, 2, 3"
             f" {FIRST} count(*) desc, p.category) = 1", "r.category"),
        direct("mode(p.category)"),
    ],
    "last": [
        back(f"select {KEYS}, p.category {INNER} {FIRST} p.occurred_at desc, p.payment_id) = 1",
             "r.category"),
        direct("arg_max(p.category, p.occurred_at)"),
        direct("last(p.category order by p.occurred_at)"),
        correlated(f"select p.category {CORRELATED} order by p.occurred_at desc limit 1"),
        f"select distinct on (s.customer_id, s.as_of) {KEYS}, p.category as it {LEFT}"
        " order by s.customer_id, s.as_of, p.occurred_at desc",
        f"with r as (select {KEYS}, p.category, row_number() over (partition by s.customer_id,"
        f" s.as_of order by p.occurred_at desc, p.payment_id) as place {LEFT})"
        " select customer_id, as_of, category as it from r where place = 1",
    ],
    "any": [
        direct("count(p.payment_id) > 0"),
        correlated(f"exists (select 1 {CORRELATED})").replace("(exists", "exists").replace(
            "interval '30 days'))", "interval '30 days')"),
        back(f"select distinct {KEYS} {INNER}", "r.customer_id is not null"),
        direct("case when count(p.payment_id) >= 1 then 1 else 0 end"),
    ],
    "share": [
        direct("count(*) filter (where p.country <> 'NL') / nullif(count(p.payment_id), 0)"),
        direct("avg(case when p.country <> 'NL' then 1.0 else 0 end)"),
        direct("round(100.0 * count_if(p.country != 'NL') / count(p.payment_id), 1)"),
        direct("sum(cast(not (p.country = 'NL') as integer))::double / count(p.payment_id)"),
    ],
    "count": [
        direct("count(p.payment_id)"),
        direct("count(p.occurred_at)"),
        f"with j as (select s.customer_id, s.as_of, p.* exclude (customer_id) {LEFT})"
        " select customer_id, as_of, count(payment_id) as it from j group by all",
        f"with r as (select s.customer_id as c, s.as_of as a, p.category, count(*) as n {INNER}"
        f" group by all) select {KEYS}, sum(r.n) as it from {HOLE} s"
        " left join r on r.c = s.customer_id and r.a = s.as_of group by 1, 2",
        correlated(f"select count(*) {CORRELATED}"),
        correlated(f"select count(*) {CORRELATED}").replace(
            "interval '30 days'", "interval '1 month'"),
        correlated(f"select count(*) {CORRELATED}").replace(
            "p.occurred_at > s.as_of - interval '30 days'",
            "date_diff('hour', p.occurred_at, s.as_of) < 720"),
    ],
    "recency": [
        direct("datediff('day', max(p.occurred_at), s.as_of)"),
        direct("extract(epoch from s.as_of - max(p.occurred_at)) / 3600"),
        direct("min(s.as_of - p.occurred_at)"),
        direct("date_part('day', s.as_of - max(p.occurred_at))"),
    ],
}  # fmt: skip


def plants() -> dict[str, tuple[Plant, ...]]:
    """Each way as a view of its own."""
    return {
        kind: tuple(
            Plant(
                view=f"{kind.replace(' ', '_')}_{at}",
                feature=f"{kind.replace(' ', '_')}_{at}",
                of="",
                kind="",
                says="",
                sql=sql.replace(" as it ", f" as {kind.replace(' ', '_')}_{at} "),
                type="double",
                default=None,
            )
            for at, sql in enumerate(ways)
        )
        for kind, ways in WAYS.items()
    }
