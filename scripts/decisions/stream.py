"""The stream of decisions, read by a consumer group: what is taken stays ours until it has landed.

The one consumer of a landing folder is named by its ledger, so what a killed lander had taken is
the next one's own. What another folder's lander had taken, and left, is claimed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from redis.exceptions import ResponseError

from provender.connection import Client, asking, unavailable
from provender.keys import KeySpace

GROUP = "provender"
FIELD = b"record"
ABANDONED_AFTER = 60_000  # milliseconds without a sign of the consumer who took an entry
AT_MOST = 2_000  # entries in one answer
BYTES = 8_000_000  # in one answer, about

StreamId = tuple[int, int]
Taken = tuple[bytes, bytes | None]
"""An entry's id and its record, None where it has none."""


@dataclass(slots=True)
class Group:
    """The stream of a namespace as one consumer of the group takes it."""

    client: Client
    keys: KeySpace
    consumer: str
    _count: int = 100

    def batches(self, newest: str) -> Iterator[list[Taken]]:
        """Yield what is ours, then what was abandoned, then what is new, up to `newest`.

        Raise StoreUnavailable.
        """
        self._make()
        yield from self._own()
        yield from self._abandoned()
        while batch := self._patiently(partial(self._read, ">")):
            yield self._taken(batch)
            if stream_id(batch[-1][0]) >= stream_id(newest.encode()):
                return

    def _own(self) -> Iterator[list[Taken]]:
        after = "0"
        while batch := self._patiently(partial(self._read, after)):
            yield self._taken(batch)
            after = batch[-1][0].decode()

    def _abandoned(self) -> Iterator[list[Taken]]:
        start = "0-0"
        while True:
            start, batch = self._patiently(partial(self._claim, start))
            if batch:
                yield self._taken(batch)
            if start == "0-0":
                return

    def _read(self, after: str) -> list[Any]:
        streams = {self.keys.decisions: after}
        answer = cast(
            "list[Any]",
            self.client.xreadgroup(GROUP, self.consumer, streams, self._count),  # type: ignore[arg-type]
        )
        return answer[0][1] if answer else []

    def _claim(self, start: str) -> tuple[str, list[Any]]:
        answer = self.client.xautoclaim(
            self.keys.decisions, GROUP, self.consumer, ABANDONED_AFTER, start, self._count
        )
        after, batch = answer[:2]
        return after.decode(), batch

    def _taken(self, batch: Sequence[tuple[bytes, dict[bytes, bytes]]]) -> list[Taken]:
        """Return the records, acknowledging entries that somebody deleted in the meantime."""
        gone = [entry_id for entry_id, fields in batch if not fields]
        if gone:
            with asking("take deleted decisions off the list"):
                self.client.xack(self.keys.decisions, GROUP, *gone)
        taken = [(entry_id, fields.get(FIELD)) for entry_id, fields in batch if fields]
        size = sum(len(record or b"") for _, record in taken) // max(1, len(taken))
        self._count = max(1, min(AT_MOST, BYTES // max(1, size)))
        return taken

    def _patiently(self, ask: Callable[[], Any]) -> Any:
        """Ask, once more when the group is gone: Redis lost it, and with it what we had taken."""
        what = "read the decisions"
        try:
            with asking(what, leaving=(ResponseError,)):
                return ask()
        except ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise unavailable(what, error) from None
        self._make()
        with asking(what):
            return ask()

    def _make(self) -> None:
        what = "make the consumer group"
        try:
            with asking(what, leaving=(ResponseError,)):
                self.client.xgroup_create(self.keys.decisions, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise unavailable(what, error) from None


def stream_id(entry_id: bytes) -> StreamId:
    """Return an entry's id as numbers, which sort as the entries do."""
    milliseconds, _, sequence = entry_id.partition(b"-")
    return int(milliseconds), int(sequence)
