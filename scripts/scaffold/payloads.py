"""What the columns of a row hold beside keys and times, so that a row shows in the features."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import combinations, product
from typing import Any

from provender.errors import WrongValue
from provender.type_names import INTEGER_RANGES, normalise_type
from provender_ops.scaffold.bench import AS_OF
from provender_ops.scaffold.checkout import VERSION_TIMES
from provender_ops.scaffold.subject import Input, Subject

_MOST = 120
Payload = Mapping[str, Any]


def payloads(subject: Subject, each: Input) -> list[dict[str, Any]]:
    """Return contents a row may have, the plainest first: values of the columns SQL speaks of."""
    domains = {column: domain(subject, each, column) for column in payload_columns(subject, each)}
    plain = {column: values[0] for column, values in domains.items()}
    return list(_varied(plain, domains))


def payload_columns(subject: Subject, each: Input) -> list[str]:
    """Return the columns that are neither key, id nor one of the times that we place."""
    placed = {*each.keys.values(), each.event_id, *VERSION_TIMES}
    if each.is_view:
        placed.add("as_of")
    return [column for column in each.columns if column in subject.used and column not in placed]


def domain(subject: Subject, each: Input, column: str) -> list[Any]:
    """Return values for a column: what the SQL compares it with first, then plain ones."""
    try:
        kind = normalise_type(each.columns[column])
    except WrongValue:
        return [None]
    compared = subject.compared(column)
    values = [*_typed(compared, kind), *_typed(each.accepted.get(column, ()), kind), *_plain(kind)]
    unique = {repr(value): value for value in values}
    return list(unique.values())[:4]


def _plain(kind: str) -> Sequence[Any]:
    if kind in INTEGER_RANGES:
        return [1, 2]
    if kind.startswith("decimal"):
        return [Decimal(1), Decimal(2)]
    plain: dict[str, Sequence[Any]] = {
        "float": [1.0, 2.0],
        "double": [1.0, 2.0],
        "boolean": [True, False],
        "varchar": ["a", "b"],
        "date": [(AS_OF - timedelta(days=400)).date(), AS_OF.date()],
        "timestamp": [AS_OF - timedelta(hours=1), AS_OF + timedelta(days=1)],
    }
    return plain.get(kind, [None])


def _typed(values: Sequence[Any], kind: str) -> list[Any]:
    """Return those of the values that the type can hold, and numbers also with their neighbour."""
    found: list[Any] = []
    for value in values:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if kind == "varchar" and isinstance(value, str):
            found.append(value)
        elif kind in ("float", "double") and is_number:
            found += [float(value), float(value) + 1]
        elif kind.startswith("decimal") and is_number:
            found += [Decimal(str(value)), Decimal(str(value)) + 1]
        elif kind in INTEGER_RANGES and isinstance(value, int) and is_number:
            found += [value, value + 1]
        elif kind in ("date", "timestamp") and isinstance(value, str):
            found += _instant(value, kind)
    return found


def _instant(text: str, kind: str) -> list[Any]:
    try:
        instant = datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return []
    return [instant.date() if kind == "date" else instant]


def _varied(
    plain: Mapping[str, Any], domains: Mapping[str, Sequence[Any]]
) -> Iterator[dict[str, Any]]:
    """Yield the plain content, then those that differ from it in one column, in two, in three."""
    count = 0
    for size in range(min(len(domains), 3) + 1):
        for columns in combinations(domains, size):
            for values in product(*(domains[column][1:] for column in columns)):
                yield {**plain, **dict(zip(columns, values, strict=True))}
                count += 1
                if count >= _MOST:
                    return
