"""A story, pushed by real commands and watched by readers; and what must be true at the end."""

import contextlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, Protocol, cast
from unittest import mock

from judge import Judge, Seen, has_value, is_answered
from killing_proxy import KillingProxy
from loaded_push import Ended, LoadedPush, PushProcess
from published_catalog import View
from pushing import Pusher
from redis_server import RedisServer
from story import SERVICE, Story
from timeline import BOUND, Push, Timeline
from watchers import KINDS, Place, Watcher

from provender import FeatureReader, Status
from provender.connection import connect
from provender.keys import KeySpace
from provender_ops import generations

POINTS = int(os.environ.get("PROVENDER_FAULTS", "0"))
SEED = int(os.environ.get("PROVENDER_FAULTS_SEED", str(Random().randrange(10**6) if POINTS else 1)))
KEYS = 3000 if POINTS else 400


def points(few: int) -> range:
    """The rounds of a test: a few in `make test`, PROVENDER_FAULTS of them in `make torture`."""
    return range(POINTS or few)


def seeded(name: str) -> Random:
    """Return the random points of a test, and print what makes them come again."""
    print(f"PROVENDER_FAULTS={POINTS} PROVENDER_FAULTS_SEED={SEED}  # {name}")
    return Random(f"{SEED} {name}")


class NewScene(Protocol):
    """Makes a scene in the Redis of a URL."""

    def __call__(self, url: str, keys: int = KEYS) -> "Scene": ...


