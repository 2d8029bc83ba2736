"""Queries as relations.

CTEs and subqueries dissolve into the tables that they read; a grouped one becomes aggregates that
hold the rows they are of. So it does not matter how a query was cut into steps.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlglot import exp

from provender_ops.review.relations import (
    ABSENT,
    EMPTY,
    FUNCTION,
    NULLS,
    SPINE,
    CannotRead,
    Relation,
    apart,
    conditions,
    deep,
    dense,
    never_sparse,
    renamed,
    table,
)
from provender_ops.review.scalars import Node, is_aggregate, ordering, read
from provender_ops.review.terms import NULL, STAR, Term, in_order, number, replaced, rows_of, walk

Names = Callable[[str], Relation | None]


def relation_of(query: Node, names: Names, outer: "_Select | None" = None) -> Relation:
    """Return what a query gives; `names` knows the tables. Raise CannotRead."""
    if isinstance(query, exp.Subquery | exp.Paren):
        return relation_of(query.this, _with(query, names, outer), outer)
    names = _with(query, names, outer)
    if isinstance(query, exp.Select):
        return _Select(query, names, outer).relation()
    if isinstance(query, exp.SetOperation):
        return _union(query, names, outer)
    raise CannotRead(f"a {type(query).__name__.lower()} in place of a query")


def _with(query: Node, names: Names, outer: "_Select | None") -> Names:
    """Return the names that a query knows: its CTEs before the tables around it."""
    ctes = query.args.get("with_")
    for cte in ctes.expressions if ctes else ():
        if ctes.recursive:
            raise CannotRead("a recursive query")
        names = _named(cte, names, outer)
    return names


def _named(cte: Node, names: Names, outer: "_Select | None") -> Names:
    found: list[Relation] = []
    own = cte.alias.lower()

    def known(name: str) -> Relation | None:
        if name.lower() != own:
            return names(name)
        if not found:
            found.append(renamed(relation_of(cte.this, names, outer), cte))
        return found[0]

    return known


def _union(query: Node, names: Names, outer: "_Select | None") -> Relation:
    left = relation_of(query.this, names, outer)
    right = relation_of(query.expression, names, outer)
    kind = f"{type(query).__name__.lower()} {'distinct' if query.args.get('distinct') else 'all'}"
    given = Term("given", *left.columns.values()), Term("given", *right.columns.values())
    branches = [
        Term("branch", each.rows, of) for each, of in zip((left, right), given, strict=True)
    ]
    if kind.startswith("union"):
        branches = list(in_order(branches))
    instance = Term("table", kind, 0, *branches)
    columns = {
        name: Term("ucol", instance, name, Term("inner", left.columns[name], other))
        for name, other in zip(left.columns, right.columns.values(), strict=False)
    }
    has_spine = left.has_spine and right.has_spine
    whole = instance if left.whole is not None or right.whole is not None else None
    return Relation(columns, (instance,), whole=whole, has_spine=has_spine, is_sparse=True)


@dataclass
class _Source:
    """One entry of FROM."""

    alias: str
    relation: Relation
    is_optional: bool = False


@dataclass
class _Select:
    """A SELECT while it is read; it tells its expressions what their names mean."""

    query: Node
    names: Names
    outer: "_Select | None" = None
    sources: list[_Source] = field(default_factory=list)
    where: list[Term] = field(default_factory=list)
    aliases: dict[str, Term] = field(default_factory=dict)
    by: Term | None = None  # what it is grouped by, the spine left out
    are_keys_plain: bool = True
    sparse: bool | None = None

    def relation(self) -> Relation:
        """Return what the SELECT gives."""
        self._read_from()
        where = self.query.args.get("where")
        if where is not None:
            self.where.extend(conditions(read(where.this, self)))
        self._tie_groups()
        if self.query.args.get("group") is not None or self._is_aggregate():
            return self._ended(self._grouped())
        return self._ended(self._flat())

    # what expressions ask

    def column(self, parts: tuple[str, ...]) -> Term:
        """Return what a column is, by its name, or its table and its name."""
        found = self._own_column(parts)
        if found is None and self.outer is not None:
            found = self.outer.column(parts)
        if found is None:
            raise CannotRead(f"the column {'.'.join(parts)}, which nothing it reads has")
        return found

    def aggregated(
        self, name: str, is_distinct: bool, arguments: list[Term], where: Term | None
    ) -> Term:
        """Return an aggregate of the rows here."""
        also = () if where is None else tuple(conditions(where))
        return Term(
            "agg",
            name,
            is_distinct,
            self._for_nothing(is_filtered=where is not None),
            Term("args", *(each for each in arguments if each is not None)),
            rows_of(self._tables(), (*self.where, *also)),
            self.by or Term("by"),
        )

    def _for_nothing(self, is_filtered: bool) -> str:
        """Return what an aggregate is of where nothing was found: see `nothing`."""
        if self._is_sparse():
            return ABSENT
        is_joined = self._has_spine() and bool(self._tables()) and not is_filtered
        return NULLS if is_joined else EMPTY

    def windowed(self, function: Term, window: Node) -> Term:
        """Return a function over a window of the rows here."""
        named = window.args.get("alias")
        declared = {each.this.name: each for each in self.query.args.get("windows") or ()}
        if named is not None and named.name in declared:
            window = declared[named.name]
        partition, order = ordering(window, self)
        spec = window.args.get("spec")
        frame = "" if spec is None else spec.sql(dialect="duckdb").lower()
        return Term(
            "win",
            function,
            Term("partition", *in_order(each for each in partition if each.op not in SPINE)),
            Term("ordered", *order),
            frame,
            self._rows_now(),
        )

    def subquery(self, query: Node, how: str) -> Term:
        """Return the value (`scalar`), the existence (`exists`) or the values (`values`)."""
        relation = relation_of(query, self.names, self)
        values = tuple(relation.columns.values())
        if how == "exists":
            return Term("exists", relation.rows)
        value = values[0] if values else STAR
        if how == "values":
            return Term("scalar", value, relation.rows)
        if value.op == "agg" and not relation.tables:
            return never_sparse(value)
        if not relation.tables and not relation.has_spine:
            return replaced(value, lambda t: never_sparse(t) if t.op == "agg" else None)
        return Term("scalar", value, relation.rows)

    # FROM

    def _read_from(self) -> None:
        begin = self.query.args.get("from_")
        if begin is not None:
            self._add(begin.this, is_optional=False)
        for lateral in self.query.args.get("laterals") or ():
            self._add(lateral, is_optional=False)
        for join in self.query.args.get("joins") or ():
            self._join(join)
        self.are_keys_plain = False

    def _join(self, join: Node) -> None:
        kind, side = (join.kind or "").upper(), (join.side or "").upper()
        if (join.method or "").upper() == "NATURAL":
            raise CannotRead("a natural join")
        mark = len(self.where), len(self.sources)
        self._add(join.this, is_optional=side in ("LEFT", "FULL"))
        if side in ("RIGHT", "FULL"):
            for source in self.sources[:-1]:
                source.is_optional = True
        on = join.args.get("on")
        if on is not None:
            self.where.extend(conditions(read(on, self)))
        for name in join.args.get("using") or ():
            self._use(name.name)
        if (join.method or "").upper() == "ASOF":
            self.where.append(Term("asof", self.sources[-1].relation.rows))
        if kind in ("SEMI", "ANTI"):
            self._semi_join(kind, mark)

    def _semi_join(self, kind: str, mark: tuple[int, int]) -> None:
        """Take the joined source out again: it is only asked whether it is there."""
        joined = self.sources[mark[1]].relation
        exists = Term("exists", rows_of(joined.tables, self.where[mark[0] :]))
        del self.where[mark[0] :], self.sources[mark[1] :]
        self.where.append(exists if kind == "SEMI" else Term("not", exists))

    def _use(self, name: str) -> None:
        own = self.sources[-1].relation.column(name)
        others = [source.relation.column(name) for source in self.sources[:-1]]
        other = next((each for each in others if each is not None), None)
        if own is None or other is None:
            raise CannotRead(f"`using ({name})`, which one side does not have")
        self.where.append(Term("eq", other, own))

    def _add(self, item: Node, is_optional: bool) -> None:
        relation = apart(renamed(self._item(item), item), self._tables())
        self.sources.append(_Source(item.alias_or_name.lower(), relation, is_optional))
        self.where.extend(relation.where)

    def _item(self, item: Node) -> Relation:
        if isinstance(item, exp.Table) and isinstance(item.this, exp.Identifier):
            known = self.names(item.name)
            return table(item.sql(dialect="duckdb")) if known is None else known
        if isinstance(item, exp.Lateral) and isinstance(item.this, exp.Subquery):
            return dense(relation_of(item.this, self.names, self))
        if isinstance(item, exp.Subquery):
            return relation_of(item, self.names, self.outer)
        return table(f"{FUNCTION}{item.name.lower()}", *_columns_of(item, self))

    # rows

    def _tables(self) -> tuple[Term, ...]:
        return tuple(each for source in self.sources for each in source.relation.tables)

    def _has_spine(self) -> bool:
        return any(source.relation.has_spine for source in self.sources)

    def _is_sparse(self) -> bool:
        if self.sparse is None:
            self.sparse = self._loses_rows()
        return self.sparse

    def _loses_rows(self) -> bool:
        if not self._has_spine():
            return not (self.outer is not None and self.query.args.get("group") is None)
        optional = {each for s in self.sources if s.is_optional for each in s.relation.tables}
        where = self.query.args.get("where")
        asked = () if where is None else conditions(read(where.this, self))
        return any(_is_needed(source) for source in self.sources) or any(
            each in optional for condition in asked for each in walk(condition)
        )

    def _rows_now(self) -> Term:
        rows = rows_of(self._tables(), self.where)
        return rows if self.by is None else Term("grouped", Term("group", 0, rows, self.by))

    def _own_column(self, parts: tuple[str, ...]) -> Term | None:
        name = parts[-1]
        if len(parts) > 1:
            for source in self.sources:
                if source.alias == parts[-2].lower():
                    return self._of(source, name)
            return self._field(parts)
        alias = self.aliases.get(name.lower())
        if alias is not None and not any(
            each.op == "col" and each.args[1] == name.lower() for each in walk(alias)
        ):
            known = [s for s in self.sources if name.lower() in s.relation.columns]
            if not known:
                return alias
        in_turn = sorted(self.sources, key=lambda s: name.lower() not in s.relation.columns)
        found = (self._of(source, name) for source in in_turn)
        return next((each for each in found if each is not None), alias or self._alias(name))

    def _of(self, source: _Source, name: str) -> Term | None:
        term = source.relation.column(name)
        if term is None or term.op not in SPINE:
            return term
        is_there = not source.is_optional or self.are_keys_plain
        return term if is_there else Term("okey", term, source.relation.rows)

    def _field(self, parts: tuple[str, ...]) -> Term | None:
        """Return a field of a column that is a struct."""
        if len(parts) != 2:
            return None
        column = self._own_column(parts[:1])
        return column and Term("fn", "field", column, parts[1].lower())

    def _alias(self, name: str) -> Term | None:
        """Return a column of the list that is named only further on in it."""
        for projection in self.query.expressions:
            if isinstance(projection, exp.Alias) and projection.alias.lower() == name.lower():
                inside = {column.name.lower() for column in projection.find_all(exp.Column)}
                if name.lower() not in inside:
                    return read(projection.this, self)
        return None

    # columns

    def _flat(self) -> Relation:
        columns = self._columns()
        wholes = [s.relation.whole for s in self.sources if s.relation.whole is not None]
        is_star = any(each.is_star for each in self.query.expressions)
        only = self.sources[0].relation if len(self.sources) == 1 else None
        return Relation(
            columns,
            self._tables(),
            tuple(self.where),
            whole=wholes[0] if wholes and is_star else None,
            of=only.of if only is not None and not only.tables else None,
            has_spine=self._has_spine(),
            is_sparse=self._is_sparse(),
        )

    def _columns(self) -> dict[str, Term]:
        columns: dict[str, Term] = {}
        for at, projection in enumerate(self.query.expressions):
            if projection.is_star:
                columns.update(self._starred(projection))
                continue
            name = (projection.alias_or_name or f"column {at}").lower()
            columns[name] = read(projection, self)
            self.aliases.setdefault(name, columns[name])
        return columns

    def _starred(self, projection: Node) -> dict[str, Term]:
        star = projection.find(exp.Star)
        of = projection.table.lower() if isinstance(projection, exp.Column) else ""
        out = {each.name.lower() for each in star.args.get("except_") or ()}
        columns: dict[str, Term] = {}
        for source in self.sources:
            if of in ("", source.alias):
                for name in source.relation.columns:
                    term = self._of(source, name)
                    if name not in out and term is not None:
                        columns.setdefault(name, term)
        for each in star.args.get("replace") or ():
            columns[each.alias.lower()] = read(each.this, self)
        for each in star.args.get("rename") or ():
            old = each.this.name.lower()
            columns = {(each.alias.lower() if n == old else n): t for n, t in columns.items()}
        return columns

    # groups

    def _is_aggregate(self) -> bool:
        parts = [*self.query.expressions, *filter(None, [self.query.args.get("having")])]
        return any(_has_aggregate(part) for part in parts)

    def _grouped(self) -> Relation:
        sparse = self._is_sparse()
        by = [each for each in self._grouped_by() if each.op not in (*SPINE, "okey")]
        self.by = Term("by", *in_order(by))
        rows = rows_of(self._tables(), self.where)
        instance = Term("group", 0, rows, self.by)
        inner = {key: Term("gcol", instance, Term("inner", key)) for key in by}
        columns = {n: replaced(t, inner.get) for n, t in self._columns().items()}
        having = self.query.args.get("having")
        kept = () if having is None else tuple(conditions(read(having.this, self)))
        return Relation(
            columns,
            (instance,) if by else (),
            tuple(replaced(each, inner.get) for each in kept),
            of=None if by else rows,
            has_spine=self._has_spine(),
            is_sparse=sparse or bool(kept),
        )

    def _grouped_by(self) -> list[Term]:
        group = self.query.args.get("group")
        if group is None:
            return [Term("all")] if self._has_spine() else []
        if any(group.args.get(each) for each in ("cube", "rollup", "grouping_sets")):
            raise CannotRead("grouping sets")
        if group.args.get("all"):
            plain = [each for each in self.query.expressions if not _has_aggregate(each)]
            return [read(each, self) for each in plain if not each.is_star]
        return [self._group_key(each) for each in group.expressions]

    def _group_key(self, each: Node) -> Term:
        if isinstance(each, exp.Literal) and not each.is_string:
            return read(self.query.expressions[int(each.name) - 1], self)
        return read(each, self)

    def _tie_groups(self) -> None:
        """Where a group's column is a key of the spine, make its aggregates those of that key."""
        ties: dict[Term, dict[Term, Term]] = {}
        for condition in self.where:
            if condition.op == "eq":
                for one, other in (condition.terms, condition.terms[::-1]):
                    if one.op == "gcol" and other.op in SPINE:
                        ties.setdefault(one.args[0], {})[one.args[1].args[0]] = other
        for instance, keys in ties.items():
            self._tie(instance, keys)

    def _tie(self, instance: Term, keys: Mapping[Term, Term]) -> None:
        place, rows, by = instance.args
        left = Term("by", *(each for each in by.terms if each not in keys))
        equal = [Term("eq", inner, key) for inner, key in keys.items()]

        def with_keys(inner: Term) -> Term:
            return rows_of(inner.args[0].terms, (*inner.args[1].terms, *equal))

        tied = with_keys(rows)
        group = Term("group", place, tied, left)

        def change(term: Term) -> Term | None:
            if term.op == "gcol" and term.args[0] == instance:
                inner = term.args[1].args[0]
                return keys.get(inner) or Term("gcol", group, term.args[1])
            if term.op == "agg" and term.args[5] == by and _is_among(term.args[4], rows):
                return Term("agg", *term.args[:4], with_keys(term.args[4]), left)
            if term == instance:
                return group
            return None

        self.where = [replaced(each, change) for each in self.where]
        for source in self.sources:
            relation = source.relation
            if instance in relation.tables:
                kept = [each for each in relation.tables if each != instance]
                source.relation = replace(
                    relation,
                    columns={n: deep(t, change) for n, t in relation.columns.items()},
                    tables=(*kept, group) if left.terms else tuple(kept),
                    where=tuple(deep(each, change) for each in relation.where),
                    of=tied if not left.terms and not kept else None,
                )
        self.where = [deep(each, change) for each in self.where]

    # what comes after the columns

    def _ended(self, relation: Relation) -> Relation:
        qualify = self.query.args.get("qualify")
        if qualify is not None:
            kept = list(conditions(read(qualify.this, self)))
            if self.by is not None:
                group = relation.tables[0] if relation.tables else None
                inner = {k: Term("gcol", group, Term("inner", k)) for k in self.by.terms}
                kept = [replaced(each, inner.get) for each in kept]
            relation = replace(relation, where=(*relation.where, *kept), is_sparse=True)
        distinct = self.query.args.get("distinct")
        if distinct is not None:
            relation = self._distinct(relation, distinct)
        limit = self.query.args.get("limit")
        return relation if limit is None else self._limited(relation, limit)

    def _distinct(self, relation: Relation, distinct: Node) -> Relation:
        if distinct.args.get("on") is not None:
            on = distinct.args["on"]
            return self._first(relation, [read(e, self) for e in on.expressions or [on]])
        by = in_order(t for t in relation.columns.values() if t.op not in (*SPINE, "okey"))
        if not by:
            if not relation.tables and relation.of is None:
                return relation  # the rows of a spine are distinct
            return replace(relation, tables=(), where=(), whole=None, of=relation.rows)
        instance = Term("group", 0, relation.rows, Term("by", *by))
        columns = {
            name: t if t.op in SPINE else Term("gcol", instance, Term("inner", t))
            for name, t in relation.columns.items()
        }
        return replace(relation, columns=columns, tables=(instance,), where=(), whole=None)

    def _limited(self, relation: Relation, limit: Node) -> Relation:
        count = limit.expression
        if isinstance(count, exp.Literal) and count.name == "1":
            return self._first(relation, [])
        text = limit.sql(dialect="duckdb").lower()
        return replace(relation, where=(*relation.where, Term("limit", text, self._rows_now())))

    def _first(self, relation: Relation, partition: Sequence[Term]) -> Relation:
        order = self.query.args.get("order")
        window = exp.Window(this=exp.RowNumber(), order=order and order.copy())
        row = self.windowed(Term("call", "rownumber"), window)
        by = Term("partition", *in_order(each for each in partition if each.op not in SPINE))
        row = Term("win", row.args[0], by, *row.args[2:])
        return replace(
            relation, where=(*relation.where, Term("eq", row, number(1))), is_sparse=True
        )


