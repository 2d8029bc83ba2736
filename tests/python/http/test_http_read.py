"""A read over HTTP says what the reader says: values, statuses, errors."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from math import nan
from typing import Any

import httpx
import pytest
from online_store import ACTIVITY, KEYS, NAMESPACE, SHOP, Store
from redis_server import RedisServer
from serving_http import READ, READ_MANY, asking, settings

from provender import FeatureReader
from provender.http.endpoints import MAX_KEYS
from provender.instants import from_us, to_text, to_us
from provender.records import FeatureColumn, KeyColumn

Use = Callable[[httpx.AsyncClient], Awaitable[Any]]


def asked(url: str, use: Use, **changes: Any) -> Any:
    """Run what a client would do."""

    async def run() -> Any:
        async with asking(settings(url, **changes)) as client:
            return await use(client)

    return asyncio.run(run())


def post(url: str, path: str, body: Any) -> httpx.Response:
    """Send one body, JSON or bytes as they are."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    answered: httpx.Response = asked(url, lambda client: client.post(path, content=raw))
    return answered


@pytest.fixture
def url(redis_server: RedisServer) -> str:
    return redis_server.url


def test_the_answer_is_the_documented_one(store: Store, url: str, activity: Any) -> None:
    answered = post(url, READ, {"keys": {"customer_id": 42}})
    assert answered.status_code == 200
    assert answered.headers["content-type"] == "application/json"
    told = answered.json()
    read_at = datetime.fromisoformat(told.pop("read_at"))
    [view] = told["views"].values()
    assert view.pop("age_us") == to_us(read_at) - activity.run_as_of_us
    assert told == {
        "service": "credit_risk",
        "keys": {"customer_id": 42},
        "features": {
            "days_since_last_purchase": {
                "value": 3,
                "status": "ok",
                "is_default": False,
                "view": "customer_activity@1",
            },
            "favourite_shop": {
                "value": "bakery",
                "status": "ok",
                "is_default": False,
                "view": "customer_activity@1",
            },
        },
        "views": {
            "customer_activity@1": {
                "as_of": to_text(from_us(activity.run_as_of_us)),
                "fingerprint": "f" * 16,
                "generation": 7,
            }
        },
    }


def test_many_are_read_in_the_order_asked_for(store: Store, url: str) -> None:
    keys = [{"customer_id": 7}, {"customer_id": 42}, {"customer_id": 7}]
    told = post(url, READ_MANY, {"keys": keys}).json()
    assert told["service"] == "credit_risk"
    assert [result["keys"] for result in told["results"]] == keys
    statuses = [result["features"]["favourite_shop"]["status"] for result in told["results"]]
    assert statuses == ["missing", "ok", "missing"]
    assert post(url, READ_MANY, {"keys": []}).json()["results"] == []


def test_many_keys_have_a_bound(store: Store, url: str) -> None:
    keys = [{"customer_id": number} for number in range(MAX_KEYS)]
    assert len(post(url, READ_MANY, {"keys": keys}).json()["results"]) == MAX_KEYS
    refused = post(url, READ_MANY, {"keys": [*keys, {"customer_id": 1}]})
    assert (refused.status_code, refused.json()["error"]) == (422, "TooManyKeys")


TYPES: dict[str, tuple[Any, Any]] = {
    "hugeint": (2**100 + 1, 2**100 + 1),
    "bigint": (2**53 + 1, 2**53 + 1),
    "ubigint": (2**64 - 1, 2**64 - 1),
    "double": (nan, "NaN"),
    "float": (-0.0, -0.0),
    "decimal(38,10)": (Decimal("1234567890123456789012345678.0123456789"),) * 2,
    "decimal(18,2)": (Decimal("12.30"), "12.30"),
    "boolean": (True, True),
    "varchar": ('a"\n\u00e9\U0001f600\x00', 'a"\n\u00e9\U0001f600\x00'),
    "date": (date(2026, 3, 2), "2026-03-02"),
    "timestamp": (datetime(2026, 3, 2, 8), "2026-03-02T08:00:00.000000"),
    "bigint[]": ([1, None], [1, None]),
    "struct(day date, much double)": (
        {"day": date(2026, 3, 2), "much": -float("inf")},
        {"day": "2026-03-02", "much": "-Infinity"},
    ),
}


