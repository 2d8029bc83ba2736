"""The cores of aggregates, and of values of a row that was picked.

A sum of a CASE is a sum of some rows, a mean is a sum and a count, a sum of sums by day is one sum.
"""

from abc import abstractmethod
from collections.abc import Iterable

from provender_ops.review.linear import Linear, times
from provender_ops.review.relations import SPINE, conditions
from provender_ops.review.rows import NEGATED, Rows
from provender_ops.review.terms import NULL, STAR, Term, in_order, is_literal, is_nothing, number

_COMPARISONS = frozenset({"eq", "lt", "le", "gt", "ge"})
_NAMES = {
    "stddevsamp": "stddev",
    "variancesamp": "variance",
    "approxdistinct": "count",
    "approxquantile": "percentilecont",
    "quantile": "percentilecont",
}


class Measures(Rows):
    """Makes cores of aggregates."""

    @abstractmethod
    def quotient(self, over: Term, under: Term) -> Linear:
        """Return one value divided by another, as a sum."""

    @abstractmethod
    def order(self, order: Term) -> Term:
        """Return the core of what rows are ordered by."""

    def aggregate(self, term: Term) -> Linear:  # noqa: PLR0911 - one return for each kind
        """Return an aggregate as a sum of multiples of cores."""
        name, distinct, sparse, arguments, rows, by = term.args
        name = _NAMES.get(name, name)
        if term.args[0].startswith("approx"):
            self.note("approximate", "approximate")
            distinct = distinct or name == "count"
        values = list(arguments.terms)
        if name == "avg":
            over = Term("agg", "sum", *term.args[1:])
            return self.quotient(over, Term("agg", "count", *term.args[1:]))
        if name == "countif":
            return self._counted(False, STAR, (*values,), rows, by)
        if name in ("logicalor", "max") and values and _is_test(values[0]):
            return {Term("any", self.rows(rows, conditions(values[0]))): 1}, 0
        if name in ("argmax", "argmin", "first", "last") and len(values) > 1:
            return self._picked(name, values, rows), 0
        if name == "mode" and values:
            return {_most_frequent(self.core(values[0]), self.rows(rows)): 1}, 0
        values, also = _asked_inside(name, values)
        if name == "count":
            return self._counted(distinct, values[0] if values else STAR, also, rows, by)
        if name == "sum" and values and values[0].op == "num":
            counts, rest = self._counted(False, STAR, also, rows, by)
            return times((counts, rest), values[0].args[0])
        if name == "median":
            name, values = "percentilecont", [*values, number(0.5)]
        flat = _flattened(name, values, rows)
        if flat is not None:
            return self.linear(Term("agg", *flat, sparse, *_parts_of(values, rows, also), by))
        if len(values) == 1 and name in ("sum", "max", "min", "stddev") and not distinct:
            return self._of_one(name, values[0], also, rows, by)
        cores = [self.core(each) for each in values]
        return {self._whole(name, distinct, cores, also, rows, by): 1}, 0

    def _of_one(self, name: str, value: Term, also: Iterable[Term], rows: Term, by: Term) -> Linear:
        terms, shift = self.linear(value)
        steady = {core: each for core, each in terms.items() if core.op in SPINE}
        moving = [(core, each) for core, each in terms.items() if core.op not in SPINE]
        if steady and len(moving) == 1 and name in ("max", "min"):
            ((core, scale),) = moving
            name = {"max": "min", "min": "max"}[name] if scale < 0 else name
            whole = self._whole(name, False, [core], also, rows, by)
            return {**steady, whole: scale}, shift
        core, scale, shift = self.scaled(value)
        if name == "sum" and shift:
            core, scale, shift = self.core(value), 1, 0
        if scale < 0 and name in ("max", "min"):
            name = "min" if name == "max" else "max"
        return {self._whole(name, False, [core], also, rows, by): scale}, shift

    def _counted(
        self, distinct: bool, value: Term, also: Iterable[Term], rows: Term, by: Term
    ) -> Linear:
        if distinct and value.op != "star":
            core = self.core(value)
        elif value.op in ("star", "okey", *SPINE) or is_literal(value) or _is_compared(value, rows):
            core, distinct = STAR, False
        else:
            core = self.scaled(value)[0]
        return {self._whole("count", distinct, [core], also, rows, by): 1}, 0

    def _whole(  # noqa: PLR0913, PLR0917 - the parts of an aggregate
        self,
        name: str,
        distinct: bool,
        cores: list[Term],
        also: Iterable[Term],
        rows: Term,
        by: Term,
    ) -> Term:
        groups = in_order(self.core(each) for each in by.terms)
        return Term("agg", name, distinct, *cores, self.rows(rows, also), Term("by", *groups))

    def _picked(self, name: str, values: list[Term], rows: Term) -> dict[Term, float]:
        value, order = values[0], values[1]
        if name.startswith("arg"):
            self.note("skipped", "nulls")
        if order.op != "order":
            order = Term("order", "desc" if name == "argmax" else "asc", order)
        elif name == "last":
            order = Term("order", "asc" if order.args[0] == "desc" else "desc", *order.terms)
        return {Term("pick", self.core(value), self.order(order), self.rows(rows)): 1}

    def placed(self, core: Term, rows: Term) -> Term:
        """Return a value of a row together with the rows that it is of."""
        of = self.rows(rows)
        where = of.args[1]
        firsts = [each for each in where.terms if each.op == "first"]
        if len(firsts) != 1 or firsts[0].args[0].terms:
            return Term("at", core, of)
        rest = Term("rows", of.args[0], Term("where", *(e for e in where.terms if e not in firsts)))
        order = firsts[0].args[1]
        if core.op == "gcol" and _is_by_count(order):
            return _most_frequent(core.args[1], core.args[0].args[0])
        return Term("pick", core, order, rest)

    # rows


