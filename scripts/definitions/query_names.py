"""A query without the names that it gives to its own parts.

A CTE is called by a hash of what it says, a table or subquery by its place in FROM. So neither
another name nor another order of CTEs makes another query.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from provender_ops.definitions.tree_text import written


@dataclass(frozen=True, slots=True)
class _Scope:
    """What names mean in a place: of CTEs, and of what FROM names; `depth` counts subqueries."""

    ctes: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, str] = field(default_factory=dict)
    depth: int = 0


def plainly_named(query: exp.Expr) -> exp.Expr:
    """Give the parts of a query their plain names, in place; return it."""
    _rename(query, _Scope())
    return query


def _rename(query: exp.Expr, scope: _Scope) -> None:
    scope = _with_ctes(query, scope)
    if isinstance(query, exp.SetOperation):
        for side in (query.this, query.expression):
            _rename(side, scope)
        return
    if isinstance(query, exp.Subquery):
        _rename(query.this, scope)
        return
    scope = _with_tables(query, scope)
    for node in list(_own_nodes(query)):
        if isinstance(node, exp.Column):
            _rename_column(node, scope)
        elif isinstance(node, exp.Query) and not isinstance(node, exp.Subquery):
            _rename(node, scope)


def _with_ctes(query: exp.Expr, scope: _Scope) -> _Scope:
    """Rename the CTEs of a query and put them in order; return the scope that knows them."""
    clause = query.args.get("with_")
    if clause is None:
        return scope
    known = dict(scope.ctes)
    taken: set[str] = set()
    for cte in clause.expressions:
        if clause.args.get("recursive"):  # it reads itself: its name is part of it
            known[cte.alias.lower()] = cte.alias.lower()
        inside = _Scope(known, scope.tables, scope.depth + 1)
        _rename(cte.this, inside)
        if clause.args.get("recursive"):
            continue
        name = _hash_of(cte)
        while name in taken:  # two that say the same may still give two answers, of random() say
            name += "_"
        taken.add(name)
        known[cte.alias.lower()] = name
        cte.args["alias"].set("this", exp.to_identifier(name))
    if not clause.args.get("recursive"):
        clause.set("expressions", sorted(clause.expressions, key=lambda cte: str(cte.alias)))
    return _Scope(known, scope.tables, scope.depth)


def _hash_of(cte: exp.CTE) -> str:
    said = [written(value) for name, value in sorted(cte.args.items()) if name != "alias"]
    said.append(written(cte.args["alias"].args.get("columns") or []))
    return f"__cte_{hashlib.sha256(' '.join(said).encode()).hexdigest()[:32]}"


def _with_tables(query: exp.Expr, scope: _Scope) -> _Scope:
    """Rename what FROM names in a SELECT; return the scope inside it."""
    tables = dict(scope.tables)
    bare = {
        node.name.lower()
        for node in query.find_all(exp.Column)
        if len(node.parts) == 1 and not isinstance(node.this, exp.Star)
    }
    renamed = []
    for place, source in enumerate(_sources(query)):
        name = source.alias_or_name.lower()
        plain = f"__from_{scope.depth}_{place}"
        # a whole row is called by its table's name: such a name stays
        tables[name] = name if name in bare else plain
        renamed.append((source, tables[name]))
    for source, name in renamed:
        _call(source, name, scope)
    return _Scope(scope.ctes, tables, scope.depth + 1)


def _sources(query: exp.Expr) -> Iterator[exp.Expr]:
    first = query.args.get("from_")
    if first is not None:
        yield from _joined(first.this)
    for join in query.args.get("joins") or ():
        yield from _joined(join.this)
    yield from query.args.get("laterals") or ()


def _joined(source: exp.Expr) -> Iterator[exp.Expr]:
    yield source
    for join in source.args.get("joins") or ():  # from (a join b)
        yield from _joined(join.this)


def _call(source: exp.Expr, name: str, scope: _Scope) -> None:
    if isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier):
        is_cte = not source.args.get("db") and source.name.lower() in scope.ctes
        if is_cte:
            source.set("this", exp.to_identifier(scope.ctes[source.name.lower()]))
    alias = source.args.get("alias")
    if isinstance(alias, exp.TableAlias):
        alias.set("this", exp.to_identifier(name))
    else:
        source.set("alias", exp.TableAlias(this=exp.to_identifier(name)))


def _own_nodes(query: exp.Expr) -> Iterator[exp.Expr]:
    """Yield the nodes of a SELECT down to the queries inside it, which are yielded and not entered.

    Its CTEs are not: they are done.
    """
    to_do = [child for child in query.iter_expressions() if not isinstance(child, exp.With)]
    while to_do:
        node = to_do.pop()
        yield node
        if not isinstance(node, exp.Query) or isinstance(node, exp.Subquery):
            to_do += list(node.iter_expressions())


def _rename_column(column: exp.Column, scope: _Scope) -> None:
    """Rename the table that a column is qualified by; what follows may be a field of a struct."""
    parts = column.parts
    if len(parts) > 1 and parts[0].name.lower() in scope.tables:
        name = scope.tables[parts[0].name.lower()]
        parts[0].replace(exp.to_identifier(name))
