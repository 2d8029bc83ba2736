"""The contract card of a feature or a view: what the decision to use it has to know.

Five questions, each answered from what is declared, logged and watched; so a card is as true as
those, and says where they say nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from provender.keys import nearest
from provender_ops.definitions.declarations import Declarations, Feature, View
from provender_ops.errors import UnknownSelection
from provender_ops.features import (
    computation,
    freshness,
    monitoring,
    point_in_time,
    versioning,
)
from provender_ops.features.answers import Answer, Subject
from provender_ops.features.known import Known

QUESTIONS: Sequence[tuple[str, Callable[[Subject], list[Answer]]]] = (
    ("Computation and ownership", computation.answers),
    ("Point in time and leakage", point_in_time.answers),
    ("Freshness and the offline/online split", freshness.answers),
    ("Versioning and hand-over", versioning.answers),
    ("Monitoring", monitoring.answers),
)


@dataclass(frozen=True, slots=True)
class Part:
    """One question and its answers."""

    question: str
    answers: Sequence[Answer]


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of a view version, or of one feature of it; `sql` is its definition."""

    name: str
    about: str
    parts: Sequence[Part]
    sql: str | None


def cards_of(known: Known, name: str) -> list[Card]:
    """Return the cards of what a name means; raise UnknownSelection.

    A view, VIEW@VERSION, a feature, VIEW.FEATURE or VIEW@VERSION.FEATURE. A feature of several
    views, or a view of several versions, has a card for each.
    """
    return [make_card(known, view, feature) for view, feature in _meant(known.declarations, name)]


def make_card(known: Known, view: View, feature: Feature | None = None) -> Card:
    """Return the card of a view version, or of one feature of it."""
    subject = Subject(known, view, feature)
    model = known.declarations.models.get(view.unique_id)
    about = feature.description if feature else view.description
    return Card(
        name=f"{view.label}.{feature.name}" if feature else view.label,
        about=" ".join(about.split()),
        parts=[Part(question, answers(subject)) for question, answers in QUESTIONS],
        sql=model.sql if model else None,
    )


def _meant(declarations: Declarations, name: str) -> list[tuple[View, Feature | None]]:
    views = [declarations.views[label] for label in sorted(declarations.views)]
    named = [(view, None) for view in views if name in (view.name, view.label)]
    if named:
        return list(named)
    features = [
        (view, feature)
        for view in views
        for feature in view.features
        if name in (feature.name, f"{view.name}.{feature.name}", f"{view.label}.{feature.name}")
    ]
    if features:
        return list(features)
    known = [text for view in views for text in (view.name, *(f.name for f in view.features))]
    raise UnknownSelection(
        f"There is no view or feature {name!r}.{nearest(name, known)}"
        " `provender features list` shows all."
    )
