"""The asyncio reader gives what its twin gives, whatever became of Redis."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from online_store import ACTIVITY, NAMESPACE, T0, Store
from redis_server import RedisServer

from provender import (
    AsyncFeatureReader,
    FeatureUnavailable,
    Status,
    StoreUnavailable,
    UnknownNamespace,
    UnknownService,
    WrongKey,
)

Use = Callable[[AsyncFeatureReader], Awaitable[Any]]


def asked(url: str, use: Use) -> Any:
    """Run what a service would do with a reader."""

    async def run() -> Any:
        clock = lambda: T0 + timedelta(minutes=1)  # noqa: E731
        async with AsyncFeatureReader.from_url(
            url, namespace=NAMESPACE, clock=clock, timeout=5
        ) as reader:
            return await use(reader)

    return asyncio.run(run())


@pytest.fixture
def url(redis_server: RedisServer) -> str:
    return redis_server.url


def test_it_serves_what_its_twin_serves(store: Store, url: str) -> None:
    store.write(ACTIVITY, [3, "bakery"], customer_id=42)
    store.clock.advance(timedelta(minutes=1))
    twin = store.reader()
    for key in (42, 7):
        served = asked(url, lambda reader, key=key: reader.get("credit_risk", customer_id=key))
        assert served.values() == twin.get("credit_risk", customer_id=key).values()
        assert (served.keys, served.read_at) == ({"customer_id": key}, store.clock.now)
    view = asked(url, lambda reader: reader.get_view("customer_activity", 1, customer_id=42))
    assert view.values() == twin.get_view("customer_activity", 1, customer_id=42).values()


def test_many_reads_are_in_flight_at_once(store: Store, url: str) -> None:
    for key in range(64):
        store.write(ACTIVITY, [key, None], customer_id=key)

    async def together(reader: AsyncFeatureReader) -> list[Any]:
        return await asyncio.gather(
            *(reader.get("credit_risk", customer_id=key) for key in range(64)),
            reader.get_many("credit_risk", [{"customer_id": key} for key in range(64)]),
        )

    *alone, batch = asked(url, together)
    assert [one["days_since_last_purchase"].value for one in alone] == list(range(64))
    assert [one.values() for one in batch] == [one.values() for one in alone]


@pytest.mark.parametrize(
    ("use", "error"),
    [
        (lambda reader: reader.get("credit_risks", customer_id=42), UnknownService),
        (lambda reader: reader.get("credit_risk", customer="42"), WrongKey),
    ],
)
def test_what_the_caller_got_wrong_is_told(
    store: Store, url: str, use: Use, error: type[Exception]
) -> None:
    with pytest.raises(error):
        asked(url, use)


def test_nothing_online_is_told(redis_client: Any, url: str) -> None:
    with pytest.raises(UnknownNamespace):
        asked(url, lambda reader: reader.get("credit_risk", customer_id=42))


def test_a_url_that_cannot_be_read_does_not_tell_the_password() -> None:
    with pytest.raises(StoreUnavailable) as caught:
        AsyncFeatureReader.from_url("redis+sentinel://:s3cret@h/m", namespace=NAMESPACE)
    assert "s3cret" not in str(caught.value)


def test_with_redis_gone_the_views_policy_holds(own_redis: RedisServer) -> None:
    async def before_and_after(reader: AsyncFeatureReader) -> Any:
        await reader.get("credit_risk", customer_id=42)
        own_redis.stop()
        served = await reader.get("credit_risk", customer_id=42)
        with pytest.raises(FeatureUnavailable, match="is unavailable"):
            await reader.get_view("strict", 1, customer_id=42)
        return served

    with own_redis.client() as client:
        Store(client).open(ACTIVITY, replace(ACTIVITY, view="strict", otherwise="fail"))
        Store(client).open(ACTIVITY).write(ACTIVITY, [3, "bakery"], customer_id=42)
    served = asked(own_redis.url, before_and_after)
    assert [value.status for value in served.values()] == [Status.UNAVAILABLE] * 2
    assert served.to_dict() == {"days_since_last_purchase": 30, "favourite_shop": "none"}
