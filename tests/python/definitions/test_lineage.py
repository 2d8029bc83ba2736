"""Column lineage: to the columns of sources, what a value is of apart from what decides its rows.

What cannot be told is said. Against the engine too: a column that lineage does not name can be
anything, and no feature changes.
"""

import re
from collections import defaultdict
from dataclasses import replace

import duckdb
import pytest
import yaml
from declared_by_hand import declared
from support import REPO

from provender_ops.definitions.declarations import Declarations
from provender_ops.definitions.lineage import Lineage, Origin, column_lineage

STAGING = {
    "model.stg": 'select oid as order_id, cust as id, total / 100 as amount, state, "at" from'
    ' "source.s.orders" where total > 0',
    "model.plain": 'select * from "source.s.orders"',
    "model.other": 'select * from "source.s.other"',
    "model.gone": None,
    "model.broken": "select from (",
    "snapshot.kept": None,
}
ORDERS = 'from __provender_spine__ as spine left join "model.stg" as o on o.id = spine.id'

# a SELECT of `f`, what its value is of, what decides in it (columns of the source s.orders)
TOLD = [
    (f"select o.amount as f {ORDERS}", "total", "cust"),
    (f"select max(o.amount) as f {ORDERS} group by spine.id", "total", "cust"),
    (f"select count(*) as f {ORDERS} group by spine.id", "", "cust"),
    (f"select count(*) as f {ORDERS} where o.state = 'paid'", "", "cust state"),
    (f"select sum(o.amount) filter (where o.state = 'paid') as f {ORDERS}", "total", "cust state"),
    (f"select case when o.state = 'paid' then o.amount end as f {ORDERS}", "state total", "cust"),
    (f"select arg_max(o.state, o.at) as f {ORDERS}", "at state", "cust"),
    (
        f"select o.amount as f {ORDERS} qualify row_number() over (order by o.at) = 1",
        "total",
        "at cust",
    ),
    (f"select rank() over (partition by o.state order by o.at) as f {ORDERS}", "at", "cust state"),
    (f"select lag(o.amount) over (order by o.at) as f {ORDERS}", "total", "at cust"),
    (f"select lag(o.amount) over w as f {ORDERS} window w as (order by o.at)", "total", "at cust"),
    (
        f"select (select max(x.oid) from \"model.plain\" as x where x.state = 'a') as f {ORDERS}",
        "oid",
        "state",
    ),
    (
        f'select exists (select 1 from "model.plain" as x where x.oid = o.order_id) as f {ORDERS}',
        "",
        "cust oid",
    ),
    (
        f'select o.state in (select x.oid from "model.plain" as x) as f {ORDERS}',
        "oid state",
        "cust",
    ),
    (
        f"with a as (select o.amount, spine.id {ORDERS}), b as (select * from a)"
        " select amount as f from b",
        "total",
        "cust",
    ),
    (f"select x.amount as f from (select o.* {ORDERS}) as x", "total", "cust"),
    (
        f"select f from (select * replace (o.at as amount) {ORDERS}) as t(a, b, c, d, f)",
        "at",
        "cust",
    ),
    (f"select amount as f from (select o.* exclude (state) {ORDERS}) as x", "total", "cust"),
    (f"select coalesce(o.amount, 0) + length(o.state) as f {ORDERS}", "state total", "cust"),
    (
        "select p.anything as f from __provender_spine__ as spine"
        ' join "model.plain" as p on p.cust = spine.id',
        "anything",
        "cust",
    ),
    (
        "select p.info.street.number as f from __provender_spine__ as s"
        ' join "model.plain" as p using (id)',
        "info",
        "id",
    ),
    ('select to_json(p) as f from "model.plain" as p', "*", ""),
    ("select s.as_of as f from __provender_spine__ as s", "", ""),
    (
        'select state as f from "model.stg" union all select order_id from "model.stg"',
        "oid state",
        "",
    ),
    (
        'select oid as f from (select oid, cust from "source.s.orders") union all by name'
        ' select cust as x, oid as f from "source.s.orders"',
        "oid",
        "",
    ),
    ('select distinct state as f from "model.stg"', "state", "state"),
    (
        'select state as f from "model.stg" except select order_id from "model.stg"',
        "state",
        "oid state",
    ),
    ('select amount as f from "model.stg" order by state limit 1', "total", "state total"),
    ('select u.x as f from "model.stg" as o, unnest([o.state]) as u(x)', "state", ""),
    ("select n.x as f from range(3) as n(x)", "", ""),
    ('select q.m as f from "model.stg" as o, lateral (select o.amount + 1 as m) as q', "total", ""),
    (
        'select list_transform([o.amount], x -> x + o.order_id) as f from "model.stg" as o',
        "oid total",
        "",
    ),
    ('select struct_pack(a := o.amount).a as f from "model.stg" as o', "total", ""),
    ('select amount * 2 as twice, twice + 1 as f from "model.stg"', "total", ""),
    ('select state as k, count(*) as f from "model.stg" group by all', "", "state"),
    ('select state as k, count(*) as f from "model.stg" group by 1', "", "state"),
    (
        'select max(amount) as f from "model.stg" group by id having count(state) > 1',
        "total",
        "cust state",
    ),
    (
        'with recursive r as (select amount as f from "model.stg" union all select f + 1 from r)'
        " select f from r",
        "total",
        "",
    ),
    ('select k.amount as f from "snapshot.kept" as k', "total", ""),
    ('from "model.stg" select amount as f', "total", ""),
    ('select A.Amount as F from "model.stg" as a', "total", ""),
    (
        'select b.amount as f from ("model.stg" as a join "model.stg" as b on a.id = b.order_id)',
        "total",
        "cust oid",
    ),
    (
        'select a.amount as f from "model.stg" as a'
        ' semi join "model.stg" as b on a.id = b.order_id',
        "total",
        "cust oid",
    ),
]
UNKNOWN = [
    ('select "x" as f from "model.plain" as p, "model.other" as q', "several tables whose columns"),
    ('select g.x as f from "model.gone" as g', "model.gone was never compiled"),
    ('select g.x as f from "model.broken" as g', "the SQL of model.broken cannot be parsed"),
    ("select g.x as f from nowhere as g", "no node of the project is `nowhere`"),
    ('select o.missing as f from "model.stg" as o', "`o.missing` is not there"),
    ('select columns(*) as f from "model.stg"', "does not follow columns"),
    (
        'select * from "model.plain" union all select * from "model.other"',
        "a union has columns by place",
    ),
    ('select t.f from "model.plain" as t(f)', "a list of names"),
    ('select p.f from "model.plain" as p natural join "model.stg" as q', "a natural join"),
    ("select 1 as g", "has no column `f`"),
]


