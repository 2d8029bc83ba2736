"""The ledger of the landed files: a chain of entries, each a line of JSON with a keyed digest.

An entry is on disk before what it says happens: a file that no entry names was put there by
somebody else, and one that is named and not there yet lies beside its place, written and synced. So
whoever was killed in between is completed by the next landing, and never taken for a tamperer.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from provender.errors import WrongValue
from provender_ops.decisions.log_key import ChainKey
from provender_ops.decisions.state import LandedFile, State
from provender_ops.errors import Refused
from provender_ops.parquet_files import put_text, to_disk

FOLDER = "decision_log"
LEDGER = "ledger.jsonl"
CHECKPOINT = "checkpoint.json"
CHECK_EVERY = 500  # entries
_LOCK = "lock"
_MAC = b',"mac":"'


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: what happened, chained to the line before by `previous`."""

    sequence: int
    kind: str
    body: Mapping[str, Any]
    mac: str

    @classmethod
    def of(cls, line: bytes) -> Self:
        """Read a line; raise WrongValue. Whether its mac is right is another question."""
        try:
            body = json.loads(line)
            return cls(int(body["sequence"]), str(body["kind"]), body, str(body["mac"]))
        except (ValueError, LookupError, TypeError, RecursionError):
            raise WrongValue("it cannot be read") from None


@contextmanager
def locked(landing: Path) -> Iterator[None]:
    """Have the landed decisions to oneself: there is one lander at a time, the others wait."""
    folder = landing / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Ledger:
    """The ledger of one landing folder, for who has the lock."""

    def __init__(self, landing: Path, key: ChainKey) -> None:
        """Work out where it is; open() reads it."""
        self.folder = landing / FOLDER
        self.key = key
        self.state = State()
        self._size = -1

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / LEDGER

    def expect(self, sequence: int) -> None:
        """Let the state that open() reads tell the mac of this entry."""
        if sequence and self.state.mac_of(sequence) is None:
            self.state, self._size = State(remember=frozenset([sequence])), -1

    def open(self, at: str) -> State:
        """Read what is new in it, or begin it, at a time; raise Refused for another key's."""
        if not self.path.exists():
            self.state, self._size = State(), 0
            self.append("begin", at, ledger=secrets.token_hex(6), key=self.key.name)
        elif self.path.stat().st_size != self._size:
            self._read()
        if self.state.key != self.key.name:
            raise Refused(
                f"The log in {self.folder} was begun under another key. Set PROVENDER_LOG_KEY to"
                " that one, or land into another folder."
            )
        return self.state

    def append(self, kind: str, at: str, **body: Any) -> Entry:
        """Add an entry and return once it is on disk; raise OSError."""
        said = {
            "sequence": self.state.sequence + 1,
            "kind": kind,
            "at": at,
            **body,
            "previous": self.state.mac,
        }
        text = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
        line = signed(text, self.key)
        is_new = not self.path.exists()
        with self.path.open("ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            to_disk(self.folder)
        self._size += len(line)
        entry = Entry.of(line)
        self.state.apply(entry)
        return entry

    def _read(self) -> None:
        """Take up all entries. What a killed append left at the end is cut off: nobody saw it."""
        self.state, self._size = self._checked()
        begun_at = self.state.sequence
        for line in lines(self.path, self._size):
            if not line.endswith(b"\n"):
                os.truncate(self.path, self._size)
                break
            self._size += len(line)
            try:
                self.state.apply(Entry.of(line))
            except WrongValue:
                continue  # verify-log names it; decisions land all the same
        if self.state.sequence - begun_at >= CHECK_EVERY:
            self._check()

    def _check(self) -> None:
        """Note the state, so that the next lander need not read so much; only landers read it."""
        body = {"size": self._size, **self.state.as_body()}
        text = json.dumps(body, separators=(",", ":")).encode()
        put_text(self.folder / CHECKPOINT, signed(text, self.key).decode())

    def _checked(self) -> tuple[State, int]:
        """Return the noted state and what it has read of the ledger; else that of the beginning."""
        remember = self.state.remember
        beginning = State(remember=remember), 0
        try:
            line = (self.folder / CHECKPOINT).read_bytes()
            body = json.loads(line)
            state = State.of(body, remember)
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return beginning
        is_ours = is_signed(line, self.key) and body["size"] <= self.path.stat().st_size
        is_enough = all(sequence >= state.sequence for sequence in remember)
        return (state, body["size"]) if is_ours and is_enough else beginning


def lines(path: Path, start: int = 0) -> Iterator[bytes]:
    """Yield the lines of a ledger from a byte on; the last may be without its end."""
    with path.open("rb") as file:
        file.seek(start)
        yield from file


def signed(text: bytes, key: ChainKey) -> bytes:
    """Return the line of an entry from its JSON object."""
    return b'%b%b%b"}\n' % (text[:-1], _MAC, key.entry_mac(text).encode())


def is_signed(line: bytes, key: ChainKey) -> bool:
    """Return whether a line carries its own keyed digest."""
    text, found, _ = line.rpartition(_MAC)
    return bool(found) and signed(text + b"}", key) == line


def as_body(file: LandedFile) -> dict[str, Any]:
    """Return how an entry speaks of a file."""
    return asdict(file)