def test_values_are_json_by_declared_type(store: Store, url: str, activity: Any) -> None:
    columns = tuple(FeatureColumn(f"f{at}", name) for at, name in enumerate(TYPES))
    layout = {1: tuple((column.name, column.type) for column in columns)}
    store.open(replace(activity, features=columns, layouts=layout))
    view = replace(activity, features=columns, layouts=layout)
    store.write(view, [value for value, _ in TYPES.values()], customer_id=42)
    told = post(url, READ, {"keys": {"customer_id": 42}}).json()["features"]
    wanted = {
        name: str(json_value) if isinstance(json_value, Decimal) else json_value
        for name, (_, json_value) in TYPES.items()
    }
    assert {name: told[f"f{at}"]["value"] for at, name in enumerate(TYPES)} == wanted


def test_each_status_is_the_readers(store: Store, url: str, activity: Any) -> None:
    old = replace(activity, view="old", run_as_of_us=0, features=_renamed(activity, "old"))
    old = replace(old, layouts={1: tuple((c.name, c.type) for c in old.features)})
    store.open(activity, old)
    store.write(old, [1, "x"], datetime(1970, 1, 1, tzinfo=UTC), customer_id=42)
    told = post(url, READ, {"keys": {"customer_id": 42}}).json()
    with FeatureReader.from_url(url, namespace=NAMESPACE) as reader:
        served = reader.get("credit_risk", customer_id=42)
    assert list(told["features"]) == list(served)
    for feature in served.values():
        assert told["features"][feature.name]["status"] == feature.status
        assert told["features"][feature.name]["is_default"] == feature.is_default
    assert {each["status"] for each in told["features"].values()} == {"ok", "expired"}


def _renamed(view: Any, prefix: str) -> tuple[FeatureColumn, ...]:
    return tuple(replace(each, name=f"{prefix}_{each.name}") for each in view.features)


@pytest.fixture
def every_key(store: Store) -> Store:
    """A service that is read by a key of each kind."""
    kinds = ("hugeint", "varchar", "boolean", "date", "timestamp")
    keys = tuple(KeyColumn(kind, kind) for kind in kinds)
    return store.open(replace(ACTIVITY, keys=keys))


GOOD = {
    "hugeint": 2**100 + 1,
    "varchar": "é\x00/{},%",
    "boolean": True,
    "date": "2026-03-02",
    "timestamp": "2026-03-02T08:00:00.000000",
}


def test_keys_of_every_type_are_read_exactly(every_key: Store, url: str) -> None:
    answered = post(url, READ, {"keys": GOOD})
    assert answered.status_code == 200
    assert answered.json()["keys"] == GOOD


@pytest.mark.parametrize(
    "wrong",
    [
        {"hugeint": 1.0},
        {"hugeint": "1"},
        {"hugeint": True},
        {"hugeint": 2**127},
        {"hugeint": None},
        {"hugeint": [1]},
        {"varchar": 1},
        {"varchar": {"a": 1}},
        {"boolean": 1},
        {"date": "2026-3-2"},
        {"date": 20260302},
        {"timestamp": "2026-03-02T08:00:00Z"},
        {"timestamp": "2026-03-02"},
        {"more": 1},
    ],
)
def test_a_wrong_key_is_refused_and_never_rounded(
    every_key: Store, url: str, wrong: dict[str, Any]
) -> None:
    refused = post(url, READ, {"keys": GOOD | wrong})
    assert (refused.status_code, refused.json()["error"]) == (422, "WrongKey")
    [name] = wrong
    assert repr(name) in refused.json()["message"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b'{"keys":{"customer_id":42}} x',
        b'{"keys":{"customer_id":42,"customer_id":43}}',
        b'{"keys":{"customer_id":NaN}}',
        b'{"keys":{"customer_id":1e999}}',
        b'{"keys":{"customer_id":' + b"9" * 5000 + b"}}",
        b'{"keys":{"customer_id":"\\ud800"}}',
        b'{"keys":' * 100_000,
        b"[" * 100_000,
        b'{"keys":[{"customer_id":42}]}',
        b'{"keys":{"customer_id":42},"reciept":true}',
        b'{"keys":{"customer_id":42},"receipt":1}',
        b'{"receipt":true}',
        json.dumps({"keys": {f"k{number}": 1 for number in range(50_000)}}).encode(),
        json.dumps({"keys": {"k" * 300: 1}}).encode(),
        json.dumps({"k" * 100_000: 1}).encode(),
    ],
)
def test_a_malformed_body_is_refused(store: Store, url: str, body: bytes) -> None:
    refused = post(url, READ, body)
    assert (refused.status_code, refused.json()["error"]) == (422, "MalformedBody")
    assert refused.json()["message"].endswith(".")
    assert len(refused.content) < 300


