"""What each column of a parsed query is made of, given the relations that it reads.

Written for it, and not taken from sqlglot's own lineage: that wants every column of every source
declared, and tells neither what a value is made of from what decides which rows count, nor what
could not be told.
"""

from collections.abc import Callable, Container
from dataclasses import replace
from itertools import chain, count
from typing import Any

from sqlglot import exp

from provender_ops.definitions.query_scope import Scope, column_of
from provender_ops.definitions.relations import (
    NOTHING,
    Derived,
    Relation,
    Undeclared,
    together,
    unknown,
)

# functions of a window that take their value from its order
_OF_ORDER = (
    exp.RowNumber,
    exp.Rank,
    exp.DenseRank,
    exp.PercentRank,
    exp.CumeDist,
    exp.Ntile,
)
_MOST_TURNS = 20  # of a recursive CTE, until nothing more is found


def lineage_of(query: exp.Expr, relation: Callable[[str], Relation | None]) -> Relation:
    """Return the columns of a query; `relation` knows the tables, by the name in the SQL."""
    return _query(query, Scope(relation))


def _query(query: exp.Expr, scope: Scope) -> Relation:
    scope = replace(scope, ctes=_ctes(query, scope))
    if isinstance(query, exp.SetOperation):
        return _set_operation(query, scope)
    if isinstance(query, exp.Select):
        return _select(query, scope)
    if isinstance(query, exp.Subquery):
        return _source(query, scope)
    if isinstance(query, exp.Values):
        return _source(query, scope)
    return _not_understood(query)


def _not_understood(node: exp.Expr) -> Relation:
    why = unknown(f"lineage does not follow {node.key}")
    return Relation(undeclared=(Undeclared(None, derived=why),), rows=why)


def _ctes(query: exp.Expr, scope: Scope) -> dict[str, Relation]:
    known = dict(scope.ctes)
    clause = query.args.get("with_")
    if clause is None:
        return known
    for cte in clause.expressions:
        name = cte.alias.lower()
        names = [column.name.lower() for column in cte.args["alias"].args.get("columns") or ()]
        if clause.args.get("recursive"):
            known[name] = _first_part(cte.this, replace(scope, ctes=known)).renamed(names)
            for _ in range(_MOST_TURNS):
                before = known[name]
                known[name] = _query(cte.this, replace(scope, ctes=known)).renamed(names)
                if known[name] == before:
                    break
        else:
            known[name] = _query(cte.this, replace(scope, ctes=known)).renamed(names)
    return known


def _first_part(query: exp.Expr, scope: Scope) -> Relation:
    """Return what a recursive CTE starts from."""
    return _query(query.this if isinstance(query, exp.SetOperation) else query, scope)


def _set_operation(query: exp.SetOperation, scope: Scope) -> Relation:
    left, right = _query(query.this, scope), _query(query.expression, scope)
    if not isinstance(query, exp.Union):  # except, intersect: the right side only decides
        rows = left.rows | right.rows | right.whole_row().as_condition()
        return replace(left, rows=rows | left.whole_row().as_condition())
    rows = left.rows | right.rows
    if left.undeclared or right.undeclared:
        return _union_of_undeclared(left, right, rows)
    if query.args.get("by_name"):
        names = list(dict.fromkeys([*left.columns, *right.columns]))
        pairs = {
            name: together(side.columns[name] for side in (left, right) if name in side.columns)
            for name in names
        }
        return Relation(pairs, rows=rows)
    both = zip(left.columns.items(), right.columns.values(), strict=False)
    return Relation({name: one | other for (name, one), other in both}, rows=rows)


def _union_of_undeclared(left: Relation, right: Relation, rows: Derived) -> Relation:
    if left.undeclared == right.undeclared and left.columns.keys() == right.columns.keys():
        columns = {name: one | right.columns[name] for name, one in left.columns.items()}
        return Relation(columns, left.undeclared, rows)
    why = unknown("a union has columns by place, of tables whose columns nobody declared")
    return Relation(undeclared=(Undeclared(None, derived=why),), rows=rows)


def _select(query: exp.Select, scope: Scope) -> Relation:
    scope, rows = _from(query, scope)
    named = {window.name.lower(): window for window in query.args.get("windows") or ()}
    scope = replace(scope, windows={**scope.windows, **named})
    columns, undeclared = _projections(query, scope)
    scope = replace(scope, aliases=columns)
    for clause in ("where", "having", "qualify"):
        if (condition := query.args.get(clause)) is not None:
            rows |= _expression(condition, scope).as_condition()
    rows |= _grouped(query, scope)
    if query.args.get("distinct") is not None or query.args.get("limit") is not None:
        rows |= together(columns.values()).as_condition()
        if (order := query.args.get("order")) is not None and query.args.get("limit") is not None:
            rows |= _expression(order, scope).as_condition()
    return Relation(columns, undeclared, rows)


