"""The Redis servers that are written to: whether they are still those, and whether others follow.

A server that restarted, or a replica that took over, may have less than was written.
"""

import time
from collections.abc import Mapping
from typing import Any

from redis.cluster import RedisCluster
from redis.exceptions import NoPermissionError

from provender.connection import Client, asking
from provender_ops.errors import Refused

PATIENCE = 10.0  # seconds that replicas may take to follow
PAUSE = 0.05


def lives(client: Client) -> tuple[str, ...]:
    """Return what names the lives of all masters: another one after a restart or a failover.

    Nothing, where the user may not ask.
    """
    try:
        return tuple(sorted(str(info["run_id"]) for info in _info(client, "server")))
    except NoPermissionError:
        return ()


def evicts(client: Client) -> str | None:
    """Return the policy by which a master may evict rows, None where none does."""
    try:
        for info in _info(client, "memory"):
            policy = str(info.get("maxmemory_policy", ""))
            if int(info.get("maxmemory", 0)) and policy.startswith("allkeys"):
                return policy
    except NoPermissionError:
        return None
    return None


def replicas(client: Client) -> Mapping[str, int]:
    """Return how many replicas each master has that are connected to it."""
    try:
        found = _info(client, "replication")
    except NoPermissionError:
        return {}
    return {str(info["master_replid"]): len(_replicas(info)) for info in found}


def wait_for_replicas(
    client: Client, expected: Mapping[str, int], patience: float = PATIENCE
) -> None:
    """Return when as many replicas as `expected` have what their masters had at the call.

    Raise Refused. A replica that had left before, and takes over as it was, is what Redis's own
    `min-replicas-to-write` is for.
    """
    if not any(expected.values()):
        return
    offsets = {
        str(info["master_replid"]): int(info["master_repl_offset"])
        for info in _info(client, "replication")
    }
    until = time.monotonic() + patience
    while behind := [
        info
        for info in _info(client, "replication")
        if _following(info, offsets) < expected.get(str(info["master_replid"]), 0)
    ]:
        if time.monotonic() > until:
            raise Refused(
                f"{len(behind)} replica(s) have not followed their master for {patience:.0f}"
                " seconds; were one to take over, rows would be lost. Nothing was made readable."
                " See why it lags, and run `push-online` again."
            )
        time.sleep(PAUSE)


def _following(info: Mapping[str, Any], offsets: Mapping[str, int]) -> int:
    wanted = offsets.get(str(info["master_replid"]), 0)
    return sum(int(replica["offset"]) >= wanted for replica in _replicas(info))


def _replicas(info: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [value for name, value in info.items() if _is_replica(name, value)]


def _is_replica(name: str, value: object) -> bool:
    is_one = name.startswith("slave") and name.removeprefix("slave").isdigit()
    return is_one and isinstance(value, dict) and value.get("state") == "online"


def _info(client: Client, section: str) -> list[Mapping[str, Any]]:
    """Return a section of INFO of each master."""
    with asking("look at the servers", leaving=(NoPermissionError,)):
        if not isinstance(client, RedisCluster):
            return [client.info(section)]
        answers = client.info(section, target_nodes=RedisCluster.PRIMARIES)
    is_one = not all(isinstance(answer, dict) for answer in answers.values())
    return [answers] if is_one else list(answers.values())
