"""A local folder of decisions that wait for Redis, or are kept until they are landed.

Each writer appends to files of its own, `<writer>-<n>.jsonl`, one JSON line a decision, and holds a
lock while it lives. Those of a writer that is gone are adopted by the next one that has the folder.
A line is on disk before append() returns; a line torn by a crash was never acknowledged, so it is
set aside in `<writer>.torn` and not sent.
"""

import json
import logging
import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from provender.records import DECISION_FORMAT

try:
    import fcntl
except ImportError:  # not on Windows: there, give each process a spool of its own
    fcntl = None  # type: ignore[assignment]

SEGMENT_BYTES = 8 << 20
BATCH_BYTES, BATCH_LINES = 256 << 10, 500
HEAD = re.compile(rb'\{"format":%d,"writer":"([0-9a-f]+)","number":([0-9]+),' % DECISION_FORMAT)
_NAME = re.compile(r"([0-9a-f]+)-[0-9]{8}\.jsonl")
_logger = logging.getLogger("provender")


class SpoolFull(Exception):  # noqa: N818 - as provender.errors
    """The spool holds as many bytes as it may."""


@dataclass(eq=False)
class _Segment:
    """One file: `at` of its `end` bytes are sent; `number` is of the last line that is."""

    path: Path
    writer: str
    end: int
    at: int = 0
    number: int = 0


@dataclass(frozen=True)
class Batch:
    """Lines of one writer, in order, with their numbers; `start` is the number sent before."""

    writer: str
    lines: Sequence[bytes]
    numbers: Sequence[int]
    segment: _Segment
    end: int

    def after(self, number: int) -> "Batch":
        """Return what of it comes after a number."""
        later = sum(each <= number for each in self.numbers)
        lines, numbers = self.lines[later:], self.numbers[later:]
        return Batch(self.writer, lines, numbers, self.segment, self.end)