class Scene:
    """One story in one Redis."""

    def __init__(
        self, loaded: LoadedPush, folder: Path, url: str, random: Random, keys: int
    ) -> None:
        self.loaded, self.url, self.random = loaded, url, random
        self.story = Story(folder / "lender", keys, random.randrange(10**9))
        self.timeline = Timeline(self.story)
        self._watchers: list[Watcher] = []
        self._lags = False
        self._served: set[str] = set()

    def start(self, *options: str, url: str | None = None) -> tuple[PushProcess, Push]:
        """Start a push of the last run, and leave it running."""
        push = self.timeline.begin()
        arguments = ["--redis-url", url or self.url, "--project-dir", str(self.story.root)]
        return self.loaded.start(*arguments, *options), push

    def finish(self, process: PushProcess, push: Push) -> Ended:
        """Wait for its end."""
        ended = process.wait()
        if ended.code == 0:
            self.timeline.end(push)
        return ended

    def try_push(self, *options: str, url: str | None = None) -> Ended:
        """Push the last run, whatever comes of it."""
        return self.finish(*self.start(*options, url=url))

    def push_struck(
        self,
        server: RedisServer,
        after: int,
        *options: str,
        strike: Callable[[PushProcess], None] = PushProcess.kill,
        goes_on: bool = False,
    ) -> tuple[Ended, KillingProxy]:
        """Push the last run through a relay that strikes after so many bytes."""
        process: PushProcess | None = None
        failed: list[BaseException] = []

        def hit() -> None:  # in a thread of the relay
            assert process is not None
            try:
                strike(process)
            except BaseException as error:
                failed.append(error)

        with KillingProxy(Path(server.socket), after, hit, goes_on=goes_on) as proxy:
            process, push = self.start(*options, url=proxy.url)
            proxy.strikes_at(process)
            ended = self.finish(process, push)
        if failed:
            raise failed[0]
        return ended, proxy

    def push(self, *options: str) -> Ended:
        """Push the last run, which must go through."""
        ended = self.try_push(*options)
        assert ended.code == 0, ended.output
        return ended

    @contextmanager
    def watched(
        self, url: str | None = None, *, lags: bool = False, **place: Any
    ) -> Iterator[None]:
        """Read all the time for the block, and judge all that was read; one that `lags` may."""
        where = Place(self.story, url or self.url, **place)
        self._lags, self._served = lags, set()
        self._watchers = [Watcher(who, where, self.random.randrange(10**9)) for who in KINDS]
        try:
            self.everybody(is_answered)
            yield
            self.everybody(is_answered)
            self.judge()
        finally:
            for watcher in self._watchers:
                watcher.stop()
        self.judge()
        self._watchers = []
        assert self._served == set(KINDS), "a watcher saw no value"

    def everybody(self, what: Callable[[Seen], bool], times: int = 1) -> None:
        """Wait until each watcher was served something like that, asked for from now on."""
        for watcher in self._watchers:
            watcher.wait_for(what, times)

    def after_the_bound(self) -> None:
        """Wait until everybody was served a value when no registry cached before now counted."""
        then = self.story.clock() + BOUND
        self.everybody(lambda seen: seen.before >= then and has_value(seen))

    def judge(self) -> None:
        """Fail for the first of what was wrong in what was read since this was last asked."""
        judge = Judge(self.story, self.timeline, self._lags)
        seen = [each for watcher in self._watchers for each in watcher.take()]
        complaints = [each for one in seen for each in judge.complaints(one)]
        first = "\n".join(complaints[:10])
        assert not complaints, f"{len(complaints)} complaints about {len(seen)} reads:\n{first}"
        self._served |= {one.who for one in seen if has_value(one)}

    @contextmanager
    def fault(self, answers: int = 1) -> Iterator[None]:
        """Redis may be unavailable in the block, and to nobody once it has answered everybody.

        On a Cluster that takes some `answers`: a client learns of each shard as it asks it.
        """
        self.timeline.fault()
        yield
        self.everybody(is_answered, answers)
        self.timeline.over()

    def equals_history(self) -> None:
        """Fail unless each key is served as the last run has it, and all was right until now."""
        self.judge()
        for view in (self.story.activity, self.story.spend):
            online, last = self._online(view), self._last(view)
            other = [
                f"{key}: {online[key]}, not {last[key]}" for key in last if online[key] != last[key]
            ]
            assert not other, (
                f"{view.name}: {len(other)} of {len(last)} keys differ from history:\n"
                + ("\n".join(other[:10]))
            )

    def _last(self, view: View) -> dict[int, tuple[bool, Any]]:
        state = view.states[self.story.last_run]
        shown = {}
        for key in range(len(self.story.keys) + 1):
            row = state.get((key,))
            shown[key] = (row is not None, None if row is None else _with_defaults(view, row))
        return shown

    def _online(self, view: View) -> dict[int, tuple[bool, Any]]:
        now, keys = self.story.last_run, range(len(self.story.keys) + 1)
        with FeatureReader.from_url(
            self.url, namespace=self.story.namespace, clock=lambda: now, timeout=10
        ) as reader:
            served = reader.get_many(SERVICE, [{"customer_id": key} for key in keys])
        told = {}
        for key, one in zip(keys, served, strict=True):
            values = [value for value in one.values() if value.view == view.name]
            assert {value.as_of for value in values} == {one.read_at}, (key, values)
            (status,) = {value.status for value in values}
            assert status in (Status.OK, Status.MISSING), (key, status)
            is_live = status is Status.OK
            told[key] = (is_live, tuple(value.value for value in values) if is_live else None)
        return told

    def reclaim(self) -> None:
        """Push as if every reader's cache had expired."""
        with (
            contextlib.closing(connect(self.url, 30)) as client,
            mock.patch.object(generations, "GRACE_US", 0),
        ):
            Pusher(self.story, cast("Any", client)).push()

    def leaves_nothing_behind(self) -> None:
        """Once nobody can be in an older generation, a push leaves no row but the view's own."""
        client, keys = connect(self.url, 30), KeySpace(self.story.namespace)
        self.reclaim()
        for view in (self.story.activity, self.story.spend):
            prefix = keys.view(view.name, view.version)
            found = [key.decode() for key in client.scan_iter(match=f"{prefix}*{{*", count=1000)]
            in_generation = Counter(key.removeprefix(prefix).split("{")[0] for key in found)
            assert len(in_generation) == 1, f"{view.name}: rows in generations {in_generation}"
            ever = {
                key
                for (name, _), state in self.story.computed.items()
                if name == view.name
                for key in state
            }
            entities = {(int(key.split("{")[1].rstrip("}")),) for key in found}
            assert set(view.states[self.story.last_run]) <= entities <= ever
        client.close()


def _with_defaults(view: View, row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(
        view.defaults[name] if value is None and view.null_is.get(name) == "default" else value
        for name, value in zip(view.features, row, strict=True)
    )
