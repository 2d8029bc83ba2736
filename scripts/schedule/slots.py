"""Slots: the instants at which a cadence is due.

`every: 5m` is due at each multiple of it since 1970 in UTC, which no change of clocks moves.
`at: '02:30', zone: Europe/Berlin` is due once for each date, at the first instant at which clocks
there show 02:30 of that date or later: where they skip it, that is when they have skipped it, and
where they show it twice, the first time.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo, available_timezones

from provender.instants import EPOCH
from provender.keys import nearest
from provender_ops.durations import duration_seconds
from provender_ops.errors import BadInput, UnknownSelection

_KNOWN = ("every", "at", "zone", "monitor")
_WHERE = "`vars: provender: schedules:` in dbt_project.yml"
_EXAMPLE = "{minutes: {every: 5m}, nightly: {at: '02:30', zone: Europe/Berlin}}"
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)


class Times(Protocol):
    """When a cadence is due."""

    def latest(self, now: datetime) -> datetime:
        """Return the last slot at or before `now`, both aware and in UTC."""


@dataclass(frozen=True, slots=True)
class Every:
    """Each multiple of a duration since 1970, UTC."""

    step: timedelta

    def latest(self, now: datetime) -> datetime:
        """Return the last slot at or before `now`, both aware and in UTC."""
        return now - (now - EPOCH) % self.step


@dataclass(frozen=True, slots=True)
class Daily:
    """Once for each local date of a zone."""

    at: time
    zone: ZoneInfo

    def latest(self, now: datetime) -> datetime:
        """Return the last slot at or before `now`, both aware and in UTC."""
        today = now.astimezone(self.zone).date()
        # The local date may go back; one that the zone leaves out moves the one before it.
        slots = (self.on(today + days * _DAY) for days in range(-3, 2))
        return max(slot for slot in slots if slot <= now)

    def on(self, day: date) -> datetime:
        """Return the slot of a local date, in UTC."""
        wanted = datetime.combine(day, self.at)
        first = wanted.replace(tzinfo=self.zone).astimezone(UTC)  # of two, the first
        if _shown(first, self.zone) == wanted:
            return first
        before = wanted.replace(tzinfo=self.zone, fold=1).astimezone(UTC)
        return self._after_the_gap(wanted, before, first)

    def _after_the_gap(self, wanted: datetime, before: datetime, after: datetime) -> datetime:
        """Return when the clocks go on that skip a local time: by bisection, to the second."""
        while after - before > _SECOND:
            middle = before + (after - before) // _SECOND // 2 * _SECOND
            if _shown(middle, self.zone) < wanted:
                before = middle
            else:
                after = middle
        return after


@dataclass(frozen=True, slots=True)
class Schedule:
    """A declared cadence: when it is due, and whether monitors are built with it."""

    cadence: str
    times: Times
    monitor: bool = True


def find_schedule(settings: dict[str, Any], cadence: str) -> Schedule:
    """Return a cadence of `vars: provender:`; raise UnknownSelection or BadInput."""
    declared = settings.get("schedules", {})
    if not isinstance(declared, dict):
        raise BadInput(f"{_WHERE} is no mapping. Write {_EXAMPLE}.")
    if cadence not in declared:
        known = ", ".join(map(str, declared)) or "none"
        raise UnknownSelection(
            f"{_WHERE} has no {cadence!r}.{nearest(cadence, map(str, declared))}"
            f" It has: {known}. Declare it, like {_EXAMPLE}."
        )
    return _schedule(cadence, declared[cadence])


def _schedule(cadence: str, declared: Any) -> Schedule:
    where = f"{_WHERE} {cadence}"
    if not isinstance(declared, dict):
        raise BadInput(f"{where} is no mapping. Write it like {_EXAMPLE}.")
    for key in declared:
        if key not in _KNOWN:
            raise BadInput(f"{where} has no {key!r}.{nearest(str(key), _KNOWN)}")
    monitor = declared.get("monitor", True)
    if not isinstance(monitor, bool):
        raise BadInput(f"{where}: monitor is true or false, got {monitor!r}.")
    if ("every" in declared) == ("at" in declared) or ("at" in declared) != ("zone" in declared):
        raise BadInput(
            f"{where} says either `every`, or `at` and `zone`. Write it like {_EXAMPLE}."
        )
    times = _every(where, declared) if "every" in declared else _daily(where, declared)
    return Schedule(cadence, times, monitor)


def _every(where: str, declared: dict[str, Any]) -> Every:
    seconds = duration_seconds(declared["every"])
    if seconds is None:
        raise BadInput(
            f"{where}: every is no duration, got {declared['every']!r}. Write it like 5m."
        )
    return Every(timedelta(seconds=seconds))


def _daily(where: str, declared: dict[str, Any]) -> Daily:
    at, zone = declared["at"], declared["zone"]
    if not isinstance(at, str) or not re.fullmatch("([01][0-9]|2[0-3]):[0-5][0-9]", at):
        raise BadInput(
            f"{where}: at is no time of day, got {at!r}. Write it in quotes, from '00:00' to"
            " '23:59'."
        )
    zones = available_timezones()
    if zone not in zones:
        lacking = "" if zones else " This machine has no time zones: pip install tzdata."
        raise BadInput(
            f"{where}: zone is no time zone, got {zone!r}.{nearest(str(zone), zones)}{lacking}"
            " Write it like Europe/Berlin, or UTC."
        )
    return Daily(time.fromisoformat(at), ZoneInfo(zone))


def _shown(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return what clocks of a zone show, naive."""
    return instant.astimezone(zone).replace(tzinfo=None)
