"""The server as it is started: uvicorn's own command, its settings from the environment."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from logging_store import spooled, until
from online_store import KEYS, Store
from redis_server import RedisServer
from serving_http import AUTHORIZATION, OTHER_KEY, READ, READ_MANY, environment, key_file, serving

ASK = {"keys": {"customer_id": 42}, "receipt": True}
DECISION = {"model_version": "1", "decision": {"approved": True}}


def test_it_serves_reads_and_decisions(
    store: Store, redis_server: RedisServer, tmp_path: Path
) -> None:
    with serving(environment(redis_server.url, key_file(tmp_path))) as client:
        one = client.post(READ, json=ASK).json()
        assert one["features"]["favourite_shop"]["value"] == "bakery"
        many = client.post(READ_MANY, json={"keys": [ASK["keys"]] * 3}).json()
        assert [each["keys"] for each in many["results"]] == [{"customer_id": 42}] * 3
        decided = client.post("/v1/decisions", json={"receipt": one["receipt"], **DECISION})
        assert decided.status_code == 201
        assert store.client.xlen(KEYS.decisions) == 1
        for path in ("/v1/services/pricing/read", "/v1/services/pricing/read-many"):
            refused = client.post(path, json=ASK)
            assert (refused.status_code, refused.json()["error"]) == (403, "NotBound")
        stranger = {"authorization": f"Bearer {OTHER_KEY}"}
        assert client.post(READ, json=ASK, headers=stranger).status_code == 401


def test_it_notices_a_dead_redis_and_its_return(
    own_redis: RedisServer, activity: Any, tmp_path: Path
) -> None:
    with own_redis.client() as redis:
        Store(redis).open(activity)
    env = environment(own_redis.url, key_file(tmp_path), PROVENDER_SPOOL=f"{tmp_path}/spool/")
    with serving(env) as client:
        given = client.post(READ, json=ASK).json()["receipt"]
        assert state(client) == (200, "")
        own_redis.stop()
        assert "cannot be reached" in until_not(client, (200, ""))[1]
        dead = state(client)
        read = client.post(READ, json=ASK).json()
        assert read["features"]["favourite_shop"]["status"] == "unavailable"
        kept = client.post("/v1/decisions", json={"receipt": given, **DECISION})
        assert kept.status_code == 201
        assert spooled(tmp_path / "spool") == [kept.json()["decision_id"]]
        own_redis.start()
        empty = until_not(client, dead)
        assert "Redis came back empty. Run `push-online`" in empty[1]
        with own_redis.client() as redis:
            Store(redis).open(activity)
            assert until_not(client, empty) == (200, "")
            client.post("/v1/decisions", json={"receipt": read["receipt"], **DECISION})
            until(lambda: redis.xlen(KEYS.decisions) == 2)


def state(client: httpx.Client) -> tuple[int, str]:
    """Whether it is alive, and why it is not ready."""
    return client.get("/livez").status_code, client.get("/readyz").json().get("message", "")


def until_not(client: httpx.Client, before: tuple[int, str]) -> tuple[int, str]:
    """What it says next; an answer is kept for a moment, so it is asked until it is another."""
    return next(found for _ in range(10_000) if (found := state(client)) != before)


def test_workers_share_secret_and_figures(
    store: Store, redis_server: RedisServer, tmp_path: Path
) -> None:
    (tmp_path / "figures").mkdir()
    env = environment(
        redis_server.url,
        key_file(tmp_path),
        PROMETHEUS_MULTIPROC_DIR=str(tmp_path / "figures"),
    )
    with serving(env, workers=2) as client:
        for _ in range(20):  # each on a connection of its own, so that both workers have some
            with httpx.Client(base_url=client.base_url, headers=AUTHORIZATION) as once:
                given = once.post(READ, json=ASK).json()["receipt"]
                told = client.post("/v1/decisions", json={"receipt": given, **DECISION})
                assert told.status_code == 201
        page = client.get("/metrics").text
    wanted = 'requests_total{endpoint="read",outcome="ok",service="credit_risk"} 20.0'
    assert wanted in page
    assert "provender_ready 1.0" in page


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"PROVENDER_REDIS_URL": ""}, "PROVENDER_REDIS_URL is not set. Set it: such as redis://"),
        ({"PROVENDER_REDIS_URL": "nonsense"}, "The Redis URL cannot be read."),
        ({"PROVENDER_NAMESPACE": "Not Valid"}, "PROVENDER_NAMESPACE: Namespace 'Not Valid'"),
        ({"PROVENDER_API_KEYS": ""}, "PROVENDER_API_KEYS is not set. Set it: a TOML file"),
        ({"PROVENDER_API_KEYS": "/no/such"}, "/no/such cannot be read"),
        ({"PROVENDER_RECEIPT_SECRET": "short"}, "PROVENDER_RECEIPT_SECRET: it has 5 bytes"),
        ({"PROVENDER_RECEIPT_MAX_AGE": "1 week"}, "'1 week' is not a duration"),
        ({"PROVENDER_REDIS_TIMEOUT": "0s"}, "'0s' is not a duration"),
        ({"PROVENDER_JOURNAL": "maybe"}, "PROVENDER_JOURNAL: 'maybe' is neither true nor false"),
        ({"PROVENDER_JOURNAL": "true"}, "PROVENDER_JOURNAL needs a place. Set PROVENDER_SPOOL"),
        ({"PROVENDER_LOG_KEY": "short"}, "PROVENDER_LOG_KEY: The log key has 5 characters"),
        ({"PROVENDER_SPOOL": "/proc/no/spool"}, "The spool '/proc/no/spool' cannot be written"),
    ],
)
def test_a_setting_that_cannot_work_is_one_sentence(
    tmp_path: Path, change: dict[str, str], told: str
) -> None:
    env = environment("redis://localhost:1", key_file(tmp_path), **change)
    ran = subprocess.run(
        [sys.executable, "-m", "uvicorn", "--factory", "provender.http:create_app", "--port", "0"],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode != 0
    assert told in ran.stderr
    assert "Traceback" not in ran.stderr


def test_all_that_is_missing_is_told_at_once() -> None:
    env = {name: text for name, text in os.environ.items() if not name.startswith("PROVENDER")}
    ran = subprocess.run(
        [sys.executable, "-c", "import provender.http; provender.http.create_app()"],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stderr.count("is not set. Set it: ") == 3


def test_without_the_extra_it_says_what_to_install() -> None:
    hidden = "import sys; sys.modules['orjson'] = None\nimport importlib.util as u; f = u.find_spec"
    code = (
        f"{hidden}\nu.find_spec = lambda n: None if n == 'orjson' else f(n)\nimport provender.http"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ
    )
    assert "needs orjson, which is not installed. Run `pip install 'provender[http]'`" in ran.stderr


def test_the_light_package_does_not_know_of_it() -> None:
    code = "import sys, provender; print([m for m in sys.modules if 'provender.http' in m])"
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert ran.stdout.strip() == "[]"
