"""A query cut down to what a few of its columns are made of.

So one feature's computation can be compared with what it was, whatever else of its view changed.
Only what cannot matter is cut: a column that nothing reads, a CTE that nothing reads, and a left
join that gives nothing to the rows of the view. Where it is not certain, it stays.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
from sqlglot.optimizer.scope import Scope, traverse_scope

DIALECT = "duckdb"
_ROUNDS = 20  # each cuts something, or is the last
_MAKES_ROWS = (exp.UDTF, exp.Explode, exp.GenerateSeries, exp.GenerateDateArray)
_STRANGE = (exp.Pivot, exp.Columns, exp.Command)

Node = Any  # what the parser makes; its base class has another name from version to version


class CannotPrune(Exception):  # noqa: N818 - a name that says what happened needs no "Error"
    """The query holds something of which it is not certain what it reads."""


def pruned(sql: str, columns: Sequence[str]) -> str:
    """Return a SELECT of these columns of a query; raise CannotPrune."""
    try:
        tree = normalize_identifiers(parse_one(sql, dialect=DIALECT), dialect=DIALECT)
    except SqlglotError as error:
        raise CannotPrune(str(error)) from None
    if not isinstance(tree, exp.Query) or tree.find(*_STRANGE):
        raise CannotPrune("it is no plain query")
    if any(join.args.get("using") or join.method == "NATURAL" for join in tree.find_all(exp.Join)):
        raise CannotPrune("a join does not name its columns")
    if any(found.recursive for found in tree.find_all(exp.With)):
        raise CannotPrune("it is recursive")
    names = [exp.column(exp.to_identifier(name), table="asked") for name in columns]
    asked: Node = exp.select(*names).from_(tree.subquery("asked"))
    for _ in range(_ROUNDS):
        if not (_cut_joins(asked) | _cut_columns(asked) | _cut_ctes(asked)):
            break
    _order_columns(asked)
    return str(asked.sql(dialect=DIALECT, comments=False))


class _Need:
    """What is read of one source: names, or all."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.is_all = False

    def of(self, name: str) -> bool:
        return self.is_all or name in self.names

    def add(self, other: "_Need") -> None:
        self.names |= other.names
        self.is_all |= other.is_all


def _cut_columns(tree: Node) -> bool:
    """Cut columns that nobody reads; return whether there were any."""
    needs: dict[int, _Need] = {}
    cut = False
    beside = _read_in_joins(tree)
    for scope in reversed(traverse_scope(tree)):  # who reads comes before what is read
        need = needs.setdefault(id(scope), _Need())
        need.names |= beside
        if not _is_prunable(scope):
            need.is_all = True
        live = _live(scope, need)
        _pass_on(scope, live, need, needs)
        if isinstance(scope.expression, exp.Select) and len(live) < len(scope.expression.selects):
            scope.expression.set("expressions", live)
            cut = True
    return cut


def _read_in_joins(tree: Node) -> set[str]:
    """Return names in joined queries that may be of what stands beside these."""
    names: set[str] = set()
    for join in tree.find_all(exp.Join):
        if isinstance(join.this, exp.Subquery):
            own = {table.alias_or_name.lower() for table in join.this.find_all(exp.Table)}
            own |= {query.alias.lower() for query in join.this.find_all(exp.Subquery)}
            for column in join.this.find_all(exp.Column):
                parts = [part.name.lower() for part in column.parts]
                names |= set() if len(parts) > 1 and parts[0] in own else set(parts)
    return names


def _is_prunable(scope: Scope) -> bool:
    """Return whether a column may go and leave the rows as they are."""
    query = scope.expression
    if not (scope.is_cte or scope.is_derived_table) or not isinstance(query, exp.Select):
        return False
    if any(query.args.get(clause) for clause in ("distinct", "kind", "into")):
        return False
    group, order = query.args.get("group"), query.args.get("order")
    by_place = [*(group.expressions if group else ()), *(_ordered(order) if order else ())]
    if any(isinstance(each, exp.Literal | exp.Var | exp.Star) for each in by_place):
        return False  # GROUP BY 1, GROUP BY ALL, ORDER BY ALL
    return not (group and (group.args.get("all") or not group.expressions))


