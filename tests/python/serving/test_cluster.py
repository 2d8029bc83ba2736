"""On a Redis Cluster, rows of several slots are read together."""

import socket
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from logging_store import ids, until
from online_store import ACTIVITY, NAMESPACE, SHOP, T0, Store
from redis_server import RedisServer

from provender import DecisionLog, FeatureReader
from provender.connection import connect

SLOTS = 16384
BUS = 10_000  # a cluster node's second port lies this far above its first


def free_port() -> int:
    """A port that is free, and leaves room for the bus."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port + BUS < 2**16:
            return port


@pytest.fixture
def cluster_url() -> Iterator[str]:
    """A cluster of one node that owns all slots."""
    port = free_port()
    server = RedisServer("--port", str(port), "--bind", "127.0.0.1", "--cluster-enabled", "yes")
    with server.client() as client:
        client.execute_command("CLUSTER ADDSLOTS", *range(SLOTS))
    server.wait_for("Cluster state changed: ok")
    yield f"redis+cluster://127.0.0.1:{port}"
    server.remove()


@pytest.mark.parametrize("is_journal", [False, True])
def test_a_service_over_two_slots_is_read_and_logged(
    cluster_url: str, tmp_path: Path, is_journal: bool
) -> None:
    with FeatureReader.from_url(
        cluster_url, namespace=NAMESPACE, clock=lambda: T0, timeout=5
    ) as reader:
        store = Store(connect(cluster_url, 1)).open(ACTIVITY, SHOP)  # type: ignore[arg-type]
        store.write(ACTIVITY, [3, "bakery"], customer_id=42)
        store.write(SHOP, [Decimal("1.20")], shop="x", opened_on=date(2026, 1, 1))
        keys = {"customer_id": 42, "shop": "x", "opened_on": date(2026, 1, 1)}
        served = reader.get("credit_risk", **keys)
    assert list(served.to_dict().values()) == [3, "bakery", Decimal("1.20")]
    with DecisionLog.from_url(
        cluster_url, namespace=NAMESPACE, bound=30, spool=tmp_path, journal=is_journal
    ) as log:
        made = [log.record(served, model_version="1", decision={}) for _ in range(3)]
        until(lambda: ids(store.client) == made)
