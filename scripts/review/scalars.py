"""Expressions of SQL as terms.

Spellings of one thing become one term here (`a::int` and `cast(a as int)`, `between` and two
comparisons, `interval '1 day'` and 24 hours). What is not known stays as it is, by its name.
"""

from collections.abc import Callable
from typing import Any, Protocol

from sqlglot import exp

from provender_ops.review.terms import NULL, STAR, TRUE, Term, number

Node = Any  # what the parser makes; its base class has another name from version to version

SECONDS = {
    "MICROSECOND": 1e-6,
    "MILLISECOND": 1e-3,
    "SECOND": 1.0,
    "MINUTE": 60.0,
    "HOUR": 3600.0,
    "DAY": 86400.0,
    "WEEK": 604800.0,
    "MONTH": 2592000.0,  # 30 days: near enough to see that two windows mean the same
    "QUARTER": 7776000.0,
    "YEAR": 31536000.0,
}
CALENDAR = frozenset({"MONTH", "QUARTER", "YEAR"})
_DIFFERENCES = {"datesub", "date_sub", "datediff", "date_diff"}
_PARTS = {"date_part", "datepart"}
_OTHER_AGGREGATES = frozenset({"entropy", "favg", "fsum", "histogram", "mad", "product", "mean"})
_NOT_AGGREGATES = (exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue, exp.RowNumber)
_COMPARED = {
    exp.EQ: "eq",
    exp.NEQ: "ne",
    exp.LT: "lt",
    exp.LTE: "le",
    exp.GT: "gt",
    exp.GTE: "ge",
    exp.NullSafeEQ: "same",
    exp.NullSafeNEQ: "not same",
}
_ARITHMETIC = {exp.Add: "add", exp.Sub: "sub", exp.Mul: "mul", exp.Div: "div"}
_WHOLE = {"INT", "BIGINT", "SMALLINT", "TINYINT", "HUGEINT", "UINT", "UBIGINT"}


class Surroundings(Protocol):
    """Where an expression stands: what its names mean, and which rows it is of."""

    def column(self, parts: tuple[str, ...]) -> Term:
        """Return what a column is, by its name, or its table and its name."""

    def aggregated(
        self, name: str, is_distinct: bool, arguments: list[Term], where: Term | None
    ) -> Term:
        """Return an aggregate of the rows here."""

    def windowed(self, function: Term, window: Node) -> Term:
        """Return a function over a window of the rows here."""

    def subquery(self, query: Node, how: str) -> Term:
        """Return the value (`scalar`), the existence (`exists`) or the values (`values`)."""


def is_aggregate(node: Node) -> bool:
    """Return whether a node is a call of an aggregate, were it not over a window."""
    if isinstance(node, exp.Anonymous):
        return str(node.this).lower() in _OTHER_AGGREGATES
    return isinstance(node, exp.AggFunc) and not isinstance(node, _NOT_AGGREGATES)


def read(node: Node, here: Surroundings) -> Term:
    """Return an expression as a term."""
    if is_aggregate(node):
        return _aggregate(node, here, None)
    for kind in type(node).__mro__:
        if kind in _READERS:
            return _READERS[kind](node, here)
    return _generic(node, here)


def seconds(count: float, unit: str) -> Term:
    """Return a length of time; of a month or a year it says that it is one."""
    name = unit.upper().removesuffix("S")
    length = Term("secs", count * SECONDS[name])
    return Term("calendar", length) if name in CALENDAR else length


def _generic(node: Node, here: Surroundings) -> Term:
    named = node.this if isinstance(node, exp.Anonymous) else type(node).__name__
    parts: list[Any] = [str(named).lower()]
    for key, value in node.args.items():
        if isinstance(node, exp.Anonymous) and key == "this":
            continue
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, exp.Var | exp.DataType | exp.Identifier):
                parts.append(each.sql(dialect="duckdb").lower())
            elif isinstance(each, exp.Expression):
                parts.append(read(each, here))
            elif each not in (None, False):
                parts.append(str(each))
    return Term("fn", *parts)


def _anonymous(node: Node, here: Surroundings) -> Term:
    name = str(node.this).lower()
    arguments = node.expressions
    if name.startswith("to_") and name[3:-1].upper() in SECONDS and len(arguments) == 1:
        return _times(read(arguments[0], here), seconds(1, name[3:]))
    if name in _DIFFERENCES and len(arguments) == 3:
        return _elapsed(arguments[0].name, read(arguments[2], here), read(arguments[1], here))
    if name in _PARTS and len(arguments) == 2:
        return _part(arguments[0].name, read(arguments[1], here))
    if name == "timezone" and len(arguments) == 2:
        return Term("zoned", read(arguments[1], here), read(arguments[0], here))
    if name == "age" and len(arguments) == 2:
        earlier = read(arguments[1], here)
        return Term("calendar", Term("sub", read(arguments[0], here), earlier))
    return _generic(node, here)


def _part(name: str, of: Term) -> Term:
    unit = name.upper().removesuffix("S")
    if unit == "EPOCH":
        return of
    if unit in SECONDS and of.op in ("sub", "elapsed"):
        return Term("elapsed", unit, of, "whole")
    return Term("fn", "part", unit.lower(), of)


