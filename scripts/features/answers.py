"""An answer on a contract card, and whom it is of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from provender_ops.catalog import Row
from provender_ops.definitions.declarations import Feature, Service, View
from provender_ops.features.known import Known, Rows
from provender_ops.standing import Trouble, said

NEVER_WATCHED = "nobody looked: run `dbt build --select tag:monitor`"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is asked for in a word or two, and what there is to say, a line each."""

    what: str
    says: Sequence[str]


@dataclass(frozen=True)
class Subject:
    """A view version, or one feature of it, and all that is known."""

    known: Known
    view: View
    feature: Feature | None

    @property
    def features(self) -> tuple[Feature, ...]:
        """The feature, or all of the view."""
        return (self.feature,) if self.feature else self.view.features

    @property
    def services(self) -> list[Service]:
        """The services that read it."""
        names = {feature.name for feature in self.features}
        return [
            service
            for _, service in sorted(self.known.declarations.services.items())
            if any(label == self.view.label and name in names for label, name in service.features)
        ]

    def rows(self, rows: Rows) -> list[Row]:
        """Return those rows of a table that speak of it."""
        names = {feature.name for feature in self.features}
        return [
            row for row in rows.get(self.view.label, ()) if row.get("feature") in (None, *names)
        ]

    def troubles(self, *monitors: str) -> list[Trouble]:
        """Return what is open about it, as some monitors found; as all did when none is named."""
        names = {feature.name for feature in self.features}
        return [
            trouble
            for trouble in self.known.troubles
            if trouble.subject == self.view.label
            and (trouble.feature is None or trouble.feature in names)
            and (not monitors or trouble.monitor in monitors)
        ]


def answer(what: str, *says: str | None) -> Answer:
    """Return an answer; None among what it says is left out."""
    return Answer(what, [" ".join(line.split()) for line in says if line])


def lines(what: str, says: Iterable[str], otherwise: str) -> Answer:
    """Return an answer of any number of lines, or what stands for none."""
    said_lines = list(says)
    return answer(what, *(said_lines or [otherwise]))


def seconds(value: float | None) -> str:
    """Return a declared duration."""
    return "not declared" if value is None else said(timedelta(seconds=value))
