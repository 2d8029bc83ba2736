"""What a feature says when there is nothing to compute it from: its null rule, from its SQL."""

from collections.abc import Callable
from typing import Any

from provender_ops.definitions.declarations import Feature
from provender_ops.review.relations import EMPTY, NULLS
from provender_ops.review.terms import Term

UNKNOWN = "unknown"  # it depends on more than that
_STRICT = frozenset(
    {"cast", "trunc", "round", "neg", "elapsed", "calendar", "log", "spelt", "zoned", "via"}
)
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
}
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
}


def served_for_nothing(feature: Feature, term: Term, is_sparse: bool) -> Any:
    """Return what is served where there is nothing: None is null, UNKNOWN where SQL cannot tell.

    A sparse view has no row then, and its features are missing: the default stands in.
    """
    value = feature.default if is_sparse else for_nothing(term)
    return feature.default if value is None and feature.null_is == "default" else value


def for_nothing(term: Term) -> Any:  # noqa: PLR0911 - one return for each kind of term
    """Return the value of a term when no row was found; None is null."""
    if term.op in ("num", "str", "bool"):
        return term.args[0]
    if term.op in ("null", "col", "ucol", "gcol", "of", "okey", "win", "scalar"):
        return None
    if term.op == "agg":
        return _aggregated(term)
    if term.op == "exists":
        return False
    if term.op in _STRICT:
        return for_nothing(term.terms[0])
    if term.op == "coalesce":
        values = [for_nothing(each) for each in term.terms]
        return next((each for each in values if each is not None), None)
    if term.op == "nullif":
        value, other = map(for_nothing, term.terms)
        return None if value == other else value
    if term.op in ("isnull", "not", "case"):
        return _logical(term)
    return _computed(term)


def _aggregated(term: Term) -> Any:
    """Return an aggregate of no row, or of one row of nulls, as a left join leaves it."""
    name, _, of, arguments = term.args[:4]
    is_count = name in ("count", "countif")
    if of != NULLS:
        return 0 if is_count and of == EMPTY else None
    values = [1 if each.op == "star" else for_nothing(each) for each in arguments.terms]
    value = values[0] if values else 1
    if value == UNKNOWN:
        return UNKNOWN
    if not is_count:
        return value if name in ("sum", "avg", "max", "min", "logicalor") else None
    return int(value is not None and value is not False)


def _logical(term: Term) -> Any:
    if term.op == "case":
        return _case(term)
    value = for_nothing(term.terms[0])
    if value == UNKNOWN:
        return UNKNOWN
    if term.op == "isnull":
        return value is None
    return None if value is None else not value


def _case(term: Term) -> Any:
    for test, value in zip(term.terms[:-1:2], term.terms[1:-1:2], strict=True):
        holds = for_nothing(test)
        if holds == UNKNOWN:
            return UNKNOWN
        if holds:
            return for_nothing(value)
    return for_nothing(term.terms[-1])


def _computed(term: Term) -> Any:
    values = [for_nothing(each) for each in term.terms]
    if None in values and term.op in (*_ARITHMETIC, *_COMPARED, "div", "in"):
        return None
    if UNKNOWN in values:
        return UNKNOWN
    if term.op in _ARITHMETIC and all(isinstance(each, int | float) for each in values):
        return _ARITHMETIC[term.op](*values)
    if term.op in _COMPARED:
        try:
            return _COMPARED[term.op](*values)
        except TypeError:
            return UNKNOWN
    return UNKNOWN
