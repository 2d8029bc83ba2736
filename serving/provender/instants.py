"""Points in time: UTC, microseconds."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OFFSET = len("+00:00")
MICROSECOND = timedelta(microseconds=1)


def utc_now() -> datetime:
    """Return the current time, aware, in UTC: the default clock."""
    return datetime.now(UTC)


def as_utc(instant: datetime) -> datetime:
    """Return `instant` aware in UTC; a naive one already means UTC."""
    if instant.tzinfo is None:
        return instant.replace(tzinfo=UTC)
    return instant if instant.tzinfo is UTC else instant.astimezone(UTC)


def to_us(instant: datetime) -> int:
    """Return microseconds since the epoch, exactly (floats would round)."""
    return (as_utc(instant) - EPOCH) // MICROSECOND


def from_us(microseconds: int) -> datetime:
    """Return the aware UTC datetime; raise OverflowError outside the years 1 to 9999."""
    return EPOCH + timedelta(microseconds=microseconds)


def to_text(instant: datetime) -> str:
    """Return `YYYY-MM-DDTHH:MM:SS.ffffffZ`."""
    utc = instant if instant.tzinfo is UTC else as_utc(instant)
    return utc.isoformat("T", "microseconds")[:-_OFFSET] + "Z"


FIRST_US = to_us(datetime.min)
LAST_US = to_us(datetime.max)