def _elapsed(unit: str, later: Term, earlier: Term, how: str = "whole") -> Term:
    """Return how many units lie between two moments: whole ones, or how often one began."""
    return Term("elapsed", unit.upper().removesuffix("S"), Term("sub", later, earlier), how)


def _times(count: Term, length: Term) -> Term:
    if count.op == "num" and length.op == "secs":
        return Term("secs", count.args[0] * length.args[0])
    return Term("mul", count, length)


def _literal(node: Node, _: Surroundings) -> Term:
    return Term("str", node.name) if node.is_string else number(float(node.name))


def _negative(node: Node, here: Surroundings) -> Term:
    inner = read(node.this, here)
    return number(-inner.args[0]) if inner.op == "num" else Term("neg", inner)


def _interval(node: Node, here: Surroundings) -> Term:
    unit = node.args.get("unit")
    value = node.this.unnest() if node.this is not None else None
    name = unit.name if unit is not None else ""
    if isinstance(value, exp.Literal):
        words = value.name.split()
        if not name and len(words) == 2:  # interval '7 days', as some dialects keep it
            words, name = words[:1], words[1]
        try:
            return seconds(float(words[0]), name)
        except (ValueError, KeyError, IndexError):
            return _generic(node, here)
    if value is None or name.upper().removesuffix("S") not in SECONDS:
        return _generic(node, here)
    return _times(read(value, here), seconds(1, name))


def _cast(node: Node, here: Surroundings) -> Term:
    inner = read(node.this, here)
    to = node.to.sql(dialect="duckdb").upper()
    if to == "DATE" and inner.op != "str":
        return Term("trunc", "DAY", inner)
    return Term("cast", "whole" if to in _WHOLE else to.split("(")[0].lower(), inner)


def _arithmetic(node: Node, here: Surroundings) -> Term:
    kind = _ARITHMETIC[type(node)]
    left, right = read(node.this, here), read(node.expression, here)
    if kind in ("add", "sub"):
        if left.op == right.op == "trunc" and kind == "sub":
            return Term("elapsed", "DAY", Term("sub", left, right), "begun")
        if left.op == "trunc" and right.op == "num":  # a day and a number of days
            right = seconds(right.args[0], "DAY")
    if kind == "mul" and {left.op, right.op} == {"num", "secs"}:
        return _times(*((left, right) if left.op == "num" else (right, left)))
    return Term(kind, left, right)


def _case(node: Node, here: Surroundings) -> Term:
    parts = []
    for branch in node.args.get("ifs") or [node]:
        condition = read(branch.this, here)
        if isinstance(node, exp.Case) and node.this is not None:
            condition = Term("eq", read(node.this, here), condition)
        parts += [condition, read(branch.args["true"], here)]
    otherwise = node.args.get("default" if isinstance(node, exp.Case) else "false")
    return Term("case", *parts, NULL if otherwise is None else read(otherwise, here))


def _aggregate(node: Node, here: Surroundings, where: Term | None) -> Term:
    name, arguments = _name_and_arguments(node)
    is_distinct, terms = False, []
    for argument in arguments:
        inner = argument
        if isinstance(inner, exp.Distinct):
            is_distinct = True
            terms += [read(each, here) for each in inner.expressions]
            continue
        if isinstance(inner, exp.Order):
            terms += [read(inner.this, here), *(_ordered(each, here) for each in inner.expressions)]
            continue
        terms.append(read(inner, here))
    return here.aggregated(name, is_distinct, terms, where)


def _name_and_arguments(node: Node) -> tuple[str, list[Node]]:
    if isinstance(node, exp.Anonymous):
        name = str(node.this).lower()
        return ("avg" if name in ("mean", "favg") else name), list(node.expressions)
    parts = [node.args.get("this"), node.args.get("expression"), *(node.expressions or ())]
    return type(node).__name__.lower(), [part for part in parts if isinstance(part, exp.Expression)]


def _filtered(node: Node, here: Surroundings) -> Term:
    where = read(node.expression.this, here)
    inner = node.this
    while isinstance(inner, exp.IgnoreNulls | exp.RespectNulls):
        inner = inner.this
    if is_aggregate(inner):
        return _aggregate(inner, here, where)
    return Term("fn", "filter", read(inner, here), where)


def _ordered(node: Node, here: Surroundings) -> Term:
    if not isinstance(node, exp.Ordered):
        return Term("order", "asc", read(node, here))
    return Term("order", "desc" if node.args.get("desc") else "asc", read(node.this, here))


def _window(node: Node, here: Surroundings) -> Term:
    function = node.this
    where = None
    while isinstance(function, exp.IgnoreNulls | exp.RespectNulls | exp.Filter):
        if isinstance(function, exp.Filter):
            where = read(function.expression.this, here)
        function = function.this
    name, arguments = _name_and_arguments(function)
    read_arguments = [
        *(read(each, here) for each in arguments if not isinstance(each, exp.Distinct)),
        *([where] if where is not None else ()),
    ]
    return here.windowed(Term("call", name, *read_arguments), node)


