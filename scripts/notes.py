"""What Redis holds of one view version, read in one step: its record, and the writer's notes.

Beside the registry, which readers use, a hash `pv:{<namespace>}:writer` keeps what one push tells
the next, for each view version: `pushed:` the run it pushed, the run of the push before and a
sample of the keys of its rows (a row stays for its generation's life, if only as a tombstone),
`reaching:` the run that rows may already be of when a push was interrupted, `counter:` the last
number of a generation, `generation:` how each stands that readers are not at, and `lock:` who
pushes it now.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from provender.connection import Client, asking
from provender.errors import WrongKey, WrongValue
from provender.keys import KeySpace, view_label
from provender.records import ViewRecord
from provender.registry import retired_field, view_field
from provender_ops import lua
from provender_ops.catalog import Run


@dataclass(frozen=True, slots=True)
class PushedRun:
    """A run as the writer remembers it: by its as_of alone it could be another history's."""

    run_as_of_us: int
    invocation_id: str

    @classmethod
    def of(cls, run: Run) -> "PushedRun":
        """Return what identifies a logged run."""
        return cls(run.as_of_us, run.invocation_id)


@dataclass(frozen=True, slots=True)
class Online:
    """A view version in Redis; `record` is None when there is none to trust.

    `servers` are the lives of the Redis servers that the last push was made readable in, `now_us`
    is when this was read, by the clock of Redis.
    """

    raw: bytes
    record: ViewRecord | None
    pushed: PushedRun | None
    previous_run_as_of_us: int | None
    reaching: PushedRun | None
    sample: tuple[str, ...]
    servers: tuple[str, ...]
    generations: Mapping[int, str]
    is_retired: bool
    now_us: int

    @property
    def current(self) -> int | None:
        """The generation that readers are at."""
        return self.record.generation if self.record else None


def pushed_field(view: str, version: int) -> str:
    """Return the note of the last push."""
    return f"pushed:{view_label(view, version)}"


def reaching_field(view: str, version: int) -> str:
    """Return the note of a push under way."""
    return f"reaching:{view_label(view, version)}"


def counter_field(view: str, version: int) -> str:
    """Return the note of the last generation's number."""
    return f"counter:{view_label(view, version)}"


def lock_field(view: str, version: int) -> str:
    """Return the note of who pushes it now."""
    return f"lock:{view_label(view, version)}"


def generation_field(view: str, version: int, generation: int | str) -> str:
    """Return the note of one generation."""
    return f"generation:{view_label(view, version)}:{generation}"


def look(client: Client, keys: KeySpace, view: str, version: int) -> Online:
    """Return what Redis holds of a view version now; raise StoreUnavailable."""
    with asking("read what was pushed"):
        fields = (view_field(view, version), retired_field(view, version))
        answer = client.eval(lua.LOOK, 2, keys.registry, keys.writer, *fields)
    raw, retired, (seconds, microseconds), flat = cast("tuple[bytes, bytes, Any, Any]", answer)
    notes = {flat[i].decode(): flat[i + 1] for i in range(0, len(flat), 2)}
    pushed = _note(notes, pushed_field(view, version))
    previous = pushed.get("previous_run_as_of_us")
    prefix = generation_field(view, version, "")
    return Online(
        raw=raw,
        record=_record(raw),
        pushed=_run(pushed),
        previous_run_as_of_us=previous if isinstance(previous, int) else None,
        reaching=_run(_note(notes, reaching_field(view, version))),
        sample=tuple(map(str, pushed.get("sample") or ())),
        servers=tuple(map(str, pushed.get("servers") or ())),
        generations={
            int(field.removeprefix(prefix)): token.decode()
            for field, token in notes.items()
            if field.startswith(prefix)
        },
        is_retired=bool(retired),
        now_us=int(seconds) * 1_000_000 + int(microseconds),
    )


def _record(raw: bytes) -> ViewRecord | None:
    try:
        return ViewRecord.from_json(raw) if raw else None
    except (WrongValue, WrongKey, LookupError):
        return None  # a full push writes it anew


def _note(notes: Mapping[str, bytes], field: str) -> dict[str, Any]:
    try:
        note = json.loads(notes.get(field, b"{}"))
    except ValueError:
        return {}
    return note if isinstance(note, dict) else {}


def _run(note: Mapping[str, Any]) -> PushedRun | None:
    try:
        return PushedRun(int(note["run_as_of_us"]), str(note["invocation_id"]))
    except (KeyError, TypeError, ValueError):
        return None
