"""What a model service reads: values, their status, and the rules when there is none."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
import redis
from online_store import (
    ACTIVITY,
    KEYS,
    NAMESPACE,
    SHOP,
    SLA,
    T0,
    TTL,
    Store,
    commands,
    service_over,
)

from provender import (
    CorruptValue,
    FeatureReader,
    FeatureUnavailable,
    Status,
    UnknownFeature,
    UnknownFormat,
    UnknownNamespace,
    UnknownService,
    UnknownView,
    WrongClient,
    WrongKey,
)
from provender.instants import MICROSECOND, to_us
from provender.records import FeatureColumn, OwnerRecord, PushRecord, ViewRecord
from provender.registry import (
    OWNER_FIELD,
    VERSION_FIELD,
    retired_field,
    service_field,
    view_field,
)

US = timedelta(microseconds=1)
FAILING = replace(ACTIVITY, otherwise="fail")


def test_a_value_says_how_it_came_about(store: Store) -> None:
    store.write(ACTIVITY, [3, "bakery"], customer_id=42)
    store.clock.advance(timedelta(minutes=1))
    served = store.reader().get("credit_risk", customer_id=42)
    assert served.service == "credit_risk"
    assert served.keys == {"customer_id": 42}
    assert served.read_at == T0 + timedelta(minutes=1)
    assert served.to_dict() == {"days_since_last_purchase": 3, "favourite_shop": "bakery"}
    assert list(served) == list(served.features) == list(served.to_dict())
    value = served["days_since_last_purchase"]
    assert (value.status, value.age, value.as_of) == (Status.OK, timedelta(minutes=1), T0)
    assert value.as_of is not None
    assert value.as_of.tzinfo is UTC
    assert (value.view, value.version, value.feature) == (ACTIVITY.view, 1, value.name)
    assert (value.fingerprint, value.generation) == (ACTIVITY.fingerprint, 7)
    assert (value.is_default, value.data_type) == (False, "integer")


def test_what_was_served_cannot_be_changed(store: Store) -> None:
    store.write(ACTIVITY, [3, "bakery"], customer_id=42)
    served = store.reader().get("credit_risk", customer_id=42)
    with pytest.raises(AttributeError):
        served["favourite_shop"].value = "x"  # type: ignore[misc]
    with pytest.raises(TypeError):
        served.features["favourite_shop"] = served["favourite_shop"]  # type: ignore[index]


def test_a_feature_that_was_not_served_is_a_key_error_in_a_sentence(store: Store) -> None:
    store.write(ACTIVITY, [3, "bakery"], customer_id=42)
    served = store.reader().get("credit_risk", customer_id=42)
    with pytest.raises(KeyError) as caught:
        served["favorite_shop"]
    assert isinstance(caught.value, UnknownFeature)
    assert str(caught.value).startswith("Service 'credit_risk' has no feature")
    assert "Did you mean 'favourite_shop'?" in str(caught.value)


@pytest.mark.parametrize(
    ("age", "status", "value"),
    [
        (timedelta(0), Status.OK, 3),
        (SLA, Status.OK, 3),
        (SLA + US, Status.STALE, 3),
        (TTL, Status.STALE, 3),
        (TTL + US, Status.EXPIRED, 30),
    ],
)
def test_the_sla_and_the_ttl_belong_to_the_time_before(
    store: Store, age: timedelta, status: Status, value: int
) -> None:
    store.write(ACTIVITY, [3, "bakery"], customer_id=42)
    store.clock.advance(age)
    served = store.reader().get("credit_risk", customer_id=42)["days_since_last_purchase"]
    assert (served.status, served.value, served.age, served.as_of) == (status, value, age, T0)
    assert served.is_default is (status is Status.EXPIRED)


def test_a_run_confirms_the_rows_it_did_not_change(store: Store) -> None:
    store.write(ACTIVITY, [3, "bakery"], T0 - timedelta(days=9), customer_id=42)
    assert store.reader().get("credit_risk", customer_id=42)["favourite_shop"].as_of == T0


def test_a_row_newer_than_the_watermark_keeps_its_time(store: Store) -> None:
    store.write(ACTIVITY, [3, "bakery"], T0 + US, customer_id=42)
    assert store.reader().get("credit_risk", customer_id=42)["favourite_shop"].as_of == T0 + US


def test_null_is_a_value_unless_the_feature_says_default(store: Store) -> None:
    store.write(ACTIVITY, [None, None], customer_id=42)
    served = store.reader().get("credit_risk", customer_id=42)
    days, shop = served["days_since_last_purchase"], served["favourite_shop"]
    assert (days.value, days.status, days.is_default) == (30, Status.OK, True)
    assert (shop.value, shop.status, shop.is_default) == (None, Status.OK, False)


@pytest.mark.parametrize("buried", [False, True])
def test_a_key_without_a_row_is_missing(store: Store, buried: bool) -> None:
    if buried:
        store.bury(ACTIVITY, customer_id=42)
    served = store.reader().get("credit_risk", customer_id=42)
    assert served.to_dict() == {"days_since_last_purchase": 30, "favourite_shop": "none"}
    assert {value.status for value in served.features.values()} == {Status.MISSING}
    assert all(value.is_default for value in served.features.values())
    assert served["favourite_shop"].as_of == T0  # the run that says so


def test_a_column_younger_than_the_row_is_not_computed(store: Store) -> None:
    store.write(ACTIVITY, [3, "bakery"], customer_id=42)
    young = FeatureColumn("visits", "integer", 0)
    layouts = {**ACTIVITY.layouts, 2: (*ACTIVITY.layouts[1], ("visits", "integer"))}
    wider = replace(ACTIVITY, features=(*ACTIVITY.features, young), layout=2, layouts=layouts)
    store.open(wider)
    store.write(wider, [4, "florist", 9], customer_id=43)
    reader = store.reader()
    old, new = (reader.get("credit_risk", customer_id=key) for key in (42, 43))
    assert old["visits"].status is Status.NOT_COMPUTED
    assert (old["visits"].value, old["visits"].is_default, old["visits"].as_of) == (0, True, T0)
    assert old["days_since_last_purchase"].value == 3
    assert (new["visits"].status, new["visits"].value) == (Status.OK, 9)


def test_a_default_may_be_null(store: Store) -> None:
    store.open(SHOP)
    value = store.reader().get("credit_risk", shop="x", opened_on=date(2026, 1, 1))["volume"]
    assert (value.value, value.status, value.is_default) == (None, Status.MISSING, True)


@pytest.mark.parametrize("absence", ["missing", "expired", "not_computed"])
def test_the_fail_policy_raises_for_each_absence(store: Store, absence: str) -> None:
    view = FAILING
    store.open(view)
    if absence == "expired":
        store.write(view, [3, "bakery"], customer_id=42)
        store.clock.advance(TTL + US)
    if absence == "not_computed":
        view = replace(
            view, layout=2, layouts={**view.layouts, 2: (("favourite_shop", "varchar"),)}
        )
        store.publish(view)
        store.write(view, ["bakery"], customer_id=42)
    with pytest.raises(FeatureUnavailable) as caught:
        store.reader().get("credit_risk", customer_id=42)
    assert f"days_since_last_purchase (customer_activity@1) is {absence}" in str(caught.value)
    assert "otherwise: fail" in str(caught.value)


def test_the_fail_policy_serves_nulls_and_stale_values(store: Store) -> None:
    store.open(FAILING)
    store.write(FAILING, [None, None], customer_id=42)
    store.clock.advance(TTL)
    served = store.reader().get("credit_risk", customer_id=42)
    assert served.to_dict() == {"days_since_last_purchase": 30, "favourite_shop": None}
    assert served["favourite_shop"].status is Status.STALE


def test_a_service_spans_entities_and_the_policies_stay_apart(store: Store) -> None:
    store.open(ACTIVITY, SHOP)
    store.write(SHOP, [Decimal("12.30")], shop="{é}", opened_on=date(2026, 1, 1))
    keys = {"shop": "{é}", "opened_on": date(2026, 1, 1), "customer_id": np.int64(42)}
    served = store.reader().get("credit_risk", **keys)
    assert served["volume"].value == Decimal("12.30")
    assert served["favourite_shop"].status is Status.MISSING
    assert type(served.keys["customer_id"]) is int


def test_a_view_can_be_read_without_a_service(store: Store) -> None:
    store.write(ACTIVITY, [3, "bakery"], customer_id=42)
    served = store.reader().get_view("customer_activity", 1, customer_id=42)
    assert served.service == "customer_activity@1"
    assert served.to_dict() == {"days_since_last_purchase": 3, "favourite_shop": "bakery"}
    with pytest.raises(UnknownView, match="Did you mean 'customer_activity@1'"):
        store.reader().get_view("customer_activity", 2, customer_id=42)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({}, "Pass customer_id."),
        ({"custmer_id": 42}, "Did you mean 'customer_id'?"),
        ({"customer_id": 42, "shop": "x"}, "'shop' is not one of its keys."),
        ({"customer_id": "42"}, "Pass a bigint."),
        ({"customer_id": None}, "null"),
        ({"customer_id": True}, "Pass a bigint."),
    ],
)
def test_a_wrong_key_is_an_error_and_not_missing(
    store: Store, keys: dict[str, object], says: str
) -> None:
    with pytest.raises(WrongKey) as caught:
        store.reader().get("credit_risk", **keys)
    assert says in str(caught.value)


def test_unknown_names_name_the_nearest(store: Store) -> None:
    with pytest.raises(UnknownService, match="Did you mean 'credit_risk'"):
        store.reader().get("credit_rsk", customer_id=42)
    with pytest.raises(UnknownNamespace, match="push-online"):
        FeatureReader(store.client, namespace="other").get("credit_risk", customer_id=42)
    store.client.hdel(KEYS.registry, view_field(ACTIVITY.view, 1))
    with pytest.raises(UnknownView, match="push-online --select customer_activity"):
        store.reader().get("credit_risk", customer_id=42)


def test_a_service_ahead_of_its_view_is_told(store: Store) -> None:
    wider = replace(ACTIVITY, features=(*ACTIVITY.features, FeatureColumn("visits", "integer", 0)))
    store.put(service_field("credit_risk"), service_over("credit_risk", wider).to_json())
    with pytest.raises(UnknownFeature, match="no feature 'visits' online"):
        store.reader().get("credit_risk", customer_id=42)


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"x",
        b"\x01" + bytes(10),
        b"\x02" + bytes(10) + b"[]",
        b"\x02\x80" + bytes(8) + b"\x01[1]",
    ],
)
def test_a_corrupt_row_names_the_key_and_the_command(store: Store, damage: bytes) -> None:
    key = store.write(ACTIVITY, [3, "bakery"], customer_id=42)
    store.client.set(key, damage)
    with pytest.raises(CorruptValue) as caught:
        store.reader().get("credit_risk", customer_id=42)
    assert key in str(caught.value)
    assert "push-online --full --select customer_activity" in str(caught.value)


def test_a_corrupt_row_is_told_even_with_a_time_out_of_range(store: Store) -> None:
    key = store.write(ACTIVITY, [3, "bakery"], customer_id=42)
    store.client.set(key, b"\x02" + b"\xff" * 8 + b"\0\x01")
    with pytest.raises(CorruptValue, match="no date"):
        store.reader().get("credit_risk", customer_id=42)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"ttl_us":3600000000', '"ttl_us":null'),
        ('"ttl_us":3600000000', '"ttl_us":0'),
        ('"ttl_us":3600000000,', ""),
        ('"otherwise":"default"', '"otherwise":"defualt"'),
        ('"default":30', '"default":"30"'),
        ('"layouts":{"1":', '"layouts":{"x":'),
        ('"run_as_of_us":', '"run_as_of_us":9999999'),
        ('{"view"', '{"view'),
    ],
)
def test_a_view_record_that_says_nonsense_is_refused(store: Store, old: str, new: str) -> None:
    """A ttl that got lost must never read as "never expires"."""
    assert old in ACTIVITY.to_json()
    store.put(view_field(ACTIVITY.view, 1), ACTIVITY.to_json().replace(old, new, 1))
    with pytest.raises(CorruptValue, match="view:customer_activity@1"):
        store.reader().get("credit_risk", customer_id=42)


def test_a_store_of_another_format_is_not_read(store: Store) -> None:
    store.put(OWNER_FIELD, OwnerRecord("lender", "prod", 1).to_json())
    with pytest.raises(UnknownFormat, match="format 1"):
        store.reader().get("credit_risk", customer_id=42)


def test_records_come_back_equal() -> None:
    push = PushRecord(NAMESPACE, "p", "t", "v", 1, "f", 1, 2, 3, "full", 4, 5)
    service = service_over("s", ACTIVITY, SHOP)
    defaults = replace(
        SHOP, features=(FeatureColumn("volume", "decimal(18,2)", Decimal("0.10"), "default"),)
    )
    assert PushRecord.from_json(push.to_json()) == push
    assert type(service).from_json(service.to_json()) == service
    assert ViewRecord.from_json(defaults.to_json()) == defaults
    assert '"default":"0.10"' in defaults.to_json()


def test_one_round_trip_while_the_registry_is_cached(store: Store) -> None:
    store.open(ACTIVITY, SHOP)
    store.write(ACTIVITY, [3, "bakery"], customer_id=42)
    store.write(SHOP, [Decimal(1)], shop="x", opened_on=date(2026, 1, 1))
    reader = store.reader()
    for seconds in (0.0, 0.0, 1.0):
        store.clock.seconds = seconds
        store.client.config_resetstat()
        reader.get("credit_risk", customer_id=42, shop="x", opened_on=date(2026, 1, 1))
        ran = commands(store.client)
    assert ran["mget"] == 1
    assert "hgetall" not in ran


def test_a_registry_that_changed_is_seen_beside_the_rows(store: Store) -> None:
    """Rows and the registry's version are read in one step; while it stands, nothing is asked."""
    store.write(ACTIVITY, [3, "bakery"], customer_id=42)
    reader = store.reader()
    reader.get("credit_risk", customer_id=42)
    store.client.config_resetstat()
    for _ in range(3):
        store.clock.seconds += 0.9
        reader.get("credit_risk", customer_id=42)
    assert "hgetall" not in commands(store.client)
    store.publish(replace(ACTIVITY, run_as_of_us=to_us(T0) + 60_000_000))
    refreshed = reader.get("credit_risk", customer_id=42)["favourite_shop"]
    assert refreshed.as_of == T0 + timedelta(minutes=1)


