"""A query cut down to a column gives that column as before, and is cut to no less than it is of."""

import duckdb
import pytest

from provender_ops.plan.pruned import CannotPrune, pruned

TABLES = """
create table pay as select * from (values
    (1, 10, 'a', 5, [1, 2]), (1, 11, 'b', 7, [3]), (2, 12, 'a', null, []), (3, 13, null, 2, [4])
) as t(id, n, kind, amount, parts);
create table seen as select * from (values (1, 'x'), (3, 'y'), (4, 'z')) as t(id, device);
create table spine as select * from (values (1), (2), (3), (5)) as t(id);
"""

# Each with columns that are asked for, and words that must be gone, then words that must stay.
QUERIES = {
    "columns that nobody reads": (
        "with p as (select id, n, kind, amount from pay),"
        " f as (select id, n as a, kind as b from p) select * from f",
        ("id", "a"),
        ("amount", "kind"),
        ("n",),
    ),
    "a join that gives nothing": (
        "with c as (select id, count(*) as c from pay group by id),"
        " d as (select id, max(device) as device from seen group by id),"
        " f as (select c.id, c.c, d.device from c left join d on c.id = d.id) select * from f",
        ("id", "c"),
        ("seen", "device"),
        ("count",),
    ),
    "a join of which groups are made": (
        "with g as (select s.id, count(p.n) as c, max(d.device) as device from spine as s"
        " left join pay as p on s.id = p.id left join seen as d on s.id = d.id group by s.id),"
        " f as (select s.id, g.id is not null as known from spine as s left join g on s.id = g.id)"
        " select * from f",
        ("id", "known"),
        ("pay", "seen"),
        ("group by",),
    ),
    "groups of a joined column": (
        "select s.id, p.kind, count(*) as c from spine as s left join pay as p on s.id = p.id"
        " group by s.id, p.kind",
        ("id",),
        (),
        ("pay",),
    ),
    "a join that counts": (
        "select s.id, count(p.n) as c, max(d.device) as device from spine as s"
        " left join pay as p on s.id = p.id left join seen as d on s.id = d.id group by s.id",
        ("id", "c"),
        ("max",),
        ("seen",),
    ),
    "a join that leaves rows out": (
        "select p.id, p.n from pay as p inner join seen as d on p.id = d.id",
        ("id", "n"),
        (),
        ("seen",),
    ),
    "what a filter reads": (
        "with p as (select id, n, kind, amount > 4 as big from pay) select id, n from p where big",
        ("id", "n"),
        ("kind",),
        ("amount",),
    ),
    "distinct": (
        "with p as (select distinct id, kind from pay) select id from p",
        ("id",),
        (),
        ("kind",),
    ),
    "a union": (
        "with u as (select id, n from pay union all select id, 0 as n from seen),"
        " f as (select id, n, n + 1 as m from u) select * from f",
        ("id", "n"),
        ("+",),
        ("seen",),
    ),
    "an aggregate of all rows": (
        "with t as (select max(n) as m, count(*) as c from pay)"
        " select s.id, t.m from spine as s cross join t",
        ("id",),
        (),
        ("max",),
    ),
    "unnested rows": (
        "with u as (select id, unnest(parts) as part, n from pay) select id, part from u",
        ("id",),
        (),
        ("unnest",),
    ),
    "a window that keeps one row": (
        "with p as (select id, n, amount, kind from pay"
        " qualify row_number() over (partition by id order by amount desc nulls last, n) = 1)"
        " select id, n from p",
        ("id", "n"),
        ("kind",),
        ("amount",),
    ),
    "an alias read beside it": (
        "with p as (select id, n * 2 as twice, twice + 1 as more, kind from pay)"
        " select id, more from p",
        ("id", "more"),
        ("kind",),
        ("twice",),
    ),
    "the first rows by a column": (
        "with p as (select id, n, kind from pay order by n desc limit 2) select id from p",
        ("id",),
        ("kind",),
        ("n desc",),
    ),
    "a whole row": (
        "with p as (select id, n, kind from pay)"
        " select id, cast(to_json(p) as varchar) as j from p",
        ("id", "j"),
        (),
        ("kind",),
    ),
    "a subquery that looks outside": (
        "with p as (select id, n, kind, amount from pay)"
        " select id, n from p where exists (select 1 from seen where seen.id = p.amount or n > 9)",
        ("id", "n"),
        ("kind",),
        ("amount",),
    ),
    "a subquery with names alone": (
        "with p as (select id, n, kind, amount from pay)"
        " select id, n from p where id in (select id from seen where amount > 1)",
        ("id", "n"),
        ("kind",),
        ("amount",),
    ),
    "a star of one table": (
        "with p as (select id, n from pay), d as (select id as other, device from seen),"
        " j as (select p.*, d.device from p left join d on p.id = d.other) select * from j",
        ("id", "n"),
        ("seen",),
        (),
    ),
    "grouped by a column that is not asked for": (
        "with g as (select kind, id, count(*) as c from pay group by id, kind) select id, c from g",
        ("id", "c"),
        (),
        ("kind",),
    ),
    "grouped by place": (
        "with g as (select id, kind, count(*) as c from pay group by 1, 2) select id, c from g",
        ("id", "c"),
        (),
        ("kind",),
    ),
    "grouped by all": (
        "with g as (select id, kind, count(*) as c from pay group by all) select id, c from g",
        ("id", "c"),
        (),
        ("kind",),
    ),
    "a name in another case": (
        "with P as (select ID, N, Kind from pay) select id, n from p",
        ("id", "n"),
        ("kind",),
        (),
    ),
    "what stands beside": (
        "with p as (select id, n, kind, amount from pay)"
        " select p.id, q.twice from p, (select p.n * 2 as twice) as q",
        ("id", "twice"),
        ("kind",),
        ("n * 2",),
    ),
    "a name beside": (
        "with p as (select id, n, kind, amount from pay)"
        " select p.id, q.twice from p, (select n * 2 as twice) as q",
        ("id", "twice"),
        ("kind",),
        ("n * 2",),
    ),
    "a struct": (
        "with p as (select id, {'a': n, 'b': kind} as s, amount from pay)"
        " select id, s.a as a from p",
        ("id", "a"),
        ("amount",),
        ("kind",),
    ),
}


