"""Whether a view or an entity computes something else than it did, feature by feature."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from sqlglot import exp

from provender_ops.definitions.declarations import Declarations, Entity, View
from provender_ops.definitions.parsed import canonical, parsed, same_query
from provender_ops.plan.change import ID_LENGTH, Change, digest, named, same_type
from provender_ops.plan.edits import Edit, Edits
from provender_ops.plan.inlined import inlined
from provender_ops.plan.pruned import DIALECT, CannotPrune, pruned
from provender_ops.plan.views import is_unbuilt

LIFE = ("live_from", "live_until")


class Query(NamedTuple):
    """What gives some columns of a node: `sql` is None where it cannot be told column by column."""

    sql: str | None

    def says_the_same_as(self, other: "Query") -> bool:
        """Return whether both are known and mean the same."""
        return self.sql is not None and other.sql is not None and same_query(self.sql, other.sql)


class Computations:
    """What is computed in two states."""

    def __init__(self, old: Declarations, new: Declarations) -> None:
        """Keep both; queries are parsed when they are asked for."""
        self.old, self.new = old, new
        self.edits = Edits(old, new)
        self._query = cache(self._parsed)

    def changes(self) -> Iterator[Change]:
        """Yield what became of the views and entities that both states have."""
        for name in sorted(self.old.entities.keys() & self.new.entities.keys()):
            yield from self._entity(self.old.entities[name], self.new.entities[name])
        for label in sorted(self.old.views.keys() & self.new.views.keys()):
            if not is_unbuilt(self.old.views[label], self.old):
                yield from self._view(self.old.views[label], self.new.views[label])

    def is_same_feature(self, label: str, old: str, new: str) -> bool:
        """Return whether a feature of the old state is another one of the new, by what it is."""
        was, becomes = self.old.views[label], self.new.views[label]
        before = self._query(False, was.unique_id, _columns(was, old))
        sql = inlined(self.new, becomes.unique_id, self._stands_apart)
        if sql is None:
            return False
        after = _pruned(_called(sql, new, old), _columns(becomes, old))
        return before.says_the_same_as(after)

    def is_same_view(self, old: View, new: View) -> bool:
        """Return whether two views, of two names, are one: columns, entity and computation."""
        named_alike = [
            [(feature.name, feature.type) for feature in view.features] for view in (old, new)
        ]
        if old.entity != new.entity or named_alike[0] != named_alike[1]:
            return False
        return all(
            self._query(False, old.unique_id, _columns(old, feature.name)).says_the_same_as(
                self._query(True, new.unique_id, _columns(new, feature.name))
            )
            for feature in new.features
        )

    def _view(self, old: View, new: View) -> Iterator[Change]:
        edits = self._edits_of(new)
        if not edits:
            return
        if not all(edit.is_reformatted for edit in edits):
            others = [name for name in _both(old, new) if self._differs(old, new, name)]
            if others:
                yield self._other(old, new, others, edits)
                return
        is_own = [each.unique_id for each in edits] == [new.unique_id]
        is_told = is_own and _columns_differ(old, new)
        if _both(old, new) and not is_told and _causes(edits):
            yield _no_other(new.label, (new.label,), edits)

    def _edits_of(self, view: View) -> list[Edit]:
        """Return the edits of what gives a view its values; those of its entity are told apart."""
        entity = self.new.entities.get(view.entity)
        model = self.new.models[view.unique_id]
        parents = [each for each in model.parents if not entity or each != entity.unique_id]
        made_of = {view.unique_id, *parents}.union(*map(self.new.ancestors, parents))
        return [edit for edit in self.edits.among(view.unique_id) if edit.unique_id in made_of]

    def _differs(self, old: View, new: View, feature: str) -> bool:
        before = self._query(False, old.unique_id, _columns(old, feature))
        after = self._query(True, new.unique_id, _columns(new, feature))
        return not before.says_the_same_as(after)

    def _other(
        self, old: View, new: View, features: Sequence[str], edits: Sequence[Edit]
    ) -> Change:
        causes = _causes(edit for edit in edits if not edit.is_reformatted)
        why = f"Models are given other values as {named(features)} than they were trained on."
        return Change(
            subject=new.label,
            kind="computed differently",
            is_breaking=True,
            why=f"{_sentence(causes)} {why}",
            old=self._meaning(False, old, features),
            new=self._meaning(True, new, features),
            views=(new.label,),
            features=frozenset((new.label, name) for name in features),
            is_felt_downstream=True,
            causes=causes,
            hint=f"`provender diff {new.label}` shows how the values move. Put it in a new version,"
            f" beside {new.label}.",
        )

    def _meaning(self, is_new: bool, view: View, features: Iterable[str]) -> str:
        """Return a hash of what gives these features."""
        queries = [
            self._query(is_new, view.unique_id, _columns(view, name)).sql for name in features
        ]
        state = self.new if is_new else self.old
        whole = None if all(queries) else self._whole(state, view.unique_id)
        return digest([[sql and canonical(sql) for sql in queries], whole])[:ID_LENGTH]

    def _whole(self, state: Declarations, unique_id: str) -> list[str]:
        ids = sorted({unique_id, *state.ancestors(unique_id)})
        models = (state.models.get(each) for each in ids)
        return [*ids, *(canonical(model.sql) for model in models if model and model.sql)]

    def _entity(self, old: Entity, new: Entity) -> Iterator[Change]:
        edits = self.edits.among(new.unique_id)
        if not edits:
            return
        views = tuple(sorted(v.label for v in self.new.views.values() if v.entity == new.name))
        columns = (*(key.name for key in new.keys), *LIFE)
        before = self._query(False, old.unique_id, columns)
        after = self._query(True, new.unique_id, columns)
        causes = _causes(edit for edit in edits if not edit.is_reformatted)
        if all(edit.is_reformatted for edit in edits) or before.says_the_same_as(after):
            yield _no_other(f"entity {new.name}", views, edits)
            return
        whole = [
            self._whole(state, each.unique_id) if query.sql is None else canonical(query.sql)
            for state, each, query in ((self.old, old, before), (self.new, new, after))
        ]
        yield Change(
            subject=f"entity {new.name}",
            kind="computed differently",
            is_breaking=True,
            why=f"{_sentence(causes)} Others live, or at other times: its views have other rows.",
            old=digest(whole[0])[:ID_LENGTH],
            new=digest(whole[1])[:ID_LENGTH],
            views=views,
            is_felt_downstream=True,
            causes=causes,
        )

    def _parsed(self, is_new: bool, unique_id: str, columns: tuple[str, ...]) -> Query:
        state = self.new if is_new else self.old
        sql = inlined(state, unique_id, self._stands_apart)
        return _pruned(sql, columns)

    def _stands_apart(self, unique_id: str) -> bool:
        """Return whether a model says in both states the same, and all that it is made of too."""
        ids = {unique_id, *self.old.ancestors(unique_id), *self.new.ancestors(unique_id)}
        return not any(edit and not edit.is_reformatted for edit in map(self.edits.of, ids))


def _pruned(sql: str | None, columns: Sequence[str]) -> Query:
    if sql is None:
        return Query(None)
    try:
        return Query(pruned(sql, columns))
    except CannotPrune:
        return Query(None)


def _columns(view: View, feature: str) -> tuple[str, ...]:
    return (*sorted(key.name for key in view.keys), "as_of", feature)


def _called(sql: str, name: str, other: str) -> str | None:
    """Return a query with one name in place of another, wherever it stands; None if unreadable."""
    tree = parsed(sql)
    if tree is None:
        return None
    renamed = tree.copy()
    for identifier in renamed.find_all(exp.Identifier):
        if identifier.name.lower() == name.lower():
            identifier.set("this", other)
    return renamed.sql(dialect=DIALECT)


def _causes(edits: Iterable[Edit]) -> tuple[str, ...]:
    return tuple(edit.because for edit in edits if edit.because)


def _both(old: View, new: View) -> list[str]:
    """Return the features that both have, of one type: a retyped one is told as that."""
    before = {each.name: each.type for each in old.features}
    return [
        each.name
        for each in new.features
        if each.name in before and same_type(before[each.name], each.type)
    ]


def _columns_differ(old: View, new: View) -> bool:
    return _column_list(old) != _column_list(new)


def _column_list(view: View) -> list[tuple[str, str | None]]:
    keys = [(key.name, key.type) for key in view.keys]
    return [*keys, *((feature.name, feature.type) for feature in view.features)]


def _no_other(subject: str, views: tuple[str, ...], edits: Sequence[Edit]) -> Change:
    """Return the change of what is written otherwise, and computes the same."""
    causes = _causes(edits)
    is_reformatted = all(edit.is_reformatted for edit in edits)
    same = "the parsed SQL does not" if is_reformatted else "what is made of it does not"
    why = (
        f"{_sentence(causes)} The fingerprint changes and {same}: the same is computed. What tells"
        " definitions by their fingerprint takes it for another."
    )
    kind = "reformatted" if is_reformatted else "computed the same"
    return Change(subject, kind, False, why, views=views, causes=causes)


def _sentence(causes: Iterable[str]) -> str:
    return f"{'; '.join(causes) or 'what it reads changed'}."
