"""While a view is rolled out a service reads both versions, and one of them decides.

Version 1 has the customer's number as its value, version 2 that and a thousand.
"""

import asyncio
import pickle
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pytest
from logging_store import logged
from online_store import ACTIVITY, NAMESPACE, SHOP, T0, Store, commands, service_over
from redis_server import RedisServer

from provender import (
    AsyncFeatureReader,
    DecisionLog,
    FeatureUnavailable,
    ServedFeatures,
    Status,
    UnknownView,
)
from provender.keys import KeySpace
from provender.plan import ServicePlan
from provender.records import FeatureColumn, Rollout, ServiceFeature, ViewRecord
from provender.registry import read_registry, service_field
from provender.rollout_plan import plan_of

NUMBER = FeatureColumn("number", "integer", -1, "null")
NEW = FeatureColumn("extra", "integer", 0, "null")
V1 = replace(ACTIVITY, features=(NUMBER,), layouts={1: (("number", "integer"),)})
V2 = replace(
    V1,
    version=2,
    generation=3,
    features=(replace(NUMBER, name="amount"), NEW),
    layouts={1: (("amount", "integer"), ("extra", "integer"))},
    fingerprint="e" * 16,
)
CUSTOMERS = range(400)


def rollout(share: float, stage: str = "canary") -> Rollout:
    """`amount` is what `number` became; `extra` is new."""
    named = {"number": "amount", "extra": "extra"}
    return Rollout(
        view="customer_activity",
        from_version=1,
        to_version=2,
        stage=stage,
        share_ppm=round(share * 1_000_000),
        features=tuple(
            ServiceFeature(name, "customer_activity", 2, feature) for name, feature in named.items()
        ),
    )


@pytest.fixture
def rolled(store: Store) -> Store:
    """Both versions online with all customers but number 7, who is in neither; and a shop."""
    store.open(V1, SHOP)
    store.publish(V2)
    for number in CUSTOMERS:
        if number != 7:
            store.write(V1, [number], customer_id=number)
            store.write(V2, [number + 1000, number % 3], customer_id=number)
    store.write(SHOP, [Decimal(12)], shop="s", opened_on=date(2026, 1, 1))
    return store


def roll(store: Store, share: float, stage: str = "canary", *, shop: bool = False) -> None:
    service = service_over("credit_risk", *([V1, SHOP] if shop else [V1]))
    rolling = replace(service, rollouts=(rollout(share, stage),))
    store.put(service_field("credit_risk"), rolling.to_json())


def both(served: ServedFeatures) -> tuple[int, int, Any, Any]:
    """Which version decided, which was its shadow, and what both say."""
    decided, shadow = served["number"], served.shadow
    assert shadow is not None
    return decided.version, shadow["number"].version, decided.value, shadow["number"].value


def is_canary(customer: int, share: float) -> bool:
    """The formula of docs/formats.md, written a second time."""
    digest = sha256(b"credit_risk:customer_activity@2:%d" % customer).hexdigest()
    return int(digest[:16], 16) % 1_000_000 < share * 1_000_000


def test_a_shadow_is_read_and_decides_nothing(rolled: Store) -> None:
    roll(rolled, 0, "shadow")
    with rolled.reader() as reader:
        served = reader.get("credit_risk", customer_id=42)
    assert both(served) == (1, 2, 42, 1042)
    assert served.to_dict() == {"number": 42}
    assert served.shadow is not None
    assert served.shadow.to_dict() == {"number": 1042, "extra": 0}


def test_in_the_end_the_new_version_decides_and_the_old_is_the_shadow(rolled: Store) -> None:
    roll(rolled, 1, "all")
    with rolled.reader() as reader:
        assert both(reader.get("credit_risk", customer_id=42)) == (2, 1, 1042, 42)


def test_a_canary_decides_for_the_share_that_the_formula_names(rolled: Store) -> None:
    sides: dict[float, set[int]] = {}
    with rolled.reader() as reader:
        for share in (0.1, 0.5):
            roll(rolled, share)
            rolled.clock.advance(timedelta(seconds=2))
            keys = [{"customer_id": number} for number in CUSTOMERS]
            many = reader.get_many("credit_risk", keys)
            one_by_one = [reader.get("credit_risk", **each).values() for each in keys]
            assert [each.values() for each in many] == one_by_one
            sides[share] = {
                number for number, served in enumerate(many) if served["number"].version == 2
            }
            assert sides[share] == {each for each in CUSTOMERS if is_canary(each, share)}
            assert abs(len(sides[share]) / len(CUSTOMERS) - share) < 0.1
            values = many.columns()["number"]
            assert values[42] == (1042 if 42 in sides[share] else 42)
    assert sides[0.1] < sides[0.5]  # who was on the new side stays there


def test_both_versions_come_with_one_question(rolled: Store) -> None:
    roll(rolled, 0.5)
    with rolled.reader() as reader:
        reader.get("credit_risk", customer_id=1)
        before = commands(rolled.client)
        reader.get("credit_risk", customer_id=2)
        after = commands(rolled.client)
    assert after["mget"] - before["mget"] == 1
    assert after["hgetall"] == before["hgetall"]


