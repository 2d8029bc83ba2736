"""A decision over HTTP is logged on exactly what was served, whatever the client would like."""

import asyncio
import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from logging_store import logged, spooled
from online_store import KEYS, NAMESPACE, Store
from redis_server import RedisServer
from serving_http import API_KEYS, KEY, OTHER_KEY, READ, READ_MANY, SECRET, asking, settings

from provender import FeatureReader
from provender.http.failures import ExpiredReceipt, WrongReceipt
from provender.http.receipts import Receipts
from provender.served_record import served_record

DECISION = {"model_version": "2026-02", "decision": {"approved": False, "score": 0.31}}
ASK = {"keys": {"customer_id": 42}, "receipt": True}
Use = Callable[[httpx.AsyncClient], Awaitable[Any]]


@pytest.fixture
def url(store: Store, redis_server: RedisServer) -> str:
    return redis_server.url


def asked(url: str, use: Use, key: str = KEY, **changes: Any) -> Any:
    async def run() -> Any:
        async with asking(settings(url, **changes), key) as client:
            return await use(client)

    return asyncio.run(run())


def receipt(url: str) -> str:
    told = asked(url, lambda client: client.post(READ, json=ASK)).json()
    return str(told["receipt"])


def decide(url: str, body: Any, key: str = KEY, **changes: Any) -> httpx.Response:
    answered: httpx.Response = asked(
        url, lambda client: client.post("/v1/decisions", json=body), key, **changes
    )
    return answered


def test_the_log_holds_what_was_served(store: Store, url: str, activity: Any) -> None:
    told = asked(url, lambda client: client.post(READ, json=ASK)).json()
    store.write(activity, [99, "changed since"], customer_id=42)
    at = "2026-03-02T08:00:00.000000Z"
    more = {
        "outside": {"bureau_score": 7},
        "request": {"amount": 2**70},
        "decision_id": "loan-7",
        "decided_at": at,
    }
    answered = decide(url, {"receipt": told["receipt"], **DECISION, **more})
    assert (answered.status_code, answered.json()) == (201, {"decision_id": "loan-7"})
    [record] = logged(store.client)
    (logged_view,) = record.pop("views")
    assert (len(record.pop("writer")), record.pop("read_us") > 0) == (12, True)
    assert record == {
        "format": 3,
        "number": 1,
        "refused": 0,
        "decision_id": "loan-7",
        "service": "credit_risk",
        "model_version": "2026-02",
        "decided_at": at,
        "read_at": told["read_at"],
        "keys": {"customer_id": 42},
        "request": {"amount": 2**70},
        "decision": DECISION["decision"],
        "outside": {"bureau_score": 7},
        "waited_for": None,
    }
    ((label, view),) = told["views"].items()
    assert f"{logged_view['view']}@{logged_view['version']}" == label
    assert {name: logged_view[name] for name in view} == view
    shown = [told["features"][name]["value"] for name in logged_view["names"]]
    assert logged_view["values"] == shown == [3, "bakery"]


def test_a_receipt_of_personal_values_holds_hashes_and_needs_the_key(
    store: Store, url: str, activity: Any
) -> None:
    store.open(replace(activity, classification="pii", log_values=False))
    refused = asked(url, lambda client: client.post(READ, json=ASK))
    assert (refused.status_code, refused.json()["error"]) == (503, "DecisionNotLogged")
    key = "one that is long enough"
    told = asked(url, lambda client: client.post(READ, json=ASK), log_key=key).json()
    assert b"bakery" not in zlib.decompress(b64decode(told["receipt"].split(".")[0]))
    assert decide(url, {"receipt": told["receipt"], **DECISION}).status_code == 201
    (view,) = logged(store.client)[0]["views"]
    assert (view["hashed"], {len(value) for value in view["values"]}) == (True, {8 + 1 + 64})


def test_each_of_many_has_its_receipt(store: Store, url: str) -> None:
    ask = {"keys": [{"customer_id": 42}, {"customer_id": 7}], "receipt": True}
    told = asked(url, lambda client: client.post(READ_MANY, json=ask)).json()["results"]
    for result in told:
        assert decide(url, {"receipt": result["receipt"], **DECISION}).status_code == 201
    assert [record["keys"] for record in logged(store.client)] == ask["keys"]


def test_without_being_asked_there_is_none(url: str) -> None:
    told = asked(url, lambda client: client.post(READ, json={"keys": {"customer_id": 42}})).json()
    assert "receipt" not in told


def forged(genuine: str) -> list[str]:
    packed, signature = genuine.split(".")
    told = json.loads(zlib.decompress(b64decode(packed)))
    told["served"]["text"] = told["served"]["text"].replace("bakery", "casino")
    altered = b64encode(zlib.compress(json.dumps(told).encode())).decode()
    bomb = b64encode(zlib.compress(b"[" * 10_000_000)).decode()
    return [
        f"{altered}.{signature}",
        f"{bomb}.{signature}",
        f"{packed}.",
        f"{packed}",
        f"{packed}.{signature}.{signature}",
        f"{packed}.{b64encode(bytes(32)).decode()}",
        f"{packed} .{signature}",
        "",
        ".",
        "é.é",
        "\x00",
    ]


