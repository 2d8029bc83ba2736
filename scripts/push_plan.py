"""How a view version is pushed: in full into a fresh generation, by what changed, or not at all."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from provender.instants import from_us
from provender_ops.catalog import Catalog, Run
from provender_ops.declared import Declared
from provender_ops.history import History
from provender_ops.notes import Online, PushedRun
from provender_ops.online_store import OnlineStore

Mode = Literal["full", "incremental", "none"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a push does and why; `since` is the run whose later changes are written."""

    mode: Mode
    reason: str
    layout: int
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """A view version as it is declared and computed here, and as it is online."""

    catalog: Catalog
    store: OnlineStore
    run: Run
    declared: Declared
    history: History
    online: Online


def make_plan(situation: Situation, full: bool) -> Plan:
    """Return how to push; whatever Redis cannot be trusted with is refilled."""
    reason = "asked for" if full else next(_reasons_to_refill(situation), None)
    layout = _layout(situation)
    if reason is not None:
        return Plan("full", reason, layout)
    pushed = situation.online.pushed
    if pushed == PushedRun.of(situation.run):
        return Plan("none", "Redis has this run", layout)
    since_us = situation.online.previous_run_as_of_us
    if since_us is None:
        assert pushed is not None  # else it would be refilled
        since_us = pushed.run_as_of_us
    return Plan("incremental", "", layout, from_us(since_us).replace(tzinfo=None))


def _reasons_to_refill(situation: Situation) -> Iterator[str]:
    online, record = situation.online, situation.online.record
    if record is None:
        yield "its record in Redis cannot be read" if online.raw else "first push"
        return
    if record.keys != situation.declared.keys:
        yield "its keys changed"
    if record.layouts.get(record.layout) != situation.declared.layout:
        yield "its columns changed"
    if online.pushed is None or online.pushed.run_as_of_us != record.run_as_of_us:
        yield "what was pushed last is not known"
        return
    if not _is_logged(situation, online.pushed):
        yield "Redis holds a run that history does not have"
    if online.reaching and not _is_logged(situation, online.reaching):
        yield "an interrupted push wrote a run that history does not have"
    if situation.store.lacks_any(online.sample):
        yield "rows are missing in Redis"


def _is_logged(situation: Situation, pushed: PushedRun) -> bool:
    as_of = from_us(pushed.run_as_of_us).replace(tzinfo=None)
    return situation.catalog.knows_run(situation.run, as_of, pushed.invocation_id)


def _layout(situation: Situation) -> int:
    """Return the layout's id: a new one only when the columns are new."""
    record = situation.online.record
    if record is None:
        return 1
    is_same = record.layouts.get(record.layout) == situation.declared.layout
    return record.layout if is_same else record.layout + 1
