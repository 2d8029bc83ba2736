"""Two pushers of the same views: the older never overwrites the newer.

Which of the two goes through is not promised: the other may find its work done, or be refused.
"""

import signal

import pytest
from judge import has_value
from loaded_push import PushProcess
from redis_server import RedisServer
from scene import Scene, points

NEVER = 10**12


def test_two_pushers_at_once(scene: Scene) -> None:
    scene.story.run()
    scene.push()
    with scene.watched():
        for _ in points(2):
            scene.story.run()
            options = [scene.random.choice([[], ["--full"]]) for _ in range(2)]
            began = [scene.start(*each) for each in options]
            ended = [scene.finish(*each) for each in began]
            assert all(each.code == 0 or each.is_refused for each in ended), ended
            if all(each.code for each in ended):
                scene.push()  # each had a part of the views
            scene.equals_history()
            scene.everybody(has_value)
    scene.leaves_nothing_behind()


@pytest.mark.parametrize("older", [[], ["--full"]], ids=["incremental", "full"])
def test_a_slow_pusher_wakes_after_a_newer_run_was_pushed(
    scene: Scene, own_redis: RedisServer, older: list[str]
) -> None:
    scene.story.run()
    size = scene.push_struck(own_redis, NEVER)[1].sent
    with scene.watched():
        for _ in points(2):
            scene.story.run()
            at = scene.random.randrange(1, size if older else size // 2)
            scene.push_struck(
                own_redis, at, *older, strike=lambda slow: overtake(scene, slow), goes_on=True
            )
            scene.after_the_bound()  # nobody may be served the older any more
            scene.push()
            scene.equals_history()
    scene.leaves_nothing_behind()


def overtake(scene: Scene, slow: PushProcess) -> None:
    """Push a newer run while the slow one sleeps, and wake it."""
    slow.send(signal.SIGSTOP)
    try:
        scene.story.run()
        ended = scene.try_push()
        assert ended.code == 0 or ended.is_refused, ended
    finally:
        slow.send(signal.SIGCONT)


def test_a_slow_pusher_wakes_after_its_generation_was_deleted(
    scene: Scene, own_redis: RedisServer
) -> None:
    """What it still writes there is read by nobody, and does not stay."""
    scene.story.run()
    size = scene.push_struck(own_redis, NEVER)[1].sent
    for _ in points(1):
        scene.story.run()
        at = scene.random.randrange(1, size // 2)
        scene.push_struck(own_redis, at, strike=lambda slow: replace(scene, slow), goes_on=True)
        scene.push()
        scene.equals_history()
        scene.leaves_nothing_behind()


def replace(scene: Scene, slow: PushProcess) -> None:
    """Push into a new generation while the slow one sleeps, delete the old one, and wake it."""
    slow.send(signal.SIGSTOP)
    try:
        scene.story.run()
        scene.try_push("--full")
        scene.reclaim()
    finally:
        slow.send(signal.SIGCONT)
