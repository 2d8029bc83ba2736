"""What the server says of itself is true: alive, ready, its figures, its schema."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from online_store import KEYS, NAMESPACE, Store, service_over
from prometheus_client.parser import text_string_to_metric_families
from redis_server import RedisServer
from serving_http import API_KEYS, READ, asking, settings

from provender import DecisionNotLogged
from provender.http.api_keys import ApiKeys
from provender.keys import KeySpace
from provender_ops.acl import service_rule

Use = Callable[[httpx.AsyncClient], Awaitable[Any]]


@pytest.fixture
def url(store: Store, redis_server: RedisServer) -> str:
    return redis_server.url


def asked(url: str, use: Use, **changes: Any) -> Any:
    async def run() -> Any:
        async with asking(settings(url, **changes), None) as client:
            return await use(client)

    return asyncio.run(run())


def get(url: str, path: str, **changes: Any) -> httpx.Response:
    answered: httpx.Response = asked(url, lambda client: client.get(path), **changes)
    return answered


def why_not_ready(url: str, **changes: Any) -> str:
    answered = get(url, "/readyz", **changes)
    assert (answered.status_code, answered.json()["error"]) == (503, "NotReady")
    return str(answered.json()["message"])


def test_it_is_alive_and_ready(url: str) -> None:
    assert get(url, "/livez").json() == {"status": "alive"}
    assert (get(url, "/readyz").status_code, get(url, "/readyz").json()) == (
        200,
        {"status": "ready"},
    )


def test_alive_is_not_ready(own_redis: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    own_redis.stop()
    assert get(own_redis.url, "/livez").status_code == 200
    assert "cannot be reached" in why_not_ready(own_redis.url)
    ours = [record for record in caplog.records if record.name == "provender.http"]
    assert [record.getMessage()[:10] for record in ours] == ["Not ready."]


def test_a_redis_that_stalls_is_not_ready(own_redis: RedisServer, activity: Any) -> None:
    with own_redis.client() as client:
        Store(client).open(activity)
    with own_redis.stalled():
        assert "did not answer" in why_not_ready(own_redis.url)


def test_an_empty_redis_is_not_ready(redis_client: Any, redis_server: RedisServer) -> None:
    assert "Nothing is online" in why_not_ready(redis_server.url)


def test_a_bound_service_that_is_not_online_is_not_ready(store: Store, url: str) -> None:
    assert "'pricing' is not online" in why_not_ready(url, api_keys=API_KEYS)


def test_a_bound_services_view_that_is_not_online_is_not_ready(store: Store, url: str) -> None:
    store.client.hdel(KEYS.registry, "view:customer_activity@1")
    assert "'customer_activity@1' is not online" in why_not_ready(url)


def test_a_user_without_permission_is_not_ready(own_redis: RedisServer, activity: Any) -> None:
    with own_redis.client() as client:
        Store(client).open(activity)
        rule = ["ACL", "SETUSER", "svc", "on", ">pw", "+@all", f"~{KEYS.registry}"]
        client.execute_command(*rule)
        url = own_redis.url.replace("unix://", "unix://svc:pw@")
        with pytest.raises(DecisionNotLogged, match="lacks a permission"):
            get(url, "/livez")
        client.execute_command(*rule, f"~{KEYS.decisions}")
    assert "lacks a permission" in why_not_ready(url)


def test_without_keys_the_registry_suffices(url: str) -> None:
    assert get(url, "/readyz", api_keys=ApiKeys(None)).status_code == 200


def test_the_figures_are_what_happened(store: Store, url: str, activity: Any) -> None:
    async def use(client: httpx.AsyncClient) -> str:
        headers = {"authorization": "Bearer pv_test"}
        for key in (42, 42, 7, "x"):
            await client.post(READ, json={"keys": {"customer_id": key}}, headers=headers)
        for number in range(50):
            await client.post(f"/v1/services/s{number}/read", headers=headers)
            await client.post(f"/v1/services/s{number}/read")
        return (await client.get("/metrics")).text

    page = asked(url, use)
    figures = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }
    requests = "provender_http_requests_total"
    assert figures[requests, "credit_risk", "ok", "read"] == 3
    assert figures[requests, "WrongKey", "credit_risk", "read"] == 1
    assert figures[requests, "", "NotBound", "read"] == 50
    assert figures[requests, "", "Unauthenticated", "read"] == 50
    served = "provender_features_served_total"
    assert figures[served, "credit_risk", "customer_activity@1", "ok"] == 4
    assert figures[served, "credit_risk", "customer_activity@1", "missing"] == 2
    assert figures["provender_value_age_seconds_count", "customer_activity@1"] == 3
    assert figures["provender_http_request_seconds_count", "credit_risk", "read"] == 4
    assert figures[("provender_ready",)] == 1
    assert figures[("provender_spool_bytes",)] == 0


def test_names_from_outside_are_no_labels_without_keys(store: Store, url: str) -> None:
    async def use(client: httpx.AsyncClient) -> str:
        for number in range(5):
            await client.post(f"/v1/services/s{number}/read", json={"keys": {}})
            await client.post(f"/v1/services/s{number}/read", content=b"{")
        return (await client.get("/metrics")).text

    page = asked(url, use, api_keys=ApiKeys(None))
    assert set(re.findall(r'service="([^"]*)"', page)) == {""}


def test_openapi_documents_each_endpoint_and_refers_to_nobody(url: str) -> None:
    schema = get(url, "/openapi.json")
    assert set(schema.json()["paths"]) == {
        "/v1/services/{service}/read",
        "/v1/services/{service}/read-many",
        "/v1/decisions",
        "/livez",
        "/readyz",
    }
    for path, operations in schema.json()["paths"].items():
        if path.startswith("/v1"):
            assert operations["post"]["security"]
            assert operations["post"]["requestBody"]
    assert "://" not in schema.text
    for path in ("/docs", "/redoc", "/docs/oauth2-redirect"):
        assert get(url, path).status_code == 404


def test_the_answer_is_as_openapi_says(store: Store, url: str) -> None:
    import jsonschema  # type: ignore[import-untyped] # noqa: PLC0415

    async def use(client: httpx.AsyncClient) -> Any:
        headers = {"authorization": "Bearer pv_test"}
        body = {"keys": {"customer_id": 42}, "receipt": True}
        return (await client.post(READ, json=body, headers=headers)).json()

    document = get(url, "/openapi.json").json()
    schema = {"$ref": "#/components/schemas/ReadAnswer", "components": document["components"]}
    jsonschema.validate(asked(url, use), schema)


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        ("GET", "/", 404, "UnknownPath"),
        ("GET", "/v1/", 404, "UnknownPath"),
        ("POST", "/v1/services/credit_risk/read/", 404, "UnknownPath"),
        ("POST", "/v1/services/a%2Fb/read", 404, "UnknownPath"),
        ("GET", READ, 405, "MethodNotAllowed"),
        ("POST", "/livez", 405, "MethodNotAllowed"),
    ],
)
def test_paths_that_are_none_are_told_in_the_same_shape(
    url: str, method: str, path: str, status: int, error: str
) -> None:
    answered: httpx.Response = asked(url, lambda client: client.request(method, path))
    assert (answered.status_code, answered.json()["error"]) == (status, error)
    assert answered.json().keys() == {"error", "message"}


def test_what_nobody_foresaw_is_told_without_its_insides(
    store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise ZeroDivisionError("insides")

    monkeypatch.setattr("provender.http.endpoints.answer", fail)

    async def use(client: httpx.AsyncClient) -> httpx.Response:
        headers = {"authorization": "Bearer pv_test"}
        return await client.post(READ, json={"keys": {"customer_id": 42}}, headers=headers)

    answered = asked(url, use)
    assert (answered.status_code, answered.json()["error"]) == (500, "InternalError")
    assert "insides" not in answered.text


def test_replaced_views_are_noticed(store: Store, url: str, activity: Any) -> None:
    async def use(client: httpx.AsyncClient) -> list[int]:
        first = (await client.get("/readyz")).status_code
        store.publish(replace(activity, generation=8))
        return [first, (await client.get("/readyz")).status_code]

    assert asked(url, use) == [200, 200]


def test_a_user_with_the_printed_rule_is_ready(own_redis: RedisServer, activity: Any) -> None:
    with own_redis.client() as client:
        Store(client).open(activity)
        rule = service_rule(KeySpace(NAMESPACE), service_over("credit_risk", activity))
        client.execute_command(*rule.split())
        client.execute_command("ACL", "SETUSER", f"{NAMESPACE}.credit_risk", "on", ">pw")
    url = own_redis.url.replace("unix://", f"unix://{NAMESPACE}.credit_risk:pw@")
    assert get(url, "/readyz").json() == {"status": "ready"}