def _ordered(order: Node) -> Iterator[Node]:
    return (each.this for each in order.expressions)


def _live(scope: Scope, need: _Need) -> list[Node]:
    """Return the columns of a scope that stay."""
    query = scope.expression
    if not isinstance(query, exp.Select):
        return []
    if need.is_all:
        return list(query.selects)
    used = {column.name.lower() for column in _clause_columns(query) if not column.table}
    live = [each for each in query.selects if _is_live(each, need, used)]
    grown = True
    while grown:  # a column may be read by its name beside it
        beside = (column for each in live for column in each.find_all(exp.Column))
        used |= {column.name.lower() for column in beside if not column.table}
        now = [each for each in query.selects if each in live or each.alias_or_name.lower() in used]
        grown, live = len(now) > len(live), now
    has_group = query.args.get("group") is not None
    is_aggregate = any(each.find(exp.AggFunc) for each in query.selects)
    if not live or (is_aggregate and not has_group):
        return list(query.selects)
    return live


def _is_live(projection: Node, need: _Need, used: set[str]) -> bool:
    if projection.is_star or projection.find(*_MAKES_ROWS):
        return True
    name = projection.alias_or_name.lower()
    return not name or need.of(name) or name in used


def _clause_columns(query: exp.Select) -> Iterator[exp.Column]:
    """Yield the columns that are read outside the list of columns, in subqueries there too."""
    for key, value in query.args.items():
        if key in ("expressions", "with", "with_"):
            continue
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, exp.Expression):
                yield from _columns(part)


def _columns(part: Node) -> Iterator[exp.Column]:
    """Yield columns, but not those inside a source of its own: a derived table, a CTE."""
    inner = (exp.Subquery, exp.With)
    for node in part.walk(
        prune=lambda each: (
            isinstance(each, inner)
            and isinstance(each.parent, exp.From | exp.Join | exp.Select)
            and each.arg_key in ("this", "with", "with_")
        )
    ):
        if isinstance(node, exp.Column):
            yield node


def _pass_on(scope: Scope, live: Sequence[Node], need: _Need, needs: dict[int, _Need]) -> None:
    """Note what a scope reads of its sources; a UNION reads nothing that its branches do not."""
    query = scope.expression
    if not isinstance(query, exp.Select):
        return
    sources = {
        name.lower(): needs.setdefault(id(source), _Need())
        for name, (_, source) in scope.selected_sources.items()
        if isinstance(source, Scope)
    }
    for projection in live:
        if projection.is_star:
            _pass_star(projection, sources, need)
    read = [column for each in live for column in _columns(each)]
    for column in (*read, *_clause_columns(query)):
        _note(column, sources)


def _pass_star(projection: Node, sources: Mapping[str, _Need], need: _Need) -> None:
    """Note that what is asked of a scope is asked of the sources of its star."""
    star = projection.find(exp.Star)
    is_plain = star is not None and not any(star.args.values())
    table = projection.table if isinstance(projection, exp.Column) else ""
    for name, source in sources.items():
        if not table or name == table.lower():
            source.add(need)
            source.is_all |= not is_plain


def _note(column: exp.Column, sources: Mapping[str, _Need]) -> None:
    """Note a column that is read; one without a table may be of any source, or a source itself."""
    parts = [part.name.lower() for part in column.parts]
    for source, name in pairwise(parts):
        if source in sources:
            sources[source].names.add(name)
            sources[source].is_all |= name == "*"
    if parts[0] in sources and len(parts) == 1:
        sources[parts[0]].is_all = True  # the whole row
    if parts[0] not in sources or len(parts) == 1:
        for need in sources.values():
            need.names.add(parts[0])


def _order_columns(tree: Node) -> None:
    """Put columns that are read by name in one order; UNIONs and whole rows have them by place."""
    sources = {name for scope in traverse_scope(tree) for name in scope.selected_sources}
    bare = {column.name for column in tree.find_all(exp.Column) if not column.table}
    if tree.find(exp.SetOperation) or bare & sources:
        return
    for scope in traverse_scope(tree):
        query: Node = scope.expression
        if _is_prunable(scope) and not _reads_itself(query):
            query.set("expressions", sorted(query.selects, key=lambda each: each.alias_or_name))


