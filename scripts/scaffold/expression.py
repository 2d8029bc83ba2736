"""A feature's SQL: what type it has, and what it is for an entity that nothing happened to."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp

from provender_ops.errors import BadInput
from provender_ops.scaffold.checkout import VERSION_TIMES, Node
from provender_ops.scaffold.lab import Lab
from provender_ops.scaffold.names import check_name, servable

_TAKEN = ("spine", "final")
_INTEGERS = ("tinyint", "smallint", "integer", "bigint", "hugeint")


@dataclass(frozen=True)
class Written:
    """A feature as it is written: SQL over `alias`, its type, and the value of nothing at all."""

    name: str
    alias: str
    sql: str
    type: str
    default: Any
    description: str


def thing(source: Node) -> str:
    """Return what the rows of a staging model are: `stg_lender__card_payments` -> card_payments."""
    name = source.name.rpartition("__")[2].removeprefix("stg_")
    return f"{name}_events" if name in _TAKEN else name


def counted(source: Node, window: str) -> Written:
    """Return the count of a model's rows in a window: a beginning to write features from."""
    alias = thing(source)
    words = alias.replace("_", " ")
    return Written(
        name=f"{alias}_{window}",
        alias=alias,
        sql=f"cast(count({alias}.occurred_at) as integer)",
        type="integer",
        default=0,
        description=f"Number of {words} in the {spelled(window)} up to `as_of`.",
    )


def written(source: Node, window: str, text: str) -> Written:
    """Return the feature of `NAME=EXPRESSION`, an aggregate of a model's columns; else BadInput."""
    name, equals, expression = (part.strip() for part in text.partition("="))
    if not (name and equals and expression):
        raise BadInput(
            f"--feature {text!r} is not NAME=EXPRESSION, like 'largest_payment_30d=max(amount)'."
        )
    alias = thing(source)
    sql = _qualified(expression, alias, list(source.columns))
    type_, default = _tried(check_name("feature", name), sql, alias, source)
    words = alias.replace("_", " ")
    return Written(
        name=name,
        alias=alias,
        sql=_cast(sql, type_),
        type=servable(name, type_),
        default=default,
        description=(
            f"`{expression}` of the {words} in the {spelled(window)} up to `as_of`"
            f"{'; null when there is none' if default is None else ''}."
        ),
    )


def spelled(window: str) -> str:
    """Return a duration in words: `30d` -> 30 days."""
    unit = {"s": "second", "m": "minute", "h": "hour", "d": "day"}[window[-1]]
    return f"{window[:-1]} {unit}{'' if window[:-1] == '1' else 's'}"


def _cast(sql: str, type_: str) -> str:
    """Return the SQL with a type that can be kept: a sum of integers has one that cannot."""
    kept = servable("feature", type_)
    if kept == type_ or not type_.startswith(("decimal", "hugeint", "uhugeint")):
        return sql
    return f"cast({sql} as {kept.replace(',', ', ')})"


def _tried(name: str, sql: str, alias: str, source: Node) -> tuple[str, Any]:
    """Run the expression over no rows, and over the row that a left join makes of none."""
    untyped = [column for column, type_ in source.columns.items() if type_ is None]
    columns = {column: type_ or "varchar" for column, type_ in source.columns.items()}
    lab = Lab({alias: {**columns, **dict.fromkeys(VERSION_TIMES, "timestamp")}})
    try:
        query = f"select {sql} as {name} from {alias}"
        (type_,) = lab.types(query).values()
        empty = lab.run(query, {})
        joined = lab.run(query, {alias: [{"occurred_at": None}]})
    except BadInput as error:
        hint = f" {source.name} declares no type of {', '.join(untyped)}." if untyped else ""
        raise BadInput(f"--feature {name}: {error}{hint}") from None
    finally:
        lab.close()
    servable(name, type_)
    if len(empty) != 1:
        raise BadInput(
            f"--feature {name}: {sql!r} is no aggregate. A view has one row for each entity: write"
            " one like sum(…), max(…) or count(…)."
        )
    if empty != joined:
        raise BadInput(
            f"--feature {name}: {sql!r} counts something where nothing happened. Count a column:"
            f" count({alias}.occurred_at)."
        )
    return type_, empty[0][name]


def _qualified(expression: str, alias: str, columns: Sequence[str]) -> str:
    """Return the SQL with the alias before each bare column, the rest as it was written."""
    if re.search(r"{[{%#]", expression):
        return expression
    try:
        parsed = sqlglot.parse_one(f"select {expression}", read="duckdb")
    except sqlglot.ParseError:
        return expression  # DuckDB says it better
    shift = len("select ")
    starts = [
        column.this.meta["start"] - shift
        for column in parsed.find_all(exp.Column)
        if not column.table and column.name in columns and "start" in column.this.meta
    ]
    for start in sorted(set(starts), reverse=True):
        expression = f"{expression[:start]}{alias}.{expression[start:]}"
    return expression
