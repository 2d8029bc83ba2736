"""The judge of the other tests: it passes what a push wrote, and sees whatever is changed in it."""

import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import cast

import pytest
from judge import Judge, Seen
from loaded_push import LoadedPush
from pushing import Pusher
from redis_server import RedisServer
from scene import Scene
from story import SERVICE, STEP
from timeline import BOUND

from provender import FeatureReader, ServedFeatures
from provender.encoding import encode_tombstone
from provender.errors import CorruptValue, UnknownService
from provender.features import Kept
from provender.instants import to_us
from provender.registry import VERSION_FIELD
from provender.served_record import DECIDES

GENERATION = 2


class Exhibit:
    """Two runs pushed, the second into a generation of its own; and a key of each fate."""

    def __init__(self, scene: Scene, server: RedisServer) -> None:
        self.scene, self.story, self.server = scene, scene.story, server
        self.first = self.story.run()
        scene.push()
        self.client = server.client()
        self.old_reader = self.reader(self.story.clock, lambda: 0.0)
        self.second = self.story.run()
        self.look(0, self.old_reader)  # its registry stays this one
        scene.push("--full")
        self.keys = Pusher(self.story, self.client).keys
        before = self.story.activity.states[self.first]
        after = self.story.activity.states[self.second]
        self.changed = next(k for (k,), row in after.items() if before.get((k,), row) != row)
        self.same = next(k for (k,), row in after.items() if before.get((k,)) == row)
        self.gone = next(k for (k,) in before if (k,) not in after)
        self._rows = Pusher(self.story, self.client).everything()
        self._timeline = deepcopy(scene.timeline.epochs)

    def restore(self) -> None:
        if not self.server.is_running:
            self.server.start()
        self.client.flushall()
        for key, value in self._rows.items():
            self.client.restore(key, 0, cast("bytes", value))
        if self.story.last_run != self.second:
            self.story.roll_back(self.second)
        self.scene.timeline.epochs = deepcopy(self._timeline)
        self.scene.timeline.faults = []

    def row(self, key: int, generation: int = GENERATION) -> bytes:
        return cast("bytes", self.client.get(self.name(key, generation)))

    def name(self, key: int, generation: int = GENERATION) -> str:
        return self.keys.row("activity", 1, generation, str(key))

    def put(self, key: int, row: bytes, as_of: datetime | None = None) -> None:
        if as_of is not None:
            row = row[:1] + encode_tombstone(to_us(as_of))[1:9] + row[9:]
        self.client.set(self.name(key), row)

    def look(self, key: int, reader: FeatureReader | None = None) -> Seen:
        """Read it, with a reader of its own unless one is given."""
        chosen = reader or self.reader(self.story.clock)
        before = self.story.clock()
        served = chosen.get(SERVICE, customer_id=key)
        return Seen("test", key, before, self.story.clock(), served)

    def reader(
        self, clock: Callable[[], datetime], monotonic: Callable[[], float] = time.monotonic
    ) -> FeatureReader:
        namespace = self.story.namespace
        return FeatureReader(self.client, namespace=namespace, clock=clock, monotonic=monotonic)

    def complaints(self, seen: Seen) -> list[str]:
        return Judge(self.story, self.scene.timeline).complaints(seen)


@pytest.fixture(scope="module")
def first_exhibit(
    loaded_push: LoadedPush, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Exhibit]:
    server = RedisServer()
    folder = tmp_path_factory.mktemp("judge")
    yield Exhibit(Scene(loaded_push, folder, server.url, Random(1), keys=100), server)
    server.remove()


@pytest.fixture
def exhibit(first_exhibit: Exhibit) -> Exhibit:
    """The exhibit as it was, whatever another test did to it."""
    first_exhibit.restore()
    return first_exhibit


def test_what_was_pushed_is_right(exhibit: Exhibit) -> None:
    for key in range(len(exhibit.story.keys) + 1):
        assert exhibit.complaints(exhibit.look(key)) == []


def a_wrong_value(it: Exhibit) -> int:
    row = it.row(it.changed)
    it.put(it.changed, row[:-1] + bytes([row[-1] ^ 1]))
    return it.changed


def a_row_of_another_key(it: Exhibit) -> int:
    it.put(it.changed, it.row(it.same))
    return it.changed


def a_row_of_an_older_generation(it: Exhibit) -> int:
    it.put(it.changed, it.row(it.changed, GENERATION - 1))
    return it.changed


def a_younger_as_of(it: Exhibit) -> int:
    it.put(it.same, it.row(it.same), it.second + STEP)
    return it.same


def a_younger_as_of_of_a_run_that_is_not_pushed(it: Exhibit) -> int:
    it.put(it.same, it.row(it.same), it.story.run(share=0))
    return it.same


