"""Redis comes back with less than was pushed: empty, or from an older dump."""

import shutil
from pathlib import Path

from judge import has_value, is_answered
from redis_server import RedisServer
from scene import Scene, points


def test_redis_restarted_empty(scene: Scene, own_redis: RedisServer) -> None:
    scene.story.run()
    scene.push()
    with scene.watched():
        for _ in points(1):
            with scene.fault():
                own_redis.stop()
                scene.timeline.turn()
                own_redis.start()
                scene.everybody(lambda seen: not is_answered(seen))
                if scene.random.random() < 0.5:
                    scene.story.run()
                scene.push()
            scene.equals_history()
            scene.everybody(has_value)
    scene.leaves_nothing_behind()


def test_redis_restored_from_an_older_dump(scene: Scene, own_redis: RedisServer) -> None:
    """What is served then is older, and says so."""
    scene.story.run()
    scene.push()
    with scene.watched():
        for _ in points(1):
            dump(own_redis)
            for _ in range(scene.random.randrange(1, 4)):
                scene.story.run()
                scene.push(*scene.random.choice([[], [], ["--full"]]))
            scene.everybody(has_value)
            with scene.fault():
                own_redis.stop()
                scene.timeline.turn()
                restore(own_redis)
            scene.everybody(has_value)
            if scene.random.random() < 0.5:
                scene.story.run()
            scene.push()
            scene.equals_history()
    scene.leaves_nothing_behind()


def test_redis_restored_during_a_push(scene: Scene, own_redis: RedisServer) -> None:
    """The push began on what is lost; it is refused, or what it wrote is right."""
    scene.story.run()
    size = scene.push_struck(own_redis, 10**12)[1].sent
    with scene.watched():
        for _ in points(1):
            dump(own_redis)
            scene.story.run()
            scene.push()
            scene.story.run()

            def strike(_process: object) -> None:
                own_redis.stop()
                scene.timeline.turn()
                restore(own_redis)

            with scene.fault():
                at = scene.random.randrange(1, size // 2)
                ended, _ = scene.push_struck(own_redis, at, strike=strike)
            assert ended.code == 0 or ended.is_refused, ended
            scene.everybody(has_value)
            scene.push()
            scene.equals_history()
    scene.leaves_nothing_behind()


def dump(server: RedisServer) -> None:
    """Save what it holds now, and set that aside."""
    with server.client() as client:
        client.save()
    shutil.copy(folder(server) / "dump.rdb", folder(server) / "older.rdb")


def restore(server: RedisServer) -> None:
    """Start with what was set aside."""
    shutil.copy(folder(server) / "older.rdb", folder(server) / "dump.rdb")
    server.start_from_dump()


def folder(server: RedisServer) -> Path:
    return server.socket.parent
