"""A decision is logged exactly as it was served, once record() returns."""

import hmac
import json
import pickle
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from logging_store import ids, logged
from online_store import ACTIVITY, NAMESPACE, SHOP, Store, service_over

from provender import DecisionLog, DecisionNotLogged, FeatureReader, RowCache, ServedFeatures
from provender.data_types import codec_for
from provender.records import FeatureColumn, ViewRecord
from provender.registry import service_field

DECISION = {"approved": False, "score": 0.31}
LOG_KEY = "a key of the tests, no other"
SHOP_KEYS = {"shop": "é", "opened_on": date(2026, 1, 1)}
TYPES: dict[str, Any] = {
    "hugeint": 2**100,
    "double": 0.1,
    "float": float("-inf"),
    "boolean": True,
    "decimal(18,2)": Decimal("-0.50"),
    "decimal(38,10)": Decimal("0E-10"),
    "date": date(2026, 3, 1),
    "timestamp": datetime(2026, 3, 1, 12, 0, 0, 5),
    "varchar": 'a "quote", é',
    "decimal(4,1)[]": [Decimal("1.5"), None],
    "struct(a integer, b timestamp)": {"a": 1, "b": datetime(2026, 1, 1)},
}


@pytest.fixture
def served(store: Store) -> ServedFeatures:
    store.open(ACTIVITY, SHOP)
    store.write(SHOP, [Decimal("12.30")], **SHOP_KEYS)
    store.clock.advance(timedelta(minutes=1))
    return store.reader().get("credit_risk", customer_id=42, **SHOP_KEYS)


def log_of(store: Store, **keeping: Any) -> DecisionLog:
    """A log with patience, whatever else the machine does."""
    keeping = {"bound": 30.0, "clock": store.clock, **keeping}
    return DecisionLog(store.client, namespace=NAMESPACE, **keeping)


def test_the_record_is_the_documented_one(store: Store, served: ServedFeatures) -> None:
    log = log_of(store)
    identity = log.record(
        served,
        model_version="2026-02",
        decision=DECISION,
        request={"amount": 100},
        outside={"bureau_score": 7},
    )
    [record] = logged(store.client)
    writer, views = record.pop("writer"), record.pop("views")
    assert len(bytes.fromhex(writer)) == 6
    assert record == {
        "format": 3,
        "number": 1,
        "refused": 0,
        "decision_id": identity,
        "service": "credit_risk",
        "model_version": "2026-02",
        "decided_at": "2026-03-01T12:01:00.000000Z",
        "read_at": "2026-03-01T12:01:00.000000Z",
        "read_us": 0,
        "waited_for": "registry",
        "keys": {"customer_id": 42, "shop": "é", "opened_on": "2026-01-01"},
        "request": {"amount": 100},
        "decision": DECISION,
        "outside": {"bureau_score": 7},
    }
    of_both = {
        "version": 1,
        "fingerprint": "f" * 16,
        "generation": 7,
        "as_of": "2026-03-01T12:00:00.000000Z",
        "age_us": 60_000_000,
        "cached": False,
        "role": "decides",
        "statuses": None,
        "hashed": False,
    }
    assert views == [
        {
            **of_both,
            "view": "customer_activity",
            "status": "missing",
            "names": ["days_since_last_purchase", "favourite_shop"],
            "features": ["days_since_last_purchase", "favourite_shop"],
            "types": ["integer", "varchar"],
            "values": [30, "none"],
            "defaults": [0, 1],
        },
        {
            **of_both,
            "view": "shop_volume",
            "status": "ok",
            "names": ["volume"],
            "features": ["volume"],
            "types": ["decimal(18,2)"],
            "values": ["12.30"],
            "defaults": [],
        },
    ]


@pytest.mark.parametrize("nulls", [False, True])
def test_values_of_each_type_are_those_of_their_codec(store: Store, nulls: bool) -> None:
    values = [None if nulls else value for value in TYPES.values()]
    view = wide(TYPES)
    store.open(view)
    store.write(view, values, customer_id=42)
    log_of(store).record(
        store.reader().get("credit_risk", customer_id=42), model_version="1", decision={}
    )
    (logged_view,) = logged(store.client)[0]["views"]
    assert logged_view["types"] == list(TYPES)
    pairs = zip(TYPES, values, strict=True)
    assert logged_view["values"] == [codec_for(name).encode(value) for name, value in pairs]


def wide(types: Mapping[str, Any], **changes: Any) -> ViewRecord:
    columns = tuple(FeatureColumn(f"f{at}", name) for at, name in enumerate(types))
    layout = tuple((column.name, column.type) for column in columns)
    return replace(ACTIVITY, features=columns, layouts={1: layout}, **changes)


