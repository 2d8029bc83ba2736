"""A read-only replica: read from it with honest ages; it cannot be pushed to."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from judge import Seen
from redis_cluster import free_port, wait_for
from redis_server import RedisServer
from scene import NewScene, points


@pytest.fixture
def master() -> Iterator[RedisServer]:
    server = RedisServer("--port", str(free_port()), "--bind", "127.0.0.1")
    yield server
    server.remove()


@pytest.fixture
def replica(master: RedisServer) -> Iterator[RedisServer]:
    server = RedisServer("--repl-diskless-sync-delay", "0")
    follow(server, master)
    yield server
    server.remove()


def test_a_replica_is_read_and_not_pushed_to(
    new_scene: NewScene, master: RedisServer, replica: RedisServer
) -> None:
    scene = new_scene(master.url)
    scene.story.run()
    scene.push()
    in_step(replica, master)
    with scene.watched(replica.url, lags=True):
        for _ in points(1):
            scene.story.run()
            ended = scene.try_push(url=replica.url)
            assert (ended.code, ended.is_refused) == (2, True), ended
            assert "read only replica" in ended.output
            scene.push(*scene.random.choice([[], ["--full"]]))
            in_step(replica, master)
            scene.everybody(lambda seen: served_from(seen) == {scene.story.last_run})
    scene.equals_history()


def test_a_replica_that_lost_its_master_grows_old_and_says_so(
    new_scene: NewScene, master: RedisServer, replica: RedisServer
) -> None:
    """It serves what it has, at that age, and catches up later."""
    scene = new_scene(master.url)
    scene.story.run()
    scene.push()
    in_step(replica, master)
    with scene.watched(replica.url, lags=True):
        for _ in points(1):
            old = scene.story.last_run
            with replica.client() as client:
                client.replicaof("127.0.0.1", free_port())
            scene.story.run()
            scene.push()
            scene.everybody(lambda seen, old=old: served_from(seen) == {old})
            with scene.fault():  # it may take all anew, and loads it
                follow(replica, master)
                in_step(replica, master)
            scene.everybody(lambda seen: served_from(seen) == {scene.story.last_run})


def served_from(seen: Seen) -> set[datetime | None]:
    """Return the runs that one read was served, naive."""
    if isinstance(seen.served, Exception):
        return set()
    return {value.as_of and value.as_of.replace(tzinfo=None) for value in seen.served.values()}


def follow(replica: RedisServer, master: RedisServer) -> None:
    with master.client() as client:
        port = client.config_get("port")["port"]
    with replica.client() as client:
        client.replicaof("127.0.0.1", port)
    wait_for(lambda: link_of(replica) == "up")


def link_of(replica: RedisServer) -> str:
    with replica.client() as client:
        return str(client.info("replication").get("master_link_status"))


def in_step(replica: RedisServer, master: RedisServer) -> None:
    """Wait until the replica has all that the master has now."""
    with master.client() as client, replica.client() as other:
        offset = client.info("replication")["master_repl_offset"]
        wait_for(lambda: other.info("replication")["slave_repl_offset"] >= offset)
