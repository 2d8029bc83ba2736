"""What a name means at a place in a query."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from provender_ops.definitions.relations import NOTHING, Derived, Relation, together, unknown


@dataclass(frozen=True, slots=True)
class Scope:
    """What names mean: of CTEs, of what FROM names, of columns of the SELECT, and around it."""

    relation: Callable[[str], Relation | None]
    ctes: Mapping[str, Relation] = field(default_factory=dict)
    tables: Mapping[str, Relation] = field(default_factory=dict)
    shared: frozenset[str] = frozenset()  # columns of `using`
    aliases: Mapping[str, Derived] = field(default_factory=dict)
    windows: Mapping[str, exp.Expr] = field(default_factory=dict)
    rows: Derived = NOTHING  # what decides which rows an aggregate sees
    around: "Scope | None" = None


def column_of(node: exp.Column, scope: Scope) -> Derived:
    """Return what a column comes from, or that it is not there."""
    parts = [part.name.lower() for part in node.parts]
    if isinstance(node.this, exp.Star):
        return together(one.whole_row() for one in scope.tables.values())
    if len(parts) > 1 and (table := _table_called(parts[0], scope)) is not None:
        found = table.column(parts[1])
        return found if found is not None else unknown(f"`{'.'.join(parts)}` is not there")
    found = _unqualified(parts[0], scope)
    return found if found is not None else unknown(f"`{'.'.join(parts)}` is not there")


def _table_called(name: str, scope: Scope) -> Relation | None:
    place: Scope | None = scope
    while place is not None:
        if name in place.tables:
            return place.tables[name]
        place = place.around
    return None


def _unqualified(name: str, scope: Scope) -> Derived | None:
    """Return a column by its bare name: DuckDB asks the tables, the SELECT's own names, around."""
    known = [one.columns[name] for one in scope.tables.values() if name in one.columns]
    if known:
        return together(known)
    if name in scope.tables:  # a whole row is called by its table's name
        return scope.tables[name].whole_row()
    named = scope.aliases.get(name)
    rest = [one for table in scope.tables.values() if (one := table.column(name)) is not None]
    if len(rest) > 1 and named is None:
        if name in scope.shared:
            return together(rest)
        return unknown(f"`{name}` may be of several tables whose columns nobody declared")
    if rest or named is not None:
        return together([*rest[:1], *([named] if named is not None else [])])
    return _unqualified(name, scope.around) if scope.around is not None else None