def test_what_has_no_value_says_why(store: Store) -> None:
    """A feature that a row's layout has not, beside one it has, and a null with a default."""
    older = {1: ACTIVITY.layouts[1][:1], 2: ACTIVITY.layouts[1]}
    view = replace(ACTIVITY, layout=2, layouts=older)
    store.open(view)
    store.write(view, [None], layout=1, customer_id=1)
    store.write(view, [None, None], layout=2, customer_id=2)
    store.write(view, [7, "x"], layout=2, customer_id=3)
    log = log_of(store)
    for key in (1, 2, 3):
        log.record(
            store.reader().get("credit_risk", customer_id=key), model_version="1", decision={}
        )
    told = [record["views"][0] for record in logged(store.client)]
    assert [(each["values"], each["statuses"], each["defaults"]) for each in told] == [
        ([30, "none"], ["ok", "not_computed"], [0, 1]),
        ([30, None], None, [0]),
        ([7, "x"], None, []),
    ]


def test_names_are_the_services_and_features_the_views(store: Store) -> None:
    service = service_over("credit_risk", ACTIVITY)
    first, second = service.features
    renamed = replace(service, features=(replace(second, name="shop"), replace(first, name="days")))
    store.put(service_field("credit_risk"), renamed.to_json())
    log_of(store).record(
        store.reader().get("credit_risk", customer_id=1), model_version="1", decision={}
    )
    (view,) = logged(store.client)[0]["views"]
    assert (view["names"], view["features"]) == (
        ["shop", "days"],
        ["favourite_shop", "days_since_last_purchase"],
    )
    assert view["values"] == ["none", 30]


def test_what_was_pickled_is_logged_alike(store: Store, served: ServedFeatures) -> None:
    log = log_of(store)
    for each in (served, pickle.loads(pickle.dumps(served))):
        log.record(each, model_version="1", decision={}, decision_id="same")
    one, other = ({**record, "number": 0} for record in logged(store.client))
    assert one == other


def test_a_row_from_the_cache_is_logged_under_the_record_it_was_read_with(store: Store) -> None:
    store.write(ACTIVITY, [3, "bakery"], customer_id=1)
    cache = RowCache(fresh_for=timedelta(minutes=1))
    log, clock = log_of(store), store.clock
    with FeatureReader(
        store.client, namespace=NAMESPACE, clock=clock, monotonic=clock.monotonic, cache=cache
    ) as reader:
        for seconds in (0, 2, 0):  # the registry is kept for one
            clock.advance(timedelta(seconds=seconds))
            log.record(reader.get("credit_risk", customer_id=1), model_version="1", decision={})
            store.publish(replace(ACTIVITY, fingerprint="e" * 16))
    told = logged(store.client)
    assert [(each["waited_for"], each["views"][0]["cached"]) for each in told] == [
        ("registry", False),
        ("registry", True),
        ("cache", True),
    ]
    assert {each["views"][0]["fingerprint"] for each in told} == {"f" * 16}


def test_how_long_a_read_took_and_what_it_waited_for(store: Store) -> None:
    log, reader = log_of(store), store.reader()
    store.write(ACTIVITY, [3, "bakery"], customer_id=1)
    seconds = iter([0.0, 0.25, 1.0, 1.0001, *[2.0] * 9])
    reader._reading._monotonic = lambda: next(seconds)  # a read asks it twice or more
    reader.get("credit_risk", customer_id=1)
    seconds = iter([0.5, 0.500139])
    log.record(reader.get("credit_risk", customer_id=1), model_version="1", decision={})
    seconds = iter([0.6, 0.7, 0.8, 0.9, 1.0])
    store.publish(replace(ACTIVITY, generation=8))
    log.record(reader.get("credit_risk", customer_id=1), model_version="1", decision={})
    told = [(each["read_us"], each["waited_for"]) for each in logged(store.client)]
    assert told[0] == (139, None)
    assert told[1][1] == "retry"
    assert told[1][0] in {200_000, 300_000, 400_000}


def test_id_and_time_may_be_given(store: Store, served: ServedFeatures) -> None:
    at = datetime(2026, 3, 1, 13, 0, 0, 5)
    given = log_of(store).record(
        served, model_version="1", decision={}, decision_id="loan-7", decided_at=at
    )
    assert given == "loan-7"
    [record] = logged(store.client)
    assert record["decided_at"] == "2026-03-01T13:00:00.000005Z"
    assert (record["request"], record["outside"]) == (None, None)


def test_each_decision_has_its_own_id_and_number(store: Store, served: ServedFeatures) -> None:
    log = log_of(store)
    made = [log.record(served, model_version="1", decision={}) for _ in range(3)]
    assert ids(store.client) == made
    assert len(set(made)) == 3
    assert [record["number"] for record in logged(store.client)] == [1, 2, 3]
    log_of(store).record(served, model_version="1", decision={})
    assert logged(store.client)[3]["number"] == 1
    assert len({record["writer"] for record in logged(store.client)}) == 2


