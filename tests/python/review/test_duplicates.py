"""Duplicates are found by what SQL computes, and honest features are left alone."""

import time
from dataclasses import replace
from itertools import combinations

import pytest
from bank import EVENTS, Bank, activity, bank, made, money
from planted import HOLE, TWELVE, Plant, planted
from twins import twins
from ways import plants

from provender_ops.definitions.declarations import Declarations, Feature, Model
from provender_ops.review.duplicates import (
    NULL_RULE,
    OTHER,
    RULE,
    SAME,
    Duplicate,
    find_duplicates,
    review,
)


@pytest.fixture(scope="module")
def honest() -> Declarations:
    return bank()


@pytest.fixture(scope="module")
def bare(honest: Declarations) -> Declarations:
    """The bank without its views."""
    staging = {key: model for key, model in honest.models.items() if "stg_" in key}
    return replace(honest, views={}, models=staging)


@pytest.fixture(scope="module")
def few(honest: Declarations) -> Declarations:
    """Some of them, for what does not need all."""
    kept = ("customer_orders_", "customer_settled_", "device_sessions_")
    return replace(
        honest, views={label: v for label, v in honest.views.items() if label.startswith(kept)}
    )


@pytest.fixture(scope="module")
def among_all(honest: Declarations) -> list[Duplicate]:
    """What is found among all of them, when nobody says which are new."""
    return find_duplicates(planted(honest, TWELVE))


@pytest.fixture(scope="module")
def found(honest: Declarations) -> list[Duplicate]:
    """What is found when twelve duplicates are written into two hundred honest views."""
    state = planted(honest, TWELVE)
    assert len(state.views) == 212
    began = time.process_time()
    outcome = review(state, new=[f"{plant.view}@1" for plant in TWELVE])
    assert time.process_time() - began < 20  # 3 s on an idle core; pairs would take hours
    assert outcome.unread == {}
    return list(outcome.duplicates)


def test_the_bank_is_honest(honest: Declarations, among_all: list[Duplicate]) -> None:
    """200 views, some 900 features, none named twice; and no two of them are reported."""
    names = [(v.entity, f.name) for v in honest.views.values() for f in v.features]
    assert len(honest.views) == 200
    assert len(names) == len(set(names)) > 900
    views = [{each.feature.split(".")[0], each.of.split(".")[0]} for each in among_all]
    assert [pair for pair in views if pair <= honest.views.keys()] == []


@pytest.mark.parametrize("plant", TWELVE, ids=lambda plant: plant.view)
def test_a_planted_duplicate_is_found(plant: Plant, found: list[Duplicate]) -> None:
    mine = [each for each in found if each.feature == f"{plant.view}@1.{plant.feature}"]
    assert [(each.of, each.kind) for each in mine] == [(plant.of, plant.kind)]
    assert plant.says in "; ".join(mine[0].differences)
    assert mine[0].excuse is None


def test_nothing_else_is_reported(found: list[Duplicate]) -> None:
    planted_ones = {f"{plant.view}@1.{plant.feature}" for plant in TWELVE}
    assert [each for each in found if each.feature not in planted_ones] == []


def test_without_a_word_of_what_is_new_the_same_pairs_are_found(
    among_all: list[Duplicate],
) -> None:
    pairs = {frozenset((each.feature, each.of)) for each in among_all}
    assert pairs == {frozenset((f"{p.view}@1.{p.feature}", p.of)) for p in TWELVE}


def test_only_what_is_new_is_compared(few: Declarations) -> None:
    one = TWELVE[0]
    new = find_duplicates(planted(few, TWELVE[:3]), new=[f"{one.view}@1"])
    assert [each.feature for each in new] == [f"{one.view}@1.{one.feature}"]


