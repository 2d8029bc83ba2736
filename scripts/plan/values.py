"""What is known of how the values of a view move between two definitions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provender_ops.definitions.declarations import Declarations, View


@dataclass(frozen=True, slots=True)
class Side:
    """A view version in one state, and what that state is called."""

    state: Declarations
    view: View
    called: str


@dataclass(frozen=True, slots=True)
class Sample:
    """What is asked: so many keys of those that live, at these moments (naive UTC)."""

    keys: int
    moments: tuple[datetime, ...]
    examples: int = 3


@dataclass(frozen=True, slots=True)
class Example:
    """A row whose value differs."""

    keys: dict[str, Any]
    as_of: datetime
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Moved:
    """How one feature moves over the rows that both sides have.

    `old_name` is another where it was renamed. `up` and `down` count rows, and `mean_delta` is over
    all rows with two values, for numbers, and for times in seconds; None otherwise. `d` and `psi`
    are those of drift.
    """

    name: str
    type: str
    old_name: str
    rows: int
    changed: int
    old_nulls: int
    new_nulls: int
    up: int | None = None
    down: int | None = None
    mean_delta: float | None = None
    largest_delta: float | None = None
    d: float | None = None
    psi: float | None = None
    examples: tuple[Example, ...] = ()

    @property
    def share(self) -> float:
        """The share of rows whose value is another."""
        return self.changed / self.rows if self.rows else 0.0


@dataclass(frozen=True, slots=True)
class Values:
    """What comparing values found. `living` counts keys alive at the moments, `keys` those asked.

    `only_old` and `only_new` count rows that one side alone has; `removed` and `added` are features
    that one side alone has, and that no other has the values of.
    """

    old: str
    new: str
    moments: tuple[datetime, ...]
    living: int
    keys: int
    rows: int
    only_old: int
    only_new: int
    features: tuple[Moved, ...] = ()
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_refactor(self) -> bool:
        """Whether nothing differs: no value, no row, no name."""
        is_named_alike = all(each.name == each.old_name for each in self.features)
        return (
            not (
                any(each.changed for each in self.features)
                or self.only_old
                or self.only_new
                or self.removed
                or self.added
            )
            and is_named_alike
        )
