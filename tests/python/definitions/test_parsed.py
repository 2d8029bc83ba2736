"""`same_query`: what only looks different is the same, and what may mean another thing never is."""

import os
import random
import re

import duckdb
import pytest
from mutations import mutations, reformatted, reordered, with_parentheses

from provender_ops.definitions.declarations import Declarations
from provender_ops.definitions.parsed import canonical, same_query

EVERY = 1 if os.environ.get("PROVENDER_MUTATIONS") else 5  # of how many mutations one is tried

SAME = [
    ("select a from t", "SELECT a\n  FROM t -- all of them"),
    ("select a from t", "select A from T"),
    ("select a from t", "select a /* the only one */ from t;"),
    ('select a from "m.t"', 'SELECT "a" FROM "m.t"'),
    ("select a, b from t", "select a, b, from t"),
    ("select a from t where x = 1 and y = 2", "select a from t where ((x = 1) and (y = 2))"),
    ("select a from t where x and y and z", "select a from t where x and (y and z)"),
    ("select a from t where x or y and z", "select a from t where x or (y and z)"),
    ("select a * b + c from t", "select (a * b) + c from t"),
    ("select a + b + c from t", "select (a + b) + c from t"),
    ("select a from t where a + 1 > b * 2", "select a from t where (a + 1) > (b * 2)"),
    ("select f(a + b) from t", "select f((a + b)) from t"),
    ("select case when a then b else c end", "select (case when (a) then b else (c) end)"),
    ("select sum(a) filter (where b) from t", "select sum((a)) filter (where (b)) from t"),
    ("select 1 from a inner join b on a.x = b.x", "select 1 from a join b on (a.x = b.x)"),
    ("select 1 from a left outer join b using (x)", "select 1 from a left join b using (x)"),
    ("select a as b from t as u", "select a b from t u"),
    ("select t.a from t", "select u.a from t as u"),
    ("select a from t where a <> 1", "select a from t where a != 1"),
    (
        "select x.a from t as x where exists (select 1 from u where u.b = x.a)",
        "select p.a from t as p where exists (select 1 from u as q where q.b = p.a)",
    ),
    (
        "with a as (select 1 as x), b as (select 2 as y) select x, y from a, b",
        "with b as (select 2 as y), a as (select 1 as x) select x, y from a, b",
    ),
    (
        "with a as (select x from t) select a.x from a",
        "with whole as (select x from t) select whole.x from whole",
    ),
    (
        "with a as (select x from t), b as (select a.x from a) select b.x from b join a using (x)",
        "with p as (select x from t), q as (select p.x from p) select q.x from q join p using (x)",
    ),
    (
        "with a as (select 1 as x) select * from (with a as (select 2 as x) select x from a), a",
        "with p as (select 1 as x) select * from (with b as (select 2 as x) select x from b), p",
    ),
    (
        "select x.s.field from t as x",
        "select y.s.field from t as y",
    ),
    (
        "with recursive r as (select 1 as n union all select n + 1 from r where n < 5) from r",
        "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE (n < 5)) FROM r",
    ),
]

