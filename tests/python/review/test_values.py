"""Values on a sample find what SQL cannot tell, and keep quiet where SQL can."""

from dataclasses import replace
from typing import Any

import duckdb
import numpy as np
import pytest
from published_catalog import PublishedProject, minute

from provender_ops.catalog import Catalog
from provender_ops.definitions.declarations import (
    Column,
    Declarations,
    Feature,
    Model,
    Service,
)
from provender_ops.definitions.declarations import View as Declared
from provender_ops.review.duplicates import VALUES, measure
from provender_ops.review.suspicious import auc, find_suspicious, tells
from provender_ops.review.values import agreement, find_by_values, ranks_of, spearman

HOLE = "__provender_spine__"
SQL = f"""
select s.customer_id, s.as_of, %s
from {HOLE} s left join %s e on e.customer_id = s.customer_id group by all
"""


def feature_of(name: str, value: str, table: str) -> tuple[Declared, Model]:
    unique_id = f"model.shop.{name}"
    view = Declared(
        unique_id, name, 1, "customer", (Column("customer_id", "integer"),),
        (Feature(name, "double"),), {}, "risk",
    )  # fmt: skip
    sql = SQL % (f"{value} as {name}", f'"source.shop.{table}"')
    return view, Model(unique_id, name, sql)


FEATURES: dict[str, tuple[str, str]] = {
    "spent": ("sum(e.amount)", "payments"),
    "spent_by_the_ledger": ("sum(e.booked)", "ledger"),  # another source, the same values
    "spent_in_cents_of_the_bank": ("sum(e.cents)", "bank"),  # 100 times as much
    "spent_lately": ("sum(e.amount) filter (where e.at > s.as_of - interval '1 day')", "payments"),
    "visits": ("count(*)", "visits"),
    "favourite": ("mode(e.category)", "payments"),
    "chosen": ("any_value(e.segment)", "segments"),  # as favourite
    "flag": ("bool_or(e.flag)", "flags"),
    "banner": ("bool_or(e.banner)", "banners"),  # as flag, by chance
}  # fmt: skip


def value_of(name: str, key: int, draws: np.random.Generator) -> Any:
    amount = float((key * 7919) % 1000) if key % 3 else None
    return {
        "spent": amount,
        "spent_by_the_ledger": amount,
        "spent_in_cents_of_the_bank": None if amount is None else amount * 100,
        "spent_lately": amount,  # nobody bought before: the window makes no difference here
        "visits": float(draws.integers(0, 50)),
        "favourite": "abcdefg"[key % 7],
        "chosen": "abcdefg"[key % 7],
        "flag": float(key % 2),
        "banner": float(key % 2),
    }[name]


@pytest.fixture(scope="module")
def shop() -> Declarations:
    built = {name: feature_of(name, *of) for name, of in FEATURES.items()}
    return Declarations(
        views={view.label: view for view, _ in built.values()},
        entities={},
        services={},
        sources={},
        models={model.unique_id: model for _, model in built.values()},
    )


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> PublishedProject:
    project = PublishedProject(tmp_path_factory.mktemp("shop") / "shop")
    draws = np.random.default_rng(6)
    for name in FEATURES:
        text = name in ("favourite", "chosen")
        view = project.view(
            name, keys={"customer_id": "integer"}, features={name: "varchar" if text else "double"}
        )
        state = {key: (value_of(name, key, draws),) for key in range(200)}
        project.build(view, minute(1), state)
    return project


def test_values_find_what_sql_cannot_tell(shop: Declarations, published: PublishedProject) -> None:
    measured, unread = measure(shop)
    assert unread == {}
    with Catalog.open(published.catalog) as catalog:
        found = find_by_values(catalog, measured)
    of = {frozenset((d.feature.split("@")[0], d.of.split("@")[0])): d for d in found}
    assert {d.kind for d in found} == {VALUES}
    assert "100.0% of" in of[frozenset(("spent", "spent_by_the_ledger"))].differences[0]
    assert "order" in of[frozenset(("spent", "spent_in_cents_of_the_bank"))].differences[0]
    assert frozenset(("favourite", "chosen")) in of
    # SQL says that it is another window; that nobody bought before says nothing
    assert frozenset(("spent", "spent_lately")) not in of
    # two flags agree by chance; so do visits with nothing
    assert frozenset(("flag", "banner")) not in of
    assert not any("visits" in pair for pair in of)


def test_what_sql_found_is_not_told_twice(shop: Declarations, published: PublishedProject) -> None:
    measured, _ = measure(shop)
    with Catalog.open(published.catalog) as catalog:
        found = find_by_values(catalog, measured)
        assert find_by_values(catalog, measured, found) == []


def test_ranks_share_the_mean_of_ties() -> None:
    assert ranks_of(np.array([3.0, 1.0, 3.0, 2.0])).tolist() == [3.5, 1.0, 3.5, 2.0]
    assert spearman(np.array([1.0, 2, 3]), np.array([1.0, 8, 27])) == pytest.approx(1)