def test_without_a_version_the_registry_is_read_again_after_a_second(store: Store) -> None:
    """As in a Cluster, where rows and registry are on different nodes."""
    store.write(ACTIVITY, [3, "bakery"], customer_id=42)
    store.client.hdel(KEYS.registry, VERSION_FIELD)
    reader = store.reader()
    reader.get("credit_risk", customer_id=42)
    later = replace(ACTIVITY, run_as_of_us=to_us(T0) + 60_000_000)
    store.client.hset(KEYS.registry, view_field("customer_activity", 1), later.to_json())
    store.clock.seconds = 1.0
    assert reader.get("credit_risk", customer_id=42)["favourite_shop"].as_of == T0
    store.clock.seconds = 1.001
    refreshed = reader.get("credit_risk", customer_id=42)["favourite_shop"]
    assert refreshed.as_of == T0 + timedelta(minutes=1)


def test_rows_of_an_older_life_of_redis_are_not_taken_for_confirmed(store: Store) -> None:
    """Restored from an older dump: the registry that was cached speaks of other rows."""
    store.write(ACTIVITY, [3, "bakery"], customer_id=42)
    older = {key: store.client.dump(key) for key in store.client.scan_iter()}
    later = T0 + timedelta(minutes=1)
    store.write(ACTIVITY, [4, "butcher"], later, customer_id=42)
    store.publish(replace(ACTIVITY, run_as_of_us=to_us(later)))
    reader = store.reader()
    assert reader.get("credit_risk", customer_id=42)["favourite_shop"].as_of == later
    for key, value in older.items():
        store.client.restore(key, 0, value, replace=True)  # type: ignore[arg-type]
    restored = reader.get("credit_risk", customer_id=42)["favourite_shop"]
    assert (restored.value, restored.as_of) == ("bakery", T0)


