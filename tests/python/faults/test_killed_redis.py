"""SIGKILL of Redis in the middle of pushes and reads; with its log it comes back whole."""

from collections.abc import Iterator

import pytest
from judge import has_value, is_answered
from redis_server import RedisServer
from scene import NewScene, Scene, points

NEVER = 10**12


@pytest.fixture
def kept_redis() -> Iterator[RedisServer]:
    """A server that keeps all it acknowledged."""
    server = RedisServer("--appendonly", "yes")
    yield server
    server.remove()


@pytest.fixture
def kept(new_scene: NewScene, kept_redis: RedisServer) -> Scene:
    return new_scene(kept_redis.url)


def test_redis_killed_in_the_middle_of_a_push(kept: Scene, kept_redis: RedisServer) -> None:
    kept.story.run()
    size = kept.push_struck(kept_redis, NEVER)[1].sent
    with kept.watched():
        for _ in points(2):
            kept.story.run()
            options = ["--full"] if kept.random.random() < 0.4 else []
            at = kept.random.randrange(1, size if options else size // 2)
            with kept.fault():
                ended, proxy = kept.push_struck(
                    kept_redis, at, *options, strike=lambda _: kept_redis.stop()
                )
                if proxy.killed:
                    kept.everybody(lambda seen: not is_answered(seen))
                    kept_redis.start()
            assert ended.is_refused if proxy.killed else ended.code == 0, ended
            kept.push()
            kept.equals_history()
            kept.everybody(has_value)
    kept.leaves_nothing_behind()


def test_redis_killed_in_the_middle_of_reads(kept: Scene, kept_redis: RedisServer) -> None:
    kept.story.run()
    kept.push()
    with kept.watched():
        for _ in points(1):
            with kept.fault():
                kept_redis.stop()
                kept_redis.start()
    assert kept.push().code == 0
    kept.equals_history()