def a_deleted_row(it: Exhibit) -> int:
    it.client.delete(it.name(it.changed))
    return it.changed


def a_buried_row(it: Exhibit) -> int:
    it.put(it.changed, encode_tombstone(to_us(it.second)))
    return it.changed


def a_row_that_lived_on(it: Exhibit) -> int:
    it.put(it.gone, it.row(it.gone, GENERATION - 1))
    return it.gone


def a_watermark_that_went_ahead(it: Exhibit) -> int:
    field = "view:activity@1"
    record = cast("bytes", it.client.hget(it.keys.registry, field))
    it.scene.story.run(share=1)
    it.scene.timeline.begin()
    now, then = to_us(it.story.last_run), to_us(it.second)
    it.client.hset(it.keys.registry, field, record.replace(str(then).encode(), str(now).encode()))
    return it.changed


@pytest.mark.parametrize(
    ("tamper", "complaint"),
    [
        (a_wrong_value, "should be"),
        (a_row_of_another_key, "should be"),
        (a_row_of_an_older_generation, "should be"),
        (a_younger_as_of, "of no run"),
        (a_younger_as_of_of_a_run_that_is_not_pushed, "no push of that run"),
        (a_deleted_row, "history has"),
        (a_buried_row, "history has"),
        (a_row_that_lived_on, "history has None"),
        (a_watermark_that_went_ahead, "should be"),
    ],
)
def test_a_row_that_was_tampered_with_is_wrong(
    exhibit: Exhibit, tamper: Callable[[Exhibit], int], complaint: str
) -> None:
    found = exhibit.complaints(exhibit.look(tamper(exhibit)))
    assert all(each.startswith("test read key") for each in found)
    assert any(complaint in each for each in found), found


def test_a_row_made_of_two_is_wrong(exhibit: Exhibit) -> None:
    """Of two generations, in the same view; each part alone was right."""
    first = exhibit.look(exhibit.changed, exhibit.old_reader)
    last = exhibit.look(exhibit.changed)
    assert exhibit.complaints(last) == []
    assert all("longer than a registry" in each for each in exhibit.complaints(first))
    old, new = served_of(first).values(), served_of(last).values()
    answer = Kept({}, served_of(last).plain, (*new[:2], *old[2:4], *new[4:]), DECIDES)
    mixed = ServedFeatures(SERVICE, served_of(last).read_at, list(served_of(last)), answer)
    (complaint,) = exhibit.complaints(replace(last, served=mixed))
    assert "different rows" in complaint


def served_of(seen: Seen) -> ServedFeatures:
    assert isinstance(seen.served, ServedFeatures)
    return seen.served


def test_an_age_that_is_too_small_is_wrong(exhibit: Exhibit) -> None:
    slow = exhibit.reader(lambda: exhibit.story.clock() - timedelta(seconds=1))
    (complaint, _) = exhibit.complaints(exhibit.look(exhibit.changed, slow))
    assert "its age was from" in complaint


def test_a_value_older_than_the_bound_is_wrong(exhibit: Exhibit) -> None:
    """A reader whose registry never ages, in a store whose registry tells no version."""
    exhibit.client.hdel(exhibit.keys.registry, VERSION_FIELD)
    cached = exhibit.reader(exhibit.story.clock, lambda: 0.0)
    exhibit.look(exhibit.same, cached)
    exhibit.story.run(share=0)
    exhibit.scene.push()
    assert exhibit.complaints(exhibit.look(exhibit.same, cached)) == []
    exhibit.story.let_pass(BOUND)
    (complaint, _) = exhibit.complaints(exhibit.look(exhibit.same, cached))
    assert "longer than a registry is cached" in complaint


def test_an_outage_is_right_while_a_fault_lasts_and_wrong_after_it(exhibit: Exhibit) -> None:
    reader = exhibit.reader(exhibit.story.clock)
    exhibit.look(exhibit.same, reader)
    exhibit.server.stop()
    unavailable = exhibit.look(exhibit.same, reader)
    assert "Redis was there" in exhibit.complaints(unavailable)[0]
    exhibit.scene.timeline.fault()
    assert exhibit.complaints(exhibit.look(exhibit.same, reader)) == []
    exhibit.scene.timeline.over()
    assert exhibit.complaints(exhibit.look(exhibit.same, reader))


@pytest.mark.parametrize("error", [KeyError("x"), UnknownService("x"), CorruptValue("x")])
def test_an_error_that_is_no_outage_is_never_right(exhibit: Exhibit, error: Exception) -> None:
    exhibit.scene.timeline.fault()
    seen = replace(exhibit.look(exhibit.same), served=error)
    assert type(error).__name__ in exhibit.complaints(seen)[0]
