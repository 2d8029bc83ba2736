"""A Cluster of three masters with replicas: failovers and slots that move, in pushes and reads."""

from collections.abc import Callable, Iterator
from threading import Event, Thread

import pytest
from judge import has_value
from loaded_push import Ended
from redis_cluster import SLOTS, Cluster, Node, cluster
from scene import NewScene, Scene, points

from provender.keys import KeySpace

ALL_SHARDS = 60  # reads of random keys, by when each shard was asked

pytestmark = pytest.mark.xdist_group("cluster")


@pytest.fixture(scope="module")
def made() -> Iterator[Cluster]:
    with cluster() as made:
        yield made


@pytest.fixture
def whole(made: Cluster) -> Cluster:
    """The cluster, empty."""
    for node in made.nodes:
        if not node.is_running:
            node.start()
    made.wait_until_whole()
    for master in made.masters():
        master.ask("FLUSHALL")
    return made


@pytest.fixture
def spread(new_scene: NewScene, whole: Cluster) -> Scene:
    """A story on the cluster, its first run pushed."""
    scene = new_scene(whole.url())
    scene.story.run()
    scene.push()
    return scene


def test_a_replica_takes_over_in_step(spread: Scene, whole: Cluster) -> None:
    def fail_over() -> None:
        whole.fail_over(spread.random.choice(whole.masters()))

    strike_pushes(spread, whole, fail_over)


def test_a_master_is_killed(spread: Scene, whole: Cluster) -> None:
    def kill() -> None:
        killed.append(spread.random.choice(whole.masters()))
        whole.kill(killed[-1])

    killed: list[Node] = []
    strike_pushes(spread, whole, kill, lambda: killed.pop().start())


def test_slots_move(spread: Scene, whole: Cluster) -> None:
    """Among them the registry's."""
    registry = whole.nodes[0].ask("CLUSTER KEYSLOT", KeySpace(spread.story.namespace).registry)

    def move() -> None:
        for slot in (registry, *(spread.random.randrange(SLOTS) for _ in range(20))):
            others = [node for node in whole.masters() if node is not whole.owner_of(slot)]
            whole.move(slot, spread.random.choice(others))

    strike_pushes(spread, whole, move)


def strike_pushes(
    scene: Scene, whole: Cluster, strike: Callable[[], object], mend: Callable[[], object] = int
) -> None:
    """Strike at a random moment of a push and of the reads around it."""
    with scene.watched():
        for _ in points(2):
            scene.story.run()
            options = scene.random.choice([[], ["--full"]])
            with scene.fault(ALL_SHARDS):
                ended = struck(scene, strike, *options)
            assert ended.code == 0 or ended.is_refused, ended
            scene.everybody(has_value)
            scene.url = whole.url()
            scene.push()
            scene.equals_history()
            mend()
            whole.wait_until_whole()
    scene.leaves_nothing_behind()


def struck(scene: Scene, strike: Callable[[], object], *options: str) -> Ended:
    """Push, and strike meanwhile."""
    failed: list[BaseException] = []

    def strike_soon() -> None:
        Event().wait(scene.random.random() * 0.4)  # a push of this size lasts about as long
        try:
            strike()
        except BaseException as error:
            failed.append(error)

    thread = Thread(target=strike_soon)
    began = scene.start(*options)
    thread.start()
    ended = scene.finish(*began)
    thread.join()
    if failed:
        raise failed[0]
    return ended


@pytest.mark.parametrize("holds_registry", [False, True], ids=["of rows", "of the registry"])
def test_a_replica_that_is_behind_takes_over(
    spread: Scene, whole: Cluster, holds_registry: bool
) -> None:
    """What the killed master alone had is lost; it is not served as if it were there.

    The replica was connected, so the push could know that it was behind. What a push cannot know
    of, and a reader neither: a master without a connected replica is lost after the push.
    """
    registry = whole.nodes[0].ask("CLUSTER KEYSLOT", KeySpace(spread.story.namespace).registry)
    for _ in points(1):
        owner = whole.owner_of(registry)
        others = [node for node in whole.masters() if node is not owner]
        master = owner if holds_registry else spread.random.choice(others)
        spread.url = whole.url(beside=master)
        with spread.watched():
            with spread.fault(ALL_SHARDS):
                lose_a_push(spread, whole, master)
            spread.after_the_bound()
            spread.push()
            spread.equals_history()
        master.start()
        whole.wait_until_whole()
    spread.leaves_nothing_behind()


def lose_a_push(scene: Scene, whole: Cluster, master: Node) -> None:
    """Push while the replica sleeps; kill both, and let the replica take over as it was."""
    replica = whole.replica_of(master)
    with replica.stalled():
        scene.story.run(share=0.6)
        ended = scene.try_push()
        assert ended.code == 0 or ended.is_refused, ended
        scene.timeline.turn()
        replica.stop()
        master.stop()
    replica.start()
    whole.take_over(replica)
