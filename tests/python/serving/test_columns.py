"""Many keys, read by columns, by objects and one by one: it is the same, whatever their rows."""

import pickle
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from encoded import same
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from online_store import ACTIVITY, NAMESPACE, SLA, T0, TTL, Store

from provender import CorruptValue, FeatureReader, FeatureUnavailable, RowCache, Status
from provender.records import FeatureColumn, ViewRecord

US = timedelta(microseconds=1)
FEATURES = (
    FeatureColumn("visits", "integer", 30, "default"),
    FeatureColumn("shop", "varchar", "none", "null"),
    FeatureColumn("spent", "decimal(18,2)", Decimal("0.00"), "default"),
    FeatureColumn("seen", "timestamp", datetime(2026, 1, 1), "null"),
    FeatureColumn("born", "date", None, "null"),
    FeatureColumn("tags", "varchar[]", ["x"], "null"),
)
SAMPLES: Mapping[str, st.SearchStrategy[Any]] = {
    "visits": st.integers(-9, 9),
    "shop": st.sampled_from(["", "bakery", "é😀"]),
    "spent": st.sampled_from([Decimal("0.00"), Decimal("-1.50")]),
    "seen": st.datetimes(),
    "born": st.sampled_from([date.min, date.max]),
    "tags": st.lists(st.none() | st.sampled_from(["a", ""]), max_size=2),
}
OLD = tuple((each.name, each.type) for each in FEATURES[:4])
NOW = tuple((each.name, each.type) for each in (*FEATURES[4:], *FEATURES[:4]))
VIEW = replace(ACTIVITY, features=FEATURES, layout=2, layouts={1: OLD, 2: NOW})
OTHER = replace(
    VIEW,
    view="other",
    features=tuple(replace(each, name=f"o_{each.name}") for each in FEATURES),
    layouts={
        id_: tuple((f"o_{name}", type_) for name, type_ in VIEW.layouts[id_]) for id_ in (1, 2)
    },
)
# What is written for a key: nothing, a tombstone, or a row of a layout, at a time after T0.
WRITTEN = st.one_of(
    st.sampled_from(["nothing", "gone"]),
    st.tuples(
        st.sampled_from([1, 2, 2, 2]),
        st.fixed_dictionaries({name: st.none() | some for name, some in SAMPLES.items()}),
        st.sampled_from([timedelta(0), -US, US, 2 * SLA]),
    ),
)
MOMENTS = st.sampled_from([timedelta(0), SLA, SLA + US, TTL, TTL + US, TTL + 2 * SLA])


def write(store: Store, view: ViewRecord, key: int, written: Any) -> None:
    if written == "gone":
        store.bury(view, customer_id=key)
    elif written != "nothing":
        layout, values, later = written
        names = [name.removeprefix("o_") for name, _ in view.layouts[layout]]
        row = [values[name] for name in names]
        store.write(view, row, T0 + later, layout=layout, customer_id=key)


def reader_of(store: Store, cached: Sequence[Mapping[str, object]] | None) -> FeatureReader:
    """Return a reader that has some rows in its cache, if it has one."""
    cache = None if cached is None else RowCache(fresh_for=timedelta(minutes=1))
    reader = FeatureReader(
        store.client, namespace=NAMESPACE, clock=store.clock, monotonic=float, cache=cache
    )
    for keys in cached or ():
        with suppress(FeatureUnavailable):
            reader.get("credit_risk", **keys)
    return reader


@pytest.mark.parametrize("is_cached", [False, True])
def test_columns_and_objects_are_what_each_key_is_served_alone(
    store: Store, is_cached: bool
) -> None:
    @settings(
        suppress_health_check=[HealthCheck.function_scoped_fixture],
        deadline=None,
        max_examples=60,
    )
    @given(
        st.lists(st.tuples(WRITTEN, WRITTEN), min_size=1, max_size=6),
        MOMENTS,
        st.sampled_from(["default", "fail"]),
    )
    def it_is_the_same(rows: list[Any], passed: timedelta, otherwise: str) -> None:
        store.client.flushall()
        store.clock.now = T0
        views = [replace(VIEW, otherwise=otherwise), OTHER]
        store.open(*views)
        for key, of_key in enumerate(rows):
            for view, written in zip(views, of_key, strict=True):
                write(store, view, key, written)
        store.clock.advance(passed)
        keys = [{"customer_id": key} for key in range(len(rows))]
        reader, other = (reader_of(store, keys[::2] if is_cached else None) for _ in range(2))
        alone, refused = [], ""
        try:
            alone += [other.get("credit_risk", **each) for each in keys]
        except FeatureUnavailable as error:
            refused = str(error)
        if refused:
            with pytest.raises(FeatureUnavailable) as caught:
                reader.get_many("credit_risk", keys)
            assert str(caught.value) == refused
            return
        batch = reader.get_many("credit_risk", keys)
        assert len(batch) == len(keys)
        columns, statuses = batch.columns(), batch.statuses()
        assert list(columns) == list(statuses) == list(alone[0])
        for at, one in enumerate(alone):
            assert same({name: column[at] for name, column in columns.items()}, one.to_dict())
            assert {name: column[at] for name, column in statuses.items()} == one.statuses()
            assert batch[at].values() == one.values()
            assert (batch[at].keys, batch[at].read_at) == (one.keys, one.read_at)
        again = pickle.loads(pickle.dumps(batch))
        assert (again.columns(), again.statuses()) == (columns, statuses)

    it_is_the_same()


@pytest.mark.parametrize("neighbour", ["row", "nothing", "gone"])
def test_one_corrupt_row_refuses_them_all_and_is_named(store: Store, neighbour: str) -> None:
    sound = (2, dict.fromkeys(SAMPLES), timedelta(0))
    store.open(VIEW)
    for key in range(4):
        write(store, VIEW, key, sound if neighbour == "row" or key == 3 else neighbour)
    key = store.key(VIEW, customer_id=2)
    row = store.client.get(store.key(VIEW, customer_id=3))
    assert isinstance(row, bytes)
    keys = [{"customer_id": key} for key in range(4)]
    for damage in (row[:-1], row + b"x", b"\x01" + row[1:], row[:9] + b"\0\x07" + row[11:], b""):
        store.client.set(key, damage)
        with pytest.raises(CorruptValue) as caught:
            store.reader().get_many("credit_risk", keys)
        assert key in str(caught.value)


def test_columns_are_the_callers_own(store: Store) -> None:
    store.write(ACTIVITY, [3, "bakery"], customer_id=42)
    batch = store.reader().get_many("credit_risk", [{"customer_id": 42}, {"customer_id": 43}])
    batch.columns()["favourite_shop"][0] = "butcher"
    batch.statuses()["favourite_shop"][0] = Status.EXPIRED
    assert batch.columns()["favourite_shop"] == ["bakery", "none"]
    assert batch.statuses()["favourite_shop"] == [Status.OK, Status.MISSING]
    assert batch[0] is batch[0]
    assert [each["favourite_shop"].value for each in batch[::-1]] == ["none", "bakery"]
    with pytest.raises(IndexError):
        batch[2]
