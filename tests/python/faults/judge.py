"""The judge: whether what was served is what history says, and why not.

One answer for one view is wrong unless its served `as_of` is a run, and history's state of the key
at that run is the value told, of its type, or the absence told; also after a loss, since what is
lost takes its watermark with it. A failure to answer is right only while a fault lasts.
"""

import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from published_catalog import View
from story import Story
from timeline import Timeline

from provender import ServedFeatures, Status, StoreUnavailable
from provender.features import HAS_VALUE, FeatureValue

Served = Sequence[FeatureValue]


@dataclass(frozen=True, slots=True)
class Seen:
    """One read of one key by one watcher: what it was served, or what was raised."""

    who: str
    key: int
    before: datetime
    after: datetime
    served: ServedFeatures | Exception


class Judge:
    """Judges by the story's states and the timeline's pushes and faults.

    What was read from a replica that `lags` may be of any run before, and must say so.
    """

    def __init__(self, story: Story, timeline: Timeline, lags: bool = False) -> None:
        self._story, self._timeline, self._lags = story, timeline, lags

    def complaints(self, seen: Seen) -> list[str]:
        """Return what is wrong with a read, nothing when it is right."""
        if isinstance(seen.served, Exception):
            found = list(self._about_error(seen, seen.served))
        else:
            found = [
                f"{view.name}: {complaint} [{_told(served)}]"
                for view, served in self._views(seen.served)
                for complaint in self._about_view(seen, view, served)
            ]
        return [f"{seen.who} read key {seen.key} at {seen.before}: {each}" for each in found]

    def _views(self, served: ServedFeatures) -> list[tuple[View, Served]]:
        views = (self._story.activity, self._story.spend)
        return [(view, [v for v in served.values() if v.view == view.name]) for view in views]

    def _about_error(self, seen: Seen, error: Exception) -> Iterator[str]:
        if not isinstance(error, StoreUnavailable):
            at = traceback.extract_tb(error.__traceback__)[-3:]
            where = " > ".join(f"{frame.filename}:{frame.lineno}" for frame in at)
            yield f"{type(error).__name__}: {error} {where}"
        elif not self._timeline.is_fault(seen.before, seen.after):
            yield f"Redis was there, and it raised {error}"

    def _about_view(self, seen: Seen, view: View, served: Served) -> Iterator[str]:
        names = [value.feature for value in served]
        if names != list(view.features):
            yield f"it served the features {names}"
            return
        if len({(v.status, v.as_of, v.age, v.generation) for v in served}) > 1:
            yield "its features come from different rows"
            return
        if served[0].status is Status.UNAVAILABLE:
            yield from self._about_unavailable(seen, view, served)
        else:
            yield from self._about_run(seen, view, served)

    def _about_unavailable(self, seen: Seen, view: View, served: Served) -> Iterator[str]:
        if not self._timeline.is_fault(seen.before, seen.after):
            yield "Redis was there"
        if served[0].as_of is not None or served[0].age is not None:
            yield "nobody can know an age"
        yield from _differences(served, _defaults(view))

    def _about_run(self, seen: Seen, view: View, served: Served) -> Iterator[str]:
        at = served[0].as_of
        assert at is not None
        as_of = at.replace(tzinfo=None)
        state = self._story.computed.get((view.name, as_of))
        if state is None:
            yield "its as_of is of no run"
            return
        yield from self._about_age(seen, view, served[0], as_of)
        yield from self._about_window(seen, as_of)
        row, status = state.get((seen.key,)), served[0].status
        if (status is Status.MISSING) != (row is None):
            yield f"history has {row} at that run"
        elif row is None or status is Status.EXPIRED:
            yield from _differences(served, _defaults(view))
        else:
            yield from _differences(served, _shown(view, row))

    def _about_age(
        self, seen: Seen, view: View, value: FeatureValue, as_of: datetime
    ) -> Iterator[str]:
        age = value.age
        assert age is not None
        if not seen.before - as_of <= age <= seen.after - as_of:
            yield f"its age was from {seen.before - as_of} to {seen.after - as_of}"
        if value.status is not Status.MISSING and value.status is not _status(view, age):
            yield f"at that age it is {_status(view, age)}"

    def _about_window(self, seen: Seen, as_of: datetime) -> Iterator[str]:
        low, high = self._timeline.window(seen.before, seen.after)
        if high is None or as_of > high:
            yield f"no push of that run had begun, the last was of {high}"
        if low is not None and as_of < low and not self._lags:
            yield f"run {low} was readable for longer than a registry is cached"


def _status(view: View, age: timedelta) -> Status:
    if age > timedelta(seconds=view.policies["ttl_seconds"]):
        return Status.EXPIRED
    is_fresh = age <= timedelta(seconds=view.policies["freshness_sla_seconds"])
    return Status.OK if is_fresh else Status.STALE


def _defaults(view: View) -> list[tuple[Any, bool]]:
    return [(view.defaults.get(name), True) for name in view.features]


def _shown(view: View, row: tuple[Any, ...]) -> list[tuple[Any, bool]]:
    """Return the value that is served for each of a row, and whether it is the default."""
    return [
        (view.defaults.get(name), True)
        if value is None and view.null_is.get(name) == "default"
        else (value, False)
        for name, value in zip(view.features, row, strict=True)
    ]


def _differences(served: Served, expected: list[tuple[Any, bool]]) -> Iterator[str]:
    for told, (value, is_default) in zip(served, expected, strict=True):
        if (told.value, type(told.value), told.is_default) != (value, type(value), is_default):
            yield f"{told.feature} should be {value!r}" + (" by default" if is_default else "")


def _told(served: Served) -> str:
    if not served:
        return "nothing"
    first, values = served[0], [value.value for value in served]
    return (
        f"{first.status}, as_of {first.as_of}, generation {first.generation}, registry's run"
        f" {first.row.record.run_as_of_us}, {values}"
    )


def has_value(seen: Seen) -> bool:
    """Return whether a read was served what some run computed."""
    return not isinstance(seen.served, Exception) and any(
        value.status in HAS_VALUE for value in seen.served.values()
    )


def is_answered(seen: Seen) -> bool:
    """Return whether Redis was there for a read."""
    return not isinstance(seen.served, Exception) and all(
        value.status is not Status.UNAVAILABLE for value in seen.served.values()
    )