def test_what_redis_lost_is_unavailable_until_it_is_filled_again(store: Store) -> None:
    store.write(ACTIVITY, [3, "bakery"], customer_id=42)
    reader = store.reader()
    reader.get("credit_risk", customer_id=42)
    store.client.flushall()
    store.put(OWNER_FIELD, OwnerRecord("lender", "prod").to_json())
    for _ in range(2):  # the owner comes first, then views, then services
        lost = reader.get("credit_risk", customer_id=42)["favourite_shop"]
        assert lost.status is Status.UNAVAILABLE
        store.publish(ACTIVITY)
    store.open(ACTIVITY)
    assert reader.get("credit_risk", customer_id=42)["favourite_shop"].status is Status.MISSING


def test_a_view_that_was_retired_is_told(store: Store) -> None:
    reader = store.reader()
    reader.get_view("customer_activity", 1, customer_id=42)
    store.client.hdel(KEYS.registry, view_field("customer_activity", 1))
    store.put(retired_field("customer_activity", 1), "1772366400000000")
    for read in (
        reader.get,
        lambda _service, **keys: reader.get_view("customer_activity", 1, **keys),
    ):
        with pytest.raises(UnknownView, match="retired at 2026-03-01T12:00:00"):
            read("credit_risk", customer_id=42)


