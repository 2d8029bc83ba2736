"""Which rows a feature is of: the cores of tables and of conditions.

Conditions of time become bounds of a difference, of several bounds the narrowest; what only asks
what was known, or whether a row is clean, is noted and left out.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from provender_ops.review.linear import Linear, is_here
from provender_ops.review.relations import conditions
from provender_ops.review.terms import AS_OF, TRUE, Term, in_order, is_literal, number, walk

RANKS = frozenset({"rownumber", "rank", "denserank"})
FLIPPED = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le"}
NEGATED = {"lt": "ge", "ge": "lt", "gt": "le", "le": "gt", "eq": "ne", "ne": "eq", "in": "notin"}


@dataclass
class Rows(ABC):
    """Makes cores of rows, and notes what it leaves out of them."""

    notes: dict[str, set[str]] = field(default_factory=dict)

    def note(self, kind: str, text: str) -> None:
        """Keep what is left out of a core."""
        self.notes.setdefault(kind, set()).add(text)

    @abstractmethod
    def core(self, term: Term) -> Term:
        """Return the core of a value."""

    @abstractmethod
    def scaled(self, term: Term) -> tuple[Term, float, float]:
        """Return the core of a value, by what it is multiplied, and what is added then."""

    @abstractmethod
    def linear(self, term: Term) -> Linear:
        """Return a value as a sum of multiples of cores, and a number."""

    def rows(self, rows: Term, also: Iterable[Term] = ()) -> Term:
        """Return the core of rows: their tables, and what chooses among them by value."""
        if rows.op == "grouped":
            return Term("grouped", self._table(rows.args[0]))
        tables = in_order(self._table(each) for each in rows.args[0].terms)
        found: list[Term] = []
        for condition in (*rows.args[1].terms, *also):
            found.extend(self.where(condition))
        grain = {_named(each) for each in rows.args[1].terms if each.op == "clean"}
        kept = _without_implied(self._bounded(found), set().union(*grain))
        return Term("rows", Term("tables", *tables), Term("where", *in_order(kept)))

    def _by(self, by: Term) -> Term:
        return Term("by", *in_order(self.core(each) for each in by.terms))

    def _table(self, instance: Term) -> Term:
        if instance.op == "group":
            return Term("group", self.rows(instance.args[1]), self._by(instance.args[2]))
        return instance

    def where(self, condition: Term) -> list[Term]:
        """Return the cores of the conditions that one says."""
        return [each for part in conditions(condition) for each in self._condition(part)]

    def _condition(self, condition: Term) -> list[Term]:  # noqa: PLR0911 - one for each kind
        if _asks_what_was_known(condition):
            self.note("known", "known at as_of")
            return []
        if condition.op == "clean":
            self._note_cleaning(condition)
            return []
        if condition.op == "not":
            return self._negated(condition.terms[0])
        if condition.op == "or":
            return [self._either(condition)]
        if condition.op in ("in", "notin"):
            return [self._among(condition)]
        if condition.op in ("same", "not same") and _is_literal_one(condition):
            condition = Term("eq" if condition.op == "same" else "ne", *condition.terms)
        if condition.op in (*FLIPPED, "eq", "ne"):
            return self._compared(condition.op, *condition.terms)
        if condition.op == "isnull":
            if condition.terms[0].op == "okey":
                return [Term("not", Term("any", self.rows(condition.terms[0].terms[1])))]
            return [Term("isnull", self.scaled(condition.terms[0])[0])]
        core = self.scaled(condition)[0]
        if core.op == "whether" and condition.op != "case":
            return list(core.terms)
        return [core]

    def _note_cleaning(self, condition: Term) -> None:
        self.note("cleaned", condition.args[0])
        for name in _named(condition):
            self.note("one row for each", name)

    def _negated(self, condition: Term) -> list[Term]:
        if condition.op == "not":
            return self.where(condition.terms[0])
        if condition.op in NEGATED:
            return self._condition(Term(NEGATED[condition.op], *condition.terms))
        if condition.op == "notin":
            return self._condition(Term("in", *condition.terms))
        if condition.op == "or":
            return [e for part in condition.terms for e in self._negated(part)]
        if condition.op == "isnull" and condition.terms[0].op == "okey":
            return [Term("any", self.rows(condition.terms[0].terms[1]))]
        inner = self._condition(condition)
        return [_not(inner[0])] if len(inner) == 1 else [Term("not", *in_order(inner))]

    def _either(self, condition: Term) -> Term:
        parts = [self.where(each) for each in _alternatives(condition)]
        ins = [part[0] for part in parts if len(part) == 1 and part[0].op == "in"]
        if len(ins) == len(parts) and len({each.args[0] for each in ins}) == 1:
            values = in_order(value for each in ins for value in each.args[1:])
            return Term("in", ins[0].args[0], *values)
        return Term("or", *in_order(Term("all", *in_order(part)) for part in parts))

    def _among(self, condition: Term) -> Term:
        value, *others = condition.terms
        core, is_spelt = self._spelt(value)
        cores = in_order(_lowered(self.core(each), is_spelt) for each in others)
        return Term(condition.op, core, *cores)

    def _spelt(self, value: Term) -> tuple[Term, bool]:
        is_spelt = any(each.op == "spelt" for each in walk(value, is_here))
        return self.scaled(value)[0], is_spelt

    def _compared(self, how: str, left: Term, right: Term) -> list[Term]:
        for one, other in ((left, right), (right, left)):
            if other.op in ("str", "bool") and how in ("eq", "ne"):
                if other == TRUE and how == "eq":
                    return self.where(one)
                return [self._among(Term("in" if how == "eq" else "notin", one, other))]
        counted = self._anything(how, left, right)
        if counted is not None:
            return counted
        difference, constant = self.linear(Term("sub", _undated(left, self), _undated(right, self)))
        if not difference:
            return []
        leaves = sorted(difference.items(), key=lambda each: each[0].key)
        lead = leaves[0][1]
        if lead < 0:
            how = FLIPPED.get(how, how)
        constant = round(constant / lead, 6) + 0.0
        parts = [Term("times", round(factor / lead, 9), core) for core, factor in leaves]
        if how in ("eq", "ne"):
            return [self._equal(how, leaves, constant, parts)]
        return [Term("bound", "above" if how in ("gt", "ge") else "below", how in ("ge", "le"),
                     constant, *parts)]  # fmt: skip

    def _equal(
        self, how: str, leaves: list[tuple[Term, float]], constant: float, parts: list[Term]
    ) -> Term:
        if len(leaves) == 1:
            core, value = leaves[0][0], number(-constant)
            if how == "eq" and core.op == "win" and value == number(1) and _is_rank(core):
                return Term("first", core.args[1], *core.args[2].terms, core.args[4])
            return Term("in" if how == "eq" else "notin", core, value)
        if len(leaves) == 2 and not constant and leaves[1][1] == -leaves[0][1]:
            same = Term("same", leaves[0][0], leaves[1][0])
            return same if how == "eq" else Term("not", same)
        return Term(how, constant, *parts)

    def _anything(self, how: str, left: Term, right: Term) -> list[Term] | None:
        """Return whether there is any row, where a count is compared with nothing."""
        if right.op != "num" or how not in ("gt", "ge", "eq", "ne", "lt"):
            return None
        core, scale, shift = type(self)().scaled(left)
        if core.op != "agg" or core.args[0] != "count" or (scale, shift) != (1, 0):
            return None
        least = (how, right.args[0])
        core = self.scaled(left)[0]
        there = Term("any", core.args[3])
        if least in (("gt", 0.0), ("ge", 1.0), ("ne", 0.0)):
            return [there]
        return [Term("not", there)] if least in (("eq", 0.0), ("lt", 1.0)) else None

    def _bounded(self, found: Iterable[Term]) -> list[Term]:
        """Return conditions, of several bounds of one value the narrowest, their edges noted."""
        bounds: dict[tuple[str, Term], list[Term]] = {}
        kept: list[Term] = []
        for each in found:
            if each.op != "bound":
                kept.append(each)
                continue
            side, _, constant, *parts = each.args
            of = Term("of", *parts)
            if _is_moment(parts) and constant == 0 and (side == "below") == (_moment(parts) > 0):
                self.note("newest", "until as_of" if each.args[1] else "before as_of")
                continue
            bounds.setdefault((side, of), []).append(each)
        for (side, of), several in bounds.items():
            pick = max if side == "below" else min
            narrowest = pick(several, key=lambda each: each.args[2])
            self.note("edge", f"{side} {of.key} {'closed' if narrowest.args[1] else 'open'}")
            kept.append(Term("bound", side, narrowest.args[2], of))
        return kept


def _is_literal_one(condition: Term) -> bool:
    return any(is_literal(each) for each in condition.terms)


def _undated(term: Term, reader: Rows) -> Term:
    """Return a moment in a comparison without its being cut to a day."""
    if term.op == "trunc":
        reader.note("days", "calendar days")
        return _undated(term.terms[0], reader)
    if term.op in ("add", "sub", "cast", "elapsed", "calendar") and term.terms:
        parts = [_undated(e, reader) if isinstance(e, Term) else e for e in term.args]
        return Term(term.op, *parts)
    return term


def _is_rank(core: Term) -> bool:
    return core.args[0].args[0] in RANKS


def _not(term: Term) -> Term:
    if term.op == "not":
        return term.terms[0]
    if term.op in ("in", "notin"):
        return Term("notin" if term.op == "in" else "in", *term.args)
    return Term("not", term)


def _alternatives(condition: Term) -> Iterator[Term]:
    if condition.op == "or":
        for each in condition.terms:
            yield from _alternatives(each)
    else:
        yield condition


def _lowered(term: Term, is_spelt: bool) -> Term:
    return Term("str", term.args[0].lower().strip()) if is_spelt and term.op == "str" else term


def _is_moment(parts: list[Term]) -> bool:
    """Return whether two moments are compared, one of them as_of."""
    return len(parts) == 2 and any(each.args[1] == AS_OF for each in parts)


def _moment(parts: list[Term]) -> float:
    """Return the sign that the event's moment has beside as_of."""
    return next(float(each.args[0]) for each in parts if each.args[1] != AS_OF)


def _asks_what_was_known(condition: Term) -> bool:
    """Return whether a condition is of `known_from` and `known_until` and no other column."""
    inside = [each.op for each in walk(condition, is_here)]
    return "known" in inside and not {"col", "ucol", "gcol", "of"} & set(inside)


def _named(cleaning: Term) -> frozenset[str]:
    """Return the columns that rows are told apart by when they are cleaned."""
    grain = cleaning.args[1].terms
    return frozenset(each.args[-1] if each.op == "col" else each.key for each in grain)


def _without_implied(found: list[Term], grain: set[str]) -> list[Term]:
    """Return conditions without `is not null` of what another asks more of, or tells rows apart."""
    asked = {
        leaf for each in found if each.op in ("in", "same", "bound") for leaf in walk(each, is_here)
    }

    def is_implied(test: Term) -> bool:
        column = test.terms[0]
        return column in asked or (column.op == "col" and column.args[1] in grain)

    return [
        each
        for each in found
        if not (each.op == "not" and each.args[0].op == "isnull" and is_implied(each.args[0]))
    ]
