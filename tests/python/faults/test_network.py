"""A network that stalls, in both directions and in one, and one that drops connections."""

from collections.abc import Iterator

import pytest
from judge import has_value, is_answered
from redis_server import RedisServer
from relay import REPLIES, REQUESTS, Relay
from scene import Scene, points

STALLS = {"both": (REQUESTS, REPLIES), "requests": (REQUESTS,), "replies": (REPLIES,)}


@pytest.fixture
def relay(own_redis: RedisServer) -> Iterator[Relay]:
    with Relay(own_redis.socket) as relay:
        yield relay


def test_readers_through_a_network_that_stalls(scene: Scene, relay: Relay) -> None:
    """Each read is unavailable after its timeout; no late reply is taken for another's."""
    scene.story.run()
    scene.push()
    # A second: readers, relay and judge share one interpreter, and a pause is not a fault.
    with scene.watched(url_of(relay), timeout=1.0):
        for _ in points(1):
            for directions in STALLS.values():
                with scene.fault():
                    relay.stall(*directions)
                    scene.everybody(lambda seen: not is_answered(seen))
                    scene.story.run()
                    scene.push()
                    relay.flow()
                scene.everybody(has_value)
    scene.equals_history()


def test_a_push_through_a_network_that_stalls(scene: Scene, relay: Relay) -> None:
    """It waits; nothing is lost, and nothing is written twice to harm."""
    scene.story.run()
    scene.try_push(url=url_of(relay))
    size = relay.sent
    with scene.watched():
        for _ in points(1):
            for directions in STALLS.values():
                scene.story.run()
                at = scene.random.randrange(1, size // 2)
                relay.when_sent(at, lambda way=directions: relay.stalling(0.5, *way))
                ended = scene.try_push(url=url_of(relay))
                assert ended.code == 0, ended
                scene.equals_history()
                scene.everybody(has_value)
    scene.leaves_nothing_behind()


def test_a_push_whose_connection_is_dropped(scene: Scene, relay: Relay) -> None:
    """It does not know which of its commands were carried out; it goes on, or says so."""
    scene.story.run()
    scene.try_push(url=url_of(relay))
    size = relay.sent
    with scene.watched():
        for _ in points(2):
            scene.story.run()
            options = scene.random.choice([[], ["--full"]])
            at = scene.random.randrange(1, size if options else size // 2)
            relay.when_sent(at, relay.cutting)
            ended = scene.try_push(*options, url=url_of(relay))
            assert ended.code == 0 or ended.is_refused, ended
            scene.everybody(has_value)
            scene.push()
            scene.equals_history()
    scene.leaves_nothing_behind()


def url_of(relay: Relay) -> str:
    return f"redis://127.0.0.1:{relay.port}"