@dataclass
class Spool:
    """The files of one writer, and those it adopted. Any number of threads; raises OSError.

    With `keeps`, lines that were sent stay until landed() says that they need not.
    """

    folder: Path
    writer: str
    most_bytes: int
    keeps: bool = False
    waits: bool = False  # whether a line is there that was not sent
    _segments: list[_Segment] = field(default_factory=list)
    _locks: dict[str, int] = field(default_factory=dict)  # of writers, as open files
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _active: int | None = None  # the open file of the last segment, which is ours
    _made: int = 0
    _others: int = 0  # bytes of writers that live elsewhere

    def prepare(self) -> None:
        """Make the folder, take our lock and what nobody has; a path that cannot work fails."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self._take(self.writer):
            raise OSError(f"another process has the lock of writer {self.writer}")
        self.adopt()

    @property
    def size(self) -> int:
        """How many bytes wait or are kept, of ours."""
        return sum(segment.end for segment in list(self._segments))

    @property
    def unsent(self) -> int:
        """How many bytes wait."""
        return sum(segment.end - segment.at for segment in list(self._segments))

    def append(self, line: bytes, number: int) -> None:
        """Put one line at the end, on disk; raise SpoolFull."""
        with self._lock:
            size = len(line) + 1
            if self.size + self._others + size > self.most_bytes:
                raise SpoolFull(f"it holds its {self.most_bytes:,} bytes")
            segment = self._open_segment()
            assert self._active is not None
            try:
                _write(self._active, line + b"\n")
                os.fsync(self._active)
            except OSError:
                # Half a line would be taken for a torn one; the caller is told it was not kept.
                self._undo(segment)
                raise
            segment.end += size
            segment.number = number
            self.waits = True

    def batch(self, most: int = BATCH_LINES) -> Batch | None:
        """Return the next lines to be sent, None when there are none; reading marks nothing."""
        with self._lock:
            for segment in list(self._segments):
                while segment.at < segment.end:
                    batch = self._read(segment, most)
                    if batch.lines:
                        return batch
                    self._advance(segment, batch.end)
            self.waits = False
            return None

    def sent(self, batch: Batch) -> None:
        """Take note that a batch was sent."""
        with self._lock:
            self._advance(batch.segment, batch.end)

    def rewind(self, writer: str) -> None:
        """Begin anew with all that is kept of a writer."""
        with self._lock:
            for segment in self._segments:
                if segment.writer == writer:
                    segment.at = 0
                    self.waits = True

    def landed(self, numbers: Mapping[str, int]) -> None:
        """Delete files of which everything is landed: writer -> number up to which that is so."""
        with self._lock:
            for segment in list(self._segments):
                is_sent = segment.at == segment.end
                if is_sent and segment.number <= numbers.get(segment.writer, 0):
                    self._delete(segment)

    def writers(self) -> set[str]:
        """Return the writers of which lines are kept."""
        return {segment.writer for segment in list(self._segments)}

    def adopt(self) -> None:
        """Take over the files of writers that are gone; count the bytes of the others."""
        with self._lock:
            ours, others = {segment.path for segment in self._segments}, 0
            for path in sorted(self.folder.glob("*.jsonl"), key=_age):
                found = _NAME.fullmatch(path.name)
                if found is None or path in ours or found[1] == self.writer:
                    continue
                with suppress(FileNotFoundError):  # its owner has just sent it
                    if self._take(found[1]):
                        self._insert(_Segment(path, found[1], path.stat().st_size))
                    else:
                        others += path.stat().st_size
            self._others = others

    def release(self) -> None:
        """Close all files; what waits is for the next writer to adopt."""
        with self._lock:
            self._close_active()
            for writer, lock in self._locks.items():
                if writer not in self.writers():
                    self._lock_path(writer).unlink(missing_ok=True)
                os.close(lock)
            self._locks.clear()
            self._segments.clear()

    def abandon(self) -> None:
        """Close what was inherited from the process that we were forked from, and is still its."""
        locks, self._locks = self._locks, {}
        for lock in locks.values():
            os.close(lock)
        self._close_active()

    def _read(self, segment: _Segment, most: int) -> Batch:
        lines: list[bytes] = []
        numbers: list[int] = []
        end = segment.at
        for line in self._lines(segment):
            number = self._number(line)
            if number is None:
                self._set_aside(segment, line)
            else:
                lines.append(line.rstrip())
                numbers.append(number)
            end += len(line)
            if end - segment.at >= BATCH_BYTES or len(lines) == most:
                break
        else:
            end = segment.end  # also when the file is shorter than it was: somebody took it away
        segment.number = max([segment.number, *numbers])
        return Batch(segment.writer, lines, numbers, segment, end)

    def _lines(self, segment: _Segment) -> Iterator[bytes]:
        try:
            with segment.path.open("rb") as file:
                file.seek(segment.at)
                left = segment.end - segment.at
                for line in file:
                    if left <= 0:
                        return
                    left -= len(line)
                    yield line
        except FileNotFoundError:
            _logger.error("%s is gone, with decisions that were not sent.", segment.path)

    def _number(self, line: bytes) -> int | None:
        """Return the number of a line, None of one that is not whole."""
        head = HEAD.match(line)
        if head is None or not (line.endswith(b"}\n") or _is_object(line)):
            return None
        return int(head[2])

    def _set_aside(self, segment: _Segment, line: bytes) -> None:
        if not line.strip(b"\0 \r\n"):
            return
        with (self.folder / f"{segment.writer}.torn").open("ab") as file:
            file.write(line.rstrip(b"\n") + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _advance(self, segment: _Segment, end: int) -> None:
        segment.at = max(segment.at, end)
        if segment.at == segment.end and not self.keeps:
            self._delete(segment)

    def _insert(self, segment: _Segment) -> None:
        """Put an adopted file before our own: it is older."""
        ours = [at for at, each in enumerate(self._segments) if each.writer == self.writer]
        self._segments.insert(ours[0] if ours else len(self._segments), segment)
        self.waits = self.waits or segment.end > 0

    def _open_segment(self) -> _Segment:
        """Return the file that is appended to, a new one when the last is long enough."""
        if self._active is not None and self._segments[-1].end < SEGMENT_BYTES:
            return self._segments[-1]
        self._close_active()
        self._made += 1
        path = self.folder / f"{self.writer}-{self._made:08d}.jsonl"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)
        self._active = os.open(path, flags, 0o600)
        self._segments.append(_Segment(path, self.writer, 0))
        _directory_to_disk(self.folder)
        return self._segments[-1]

    def _undo(self, segment: _Segment) -> None:
        assert self._active is not None
        try:
            os.ftruncate(self._active, segment.end)
        except OSError:
            self._close_active()  # what stands after its end is never read by us

    def _delete(self, segment: _Segment) -> None:
        if self._active is not None and segment is self._segments[-1]:
            self._close_active()
        self._segments.remove(segment)
        segment.path.unlink(missing_ok=True)
        if segment.writer not in {self.writer, *self.writers()}:
            os.close(self._locks.pop(segment.writer))
            self._lock_path(segment.writer).unlink(missing_ok=True)

    def _close_active(self) -> None:
        if self._active is not None:
            os.close(self._active)
            self._active = None

    def _take(self, writer: str) -> bool:
        """Return whether we have the lock of a writer, which nobody has who is gone."""
        if writer in self._locks:
            return True
        lock = os.open(self._lock_path(writer), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if fcntl is not None:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        self._locks[writer] = lock
        return True

    def _lock_path(self, writer: str) -> Path:
        return self.folder / f"{writer}.lock"


def _age(path: Path) -> tuple[float, str]:
    try:
        return path.stat().st_mtime, path.name
    except FileNotFoundError:
        return 0.0, path.name


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _write(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def _directory_to_disk(directory: Path) -> None:
    """Make a new file's name durable, where directories can be opened."""
    if os.name != "posix":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
