"""A replay: readers go from one generation to the next without a mix and without a gap."""

from judge import has_value
from scene import Scene, points


def test_replays_under_readers(scene: Scene) -> None:
    scene.story.run()
    scene.push()
    with scene.watched():
        for _ in points(1):
            scene.push("--full")
            scene.story.run()
            scene.push("--full")
            scene.equals_history()
            scene.everybody(has_value)
    scene.leaves_nothing_behind()


def test_rollbacks_under_readers(scene: Scene) -> None:
    """History goes back to a backup, and on from there; what was online ahead of it goes."""
    first = scene.story.run()
    scene.push()
    with scene.watched():
        for _ in points(2):
            for _ in range(scene.random.randrange(1, 3)):
                scene.story.run()
                scene.push()
            scene.everybody(has_value)
            scene.timeline.turn()
            scene.story.roll_back(first)
            if scene.random.random() < 0.5:
                scene.story.run()
            scene.push()
            scene.equals_history()
            scene.everybody(has_value)
    scene.leaves_nothing_behind()


def test_the_bound_of_a_cached_registry(scene: Scene) -> None:
    """A second after a push, all readers have it: the judge knows no other bound."""
    scene.story.run()
    scene.push()
    with scene.watched():
        for _ in points(1):
            scene.story.run()
            scene.push()
            scene.after_the_bound()
