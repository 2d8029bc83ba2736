"""SIGKILL of the lander, and of Redis under it, anywhere: each decision lands once, none is lost.

Landing, compaction and retention are killed alike, and the ledger vouches for what is there.
"""

import random
import signal
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from decision_records import KEYS, WRITER, a_record, log
from loaded_lander import Ended, Landing, LoadedLander
from pushing import LOG_KEY
from redis_server import RedisServer
from scene import points, seeded

from provender_ops.decisions.head import stored_head
from provender_ops.decisions.verify import verify

KEPT_DAYS = 3
FIRST = datetime(2026, 3, 1)


@pytest.fixture(scope="module")
def loaded() -> Iterator[LoadedLander]:
    loaded = LoadedLander()
    yield loaded
    loaded.remove()


@pytest.fixture
def durable_redis() -> Iterator[RedisServer]:
    """A server that has on disk what it has acknowledged."""
    server = RedisServer("--appendonly", "yes", "--appendfsync", "always")
    yield server
    server.remove()


class World:
    """Decisions that are made while days go by, landed by landers that are struck."""

    def __init__(
        self, loaded: LoadedLander, server: RedisServer, folder: Path, some: random.Random
    ) -> None:
        self.loaded, self.server, self.folder, self.random = loaded, server, folder, some
        self.now = FIRST
        self.made: dict[int, datetime] = {}
        self.landed: dict[int, datetime] = {}  # by the next landing that is not struck

    def decide(self) -> None:
        """Some time passes; decisions of it are logged, a few of them of the day before."""
        self.now += timedelta(hours=self.random.randrange(1, 11))
        last = len(self.made)
        numbers = range(last + 1, last + self.random.randrange(30, 90))
        late = timedelta(days=1)
        for number in numbers:
            at = self.now - timedelta(minutes=number % 60)
            self.made[number] = at - late if self.random.random() < 0.1 else at
            self.landed[number] = self.now
        with self.server.client() as client:
            log(client, [a_record(number, self.made[number]) for number in numbers])

    def land(self, step: int | None = None, victim: int = 0) -> Ended:
        now = self.now.isoformat()
        url, folder = self.server.url, str(self.folder)
        return self.loaded.land(Landing(url, folder, now, KEPT_DAYS, step, victim))

    def is_right(self) -> None:
        """After a landing that was not struck."""
        kept = (self.now - timedelta(days=KEPT_DAYS)).date()
        with self.server.client() as client:
            assert client.xlen(KEYS.decisions) == 0
            assert client.hget(KEYS.landed, WRITER) == b"%d" % len(self.made)
            found = verify(self.folder, LOG_KEY, stored_head(client, KEYS), [])
        assert (found.findings, found.notes) == ([], [])
        files = f"{self.folder}/decision_log/**/*.parquet"
        rows = duckdb.sql(
            "select number, min(decided_at)"
            f" from read_parquet('{files}', hive_partitioning = false) group by decision_id, number"
        ).fetchall()
        last = {at.date(): self.landed[n] for n, at in self.made.items()}  # of that day
        sure = {n for n in self.made if self.landed[n].date() >= kept}
        some = {n for n, at in self.made.items() if last[at.date()].date() >= kept}
        assert sure <= {number for number, _ in rows} <= some
        assert all(self.made[number] == at for number, at in rows)
        assert len(rows) == len({number for number, _ in rows})
        assert list(self.folder.rglob("*.tmp")) == []


@pytest.fixture
def world(
    loaded: LoadedLander, durable_redis: RedisServer, tmp_path: Path, request: pytest.FixtureRequest
) -> World:
    return World(loaded, durable_redis, tmp_path / "landing", seeded(request.node.name))


def test_a_lander_killed_at_random_points(world: World) -> None:
    killed = 0
    steps = 40
    for _ in points(2):
        world.decide()
        while world.random.random() < 0.8:
            ended = world.land(world.random.randrange(steps))
            assert ended.code in (0, -signal.SIGKILL)
            killed += ended.code != 0
        ended = world.land()
        assert ended.code == 0
        steps = ended.steps + 10
        world.is_right()
    assert killed > 0


def test_redis_killed_under_the_lander_at_random_points(world: World) -> None:
    killed = 0
    steps = 40
    for _ in points(2):
        world.decide()
        ended = world.land(world.random.randrange(steps), world.server.pid)
        assert ended.code in (0, 2)
        killed += ended.code != 0
        world.server.stop()
        world.server.start()
        ended = world.land()
        assert ended.code == 0
        steps = ended.steps + 4
        world.is_right()
    assert killed > 0
