"""One sampled spine in an old and in a new definition of a view, and what differs."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import duckdb

from provender_ops.catalog import quoted
from provender_ops.definitions.compiled_sql import HOLE
from provender_ops.definitions.declarations import Declarations, Feature
from provender_ops.errors import CouldNotRun, Refused, UnknownSelection
from provender_ops.plan.inlined import inlined
from provender_ops.plan.rules import NUMBER, TIME, Rules, class_of
from provender_ops.plan.values import Example, Moved, Sample, Side, Values
from provender_ops.plan.writer_file import WriterFile

OLD, NEW = "provender_old", "provender_new"
Pair = tuple[Feature, Feature]


def compare_values(old: Side, new: Side, file: WriterFile, sample: Sample, rules: Rules) -> Values:
    """Return how values move; raise NoBuild, CouldNotRun, Refused or UnknownSelection."""
    if [key.name for key in old.view.keys] != [key.name for key in new.view.keys]:
        raise UnknownSelection(
            f"{old.called} and {new.called} have other keys, so no row of one is a row of the"
            " other. Compare versions of one view."
        )
    with file.reading() as connection:
        return _Comparison(connection, file, rules, old, new).made(sample)


class _Comparison:
    """One comparison, over a connection that has temporary tables of its own."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        file: WriterFile,
        rules: Rules,
        old: Side,
        new: Side,
    ) -> None:
        self._connection, self._file, self._rules = connection, file, rules
        self._old, self._new = old, new
        self._keys = [key.name for key in new.view.keys]
        self._rows_by = [*self._keys, "as_of"]

    def made(self, sample: Sample) -> Values:
        living, keys = self._draw(sample)
        for table, side in ((OLD, self._old), (NEW, self._new)):
            self._compute(table, side)
        rows, only_old, only_new = self._matched()
        pairs, removed, added = self._paired()
        moved = [self._moved(old, new, sample.examples) for old, new in pairs]
        distances = self._distances(pairs)
        return Values(
            old=self._old.called,
            new=self._new.called,
            moments=sample.moments,
            living=living,
            keys=keys,
            rows=rows,
            only_old=only_old,
            only_new=only_new,
            features=tuple(
                replace(each, d=distances[number][0], psi=distances[number][1])
                if number in distances
                else each
                for number, each in enumerate(moved)
            ),
            removed=removed,
            added=added,
            notes=tuple(self._notes()),
        )

    def _draw(self, sample: Sample) -> tuple[int, int]:
        """Make the spine; return how many keys live at the moments, and how many are in it."""
        entity = self._new.state.entities[self._new.view.entity]
        lives = self._over_tables(self._new, entity.unique_id)
        keys = ", ".join(map(quoted, self._keys))
        self._run(
            "create or replace temp table provender_living as"
            f" select distinct {keys}, moments.as_of"
            f" from (select unnest($moments) as as_of) as moments inner join ({lives}) as life"
            " on life.live_from <= moments.as_of"
            " and (life.live_until is null or life.live_until > moments.as_of)",
            f"The entity {entity.name}",
            {"moments": list(sample.moments)},
        )
        self._connection.execute(
            f"create or replace temp table {HOLE} as"
            f" select living.* from provender_living as living"
            f" semi join (from (select distinct {keys} from provender_living) order by"
            f" {self._rules.sample_order(entity.name)}, {keys} limit {sample.keys}) as chosen"
            f" using ({keys})"
        )
        count = f"select count(*) from (select distinct {keys} from {{}})"
        return self._number(count.format("provender_living")), self._number(count.format(HOLE))

    def _compute(self, table: str, side: Side) -> None:
        """Fill a table by a definition over the spine; refuse several rows for one."""
        columns = ", ".join(
            map(quoted, [*self._rows_by, *(each.name for each in side.view.features)])
        )
        definition = self._over_tables(side, side.view.unique_id)
        self._run(
            f"create or replace temp table {table} as select {columns} from ({definition}) as made",
            side.called,
        )
        by = ", ".join(map(quoted, self._rows_by))
        repeated = self._number(
            f"select count(*) from (select {by} from {table} group by all having count(*) > 1)"
        )
        if repeated:
            raise Refused(
                f"{side.called} gives several rows for {repeated} of the keys and moments: history"
                " refuses them. See what its joins repeat."
            )

    def _over_tables(self, side: Side, unique_id: str) -> str:
        """Return a definition over what stands in the file, models inside; raise CouldNotRun."""
        sql = inlined(side.state, unique_id)
        if sql is None:
            raise CouldNotRun(f"{side.called} has no SQL to compute it by. Run `dbt build`.")
        for name in (unique_id, *side.state.ancestors(unique_id)):
            relation = self._stored(side.state, name)
            if relation is not None and f'"{name}"' in sql:
                self._run(f"select 1 from {relation} limit 0", f"{side.called} reads {name}, which")
                sql = sql.replace(f'"{name}"', relation)
        return sql

    def _stored(self, state: Declarations, unique_id: str) -> str | None:
        """Return what stands in the file for a source, seed or snapshot; None for what has SQL."""
        model = state.models.get(unique_id)
        if model is not None and model.sql is not None:
            return None
        new = self._new.state  # the checkout was compiled for this very target
        known = new.models.get(unique_id) or new.sources.get(unique_id)
        known = known or model or state.sources.get(unique_id)
        return self._file.relation(known.relation) if known and known.relation else None

    def _matched(self) -> tuple[int, int, int]:
        """Return how many rows both sides have, the old alone, and the new alone."""
        by = ", ".join(map(quoted, self._rows_by))
        both = self._number(f"select count(*) from {OLD} semi join {NEW} using ({by})")
        old, new = (self._number(f"select count(*) from {table}") for table in (OLD, NEW))
        return both, old - both, new - both

    def _paired(
        self,
    ) -> tuple[list[Pair], tuple[str, ...], tuple[str, ...]]:
        """Pair features by name, and those that are left by equal values."""
        before = {each.name: each for each in self._old.view.features}
        after = {each.name: each for each in self._new.view.features}
        pairs = [(before[name], after[name]) for name in before if name in after]
        gone = [each for name, each in before.items() if name not in after]
        come = [each for name, each in after.items() if name not in before]
        for old in list(gone):
            same = next((new for new in come if self._has_values_of(old, new)), None)
            if same is not None:
                pairs.append((old, same))
                gone.remove(old)
                come.remove(same)
        return pairs, tuple(each.name for each in gone), tuple(each.name for each in come)

    def _has_values_of(self, old: Feature, new: Feature) -> bool:
        """Return whether two features, of two names, are equal in each row and not all alike."""
        if class_of(old.type) != class_of(new.type):
            return False
        values = f"select count(distinct {quoted(old.name)}) from {OLD}"
        return self._number(values) > 1 and not self._changed(old, new)

    def _joined(self) -> str:
        by = " and ".join(f"o.{quoted(name)} = n.{quoted(name)}" for name in self._rows_by)
        return f"{OLD} as o inner join {NEW} as n on {by}"

    def _differ(self, old: Feature, new: Feature) -> str:
        one, other = f"o.{quoted(old.name)}", f"n.{quoted(new.name)}"
        if class_of(old.type) != class_of(new.type):
            return f"cast({one} as varchar) is distinct from cast({other} as varchar)"
        return self._rules.differ(one, other, new.type, new.tolerance)

    def _changed(self, old: Feature, new: Feature) -> int:
        return self._number(f"select count(*) from {self._joined()} where {self._differ(old, new)}")

    def _moved(self, old: Feature, new: Feature, examples: int) -> Moved:
        one, other = f"o.{quoted(old.name)}", f"n.{quoted(new.name)}"
        differ, delta = self._differ(old, new), _delta(old, new, one, other)
        row = self._connection.execute(
            f"select count(*), count(*) filter (where {differ}),"
            f" count(*) filter (where {one} is null), count(*) filter (where {other} is null),"
            f" count(*) filter (where {differ} and {delta} > 0),"
            f" count(*) filter (where {differ} and {delta} < 0),"
            f" avg({delta}), max(abs({delta})) from {self._joined()}"
        ).fetchone()
        assert row is not None
        rows, changed, old_nulls, new_nulls, up, down, mean, largest = row
        has_delta = delta != _NO_DELTA
        return Moved(
            name=new.name,
            type=new.type,
            old_name=old.name,
            rows=rows,
            changed=changed,
            old_nulls=old_nulls,
            new_nulls=new_nulls,
            up=up if has_delta else None,
            down=down if has_delta else None,
            mean_delta=mean,
            largest_delta=largest,
            examples=tuple(self._examples(old, new, differ, delta, examples)),
        )

    def _examples(
        self, old: Feature, new: Feature, differ: str, delta: str, count: int
    ) -> Iterator[Example]:
        """Yield the rows that moved most."""
        by = ", ".join(f"o.{quoted(name)}" for name in self._rows_by)
        rows = self._connection.execute(
            f"select {by}, o.{quoted(old.name)}, n.{quoted(new.name)} from {self._joined()}"
            f" where {differ} order by abs({delta}) desc nulls last, {by} limit {count}"
        ).fetchall()
        for *keys, as_of, was, becomes in rows:
            yield Example(dict(zip(self._keys, keys, strict=True)), as_of, was, becomes)

    def _distances(self, pairs: Sequence[Pair]) -> dict[int, tuple[float | None, float | None]]:
        """Return D and PSI of the pairs that have one class, by number, as drift has them."""
        alike = [
            (number, old, new)
            for number, (old, new) in enumerate(pairs)
            if class_of(old.type) == class_of(new.type)
        ]
        if not alike:
            return {}
        self._observe(alike)
        rows = self._connection.execute(self._rules.distances).fetchall()
        return {number: (d, psi) for number, _, d, psi in rows}

    def _observe(self, pairs: Sequence[tuple[int, Feature, Feature]]) -> None:
        subjects = ", ".join(f"({number}, '{class_of(new.type)}')" for number, _, new in pairs)
        self._connection.execute(
            "create or replace temp table __provender_subjects__ as"
            f" select * from (values {subjects}) as t(id, class)"
        )
        values = " union all ".join(
            f"select {number} as id, {side} as sample,"
            f" {self._rules.observed(quoted(feature.name), feature.type)} from {table}"
            for number, old, new in pairs
            for side, table, feature in ((-1, OLD, old), (0, NEW, new))
        )
        self._connection.execute(f"create or replace temp table __provender_values__ as {values}")

    def _notes(self) -> Iterator[str]:
        if self._old.view.entity != self._new.view.entity:
            yield (
                f"The old view is about {self._old.view.entity}, the new about"
                f" {self._new.view.entity}: the keys are those of the latter."
            )

    def _run(self, sql: str, what: str, parameters: dict[str, Any] | None = None) -> None:
        """Run a statement; raise CouldNotRun, which begins with `what`."""
        try:
            self._connection.execute(sql, parameters or {})
        except duckdb.Error as error:
            first = str(error).split("\n")[0].rstrip(".")
            raise CouldNotRun(
                f"{what} cannot be computed in {self._file.path}: {first}. Is what it reads there?"
                " `dbt build` makes it."
            ) from None

    def _number(self, sql: str) -> int:
        row = self._connection.execute(sql).fetchone()
        assert row is not None
        return int(row[0])


_NO_DELTA = "cast(null as double)"


def _delta(old: Feature, new: Feature, one: str, other: str) -> str:
    """Return by how much a value moved: a number, or seconds; nothing of what is neither."""
    classes = {class_of(old.type), class_of(new.type)}
    if classes == {NUMBER}:
        return f"(cast({other} as double) - cast({one} as double))"
    if classes == {TIME}:
        return f"(epoch(cast({other} as timestamp)) - epoch(cast({one} as timestamp)))"
    return _NO_DELTA
