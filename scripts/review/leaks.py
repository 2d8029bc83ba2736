"""Features that tell a service what it is to predict, found by lineage.

A label is a column of a model. Refused is a feature that is made of what the label is made of, that
reads the model of the label, or that reads what is there only once the label is known.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from provender.keys import nearest
from provender_ops.definitions.declarations import Declarations, Service, View
from provender_ops.definitions.lineage import Lineage
from provender_ops.errors import CouldNotRun, UnknownSelection
from provender_ops.review.models import Models, columns_in
from provender_ops.review.quantity import quantity_of, rows_around
from provender_ops.review.relations import CannotRead, Relation
from provender_ops.review.terms import NULL, Term, is_literal, walk

DERIVED = "derived from the label"
READS = "reads the label"
CONSEQUENCE = "a consequence of the label"
UNREAD = "cannot be read"
SUSPICIOUS = "suspicious"
_COMPARED = frozenset({"eq", "ne", "in", "gt", "ge", "lt", "le", "same", "not same"})
_LATER = {"gt": 0, "ge": 0, "lt": 1, "le": 1}  # which side is the later one


class Origin(NamedTuple):
    """A column of a source or seed."""

    table: str
    column: str

    @property
    def said(self) -> str:
        """The table's own name and the column."""
        return f"{self.table.split('.')[-1]}.{self.column}"


@dataclass(frozen=True)
class Leak:
    """A feature that tells a service its label, or may.

    `feature` is `view@version.feature`, `kind` one of DERIVED, READS, CONSEQUENCE, UNREAD and
    SUSPICIOUS; `by` and `reason` are the sign-off of the YAML, None without one.
    """

    service: str
    feature: str
    kind: str
    because: str
    by: str | None = None
    reason: str | None = None

    @property
    def is_signed_off(self) -> bool:
        """Whether a person let it through."""
        return self.by is not None


def _listed(declared: Any) -> list[Any]:
    """Return what is declared as a list; of what is none, the contract check tells."""
    return declared if isinstance(declared, list) else []


def services_with_labels(declarations: Declarations) -> list[str]:
    """Return the services that declare a label."""
    return sorted(name for name, each in declarations.services.items() if label_of(each))


def label_of(service: Service) -> Mapping[str, Any]:
    """Return what a service declares of its label; {} when nothing."""
    declared = service.meta.get("label")
    return declared if isinstance(declared, Mapping) else {}


def find_leaks(declarations: Declarations, service: str) -> list[Leak]:
    """Return the features of a service that lineage refuses, signed off or not.

    A service that declares no label has none. Raise UnknownSelection for an unknown service.
    """
    found = declarations.services.get(service)
    if found is None:
        raise UnknownSelection(
            f"No feature service {service!r}.{nearest(service, declarations.services)}"
            f" The services are: {', '.join(sorted(declarations.services)) or 'none'}."
        )
    if not label_of(found):
        return []
    label = _Label(declarations, found)
    label.refuse_unread()
    return [
        signed(found, Leak(service, f"{view}.{feature}", kind, because))
        for view, feature in found.features
        for kind, because in [label.judge(declarations.views[view], feature) or ("", "")]
        if kind
    ]


def signed(service: Service, leak: Leak) -> Leak:
    """Return a leak with the sign-off that the service declares for it."""
    view, _, feature = leak.feature.rpartition(".")
    names = (leak.feature, f"{view.split('@')[0]}.{feature}")
    for entry in _listed(service.meta.get("reviewed")):
        if isinstance(entry, Mapping) and entry.get("feature") in names:
            return Leak(
                leak.service, leak.feature, leak.kind, leak.because,
                str(entry.get("by")), str(entry.get("reason")),
            )  # fmt: skip
    return leak


