"""What a training row must say: rules 7, 8, 9 and 11 of the design, one spine row at a time."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

Key = tuple[Any, ...]
Status = Literal["ok", "stale", "missing", "not_computed", "expired"]


@dataclass(frozen=True)
class Feature:
    """What is declared of a feature."""

    name: str
    default: Any = None
    null_is: Literal["null", "default"] = "null"


@dataclass(frozen=True)
class HistoryRow:
    """What the runs from `valid_from` until before `valid_to` computed for a key."""

    key: Key
    values: dict[str, Any]
    valid_from: datetime
    valid_to: datetime | None = None


@dataclass(frozen=True)
class Run:
    """A logged run and the features it computed."""

    as_of: datetime
    ended_at: datetime
    columns: frozenset[str]


@dataclass(frozen=True)
class Push:
    """When a run became what readers get."""

    run_as_of: datetime
    readable_at: datetime
    number: int = 0  # orders those that became readable at one moment


@dataclass(frozen=True)
class View:
    """One view version: what is declared, what was computed, what was pushed."""

    features: list[Feature]
    ttl: timedelta
    history: list[HistoryRow]
    runs: list[Run]
    pushes: list[Push] = field(default_factory=list)
    otherwise: Literal["default", "fail"] = "default"
    freshness_sla: timedelta = timedelta.max


@dataclass(frozen=True)
class Answer:
    """What a view says of one spine row."""

    as_of: datetime | None  # of the run that was available; None when there was none
    age: timedelta | None
    row_status: Status  # of the key's row, whatever its columns
    status: dict[str, Status]  # of each feature
    value: dict[str, Any]


def training_rows(spine: Iterable[tuple[Key, datetime]], view: View) -> list[Answer]:
    """Answer each spine row, duplicates and null keys too, in the spine's own order."""
    return [answer(key, t, view) for key, t in spine]


def answer(key: Key, t: datetime, view: View) -> Answer:
    """Say what readers were given of a key at `t`, and how old it was."""
    run = available_run(view, t)
    if run is None:
        return _without_row(None, None, "not_computed", view)
    age = t - run.as_of
    row = state(key, run.as_of, view.history)
    if row is None:
        return _without_row(run.as_of, age, "missing", view)
    row_status: Status = (
        "expired" if age > view.ttl else "stale" if age > view.freshness_sla else "ok"
    )
    status: dict[str, Status] = {
        f.name: row_status if f.name in run.columns else "not_computed" for f in view.features
    }
    value = {
        f.name: _computed(f, row.values[f.name])
        if status[f.name] in ("ok", "stale")
        else _otherwise(f, view)
        for f in view.features
    }
    return Answer(run.as_of, age, row_status, status, value)


def available_run(view: View, t: datetime) -> Run | None:
    """Return the run of the last push readable by `t`; a view never pushed counts by its runs."""
    if view.pushes:
        pushed = [p for p in view.pushes if p.readable_at <= t]
        last = max(pushed, key=lambda p: (p.readable_at, p.number), default=None)
        return next((r for r in view.runs if last and r.as_of == last.run_as_of), None)
    return max((r for r in view.runs if r.ended_at <= t), key=lambda r: r.as_of, default=None)


def state(key: Key, as_of: datetime, history: list[HistoryRow]) -> HistoryRow | None:
    """Return the row of a key that was valid at a run."""
    valid = [
        row
        for row in history
        if row.key == key
        and row.valid_from <= as_of
        and (row.valid_to is None or row.valid_to > as_of)
    ]
    assert len(valid) <= 1, f"the history of {key} overlaps at {as_of}"
    return valid[0] if valid else None


def _without_row(as_of: datetime | None, age: timedelta | None, why: Status, view: View) -> Answer:
    return Answer(
        *(as_of, age, why),
        status={f.name: why for f in view.features},
        value={f.name: _otherwise(f, view) for f in view.features},
    )


def _computed(feature: Feature, value: Any) -> Any:
    """Pass a null on: it is a value, unless the feature says that it means the default."""
    return feature.default if value is None and feature.null_is == "default" else value


def _otherwise(feature: Feature, view: View) -> Any:
    return feature.default if view.otherwise == "default" else None
