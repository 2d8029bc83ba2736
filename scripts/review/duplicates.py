"""Features that measure what another measures already, found in their SQL.

Each feature is read down to the columns of sources, and what two that measure the same have in
common is hashed: so each is read once, and only those that share a hash are compared.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from provender_ops.definitions.declarations import Declarations, Feature, View
from provender_ops.review.models import Models
from provender_ops.review.nothing import UNKNOWN, served_for_nothing
from provender_ops.review.quantity import Quantity, quantity_of
from provender_ops.review.relations import CannotRead
from provender_ops.review.terms import STAR, Term, is_literal, walk

SAME = "the same"
NULL_RULE = "the same but for its null rule"
RULE = "the same by another rule"
OTHER = "the same name, computed otherwise"
VALUES = "the same values"

_DIFFERENT = {
    "factor": "another factor",
    "shift": "another constant is added",
    "rounded": "one is rounded",
    "clipped": "one is clipped",
    "scale of": "one is a logarithm or root",
    "units": "units of time are counted otherwise",
    "calendar": "one counts months or years of the calendar",
    "days": "one goes by calendar days",
    "newest": "one leaves out what happens at as_of itself",
    "edge": "another edge of a window or range counts",
    "known": "one does not ask what was known at as_of",
    "cleaned": "rows are cleaned by another model",
    "one row for each": "only one leaves out rows delivered twice",
    "skipped": "one skips nulls",
    "ties": "ties are broken otherwise",
    "approximate": "one is approximate",
    "spelling": "one reads text whatever its case and spaces",
}


@dataclass(frozen=True)
class Measured:
    """One feature of a view version, and what it measures."""

    view: View
    feature: Feature
    quantity: Quantity
    for_nothing: Any

    @property
    def label(self) -> str:
        """`view@version.feature`."""
        return f"{self.view.label}.{self.feature.name}"


@dataclass(frozen=True)
class Duplicate:
    """Two features that are one, or that look like it.

    `feature` and `of` are `view@version.feature`, the newer first where that is known; `kind` is
    one of SAME, NULL_RULE, RULE, OTHER and VALUES; `excuse` is the reason that the YAML of either
    gives, None when it gives none.
    """

    feature: str
    of: str
    kind: str
    differences: tuple[str, ...] = ()
    excuse: str | None = None


@dataclass(frozen=True)
class Found:
    """What was found, and the views whose SQL could not be read: label -> why."""

    duplicates: Sequence[Duplicate]
    unread: Mapping[str, str] = field(default_factory=dict)


def find_duplicates(
    declarations: Declarations, new: Collection[str] | None = None
) -> list[Duplicate]:
    """Return the duplicates among features; of those of the views `new` (labels) where given.

    Versions of one view are no duplicates of each other. Excused ones are returned with their
    excuse.
    """
    return list(review(declarations, new).duplicates)


def review(declarations: Declarations, new: Collection[str] | None = None) -> Found:
    """Return the duplicates, and what could not be read."""
    measured, unread = measure(declarations)
    return Found(compared(measured, new), unread)


def compared(measured: Iterable[Measured], new: Collection[str] | None = None) -> list[Duplicate]:
    """Return the duplicates among features that were measured."""
    return _sorted(_compare_all(measured, new))


def measure(declarations: Declarations) -> tuple[list[Measured], dict[str, str]]:
    """Return what each feature measures, and the views that cannot be read: label -> why."""
    models = Models(declarations)
    found: list[Measured] = []
    unread: dict[str, str] = {}
    for view in declarations.views.values():
        try:
            found.extend(_measured(view, models))
        except CannotRead as error:
            unread[view.label] = str(error)
        except RecursionError:
            unread[view.label] = "it is nested too deeply"
    return found, unread


def _measured(view: View, models: Models) -> Iterator[Measured]:
    relation = models.view(view)
    for feature in view.features:
        term = relation.column(feature.name)
        if term is None:
            raise CannotRead(f"{view.unique_id} has no column {feature.name}")
        nothing = served_for_nothing(feature, term, relation.is_sparse)
        yield Measured(view, feature, quantity_of(term, relation), nothing)


def _compare_all(measured: Iterable[Measured], new: Collection[str] | None) -> Iterator[Duplicate]:
    alike: dict[tuple[Any, ...], list[Measured]] = defaultdict(list)
    named: dict[tuple[Any, ...], list[Measured]] = defaultdict(list)
    for each in measured:
        if not _is_constant(each.quantity.core):
            alike[len(each.view.keys), each.quantity.loose].append(each)
        named[each.view.entity, each.feature.name].append(each)
    seen: set[tuple[str, str]] = set()
    for group in (*alike.values(), *named.values()):
        for one, other in _pairs(group, new):
            if (one.label, other.label) not in seen:
                seen.add((one.label, other.label))
                found = compare(one, other)
                if found is not None:
                    yield found


def _pairs(
    group: Sequence[Measured], new: Collection[str] | None
) -> Iterator[tuple[Measured, Measured]]:
    """Yield pairs to compare, the newer first; of several versions of a view the last."""
    for one, other in combinations(sorted(group, key=lambda each: each.label), 2):
        if one.view.name == other.view.name and one.view.version != other.view.version:
            continue
        if new is None:
            if _is_last(one, group) and _is_last(other, group):
                yield other, one
        elif one.view.label in new and (other.view.label in new or _is_last(other, group)):
            yield one, other
        elif other.view.label in new and _is_last(one, group):
            yield other, one


def _is_last(one: Measured, group: Sequence[Measured]) -> bool:
    versions = [e.view.version for e in group if e.view.name == one.view.name]
    return one.view.version == max(versions)


def _is_constant(core: Term) -> bool:
    return is_literal(core) or not any(
        each.op in ("col", "ucol", "table", "of") for each in walk(core)
    )


def compare(one: Measured, other: Measured) -> Duplicate | None:
    """Return what two features have in common; None when they are two."""
    is_same = one.view.entity == other.view.entity or len(one.view.keys) == len(other.view.keys)
    differences = _differences(one, other) if is_same else None
    if differences is None:
        if one.feature.name != other.feature.name or one.view.entity != other.view.entity:
            return None
        if one.view.name == other.view.name:
            return None
        return Duplicate(one.label, other.label, OTHER, excuse=excuse(one, other))
    kind = SAME if not differences else RULE
    if differences and all(text.startswith("null rule") for text in differences):
        kind = NULL_RULE
    return Duplicate(one.label, other.label, kind, tuple(differences), excuse(one, other))


def _differences(one: Measured, other: Measured) -> list[str] | None:
    """Return how two features differ that measure the same; None when they do not."""
    mine, others = one.quantity, other.quantity
    if mine.loose != others.loose or _is_constant(mine.core):
        return None
    counted = _counted_otherwise(mine, others)
    if counted is None:
        return None
    found = [*counted, *_noted_otherwise(mine, others)]
    if "whole" in (mine.notes.keys() ^ others.notes.keys()):
        found.append("one is whole")
    nothing = [one.for_nothing, other.for_nothing]
    if UNKNOWN not in nothing and not _is_equal(*nothing):
        found.append(f"null rule: for nothing {_said(nothing[0])}, not {_said(nothing[1])}")
    if not _is_equal(one.feature.default, other.feature.default):
        defaults = f"{_said(one.feature.default)}, not {_said(other.feature.default)}"
        found.append(f"null rule: by default {defaults}")
    return found


def _counted_otherwise(one: Quantity, other: Quantity) -> list[str] | None:
    """Return how the counts in two quantities differ; None when they count different things."""
    grains = [each.notes.get("one row for each", frozenset()) for each in (one, other)]
    if all(grains) and grains[0] != grains[1]:
        return None
    found: list[str] = []
    for (distinct, what), (also_distinct, also) in zip(one.counted, other.counted, strict=True):
        if distinct == also_distinct and what == also:
            continue
        rows = [_is_row(each, grains) for each in (what, also)]
        if distinct or also_distinct:
            if distinct == also_distinct or (what != also and not all(rows)):
                return None
            found.append("one counts each value once")
        elif not all(rows):
            if any(grains) and any(rows) and one.core.op == "agg":
                return None  # one counts rows, the other those where it knows something
            found.append("rows are counted by another column")
    return found


def _is_row(what: Term, grains: Sequence[Collection[str]]) -> bool:
    """Return whether to count a column is to count rows: it is what they are told apart by."""
    return what == STAR or any(set(grain) == {what.args[-1]} for grain in grains)


def _noted_otherwise(one: Quantity, other: Quantity) -> list[str]:
    found = []
    for kind, text in _DIFFERENT.items():
        mine, others = one.notes.get(kind), other.notes.get(kind)
        if mine != others and not (kind == "one row for each" and mine and others):
            found.append(text if kind != "factor" else _factor(mine, others))
    return found


def _factor(one: Collection[str] | None, other: Collection[str] | None) -> str:
    mine, others = (float(next(iter(each))) if each else 1.0 for each in (one, other))
    return f"multiplied by {mine / others:.6g}"


def _is_equal(one: Any, other: Any) -> bool:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return float(one) == float(other)
    return bool(one == other)


def _said(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return f"{value:g}" if isinstance(value, int | float) else f"{value}"


def excuse(one: Measured, other: Measured) -> str | None:
    """Return the reason that the YAML of either gives why it is not the other; None for none."""
    for each, its_other in ((one, other), (other, one)):
        for name, reason in each.feature.not_duplicate_of.items():
            if name in (its_other.label, f"{its_other.view.name}.{its_other.feature.name}"):
                return reason
    return None


def _sorted(found: Iterable[Duplicate]) -> list[Duplicate]:
    order = (SAME, NULL_RULE, RULE, OTHER, VALUES)
    return sorted(found, key=lambda each: (order.index(each.kind), each.feature, each.of))
