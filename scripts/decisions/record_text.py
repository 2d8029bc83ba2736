"""A decision record read member by member, each value with the very text it was written as.

This reads any JSON; `slices.py` reads faster what our own writer wrote.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from json import JSONDecoder
from typing import Any

from provender.errors import WrongValue
from provender.instants import as_utc
from provender.json_objects import elements, integer, member, one_of, text
from provender.served_record import DECIDES, SHADOW
from provender_ops.decisions.columns import FORMAT, OPTIONAL, TEXTS

STATUSES = ("ok", "stale", "missing", "not_computed", "expired", "unavailable")
ROLES = (DECIDES, SHADOW)
_SPACE = " \t\n\r"
_LONGEST = 2**63 - 1

Row = dict[str, Any]


def _no_number(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


_decode = JSONDecoder(parse_constant=_no_number).raw_decode


def read_record(raw: bytes) -> Row:
    """Return a record's columns, without those of the stream; raise WrongValue, naming what is not
    right.
    """
    try:
        whole = raw.decode()
        record, texts = _object(whole)
    except (ValueError, IndexError, RecursionError):
        raise WrongValue("it is not a JSON object") from None
    if integer(record, "format") != FORMAT:
        raise WrongValue(f"it is of format {record['format']!r}, not {FORMAT}")
    row: Row = {name: text(record, name) for name in ("decision_id", "writer", "service")}
    row["model_version"] = text(record, "model_version")
    row |= {name: _count(record, name) for name in ("number", "refused", "read_us")}
    row |= {name: instant(record, name) for name in ("decided_at", "read_at")}
    row["waited_for"] = _text_or_null(record, "waited_for")
    for name in TEXTS:
        row[name] = _mapping(record, texts, name)
    views = zip(elements(record, "views"), elements_of(texts["views"]), strict=True)
    row["views"] = [_view(view, written) for view, written in views]
    return row


def read_shape(view: Mapping[str, Any]) -> Row:
    """Return what a view says but for its age and its values; raise WrongValue."""
    names = _texts(view, "names")
    status = one_of(view, "status", STATUSES)
    as_of = member(view, "as_of")
    return {
        "view": text(view, "view"),
        "version": _count(view, "version", 2**31 - 1),
        "fingerprint": text(view, "fingerprint"),
        "generation": _count(view, "generation"),
        "as_of": None if as_of is None else instant(view, "as_of"),
        "status": status,
        "cached": _flag(view, "cached"),
        "role": one_of(view, "role", ROLES),
        "names": names,
        "features": _texts(view, "features", len(names)),
        "types": _texts(view, "types", len(names)),
        "statuses": _statuses(view, status, len(names)),
        "is_default": _defaults(view, len(names)),
        "hashed": _flag(view, "hashed"),
    }


def instant(record: Mapping[str, Any], name: str) -> datetime:
    """Return a member that must be a time, naive, in UTC."""
    try:
        return as_utc(datetime.fromisoformat(text(record, name))).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise WrongValue(f"{name!r} is not a time") from None


def elements_of(written: str) -> list[str]:
    """Return the elements of an array, each as it was written; raise ValueError for no JSON."""
    return list(_each(written))


def _view(view: Any, written: str) -> Row:
    row = read_shape(view)
    age, values = member(view, "age_us"), elements(view, "values")
    if len(values) != len(row["names"]):
        raise WrongValue(f"view {row['view']!r} has {len(values)} values")
    texts = elements_of(_object(written)[1]["values"])
    row["values"] = [None if value is None else t for value, t in zip(values, texts, strict=True)]
    row["age_us"] = None if age is None else integer(view, "age_us")
    return row


def _mapping(record: Mapping[str, Any], texts: Mapping[str, str], name: str) -> str | None:
    value = member(record, name)
    if value is None and name in OPTIONAL:
        return None
    if not isinstance(value, dict):
        raise WrongValue(f"{name!r} is not an object")
    return texts[name]


def _text_or_null(record: Mapping[str, Any], name: str) -> str | None:
    return None if member(record, name) is None else text(record, name)


def _count(record: Mapping[str, Any], name: str, most: int = _LONGEST) -> int:
    value = integer(record, name)
    if not 0 <= value <= most:
        raise WrongValue(f"{name!r} is out of range")
    return value


def _flag(record: Mapping[str, Any], name: str) -> bool:
    value = member(record, name)
    if not isinstance(value, bool):
        raise WrongValue(f"{name!r} is neither true nor false")
    return value


def _texts(view: Mapping[str, Any], name: str, length: int | None = None) -> list[str]:
    values = elements(view, name)
    if not all(isinstance(value, str) for value in values):
        raise WrongValue(f"{name!r} is not a list of texts")
    if length is not None and len(values) != length:
        raise WrongValue(f"{name!r} has {len(values)} elements, not {length}")
    return values


def _statuses(view: Mapping[str, Any], status: str, length: int) -> list[str]:
    if member(view, "statuses") is None:
        return [status] * length
    statuses = _texts(view, "statuses", length)
    if not set(statuses) <= set(STATUSES):
        raise WrongValue("'statuses' holds what is no status")
    return statuses


def _defaults(view: Mapping[str, Any], length: int) -> list[bool]:
    """Return for each feature whether its default stood in, from the positions where it did."""
    places = elements(view, "defaults")
    if not all(type(place) is int and 0 <= place < length for place in places):
        raise WrongValue("'defaults' is not a list of positions")
    chosen = set(places)
    return [place in chosen for place in range(length)]


def _object(written: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return an object's members, and the text of each as it was written."""
    values: dict[str, Any] = {}
    texts: dict[str, str] = {}
    at = _expect(written, 0, "{")
    closing = written[at] == "}"
    while not closing:
        name, at = _decode(written, at)
        if not isinstance(name, str):
            raise ValueError("a member has no name")
        start = _skip(written, _expect(written, at, ":"))
        values[name], at = _decode(written, start)
        texts[name] = written[start:at]
        at, closing = _next(written, at, "}")
    if closing and written[at if values else at + 1 :].strip(_SPACE):
        raise ValueError("something follows the object")
    return values, texts


def _each(written: str) -> Iterator[str]:
    at = _expect(written, 0, "[")
    closing = written[at] == "]"
    while not closing:
        start = at
        _, at = _decode(written, start)
        yield written[start:at]
        at, closing = _next(written, at, "]")


def _next(written: str, at: int, end: str) -> tuple[int, bool]:
    """Return where the next member begins, or what follows `end`, and whether that was it."""
    at = _skip(written, at)
    if written[at] == end:
        return at + 1, True
    return _expect(written, at, ","), False


def _expect(written: str, at: int, mark: str) -> int:
    at = _skip(written, at)
    if written[at] != mark:
        raise ValueError(f"{mark} was expected")
    return _skip(written, at + 1)


def _skip(written: str, at: int) -> int:
    while at < len(written) and written[at] in _SPACE:
        at += 1
    return at
