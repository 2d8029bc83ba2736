"""A view as its tests are made from: its SQL, what it reads, and what those columns may hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlglot
from sqlglot import exp

from provender_ops.errors import BadInput
from provender_ops.scaffold.checkout import VERSION_TIMES, Checkout, Node
from provender_ops.scaffold.lab import read_tables

LIFE = {"live_from": "timestamp", "live_until": "timestamp"}
_TIMES = {**dict.fromkeys(VERSION_TIMES, "timestamp"), "as_of": "timestamp"}


@dataclass(frozen=True)
class Input:
    """A relation that the view reads, other than its entity.

    `keys` are the entity's keys to the columns here that hold them; `event_id` tells events apart;
    `accepted` are the values that a dbt test allows in a column; `defaults` those that a feature
    has where there is nothing.
    """

    relation: str
    name: str
    ref: str
    columns: Mapping[str, str]
    keys: Mapping[str, str]
    event_id: str | None
    accepted: Mapping[str, Sequence[Any]]
    is_view: bool
    defaults: Mapping[str, Any]

    @property
    def has_versions(self) -> bool:
        """Whether a row here is a version of an event."""
        return not self.is_view and {"occurred_at", "known_from"} <= set(self.columns)

    @property
    def has_corrections(self) -> bool:
        """Whether a version here may be replaced by a newer one."""
        return self.has_versions and "known_until" in self.columns


@dataclass(frozen=True)
class Subject:
    """A feature view, and what its SQL is made of. `keys` and `features` are typed."""

    name: str
    version: int | None
    sql: str
    entity: str
    entity_ref: str
    keys: Mapping[str, str]
    features: Sequence[str]
    inputs: Sequence[Input]

    @property
    def title(self) -> str:
        """The name its tests begin with."""
        return self.name if self.version is None else f"{self.name}_v{self.version}"

    @cached_property
    def parsed(self) -> exp.Expr:
        """The SQL as a tree."""
        return sqlglot.parse_one(self.sql, read="duckdb")

    @property
    def tables(self) -> dict[str, Mapping[str, str]]:
        """Every relation it reads, with the columns that we know of."""
        lives = {self.entity: {**self.keys, **LIFE}}
        return lives | {each.relation: each.columns for each in self.inputs}

    @cached_property
    def used(self) -> frozenset[str]:
        """Names of the columns that the SQL speaks of."""
        return frozenset(column.name.lower() for column in self.parsed.find_all(exp.Column))

    def compared(self, column: str) -> list[Any]:
        """Return the constants that the SQL compares a column of this name with."""
        found = [
            _constant(literal)
            for comparison in self.parsed.find_all(exp.Predicate)
            if any(c.name.lower() == column for c in _direct(comparison, exp.Column))
            for literal in _direct(comparison, exp.Literal)
        ]
        return list(dict.fromkeys(found))


@dataclass(frozen=True)
class Named:
    """What a view is called and about, and the features that its tests are to show."""

    name: str
    version: int | None
    entity: Node
    features: Sequence[str]


def subject_of(checkout: Checkout, view: Named, sql: str) -> Subject:
    """Return a view with this compiled SQL as a subject of tests; raise BadInput."""
    name, entity = view.name, view.entity
    keys = checkout.keys(entity)
    by_relation = {
        node.relation: node for node in checkout.nodes.values() if node.raw.get("relation_name")
    }
    equal = _equal_columns(sql)
    inputs = []
    for relation in read_tables(sql):
        node = by_relation.get(relation)
        if node is None:
            raise BadInput(
                f"{name} reads {relation}, which dbt does not know. Read it by ref() or source()."
            )
        if node.unique_id != entity.unique_id:
            inputs.append(_input(checkout, node, keys, equal))
    return Subject(
        name=name,
        version=view.version,
        sql=sql,
        entity=entity.relation,
        entity_ref=entity.ref(checkout.package),
        keys=keys,
        features=tuple(view.features),
        inputs=tuple(inputs),
    )


def _input(
    checkout: Checkout, node: Node, keys: Mapping[str, str], equal: Mapping[str, set[str]]
) -> Input:
    columns = {name: type_ or _TIMES.get(name) for name, type_ in node.columns.items()}
    untyped = [name for name, type_ in columns.items() if type_ is None]
    if untyped or not columns:
        raise BadInput(
            f"{node.name} declares no type of {', '.join(untyped) or 'any column'}, so no"
            f" rows of it can be made. Write data_type in {node.yaml or node.path}."
        )
    typed = {name: str(type_) for name, type_ in columns.items()}
    return Input(
        relation=node.relation,
        name=node.name,
        ref=node.ref(checkout.package),
        columns=typed,
        keys=_key_columns(keys, typed, equal),
        event_id=checkout.event_id(node),
        accepted=_accepted(checkout, node),
        is_view="feature_view" in node.meta,
        defaults=node.defaults,
    )


def _key_columns(
    keys: Mapping[str, str], columns: Mapping[str, str], equal: Mapping[str, set[str]]
) -> dict[str, str]:
    """Return where a relation holds the entity's keys: by name, else by what they are joined to."""
    found = {}
    for key in keys:
        joined = sorted(equal.get(key, set()) & set(columns))
        if key in columns:
            found[key] = key
        elif joined:
            found[key] = joined[0]
    return found


def _equal_columns(sql: str) -> dict[str, set[str]]:
    """Return the names of columns that SQL equates: each with the others'."""
    found: dict[str, set[str]] = {}
    for equation in sqlglot.parse_one(sql, read="duckdb").find_all(exp.EQ):
        left, right = equation.this, equation.expression
        if isinstance(left, exp.Column) and isinstance(right, exp.Column):
            found.setdefault(left.name, set()).add(right.name)
            found.setdefault(right.name, set()).add(left.name)
    return found


def _accepted(checkout: Checkout, node: Node) -> dict[str, Sequence[Any]]:
    found: dict[str, Sequence[Any]] = {}
    for test in checkout.manifest["nodes"].values():
        if test["resource_type"] == "test" and test.get("attached_node") == node.unique_id:
            metadata = test.get("test_metadata") or {}
            arguments = metadata.get("kwargs") or {}
            values = (arguments.get("arguments") or arguments).get("values")
            if metadata.get("name") == "accepted_values" and values:
                found[str(test["column_name"])] = list(values)
    return found


def _direct(comparison: exp.Expr, kind: type[exp.Expr]) -> list[Any]:
    """Return the columns or literals that a comparison is of itself, not in a query within it."""
    return [
        node
        for node in comparison.find_all(kind)
        if node.find_ancestor(exp.Predicate) is comparison and not node.find_ancestor(exp.Interval)
    ]


def _constant(literal: exp.Literal) -> Any:
    if literal.is_string:
        return literal.this
    return int(literal.this) if literal.this.isdigit() else float(literal.this)
