"""Column lineage: which columns of sources and seeds a feature, or any column, comes from.

It follows SQL as definitions keep it, through all models in between. What cannot be told is said
(`unknown_of`), never guessed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from provender_ops.definitions.compiled_sql import HOLE
from provender_ops.definitions.declarations import Declarations, Model
from provender_ops.definitions.parsed import parsed
from provender_ops.definitions.query_lineage import lineage_of
from provender_ops.definitions.relations import (
    NOTHING,
    Derived,
    Origin,
    Origins,
    Relation,
    Undeclared,
    unknown,
)

__all__ = ["FeatureOrigin", "Lineage", "Origin", "Origins", "column_lineage"]

_KEPT_BY_HISTORY = ("valid_from", "valid_to", "scd_id", "updated_at")


def column_lineage(declarations: Declarations, unique_id: str, column: str) -> Origins:
    """Return all that a column of a model comes from: what it is, and what decides of its rows.

    For more than one question make one Lineage: it keeps what it has parsed.
    """
    lineage = Lineage(declarations)
    return lineage.value_origins(unique_id, column) | lineage.filter_origins(
        unique_id, column, upstream=True
    )


@dataclass(frozen=True, slots=True)
class FeatureOrigin:
    """One column that a feature comes from; `role` is `value`, `condition` or `upstream`."""

    view: str
    feature: str
    origin: Origin
    role: str


@dataclass
class Lineage:
    """The lineage of one state of definitions."""

    declarations: Declarations
    _relations: dict[str, Relation] = field(default_factory=dict)

    def value_origins(self, unique_id: str, column: str) -> Origins:
        """Return the columns that the value of a column is computed from."""
        return self.derived(unique_id, column).value

    def filter_origins(self, unique_id: str, column: str, *, upstream: bool = False) -> Origins:
        """Return the columns that decide which rows count for a value, in the model itself.

        With `upstream`, in the models that it reads as well: there staging compares all columns of
        a row to tell whether it is another version, so these are many.
        """
        derived = self.derived(unique_id, column)
        return derived.conditions | derived.upstream if upstream else derived.conditions

    def unknown_of(self, unique_id: str, column: str) -> tuple[str, ...]:
        """Return what could not be told of a column, as sentences; () when all could."""
        return tuple(sorted(self.derived(unique_id, column).unknown))

    def derived(self, unique_id: str, column: str) -> Derived:
        """Return all that is known of a column of a model, or of the source that it is of."""
        relation = self.relation(unique_id)
        if relation is None:
            return unknown(f"no node of the project is `{unique_id}`")
        found = relation.column(column.lower())
        if found is None:
            return unknown(f"{unique_id} has no column `{column}`")
        return found | relation.rows.as_condition()

    def feature_origins(self) -> Iterator[FeatureOrigin]:
        """Yield each column that a feature comes from, of all views, by its nearest role."""
        for label, view in self.declarations.views.items():
            for feature in view.features:
                derived = self.derived(view.unique_id, feature.name)
                by_role = {
                    "value": derived.value,
                    "condition": derived.conditions - derived.value,
                    "upstream": derived.upstream - derived.conditions - derived.value,
                }
                for role, origins in by_role.items():
                    for origin in sorted(origins):
                        yield FeatureOrigin(label, feature.name, origin, role)

    def relation(self, unique_id: str) -> Relation | None:
        """Return the columns of a node of the project; None when there is no such node."""
        if unique_id not in self._relations:
            found = self._read(unique_id)
            if found is None:
                return None
            self._relations[unique_id] = found
        return self._relations[unique_id]

    def _read(self, unique_id: str) -> Relation | None:
        model = self.declarations.models.get(unique_id)
        if unique_id.startswith(("source.", "seed.")):
            return self._given(unique_id, model)
        if model is None:
            return None
        if model.sql is None:
            return self._without_sql(model)
        tree = parsed(model.sql)
        if tree is None:
            return _untold(f"the SQL of {unique_id} cannot be parsed")
        keys = self._spine_columns(unique_id)
        return lineage_of(tree, lambda name: keys if name == HOLE else self._seen(name))

    def _seen(self, unique_id: str) -> Relation | None:
        found = self.relation(unique_id)
        return found and found.read_by_another()

    def _given(self, unique_id: str, model: Model | None) -> Relation:
        """Return a source or seed: what it declares, and any other name may be a column too."""
        source = self.declarations.sources.get(unique_id)
        declared = source.columns if source else model.columns if model else ()
        columns = {
            column.name.lower(): Derived(frozenset([Origin(unique_id, column.name.lower())]))
            for column in declared
        }
        return Relation(columns, (Undeclared(unique_id),))

    def _without_sql(self, model: Model) -> Relation:
        if model.unique_id.startswith("snapshot.") and len(model.parents) == 1:
            kept = self._seen(model.parents[0])
            if kept is not None:
                stamps = dict.fromkeys(_KEPT_BY_HISTORY, NOTHING)
                return replace(kept, columns={**kept.columns, **stamps})
        return _untold(f"{model.unique_id} was never compiled")

    def _spine_columns(self, unique_id: str) -> Relation:
        """Return the spine of a view: given, so that it comes from nothing."""
        for view in self.declarations.views.values():
            if view.unique_id == unique_id:
                names = [*(key.name.lower() for key in view.keys), "as_of"]
                return Relation(dict.fromkeys(names, NOTHING))
        return _untold(f"{unique_id} reads a spine and is no feature view")


def _untold(why: str) -> Relation:
    return Relation(undeclared=(Undeclared(None, derived=unknown(why)),), rows=unknown(why))
