"""What a column is made of, and what columns a relation has, as column lineage follows them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple


class Origin(NamedTuple):
    """A column of a source or seed, by unique id; `*` is a whole row of it."""

    unique_id: str
    column: str


Origins = frozenset[Origin]
WHOLE_ROW = "*"
_NONE: Origins = frozenset()


@dataclass(frozen=True, slots=True)
class Derived:
    """What a value comes from.

    `value`: what its expression reads. `conditions`: what decides in the same model which rows
    count for it, in joins, where, group by, filter, partition by and the like. `upstream`: the
    same, in the models that this one reads. `unknown`: what could not be told, as sentences.
    """

    value: Origins = _NONE
    conditions: Origins = _NONE
    upstream: Origins = _NONE
    unknown: frozenset[str] = frozenset()

    def __or__(self, other: "Derived") -> "Derived":
        """Return what comes from both."""
        return Derived(
            self.value | other.value,
            self.conditions | other.conditions,
            self.upstream | other.upstream,
            self.unknown | other.unknown,
        )

    def as_condition(self) -> "Derived":
        """Return the same for what it decides, and not what it is."""
        return Derived(_NONE, self.value | self.conditions, self.upstream, self.unknown)

    def read_by_another(self) -> "Derived":
        """Return the same as a model sees it that reads this one."""
        return Derived(self.value, _NONE, self.conditions | self.upstream, self.unknown)


NOTHING = Derived()


def together(derived: Iterable[Derived]) -> Derived:
    """Return what comes from all of these."""
    found = NOTHING
    for one in derived:
        found |= one
    return found


def unknown(why: str) -> Derived:
    """Return what nothing is known of but a sentence why."""
    return Derived(unknown=frozenset([why]))


@dataclass(frozen=True, slots=True)
class Undeclared:
    """The columns of a source that nobody declared: any name may be one.

    Without a unique id, none can be told, and `derived` says why.
    """

    unique_id: str | None
    hidden: frozenset[str] = frozenset()
    derived: Derived = NOTHING

    def column(self, name: str) -> Derived | None:
        """Return a column of that name, None when it was left out on the way."""
        if name in self.hidden:
            return None
        if self.unique_id is None:
            return self.derived
        return Derived(frozenset([Origin(self.unique_id, name)])) | self.derived


@dataclass(frozen=True, slots=True)
class Relation:
    """Columns by lower-case name, in their order; and what decides which rows there are."""

    columns: Mapping[str, Derived] = field(default_factory=dict)
    undeclared: tuple[Undeclared, ...] = ()
    rows: Derived = NOTHING

    def column(self, name: str) -> Derived | None:
        """Return a column, None when there is none of that name."""
        known = self.columns.get(name)
        if known is not None:
            return known
        found = [one for rest in self.undeclared if (one := rest.column(name)) is not None]
        if len(found) > 1:
            owners = ", ".join(sorted(str(rest.unique_id) for rest in self.undeclared))
            return unknown(f"`{name}` may be of any of {owners}: declare their columns")
        return found[0] if found else None

    def whole_row(self) -> Derived:
        """Return what all of its columns come from."""
        rest = [one for part in self.undeclared if (one := part.column(WHOLE_ROW)) is not None]
        return together([*self.columns.values(), *rest])

    def with_each(self, derived: Derived) -> "Relation":
        """Return the same, each column of it depending on something more."""
        return replace(
            self,
            columns={name: column | derived for name, column in self.columns.items()},
            undeclared=tuple(
                replace(rest, derived=rest.derived | derived) for rest in self.undeclared
            ),
        )

    def without(self, names: Iterable[str]) -> "Relation":
        """Return the same without some columns."""
        left_out = frozenset(names)
        return replace(
            self,
            columns={name: one for name, one in self.columns.items() if name not in left_out},
            undeclared=tuple(
                replace(rest, hidden=rest.hidden | left_out) for rest in self.undeclared
            ),
        )

    def renamed(self, names: Iterable[str]) -> "Relation":
        """Return the same with other names for its first columns, as in `t(a, b)`."""
        others = list(names)
        if not others:
            return self
        if self.undeclared:
            why = "a list of names stands for columns that nobody declared"
            return replace(self, columns=dict.fromkeys(others, unknown(why)), undeclared=())
        named = [*others, *list(self.columns)[len(others) :]]
        return replace(self, columns=dict(zip(named, self.columns.values(), strict=False)))

    def read_by_another(self) -> "Relation":
        """Return the same as a model sees it that reads this one."""
        return Relation(
            {name: column.read_by_another() for name, column in self.columns.items()},
            tuple(
                replace(rest, derived=rest.derived.read_by_another()) for rest in self.undeclared
            ),
            self.rows.read_by_another(),
        )
