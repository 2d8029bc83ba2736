"""A training set, one spine row and one view at a time: rules 7 to 12 of the design.

`answer(view, asked, row)` says what stands in the columns of a view. Differences of moments, never
sums: those leave the calendar at its ends.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from oracle.point_in_time import Feature, Key, Push

Source = Literal["history", "recompute", "served", "backfill"]
NOTHING = timedelta(0)


@dataclass(frozen=True)
class Declared:
    """What a view's YAML says, today or on the day of a run."""

    features: Mapping[str, Feature]
    ttl: timedelta
    freshness_sla: timedelta
    otherwise: Literal["default", "fail"]

    def absent(self, name: str) -> Any:
        """Return what stands where nothing was computed."""
        return self.features[name].default if self.otherwise == "default" else None

    def computed(self, name: str, value: Any) -> Any:
        """Pass a null on: it is a value, unless the feature says that it means the default."""
        feature = self.features[name]
        return feature.default if value is None and feature.null_is == "default" else value


@dataclass(frozen=True)
class Run:
    """A logged run: the features it computed, and what was declared then."""

    as_of: datetime
    ended_at: datetime
    declared: Declared


@dataclass(frozen=True)
class Slot:
    """A moment for which a feature was backfilled."""

    feature: str
    as_of: datetime
    step: timedelta


@dataclass(frozen=True)
class Served:
    """What the decision log says of one feature."""

    value: Any
    as_of: datetime | None
    age: timedelta | None
    status: str


@dataclass(frozen=True)
class View:
    """One view version, and all that happened to it."""

    declared: Declared
    lag: timedelta
    state: Callable[[datetime], Mapping[Key, Mapping[str, Any]]]  # what is computed as of a moment
    runs: list[Run] = field(default_factory=list)
    pushes: list[Push] = field(default_factory=list)  # of this store
    kept_from: datetime | None = None  # retention cut what came before
    slots: list[Slot] = field(default_factory=list)
    decisions: Mapping[str, Mapping[str, Served]] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """What a training set asks of a view."""

    features: list[str]
    sources: list[Source]
    policy: Literal["now", "then"] = "now"
    max_age: timedelta = timedelta.max
    horizon: datetime = datetime.max


@dataclass(frozen=True)
class SpineRow:
    """Whom a row asks about, and when; and the decision that it labels."""

    key: Key
    t: datetime | None
    decision: str | None = None


@dataclass(frozen=True)
class Said:
    """What one source says: of the view, and the value of each feature that it has."""

    source: Source
    as_of: datetime | None
    age: timedelta | None
    status: str
    values: Mapping[str, Any]
    not_computed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Answer:
    """What stands in the columns of a view."""

    values: Mapping[str, Any]
    as_of: datetime | None
    age: timedelta | None
    status: str
    not_computed: str | None
    source: str | None


def answer(view: View, asked: Asked, row: SpineRow) -> Answer:
    """Take each feature from the first source that has it; the view's row from the first at all."""
    told = [said for source in asked.sources for said in _SOURCES[source](view, asked, row)]
    chosen = {
        name: next((said for said in told if name in said.values), None) for name in asked.features
    }
    absent = [name for name, said in chosen.items() if said is None or name in said.not_computed]
    sources = {said.source for said in chosen.values() if said}
    first = next(iter(told), Said("history", None, None, "not_computed", {}))
    return Answer(
        values={
            name: said.values[name] if said else view.declared.absent(name)
            for name, said in chosen.items()
        },
        as_of=first.as_of,
        age=first.age,
        status=first.status,
        not_computed=", ".join(absent) or None,
        source=", ".join(source for source in asked.sources if source in sources) or None,
    )


def available_run(view: View, t: datetime, horizon: datetime = datetime.max) -> Run | None:
    """Return the run that readers got at `t`, as far as is known at the horizon."""
    if any(push.readable_at <= horizon for push in view.pushes):
        pushed = [push for push in view.pushes if push.readable_at <= t]
        last = max(pushed, key=lambda p: (p.readable_at, p.number, p.run_as_of), default=None)
        run = next((run for run in view.runs if last and run.as_of == last.run_as_of), None)
    else:
        ended = [run for run in view.runs if run.ended_at <= t]
        run = max(ended, key=lambda r: (r.ended_at, r.as_of), default=None)
    is_cut = run and view.kept_from and run.as_of < view.kept_from
    return None if is_cut else run


def _history(view: View, asked: Asked, row: SpineRow) -> list[Said]:
    run = available_run(view, row.t, asked.horizon) if row.t else None
    if run is None or row.t is None:
        return []
    declared = run.declared if asked.policy == "then" else view.declared
    age = row.t - run.as_of
    state = view.state(run.as_of).get(row.key)
    if state is None:
        status = "missing"
    elif age > min(declared.ttl, asked.max_age):
        status = "expired"
    else:
        status = "stale" if age > declared.freshness_sla else "ok"
    had = [name for name in asked.features if name in run.declared.features]
    return [
        Said("history", run.as_of, age, status, _values(declared, had, status, state)),
    ]


def _backfill(view: View, asked: Asked, row: SpineRow) -> list[Said]:
    """Answer for each feature, first to last by name, by the latest slot that could be read."""
    told = []
    for name in sorted(asked.features):
        slots = [
            s for s in view.slots if s.feature == name and row.t and row.t - s.as_of >= view.lag
        ]
        slot = max(slots, key=lambda s: s.as_of, default=None)
        if slot is None or row.t is None:
            continue
        age = row.t - slot.as_of
        state = view.state(slot.as_of).get(row.key)
        if state is None:
            status = "missing"
        elif age > min(max(view.declared.ttl, slot.step) + view.lag, asked.max_age):
            status = "expired"
        else:
            status = "backfilled"
        values = _values(view.declared, [name], status, state)
        told.append(Said("backfill", slot.as_of, age, status, values))
    return told


def _recompute(view: View, asked: Asked, row: SpineRow) -> list[Said]:
    if row.t is None:
        return []
    state = view.state(row.t).get(row.key)
    status = "missing" if state is None else "ok"
    values = _values(view.declared, asked.features, status, state)
    return [Said("recompute", row.t, NOTHING, status, values)]


def _served(view: View, asked: Asked, row: SpineRow) -> list[Said]:
    logged = view.decisions.get(row.decision or "", {})
    if not all(name in logged for name in asked.features):
        return []
    known = [one for one in logged.values() if one.status != "not_computed"]
    row_of = known[0] if known else Served(None, None, None, "not_computed")
    return [
        Said(
            *("served", row_of.as_of, row_of.age, row_of.status),
            values={name: logged[name].value for name in asked.features},
            not_computed=frozenset(n for n, one in logged.items() if one.status == "not_computed"),
        )
    ]


def _values(
    declared: Declared, names: list[str], status: str, state: Mapping[str, Any] | None
) -> dict[str, Any]:
    if state is None or status == "expired":
        return {name: declared.absent(name) for name in names}
    return {name: declared.computed(name, state[name]) for name in names}


_SOURCES: dict[Source, Callable[[View, Asked, SpineRow], list[Said]]] = {
    "history": _history,
    "backfill": _backfill,
    "recompute": _recompute,
    "served": _served,
}