@pytest.fixture(scope="module")
def tables() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(TABLES)
    return connection


@pytest.mark.parametrize("name", QUERIES)
def test_what_is_left_gives_the_same_rows(name: str, tables: duckdb.DuckDBPyConnection) -> None:
    sql, columns, gone, kept = QUERIES[name]

    left = pruned(sql, columns)

    whole = f"select {', '.join(columns)} from ({sql}) as whole"
    rows = [tables.execute(f"{query} order by all").fetchall() for query in (whole, left)]
    assert rows[0] == rows[1]
    assert len(rows[0]) > 0
    for word in gone:
        assert word not in left.lower()
    for word in kept:
        assert word in left.lower()


@pytest.mark.parametrize(
    "sql",
    [
        "select id, n from pay join seen using (id)",
        "select id, n from pay natural join seen",
        "with recursive r as (select 1 as id union all select id + 1 from r where id < 3) from r",
        "pivot pay on kind using sum(n) group by id",
        "not a query",
    ],
)
def test_what_is_not_certain_is_not_cut(sql: str) -> None:
    with pytest.raises(CannotPrune):
        pruned(sql, ["id"])


@pytest.mark.parametrize(
    ("one", "other", "are_same"),
    [
        (
            "with p as (select id, n, kind from pay) select id, n from p",
            "with p as (select kind, n + 0 as x, n, id from pay) select x, n, id from p",
            True,
        ),
        (
            "with p as (select id, n from pay) select * from p union all select id, 1 from seen",
            "with p as (select n, id from pay) select * from p union all select id, 1 from seen",
            False,
        ),
    ],
)
def test_the_order_of_columns_counts_where_they_are_read_by_place(
    one: str, other: str, are_same: bool
) -> None:
    asked = ["id", "n"]
    try:
        found = pruned(one, asked) == pruned(other, asked)
    except CannotPrune:
        found = False
    assert found == are_same