def test_a_generation_swapped_behind_the_cache_is_found(store: Store) -> None:
    old = store.write(ACTIVITY, [3, "bakery"], customer_id=42)
    reader = store.reader()
    reader.get("credit_risk", customer_id=42)
    swapped = replace(ACTIVITY, generation=8)
    store.write(swapped, [4, "florist"], customer_id=42)
    store.publish(swapped)
    store.client.delete(old)
    value = reader.get("credit_risk", customer_id=42)["favourite_shop"]
    assert (value.value, value.status, value.generation) == ("florist", Status.OK, 8)


def test_a_tombstone_in_the_old_generation_is_not_believed(store: Store) -> None:
    reader = store.reader()
    store.bury(ACTIVITY, customer_id=42)
    reader.get("credit_risk", customer_id=42)
    swapped = replace(ACTIVITY, generation=8)
    store.write(swapped, [4, "florist"], customer_id=42)
    store.publish(swapped)
    assert reader.get("credit_risk", customer_id=42)["favourite_shop"].value == "florist"


def test_a_layout_added_behind_the_cache_is_found(store: Store) -> None:
    store.write(ACTIVITY, [3, "bakery"], customer_id=42)
    reader = store.reader()
    reader.get("credit_risk", customer_id=42)
    narrow = replace(
        ACTIVITY, layout=2, layouts={**ACTIVITY.layouts, 2: (("favourite_shop", "varchar"),)}
    )
    store.publish(narrow)
    store.write(narrow, ["florist"], customer_id=42)
    served = reader.get("credit_risk", customer_id=42)
    assert served["favourite_shop"].value == "florist"
    assert served["days_since_last_purchase"].status is Status.NOT_COMPUTED


