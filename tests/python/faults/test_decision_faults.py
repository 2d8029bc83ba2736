"""Writer and Redis are killed while decisions are logged: what record() took is there, once."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from decision_writer import PATIENCE, Place, Writer, drain
from logging_store import ids, logged, until
from online_store import ACTIVITY, NAMESPACE, Store
from redis_cluster import free_port
from redis_server import RedisServer
from relay import REPLIES, REQUESTS, Relay
from scene import points, seeded
from test_replica import follow, in_step

from provender import DecisionLog, ServedFeatures

# With `everysec` Redis acknowledges before it writes while the disk syncs slowly: for two seconds.
KEEPS = ("--appendonly", "yes", "--appendfsync", "always")
STALLS = {"both": (REQUESTS, REPLIES), "requests": (REQUESTS,), "replies": (REPLIES,)}


@pytest.fixture
def served(redis_client: Any) -> ServedFeatures:
    return Store(redis_client).open(ACTIVITY).reader().get("credit_risk", customer_id=42)


@pytest.fixture
def kept_redis() -> Iterator[RedisServer]:
    """A server that keeps all it acknowledged."""
    server = RedisServer(*KEEPS)
    yield server
    server.remove()


def lost(records: list[dict[str, Any]]) -> dict[str, int]:
    """How many decisions of each writer were taken and are not there, by their numbers."""
    found: dict[str, dict[int, int]] = {}
    for record in records:
        found.setdefault(record["writer"], {})[record["number"]] = record["refused"]
    return {
        writer: max(numbers) - numbers[max(numbers)] - len(numbers)
        for writer, numbers in found.items()
    }


def is_whole(server: RedisServer, taken: list[str]) -> None:
    """Fail unless each decision is there, in one version, and none is missing by the numbers."""
    with server.client() as client:
        records = logged(client)
    found = {record["decision_id"] for record in records}
    missing = set(taken) - found
    assert not missing, f"{len(missing)} of {len(taken)} are lost: {sorted(missing)[:5]}"
    versions = {(record["decision_id"], json.dumps(record)) for record in records}
    assert len(versions) == len(found), "a decision is there in two versions"
    assert set(lost(records).values()) == {0}, lost(records)


@pytest.mark.parametrize("journal", [False, True], ids=["spool", "journal"])
def test_writer_and_redis_killed_while_decisions_are_logged(
    served: ServedFeatures, tmp_path: Path, journal: bool, request: pytest.FixtureRequest
) -> None:
    """With a journal Redis keeps nothing, and comes back empty."""
    random = seeded(request.node.name)
    server = RedisServer() if journal else RedisServer(*KEEPS)
    place, taken = Place(server.url, tmp_path, journal), []
    for point in points(3):
        victims = random.choice([("writer",), ("redis",), ("redis", "writer")])
        with Writer(place, served, f"w{point}") as writer:
            writer.wait_for(random.randrange(1, 400))
            if "redis" in victims:
                server.stop()
                if "writer" not in victims:
                    writer.wait_for(random.randrange(1, 50))
                    server.start()
                    writer.wait_for(random.randrange(1, 400))
            writer.kill()
        taken += writer.taken
        assert writer.refused == 0
        if not server.is_running:
            server.start()
        if random.random() < 0.5:
            drain(place)
            is_whole(server, taken)
    drain(place)
    is_whole(server, taken)
    server.remove()


@pytest.mark.parametrize("way", STALLS)
def test_a_stalled_network_costs_a_bound_and_no_decision(
    served: ServedFeatures, kept_redis: RedisServer, tmp_path: Path, way: str
) -> None:
    with Relay(kept_redis.socket) as relay:
        # A client that would wait for ever: the bound is the log's.
        client = redis.Redis(port=relay.port, socket_timeout=None, socket_connect_timeout=None)
        log = DecisionLog(client, namespace=NAMESPACE, spool=tmp_path, bound=0.05)
        log.check()
        made, slowest = [], 0.0
        for step in range(60):
            if step == 20:
                relay.stall(*STALLS[way])
            if step == 40:
                relay.flow()
            began = time.monotonic()
            made.append(log.record(served, model_version="1", decision={}))
            slowest = max(slowest, time.monotonic() - began)
        log.close(PATIENCE)
    drain(Place(kept_redis.url, tmp_path))
    is_whole(kept_redis, made)
    with kept_redis.client() as client:
        in_order = list(dict.fromkeys(reversed(ids(client))))[::-1]  # where each came last
    assert in_order == made
    assert slowest < PATIENCE  # disk and machine have their share; without a bound it hangs


def test_a_read_only_replica_spools(
    served: ServedFeatures, kept_redis: RedisServer, tmp_path: Path
) -> None:
    master = RedisServer("--port", str(free_port()), "--bind", "127.0.0.1")
    try:
        follow(kept_redis, master)
        in_step(kept_redis, master)
        log = Place(kept_redis.url, tmp_path, bound=PATIENCE).log()
        made = [log.record(served, model_version="1", decision={}) for _ in range(3)]
        with kept_redis.client() as client:
            assert ids(client) == []
            client.replicaof("no", "one")
            until(lambda: ids(client) == made)
        log.close()
    finally:
        master.remove()


@pytest.mark.parametrize("journal", [False, True], ids=["spool", "journal"])
def test_a_full_disk_is_told_and_nothing_taken_is_lost(
    served: ServedFeatures, kept_redis: RedisServer, tmp_path: Path, journal: bool
) -> None:
    place = Place(kept_redis.url, tmp_path, journal, most_file=10_000)
    kept_redis.stop()
    with Writer(place, served, "w") as writer:
        writer.wait_for_refusals(3)
        kept_redis.start()
        if not journal:
            writer.wait_for(100)
        writer.kill()
    assert len(writer.taken) > 5
    drain(Place(kept_redis.url, tmp_path, journal))
    is_whole(kept_redis, writer.taken)


def test_flushall_shows_in_the_numbers(served: ServedFeatures, kept_redis: RedisServer) -> None:
    place = Place(kept_redis.url, None, bound=PATIENCE)
    with Writer(place, served, "w") as writer:
        writer.wait_for(50)
        with kept_redis.client() as client:
            client.flushall()
        writer.wait_for(len(writer.taken))
        writer.kill()
    with kept_redis.client() as client:
        records = logged(client)
    gone = set(writer.taken) - {record["decision_id"] for record in records}
    assert len(gone) >= 50
    assert set(lost(records).values()) == {len(gone)}


def test_redis_out_of_memory_keeps_features_and_spools_decisions(
    served: ServedFeatures, kept_redis: RedisServer, tmp_path: Path
) -> None:
    with kept_redis.client() as client:
        store = Store(client).open(ACTIVITY)
        store.write(ACTIVITY, [3, "bakery"], customer_id=42)
        log = DecisionLog(client, namespace=NAMESPACE, spool=tmp_path, bound=PATIENCE)
        made = [log.record(served, model_version="1", decision={})]
        client.config_set("maxmemory", client.info("memory")["used_memory"] + 100_000)
        made += [
            log.record(served, model_version="1", decision={"x": "y" * 5000}) for _ in range(60)
        ]
        assert log.waiting_bytes > 0
        assert store.reader().get("credit_risk", customer_id=42)["favourite_shop"].value == "bakery"
        client.config_set("maxmemory", 0)
        until(lambda: len(ids(client)) == len(made))
        log.close()
        assert ids(client) == made
