"""Readers that read random keys all the time, and keep what they were served."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from random import Random

from judge import Seen
from story import SERVICE, Story

from provender import AsyncFeatureReader, FeatureReader, ServedFeatures

PACE = 0.01  # seconds between two reads of one watcher, so that the pushes get on too
PATIENCE = 90.0  # seconds; a fault that is not over by then is not over
TIMEOUT = 10.0  # of a read, unless the test is about that: this machine may be slow

Read = Callable[[list[int]], Sequence[ServedFeatures]]


@dataclass(frozen=True)
class Place:
    """Where the watchers read."""

    story: Story
    url: str
    timeout: float = TIMEOUT
    namespace: str | None = None

    def opening(self) -> dict[str, object]:
        namespace = self.namespace or self.story.namespace
        return {"namespace": namespace, "clock": self.story.clock, "timeout": self.timeout}


@contextmanager
def reads_one(place: Place) -> Iterator[Read]:
    with FeatureReader.from_url(place.url, **place.opening()) as reader:  # type: ignore[arg-type]
        yield lambda keys: [reader.get(SERVICE, customer_id=key) for key in keys]


@contextmanager
def reads_many(place: Place) -> Iterator[Read]:
    with FeatureReader.from_url(place.url, **place.opening()) as reader:  # type: ignore[arg-type]
        yield lambda keys: reader.get_many(SERVICE, [{"customer_id": key} for key in keys])


@contextmanager
def reads_async(place: Place) -> Iterator[Read]:
    """Several tasks of one loop, at once."""
    with asyncio.Runner() as runner:
        reader = AsyncFeatureReader.from_url(place.url, **place.opening())  # type: ignore[arg-type]

        async def get_all(keys: list[int]) -> list[ServedFeatures]:
            got = [reader.get(SERVICE, customer_id=key) for key in keys]
            return await asyncio.gather(*got)

        yield lambda keys: runner.run(get_all(keys))
        runner.run(reader.close())


KINDS: dict[str, tuple[Callable[[Place], AbstractContextManager[Read]], int]] = {
    "get": (reads_one, 1),
    "get_many": (reads_many, 5),
    "async get": (reads_async, 3),
}


class Watcher:
    """One reader in a thread of its own."""

    def __init__(self, who: str, place: Place, seed: int) -> None:
        self.who, self._place, self._random = who, place, Random(seed)
        self._open, self._width = KINDS[who]
        self._seen: list[Seen] = []
        self._more = threading.Condition()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=who, daemon=True)
        self._died: BaseException | None = None
        self._thread.start()

    def stop(self) -> None:
        """End it; raise what ended it before."""
        self._stop.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), f"{self.who} hangs"
        if self._died:
            raise self._died

    def take(self) -> list[Seen]:
        """Return what was seen since it was last taken."""
        with self._more:
            taken, self._seen = self._seen, []
        return taken

    def wait_for(self, what: Callable[[Seen], bool], times: int = 1) -> None:
        """Return when as many reads that begin from now on were like that."""
        now, found = self._place.story.clock(), 0
        with self._more:
            at = len(self._seen)

            def is_there() -> bool:
                nonlocal at, found
                fresh, at = self._seen[at:], len(self._seen)
                found += sum(what(seen) for seen in fresh if seen.before >= now)
                return self._died is not None or found >= times

            assert self._more.wait_for(is_there, PATIENCE), (
                f"{self.who} is not served any more, at last {self._seen[-1:]}"
            )

    def _watch(self) -> None:
        try:
            with self._open(self._place) as read:
                while not self._stop.wait(PACE):
                    self._look(read)
        except BaseException as error:
            with self._more:
                self._died = error
                self._more.notify_all()

    def _look(self, read: Read) -> None:
        clock, keys = self._place.story.clock, self._keys()
        before = clock()
        try:
            answers: Sequence[ServedFeatures | Exception] = read(keys)
        except Exception as error:
            answers = [error] * len(keys)
        after = clock()
        with self._more:
            for key, answer in zip(keys, answers, strict=True):
                self._seen.append(Seen(self.who, key, before, after, answer))
            self._more.notify_all()

    def _keys(self) -> list[int]:
        """Return keys, of which some never were."""
        highest = len(self._place.story.keys) * 21 // 20
        return [self._random.randrange(highest) for _ in range(self._width)]