def _is_among(rows: Term, others: Term) -> bool:
    """Return whether rows are some of others: of the same tables, under further conditions."""
    return rows.args[0] == others.args[0] and set(others.args[1].terms) <= set(rows.args[1].terms)


def _is_needed(source: _Source) -> bool:
    """Return whether a row of the spine may find nothing in a source, and goes then."""
    if source.is_optional:
        return False
    relation = source.relation
    return relation.is_sparse or bool(relation.tables and not relation.has_spine)


def _has_aggregate(node: Any) -> bool:
    if not isinstance(node, exp.Expression):
        return False
    for each in node.walk(prune=lambda n: isinstance(n, exp.Subquery | exp.Exists)):
        if is_aggregate(each) and not _is_windowed(each):
            return True
    return False


def _is_windowed(node: Any) -> bool:
    parent = node.parent
    while isinstance(parent, exp.IgnoreNulls | exp.RespectNulls | exp.Filter):
        parent = parent.parent
    return isinstance(parent, exp.Window) and parent.this is not None and _is_this(node, parent)


def _is_this(node: Any, window: Any) -> bool:
    return any(each is node for each in _unwrapped(window.this))


def _unwrapped(node: Any) -> Iterator[Any]:
    yield node
    while isinstance(node, exp.IgnoreNulls | exp.RespectNulls | exp.Filter):
        node = node.this
        yield node


def _columns_of(item: Node, here: _Select) -> list[Term]:
    """Return the columns that a table function is given."""
    found = []
    for column in item.find_all(exp.Column):
        try:
            found.append(read(column, here))
        except CannotRead:
            found.append(NULL)
    return found
