"""What a feature measures, apart from how it writes it down.

The core of a feature is what two features that measure the same have in common. What may differ
between them (a factor, the value for nothing, an edge that counts, how rows are cleaned) is noted
beside it, in `notes`, so that a comparison can name it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provender_ops.review.cores import Cores
from provender_ops.review.relations import Relation
from provender_ops.review.terms import STAR, Term, rows_of, walk

_FREE = frozenset({"col", "ucol", "gcol", "of", "known", "win"})
_ROWS_OF_THEIR_OWN = frozenset({"agg", "any", "pick", "mode", "exists", "scalar", "at"})


@dataclass(frozen=True)
class Quantity:
    """A core, and what is noted beside it: kind -> texts."""

    core: Term
    notes: Mapping[str, frozenset[str]]

    @property
    def loose(self) -> str:
        """A key that is equal where only the counted column, or `distinct`, may differ."""
        return _loosened(self.core).key

    @property
    def counted(self) -> tuple[tuple[bool, Term], ...]:
        """What each count in it counts, and whether each value once, in the order of the core."""
        return tuple(_counts(self.core))


def quantity_of(term: Term, relation: Relation) -> Quantity:
    """Return what a column of a relation measures."""
    reader = Cores()
    core, scale, shift = reader.scaled(term)
    if _is_free(core):
        core = reader.placed(core, rows_around(term, relation))
    if scale != 1:
        reader.note("factor", f"{scale:.12g}")
    if shift != 0:
        reader.note("shift", f"{shift:.12g}")
    return Quantity(core, {kind: frozenset(texts) for kind, texts in reader.notes.items()})


def _is_free(term: Term) -> bool:
    """Return whether a term is of each row, and the rows are not in it."""
    found = walk(term, lambda each: each.op not in (*_ROWS_OF_THEIR_OWN, "rows", "group", "inner"))
    return any(each.op in _FREE for each in found)


def rows_around(term: Term, relation: Relation) -> Term:
    """Return the rows of a relation as far as a term is of them: what it is joined to."""
    if relation.of is not None:
        return relation.of
    reached = {each for each in walk(term) if each in relation.tables}
    where: set[Term] = set()
    while True:
        more = {e for e in relation.where if e not in where and reached & set(walk(e))}
        if not more:
            return rows_of(reached, where)
        where |= more
        reached |= {t for each in more for t in walk(each) if t in relation.tables}


def _counts(core: Term) -> Iterator[tuple[bool, Term]]:
    if core.op == "agg" and core.args[0] == "count":
        yield core.args[1], core.args[2]
    for each in core.terms:
        yield from _counts(each)


def _loosened(core: Term) -> Term:
    if not core.terms:
        return core
    parts = [_loosened(each) if isinstance(each, Term) else each for each in core.args]
    if core.op == "agg" and core.args[0] == "count":
        parts[1:3] = [False, STAR]
    elif core.op == "agg":
        parts[1] = False
    return Term(core.op, *parts)