def test_a_body_has_a_bound(store: Store, url: str) -> None:
    refused = post(url, READ, b" " * (1 << 20) + b"{}")
    assert (refused.status_code, refused.json()["error"]) == (413, "BodyTooLarge")
    assert refused.headers["connection"] == "close"


def test_what_the_store_lacks_is_told(store: Store, url: str, activity: Any) -> None:
    store.open(replace(activity, otherwise="fail"))
    refused = post(url, READ, {"keys": {"customer_id": 1}})
    assert (refused.status_code, refused.json()["error"]) == (503, "FeatureUnavailable")
    assert "is missing, where the view declares" in refused.json()["message"]
    store.client.hdel(KEYS.registry, "service:credit_risk")
    gone = post(url, READ, {"keys": {"customer_id": 1}})
    assert (gone.status_code, gone.json()["error"]) == (404, "UnknownService")
    store.client.delete(KEYS.registry)
    empty = post(url, READ, {"keys": {"customer_id": 1}})
    assert (empty.status_code, empty.json()["error"]) == (503, "UnknownNamespace")


def test_a_damaged_row_is_told(store: Store, url: str, activity: Any) -> None:
    store.client.set(store.key(activity, customer_id=42), b"damage")
    refused = post(url, READ, {"keys": {"customer_id": 42}})
    assert (refused.status_code, refused.json()["error"]) == (500, "CorruptValue")
    assert "push-online --full" in refused.json()["message"]


def test_dates_as_keys_across_views(store: Store, url: str, activity: Any) -> None:
    store.open(activity, SHOP)
    store.write(SHOP, [Decimal("12.30")], shop="é", opened_on=date(2026, 1, 1))
    keys = {"customer_id": 42, "shop": "é", "opened_on": "2026-01-01"}
    told = post(url, READ, {"keys": keys}).json()
    assert told["keys"] == keys
    assert list(told["views"]) == ["customer_activity@1", "shop_volume@1"]


def test_with_redis_gone_the_views_policy_holds(own_redis: RedisServer, activity: Any) -> None:
    async def before_and_after(client: httpx.AsyncClient) -> Any:
        await client.post(READ, json={"keys": {"customer_id": 42}})
        own_redis.stop()
        return await client.post(READ, json={"keys": {"customer_id": 42}})

    with own_redis.client() as client:
        Store(client).open(activity)
    answered = asked(own_redis.url, before_and_after)
    assert answered.status_code == 200
    told = answered.json()
    assert told["features"]["days_since_last_purchase"] == {
        "value": 30,
        "status": "unavailable",
        "is_default": True,
        "view": "customer_activity@1",
    }
    assert told["views"]["customer_activity@1"]["as_of"] is None


def test_with_redis_never_there_reads_are_503(own_redis: RedisServer) -> None:
    own_redis.stop()
    refused = post(own_redis.url, READ, {"keys": {"customer_id": 42}})
    assert (refused.status_code, refused.json()["error"]) == (503, "StoreUnavailable")
