"""What a column is made of, as a term: an operation and what it is applied to.

Leaves are columns of sources (`col`), the keys and the moment of the spine (`key`, `as_of`) and
literals. An aggregate (`agg`) holds the rows that it is of, so that it means the same wherever it
stands. Two terms are equal when they are built alike, whatever their SQL named anything.
"""

from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from typing import Any

# These hold rows of their own: what is inside says nothing of the rows around them.
BOUND = frozenset({"agg", "win", "exists", "scalar", "rows", "group", "inner"})


class Term:
    """An operation and its arguments: terms, texts and numbers. `key` is equal for equal terms."""

    __slots__ = ("args", "key", "op", "size")
    key: str
    size: int

    def __init__(self, op: str, *args: Any) -> None:
        """Build a term; arguments that are terms are shared, never copied."""
        self.op, self.args = op, args
        parts = [each.key if isinstance(each, Term) else repr(each) for each in args]
        self.key = blake2b("\x00".join((op, *parts)).encode(), digest_size=12).hexdigest()
        self.size = 1 + sum(each.size for each in args if isinstance(each, Term))

    def __eq__(self, other: object) -> bool:
        """Equal when built alike."""
        return isinstance(other, Term) and self.key == other.key

    def __hash__(self) -> int:
        """By the key."""
        return hash(self.key)

    def __repr__(self) -> str:
        """For people who debug: op(args)."""
        return f"{self.op}({', '.join(map(repr, self.args))})"

    @property
    def terms(self) -> tuple["Term", ...]:
        """The arguments that are terms."""
        return tuple(each for each in self.args if isinstance(each, Term))


NULL = Term("null")
TRUE = Term("bool", True)
AS_OF = Term("as_of")
STAR = Term("star")
LITERALS = frozenset({"num", "str", "bool", "null", "secs"})


def number(value: float) -> Term:
    """Return a number as a term: 1 and 1.0 are one."""
    return Term("num", float(value))


def walk(term: Term, into: Callable[[Term], bool] = lambda _: True) -> Iterator[Term]:
    """Yield a term and what is in it, each once, not what is inside of what `into` refuses."""
    seen: set[str] = set()
    to_do = [term]
    while to_do:
        each = to_do.pop()
        if each.key in seen:
            continue
        seen.add(each.key)
        yield each
        if into(each):
            to_do.extend(each.terms)


def replaced(term: Term, change: Callable[[Term], Term | None]) -> Term:
    """Return a term with parts changed, outermost first; `change` gives None to go inside.

    Rows that a part holds of its own are left as they are.
    """
    done: dict[str, Term] = {}

    def visit(each: Term) -> Term:
        if each.key not in done:
            other = change(each)
            done[each.key] = _inside(each, visit) if other is None else other
        return done[each.key]

    return visit(term)


def _inside(term: Term, visit: Callable[[Term], Term]) -> Term:
    if term.op in BOUND or not term.terms:
        return term
    return Term(term.op, *(visit(each) if isinstance(each, Term) else each for each in term.args))


def in_order(terms: Iterable[Term]) -> tuple[Term, ...]:
    """Return terms, each once, in an order of their own."""
    return tuple(sorted(set(terms), key=lambda term: term.key))


def is_literal(term: Term) -> bool:
    """Return whether it stands for a value."""
    return term.op in LITERALS


def is_nothing(term: Term) -> bool:
    """Return whether it is null, zero or false."""
    return term in (NULL, number(0), Term("bool", False))


def rows_of(instances: Iterable[Term], conditions: Iterable[Term]) -> Term:
    """Return the rows of some joined tables under conditions."""
    return Term("rows", Term("tables", *in_order(instances)), Term("where", *in_order(conditions)))