def _grouped(query: exp.Select, scope: Scope) -> Derived:
    """Return what rows are grouped by."""
    group = query.args.get("group")
    if group is None:
        return NOTHING
    plain = [
        projection for projection in query.expressions if not list(projection.find_all(exp.AggFunc))
    ]
    by = together(
        _expression(_named_by(query, one), scope) for one in group.args.get("expressions") or ()
    )
    if group.args.get("all"):
        by |= together(_expression(projection, scope) for projection in plain)
    for kind in ("cube", "rollup", "grouping_sets"):
        by |= together(_expression(one, scope) for one in group.args.get(kind) or ())
    return by.as_condition()


def _named_by(query: exp.Select, key: exp.Expr) -> exp.Expr:
    """Return what a key of group by names: itself, or the column at that place."""
    if isinstance(key, exp.Literal) and not key.is_string:
        place = int(key.this) - 1
        if 0 <= place < len(query.expressions):
            named: exp.Expr = query.expressions[place]
            return named
    return key


# --- FROM ---------------------------------------------------------------------------------------


def _from(query: exp.Select, scope: Scope) -> tuple[Scope, Derived]:
    """Return the scope inside a SELECT, and what decides which rows it starts from."""
    inside = replace(scope, tables={}, shared=frozenset(), aliases={}, rows=NOTHING, around=scope)
    rows = all_rows = NOTHING
    first = query.args.get("from_")
    parts: list[tuple[exp.Expr, exp.Join | None]] = []
    if first is not None:
        parts += _joined(first.this, None)
    for join in query.args.get("joins") or ():
        parts += _joined(join.this, join)
    parts += [(lateral, None) for lateral in query.args.get("laterals") or ()]
    for source, join in parts:
        relation = _source(source, inside)
        name = source.alias_or_name.lower()
        inside = replace(inside, tables={**inside.tables, name: relation})
        said, inside = _join_condition(join, inside)
        decided = relation.rows | said
        all_rows |= decided
        if join is not None and join.side in ("LEFT", "FULL"):
            seen = relation.with_each(decided.as_condition())
            inside = replace(inside, tables={**inside.tables, name: seen})
        if join is None or join.side != "LEFT":
            rows |= decided
    where = query.args.get("where")
    inside = replace(inside, rows=all_rows)
    if where is not None:
        inside = replace(inside, rows=all_rows | _expression(where, inside).as_condition())
    return inside, rows


def _joined(source: exp.Expr, join: exp.Join | None) -> list[tuple[exp.Expr, exp.Join | None]]:
    """Return a source and those joined to it in parentheses, each with its join."""
    if isinstance(source, exp.Subquery) and isinstance(source.this, exp.Table):
        return _joined(source.this, join)
    inner = [part for one in source.args.get("joins") or () for part in _joined(one.this, one)]
    return [(source, join), *inner]


def _join_condition(join: exp.Join | None, scope: Scope) -> tuple[Derived, Scope]:
    if join is None:
        return NOTHING, scope
    using = [column.name.lower() for column in join.args.get("using") or ()]
    if join.method == "NATURAL":
        return unknown("lineage does not follow a natural join"), scope
    scope = replace(scope, shared=scope.shared | frozenset(using))
    said = together(
        column
        for name in using
        for relation in scope.tables.values()
        if (column := relation.column(name)) is not None
    )
    if (on := join.args.get("on")) is not None:
        said |= _expression(on, scope)
    return said.as_condition(), scope


def _source(source: exp.Expr, scope: Scope) -> Relation:
    alias = source.args.get("alias")
    names = [column.name.lower() for column in (alias.args.get("columns") or ())] if alias else []
    if isinstance(source, exp.Subquery):
        return _query(source.this, scope).renamed(names)
    if isinstance(source, exp.Lateral) and isinstance(source.this, exp.Subquery):
        return _query(source.this.this, scope).renamed(names)
    if isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier):
        return _table(source, scope).renamed(names)
    # a function or VALUES: all it gives comes from what it is given
    given = _arguments(source, scope)
    if names:
        return Relation(dict.fromkeys(names, given))
    return Relation(undeclared=(Undeclared(None, derived=given),))


def _arguments(source: exp.Expr, scope: Scope) -> Derived:
    return together(
        _expression(child, scope)
        for child in source.iter_expressions()
        if not isinstance(child, exp.TableAlias)
    )


def _table(source: exp.Table, scope: Scope) -> Relation:
    name = source.name
    if not source.args.get("db") and name.lower() in scope.ctes:
        return scope.ctes[name.lower()]
    found = scope.relation(name)
    if found is not None:
        return found
    called = ".".join(part.name for part in source.parts)
    why = unknown(f"no node of the project is `{called}`")
    return Relation(undeclared=(Undeclared(None, derived=why),), rows=why)


# --- SELECT -------------------------------------------------------------------------------------