@pytest.mark.parametrize(
    "bad",
    [{"at": datetime(2026, 1, 1, tzinfo=UTC)}, {"x": float("nan")}, {"x": "\ud800"}, {"x": {1, 2}}],
)
@pytest.mark.parametrize("which", ["request", "decision", "outside"])
def test_what_json_cannot_hold_is_refused(
    store: Store, served: ServedFeatures, which: str, bad: Mapping[str, Any]
) -> None:
    parts: dict[str, Any] = {"decision": {}, "request": {}, which: bad}
    with pytest.raises(DecisionNotLogged, match=f"`{which}` holds what JSON cannot"):
        log_of(store).record(served, model_version="1", **parts)
    assert logged(store.client) == []


def test_what_refers_to_itself_is_refused(store: Store, served: ServedFeatures) -> None:
    endless: dict[str, Any] = {}
    endless["itself"] = endless
    with pytest.raises(DecisionNotLogged, match="`decision` holds what JSON cannot"):
        log_of(store).record(served, model_version="1", decision=endless)


def test_a_decision_that_is_no_mapping_is_refused(store: Store, served: ServedFeatures) -> None:
    with pytest.raises(DecisionNotLogged, match="`decision` is a float, not a mapping"):
        log_of(store).record(served, model_version="1", decision=0.3)  # type: ignore[arg-type]


@pytest.mark.parametrize("which", ["decision_id", "model_version"])
def test_half_a_surrogate_pair_is_refused(store: Store, served: ServedFeatures, which: str) -> None:
    texts: dict[str, Any] = {"model_version": "1", which: "x\udfff"}
    with pytest.raises(DecisionNotLogged, match=f"`{which}` has half a surrogate"):
        log_of(store).record(served, decision={}, **texts)


@pytest.mark.parametrize(
    "at",
    [
        datetime.max.replace(tzinfo=timezone(-timedelta(hours=1))),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=1))),
        "2026-03-01",
        date(2026, 3, 1),
    ],
)
def test_a_time_that_is_none_is_refused(store: Store, served: ServedFeatures, at: Any) -> None:
    with pytest.raises(DecisionNotLogged, match="`decided_at` is"):
        log_of(store).record(served, model_version="1", decision={}, decided_at=at)
    assert log_of(store).record(served, model_version="1", decision={}, decided_at=datetime.max)


@pytest.mark.parametrize("classification", ["pii", "pci", "internal"])
def test_personal_values_are_logged_as_keyed_hashes(store: Store, classification: str) -> None:
    types = {**TYPES, "integer": None}
    view = wide(types, classification=classification, log_values=False)
    store.open(view)
    store.write(view, list(types.values()), customer_id=42)
    served = store.reader().get("credit_risk", customer_id=42)
    log_of(store, log_key=LOG_KEY).record(served, model_version="1", decision={})
    (told,) = logged(store.client)[0]["views"]
    subkey = hmac.digest(LOG_KEY.encode(), b"provender pii 1", "sha256")
    key = hmac.digest(subkey, b"name", "sha256").hex()[:8]
    expected = [
        None
        if value is None
        else f"{key}:{hmac.digest(subkey, canonical(name, value), 'sha256').hex()}"
        for name, value in types.items()
    ]
    assert (told["values"], told["hashed"]) == (expected, True)


def canonical(name: str, value: Any) -> bytes:
    encoded = codec_for(name).encode(value)
    return json.dumps(encoded, ensure_ascii=False, separators=(",", ":")).encode()


def test_without_a_key_personal_values_are_not_logged(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.open(replace(ACTIVITY, classification="pii", log_values=False))
    served = store.reader().get("credit_risk", customer_id=1)
    with pytest.raises(DecisionNotLogged, match="'customer_activity' is classified 'pii'"):
        log_of(store).record(served, model_version="1", decision={})
    assert logged(store.client) == []
    monkeypatch.setenv("PROVENDER_LOG_KEY", LOG_KEY)
    log_of(store).record(served, model_version="1", decision={})
    with pytest.raises(DecisionNotLogged, match="has 5 characters"):
        log_of(store, log_key="short")


def test_a_view_may_allow_its_values(store: Store) -> None:
    store.open(replace(ACTIVITY, classification="pii", log_values=True))
    log_of(store).record(
        store.reader().get("credit_risk", customer_id=1), model_version="1", decision={}
    )
    (view,) = logged(store.client)[0]["views"]
    assert (view["values"], view["hashed"]) == ([30, "none"], False)
