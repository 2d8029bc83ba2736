"""Which models read otherwise in another state, and what was edited for that."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from provender_ops.definitions.declarations import Declarations, Model
from provender_ops.definitions.parsed import same_query
from provender_ops.plan.change import duration, named, shown
from provender_ops.plan.sources import source_name


@dataclass(frozen=True, slots=True)
class Edit:
    """A model whose SQL is another than it was.

    With `is_reformatted` it says the same. `because` is what made it so, as a sentence has it;
    empty where it follows from another model that was edited.
    """

    unique_id: str
    is_reformatted: bool
    because: str


class Edits:
    """The models of two states whose SQL differs."""

    def __init__(self, old: Declarations, new: Declarations) -> None:
        """Keep both; models are compared when they are asked for."""
        self.old, self.new = old, new
        self._found: dict[str, Edit | None] = {}

    def of(self, unique_id: str) -> Edit | None:
        """Return how a model of the new state differs, None where it does not."""
        if unique_id not in self._found:
            self._found[unique_id] = self._look(unique_id)
        return self._found[unique_id]

    def among(self, unique_id: str) -> list[Edit]:
        """Return the edits of a node and of all that it is made of, its own first."""
        ids = (unique_id, *self.new.ancestors(unique_id))
        return [edit for edit in map(self.of, ids) if edit]

    def title(self, unique_id: str) -> str:
        """Return a model as people name it, a feature view by its label."""
        model = self.new.models.get(unique_id) or self.old.models.get(unique_id)
        return self._labels.get(unique_id) or (model.name if model else unique_id)

    @cached_property
    def _labels(self) -> dict[str, str]:
        views = (*self.old.views.values(), *self.new.views.values())
        return {view.unique_id: view.label for view in views}

    def _look(self, unique_id: str) -> Edit | None:
        old, new = self.old.models.get(unique_id), self.new.models.get(unique_id)
        if new is None or (old is not None and old.sql == new.sql):
            return None
        title = self.title(unique_id)
        if old is None:
            return Edit(unique_id, False, f"{title} is new to it")
        if old.sql is None or new.sql is None:
            return Edit(unique_id, False, f"{title} was not compiled on both sides")
        is_same = same_query(old.sql, new.sql)
        return Edit(unique_id, is_same, self._because(old, new, title))

    def _because(self, old: Model, new: Model, title: str) -> str:
        if old.checksum is None or old.checksum != new.checksum:
            return f"{title} was edited"
        through = [*self._macros(old, new), *self._settles(new)]
        if not through and any(self.of(parent) for parent in self._views_read(new)):
            return ""
        through = through or [*self._vars()]
        if not through:
            return f"{title} is compiled to other text"
        return f"{title} reads otherwise through {named(through)}"

    def _views_read(self, model: Model) -> Iterator[str]:
        """Yield the feature views that stand within a model's SQL."""
        return (each for each in self.new.ancestors(model.unique_id) if each in self._labels)

    def _macros(self, old: Model, new: Model) -> Iterator[str]:
        for macro in sorted({*old.macros, *new.macros}):
            if self.old.macros.get(macro) != self.new.macros.get(macro):
                yield f"macro {macro.partition('.')[2]}"

    def _settles(self, model: Model) -> Iterator[str]:
        """Yield the sources whose rows are readable sooner or later: staging SQL says when."""
        for source in self.new.ancestors(model.unique_id):
            was, becomes = self.old.sources.get(source), self.new.sources.get(source)
            if was and becomes and was.settle_seconds != becomes.settle_seconds:
                yield (
                    f"the settle of source {source_name(source)},"
                    f" {duration(becomes.settle_seconds)} instead of {duration(was.settle_seconds)}"
                )

    def _vars(self) -> Iterator[str]:
        for name in sorted({*self.old.vars, *self.new.vars}):
            was, becomes = self.old.vars.get(name), self.new.vars.get(name)
            if was != becomes:
                values = ("nothing" if each is None else shown(each) for each in (becomes, was))
                yield f"var {name}, {' instead of '.join(values)}"