def kept(declarations: Declarations) -> Declarations:
    """Let the snapshot read the staging model."""
    snapshot = declarations.models["snapshot.kept"]
    object.__setattr__(snapshot, "parents", ("model.stg",))
    return declarations


def columns(origins: frozenset[Origin]) -> str:
    assert {origin.unique_id for origin in origins} <= {"source.s.orders"}
    return " ".join(sorted(origin.column for origin in origins))


@pytest.mark.parametrize(("sql", "value", "condition"), TOLD)
def test_what_a_column_is_of(sql: str, value: str, condition: str) -> None:
    lineage = Lineage(kept(declared(sql, models=STAGING)))
    assert lineage.unknown_of("model.v", "f") == ()
    assert columns(lineage.value_origins("model.v", "f")) == value
    assert columns(lineage.filter_origins("model.v", "f")) == condition


@pytest.mark.parametrize(("sql", "why"), UNKNOWN)
def test_what_cannot_be_told_is_said(sql: str, why: str) -> None:
    lineage = Lineage(kept(declared(sql, models=STAGING)))
    assert any(why in said for said in lineage.unknown_of("model.v", "f"))


def test_declared_columns_tell_whose_an_unqualified_one_is() -> None:
    sql = 'select x as f from "source.s.a" join "source.s.b" on a_id = b_id'
    assert Lineage(declared(sql)).unknown_of("model.v", "f")
    lineage = Lineage(
        declared(sql, columns={"source.s.a": ["a_id", "x"], "source.s.b": ["b_id", "y"]})
    )
    assert lineage.unknown_of("model.v", "f") == ()
    assert lineage.value_origins("model.v", "f") == {Origin("source.s.a", "x")}
    assert lineage.filter_origins("model.v", "f") == {
        Origin("source.s.a", "a_id"),
        Origin("source.s.b", "b_id"),
    }