def _reads_itself(query: Node) -> bool:
    """Return whether a column is read by its name beside it, or is a star."""
    names = {each.alias_or_name for each in query.selects if isinstance(each, exp.Alias)}
    bare = {
        column.name
        for each in query.selects
        for column in each.find_all(exp.Column)
        if not column.table
    }
    return bool(names & bare) or any(each.is_star for each in query.selects)


def _cut_ctes(tree: Node) -> bool:
    """Cut CTEs that nobody reads; return whether there were any."""
    read = {table.name.lower() for table in tree.find_all(exp.Table)}
    cut = False
    for cte in list(tree.find_all(exp.CTE)):
        if cte.alias.lower() not in read:
            within = cte.parent
            cte.pop()
            if isinstance(within, exp.With) and not within.expressions:
                within.pop()
            cut = True
    return cut


def _cut_joins(tree: Node) -> bool:
    """Cut left joins that give the rows of the view nothing; return whether there were any.

    A left join keeps each row of its left side. It could only repeat some. Where rows are grouped
    and nothing counts them, that does not matter. And a view has one row for each key and moment,
    its history refuses two: so it cannot be where rows pass from here to the end as they are.
    """
    scopes = traverse_scope(tree)
    cut = False
    for each in scopes:
        if _only_groups(each.expression):
            cut |= _cut_own_joins(each)
    scope: Scope | None = scopes[-1]
    while scope is not None and _passes_rows(scope.expression):
        cut |= _cut_own_joins(scope)
        scope = _only_source(scope)
    return cut


def _only_groups(query: Node) -> bool:
    """Return whether a query gives each group once, however many rows it has."""
    if not isinstance(query, exp.Select) or not query.args.get("group"):
        return False
    clauses = ("qualify", "having", "laterals", "sample")
    makers = (exp.AggFunc, exp.Window, *_MAKES_ROWS)
    read = [*query.selects, query.args["group"], *filter(None, [query.args.get("order")])]
    return not any(query.args.get(each) for each in clauses) and not any(
        part.find(*makers) for part in read
    )


def _passes_rows(query: Node) -> bool:
    if not isinstance(query, exp.Select):
        return False
    clauses = ("group", "distinct", "qualify", "having", "limit", "offset", "laterals", "sample")
    makers = (exp.AggFunc, exp.Window, *_MAKES_ROWS)
    return not any(query.args.get(each) for each in clauses) and not any(
        projection.find(*makers) for projection in query.selects
    )


def _only_source(scope: Scope) -> Scope | None:
    """Return the one query that a scope takes its rows from, with nothing left out."""
    query = scope.expression
    if query.args.get("joins") or query.args.get("where"):
        return None
    sources = [source for _, source in scope.selected_sources.values()]
    source = sources[0] if len(sources) == 1 else None
    return source if isinstance(source, Scope) else None


def _cut_own_joins(scope: Scope) -> bool:
    query: Node = scope.expression
    stars = [each for each in query.selects if each.is_star]
    if any(not isinstance(star, exp.Column) for star in stars):
        return False
    cut = False
    for join in list(query.args.get("joins") or ()):
        if join.side != "LEFT" or join.kind or join.method:
            continue
        name = join.this.alias_or_name.lower()
        others = [
            column for column in query.find_all(exp.Column) if join not in _parents(column, query)
        ]
        if not any(name in _read_of(column) for column in others):
            join.pop()
            cut = True
    return cut


def _parents(node: Node, until: Node) -> list[Node]:
    found = []
    while node is not until and node.parent is not None:
        node = node.parent
        found.append(node)
    return found


def _read_of(column: exp.Column) -> set[str]:
    """Return the sources that a column may be of; one without a table may be of any."""
    parts = [part.name.lower() for part in column.parts]
    return set(parts) if len(parts) > 1 else _Any()


class _Any(set[str]):
    """Holds everything."""

    def __contains__(self, _: object) -> bool:
        return True
