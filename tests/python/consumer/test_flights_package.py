"""What another team gets from the package, and what it cannot damage."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis
from flights_project import (
    BUILD,
    DEPS,
    LOAD,
    NAMESPACE,
    PACKAGE_NODES,
    PUSH,
    READ,
    TRAIN,
    TRAINED_AT,
    WATCH,
    FlightsProject,
)
from redis_server import RedisServer
from support import REPO

from provender_ops.catalog import Catalog
from provender_ops.online_store import OnlineStore
from provender_ops.push import push
from provender_ops.push_view import Options

pytestmark = pytest.mark.xdist_group("flights")

EXPECTED_NODES = REPO / "tests/consumer/expected_nodes.txt"
SHARED = ("analyses/", "models/registry/", "models/decisions/", "models/monitoring/")
LENDER = "provender.dev"


@pytest.fixture(scope="module")
def package_nodes(flights: FlightsProject) -> list[dict[str, str]]:
    """Every enabled node of the package, of any type, as the consumer's dbt lists them."""
    keys = ("--output-keys", "unique_id", "resource_type", "original_file_path")
    listed = flights.dbt(*PACKAGE_NODES.split()[1:], *keys)
    assert listed.code == 0, listed.output
    return [json.loads(line) for line in listed.output.splitlines()]


def name_of(node: dict[str, str]) -> str:
    """Return a node's unique id without the hash that ends a generic test's."""
    parts = node["unique_id"].split(".")
    return ".".join(parts[:3] if node["resource_type"] == "test" else parts)


def test_the_package_brings_exactly_the_listed_nodes(package_nodes: list[dict[str, str]]) -> None:
    listed = EXPECTED_NODES.read_text().splitlines()
    found = sorted(map(name_of, package_nodes))
    new = "".join(f"\n+ {name}" for name in found if name not in listed)
    gone = "".join(f"\n- {name}" for name in listed if name not in found)
    assert found == listed, (
        "A project that installs Provender gets other nodes than tests/consumer/expected_nodes.txt"
        f" lists:{new}{gone}\nIf a + is not meant for other teams, switch it off there by"
        " `config: {enabled: \"{{ project_name == 'provender' }}\"}` in its YAML. If all of this is"
        " meant, add and remove these lines; the file is sorted."
    )


def test_the_package_brings_no_lender(package_nodes: list[dict[str, str]]) -> None:
    others = [node for node in package_nodes if not node["original_file_path"].startswith(SHARED)]
    assert others == []
    assert not [node for node in package_nodes if "lender" in node["unique_id"]]
    assert len(package_nodes) > len(SHARED)


def test_the_readme_says_what_ran_here(flights: FlightsProject) -> None:
    lines = [line.partition("  #")[0].strip() for line in flights.readme.splitlines()]
    assert lines.count(LOAD) == lines.count(DEPS) == lines.count(PUSH) == lines.count(READ) == 1
    rehearsed = "--vars '{rehearsal: true}'"
    week = f"PROVENDER_AS_OF=$as_of {BUILD} {rehearsed} < /dev/null || break"
    training = f"PROVENDER_AS_OF={TRAINED_AT.isoformat()}Z {TRAIN} {rehearsed}"
    watch = f"PROVENDER_AS_OF={flights.last_run.isoformat()}Z {WATCH} {rehearsed}"
    assert lines.count(week) == lines.count(watch) == lines.count(training) == 1
    for run in flights.week:
        assert f"| {run:%Y-%m-%d %H:%M} |" in flights.readme


@contextmanager
def silent(_label: str, _total: int | None) -> Iterator[Any]:
    """Progress that nobody looks at."""
    yield lambda _count: None


def everything(client: redis.Redis) -> dict[bytes, Any]:
    """Return all of Redis by value; two DUMPs of one hash may differ in the order of its fields."""
    ask = {b"string": client.get, b"hash": client.hgetall, b"stream": client.xrange}
    return {key: ask[client.type(key)](key) for key in client.scan_iter("*")}


@pytest.mark.parametrize("option", ["--full", "--dry-run"])
def test_a_namespace_that_the_lender_pushed_is_refused(
    flights: FlightsProject, flights_redis: RedisServer, option: str
) -> None:
    """What the lender's rows say does not matter here, only whose they are."""
    with flights_redis.client() as client:
        store = OnlineStore(client, LENDER, *LENDER.split("."))
        with Catalog.open(flights.catalog) as catalog:
            pushed = push(catalog, store, Options(), silent)
        assert not pushed.is_refused
        before = everything(client)
        assert store.keys.view("carrier_delays", 1).encode() in before

        refused = flights.command(
            PUSH, option, "--namespace", LENDER, "--redis-url", flights_redis.url
        )

        assert refused.returncode == 1, refused.stdout + refused.stderr
        said = " ".join(refused.stderr.split())
        assert f"Namespace '{LENDER}' belongs to {LENDER}, and this is {NAMESPACE}" in said
        assert "Choose another with --namespace" in said
        assert everything(client) == before
