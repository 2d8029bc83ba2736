"""On a Redis Cluster rows lie in many slots, and what is written at once lies in one."""

import socket
from collections.abc import Iterator

import pytest
from published_catalog import PublishedProject, View, minute
from pushing import Pusher
from redis_server import RedisServer

from provender.connection import connect
from provender_ops import generations
from provender_ops.land import land_push_log

SLOTS = 16384
BUS = 10_000  # a cluster node's second port lies this far above its first


@pytest.fixture
def cluster_url() -> Iterator[str]:
    """A cluster of one node that owns all slots; it refuses commands that cross slots."""
    port = 0
    while not 0 < port < 2**16 - BUS:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
    server = RedisServer("--port", str(port), "--bind", "127.0.0.1", "--cluster-enabled", "yes")
    with server.client() as client:
        client.execute_command("CLUSTER ADDSLOTS", *range(SLOTS))
    server.wait_for("Cluster state changed: ok")
    yield f"redis+cluster://127.0.0.1:{port}"
    server.remove()


def test_full_and_incremental_pushes_and_reclaiming_work_across_slots(
    project: PublishedProject, activity: View, cluster_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generations, "GRACE_US", 0)
    client = connect(cluster_url, 10)
    pusher = Pusher(project, client)  # type: ignore[arg-type]
    project.build(activity, minute(1), {key: (key, "a") for key in range(300)})
    assert pusher.push_one().rows == 300
    project.build(activity, minute(2), {key: (key + key % 2, "a") for key in range(10, 310)})
    outcome = pusher.push_one()
    assert (outcome.mode, outcome.rows, outcome.tombstones) == ("incremental", 155, 10)
    assert pusher.push_one(full=True).generation == 2
    pusher.push()

    reader = pusher.reader(minute(3))
    served = [reader.get_view("customer_activity", 1, customer_id=key) for key in (9, 10, 11, 309)]
    assert [one["payments"].value for one in served] == [0, 10, 12, 310]
    assert [one["payments"].generation for one in served] == [2] * 4
    rows = list(
        client.scan_iter(match=f"{pusher.keys.view('customer_activity', 1)}*{{*", count=1000)
    )
    assert len(rows) == 300
    assert land_push_log(client, pusher.keys, project.root / "landing").landed == 3
    client.close()
