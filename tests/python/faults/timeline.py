"""What a reader may have been told, by when each push began and was over.

An *epoch* is a stretch in which runs only move on. A rollback begins one, and so does a loss of
what Redis held; the one before counts until the first push of the new one has come to everybody.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from story import Story

BOUND = timedelta(seconds=1)  # for which a reader may cache the registry: docs/formats.md


@dataclass
class Push:
    """A push of a run: when it began, and by when it was certainly readable."""

    run: datetime
    begun: datetime
    readable: datetime | None = None


@dataclass
class Epoch:
    begun: datetime
    pushes: list[Push] = field(default_factory=list)

    def settled(self) -> datetime | None:
        """From when on no reader is in the epoch before."""
        over = [push.readable for push in self.pushes if push.readable]
        return min(over) + BOUND if over else None

    def newest(self, until: datetime) -> datetime | None:
        """The last run that everybody knows of by then."""
        known = [p.run for p in self.pushes if p.readable and p.readable + BOUND <= until]
        return max(known, default=None)


class Window(NamedTuple):
    """The runs that may be served; `low` None: any up to `high`."""

    low: datetime | None
    high: datetime | None


class Timeline:
    """Kept by the test, read by the judge; times are the story's."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self.epochs = [Epoch(story.clock())]
        self.faults: list[tuple[datetime, datetime | None]] = []

    def begin(self) -> Push:
        """Note that a push of the last run begins; call it before it does."""
        push = Push(self._story.last_run, self._story.clock())
        self.epochs[-1].pushes.append(push)
        return push

    def end(self, push: Push) -> None:
        """Note that it went through."""
        push.readable = self._story.clock()

    def turn(self) -> None:
        """Note that history was rolled back, or that Redis may hold less than was pushed."""
        self.epochs.append(Epoch(self._story.clock()))

    def window(self, before: datetime, after: datetime) -> Window:
        """Return what a read that lasted from `before` to `after` may have been served."""
        epochs = [epoch for epoch in self.epochs if epoch.begun <= after]
        settled = [epoch.settled() for epoch in epochs]
        first = max([at for at, since in enumerate(settled) if since and since <= before] + [0])
        active = epochs[first:]
        newest = [epoch.newest(before) for epoch in active]
        lows = [run for run in newest if run is not None]
        begun = [push.run for epoch in active for push in epoch.pushes if push.begun <= after]
        low = min(lows) if len(lows) == len(newest) else None
        return Window(low, max(begun, default=None))

    def fault(self) -> None:
        """Note that Redis may be unavailable from here on, until over()."""
        self.faults.append((self._story.clock(), None))

    def over(self) -> None:
        """Note that nobody may find it unavailable any more."""
        now = self._story.clock()
        self.faults = [(since, until or now) for since, until in self.faults]

    def is_fault(self, before: datetime, after: datetime) -> bool:
        """Return whether a read then may have failed."""
        return any(
            since <= after and (until is None or before <= until) for since, until in self.faults
        )
