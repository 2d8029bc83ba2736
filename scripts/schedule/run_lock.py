"""One scheduled run of a project folder at a time.

The lock is `flock` on a file, which the kernel gives back when nobody has it open any more. The
dbt that a run starts inherits it: where the run alone was killed, dbt still works, and still has
the lock. What the file holds tells others who has it.
"""

import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from provender.instants import to_text, utc_now
from provender_ops.errors import Busy
from provender_ops.parquet_files import make_folder

_PAUSE = 0.2  # seconds from one try to the next


class RunLock:
    """The lock, held; `descriptor` is what a process inherits to hold it too."""

    def __init__(self, descriptor: int, cadence: str) -> None:
        """Keep it; use held()."""
        self.descriptor = descriptor
        self._told = {
            "cadence": cadence,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": to_text(utc_now()),
        }
        self.tell("", None)

    @classmethod
    @contextmanager
    def held(
        cls, path: Path, cadence: str, seconds: float, waiting: Callable[[str], None]
    ) -> Iterator[Self]:
        """Hold the lock for the block, waiting so many seconds for it; raise Busy.

        Who has it is told to `waiting`, once.
        """
        make_folder(path.parent)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            _take(descriptor, seconds, waiting)
            yield cls(descriptor, cadence)
        finally:
            os.close(descriptor)

    def tell(self, step: str, pid: int | None) -> None:
        """Note for others which step is at work, and in which process if not in ours."""
        text = json.dumps({**self._told, "step": step, "step_pid": pid})
        os.pwrite(self.descriptor, text.encode(), 0)
        os.ftruncate(self.descriptor, len(text.encode()))


def _take(descriptor: int, seconds: float, waiting: Callable[[str], None]) -> None:
    until = time.monotonic() + seconds
    has_told = False
    while not _taken(descriptor):
        left = until - time.monotonic()
        if left <= 0:
            raise Busy(
                f"{_who_has(descriptor)} Nothing was done. Run this again later, or let it wait:"
                " --wait SECONDS."
            )
        if not has_told:
            waiting(f"{_who_has(descriptor)} Waiting for it.")
            has_told = True
        time.sleep(min(_PAUSE, left))


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _who_has(descriptor: int) -> str:
    holder = _told(descriptor)
    if holder is None:
        return "Another run is under way."
    who = f"A run of {holder['cadence']!r} is under way since {holder['since']}"
    if holder["host"] == socket.gethostname() and not _lives(holder["pid"]):
        dbt = f" (process {holder['step_pid']})" if holder["step_pid"] else ""
        return (
            f"{who}: its process {holder['pid']} is gone, and the dbt that it started for the step"
            f" {holder['step']!r}{dbt} still works; let it end."
        )
    return f"{who}, as process {holder['pid']} on {holder['host']}."


def _told(descriptor: int) -> dict[str, Any] | None:
    """Return what the holder noted; None where it has had no time to."""
    with suppress(ValueError):
        noted = json.loads(os.pread(descriptor, 10_000, 0))
        if isinstance(noted, dict) and "step_pid" in noted:
            return noted
    return None


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it lives, and is another user's
    return True
