"""Where a written time lies in UTC, if it can be placed at all."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

_CLOCK = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?")


def utc(text: str) -> datetime | None:
    """Place a time that says it is in UTC by its Z; None when it says less."""
    return _clock(text.removesuffix("Z")) if text.endswith("Z") else None


def utc_from_local(text: str, zone: str) -> datetime | None:
    """Place the time a local clock showed; None when it or its zone cannot be told."""
    local = _clock(text)
    tz = _zone(zone)
    return instant_of(local, tz) if local is not None and tz is not None else None


def instant_of(local: datetime, tz: ZoneInfo) -> datetime | None:
    """Return the one instant when clocks in `tz` show `local`; None when there is none, or two.

    PEP 495: the two folds of a local time mean different instants exactly in the hours that a
    change of the clocks skips or shows twice.
    """
    first, second = (
        local.replace(tzinfo=tz, fold=fold).astimezone(UTC).replace(tzinfo=None) for fold in (0, 1)
    )
    return first if first == second else None


def local_from_utc(moment: datetime, tz: ZoneInfo) -> datetime:
    """Return what clocks in `tz` show at an instant, without a zone."""
    return moment.replace(tzinfo=UTC).astimezone(tz).replace(tzinfo=None)


def _clock(text: str) -> datetime | None:
    """Read date and time of day; a date alone, or the 30th of February, is no time."""
    if not _CLOCK.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (OSError, ValueError, KeyError):  # all that ZoneInfo raises for a name that is no zone
        return None
