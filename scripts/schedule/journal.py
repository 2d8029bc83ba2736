"""What is known of the slot that a cadence is at: a small file, on disk before the next step.

It says which slot, since when somebody works at it, and how each step that ended has ended. Which
views were built it does not say: what was published says so.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from provender.instants import as_utc, to_text
from provender_ops.parquet_files import put_text


@dataclass(frozen=True, slots=True)
class Note:
    """A slot, when its first attempt began, and the exit code of each step that ended.

    Both times are aware and in UTC.
    """

    slot: datetime
    began: datetime
    codes: dict[str, int]

    def to_do(self, steps: tuple[str, ...]) -> tuple[str, ...]:
        """Return the first step that did not end well, and all after it."""
        done = 0
        while done < len(steps) and self.codes.get(steps[done]) == 0:
            done += 1
        return steps[done:]

    def ended(self, step: str, code: int) -> "Note":
        """Return the note with one step more."""
        return replace(self, codes={**self.codes, step: code})


class Journal:
    """The note of one target and cadence."""

    def __init__(self, path: Path) -> None:
        """Keep where it is."""
        self._path = path

    def read(self) -> Note | None:
        """Return the last note; None when there is none, or none that can be read."""
        try:
            noted = json.loads(self._path.read_text(encoding="utf-8"))
            codes = {str(step): int(code) for step, code in noted["steps"].items()}
            return Note(_instant(noted["slot"]), _instant(noted["began"]), codes)
        except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
            return None  # its slot is run again, which harms nothing

    def write(self, note: Note) -> None:
        """Return when the note would survive a power loss; raise OSError."""
        noted = {"slot": to_text(note.slot), "began": to_text(note.began), "steps": note.codes}
        put_text(self._path, json.dumps(noted) + "\n")


def _instant(text: str) -> datetime:
    return as_utc(datetime.fromisoformat(text))