def test_what_decides_in_models_that_are_read_is_told_apart() -> None:
    declarations = declared(f"select max(o.amount) as f {ORDERS} group by spine.id", models=STAGING)
    lineage = Lineage(declarations)
    assert columns(lineage.filter_origins("model.v", "f")) == "cust"
    assert columns(lineage.filter_origins("model.v", "f", upstream=True)) == "cust total"
    assert columns(column_lineage(declarations, "model.v", "f")) == "cust total"


PAYMENTS = "source.provender.lender.card_payments"
LENDER = {
    "customer_activity@1": {
        "payments_7d": "payment_id",
        "payments_30d": "payment_id",
        "payments_90d": "payment_id",
        "days_since_last_purchase": "paid_at_local zone",
        "top_category_30d": "category",
    },
    "customer_category_affinity@1": {"category_payments_30d": "", "affinity_30d": ""},
    "customer_engagement@1": {"monthly_trend": "payment_id", "is_dormant": "payment_id"},
    "customer_spend@1": {"spend_30d": "amount"},
    "customer_spend@2": {"spend_30d": "amount", "largest_payment_30d": "amount"},
    "device_activity@1": {"device_payments_60m": "payment_id", "device_amount_60m": "amount"},
    "ip_activity@1": {"ip_payments_10m": "payment_id", "ip_customers_10m": "customer_id"},
    "merchant_activity@1": {"merchant_payments_24h": "payment_id", "merchant_amount_24h": "amount"},
}


def test_the_lenders_features_to_their_source(lender: Declarations) -> None:
    """Through staging's macros, a nested view, two versions of one; and nothing is unknown."""
    lineage = Lineage(lender)
    for label, features in LENDER.items():
        for feature, expected in features.items():
            unique_id = lender.views[label].unique_id
            origins = lineage.value_origins(unique_id, feature)
            assert origins == {Origin(PAYMENTS, name) for name in expected.split()}, feature
    for label, view in lender.views.items():
        for feature in view.features:
            assert lineage.unknown_of(view.unique_id, feature.name) == (), (label, feature)
    settled = lineage.filter_origins(lender.views["customer_spend@2"].unique_id, "spend_30d")
    every = lineage.filter_origins(lender.views["customer_spend@1"].unique_id, "spend_30d")
    assert settled - every == {Origin(PAYMENTS, "status")}


def test_a_label_and_a_training_set_to_their_source(lender: Declarations) -> None:
    lineage = Lineage(lender)
    label = Origin("source.provender.lender.loan_outcomes", "outcome")
    for model in ("credit_risk_labels", "credit_risk_training"):
        assert lineage.value_origins(f"model.provender.{model}", "defaulted") == {label}
        assert lineage.unknown_of(f"model.provender.{model}", "defaulted") == ()
    training = "model.provender.credit_risk_training"
    assert lineage.value_origins(training, "device_amount_60m") == {Origin(PAYMENTS, "amount")}


STAGED = "model.provender.stg_lender__"


