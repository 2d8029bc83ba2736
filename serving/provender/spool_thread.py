"""The thread that sends what waits in the spool, and looks how long the stream is.

It runs also when no further decision comes. Of a journal, it forgets what is landed, and sends
again what Redis had taken and lost: a hash in Redis, written in one step with the decisions, tells
up to which number it has them.
"""

import logging
import os
import threading
from contextlib import suppress
from time import monotonic
from typing import cast

from provender.errors import DecisionNotLogged, StoreUnavailable
from provender.keys import KeySpace
from provender.log_sender import Sender
from provender.spool import BATCH_LINES, Batch, Spool

PATIENCE = 2.0  # seconds that it waits for an answer; nobody waits for the thread
TICK = 1.0  # seconds between its looks
PAUSE = 0.5  # seconds until it tries again, when Redis is away
ADOPT_EVERY = 10.0  # seconds between looks for what others left behind
SEND = """
if ARGV[2] ~= '' then
    local sent = redis.call('HGET', KEYS[2], ARGV[1]) or '0'
    if sent ~= ARGV[2] then return sent end
end
for line = 4, #ARGV do redis.call('XADD', KEYS[1], '*', 'record', ARGV[line]) end
if ARGV[2] ~= '' then redis.call('HSET', KEYS[2], ARGV[1], ARGV[3]) end
return ARGV[3]
"""
_logger = logging.getLogger("provender")


