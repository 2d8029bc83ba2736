"""Over HTTP a rollout, a removal and an old name are told as the reader tells them."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from online_store import ACTIVITY, Store, service_over
from redis_server import RedisServer
from serving_http import READ, READ_MANY, asking, settings

from provender.records import Rollout, ServiceFeature, ViewRecord, ViewRef
from provender.registry import service_field

ONE = service_over("credit_risk", ACTIVITY)
VIEW = "customer_activity"


def asked(url: str, path: str, body: dict[str, Any]) -> tuple[Any, dict[str, str]]:
    async def run() -> tuple[Any, dict[str, str]]:
        async with asking(settings(url)) as client:
            answered = await client.post(path, json=body)
            assert answered.status_code == 200, answered.text
            return answered.json(), dict(answered.headers)

    return asyncio.run(run())


@pytest.fixture
def url(redis_server: RedisServer) -> str:
    return redis_server.url


def test_both_versions_are_told(store: Store, activity: ViewRecord, url: str) -> None:
    second = replace(activity, version=2, fingerprint="e" * 16)
    store.publish(second)
    store.write(second, [4, "bakery"], customer_id=42)
    features = tuple(ServiceFeature(each.name, VIEW, 2, each.feature) for each in ONE.features)
    rolling = Rollout(VIEW, 1, 2, "shadow", 0, features)
    store.put(service_field("credit_risk"), replace(ONE, rollouts=(rolling,)).to_json())
    told, headers = asked(url, READ, {"keys": {"customer_id": 42}})
    assert told["features"]["days_since_last_purchase"]["value"] == 3
    assert {*told["views"]} == {"customer_activity@1"}
    assert told["shadow"]["features"]["days_since_last_purchase"]["value"] == 4
    assert {*told["shadow"]["views"]} == {"customer_activity@2"}
    many, _ = asked(url, READ_MANY, {"keys": [{"customer_id": 42}]})
    assert many["results"][0]["shadow"]["features"] == told["shadow"]["features"]
    assert "deprecation" not in headers


def test_a_removal_stands_in_the_headers(store: Store, url: str) -> None:
    views = (ViewRef(VIEW, 1, "2026-12-01", "2026-12-31"),)
    store.put(service_field("credit_risk"), replace(ONE, views=views).to_json())
    for path, keys in ((READ, {"customer_id": 1}), (READ_MANY, [{"customer_id": 1}])):
        told, headers = asked(url, path, {"keys": keys})
        assert headers["deprecation"] == "@1796083200"
        assert headers["sunset"] == "Thu, 31 Dec 2026 00:00:00 GMT"
        assert "shadow" not in (told if path == READ else told["results"][0])


def test_an_old_name_is_answered_with_the_new_one(store: Store, url: str) -> None:
    first, second = ONE.features
    features = (first, replace(second, old_name="best_shop"))
    store.put(service_field("credit_risk"), replace(ONE, features=features).to_json())
    told, _ = asked(url, READ, {"keys": {"customer_id": 42}})
    old, new = (told["features"][name] for name in ("best_shop", "favourite_shop"))
    assert old == {**new, "renamed_to": "favourite_shop"}
