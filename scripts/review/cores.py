"""The core of a value: what it measures, apart from how it writes it down."""

from collections.abc import Iterable, Iterator

from provender_ops.review.linear import Linear, is_here, plus, times
from provender_ops.review.measured import Measures
from provender_ops.review.rows import NEGATED, RANKS
from provender_ops.review.scalars import SECONDS
from provender_ops.review.terms import NULL, Term, in_order, is_literal, is_nothing, number, walk


class Cores(Measures):
    """Makes cores of values."""

    def core(self, term: Term) -> Term:
        """Return the core of a term, with its factor where there is one."""
        core, scale, shift = self.scaled(term)
        return core if (scale, shift) == (1, 0) else Term("linear", scale, shift, core)

    def scaled(self, term: Term) -> tuple[Term, float, float]:
        """Return a core, by what it is multiplied, and what is added then."""
        if term.op in ("num", "secs"):
            return number(1), term.args[0], 0
        terms, shift = self.linear(term)
        if not terms:
            return number(1), shift, 0
        if len(terms) == 1:
            ((core, scale),) = terms.items()
            return core, scale, shift
        leaves = sorted(terms.items(), key=lambda each: each[0].key)
        lead = leaves[0][1]
        parts = [Term("times", round(factor / lead, 9), core) for core, factor in leaves]
        return Term("sum", *parts), lead, shift

    def linear(self, term: Term) -> Linear:
        """Return a term as a sum of multiples of cores, and a number."""
        if term.op in ("num", "secs"):
            return {}, term.args[0]
        if term.op in ("add", "sub", "neg", "mul", "div"):
            return self._arithmetic(term)
        if term.op == "case":
            return self._case(term)
        if term.op == "agg":
            return self.aggregate(term)
        dressed = self._undressed(term)
        return dressed or ({self._leaf(term): 1}, 0)

    def _arithmetic(self, term: Term) -> Linear:
        if term.op == "neg":
            return times(self.linear(term.terms[0]), -1)
        if term.op == "div":
            return self.quotient(*term.terms)
        left, right = map(self.linear, term.terms)
        if term.op in ("add", "sub"):
            return plus(left, right, 1 if term.op == "add" else -1)
        if not left[0] or not right[0]:
            return times(right, left[1]) if not left[0] else times(left, right[1])
        (one, first, _), (other, second, _) = map(self.scaled, term.terms)
        return {Term("product", *in_order([one, other])): first * second}, 0

    def _undressed(self, term: Term) -> Linear | None:
        """Return what a term is of that only gives a value another form; None for others."""
        if term.op == "elapsed":
            self.note("units", term.args[2])
            return times(self.linear(term.terms[0]), 1 / SECONDS.get(term.args[0], 1.0))
        if term.op == "calendar":
            self.note("calendar", "months and years")
            return self.linear(term.terms[0])
        if term.op in ("cast", "round"):
            if term.op == "round" or (term.args[0] == "whole" and _has_fraction(term.terms[0])):
                self.note("rounded", "rounded")
            return self.linear(term.terms[0])
        if term.op == "nullif" and is_literal(term.terms[1]):
            return self.linear(term.terms[0])
        values = [each for each in term.terms if not is_literal(each)]
        if term.op not in ("coalesce", "greatest", "least") or len(values) != 1:
            return None
        if term.op != "coalesce":
            self.note("clipped", "clipped")
        return self.linear(values[0])

    def quotient(self, over: Term, under: Term) -> Linear:
        """Return one value divided by another, as a sum."""
        divisor, factor, shift = self.scaled(under)
        top = self.linear(over)
        if is_literal(divisor):
            return times(top, 1 / factor if factor else 0)
        if shift:
            divisor = Term("linear", factor, shift, divisor)
            factor = 1
        terms = {Term("div", core, divisor): each / factor for core, each in top[0].items()}
        rest = terms.pop(Term("div", divisor, divisor), 0.0)
        if top[1]:
            terms[Term("div", number(1), divisor)] = top[1] / factor
        return terms, rest

    def _case(self, term: Term) -> Linear:
        tests, values = term.terms[:-1:2], (*term.terms[1:-1:2], term.terms[-1])
        said = [each for each in values if each != NULL]
        plain = [each for each in said if not is_literal(each)]
        if len(plain) == 1 and self._is_guard(tests, plain[0]):
            return self.linear(plain[0])
        is_yes = not plain and values[0].op in ("num", "bool") and not is_nothing(values[0])
        if len(tests) == 1 and is_yes and all(map(is_nothing, values[1:])):
            return {self._whether(tests[0]): 1}, 0
        asked = [self._whether(test) for test in tests]
        return {Term("case", *asked, *map(self.core, values)): 1}, 0

    def _is_guard(self, tests: Iterable[Term], value: Term) -> bool:
        """Return whether tests ask no more than whether there is something to compute from."""
        inside = {each.key for each in walk(Cores().core(value))}
        for test in tests:
            leaves = [each for each in _compared(test) if not is_literal(each)]
            if not leaves or any(Cores().scaled(each)[0].key not in inside for each in leaves):
                return False
            if any(is_literal(each) and not is_nothing(each) for each in _compared(test)):
                return False
        return True

    def _leaf(self, term: Term) -> Term:  # noqa: PLR0911 - one return for each kind of term
        if term.op == "via":
            return term.terms[0]
        if term.op == "gcol":
            return self._group_column(term)
        if term.op == "log":
            self.note("scale of", term.args[0])
            return self.scaled(term.terms[-1])[0]
        if term.op == "spelt":
            self.note("spelling", "upper, lower, trimmed")
            return self.core(term.terms[0])
        if term.op == "exists":
            return Term("any", self.rows(term.terms[0]))
        if term.op == "scalar":
            value, rows = term.terms
            return self.placed(self.core(value), rows)
        if term.op == "win":
            return self._window(term)
        if term.op == "okey":
            return Term("any", self.rows(term.terms[1]))
        if term.op in (*NEGATED, "and", "or", "not", "isnull", "same", "not same"):
            return self._whether(term)
        if not term.terms or term.op in ("col", "ucol", "of", "known", "table"):
            return term
        return Term(term.op, *(self.core(e) if isinstance(e, Term) else e for e in term.args))

    def _whether(self, test: Term) -> Term:
        parts = in_order(self.where(test))
        return parts[0] if len(parts) == 1 and parts[0].op == "any" else Term("whether", *parts)

    def _group_column(self, term: Term) -> Term:
        group, inner = term.terms
        return Term("gcol", self._table(group), self.core(inner.terms[0]))

    def _window(self, term: Term) -> Term:
        call, partition, order, rows = term.terms
        frame = next(each for each in term.args if isinstance(each, str))
        by = [self.core(each) for each in partition.terms]
        firsts = tuple(self.order(each) for each in order.terms)
        if call.args[0] in RANKS:
            if len(firsts) > 1:
                self.note("ties", Term("ties", *firsts[1:]).key)
            firsts = firsts[:1]
        function = Term("call", call.args[0], *(self.core(each) for each in call.terms))
        return Term(
            "win", function, Term("by", *in_order(by)), Term("ordered", *firsts), frame,
            self.rows(rows),
        )  # fmt: skip

    def order(self, order: Term) -> Term:
        """Return the core of what rows are ordered by."""
        core, scale, _ = self.scaled(order.terms[0])
        direction = order.args[0]
        if scale < 0:
            direction = "asc" if direction == "desc" else "desc"
        return Term("order", direction, core)

    # aggregates


def _has_fraction(term: Term) -> bool:
    """Return whether a cast to a whole number may cut something off."""
    return any(each.op in ("div", "log", "via") for each in walk(term, is_here)) or any(
        each.op == "agg" and each.args[0] not in ("count", "countif")
        for each in walk(term, is_here)
    )


def _compared(test: Term) -> Iterator[Term]:
    """Yield what a test compares."""
    if test.op in ("and", "or", "not"):
        for each in test.terms:
            yield from _compared(each)
    elif test.op in (*NEGATED, "isnull", "same", "not same"):
        yield from test.terms
    else:
        yield test
