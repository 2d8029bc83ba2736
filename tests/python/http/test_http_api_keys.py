"""A key opens the services it is bound to, and nothing else; the server keeps no key."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from online_store import Store
from redis_server import RedisServer
from serving_http import API_KEYS, KEY, OTHER_KEY, READ, READ_MANY, asking, settings

from provender.http.api_keys import ApiKeys, read_api_keys
from provender.http.failures import WrongApiKeys

BODY = {"keys": {"customer_id": 42}}


@pytest.fixture
def url(store: Store, redis_server: RedisServer) -> str:
    return redis_server.url


def answer(
    url: str, path: str, headers: dict[str, str], api_keys: ApiKeys = API_KEYS
) -> httpx.Response:
    async def run() -> httpx.Response:
        async with asking(settings(url, api_keys=api_keys), None) as client:
            return await client.post(path, json=BODY, headers=headers)

    return asyncio.run(run())


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer pv_wrong", KEY, f"Basic {KEY}", f"Bearer {KEY}x"],
)
@pytest.mark.parametrize("path", [READ, READ_MANY, "/v1/decisions", "/v1/services/none/read"])
def test_without_a_known_key_nothing_is_read(url: str, header: str | None, path: str) -> None:
    refused = answer(url, path, {} if header is None else {"authorization": header})
    assert (refused.status_code, refused.json()["error"]) == (401, "Unauthenticated")
    assert refused.headers["www-authenticate"] == "Bearer"


def test_a_key_is_refused_for_a_service_it_is_not_bound_to(url: str) -> None:
    told = {}
    for service in ("credit_risk", "no_such_service"):
        for verb in ("read", "read-many"):
            path = f"/v1/services/{service}/{verb}"
            refused = answer(url, path, {"authorization": f"Bearer {OTHER_KEY}"})
            assert (refused.status_code, refused.json()["error"]) == (403, "NotBound")
            told[service, verb] = refused.json()["message"].replace(service, "…")
    assert len(set(told.values())) == 1, "it tells whether the service exists"


def test_a_key_opens_its_service(url: str) -> None:
    assert answer(url, READ, {"authorization": f"Bearer {KEY}"}).status_code == 200
    assert answer(url, READ, {"authorization": f"bearer {KEY}"}).status_code == 200


def test_no_keys_is_possible_when_it_is_meant(url: str) -> None:
    assert answer(url, READ, {}, ApiKeys(None)).status_code == 200


def test_the_command_makes_a_key_that_the_file_takes(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "provender.http.api_keys", "the model", "credit_risk", "pricing"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ,
    )
    key = ran.stderr.removeprefix("The key, shown this once: ").strip()
    assert key not in ran.stdout
    assert ran.stderr.count("\n") == 1, "warnings beside the key"
    (tmp_path / "keys.toml").write_text(ran.stdout)
    caller = read_api_keys(tmp_path / "keys.toml").caller(f"Bearer {key}")
    assert caller is not None
    assert (caller.name, caller.services) == ("the model", {"credit_risk", "pricing"})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "it has no API key"),
        ("[", "is not TOML"),
        ("a = 1", "'a' stands in no table"),
        ("[a]", r"needs `sha256`.*\n.*needs `services`"),
        (f'[a]\nsha256 = "{"a" * 64}"\nservices = []', "needs `services`"),
        (f'[a]\nsha256 = "{"a" * 64}"\nservice = ["b"]', "Did you mean 'services'"),
        (
            "\n".join(f'[{n}]\nsha256 = "{"a" * 64}"\nservices = ["b"]' for n in "ab"),
            "same sha256",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_told(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "keys.toml").write_text(text)
    with pytest.raises(WrongApiKeys, match=told):
        read_api_keys(tmp_path / "keys.toml")
    with pytest.raises(WrongApiKeys, match="cannot be read"):
        read_api_keys(tmp_path / "none.toml")
