"""Run the slot that is due: each step once, from the first that has not ended well."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from provender.errors import ProvenderError
from provender.instants import to_text, utc_now
from provender_ops.console import tell
from provender_ops.errors import exit_code
from provender_ops.schedule.journal import Journal, Note
from provender_ops.schedule.run_lock import RunLock
from provender_ops.schedule.steps import Request, Step, steps_of

State = Literal["done before", "to do", "done", "refused", "could not run"]
_STATES: dict[int, State] = {0: "done", 1: "refused", 2: "could not run"}


@dataclass(frozen=True, slots=True)
class StepEnd:
    """What became of a step; `message` says what failed, or why there was nothing to do."""

    step: str
    state: State
    command: str
    seconds: float | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of a run; `slot` and `began` are ISO 8601, UTC. `code` is its exit code."""

    cadence: str
    target: str
    slot: str
    began: str | None
    steps: tuple[StepEnd, ...]
    code: int

    @property
    def is_done_before(self) -> bool:
        """Whether there was nothing left to do."""
        return all(step.state == "done before" for step in self.steps)


def run_slot(request: Request, wait: float) -> Summary:
    """Run what is left of the slot that is due; raise Busy when another run has the lock.

    A step that fails does not keep the next from its work: what is good is pushed, and lands.
    """
    folder = _folder(request)
    journal = _journal(request)
    with RunLock.held(folder / "lock", request.schedule.cadence, wait, tell) as lock:
        note = _due(request, journal.read())  # who waited may find it done
        steps = steps_of(request)
        to_do = note.to_do(_names(steps))
        if not to_do:
            return _summary(request, note, [_before(step) for step in steps])
        tell(
            f"{note.slot:%Y-%m-%dT%H:%M:%SZ} is the slot of {request.schedule.cadence}, begun at"
            f" {note.began:%Y-%m-%dT%H:%M:%SZ}. To do: {', '.join(to_do)}."
        )
        codes = {name: code for name, code in note.codes.items() if name not in to_do[1:]}
        note = replace(note, codes=codes)
        journal.write(note)
        ends = [_before(step) for step in steps if step.name not in to_do]
        for step in steps:
            if step.name in to_do:
                end, code = _run(step, request, note, lock)
                note = note.ended(step.name, code)
                journal.write(note)
                ends.append(end)
    return _summary(request, note, ends)


def look(request: Request) -> Summary:
    """Return what run_slot would do now, and change nothing."""
    note = _due(request, _journal(request).read())
    steps = steps_of(request)
    to_do = note.to_do(_names(steps))
    ends = [
        StepEnd(step.name, "to do" if step.name in to_do else "done before", step.command)
        for step in steps
    ]
    return replace(_summary(request, note, ends), code=0, began=None)


def _due(request: Request, last: Note | None) -> Note:
    """Return the slot to work at: the latest; of those that were missed no other.

    Where clocks, or the schedule, were set back, it is the one that was last begun.
    """
    now = request.now or utc_now()
    slot = request.schedule.times.latest(now)
    if last is not None and last.slot >= slot:
        return last
    return Note(slot, now, {})


def _run(step: Step, request: Request, note: Note, lock: RunLock) -> tuple[StepEnd, int]:
    lock.tell(step.name, None)
    tell(f"{step.name}: {step.command}")
    started = time.monotonic()
    code = 0
    try:
        message = step.run(request, note, lock)
    except ProvenderError as error:
        code, message = exit_code(error), str(error)
    except OSError as error:
        code, message = 2, f"{error.filename or ''} {error.strerror or error}".strip() + "."
    seconds = round(time.monotonic() - started, 1)
    state = _STATES[code]
    tell(f"{step.name}: {state} in {seconds} s{f': {message}' if message else ''}")
    return StepEnd(step.name, state, step.command, seconds, message), code


def _summary(request: Request, note: Note, ends: list[StepEnd]) -> Summary:
    return Summary(
        cadence=request.schedule.cadence,
        target=request.project.target,
        slot=to_text(note.slot),
        began=to_text(note.began),
        steps=tuple(ends),
        code=max((note.codes.get(end.step, 0) for end in ends), default=0),
    )


def _before(step: Step) -> StepEnd:
    return StepEnd(step.name, "done before", step.command)


def _names(steps: list[Step]) -> tuple[str, ...]:
    return tuple(step.name for step in steps)


def _folder(request: Request) -> Path:
    return request.project.root / ".provender" / "run"


def _journal(request: Request) -> Journal:
    return Journal(_folder(request) / f"{request.project.target}.{request.schedule.cadence}.json")