DIFFERENT = [
    ("select a from t", "select b from t"),
    ("select a, b from t", "select b, a from t"),
    ("select a from t", "select distinct a from t"),
    ("select 'a' from t", "select 'A' from t"),
    ("select 'a  b'", "select 'a b'"),
    ("select '-- a'", "select '-- b'"),
    ("select 1.0", "select 1.00"),
    ("select 1", "select 1.0"),
    ("select '1'", "select 1"),
    ('select "A" from t', "select b from t"),
    ("select (a + b) * c from t", "select a + b * c from t"),
    ("select a - (b - c) from t", "select a - b - c from t"),
    ("select a + (b + c) from t", "select a + b + c from t"),
    ("select a / (b * c) from t", "select a / b * c from t"),
    ("select a from t where x and (y or z)", "select a from t where x and y or z"),
    ("select a from t where not (x and y)", "select a from t where not x and y"),
    ("select -(a)::utinyint from t", "select (-a)::utinyint from t"),
    ("select a || (b + c) from t", "select (a || b) + c from t"),
    ("select (a).b from t", "select a.b from t"),
    ("select a from t order by 1", "select a from t order by (1)"),
    ("select a from t order by b", "select a from t order by b desc"),
    ("select a from t order by b", "select a from t order by b nulls first"),
    ("select a from t group by 1", "select a from t group by a"),
    ("select count(a) from t", "select count(*) from t"),
    ("select count(a) from t", "select count(distinct a) from t"),
    ("select first(a) from t", "select any_value(a) from t"),
    ("select date_diff('day', a, b)", "select date_sub('day', a, b)"),
    ("select datediff('day', a, b)", "select datesub('day', a, b)"),
    ("select median(a) from t", "select quantile_disc(a, 0.5) from t"),
    ("select length(a)", "select strlen(a)"),
    ("select cast(a as integer)", "select try_cast(a as integer)"),
    ("select cast(a as decimal(18, 2))", "select cast(a as decimal(18, 3))"),
    ("select cast(a as varchar)", "select cast(a as json)"),
    ("select a is null", "select a = null"),
    ("select a is distinct from b", "select a <> b"),
    ("select a from t where b in (1, 2)", "select a from t where b not in (1, 2)"),
    ("select a like 'x%'", "select a ilike 'x%'"),
    ("select a ~ 'x'", "select regexp_matches(a, 'x')"),
    ("select a from t union all select a from u", "select a from t union select a from u"),
    ("select a from t union all select a from u", "select a from u union all select a from t"),
    ("select 1 from a left join b using (x)", "select 1 from a inner join b using (x)"),
    ("select 1 from a left join b using (x)", "select 1 from b left join a using (x)"),
    ("select 1 from a asof join b on a.x >= b.x", "select 1 from a join b on a.x >= b.x"),
    ("select 1 from a semi join b using (x)", "select 1 from a anti join b using (x)"),
    ("select a from t limit 1", "select a from t limit 2"),
    ("select a from t", "select a from t using sample 10%"),
    ("select interval '1 day'", "select interval '1 month'"),
    ("select interval '1 day 2 hours'", "select interval '1 day 3 hours'"),
    ("select a[1] from t", "select a[2] from t"),
    ("select a[1:2] from t", "select a[1:3] from t"),
    ("select * exclude (a) from t", "select * exclude (b) from t"),
    ("select * replace (a + 1 as a) from t", "select * replace (a + 2 as a) from t"),
    ("select {'a': x} from t", "select {'b': x} from t"),
    ("select list_transform(l, x -> x + 1) from t", "select list_transform(l, x -> x - 1) from t"),
    (
        "select sum(a) over (partition by b order by c) from t",
        "select sum(a) over (partition by b order by c rows unbounded preceding) from t",
    ),
    (
        "select sum(a) over (order by c rows between 1 preceding and current row) from t",
        "select sum(a) over (order by c rows between 2 preceding and current row) from t",
    ),
    (
        "select a from t qualify row_number() over (order by b) = 1",
        "select a from t qualify rank() over (order by b) = 1",
    ),
    (
        "select x.a from t as x join t as y on x.b = y.c",
        "select y.a from t as x join t as y on x.b = y.c",
    ),
    (
        "select x.a from t as x where exists (select 1 from u as y where y.b = x.a)",
        "select x.a from t as x where exists (select 1 from u as x where x.b = x.a)",
    ),
    (
        "with a as (select 1 as x), b as (select 2 as x) select a.x from a, b",
        "with a as (select 1 as x), b as (select 2 as x) select b.x from a, b",
    ),
    (
        "with a as (select random() as x), b as (select random() as x) select a.x = b.x from a, b",
        "with a as (select random() as x), b as (select random() as x) "
        "select a.x = b.x from a, a as b",
    ),
    (  # the second reads a table called a
        "with a as (select 1 as x), b as (select x from a) select x from b",
        "with b as (select x from a), a as (select 1 as x) select x from b",
    ),
    (
        "with a as (select 1 as x) select * from (with a as (select 2 as x) select x from a), a",
        "with a as (select 1 as x) select * from (with b as (select 2 as x) select x from a), a",
    ),
    (
        "with a as materialized (select 1 as x) select x from a",
        "with a as not materialized (select 1 as x) select x from a",
    ),
    ("select to_json(t) from t", "select to_json(u) from t as u, u"),
    ("select not sql at all (", "select not sql at  all ("),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_only_looks_different(one: str, other: str) -> None:
    assert same_query(one, other)
    assert same_query(other, one)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_may_mean_another_thing(one: str, other: str) -> None:
    assert same_query(one, one)
    assert not same_query(one, other)
    assert not same_query(other, one)


def views_of(lender: Declarations) -> dict[str, str]:
    return {label: lender.models[view.unique_id].sql or "" for label, view in lender.views.items()}


def test_each_change_of_a_views_sql_is_seen(lender: Declarations) -> None:
    """An operator, constant, column, function, join type or bound, each for itself."""
    tried = 0
    for label, sql in views_of(lender).items():
        assert not canonical(sql).startswith("text:"), label
        for mutation in list(mutations(sql))[::EVERY]:
            assert not same_query(sql, mutation.sql), (label, mutation.change)
            tried += 1
    assert tried * EVERY > 1000


def test_the_same_view_written_by_somebody_else(lender: Declarations) -> None:
    rng = random.Random(6)
    moved = 0
    for label, sql in views_of(lender).items():
        assert same_query(sql, reformatted(sql, rng)), label
        for other in reordered(sql):
            assert same_query(sql, other), label
            moved += 1
        for name in re.findall(r"^(\w+) as \($", sql, re.MULTILINE):
            assert same_query(sql, re.sub(rf"\b{name}\b", "renamed", sql)), (label, name)
        assert same_query(sql, with_parentheses(sql, rng)), label
    assert moved > 3


def test_the_engine_agrees_on_parentheses_and_formats(lender: Declarations) -> None:
    """DuckDB's own parser makes the same of both, places in the text left out."""
    rng = random.Random(7)
    with duckdb.connect() as connection:

        def tree(sql: str) -> str:
            (said,) = connection.execute("select json_serialize_sql(?)", [sql]).fetchone() or ("",)
            assert '"error":false' in said, said
            return re.sub(r'"query_location(_length)?":\d+', "", said)

        for label, sql in views_of(lender).items():
            assert tree(sql) == tree(with_parentheses(sql, rng)), label
        pairs = [pair for pair in SAME if " from " in pair[0]][4:13]
        for one, other in pairs:
            assert tree(one) == tree(other), other
