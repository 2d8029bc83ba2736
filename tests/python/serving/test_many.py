"""Many keys at once: one round trip, one answer for each, and a data frame of them."""

import pickle
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pandas as pd  # type: ignore[import-untyped,unused-ignore]
import pytest
from online_store import ACTIVITY, T0, Store, commands

from provender import FeatureUnavailable, Status, UnknownService, WrongKey
from provender.records import FeatureColumn

KEYS = [{"customer_id": key} for key in (7, 42, 9, 42)]


def test_each_key_has_its_answer_in_the_order_asked_for(store: Store) -> None:
    store.write(ACTIVITY, [3, "bakery"], customer_id=42)
    store.write(ACTIVITY, [5, None], customer_id=9)
    reader = store.reader()
    served = reader.get_many("credit_risk", KEYS)
    assert [one.keys for one in served] == KEYS
    shops = [one["favourite_shop"] for one in served]
    assert [shop.value for shop in shops] == ["none", "bakery", None, "bakery"]
    assert [shop.status for shop in shops] == [Status.MISSING, *[Status.OK] * 3]
    assert [one.to_dict() for one in served] == [
        reader.get("credit_risk", **keys).to_dict() for keys in KEYS
    ]


def test_what_was_served_keeps_its_keys_and_can_be_sent_away(store: Store) -> None:
    """The caller's mapping may change before the decision is logged."""
    store.write(ACTIVITY, [3, "bakery"], customer_id=42)
    mine = {"customer_id": 42}
    (served,) = store.reader().get_many("credit_risk", [mine])
    mine["customer_id"] = 43
    assert served.keys == {"customer_id": 42}
    again = pickle.loads(pickle.dumps(served))
    assert (again.keys, again.values()) == (served.keys, served.values())
    assert (again.service, again.read_at) == (served.service, served.read_at)


def test_many_keys_take_one_round_trip(store: Store) -> None:
    for key in range(100):
        store.write(ACTIVITY, [key, None], customer_id=key)
    reader = store.reader()
    reader.get("credit_risk", customer_id=1)
    store.client.config_resetstat()
    served = reader.get_many("credit_risk", ({"customer_id": key} for key in range(100)))
    assert [one["days_since_last_purchase"].value for one in served] == list(range(100))
    assert commands(store.client)["mget"] == 1
    assert "hgetall" not in commands(store.client)


def test_no_keys_are_answered_without_asking(store: Store) -> None:
    store.client.config_resetstat()
    batch = store.reader().get_many("credit_risk", [])
    assert (list(batch), batch.columns(), batch.statuses()) == ([], {}, {})
    assert batch.to_pandas().empty
    assert not {"mget", "hgetall"} & set(commands(store.client))


def test_one_wrong_key_refuses_them_all(store: Store) -> None:
    with pytest.raises(WrongKey, match=r"Keys number 2: .*customer_id"):
        store.reader().get_many("credit_risk", [{"customer_id": 1}, {"customer": 1}])
    with pytest.raises(UnknownService):
        store.reader().get_many("credit_risks", KEYS)


def test_columns_hold_what_the_objects_hold(store: Store) -> None:
    """Also of keys that are missing, values that are null, and a row that has expired."""
    other = replace(ACTIVITY, view="other", ttl_us=1, sla_us=1)
    renamed = replace(other, features=tuple(replace(f, name=f"o_{f.name}") for f in other.features))
    renamed = replace(renamed, layouts={1: tuple((f.name, f.type) for f in renamed.features)})
    store.open(ACTIVITY, renamed)
    for view in (ACTIVITY, renamed):
        store.write(view, [None, None], customer_id=42)
        store.write(view, [5, "bakery"], customer_id=9)
    store.clock.advance(timedelta(seconds=1))
    batch = store.reader().get_many("credit_risk", KEYS)
    assert list(batch.columns()) == list(batch[0])
    for at, served in enumerate(batch):
        features = served.values()
        assert [values[at] for values in batch.columns().values()] == [f.value for f in features]
        assert [told[at] for told in batch.statuses().values()] == [f.status for f in features]
        assert served.to_dict() == {f.name: f.value for f in features}
        assert served.statuses() == {f.name: f.status for f in features}
        assert pickle.loads(pickle.dumps(served)).to_dict() == served.to_dict()
    assert {status for told in batch.statuses().values() for status in told} == {
        Status.OK,
        Status.MISSING,
        Status.EXPIRED,
    }


def test_a_data_frame_has_a_row_for_each_and_exact_types(store: Store) -> None:
    types = {
        **{"big": "bigint", "small": "utinyint", "much": "double", "yes": "boolean"},
        **{"word": "varchar", "at": "timestamp", "money": "decimal(18,2)", "many": "integer[]"},
    }
    wide = replace(
        ACTIVITY,
        features=tuple(FeatureColumn(name, type_) for name, type_ in types.items()),
        layouts={1: tuple(types.items())},
    )
    store.open(wide)
    moment = datetime(2026, 1, 2, 3, 4, 5, 678901)
    store.write(
        wide, [2**63 - 1, 200, 0.1, True, "é", moment, Decimal("1.50"), [1, None]], customer_id=42
    )
    frame = store.reader().get_many("credit_risk", KEYS[:2]).to_pandas()
    assert list(frame.columns) == ["customer_id", *types]
    assert frame["customer_id"].tolist() == [7, 42]
    assert frame.dtypes[list(types)].astype(str).tolist() == [
        *("Int64", "UInt8", "float64", "boolean", "string"),
        *("datetime64[us]", "object", "object"),
    ]
    assert frame.loc[1, list(types)].tolist() == [
        *(2**63 - 1, 200, 0.1, True, "é", pd.Timestamp(moment), Decimal("1.50"), [1, None])
    ]
    assert frame.loc[0, list(types)].isna().all()


def test_the_age_of_what_was_served_can_be_insisted_on(store: Store) -> None:
    store.write(ACTIVITY, [3, "bakery"], customer_id=42)
    store.clock.advance(timedelta(minutes=4))
    served = store.reader().get("credit_risk", customer_id=42)
    assert served.read_at == T0 + timedelta(minutes=4)
    served.assert_max_age(timedelta(minutes=4))
    served.assert_max_age(timedelta(minutes=4), "favourite_shop")
    with pytest.raises(
        FeatureUnavailable, match=r"favourite_shop \(customer_activity@1\): 0:04:00"
    ):
        served.assert_max_age(timedelta(minutes=4) - timedelta(microseconds=1), "favourite_shop")
