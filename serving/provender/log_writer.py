"""What makes a decision durable: which number it has, and where it goes.

In Redis first (the default): a decision goes to the stream within a bound, and to the spool when
Redis does not take it; while something waits there, what comes goes behind it. With a journal: each
goes to the local files first, and from there to Redis; it is kept until it is landed, so that what
Redis loses is sent again.
"""

import logging
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, NoReturn

from provender.connection import Client
from provender.errors import DecisionNotLogged, StoreUnavailable
from provender.keys import KeySpace
from provender.log_sender import sender_for
from provender.records import DECISION_FORMAT
from provender.spool import Spool, SpoolFull
from provender.spool_thread import SpoolThread

REST = 0.5  # seconds for which a Redis that did not answer in time is not asked again
_logger = logging.getLogger("provender")


@dataclass(frozen=True)
class Promise:
    """How decisions are kept.

    `bound`: seconds that a record may wait for Redis. `spool`: a folder. `journal`: to the spool
    first. `spool_bytes`: the most it may hold. `unlanded`: the most decisions in the stream.
    """

    bound: float
    spool: Path | None
    journal: bool
    spool_bytes: int
    unlanded: int


class _NotKept(StoreUnavailable):
    """Redis is there, and does not keep what it is given."""


class LogWriter:
    """One writer of decisions, of one process; any number of threads."""

    def __init__(self, client: Client, keys: KeySpace, promise: Promise) -> None:
        """Make the spool ready; raise DecisionNotLogged when it cannot be written."""
        self.name, self.process = os.urandom(6).hex(), os.getpid()
        self._made_of = (client, keys, promise)
        self._promise = promise
        self._start = f'{{"format":{DECISION_FORMAT},"writer":"{self.name}","number":'.encode()
        self._lock = threading.Lock()
        self._number = self._refused = 0
        self._is_kept = promise.journal  # whether Redis was seen to keep what it is given
        self._resting_until, self._last_cause = 0.0, ""
        self._spool = self._ready_spool()
        check = None if promise.journal else self._check
        self._sender = sender_for(client, keys.decisions, check)
        self._thread = SpoolThread(self._sender, keys, self._spool, promise.unlanded)
        self._is_started = False
        if self._spool is not None and self._spool.waits:
            self._begin()
            self._thread.nudge()

    def in_child(self) -> "LogWriter":
        """Return the writer of a process that was forked off: no number may come twice."""
        if self._spool is not None:
            self._spool.abandon()
        return LogWriter(*self._made_of)

    def check(self) -> None:
        """Ask Redis now whether it keeps decisions, and how many there are.

        A Redis that is away is asked again later. Raise DecisionNotLogged.
        """
        try:
            self._thread.look()
        except _NotKept as error:
            raise DecisionNotLogged(str(error)) from None
        except StoreUnavailable as error:
            if error.refused:
                raise _cannot_be_asked(error) from None
            _logger.warning("Whether Redis keeps decisions is not known yet. %s", error)

    def write(self, rest: bytes) -> None:
        """Make a decision durable: all of its line but the start. Raise DecisionNotLogged."""
        if self._thread.is_ending:
            raise DecisionNotLogged("The decision is not logged: this log is closed. Open another.")
        if not self._is_started:
            self._begin()
        self._thread.is_used = True
        if self._promise.journal:
            self._to_journal(rest)
            return
        with self._lock:
            self._number += 1
            number, refused = self._number, self._refused
        line = b'%b%d,"refused":%d,%b' % (self._start, number, refused, rest)
        cause = self._reason_to_spool() or self._to_redis(line)
        if cause is not None:
            self._to_spool(line, number, cause)

    def flush(self) -> int:
        """Send what waits and return how many; raise StoreUnavailable or DecisionNotLogged."""
        return self._thread.flush()

    @property
    def waiting_bytes(self) -> int:
        """How many bytes of decisions wait for Redis."""
        return 0 if self._spool is None else self._spool.unsent

    def close(self, seconds: float) -> None:
        """Send what waits, for at most so many seconds; the rest stays on disk for the next."""
        self._thread.close(seconds)
        self._sender.close()

    def _begin(self) -> None:
        self._thread.start()
        self._is_started = True

    def _reason_to_spool(self) -> str | None:
        """Return why a decision cannot go to Redis at once, None when it can."""
        if self._spool is not None and self._spool.waits:
            return f"Others wait in the spool. {self._last_cause}".rstrip()
        if self._thread.room <= 0:
            return self._thread.too_long()
        if self._resting_until and monotonic() < self._resting_until:
            return "Redis did not answer in time, and is asked again a moment later."
        return None

    def _to_redis(self, line: bytes) -> str | None:
        """Return why Redis did not take it, None when it did."""
        try:
            self._sender.add(self._promise.bound, line)
        except StoreUnavailable as error:
            if isinstance(error, _NotKept) and not self._is_kept:
                self._refuse(DecisionNotLogged(str(error)))
            if error.timed_out:
                self._resting_until = monotonic() + REST
            return str(error)
        return None

    def _to_journal(self, rest: bytes) -> None:
        assert self._spool is not None
        with self._lock:  # lines stand in the order of their numbers
            number = self._number = self._number + 1
            line = b'%b%d,"refused":%d,%b' % (self._start, number, self._refused, rest)
            try:
                self._spool.append(line, number)
            except (OSError, SpoolFull) as error:
                self._refused += 1
                raise _not_spooled(self._spool, error, "") from error
        self._thread.nudge()

    def _to_spool(self, line: bytes, number: int, cause: str) -> None:
        if self._spool is None:
            self._refuse(
                DecisionNotLogged(
                    f"The decision is not logged, and there is no spool. {cause}"
                    " Pass `spool=` a local folder, or record it again."
                )
            )
        had_none = not self._spool.waits
        try:
            self._spool.append(line, number)
        except (OSError, SpoolFull) as error:
            self._refuse(_not_spooled(self._spool, error, f" {cause}"))
        if had_none:
            self._last_cause = cause
            _logger.warning("Decisions wait in the spool. %s", cause)
        self._thread.nudge()

    def _refuse(self, error: DecisionNotLogged) -> NoReturn:
        with self._lock:
            self._refused += 1
        raise error

    def _ready_spool(self) -> Spool | None:
        promise = self._promise
        if promise.spool is None:
            return None
        spool = Spool(promise.spool, self.name, promise.spool_bytes, keeps=promise.journal)
        try:
            spool.prepare()
        except OSError as error:
            raise DecisionNotLogged(
                f"The spool {os.fspath(promise.spool)!r} cannot be written: {error.strerror}."
                " Pass a folder this process may write to."
            ) from error
        return spool

    def _check(self, persistence: Any) -> None:
        """Raise _NotKept, of what INFO persistence says, unless Redis keeps what it is given."""
        if not _has_aof(persistence):
            raise _NotKept(
                "The decision is not logged: this Redis keeps no append-only file, so what it took"
                " is lost when it stops. Set `appendonly yes` there, or pass `journal=True` with"
                " `spool=` a local folder: then decisions are on this disk until they are landed."
            )
        self._is_kept = True


def _has_aof(persistence: Any) -> bool:
    if isinstance(persistence, dict):  # as a client parses it
        return bool(int(persistence.get("aof_enabled", 0)))
    text = persistence.decode() if isinstance(persistence, bytes) else str(persistence)
    return "aof_enabled:1" in text


def _not_spooled(spool: Spool, error: Exception, cause: str) -> DecisionNotLogged:
    why = getattr(error, "strerror", None) or str(error)
    how = "Make room on that disk, or give another folder"
    if isinstance(error, SpoolFull):
        how = "Land decisions more often, allow more by `spool_bytes=`, or see to Redis"
    return DecisionNotLogged(
        f"The decision is not logged: the spool {os.fspath(spool.folder)!r} cannot be written"
        f" ({why}).{cause} {how}, and record it again."
    )


def _cannot_be_asked(error: StoreUnavailable) -> DecisionNotLogged:
    return DecisionNotLogged(
        f"Whether Redis keeps decisions cannot be asked. {error} `provender acl` prints what a"
        " service's user needs; or pass `journal=True` with `spool=` a local folder."
    )