def test_other_views_of_the_service_are_read_once(rolled: Store) -> None:
    roll(rolled, 1, "all", shop=True)
    with rolled.reader() as reader:
        served = reader.get("credit_risk", customer_id=5, shop="s", opened_on=date(2026, 1, 1))
    assert served.to_dict() == {"number": 1005, "volume": 12}
    assert served.shadow is not None
    assert [*served.shadow] == ["number"]


def test_the_log_has_both_with_their_roles(rolled: Store) -> None:
    roll(rolled, 1, "all")
    log = DecisionLog(rolled.client, namespace=NAMESPACE, bound=10)
    with rolled.reader() as reader, log:
        served = reader.get("credit_risk", customer_id=42)
        for one in (served, pickle.loads(pickle.dumps(served))):
            log.record(one, model_version="m", decision={})
        first, second = logged(rolled.client)
    assert first["views"] == second["views"]
    told = [(each["version"], each["role"], each["values"]) for each in first["views"]]
    assert told == [(2, "decides", [1042]), (1, "shadow", [42])]


def test_a_missing_key_is_missing_on_both_sides(rolled: Store) -> None:
    roll(rolled, 0, "shadow")
    with rolled.reader() as reader:
        served = reader.get("credit_risk", customer_id=7)
    assert served.shadow is not None
    assert {*served.statuses().values(), *served.shadow.statuses().values()} == {Status.MISSING}


@pytest.mark.parametrize("harm", ["not_online", "lacks_a_feature", "refuses", "corrupt"])
def test_nothing_that_is_wrong_with_the_shadow_harms_the_decision(rolled: Store, harm: str) -> None:
    def without(view: ViewRecord) -> None:
        rolled.client.hdel(KeySpace(NAMESPACE).registry, f"view:{view.view}@{view.version}")

    if harm == "not_online":
        without(V2)
    elif harm == "lacks_a_feature":
        rolled.publish(replace(V2, features=(NEW,), layouts={1: (("extra", "integer"),)}))
    elif harm == "refuses":
        rolled.publish(replace(V2, otherwise="fail"))
        rolled.client.delete(rolled.key(V2, customer_id=42))
    else:
        rolled.client.set(rolled.key(V2, customer_id=42), b"\x02nonsense beyond a header")
    roll(rolled, 0, "shadow")
    with rolled.reader() as reader:
        served = reader.get("credit_risk", customer_id=42)
        assert (served["number"].value, served["number"].status) == (42, Status.OK)
        if harm == "refuses":
            assert served.shadow is not None
            assert served.shadow["number"].status is Status.MISSING
        else:
            assert served.shadow is None


def test_what_decides_is_refused_as_ever(rolled: Store) -> None:
    rolled.publish(replace(V2, otherwise="fail"))
    rolled.client.delete(rolled.key(V2, customer_id=42))
    roll(rolled, 1, "all")
    with rolled.reader() as reader, pytest.raises(FeatureUnavailable, match="customer_activity@2"):
        reader.get("credit_risk", customer_id=42)
    rolled.client.hdel(KeySpace(NAMESPACE).registry, "view:customer_activity@2")
    roll(rolled, 0.5)
    with rolled.reader() as reader, pytest.raises(UnknownView):
        reader.get("credit_risk", customer_id=42)


def test_the_asyncio_reader_serves_the_same(rolled: Store, redis_server: RedisServer) -> None:
    roll(rolled, 0.5)

    async def read() -> list[tuple[int, int, Any, Any]]:
        async with AsyncFeatureReader.from_url(
            redis_server.url, namespace=NAMESPACE, clock=lambda: T0
        ) as reader:
            return [both(await reader.get("credit_risk", customer_id=each)) for each in range(6)]

    with rolled.reader() as reader:
        twin = [both(reader.get("credit_risk", customer_id=each)) for each in range(6)]
    assert asyncio.run(read()) == twin


def test_when_redis_is_away_both_are_unavailable(store: Store, own_redis: RedisServer) -> None:
    away = Store(own_redis.client()).open(V1)
    away.publish(V2)
    roll(away, 0, "shadow")
    with away.reader() as reader:
        reader.get("credit_risk", customer_id=1)
        own_redis.stop()
        served = reader.get("credit_risk", customer_id=1)
    assert served.shadow is not None
    assert both(served) == (1, 2, -1, -1)
    assert served.shadow["number"].status is Status.UNAVAILABLE


def test_a_service_without_a_rollout_is_read_as_before(rolled: Store) -> None:
    """The plan is the one that knows of no rollouts, so they cost it nothing."""
    keys = KeySpace(NAMESPACE)
    registry = read_registry(rolled.client, keys)
    assert registry is not None
    assert type(plan_of(keys, registry, registry.service("credit_risk"))) is ServicePlan