def _is_test(term: Term) -> bool:
    if term.op == "cast":
        return _is_test(term.terms[0])
    return term.op in (*NEGATED, "and", "or", "not", "isnull")


def _asked_inside(name: str, values: list[Term]) -> tuple[list[Term], tuple[Term, ...]]:
    """Return the values of an aggregate, and the conditions of a CASE that they were."""
    if not values:
        return values, ()
    value = values[0]
    while value.op in ("cast", "coalesce") and value.terms:
        if value.op == "coalesce" and not all(is_literal(each) for each in value.terms[1:]):
            break
        value = value.terms[0]
    if name == "sum" and _is_test(value):
        return [number(1)], (value,)
    if value.op == "case" and len(value.terms) == 3:
        test, given, otherwise = value.terms
        if otherwise == NULL or (name == "sum" and is_nothing(otherwise)):
            if name == "count" and is_literal(given):
                given = STAR
            return [given, *values[1:]], (test,)
        if name == "count" and is_literal(given) and is_literal(otherwise):
            return [STAR], ()
    return ([value, *values[1:]] if name == "sum" else values), ()


def _is_compared(value: Term, rows: Term) -> bool:
    """Return whether rows are joined or chosen by a column: it is null in none of them."""
    if rows.op != "rows":
        return False
    return any(each.op in _COMPARISONS and value in each.terms for each in rows.args[1].terms)


def _flattened(name: str, values: list[Term], rows: Term) -> tuple[str, bool] | None:
    """Return the aggregate that an aggregate of aggregates is: a sum of sums, a sum of counts."""
    if len(values) != 1 or values[0].op != "agg" or rows.op != "rows":
        return None
    inner = values[0]
    tables = rows.args[0].terms
    if len(tables) != 1 or tables[0].op != "group" or inner.args[1]:
        return None
    of = inner.args[0]
    if (name, of) in (("sum", "sum"), ("sum", "count"), ("max", "max"), ("min", "min")):
        return of, False
    return None


def _parts_of(values: list[Term], rows: Term, also: Iterable[Term]) -> tuple[Term, Term]:
    """Return the arguments and the rows of an aggregate of aggregates, as of the inner rows."""
    inner = values[0]
    within = inner.args[4]
    where = [*within.args[1].terms, *(_ungrouped(each) for each in (*rows.args[1].terms, *also))]
    return inner.args[3], Term("rows", within.args[0], Term("where", *where))


def _ungrouped(term: Term) -> Term:
    """Return a term with what a group is of in place of its columns."""
    if term.op == "gcol":
        inner: Term = term.args[1].terms[0]
        return inner
    if not term.terms:
        return term
    return Term(term.op, *(_ungrouped(e) if isinstance(e, Term) else e for e in term.args))


def _is_by_count(order: Term) -> bool:
    """Return whether groups are ordered by how many rows they have, most first."""
    by = order.terms[0]
    return order.args[0] == "desc" and by.op == "agg" and by.args[0] == "count"


def _most_frequent(core: Term, rows: Term) -> Term:
    """Return the most frequent value; nulls are no value, whether that is said or not."""
    said = Term("not", Term("isnull", core))
    where = Term("where", *(each for each in rows.args[1].terms if each != said))
    return Term("mode", core, Term("rows", rows.args[0], where))
