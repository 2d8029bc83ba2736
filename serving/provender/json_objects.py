"""Members of JSON objects, each of the type it must have."""

import json
from collections.abc import Mapping
from typing import Any

from provender.errors import WrongValue
from provender.instants import from_us


def dump(record: Mapping[str, Any]) -> str:
    """Return compact JSON."""
    return json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def load(raw: bytes | str) -> dict[str, Any]:
    """Return a JSON object; raise WrongValue when it is none."""
    try:
        record = json.loads(raw)
    except (ValueError, RecursionError):
        raise WrongValue("it is not JSON") from None
    if not isinstance(record, dict):
        raise WrongValue("it is not a JSON object")
    return record


def member(record: Mapping[str, Any], name: str) -> Any:
    """Return a member that must be there."""
    if not isinstance(record, Mapping) or name not in record:
        raise WrongValue(f"{name!r} is missing")
    return record[name]


def text(record: Mapping[str, Any], name: str) -> str:
    """Return a member that must be text."""
    value = member(record, name)
    if not isinstance(value, str):
        raise WrongValue(f"{name!r} is not text")
    return value


def integer(record: Mapping[str, Any], name: str) -> int:
    """Return a member that must be an integer (true is none)."""
    value = member(record, name)
    if type(value) is not int:
        raise WrongValue(f"{name!r} is not an integer")
    return value


def boolean(record: Mapping[str, Any], name: str) -> bool:
    """Return a member that must be true or false."""
    value = member(record, name)
    if not isinstance(value, bool):
        raise WrongValue(f"{name!r} is not true or false")
    return value


def instant(record: Mapping[str, Any], name: str) -> int:
    """Return a member that must be microseconds since the epoch, of a year 1 to 9999."""
    value = integer(record, name)
    try:
        from_us(value)
    except OverflowError:
        raise WrongValue(f"{name!r} is not a time") from None
    return value


def duration(record: Mapping[str, Any], name: str) -> int:
    """Return a member that must be a positive integer; null is never "for ever"."""
    value = integer(record, name)
    if value <= 0:
        raise WrongValue(f"{name!r} is not a positive duration")
    return value


def elements(record: Mapping[str, Any], name: str) -> list[Any]:
    """Return a member that must be a list."""
    value = member(record, name)
    if not isinstance(value, list):
        raise WrongValue(f"{name!r} is not a list")
    return value


def one_of(record: Mapping[str, Any], name: str, choices: tuple[str, ...]) -> str:
    """Return a member that must be one of a few words."""
    value = text(record, name)
    if value not in choices:
        raise WrongValue(f"{name!r} is none of {', '.join(choices)}")
    return value
