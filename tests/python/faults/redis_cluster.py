"""A Redis Cluster of three masters with a replica each, made by the commands of Redis itself."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import redis
from redis_server import RedisServer

SLOTS = 16384
BUS = 10_000  # a cluster node's second port lies this far above its first
NODE_TIMEOUT = 1500  # milliseconds; this machine may be slow, and a slow node is not a dead one
PATIENCE = 60.0  # seconds, for gossip to come round


class Node(RedisServer):
    """One process of the cluster, with an address of its own; it keeps all it acknowledged."""

    def __init__(self) -> None:
        self.port = free_port()
        super().__init__(
            *f"--port {self.port} --bind 127.0.0.1 --cluster-enabled yes --appendonly yes".split(),
            *f"--cluster-node-timeout {NODE_TIMEOUT} --cluster-migration-barrier 99".split(),
            *["--cluster-replica-validity-factor", "0", "--repl-diskless-sync", "yes"],
            *["--repl-diskless-sync-delay", "0", "--repl-timeout", "5"],
        )

    @property
    def name(self) -> str:
        return str(self.ask("CLUSTER MYID"))

    def ask(self, *command: object) -> Any:
        with redis.Redis.from_url(self.url, decode_responses=True) as client:
            return client.execute_command(*command)

    @property
    def is_master(self) -> bool:
        return self.is_running and self.ask("ROLE")[0] == "master"


class Cluster:
    """Six nodes; each master has a third of the slots."""

    def __init__(self) -> None:
        self.nodes = [Node() for _ in range(6)]
        for node in self.nodes[1:]:
            node.ask("CLUSTER MEET", "127.0.0.1", self.nodes[0].port)
        for at, node in enumerate(self.nodes[:3]):
            node.ask("CLUSTER ADDSLOTS", *range(SLOTS * at // 3, SLOTS * (at + 1) // 3))
        wait_for(lambda: all(self._knows_all(node) for node in self.nodes))
        for master, replica in zip(self.nodes[:3], self.nodes[3:], strict=True):
            replica.ask("CLUSTER REPLICATE", master.name)
        self.wait_until_whole()

    def url(self, *, beside: Node | None = None) -> str:
        """Return the URL of a node that will stay."""
        node = next(node for node in self.masters() if node is not beside)
        return f"redis+cluster://127.0.0.1:{node.port}"

    def wait_until_whole(self) -> None:
        """Wait until all agree on three masters with a replica each, and these are in step."""
        wait_for(lambda: all(self._is_whole(node) for node in self.nodes))

    def masters(self) -> list[Node]:
        return [node for node in self.nodes if node.is_master]

    def replica_of(self, master: Node) -> Node:
        ports = [int(line[1]) for line in master.ask("ROLE")[2]]
        return next(node for node in self.nodes if node.port in ports)

    def owner_of(self, slot: int) -> Node:
        for first, last, (_, port, *_), *_ in self._any().ask("CLUSTER SLOTS"):
            if first <= slot <= last:
                return next(node for node in self.nodes if node.port == port)
        raise AssertionError(slot)

    def fail_over(self, master: Node) -> None:
        """Let the replica of a master take over, in step."""
        replica = self.replica_of(master)
        replica.ask("CLUSTER FAILOVER")
        wait_for(lambda: replica.is_master)

    def take_over(self, replica: Node) -> None:
        """Let a replica that was started just now take over from a master that is gone, as it is.

        A restarted replica takes its master's epoch for its own. Where that is the greatest, its
        claim would be of the same epoch, which the others never accept; so one of them goes ahead.
        """
        other = next(node for node in self.nodes if node.is_master and node is not replica)
        other.ask("CLUSTER BUMPEPOCH")
        wait_for(lambda: _epoch(replica) >= _epoch(other))
        replica.ask("CLUSTER FAILOVER", "TAKEOVER")
        wait_for(lambda: replica.is_master)

    def kill(self, master: Node) -> Node:
        """SIGKILL a master; return its replica, which has taken over."""
        replica = self.replica_of(master)
        master.stop()
        wait_for(lambda: replica.is_master)
        return replica

    def move(self, slot: int, target: Node) -> None:
        """Move a slot with its keys, as an operator does, while others use them."""
        source = self.owner_of(slot)
        target.ask("CLUSTER SETSLOT", slot, "IMPORTING", source.name)
        source.ask("CLUSTER SETSLOT", slot, "MIGRATING", target.name)
        with redis.Redis.from_url(source.url) as client:
            while keys := client.execute_command("CLUSTER GETKEYSINSLOT", slot, 10):
                client.execute_command(
                    "MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys
                )
        for node in (target, source, *self.masters()):
            node.ask("CLUSTER SETSLOT", slot, "NODE", target.name)

    def remove(self) -> None:
        for node in self.nodes:
            node.remove()

    def _any(self) -> Node:
        return next(node for node in self.nodes if node.is_running)

    def _knows_all(self, node: Node) -> bool:
        told = node.ask("CLUSTER INFO")
        return told["cluster_known_nodes"] == "6" and told["cluster_state"] == "ok"

    def _is_whole(self, node: Node) -> bool:
        if not node.is_running or not self._knows_all(node):
            return False
        shards = node.ask("CLUSTER SLOTS")
        role = node.ask("ROLE")
        in_step = len(role[2]) == 1 if role[0] == "master" else role[3] == "connected"
        return in_step and all(len(shard) == 4 for shard in shards)


@contextmanager
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    try:
        yield made
    finally:
        made.remove()


def wait_for(is_so: Callable[[], bool]) -> None:
    """Poll until it is so: gossip tells nobody when it is done."""
    until = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < until, "the cluster does not come to an agreement"
        time.sleep(0.02)


def _epoch(node: Node) -> int:
    return int(node.ask("CLUSTER INFO")["cluster_current_epoch"])


def free_port() -> int:
    """A port that is free, and leaves room for the bus."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port + BUS < 2**16:
            return port
