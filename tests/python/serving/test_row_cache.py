"""The reader's own cache: off unless asked for, never younger than it is, and never unflagged."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import redis
from online_store import ACTIVITY, NAMESPACE, TTL, Store, commands
from redis_server import RedisServer

from provender import FeatureReader, FeatureValue, RowCache, Status
from provender.instants import to_us

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def outage(own_redis: RedisServer) -> Iterator[Store]:
    """A store with one row, on a server that can be stopped."""
    with own_redis.client() as client:
        store = Store(client).open(ACTIVITY)
        store.write(ACTIVITY, [3, "bakery"], customer_id=42)
        yield store


def reader_with(store: Store, cache: RowCache) -> FeatureReader:
    return FeatureReader(
        store.client,
        namespace=NAMESPACE,
        clock=store.clock,
        monotonic=store.clock.monotonic,
        cache=cache,
    )


def shop(reader: FeatureReader, customer_id: int = 42) -> FeatureValue:
    return reader.get("credit_risk", customer_id=customer_id)["favourite_shop"]


def mgets(client: redis.Redis) -> int:
    return commands(client).get("mget", 0)


def test_while_redis_answers_it_is_asked(store: Store) -> None:
    store.write(ACTIVITY, [3, "bakery"], customer_id=42)
    reader = reader_with(store, RowCache())
    assert shop(reader).value == "bakery"
    store.write(ACTIVITY, [3, "butcher"], customer_id=42)
    assert (shop(reader).value, shop(reader).is_cached) == ("butcher", False)


def test_while_redis_is_away_rows_read_before_are_served_and_flagged(
    outage: Store, own_redis: RedisServer
) -> None:
    reader = reader_with(outage, RowCache(max_age=5 * MINUTE))
    shop(reader)
    own_redis.stop()
    outage.clock.advance(4 * MINUTE)
    cached = shop(reader)
    assert (cached.value, cached.status, cached.is_cached) == ("bakery", Status.OK, True)
    assert cached.age == 4 * MINUTE
    unseen = shop(reader, customer_id=7)
    assert (unseen.status, unseen.is_cached) == (Status.UNAVAILABLE, False)
    outage.clock.advance(MINUTE + SECOND)
    assert shop(reader).status is Status.UNAVAILABLE  # beyond the cache's own age limit


def test_a_cached_row_expires_by_the_views_ttl(outage: Store, own_redis: RedisServer) -> None:
    reader = reader_with(outage, RowCache(max_age=2 * TTL))
    shop(reader)
    own_redis.stop()
    outage.clock.advance(TTL + SECOND)
    expired = shop(reader)
    assert (expired.value, expired.status, expired.is_cached) == ("none", Status.EXPIRED, True)


def test_fresh_rows_are_served_without_asking(store: Store) -> None:
    for key in (42, 43):
        store.write(ACTIVITY, [3, "bakery"], customer_id=key)
    reader = reader_with(store, RowCache(fresh_for=SECOND))
    shop(reader)
    store.client.config_resetstat()
    assert shop(reader).is_cached
    assert mgets(store.client) == 0
    both = reader.get_many("credit_risk", [{"customer_id": 42}, {"customer_id": 43}])
    assert [one["favourite_shop"].is_cached for one in both] == [True, False]
    assert [one["favourite_shop"].value for one in both] == ["bakery"] * 2
    store.clock.advance(SECOND + timedelta(milliseconds=1))
    assert not shop(reader).is_cached
    assert mgets(store.client) == 2


def test_a_later_watermark_makes_a_cached_row_no_younger(store: Store) -> None:
    """The run that confirmed what is in Redis says nothing about what was there before."""
    store.write(ACTIVITY, [3, "bakery"], customer_id=42)
    reader = reader_with(store, RowCache(fresh_for=MINUTE))
    shop(reader)
    store.clock.advance(2 * SECOND)
    store.write(ACTIVITY, [3, "butcher"], store.clock.now, customer_id=42)
    store.publish(replace(ACTIVITY, run_as_of_us=to_us(store.clock.now)))
    reader.get("credit_risk", customer_id=7)  # reads the new registry
    cached = shop(reader)
    assert (cached.value, cached.age, cached.is_cached) == ("bakery", 2 * SECOND, True)


def test_a_new_generation_is_not_answered_from_the_old(store: Store) -> None:
    store.write(ACTIVITY, [3, "bakery"], customer_id=42)
    reader = reader_with(store, RowCache(fresh_for=MINUTE))
    shop(reader)
    swapped = replace(ACTIVITY, generation=8)
    store.write(swapped, [3, "butcher"], customer_id=42)
    store.publish(swapped)
    store.clock.advance(2 * SECOND)
    assert (shop(reader).value, shop(reader).is_cached) == ("butcher", True)


def test_a_cached_row_is_told_under_the_definition_that_computed_it(store: Store) -> None:
    store.write(ACTIVITY, [3, "bakery"], customer_id=42)
    reader = reader_with(store, RowCache(fresh_for=MINUTE))
    shop(reader)
    store.clock.advance(2 * SECOND)
    store.publish(replace(ACTIVITY, fingerprint="0" * 16))
    assert shop(reader, customer_id=7).fingerprint == "0" * 16
    assert (shop(reader).is_cached, shop(reader).fingerprint) == (True, ACTIVITY.fingerprint)


def test_a_row_cached_in_another_life_of_redis_is_not_read_by_its_layouts(store: Store) -> None:
    """Generation and layout begin at 1 again, and the columns may stand in another order."""
    store.write(ACTIVITY, [3, "bakery"], customer_id=42)
    reader = reader_with(store, RowCache(fresh_for=MINUTE))
    shop(reader)
    turned = {1: tuple(reversed(ACTIVITY.layouts[1]))}
    again = replace(ACTIVITY, features=ACTIVITY.features[::-1], layouts=turned)
    store.client.flushall()
    store.open(again).write(again, ["butcher", 4], customer_id=42)
    store.clock.advance(2 * SECOND)
    assert (shop(reader).value, shop(reader).is_cached) == ("butcher", True)


def test_a_missing_row_is_never_from_the_cache(store: Store) -> None:
    reader = reader_with(store, RowCache(fresh_for=MINUTE))
    assert shop(reader).status is Status.MISSING
    store.write(ACTIVITY, [3, "bakery"], customer_id=42)
    assert shop(reader).value == "bakery"


def test_the_row_used_last_stays_longest() -> None:
    cache = RowCache(2, fresh_for=MINUTE)
    cache.keep([("a", b"1", ACTIVITY), ("b", b"2", ACTIVITY)], 0.0)
    cache.fresh(["a"], 0.0)
    cache.keep([("c", b"3", ACTIVITY)], 0.0)
    assert set(cache.kept("abc", 0.0)) == {"a", "c"}
    cache.keep([("a", None, ACTIVITY)], 0.0)
    assert len(cache) == 1


@pytest.mark.parametrize(
    ("rows", "max_age", "fresh_for"),
    [(0, MINUTE, SECOND), (1, SECOND, MINUTE), (1, MINUTE, -SECOND)],
)
def test_limits_that_make_no_sense_are_refused(
    rows: int, max_age: timedelta, fresh_for: timedelta
) -> None:
    with pytest.raises(ValueError, match="at least one row"):
        RowCache(rows, max_age=max_age, fresh_for=fresh_for)