def test_a_forged_receipt_is_refused(store: Store, url: str) -> None:
    for each in forged(receipt(url)):
        refused = decide(url, {"receipt": each, **DECISION})
        assert (refused.status_code, refused.json()["error"]) == (422, "WrongReceipt")
    assert logged(store.client) == []


def test_a_receipt_is_good_for_its_key_and_this_secret_only(store: Store, url: str) -> None:
    genuine = receipt(url)
    for changes in ({"receipt_secret": b"another" * 8}, {"namespace": "lender.dev"}):
        refused = decide(url, {"receipt": genuine, **DECISION}, **changes)
        assert (refused.status_code, refused.json()["error"]) == (422, "WrongReceipt")
    refused = decide(url, {"receipt": genuine, **DECISION}, OTHER_KEY, api_keys=API_KEYS)
    assert (refused.status_code, refused.json()["error"]) == (422, "WrongReceipt")
    assert logged(store.client) == []


def test_a_receipt_does_not_outlive_the_binding(url: str) -> None:
    moved = Receipts(SECRET.encode(), NAMESPACE, timedelta(hours=1))
    with FeatureReader.from_url(url, namespace=NAMESPACE) as reader:
        served = reader.get("credit_risk", customer_id=42)
    given = moved.give(served, "other")
    refused = decide(url, {"receipt": given, **DECISION}, OTHER_KEY, api_keys=API_KEYS)
    assert (refused.status_code, refused.json()["error"]) == (403, "NotBound")


def test_a_receipt_has_its_time(url: str) -> None:
    with FeatureReader.from_url(url, namespace=NAMESPACE) as reader:
        served = reader.get("credit_risk", customer_id=42)
    times = [served.read_at + timedelta(hours=1), served.read_at + timedelta(hours=1, seconds=1)]
    receipts = Receipts(b"s" * 32, NAMESPACE, timedelta(hours=1), lambda: times.pop(0))
    given = receipts.give(served, "credit")
    assert receipts.take(given, "credit") == served_record(served)
    with pytest.raises(ExpiredReceipt, match="good for 1:00:00"):
        receipts.take(given, "credit")
    with pytest.raises(WrongReceipt, match="another API key"):
        receipts.take(given, "somebody")


def test_without_a_secret_there_are_no_receipts(url: str) -> None:
    refused = asked(url, lambda client: client.post(READ, json=ASK), receipt_secret=None)
    assert (refused.status_code, refused.json()["error"]) == (501, "ReceiptsOff")
    refused = decide(url, {"receipt": "a.b", **DECISION}, receipt_secret=None)
    assert (refused.status_code, refused.json()["error"]) == (501, "ReceiptsOff")


def nested(depth: int) -> Any:
    return {"a": nested(depth - 1)} if depth else 1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"model_version": None}, "`model_version`"),
        ({"model_version": ""}, "`model_version`"),
        ({"decision": [1]}, "`decision`"),
        ({"decision": nested(65)}, "nested deeper"),
        ({"request": "x"}, "`request`"),
        ({"decision_id": 7}, "`decision_id`"),
        ({"decision_id": "x" * 201}, "`decision_id`"),
        ({"decided_at": "yesterday"}, "`decided_at`"),
        ({"decided_at": "9999-12-31T23:59:59-23:00"}, "`decided_at`"),
        ({"decided_at": 1}, "`decided_at`"),
        ({"features": {}}, "'features', which means nothing here"),
    ],
)
def test_a_malformed_decision_is_refused(
    store: Store, url: str, change: dict[str, Any], told: str
) -> None:
    refused = decide(url, {"receipt": receipt(url), **DECISION, **change})
    assert (refused.status_code, refused.json()["error"]) == (422, "MalformedBody")
    assert told in refused.json()["message"]
    assert logged(store.client) == []


def test_with_redis_gone_it_is_spooled_or_told(
    own_redis: RedisServer, activity: Any, tmp_path: Path
) -> None:
    with own_redis.client() as client:
        Store(client).open(activity)
    given = receipt(own_redis.url)
    own_redis.stop()
    refused = decide(own_redis.url, {"receipt": given, **DECISION})
    assert (refused.status_code, refused.json()["error"]) == (503, "DecisionNotLogged")
    kept = decide(own_redis.url, {"receipt": given, **DECISION}, spool=tmp_path)
    assert kept.status_code == 201
    assert spooled(tmp_path) == [kept.json()["decision_id"]]


def test_the_spool_is_sent_without_waiting_for_a_decision(
    store: Store, url: str, tmp_path: Path
) -> None:
    start = '{"format":3,"writer":"ab","number":1,"refused":0,'
    (tmp_path / "ab-00000001.jsonl").write_text(start + '"decision_id":"waiting"}\n')

    # Blocks until the entry is there, and fails after a while if it never is.
    async def wait(_: httpx.AsyncClient) -> Any:
        return await asyncio.to_thread(
            store.client.xread, {KEYS.decisions: "0"}, count=1, block=20_000
        )

    assert asked(url, wait, spool=tmp_path)
    assert [record["decision_id"] for record in logged(store.client)] == ["waiting"]


def test_now_is_when_it_is_decided_unless_given(store: Store, url: str) -> None:
    before = datetime.now(UTC)
    assert decide(url, {"receipt": receipt(url), **DECISION}).status_code == 201
    [record] = logged(store.client)
    assert before <= datetime.fromisoformat(record["decided_at"]) <= datetime.now(UTC)
    assert record["request"] is None
