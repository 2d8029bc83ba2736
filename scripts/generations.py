"""Generations: which rows of a view version readers see, and when the others are deleted.

A full push fills a generation of its own and then switches to it; a number is handed out once. The
one it replaces is *retired*, and deleted by the view's first push at least GRACE_US later by the
clock of Redis: a reader's registry is at most 1 s old, and one that misses a row reads the registry
again before it says so.

A generation that was being filled by a push that died is deleted by the next one, which holds the
lock that the other lost.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import cast

from provender.connection import Client, asking
from provender.keys import KeySpace
from provender_ops import lua
from provender_ops.notes import Online, counter_field, generation_field, look
from provender_ops.view_lock import ViewLock

GRACE_US = 10_000_000
DROPPING = "dropping"
SCAN_BATCH = 1000


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

    def begin(self, above: int, lock: ViewLock) -> int:
        """Return an empty generation with a number above `above` that nobody had before."""
        with asking("begin a generation"):
            answer = self._client.eval(
                lua.BEGIN_GENERATION,
                1,
                self._keys.writer,
                counter_field(self._view, self._version),
                str(above),
                generation_field(self._view, self._version, ""),
                lock.token,
            )
        generation = int(cast("bytes", answer))
        # Its number may be that of an earlier life of this Redis, whose registry was lost.
        self._sweep({generation})
        return generation

    def reclaim(self) -> None:
        """Delete what no reader needs any more, nor a push: the caller holds the view's lock."""
        online = self._look()
        notes = online.generations.items()
        self.drop(number for number, note in notes if _is_done(note, online.now_us))

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

    def forsake(self, generation: int) -> None:
        """Delete what we wrote into a generation that readers have left, if they have."""
        if self._look().current != generation:
            self.drop([generation])

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


def _is_done(note: str, now_us: int) -> bool:
    state, _, since = note.partition(" ")
    if state != "retired" or not since.isdigit():
        return True  # being deleted, or being filled by a push that lost its lock
    return now_us - int(since) >= GRACE_US
