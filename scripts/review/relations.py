"""Relations: which tables a query joins, under which conditions, and what each column is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from provender_ops.review.scalars import Node
from provender_ops.review.terms import Term, replaced, rows_of

SPINE = frozenset({"key", "as_of"})
# What an aggregate is of where nothing was found: no row of its group, no rows, a row of nulls.
ABSENT, EMPTY, NULLS = "absent", "empty", "nulls"
FUNCTION = "function "  # begins the name of a table that a function makes


class CannotRead(Exception):  # noqa: N818 - a name that says what happened needs no "Error"
    """The query holds something of which it is not known what it computes."""


@dataclass(frozen=True)
class Relation:
    """What a query gives.

    `tables` and `where` are its rows; of a relation with one row for each row of the spine there
    are none, and `of` holds the rows that its aggregates are of. `whole` is a table whose columns
    are not declared: any name may be one of them. `is_sparse`: a row of the spine to which nothing
    was found has no row here.
    """

    columns: Mapping[str, Term]
    tables: tuple[Term, ...] = ()
    where: tuple[Term, ...] = ()
    whole: Term | None = None
    of: Term | None = None
    has_spine: bool = False
    is_sparse: bool = False

    def column(self, name: str) -> Term | None:
        """Return what a column is made of; None when there is none of that name."""
        found = self.columns.get(name.lower())
        if found is None and self.whole is not None:
            return Term("col", self.whole, name.lower())
        return found

    @property
    def rows(self) -> Term:
        """The rows that it is of."""
        return self.of or rows_of(self.tables, self.where)


def table(name: str, *parts: Term) -> Relation:
    """Return a table of which nothing is known but its name."""
    instance = Term("table", name, 0, *parts)
    return Relation({}, (instance,), whole=instance)


def conditions(term: Term) -> Iterator[Term]:
    """Yield the conditions that hold together."""
    if term.op == "and":
        for each in term.terms:
            yield from conditions(each)
    elif not (term.op == "bool" and term.args[0]):
        yield term


def renamed(relation: Relation, aliased: Node) -> Relation:
    """Return a relation with the columns named as its alias names them: `as t(a, b)`."""
    alias = aliased.args.get("alias")
    columns = alias.args.get("columns") if isinstance(alias, exp.TableAlias) else None
    if not columns:
        return relation
    named = zip(columns, relation.columns.values(), strict=False)
    return replace(relation, columns={column.name.lower(): term for column, term in named})


def apart(relation: Relation, taken: Sequence[Term]) -> Relation:
    """Return a relation whose tables are not those already taken, when one is read twice."""
    changes: dict[Term, Term] = {}
    for each in relation.tables:
        other = each
        while other in taken:
            other = _next(other)
        if other is not each:
            changes[each] = other
    if not changes:
        return relation
    return replace(
        relation,
        columns={name: replaced(t, changes.get) for name, t in relation.columns.items()},
        tables=tuple(changes.get(each, each) for each in relation.tables),
        where=tuple(replaced(each, changes.get) for each in relation.where),
        whole=relation.whole and changes.get(relation.whole, relation.whole),
    )


def _next(instance: Term) -> Term:
    if instance.op == "group":
        return Term("group", instance.args[0] + 1, *instance.args[1:])
    return Term("table", instance.args[0], instance.args[1] + 1, *instance.args[2:])


def dense(relation: Relation) -> Relation:
    """Return a correlated relation: an aggregate without groups has a row always."""
    if relation.tables or relation.where:
        return relation
    columns = {
        n: replaced(t, lambda e: never_sparse(e) if e.op == "agg" else None)
        for n, t in relation.columns.items()
    }
    return replace(relation, columns=columns)


def never_sparse(term: Term) -> Term:
    """Return an aggregate that has a row always."""
    return Term("agg", *term.args[:2], EMPTY, *term.args[3:])


def deep(term: Term, change: Callable[[Term], Term | None]) -> Term:
    """Return a term changed in the rows of windows too, which are the rows around them."""
    other = change(term)
    if other is not None:
        return other
    if term.op == "win":
        return Term("win", *term.args[:-1], deep(term.terms[-1], change))
    if term.op == "agg" or not term.terms:
        return term
    return Term(
        term.op, *(deep(each, change) if isinstance(each, Term) else each for each in term.args)
    )