class Recomputed:
    """The lender's views over staging tables that may be changed: here they are the sources."""

    def __init__(self, lender: Declarations) -> None:
        self.connection = duckdb.connect(config={"threads": 2})
        self.connection.execute("set timezone = 'UTC'")
        self._load_seeds()
        self._built: set[str] = set()
        self.lender = lender
        for unique_id in lender.models:
            if unique_id.startswith(STAGED) or unique_id.rsplit(".", 1)[1] in lender.entities:
                self._build(unique_id)
        self.tables = sorted(one for one in self._built if one.startswith(STAGED))
        self.lineage = Lineage(_over_staging(lender, self.tables))
        self.spines = {label: self._spine(label) for label in lender.views}
        self.before = {label: self.features(label) for label in lender.views}

    def _load_seeds(self) -> None:
        for seed in yaml.safe_load((REPO / "seeds/_seeds.yml").read_text())["seeds"]:
            config = seed["config"]
            table = f"source.provender.lender.{config['alias']}"
            self.connection.execute(
                f'create table "{table}" as from read_csv('
                f"'{REPO}/seeds/{seed['name']}.csv', columns = {config['column_types']})"
            )
            if "customer_id" in config["column_types"]:  # some of them, for time
                self.connection.execute(f'delete from "{table}" where customer_id % 4 <> 0')

    def _build(self, unique_id: str) -> None:
        if unique_id in self._built or not unique_id.startswith("model."):
            return
        self._built.add(unique_id)
        model = self.lender.models[unique_id]
        for parent in model.parents:
            self._build(parent)
        self.connection.execute(f'create table "{unique_id}" as {model.sql}')

    def columns(self, table: str) -> list[str]:
        rows = self.connection.execute(f'describe "{table}"').fetchall()
        return [row[0] for row in rows]

    def _spine(self, label: str) -> str:
        view = self.lender.views[label]
        keys = ", ".join(key.name for key in view.keys)
        entity = self.lender.entities[view.entity].unique_id
        name = f"spine of {label}"
        self.connection.execute(
            f'create table "{name}" as select distinct {keys}, as_of from "{entity}",'
            " (values (timestamp '2026-03-02 12:00'), (timestamp '2026-02-20 09:00')) t(as_of)"
        )
        return name

    def features(self, label: str) -> dict[str, list[object]]:
        view = self.lender.views[label]
        keys = ", ".join(key.name for key in view.keys)
        names = [feature.name for feature in view.features]
        rows = self.connection.execute(
            f'with __provender_spine__ as (from "{self.spines[label]}") select {", ".join(names)}'
            f" from ({self.lender.models[view.unique_id].sql}) order by {keys}, as_of"
        ).fetchall()
        return {name: [row[at] for row in rows] for at, name in enumerate(names)}

    def moved(self, table: str, column: str) -> set[tuple[str, str]]:
        """Give each row of a table the column of another one; return the features that change."""
        self.connection.execute("begin")
        self.connection.execute(
            f'create or replace table "{table}" as select * replace (coalesce(lead("{column}", 7)'
            f' over (order by rowid), first("{column}") over (order by rowid)) as "{column}")'
            f' from "{table}"'
        )
        changed = {
            (label, name)
            for label, before in self.before.items()
            if table in self.lender.ancestors(self.lender.views[label].unique_id)
            for name, values in self.features(label).items()
            if values != before[name]
        }
        self.connection.execute("rollback")
        return changed


def _over_staging(lender: Declarations, tables: list[str]) -> Declarations:
    """Return the same with staging as its sources: its deduplication would name all columns."""
    models = {
        unique_id: replace(model, sql=re.sub(rf'"({STAGED}\w+)"', r'"source.\1"', model.sql or ""))
        for unique_id, model in lender.models.items()
        if unique_id not in tables
    }
    return replace(lender, models=models)


def test_a_feature_changes_with_the_columns_that_lineage_names_and_no_other(
    lender: Declarations,
) -> None:
    """Each column of staging in turn takes other values, and every view is computed again."""
    recomputed = Recomputed(lender)
    named = defaultdict(set)
    for one in recomputed.lineage.feature_origins():
        assert one.role in ("value", "condition")
        named[one.origin].add((one.view, one.feature))
    pairs = changes = 0
    for table in recomputed.tables:
        for column in recomputed.columns(table):
            moved = recomputed.moved(table, column)
            assert moved <= named[Origin(f"source.{table}", column)], (table, column)
            pairs += len(named[Origin(f"source.{table}", column)])
            changes += len(moved)
    assert changes > 0.8 * pairs > 80  # the others: ids that are only counted, rare corrections
