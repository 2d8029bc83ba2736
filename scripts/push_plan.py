"""How a view version is pushed: in full into a fresh generation, by what changed, or not at all."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from provender.instants import from_us
from provender_ops.notes import PushedRun
from provender_ops.situation import Situation
from provender_ops.verifying import verify

Mode = Literal["full", "incremental", "none"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a push does and why; `since` is the run whose later changes are written."""

    mode: Mode
    reason: str
    layout: int
    since: datetime | None = None


def make_plan(situation: Situation, full: bool, verified: bool) -> Plan:
    """Return how to push; whatever Redis cannot be trusted with is refilled.

    A sample of keys is compared with history where that is to be `verified`, and where the servers
    are not those of the last push any more.
    """
    reason = "asked for" if full else next(_reasons_to_refill(situation, verified), None)
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


def _reasons_to_refill(situation: Situation, verified: bool) -> Iterator[str]:
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
    if None in situation.store.read(online.sample):
        yield "rows are missing in Redis"
    if verified or (online.servers and online.servers != situation.servers):
        sample = verify(situation)
        if sample.differing:
            yield f"{sample.differing} of {sample.looked_at} sampled keys are not as history says"


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