def ordering(window: Node, here: Surroundings) -> tuple[list[Term], list[Term]]:
    """Return by what a window is partitioned and ordered."""
    order = window.args.get("order")
    partition = [read(each, here) for each in window.args.get("partition_by") or ()]
    ordered = [_ordered(each, here) for each in (order.expressions if order else ())]
    return partition, [each for each in ordered if each.terms[0].op not in ("key", "as_of")]


def _column(node: Node, here: Surroundings) -> Term:
    return STAR if node.is_star else here.column(tuple(part.name for part in node.parts))


def _in(node: Node, here: Surroundings) -> Term:
    if node.args.get("query") is not None:
        return Term("in", read(node.this, here), here.subquery(node.args["query"], "values"))
    return Term("in", read(node.this, here), *(read(each, here) for each in node.expressions))


def _eq_any(node: Node, here: Surroundings) -> Term:
    other = node.expression
    if isinstance(node, exp.EQ) and isinstance(other, exp.Any):
        listed = other.this.unnest()
        if isinstance(listed, exp.Array):
            return Term("in", read(node.this, here), *(read(e, here) for e in listed.expressions))
    return Term(_COMPARED[type(node)], read(node.this, here), read(other, here))


def _between(node: Node, here: Surroundings) -> Term:
    value = read(node.this, here)
    low, high = read(node.args["low"], here), read(node.args["high"], here)
    return Term("and", Term("ge", value, low), Term("le", value, high))


def _is(node: Node, here: Surroundings) -> Term:
    value, other = read(node.this, here), read(node.expression, here)
    if other == NULL:
        return Term("isnull", value)
    return value if other == TRUE else Term("same", value, other)


def _fn(name: str) -> Callable[[Node, Surroundings], Term]:
    def reader(node: Node, here: Surroundings) -> Term:
        parts = (node.this, *(node.expressions or ()), node.args.get("expression"))
        return Term(name, *(read(part, here) for part in parts if isinstance(part, exp.Expression)))

    return reader


def _log(node: Node, here: Surroundings) -> Term:
    base, value = node.this, node.args.get("expression")
    return Term("log", "10", read(base if value is None else value, here))


_READERS: dict[type, Callable[[Any, Surroundings], Term]] = {
    exp.Alias: lambda node, here: read(node.this, here),
    exp.Paren: lambda node, here: read(node.this, here),
    exp.IgnoreNulls: lambda node, here: read(node.this, here),
    exp.RespectNulls: lambda node, here: read(node.this, here),
    exp.Anonymous: _anonymous,
    exp.Literal: _literal,
    exp.Boolean: lambda node, _: Term("bool", bool(node.this)),
    exp.Null: lambda *_: NULL,
    exp.Star: lambda *_: STAR,
    exp.Column: _column,
    exp.Interval: _interval,
    exp.ToDays: lambda node, here: _times(read(node.this, here), seconds(1, "DAY")),
    exp.Cast: _cast,
    exp.AtTimeZone: lambda node, here: Term(
        "zoned", read(node.this, here), read(node.args["zone"], here)
    ),
    exp.TimestampTrunc: lambda node, here: Term(
        "trunc", node.unit.name.upper(), read(node.this, here)
    ),
    exp.DateTrunc: lambda node, here: Term("trunc", node.unit.name.upper(), read(node.this, here)),
    exp.DateDiff: lambda node, here: _elapsed(
        node.unit.name if node.unit else "DAY",
        read(node.this, here),
        read(node.expression, here),
        "begun",
    ),
    exp.TimeToUnix: lambda node, here: read(node.this, here),
    exp.Extract: lambda node, here: _part(node.name, read(node.expression, here)),
    exp.Neg: _negative,
    exp.Add: _arithmetic,
    exp.Sub: _arithmetic,
    exp.Mul: _arithmetic,
    exp.Div: _arithmetic,
    exp.Case: _case,
    exp.If: _case,
    exp.Coalesce: _fn("coalesce"),
    exp.Nullif: _fn("nullif"),
    exp.Lower: _fn("spelt"),
    exp.Upper: _fn("spelt"),
    exp.Trim: _fn("spelt"),
    exp.Ln: lambda node, here: Term("log", "e", read(node.this, here)),
    exp.Log: _log,
    exp.Sqrt: lambda node, here: Term("log", "sqrt", read(node.this, here)),
    exp.Round: lambda node, here: Term("round", read(node.this, here)),
    exp.Floor: lambda node, here: Term("round", read(node.this, here)),
    exp.Ceil: lambda node, here: Term("round", read(node.this, here)),
    exp.Greatest: _fn("greatest"),
    exp.Least: _fn("least"),
    exp.Not: lambda node, here: Term("not", read(node.this, here)),
    exp.And: _fn("and"),
    exp.Or: _fn("or"),
    exp.In: _in,
    exp.Between: _between,
    exp.Is: _is,
    exp.Filter: _filtered,
    exp.Window: _window,
    exp.Subquery: lambda node, here: here.subquery(node.this, "scalar"),
    exp.Exists: lambda node, here: here.subquery(node.this, "exists"),
    **dict.fromkeys(_COMPARED, _eq_any),
}
