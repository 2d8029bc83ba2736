"""The models of a project as relations, each read once.

What a model without a spine does to clean its source is summed up where it ends: a feature is of a
column of a source, however that was cast, trimmed and put into UTC, and whatever was quarantined.
What it leaves out by a value (`where status = 'settled'`) is kept.
"""

from collections.abc import Iterator
from typing import Any

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from provender_ops.definitions.compiled_sql import HOLE
from provender_ops.definitions.declarations import Declarations, View
from provender_ops.review.queries import relation_of
from provender_ops.review.relations import FUNCTION, CannotRead, Relation, table
from provender_ops.review.terms import AS_OF, BOUND, NULL, Term, in_order, is_literal, walk

KNOWN = frozenset({"known_from", "known_until"})  # what `known_at` asks of each model
_CLEANING = frozenset({"cast", "zoned", "spelt", "trunc", "round"})
_CLEANERS = frozenset(
    {"replace", "regexpreplace", "strtotime", "strptime", "try_strptime", "translate", "trycast"}
)
_PLAIN_CONDITIONS = frozenset(
    {"eq", "ne", "lt", "le", "gt", "ge", "same", "not same", "in", "col", "via", "exists"}
)
_JOINED = frozenset({"and", "or", "not"})
_LARGE = 80  # terms: beyond it only the columns are kept, and a hash of what is made of them


class Models:
    """What the models of one state of definitions compute."""

    def __init__(self, declarations: Declarations) -> None:
        """Keep the state; models are read when they are asked for."""
        self._declarations = declarations
        self._views = {view.unique_id: view for view in declarations.views.values()}
        self._known: dict[str, Relation] = {}
        self._reading: set[str] = set()

    def view(self, view: View) -> Relation:
        """Return what a feature view computes; raise CannotRead."""
        if view.unique_id not in self._known:
            self._known[view.unique_id] = self._read(view.unique_id, view)
        return self._known[view.unique_id]

    def model(self, unique_id: str) -> Relation:
        """Return what a model computes, as those see it that read it; raise CannotRead."""
        if unique_id not in self._known:
            model = self._declarations.models.get(unique_id)
            if unique_id in self._views or model is None or model.sql is None:
                return table(unique_id)
            self._known[unique_id] = summed_up(self._read(unique_id, None))
        return self._known[unique_id]

    def whole(self, unique_id: str) -> Relation:
        """Return what a model computes, with all that it does to its rows; raise CannotRead."""
        return self._read(unique_id, None)

    def _read(self, unique_id: str, view: View | None) -> Relation:
        if unique_id in self._reading:
            raise CannotRead(f"{unique_id}, which reads itself")
        model = self._declarations.models.get(unique_id)
        if model is None or model.sql is None:
            raise CannotRead(f"{unique_id}, which was never compiled")
        self._reading.add(unique_id)
        try:
            return relation_of(_parsed(model.sql), lambda name: self._named(name, view))
        except CannotRead as error:
            raise CannotRead(f"{unique_id}: {error}") from None
        finally:
            self._reading.discard(unique_id)

    def _named(self, name: str, view: View | None) -> Relation | None:
        if name == HOLE and view is not None:
            keys = {key.name.lower(): Term("key", at) for at, key in enumerate(view.keys)}
            return Relation({**keys, "as_of": AS_OF}, has_spine=True)
        if name in self._declarations.models:
            return self.model(name)
        return table(name) if name in self._declarations.sources else None


def _parsed(sql: str) -> Any:
    try:
        tree = parse_one(sql, dialect="duckdb")
    except (SqlglotError, RecursionError) as error:
        raise CannotRead(f"what the parser does not know ({str(error).splitlines()[0]})") from None
    if not isinstance(tree, exp.Query):
        raise CannotRead("what is no query")
    return tree


def summed_up(relation: Relation) -> Relation:
    """Return a relation without a spine as those see it that read it."""
    columns = {name: _summed_up(name, term) for name, term in relation.columns.items()}
    where = [_condition(each) for each in relation.where]
    return Relation(
        columns,
        relation.tables,
        in_order(where),
        whole=relation.whole,
        of=relation.of,
        has_spine=relation.has_spine,
        is_sparse=relation.is_sparse,
    )


def _summed_up(name: str, term: Term) -> Term:
    if name in KNOWN:
        return Term("known", name)
    simple = _simple(term)
    if simple.size > _LARGE and not _holds_aggregate(simple):
        return Term("of", term.key, *in_order(columns_in(simple)))
    return simple


def _simple(term: Term) -> Term:
    """Return a term with what only cleans a column replaced by that column."""
    column = _main(term)
    if column is not None:
        return column if column == term else Term("via", column, term.key)
    if term.op in ("agg", "win", "rows", "group", "inner") or not term.terms:
        return term
    return Term(term.op, *(_simple(e) if isinstance(e, Term) else e for e in term.args))


def _main(term: Term) -> Term | None:
    """Return the column that a term is but for how it is written; None when it is another value."""
    if term.op in ("col", "ucol", "gcol"):
        return term
    if term.op == "via":
        return term.terms[0]
    if term.op in _CLEANING or (term.op == "fn" and term.args[0] in _CLEANERS):
        return _main(term.terms[0]) if term.terms else None
    if term.op in ("coalesce", "nullif"):
        return _only(term.terms)
    if term.op == "case":
        return _main_of_case(term)
    return None


def _only(terms: tuple[Term, ...]) -> Term | None:
    found = {_main(each) for each in terms if not is_literal(each)}
    return found.pop() if len(found) == 1 else None


def _main_of_case(term: Term) -> Term | None:
    """Return the column of a CASE that gives it or nothing, by nothing else than itself."""
    tests, values = term.terms[:-1:2], (*term.terms[1:-1:2], term.terms[-1])
    values = tuple(each for each in values if each != NULL)
    if not values or any(is_literal(each) for each in values):
        return None
    made_of = {column for value in values for column in columns_in(value)}
    asked = {column for test in tests for column in columns_in(test)}
    return _only(values) if asked <= made_of else None


def columns_in(term: Term) -> Iterator[Term]:
    """Yield the columns of tables in a term, not those that a function makes."""
    for each in walk(term):
        if each.op in ("col", "ucol") and not str(each.terms[0].args[0]).startswith(FUNCTION):
            yield each


def _condition(term: Term) -> Term:
    if term.op == "clean":
        return term
    if _is_plain(term):
        return _simple(term)
    by = [each.args[1] for each in walk(term) if each.op == "win"]
    grain = in_order(_main(column) or column for each in by for column in each.terms)
    return Term("clean", term.key, Term("grain", *grain))


def _is_plain(term: Term) -> bool:
    """Return whether a condition chooses rows by their values, not whether they are clean."""
    if term.op in _JOINED:
        return all(map(_is_plain, term.terms))
    if term.op == "isnull":  # of a column itself: what was computed to clean it is another matter
        return term.terms[0].op == "col"
    inside = {each.op for each in walk(term, lambda each: each.op not in BOUND)}
    if term.op == "fn" and term.terms:
        return "win" not in inside
    return term.op in _PLAIN_CONDITIONS and not {"win", "isnull"} & inside


def _holds_aggregate(term: Term) -> bool:
    return any(each.op in ("agg", "win") for each in walk(term))
