"""One change between two states of a project's definitions."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from provender.errors import WrongValue
from provender.type_names import normalise_type

ID_LENGTH = 12
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


@dataclass(frozen=True)
class Change:
    """What changed, and what that means for who reads it.

    `subject` is as people name it: `customer_activity@1`, `customer_activity@1.payments_7d`,
    `service credit_risk`, `entity customer`, `source lender.card_payments`. `old` and `new` are
    JSON values, None where there is none. `views` are the labels it reaches; with `features`
    (pairs of label and name), only who reads one of those is reached, and with None, who reads
    any feature of the views. `services` are reached beside the readers. `is_felt_downstream`: what
    is built on the views gets other values. `causes` are what was edited, if that is elsewhere.
    """

    subject: str
    kind: str
    is_breaking: bool
    why: str
    old: Any = None
    new: Any = None
    views: tuple[str, ...] = ()
    features: frozenset[tuple[str, str]] | None = None
    services: tuple[str, ...] = ()
    is_felt_downstream: bool = False
    causes: tuple[str, ...] = ()
    hint: str = ""

    @cached_property
    def id(self) -> str:
        """What an approval names: the same wherever and whenever this change is planned."""
        return digest([self.subject, self.kind, self.old, self.new])[:ID_LENGTH]

    @property
    def verdict(self) -> str:
        """`breaking` or `compatible`."""
        return "breaking" if self.is_breaking else "compatible"


def of_service(service: str, kind: str, is_breaking: bool, why: str, **more: Any) -> Change:
    """Return a change of what one service is served; it reaches that service alone."""
    return Change(f"service {service}", kind, is_breaking, why, services=(service,), **more)


def digest(value: Any) -> str:
    """Return a hash of a JSON value, in hex; the order of mappings does not count."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def duration(seconds: float | None) -> str | None:
    """Return seconds as one writes them in YAML, like 90m; None stays None."""
    if seconds is None:
        return None
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0 or size == 1)
    return f"{seconds / size:g}{unit}"


def same_type(left: str | None, right: str | None) -> bool:
    """Return whether two declared types are spellings of one."""
    return _spelt(left) == _spelt(right)


def _spelt(declared: str | None) -> str | None:
    if declared is None:
        return None
    try:
        return normalise_type(declared)
    except WrongValue:  # of a source, which may be of a type that no feature has
        return declared.lower()


def named(names: Iterable[str]) -> str:
    """Return names as a sentence has them: `a`, `a and b`, `a, b and c`."""
    *most, last = list(names) or ["nothing"]
    return f"{', '.join(most)} and {last}" if most else last


def shown(value: Any) -> str:
    """Return a JSON value as YAML would have it."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)