class SpoolThread:
    """Sends for one writer; flush() does in the caller's thread what the thread does."""

    def __init__(self, sender: Sender, keys: KeySpace, spool: Spool | None, unlanded: int) -> None:
        """Keep the parts; `unlanded` is how many decisions the stream may hold."""
        self.room = unlanded  # how many more the stream may hold, as far as is known
        self.is_used = spool is not None  # whether there is something to look at
        self.is_ending = False
        self._sender, self._keys, self._spool, self._most = sender, keys, spool, unlanded
        self._looked_at = -TICK
        self._marks: dict[str, int] = {}  # of journals: writer -> last number known to be sent
        self._draining, self._starting = threading.Lock(), threading.Lock()
        self._wake, self._is_told = threading.Condition(), False
        self._until = 0.0
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start, unless it runs."""
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="provender-log", daemon=True)
                self._thread.start()

    def nudge(self) -> None:
        """Say that something waits."""
        if not self._is_told:
            with self._wake:
                self._is_told = True
                self._wake.notify()

    def flush(self) -> int:
        """Send what waits and return how many; raise StoreUnavailable or DecisionNotLogged."""
        with self._draining:
            return self._drain()

    def look(self) -> None:
        """Ask how long the stream is; raise StoreUnavailable."""
        length = int(self._sender.execute(PATIENCE, "XLEN", self._keys.decisions))
        self._looked_at = monotonic()
        self.room = self._most - length
        if self._spool is not None and self._spool.keeps:
            self._look_at_journal(self._spool)

    def close(self, seconds: float) -> None:
        """Send for at most so many seconds more, and end; what is left stays on disk."""
        with self._wake:
            self._until = monotonic() + seconds
            self.is_ending = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join(seconds + PATIENCE)
        if self._spool is not None and self._draining.acquire(timeout=PATIENCE):
            with suppress(StoreUnavailable, DecisionNotLogged):
                if self._spool.keeps and not self._spool.writers():
                    self._forget(self._spool.writer)
            self._spool.release()
            self._draining.release()

    def too_long(self) -> str:
        """Return what is wrong when there is no room, and what to do."""
        return (
            f"The stream holds {self._most:,} decisions that are not landed, which is the bound."
            " Run `provender land-decisions`, or allow more by `unlanded=`."
        )

    def _run(self) -> None:
        adopted_at, is_away = monotonic(), False
        while not self.is_ending:
            with self._wake:
                if is_away:  # whatever comes meanwhile
                    self._wake.wait_for(lambda: self.is_ending, PAUSE)
                else:
                    self._wake.wait_for(lambda: self.is_ending or self._is_told, TICK)
                self._is_told = False
            if self._spool is not None and monotonic() - adopted_at > ADOPT_EVERY:
                self._adopt(self._spool)
                adopted_at = monotonic()
            is_away = not self._try(is_away)
        while self._spool is not None and self._spool.waits and monotonic() < self._until:
            if not self._try(True):
                return

    def _try(self, was_away: bool) -> bool:
        """Do what there is to do; return whether that could be done."""
        try:
            with self._draining:
                if self.is_used and monotonic() - self._looked_at >= TICK:
                    self.is_used = False
                    self.look()
                self._drain()
        except (StoreUnavailable, DecisionNotLogged) as error:
            self.is_used = True
            if not was_away:
                _logger.warning("The decision log goes on trying. %s", error)
            return False
        except Exception:  # the thread must live: nothing else sends what waits
            _logger.exception("What waits in the spool could not be sent.")
            return False
        return True

    def _drain(self) -> int:
        total, spool = 0, self._spool
        if spool is None:
            return 0
        try:
            while spool.waits and not (self.is_ending and monotonic() > self._until):
                batch = spool.batch(min(BATCH_LINES, self._room_for_some()))
                if batch is None:
                    break
                total += self._send(spool, batch)
        except OSError as error:
            raise DecisionNotLogged(
                f"The spool {os.fspath(spool.folder)!r} cannot be emptied: {error.strerror}."
                " Make it readable and writable; what it holds is not lost."
            ) from error
        if total and not spool.keeps:
            _logger.warning("%d decisions of the spool are in Redis now.", total)
        return total

    def _room_for_some(self) -> int:
        if self.room <= 0 and monotonic() - self._looked_at >= TICK:
            self.look()
        if self.room <= 0:
            raise StoreUnavailable(self.too_long())
        return self.room

    def _send(self, spool: Spool, batch: Batch) -> int:
        before: int | str = ""
        if spool.keeps:
            before = self._mark(batch.writer)
            batch = batch.after(before)
            if not batch.lines:
                spool.sent(batch)
                return 0
        last = batch.numbers[-1]
        answer = self._sender.execute(
            *(PATIENCE, "EVAL", SEND, 2, self._keys.decisions, self._keys.sent),
            *(batch.writer, before, last, *batch.lines),
        )
        if spool.keeps:
            found = int(answer)
            if found < cast("int", before):
                self._lost(spool, batch.writer, found)
            self._marks[batch.writer] = found
            if found != last:
                return 0  # it had others than was thought: look again
        self.is_used = True
        self.room -= len(batch.lines)
        spool.sent(batch)
        return len(batch.lines)

    def _mark(self, writer: str) -> int:
        if writer not in self._marks:
            raw = self._sender.execute(PATIENCE, "HGET", self._keys.sent, writer)
            self._marks[writer] = int(raw or 0)
        return self._marks[writer]

    def _look_at_journal(self, spool: Spool) -> None:
        """Forget what is landed; send again what Redis had and lost."""
        writers = sorted(spool.writers())
        if not writers:
            return
        self.is_used = True  # also when no further decision comes
        landed = self._sender.execute(PATIENCE, "HMGET", self._keys.landed, *writers)
        sent = self._sender.execute(PATIENCE, "HMGET", self._keys.sent, *writers)
        for writer, raw in zip(writers, sent, strict=True):
            if int(raw or 0) < self._marks.get(writer, 0):
                self._lost(spool, writer, int(raw or 0))
        spool.landed({each: int(raw or 0) for each, raw in zip(writers, landed, strict=True)})
        if gone := [each for each in writers if each not in {spool.writer, *spool.writers()}]:
            self._forget(*gone)

    def _lost(self, spool: Spool, writer: str, found: int) -> None:
        _logger.warning(
            "Redis had taken the decisions of writer %s up to number %d, and knows of %d: it lost"
            " some. What is kept here is sent again.",
            *(writer, self._marks[writer], found),
        )
        self._marks[writer] = found
        spool.rewind(writer)

    def _forget(self, *writers: str) -> None:
        for key in (self._keys.sent, self._keys.landed):
            self._sender.execute(PATIENCE, "HDEL", key, *writers)
        for writer in writers:
            self._marks.pop(writer, None)

    def _adopt(self, spool: Spool) -> None:
        try:
            spool.adopt()
        except OSError as error:
            _logger.warning("The spool %s cannot be looked through: %s.", spool.folder, error)