def test_few_rows_that_say_something_say_nothing() -> None:
    """Most have the same value: two sparse counts agree there, whatever they count."""
    one = np.zeros(1000)
    one[:20] = np.arange(20)
    assert agreement(one, one.copy(), one != 0) is None


# one feature beside the label


def test_auc_is_the_share_of_pairs_in_order() -> None:
    values = np.array([1.0, 2, 3, 3, 5])
    positive = np.array([False, True, False, True, True])
    pairs = [
        1.0 if values[p] > values[n] else 0.5 if values[p] == values[n] else 0.0
        for p in np.nonzero(positive)[0]
        for n in np.nonzero(~positive)[0]
    ]
    assert auc(values, positive) == pytest.approx(sum(pairs) / len(pairs))


TRUTH = np.array([float(row % 4 == 0) for row in range(200)])


def told(values: list[Any]) -> float:
    found = tells(values, TRUTH)
    assert found is not None
    return found.share


def test_what_tells_the_label_is_seen_whatever_its_type_and_direction() -> None:
    draws = np.random.default_rng(3)
    assert told([-float(truth) for truth in TRUTH]) == 1
    assert told(["lost" if truth else "kept" for truth in TRUTH]) == 1
    assert told([None if truth else 7 for truth in TRUTH]) == 1  # that it is not there tells it
    assert told(list(draws.normal(size=200))) < 0.65
    # every row has a text of its own: it tells nothing of any other row
    assert told([f"row {row}" for row in range(200)]) < 0.65


def test_too_few_rows_tell_nothing() -> None:
    assert tells([1.0] * 200, np.array([1.0] * 5 + [0.0] * 195)) is None


def training(project: PublishedProject, rows: list[dict[str, Any]]) -> None:
    folder = project.published / "training"
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(
            "create table rows (defaulted boolean, visits double, spent__spent double)"
        )
        connection.executemany(
            "insert into rows values (?, ?, ?)", [list(row.values()) for row in rows]
        )
        connection.execute(f"copy rows to '{folder / 'latest.parquet'}' (format parquet)")
    project.extra["training"] = f"read_parquet('{folder / 'latest.parquet'}')"
    with duckdb.connect(str(project.catalog)) as connection:
        connection.execute(
            f"create or replace view training as from read_parquet('{folder / 'latest.parquet'}')"
        )


@pytest.fixture
def trained(shop: Declarations) -> Declarations:
    model = Model("model.shop.training", "training", "select 1")
    service = Service(
        "credit",
        "Risk",
        ("spent@1", "visits@1"),
        (("visits@1", "visits"), ("spent@1", "spent")),
        training_sets={"v1": model.unique_id},
        meta={"label": {"model": "labels", "column": "defaulted"}},
    )
    return replace(
        shop, services={"credit": service}, models={**shop.models, model.unique_id: model}
    )


def test_a_feature_that_tells_almost_all_alone_is_flagged(
    trained: Declarations, published: PublishedProject
) -> None:
    draws = np.random.default_rng(9)
    rows = [
        {
            "defaulted": bool(truth),
            "visits": float(draws.normal()),
            "spent": float(truth) * 3 + float(draws.normal()) * 0.4,
        }
        for truth in TRUTH
    ]
    training(published, rows)
    with Catalog.open(published.catalog) as catalog:
        leaks, said = find_suspicious(catalog, trained, "credit")
    assert said == []
    assert [leak.feature for leak in leaks] == ["spent@1.spent"]
    assert (
        "with an AUC of 1.000 over 200 rows of training (suspicious from 0.95)" in leaks[0].because
    )


def test_the_bound_is_the_services_own_and_a_sign_off_is_kept(
    trained: Declarations, published: PublishedProject
) -> None:
    rows = [
        {"defaulted": bool(truth), "visits": float(row % 10), "spent": truth if row % 9 else 0.5}
        for row, truth in enumerate(TRUTH)
    ]
    training(published, rows)
    service = trained.services["credit"]
    loose = {**service.meta, "label": {**service.meta["label"], "suspicious_above": 0.9999}}
    strict = {**service.meta, "reviewed": [{"feature": "spent.spent", "by": "Ada", "reason": "x"}]}
    with Catalog.open(published.catalog) as catalog:
        for meta, expected in ((loose, []), (strict, ["Ada"])):
            asked = replace(trained, services={"credit": replace(service, meta=meta)})
            leaks, _ = find_suspicious(catalog, asked, "credit")
            assert [leak.by for leak in leaks] == expected


def test_what_was_not_measured_is_said(trained: Declarations, published: PublishedProject) -> None:
    training(published, [{"defaulted": True, "visits": 1.0, "spent": 1.0}] * 30)
    with Catalog.open(published.catalog) as catalog:
        leaks, said = find_suspicious(catalog, trained, "credit")
    assert leaks == []
    assert said == ["training has one value of the label, so nothing was measured on it."]
