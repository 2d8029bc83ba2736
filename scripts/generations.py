"""Generations: which rows of a view version readers see, and when the others are deleted.

A full push fills a generation of its own and then switches to it; a number is handed out once. The
one it replaces is *retired*, and deleted by the view's first push at least GRACE_US later by the
clock of Redis: a reader's registry is at most 1 s old, and one that misses a row reads the registry
again before it says so.

A generation whose push died (same host, no such process), or that has been filling for
ABANDONED_US, is deleted the same way. Its token goes first, so a push that was only slow is
refused at the switch.
"""

import os
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import cast

from provender.connection import Client, asking
from provender.keys import KeySpace
from provender_ops import lua
from provender_ops.notes import Online, counter_field, generation_field, look

GRACE_US = 10_000_000
ABANDONED_US = 3_600_000_000
DROPPING = "dropping"
SCAN_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Fill:
    """A generation being filled, and the token that a push too slow to be waited for loses."""

    generation: int
    token: str


class Generations:
    """The generations of one view version."""

    def __init__(self, client: Client, keys: KeySpace, view: str, version: int) -> None:
        """Keep the client; nothing is sent yet."""
        self._client, self._keys = client, keys
        self._view, self._version = view, version
        self._prefix = keys.view(view, version)

    def field(self, generation: int) -> str:
        """Return the note that tells how a generation stands."""
        return generation_field(self._view, self._version, generation)

    def begin(self, above: int) -> Fill:
        """Return an empty generation with a number above `above` that nobody had before."""
        with asking("begin a generation"):
            answer = self._client.eval(
                lua.BEGIN_GENERATION,
                1,
                self._keys.writer,
                counter_field(self._view, self._version),
                str(above),
                generation_field(self._view, self._version, ""),
                _this_process(),
            )
        number, token = cast("tuple[bytes, bytes]", answer)
        fill = Fill(int(number), token.decode())
        # Its number may be that of an earlier life of this Redis, whose registry was lost.
        self._sweep({fill.generation})
        return fill

    def reclaim(self) -> None:
        """Delete what no reader and no push needs any more."""
        tokens = self._look().generations
        if tokens:
            now_us = self._now_us()
            self.drop(number for number, token in tokens.items() if _is_done(token, now_us))

    def drop(self, generations: Iterable[int]) -> None:
        """Delete generations, unless readers are there; killed midway, reclaim() goes on."""
        doomed = set(generations)
        if not doomed:
            return
        fields = [self.field(number) for number in doomed]
        with asking("mark generations for deletion"):
            self._client.hset(self._keys.writer, mapping=dict.fromkeys(fields, DROPPING))
        self._sweep(doomed)
        with asking("forget deleted generations"):
            self._client.hdel(self._keys.writer, *fields)

    def _sweep(self, doomed: set[int]) -> None:
        """Unlink the rows of `doomed` generations, and of those that nobody knows of."""
        for found in self._scan():
            # Looked up after the rows were seen: a generation is known before its first row is.
            online = self._look()
            kept = {*(set(online.generations) - doomed), online.current}
            rows = [key for key in found if self._generation(key) not in kept]
            with asking("delete rows"), self._client.pipeline(transaction=False) as pipeline:
                for key in rows:
                    pipeline.unlink(key)
                pipeline.execute()

    def _scan(self) -> Iterator[list[bytes]]:
        found = self._client.scan_iter(match=f"{self._prefix}*{{*", count=SCAN_BATCH)
        while True:
            with asking("look for rows to delete"):
                keys = list(islice(found, SCAN_BATCH))
            if not keys:
                return
            yield keys

    def _generation(self, key: bytes) -> int | None:
        number = key[len(self._prefix.encode()) :].split(b"{", 1)[0]
        return int(number) if number.isdigit() else None

    def _look(self) -> Online:
        return look(self._client, self._keys, self._view, self._version)

    def _now_us(self) -> int:
        with asking("read the clock of Redis"):
            answer = self._client.time()
        # Each node of a Cluster answers.
        times = list(answer.values()) if isinstance(answer, dict) else [answer]
        seconds, microseconds = max(times)
        return seconds * 1_000_000 + microseconds


def _this_process() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def _is_done(token: str, now_us: int) -> bool:
    state, _, rest = token.partition(" ")
    since, _, process = rest.partition(" ")
    if state == DROPPING or not since.isdigit():
        return True
    age_us = now_us - int(since)
    if state == "retired":
        return age_us >= GRACE_US
    return age_us >= ABANDONED_US or _has_died(process)


def _has_died(process: str) -> bool:
    host, _, pid = process.rpartition(":")
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False  # it lives, and is another user's
    return False
