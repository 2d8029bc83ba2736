"""Who reads what is to be removed, or was renamed, is told so once in a process."""

import pickle
import warnings
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from online_store import ACTIVITY, Store, service_over

from provender import DeprecatedFeatures, UnknownFeature, deprecation
from provender.records import ServiceFeature, ViewRef
from provender.registry import service_field

NOTICE, REMOVAL = "2026-12-01", "2026-12-31"
ONE = service_over("credit_risk", ACTIVITY)


@pytest.fixture(autouse=True)
def _nobody_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deprecation, "_told", set())


def told(store: Store, day: str, ask: str = "favourite_shop") -> list[str]:
    """Return what two reads of a new reader on that day are told."""
    store.clock.now = datetime.fromisoformat(day).replace(tzinfo=UTC)
    with warnings.catch_warnings(record=True) as caught, store.reader() as reader:
        warnings.simplefilter("always")
        for customer in (1, 2):
            reader.get("credit_risk", customer_id=customer)[ask]
    assert all(each.category is DeprecatedFeatures for each in caught)
    return [str(each.message) for each in caught]


@pytest.fixture
def removed(store: Store) -> Store:
    views = (ViewRef("customer_activity", 1, NOTICE, REMOVAL),)
    store.put(service_field("credit_risk"), replace(ONE, views=views).to_json())
    return store


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2026-12-01", "may be gone from 2026-12-31 on, in 30 days."),
        ("2026-12-30", "may be gone from 2026-12-31 on, in 1 day."),
        ("2026-12-31", "may be gone since 2026-12-31."),
    ],
)
def test_a_reader_is_warned_once_from_the_notice_on(removed: Store, day: str, words: str) -> None:
    (message,) = told(removed, day)
    assert message.startswith("Service 'credit_risk' reads customer_activity@1, which ")
    assert words in message
    assert told(removed, day) == []  # another reader of the process


def test_before_the_notice_nobody_is_warned_and_a_running_process_is_when_it_comes(
    removed: Store,
) -> None:
    assert told(removed, "2026-11-30T23:59:59") == []
    removed.clock.now = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)
    with removed.reader() as reader:
        reader.get("credit_risk", customer_id=1)
        removed.clock.advance(timedelta(minutes=2))
        removed.publish(ACTIVITY)  # as the next push does
        with pytest.warns(DeprecatedFeatures):
            reader.get("credit_risk", customer_id=1)


def renamed(store: Store, name: str) -> None:
    """`favourite_shop` was called `best_shop`; the service knows it as `name`."""
    first, second = ONE.features
    features = (first, replace(second, name=name, old_name="best_shop"))
    store.put(service_field("credit_risk"), replace(ONE, features=features).to_json())


def test_a_renamed_feature_answers_to_both_names(store: Store) -> None:
    renamed(store, "favourite_shop")
    store.write(ACTIVITY, [3, "bakery"], customer_id=42)
    assert told(store, "2026-03-01") == []
    (message,) = told(store, "2026-03-01", "best_shop")
    assert "reads 'best_shop', which is called 'favourite_shop' now" in message
    with store.reader() as reader:
        served = reader.get("credit_risk", customer_id=42)
    for one in (served, pickle.loads(pickle.dumps(served))):
        assert one["best_shop"] == one["favourite_shop"]
        assert {*one.to_dict()} == {"days_since_last_purchase", "favourite_shop"}
        with pytest.raises(UnknownFeature):
            one["worst_shop"]


def test_a_service_that_lists_the_old_name_is_served_under_it_and_warned(store: Store) -> None:
    renamed(store, "best_shop")
    store.write(ACTIVITY, [3, "bakery"], customer_id=42)
    (message,) = told(store, "2026-03-01", "best_shop")
    assert "which is called 'favourite_shop' now" in message
    with store.reader() as reader:
        served = reader.get("credit_risk", customer_id=42)
    assert served.to_dict() == {"days_since_last_purchase": 3, "best_shop": "bakery"}
    assert served["best_shop"].feature == "favourite_shop"


def test_a_service_feature_keeps_its_old_name() -> None:
    one = ServiceFeature("a", "view", 1, "b", "c")
    assert ServiceFeature.from_record({"name": "a", "view": "view", "version": 1, "feature": "b",
                                       "old_name": "c"}) == one  # fmt: skip