def test_a_row_written_behind_the_cache_is_not_called_missing(store: Store) -> None:
    """A newer watermark says that a run was pushed since: the row is read again under it."""
    reader = store.reader()
    reader.get("credit_risk", customer_id=42)
    store.publish(replace(ACTIVITY, run_as_of_us=to_us(T0) + 1))
    store.write(ACTIVITY, [3, "bakery"], T0 + US, customer_id=42)
    assert reader.get("credit_risk", customer_id=42)["favourite_shop"].value == "bakery"


def test_the_clock_may_be_in_any_zone_and_the_default_is_utc(store: Store) -> None:
    store.write(ACTIVITY, [3, "bakery"], customer_id=42)
    naive = FeatureReader(store.client, namespace=NAMESPACE, clock=lambda: T0.replace(tzinfo=None))
    assert naive.get("credit_risk", customer_id=42).read_at == T0
    before = datetime.now(UTC)
    read_at = FeatureReader(store.client, namespace=NAMESPACE).get("credit_risk", customer_id=1)
    assert before <= read_at.read_at <= datetime.now(UTC)


def test_a_client_that_decodes_replies_is_refused(store: Store) -> None:
    client = redis.Redis(decode_responses=True)
    with pytest.raises(WrongClient, match="decode_responses"):
        FeatureReader(client, namespace=NAMESPACE)


def test_ages_are_exact(store: Store) -> None:
    store.write(ACTIVITY, [3, "bakery"], customer_id=42)
    store.clock.now = T0 + timedelta(seconds=1, microseconds=3)
    age = store.reader().get("credit_risk", customer_id=42)["favourite_shop"].age
    assert age is not None
    assert age // MICROSECOND == 1_000_003
