"""A local file of decisions that wait for Redis: one JSON line each, in order.

Threads and processes may share a file. A line is on disk before append() returns; a line torn by
a crash was never acknowledged, so it is set aside in `<file>.torn` and not sent.
"""

import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # not on Windows: there, give each process a spool of its own
    fcntl = None  # type: ignore[assignment]

BATCH = 500


class Spool:
    """Lines that wait; raises OSError when the disk does."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Keep the path; nothing is opened or created yet."""
        self.path = Path(path)
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Create the file and its folder, so that a path that cannot work fails at once."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._locked(), self.path.open("ab"):
            pass

    def is_empty(self) -> bool:
        """Return whether nothing waits."""
        try:
            return self.path.stat().st_size == 0
        except FileNotFoundError:
            return True

    def append(self, line: bytes) -> None:
        """Put one line at the end, on disk."""
        with self._locked(), self.path.open("ab") as file:
            start = file.tell()
            try:
                file.write(_separator(self.path, start) + line + b"\n")
                _to_disk(file)
            except OSError:
                # Half a line would be taken for a torn one; the caller is told it was not kept.
                os.ftruncate(file.fileno(), start)
                raise
        if start == 0:
            _directory_to_disk(self.path.parent)

    def drain(self, send: Callable[[Sequence[bytes]], None]) -> int:
        """Send all lines in order, batch by batch, and forget what was sent; return how many.

        When `send` raises, the batches before it stay forgotten and the rest stays here.
        """
        if self.is_empty():
            return 0
        with self._locked(), self.path.open("rb") as file:
            sent, done = 0, 0
            try:
                while batch := list(islice(file, BATCH)):
                    whole = [line for line in map(bytes.strip, batch) if _is_whole(line)]
                    self._set_aside([line for line in batch if not _is_whole(line)])
                    if whole:
                        send(whole)
                    sent, done = sent + len(whole), done + sum(map(len, batch))
            finally:
                self._forget(done)
        return sent

    def _forget(self, size: int) -> None:
        if size == 0:
            return
        rest = self.path.with_name(self.path.name + ".rest")
        with self.path.open("rb") as old, rest.open("wb") as new:
            old.seek(size)
            while chunk := old.read(1 << 20):
                new.write(chunk)
            _to_disk(new)
        rest.replace(self.path)
        _directory_to_disk(self.path.parent)

    def _set_aside(self, torn: Sequence[bytes]) -> None:
        lines = [line.strip() + b"\n" for line in torn if line.strip()]
        if lines:
            with self.path.with_name(self.path.name + ".torn").open("ab") as file:
                file.writelines(lines)
                _to_disk(file)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold a lock file of its own: the spool itself is replaced when lines are forgotten."""
        with self._lock, self.path.with_name(self.path.name + ".lock").open("ab") as lock:
            if fcntl is not None:
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _separator(path: Path, size: int) -> bytes:
    """Return the newline that a torn last line lacks."""
    if size == 0:
        return b""
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return b"" if file.read(1) == b"\n" else b"\n"


def _is_whole(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _directory_to_disk(directory: Path) -> None:
    """Make a new or renamed file's name durable, where directories can be opened."""
    if os.name != "posix":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
