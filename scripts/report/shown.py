"""How the page writes values: short, in the unit one would use, a dash for what is not there."""

from datetime import datetime, timedelta

from provender_ops.standing import said

NOTHING = "\N{EN DASH}"
JOINED = "\N{NO-BREAK SPACE}"


def moment(instant: datetime | None) -> str:
    """Return a naive UTC time; seconds where it has some."""
    if instant is None:
        return NOTHING
    return f"{instant:%Y-%m-%d %H:%M:%S}" if instant.second else f"{instant:%Y-%m-%d %H:%M}"


def duration(seconds: float | None) -> str:
    """Return seconds as one would say them."""
    return (
        NOTHING if seconds is None else said(timedelta(seconds=float(seconds))).replace(" ", JOINED)
    )


def whole(count: float | None) -> str:
    """Return a count, in groups of three digits."""
    return NOTHING if count is None else f"{round(count):,}".replace(",", JOINED)


def number(value: float | None) -> str:
    """Return a measured value to four digits."""
    return NOTHING if value is None else f"{value:.4g}"


def milliseconds(value: float | None) -> str:
    """Return milliseconds to a tenth."""
    return NOTHING if value is None else f"{value:.1f}{JOINED}ms"


def percent(share: float | None) -> str:
    """Return a share as percent, to a tenth."""
    return NOTHING if share is None else f"{100 * share:.1f}{JOINED}%"


def chance(p: float | None) -> str:
    """Return a p-value."""
    if p is None:
        return NOTHING
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}"


def text(value: object) -> str:
    """Return anything else."""
    return NOTHING if value is None or value == "" else str(value)
