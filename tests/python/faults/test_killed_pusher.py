"""SIGKILL of the pusher anywhere, while readers read: nothing wrong is served, the next completes.

`ops/test_push_killed.py` kills at chosen points and compares Redis byte by byte.
"""

import signal

from judge import has_value
from redis_server import RedisServer
from scene import Scene, points

NEVER = 10**12


def test_a_push_killed_at_random_points(scene: Scene, own_redis: RedisServer) -> None:
    scene.story.run()
    sizes = {"first": scene.push_struck(own_redis, NEVER)[1].sent}
    scene.story.run()
    sizes["incremental"] = scene.push_struck(own_redis, NEVER)[1].sent
    killed = 0
    with scene.watched():
        for _ in points(2):
            killed += kill_one(scene, own_redis, sizes)
            if scene.random.random() < 0.3:
                killed += kill_one(scene, own_redis, sizes)
            if scene.random.random() < 0.3:
                scene.story.run()
            scene.push()
            scene.equals_history()
            scene.everybody(has_value)
    assert killed > 0
    scene.leaves_nothing_behind()


def kill_one(scene: Scene, server: RedisServer, sizes: dict[str, int]) -> bool:
    """Push a run and kill the push; return whether that was before its end."""
    scene.story.run()
    options = ["--full"] if scene.random.random() < 0.4 else []
    size = sizes["first" if options else "incremental"]
    ended, proxy = scene.push_struck(server, scene.random.randrange(1, size), *options)
    assert ended.code == (-signal.SIGKILL if proxy.killed else 0), ended.output
    scene.everybody(has_value)
    return proxy.killed


def test_the_first_push_killed_at_random_points(scene: Scene, own_redis: RedisServer) -> None:
    """There is nothing to read before it is over, and then all of it."""
    scene.story.run()
    size = scene.push_struck(own_redis, NEVER)[1].sent
    for _ in points(1):
        with own_redis.client() as client:
            client.flushall()
        at = scene.random.randrange(1, size)
        assert scene.push_struck(own_redis, at)[0].code == -signal.SIGKILL
        scene.push()
        scene.equals_history()
    scene.leaves_nothing_behind()
