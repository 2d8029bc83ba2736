"""Many small worlds asked at once: each has an entity key of its own, so one query answers all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from provender.type_names import INTEGER_RANGES, normalise_type
from provender_ops.errors import BadInput
from provender_ops.scaffold.dbt import AS_OF as AS_OF_TEXT
from provender_ops.scaffold.lab import Lab
from provender_ops.scaffold.subject import Input, Subject

AS_OF = datetime.fromisoformat(AS_OF_TEXT).replace(tzinfo=None)
TICK = timedelta(microseconds=1)
LIFE = {"live_from": datetime(2025, 1, 1), "live_until": None}
EVENT = "event"
_BATCH = 100  # keys of a tinyint are not many more

Row = Mapping[str, Any]
World = Mapping[str, Sequence[Row]]
"""Rows of one entity key, by relation, without its keys. Without lives it has a long one."""


@dataclass(frozen=True)
class Outcome:
    """What a view gives for one world: the rows of its key, and of what shares a part of it."""

    own: tuple[tuple[Any, ...], ...]
    others: tuple[tuple[Any, ...], ...] = ()

    def differing(self, other: "Outcome", features: Sequence[str]) -> frozenset[str]:
        """Return the features whose values are not those of another outcome."""
        if len(self.own) != 1 or len(other.own) != 1 or self.others != other.others:
            return frozenset() if self == other else frozenset(features)
        pairs = zip(features, self.own[0], other.own[0], strict=True)
        return frozenset(name for name, mine, theirs in pairs if not _same(mine, theirs))


@dataclass
class Bench:
    """A subject and its lab. `around` are rows that a world has where it names none itself."""

    subject: Subject
    lab: Lab
    around: dict[str, Sequence[Row]] = field(default_factory=dict)

    def outcomes(
        self, worlds: Sequence[World], sql: str | None = None, *, backwards: bool = False
    ) -> list[Outcome]:
        """Return what the view, or other SQL, gives for each world."""
        found: list[Outcome] = []
        for begin in range(0, len(worlds), _BATCH):
            batch = {str(number): world for number, world in enumerate(worlds[begin:][:_BATCH])}
            found += self._asked(batch, sql or self.subject.sql, backwards)
        return found

    def tables(
        self, worlds: Mapping[str, World], *, siblings: bool = True
    ) -> dict[str, list[dict[str, Any]]]:
        """Return the rows of labelled worlds as tables, keys filled in.

        Where an entity has several keys, another one stands beside each that shares all but the
        last, unless there should be no `siblings`.
        """
        tables: dict[str, list[dict[str, Any]]] = {name: [] for name in self.subject.tables}
        for number, (label, world) in enumerate(worlds.items()):
            keys = key_values(self.subject.keys, number, label)
            lives = world.get(self.subject.entity, [LIFE])
            tables[self.subject.entity] += [{**keys, **life} for life in lives]
            sibling = _sibling(self.subject.keys, keys) if siblings else None
            if sibling:
                tables[self.subject.entity].append({**sibling, **LIFE})
            for each in self.subject.inputs:
                own = {column: keys[key] for key, column in each.keys.items()}
                rows = world.get(each.relation, self.around.get(each.relation, ()))
                tables[each.relation] += [
                    {**own, **self._labelled(each, row, label)} for row in rows
                ]
                if each.is_view and sibling:
                    beside = {column: sibling[key] for key, column in each.keys.items()}
                    around = self.around.get(each.relation, ())
                    tables[each.relation] += [{**beside, **row} for row in around]
        return tables

    def _labelled(self, each: Input, row: Row, label: str) -> Row:
        """Return the row with the label in its text id, where no key says which world it is of."""
        event = row.get(each.event_id or "")
        if not isinstance(event, str) or is_labelled(self.subject.keys):
            return row
        return {**row, str(each.event_id): label if event == EVENT else f"{label}, {event}"}

    def _asked(self, worlds: Mapping[str, World], sql: str, backwards: bool) -> list[Outcome]:
        tables = self.tables(worlds)
        if backwards:
            tables = {name: rows[::-1] for name, rows in tables.items()}
        rows = self.lab.run(sql, tables)
        first = leading_key(self.subject.keys)
        found = []
        for number, label in enumerate(worlds):
            keys = key_values(self.subject.keys, number, label)
            mine = [row for row in rows if row[first] == keys[first]]
            own = [row for row in mine if all(row[key] == keys[key] for key in keys)]
            rest = [row for row in mine if row not in own]
            found.append(Outcome(self._values(own), self._values(rest)))
        return found

    def _values(self, rows: Sequence[Mapping[str, Any]]) -> tuple[tuple[Any, ...], ...]:
        values = (tuple(row[name] for name in self.subject.features) for row in rows)
        return tuple(sorted(values, key=repr))


def _same(one: Any, other: Any) -> bool:
    """Return whether two values are equal, or so near that a microsecond or two explain it."""
    if isinstance(one, float) and isinstance(other, float):
        return one == other or abs(one - other) <= 1e-5
    if isinstance(one, datetime) and isinstance(other, datetime):
        return abs(one - other) <= 2 * TICK
    return repr(one) == repr(other)


def leading_key(keys: Mapping[str, str]) -> str:
    """Return the key that tells worlds apart: the first that can hold many values."""
    for key, type_ in keys.items():
        if normalise_type(type_) != "boolean":
            return key
    raise BadInput("All keys of the entity are boolean: no rows can be made for its views.")


def key_values(keys: Mapping[str, str], number: int, label: str) -> dict[str, Any]:
    """Return the keys of a world: text that leads is its label, else they are its number."""
    first = leading_key(keys)
    return {key: _key(type_, number, label, key == first) for key, type_ in keys.items()}


def is_labelled(keys: Mapping[str, str]) -> bool:
    """Return whether the leading key is text, and so tells which world it is."""
    return normalise_type(keys[leading_key(keys)]) == "varchar"


def _key(type_name: str, number: int, label: str, leads: bool) -> Any:
    kind = normalise_type(type_name)
    count = number + 1 if leads else 1
    if kind in INTEGER_RANGES:
        return count
    if kind == "varchar":
        return label if leads else "a"
    if kind == "boolean":
        return True
    if kind == "date":
        return date(2020, 1, 1) + timedelta(days=count)
    if kind == "timestamp":
        return datetime(2020, 1, 1) + timedelta(days=count)
    raise BadInput(f"A key of type {type_name} cannot be made up.")


def _sibling(keys: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return another entity that shares all keys but the last; None where there is one key."""
    first = leading_key(keys)
    rest = [key for key in keys if key != first]
    if not rest:
        return None
    last = rest[-1]
    return {**values, last: _other(values[last])}


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return "b" if isinstance(value, str) else value + timedelta(days=1)
