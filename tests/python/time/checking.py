"""One world through the compiled SQL and through the oracle, compared cell by cell."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import duckdb
import expecting
from oracle.shop import Shop, ViewId
from oracle.training import View
from store import Store
from trainings import KEYS, Training
from world import TODAY, World

Row = tuple[Any, ...]


class DisagreementError(AssertionError):
    """The SQL and the oracle differ."""


def check(store: Store, world: World) -> dict[str, list[dict[str, Any]] | None]:
    """Return the rows of each training set, None for one that was refused.

    Raise DisagreementError where any cell, type, row or column is another than the oracle says.
    """
    store.load(world)
    views = world.views()
    for name, view in views.items():
        states = check_states(store, name, view)
        store.keep_history(name, history_of(name, view, states))
        store.keep_backfill(name, backfill_of(name, view, states))
    return {one.name: check_training(store, one, world, views) for one in world.trainings}


def check_states(store: Store, name: ViewId, view: View) -> dict[datetime, list[Row]]:
    """Compare what the view's SQL computes as of each run and slot; return it."""
    moments = {run.as_of for run in view.runs} | {slot.as_of for slot in view.slots}
    if not moments:
        return {}
    found = store.compute(name, moments)
    expected = [
        (*key, moment, *values.values())
        for moment in moments
        for key, values in view.state(moment).items()
    ]
    compare(f"the states of {name}", found, expected)
    keys = len(KEYS[Shop.entity[name]])
    return {moment: [row for row in found if row[keys] == moment] for moment in moments}


def check_training(
    store: Store, training: Training, world: World, views: Mapping[ViewId, View]
) -> list[dict[str, Any]] | None:
    """Compare a training set; return its rows, None where both refuse."""
    is_refused = expecting.is_refused(training, world)
    try:
        columns, found = store.train(training)
    except duckdb.InvalidInputException as error:
        if is_refused and "what was readable is known until" in str(error):
            return None
        raise
    if is_refused:
        raise DisagreementError(f"{training.name}: a row beyond the horizon was not refused")
    expected = expecting.columns(training)
    if columns != expected:
        raise DisagreementError(f"{training.name}: columns {columns} instead of {expected}")
    compare(training.name, found, expecting.rows(training, world, views), columns)
    return [dict(zip(dict(columns), row, strict=True)) for row in found]


def compare(
    what: str, found: list[Row], expected: list[Row], columns: Sequence[tuple[str, str]] = ()
) -> None:
    """Compare two multisets of rows."""
    if sorted(found, key=_order) == sorted(expected, key=_order):
        return
    lines = [f"{what}: the SQL differs from the oracle"]
    for sign, some, others in (("-", expected, list(found)), ("+", found, list(expected))):
        for row in some:
            if row in others:
                others.remove(row)
            else:
                lines.append(f"{sign} {_named(row, columns)}")
    raise DisagreementError("\n".join(lines))


def history_of(name: ViewId, view: View, states: dict[datetime, list[Row]]) -> list[Row]:
    """What snapshots keep of these states: a row per key as long as nothing changes."""
    keys = len(KEYS[Shop.entity[name]])
    closed: list[Row] = []
    open_: dict[Row, Row] = {}
    for run in sorted(view.runs, key=lambda run: run.as_of):
        now = {row[:keys]: row for row in _known(states[run.as_of], name, run.declared.features)}
        for key, row in list(open_.items()):
            if key not in now or now[key][keys + 1 :] != row[keys + 1 :]:
                closed.append((*open_.pop(key), row[keys], run.as_of))
        for key, row in now.items():
            open_.setdefault(key, row)
    return closed + [(*row, row[keys], None) for row in open_.values()]


def backfill_of(name: ViewId, view: View, states: dict[datetime, list[Row]]) -> list[Row]:
    """What a backfill wrote: at each slot the features that were filled there."""
    rows = []
    for moment in {slot.as_of for slot in view.slots}:
        filled = {slot.feature for slot in view.slots if slot.as_of == moment}
        rows += _known(states[moment], name, filled)
    return rows


def _known(rows: list[Row], name: ViewId, features: Iterable[str]) -> list[Row]:
    """Blank the features that were not there."""
    known = set(features)
    names = [*KEYS[Shop.entity[name]], "as_of", *TODAY[name].features]
    own = len(names) - len(TODAY[name].features)
    return [
        tuple(value if n < own or names[n] in known else None for n, value in enumerate(row))
        for row in rows
    ]


def _order(row: Row) -> list[tuple[bool, str]]:
    return [(value is None, str(value)) for value in row]


def _named(row: Row, columns: Sequence[tuple[str, str]]) -> str:
    names = [name for name, _ in columns] or [str(n) for n in range(len(row))]
    return ", ".join(f"{name}={value}" for name, value in zip(names, row, strict=True))