def _projections(
    query: exp.Select, scope: Scope
) -> tuple[dict[str, Derived], tuple[Undeclared, ...]]:
    columns: dict[str, Derived] = {}
    undeclared: tuple[Undeclared, ...] = ()
    for projection in query.expressions:
        stars = _star(projection)
        if stars is not None:
            relation = _starred(projection, stars, scope)
            for name, one in relation.columns.items():
                columns[_free(name, columns)] = one
            undeclared += relation.undeclared
        elif (chosen := projection.find(exp.Columns)) is not None:
            undeclared += _not_understood(chosen).undeclared
        else:
            derived = _expression(projection, replace(scope, aliases=columns))
            if _is_aggregate(projection):
                derived |= scope.rows
            columns[projection.alias_or_name.lower() or projection.sql("duckdb")] = derived
    return columns, undeclared


def _free(name: str, columns: Container[str]) -> str:
    """Return what DuckDB calls a column whose name is taken: `id`, `id_1`, …"""
    names = chain([name], (f"{name}_{number}" for number in count(1)))
    return next(one for one in names if one not in columns)


def _star(projection: exp.Expr) -> exp.Star | None:
    if isinstance(projection, exp.Star):
        return projection
    if isinstance(projection, exp.Column) and isinstance(projection.this, exp.Star):
        return projection.this
    return None


def _starred(projection: exp.Expr, star: exp.Star, scope: Scope) -> Relation:
    """Return the columns that a `*` stands for."""
    table = projection.args.get("table") if isinstance(projection, exp.Column) else None
    chosen = scope.tables
    if table is not None:
        chosen = {name: one for name, one in scope.tables.items() if name == table.name.lower()}
    columns: dict[str, Derived] = {}
    undeclared: tuple[Undeclared, ...] = ()
    for relation in chosen.values():
        for name, one in relation.columns.items():
            if name not in columns or name not in scope.shared:
                columns[_free(name, columns)] = one
        undeclared += relation.undeclared
    found = Relation(columns, undeclared)
    found = found.without(column.name.lower() for column in star.args.get("except_") or ())
    changed = {
        one.alias.lower(): _expression(one.this, scope) for one in star.args.get("replace") or ()
    }
    renamed = {one.this.name.lower(): one.alias.lower() for one in star.args.get("rename") or ()}
    named = {renamed.get(name, name): changed.get(name, one) for name, one in found.columns.items()}
    late = {  # of columns that nobody declared
        new: column
        for old, new in renamed.items()
        if new not in named and (column := found.column(old)) is not None
    }
    whole = {**named, **late, **changed}
    return replace(found.without(renamed), columns=whole) if whole or renamed else found


def _is_aggregate(projection: exp.Expr) -> bool:
    return any(
        isinstance(node, exp.AggFunc | exp.Anonymous | exp.Window)
        for node in projection.walk(prune=lambda node: isinstance(node, exp.Query))
    )


# --- expressions --------------------------------------------------------------------------------


def _expression(node: exp.Expr | None, scope: Scope) -> Derived:
    if node is None:
        return NOTHING
    for kind, rule in _RULES:
        if isinstance(node, kind):
            return rule(node, scope)
    return together(_expression(child, scope) for child in node.iter_expressions())


def _subquery(node: exp.Expr, scope: Scope) -> Derived:
    inner = _query(node, scope)
    return together(inner.columns.values()) | _rest(inner) | inner.rows.as_condition()


def _exists(node: exp.Expr, scope: Scope) -> Derived:
    return _query(node.this, scope).rows.as_condition()


def _filter(node: exp.Expr, scope: Scope) -> Derived:
    condition = _expression(node.args["expression"], scope).as_condition()
    return _expression(node.this, scope) | condition


def _rest(relation: Relation) -> Derived:
    return relation.whole_row() if relation.undeclared else NOTHING


def _window(node: exp.Window, scope: Scope) -> Derived:
    named = scope.windows.get(node.alias.lower()) if node.alias else None
    order = together(_expression(one.args.get("order"), scope) for one in (node, named) if one)
    by = together(
        _expression(one, scope)
        for window in (node, named)
        if window
        for one in window.args.get("partition_by") or ()
    )
    value = _expression(node.this, scope)
    inner = node.this.this if isinstance(node.this, exp.IgnoreNulls) else node.this
    if isinstance(inner, _OF_ORDER):
        return value | order | by.as_condition()
    return value | order.as_condition() | by.as_condition()


_RULES: tuple[tuple[type[exp.Expr], Callable[[Any, Scope], Derived]], ...] = (
    (exp.Column, column_of),
    (exp.Query, _subquery),
    (exp.Exists, _exists),
    (exp.Filter, _filter),
    (exp.Window, _window),
    (exp.PropertyEQ, lambda node, scope: _expression(node.expression, scope)),  # {'name': value}
    (exp.Lambda, lambda node, scope: _expression(node.this, scope)),
)