@dataclass
class _Label:
    """The label of a service, and what it is made of."""

    declarations: Declarations
    service: Service
    models: Models = field(init=False)

    def __post_init__(self) -> None:
        self.models = Models(self.declarations)

    @cached_property
    def model(self) -> str:
        """The unique id of the label's model."""
        name = label_of(self.service).get("model")
        ids = [each.unique_id for each in self.declarations.models.values() if each.name == name]
        if not ids:
            raise UnknownSelection(
                f"Service {self.service.name!r} takes its label from {name!r}, which is no model"
                " of this project. `dbt compile` checks what exposures declare."
            )
        return sorted(ids)[0]

    def refuse_unread(self) -> None:
        """Raise CouldNotRun when it cannot be told what the label is made of."""
        if not self.values and not self.after[0]:
            raise CouldNotRun(
                f"It cannot be told what the label of {self.service.name} is made of: `dbt compile`"
                f" it, and write {self.model} so that its columns can be followed to a source."
            )

    @cached_property
    def values(self) -> frozenset[Origin]:
        """What the label's value is made of, and what the moment it is asked at is not."""
        own = self._origins(str(label_of(self.service).get("column")))
        own |= {_origin(each) for each in _asked_for_values(self.term)}
        elsewhere = frozenset(each for each in own if each.table not in self.before)
        return elsewhere or own

    @cached_property
    def before(self) -> frozenset[str]:
        """The tables whose rows are there when the label is asked for: they give its as_of."""
        return frozenset(each.table for each in self._origins("as_of"))

    @cached_property
    def after(self) -> tuple[frozenset[str], frozenset[Origin]]:
        """Tables and columns that are there only once the label is known."""
        known = self.declarations.sources.keys() | self.declarations.models.keys()
        read = {each.args[0] for each in walk(self.term) if each.op == "table"} & known
        tables = ({each.table for each in self.values} | read) - self.before
        columns: set[Origin] = set()
        ids = {_short(each): each for each in (*self.declarations.sources, *self._seeds)}
        for name in map(str, _listed(label_of(self.service).get("consequences"))):
            if name in ids:
                tables.add(ids[name])
            else:
                table, _, column = name.rpartition(".")
                columns.add(Origin(ids.get(table, table), column))
        return frozenset(tables), frozenset(columns)

    @cached_property
    def ahead(self) -> frozenset[str]:
        """The tables of which the label takes only rows that are later than its as_of."""
        relation = self.relation
        moment = set(columns_in((relation and relation.column("as_of")) or NULL))
        asked = (self.term, *(relation.where if relation else ()))
        return frozenset(
            table for each in asked for part in walk(each) for table in _later_than(part, moment)
        )

    @cached_property
    def relation(self) -> Relation | None:
        """What the model of the label computes; None where its SQL cannot be read."""
        try:
            return self.models.whole(self.model)
        except CannotRead:
            return None

    @property
    def term(self) -> Term:
        """The label itself."""
        column = str(label_of(self.service).get("column"))
        return (self.relation and self.relation.column(column)) or NULL

    @property
    def _seeds(self) -> list[str]:
        return [each for each in self.declarations.models if each.startswith("seed.")]

    def _origins(self, column: str) -> frozenset[Origin]:
        found = Lineage(self.declarations).value_origins(self.model, column)
        return frozenset(Origin(each.unique_id, each.column) for each in found)

    def judge(self, view: View, feature: str) -> tuple[str, str] | None:
        """Return what a feature is of the label, and why; None when it is nothing of it."""
        if self.model in self.declarations.ancestors(view.unique_id):
            return READS, f"{view.label} reads {self.model.split('.')[2]}, the model of the label"
        try:
            relation = self.models.view(view)
            read = _Read(self.models, self.declarations, view, relation, feature)
        except CannotRead as error:
            return UNREAD, f"it cannot be told what it is made of: {error}"
        passed = self.ahead if read.looks_back else frozenset()
        return self._judge(
            frozenset(each for each in read.columns if each.table not in passed),
            frozenset(read.tables - passed),
        )

    def _judge(self, columns: frozenset[Origin], tables: frozenset[str]) -> tuple[str, str] | None:
        shared = columns & self.values
        if shared:
            said = ", ".join(sorted(each.said for each in shared))
            return DERIVED, f"it is made of {said}, which the label is made of"
        later_tables, later_columns = self.after
        later = sorted(each.split(".")[-1] for each in tables & later_tables)
        later += sorted(each.said for each in columns & later_columns)
        if later:
            return CONSEQUENCE, f"it reads {', '.join(later)}, there only once the label is known"
        return None


class _Read:
    """What a feature reads: columns and tables of sources, through all models and views."""

    def __init__(
        self,
        models: Models,
        declarations: Declarations,
        view: View,
        relation: Relation,
        feature: str,
    ) -> None:
        self._models, self._declarations = models, declarations
        self._seen: set[Term] = set()
        self.columns: set[Origin] = set()
        self.tables: set[str] = set()
        term = relation.column(feature)
        if term is None:
            raise CannotRead(f"{view.unique_id} has no column {feature}")
        notes = quantity_of(term, relation).notes
        self.looks_back = "known" in notes or "newest" in notes
        self._note([term, rows_around(term, relation), *_presence(relation)])

    def _note(self, terms: Iterable[Term]) -> None:
        for each in (part for term in terms for part in walk(term)):
            if each in self._seen:
                continue
            self._seen.add(each)
            if each.op == "table":
                self.tables.add(each.args[0])
            if each.op == "col":
                self._note_column(each.args[0].args[0], each.args[1])

    def _note_column(self, table: str, column: str) -> None:
        self.columns.add(Origin(table, column))
        for parent in self._made_of(table):
            self.tables.add(parent)
            views = self._declarations.views.values()
            view = next((each for each in views if each.unique_id == parent), None)
            if view is None:
                self._note_column(parent, column)
                continue
            relation = self._models.view(view)
            term = relation.column(column)
            self._note([*([term] if term else ()), relation.rows])

    def _made_of(self, table: str) -> Iterator[str]:
        """Yield what a table is a copy of: a view read by its name, the view of a history."""
        if any(each.unique_id == table for each in self._declarations.views.values()):
            yield table
        elif table.startswith("snapshot."):
            yield from self._declarations.models[table].parents


def _presence(relation: Relation) -> Iterator[Term]:
    """Yield what decides whether a view has a row at all."""
    if relation.is_sparse:
        yield relation.rows


def _asked_for_values(term: Term) -> Iterator[Term]:
    """Yield the columns that are compared with values: which event a label looks for."""
    for each in walk(term):
        if each.op in _COMPARED and any(is_literal(side) for side in each.terms):
            yield from columns_in(each)


def _origin(column: Term) -> Origin:
    return Origin(column.args[0].args[0], column.args[1])


def _later_than(term: Term, moment: set[Term]) -> Iterator[str]:
    """Yield the table of which a comparison takes only what is later than a moment."""
    if term.op not in _LATER or not moment:
        return
    later = term.terms[_LATER[term.op]]
    earlier = term.terms[1 - _LATER[term.op]]
    of_earlier, of_later = set(columns_in(earlier)), set(columns_in(later))
    tables = {each.terms[0].args[0] for each in of_later}
    if of_earlier and of_earlier <= moment and len(tables) == 1 and not of_later & moment:
        yield tables.pop()


def _short(unique_id: str) -> str:
    """Return a source as its YAML names it, source.table, and a seed by its name."""
    parts = unique_id.split(".")
    return ".".join(parts[2:]) if parts[0] == "source" else parts[-1]
