"""Redis has no memory left in the middle of a push: a sentence, and the old values are served."""

from judge import has_value
from redis_server import RedisServer
from scene import Scene, points

NEVER = 10**12


def test_memory_runs_out_during_a_push(scene: Scene, own_redis: RedisServer) -> None:
    """No read fails meanwhile: that it cannot be written to is no outage."""
    scene.story.run()
    size = scene.push_struck(own_redis, NEVER)[1].sent
    refused = 0
    with own_redis.client() as client, scene.watched():
        for _ in points(3):
            scene.story.run()
            options = ["--full"] if scene.random.random() < 0.5 else []
            at = scene.random.randrange(1, size if options else size // 2)
            ended, proxy = scene.push_struck(
                own_redis,
                at,
                *options,
                strike=lambda _: client.config_set("maxmemory", "1mb"),
                goes_on=True,
            )
            if proxy.killed and ended.code:
                refused += 1
                assert ended.is_refused, ended
                assert "memory" in ended.output
            scene.everybody(has_value)
            client.config_set("maxmemory", 0)
            scene.push()
            scene.equals_history()
    assert refused > 0
    scene.leaves_nothing_behind()


def test_there_is_room_for_one_generation_and_not_for_two(
    scene: Scene, own_redis: RedisServer
) -> None:
    """As in production: a limit that was always there, met by the first replay."""
    scene.story.run()
    scene.push()
    with own_redis.client() as client, scene.watched():
        used = int(client.info("memory")["used_memory"])
        for _ in points(1):
            scene.story.run()
            client.config_set("maxmemory", used + scene.random.randrange(used // 20))
            ended = scene.try_push("--full")
            assert ended.is_refused
            assert "memory" in ended.output
            scene.everybody(has_value)
            client.config_set("maxmemory", 0)
            scene.push()
            scene.equals_history()
    scene.leaves_nothing_behind()