@pytest.mark.parametrize("events", EVENTS[::3], ids=lambda events: events.table)
def test_the_same_in_another_style_is_the_same(events, bare: Declarations) -> None:
    """Each measure, written by four people: filters, groups, CTEs, correlated subqueries."""
    writers, built = Bank(3), []
    for choice, condition in events.choices.items():
        for measures in (activity, money):
            asked = measures(events, f"{choice}{events.table}", (7, 30, 90))
            for style in ("joined_once", "joined_directly", "one_by_one", "lateral"):
                sql = getattr(writers, style)(events.of[0], events, condition, asked)
                name = f"{style}_{choice}_{measures.__name__}"
                built.append(made(name, events.of[0], events, sql, asked))
    state = replace(
        bare,
        views={view.label: view for view, _ in built},
        models={**bare.models, **{model.unique_id: model for _, model in built}},
    )
    by_name: dict[str, list[str]] = {}
    for view, _ in built:
        for feature in view.features:
            by_name.setdefault(feature.name, []).append(f"{view.label}.{feature.name}")
    expected = {frozenset(pair) for same in by_name.values() for pair in combinations(same, 2)}
    outcome = find_duplicates(state)
    assert {frozenset((each.feature, each.of)) for each in outcome} == expected
    assert {each.kind for each in outcome} == {SAME}


@pytest.mark.parametrize("kind", plants())
def test_ways_of_writing_one_quantity(kind: str, bare: Declarations) -> None:
    ways = plants()[kind]
    outcome = find_duplicates(planted(bare, ways))
    labels = [f"{plant.view}@1.{plant.feature}" for plant in ways]
    assert {frozenset((each.feature, each.of)) for each in outcome} == {
        frozenset(pair) for pair in combinations(labels, 2)
    }
    assert {each.kind for each in outcome} <= {SAME, NULL_RULE, RULE}


@pytest.mark.parametrize("name", twins())
def test_what_looks_alike_and_is_not_is_left_alone(name: str, bare: Declarations) -> None:
    outcome = review(planted(bare, twins()[name]))
    assert outcome.unread == {}
    assert list(outcome.duplicates) == []


def test_all_ways_together_are_as_many_quantities_as_there_are_kinds(bare: Declarations) -> None:
    of = {plant.view: kind for kind, ways in plants().items() for plant in ways}
    together = planted(bare, tuple(plant for ways in plants().values() for plant in ways))
    for each in find_duplicates(together):
        assert of[each.feature.split("@")[0]] == of[each.of.split("@")[0]]


def test_versions_of_a_view_are_no_duplicates(few: Declarations) -> None:
    """And of the versions of another view, only the last is named."""
    name = "customer_orders_money"
    old = few.views[f"{name}@1"]
    newer = replace(old, version=2, unique_id=f"{old.unique_id}.v2")
    models = {**few.models, newer.unique_id: few.models[old.unique_id]}
    state = replace(few, views={**few.views, newer.label: newer}, models=models)
    assert find_duplicates(state) == []
    copied = planted(state, (TWELVE[1],))
    assert [each.of for each in find_duplicates(copied, new=["basket@1"])] == [
        f"{name}@2.customer_orders_total_mean_180d"
    ]


def test_an_excuse_is_kept_with_its_reason(few: Declarations) -> None:
    state = planted(few, (TWELVE[0],))
    view = state.views["wallet_use@1"]
    named = TWELVE[0].of.replace("@1", "")
    feature = replace(view.features[0], not_duplicate_of={named: "The wallet team moves off it."})
    state = replace(state, views={**state.views, view.label: replace(view, features=(feature,))})
    (only,) = find_duplicates(state)
    assert only.excuse == "The wallet team moves off it."


def test_what_cannot_be_read_is_said(few: Declarations) -> None:
    view = few.views["customer_orders_money@1"]
    broken = Model(view.unique_id, view.name, "with recursive r as (select 1) select * from r")
    outcome = review(replace(few, models={**few.models, view.unique_id: broken}))
    assert outcome.unread == {view.label: f"{view.unique_id}: a recursive query"}


def test_the_same_name_on_another_entity_is_no_duplicate(few: Declarations) -> None:
    view = few.views["device_sessions_money@1"]
    renamed = replace(view, features=(Feature("customer_orders_total_mean_180d", "double"),))
    sql = f"select s.device_id, s.as_of, 1.5 as customer_orders_total_mean_180d from {HOLE} s"
    models = {**few.models, view.unique_id: Model(view.unique_id, view.name, sql)}
    state = replace(few, views={**few.views, view.label: renamed}, models=models)
    assert find_duplicates(state) == []
    assert OTHER not in {each.kind for each in find_duplicates(state)}
