"""Encoded rows on their way to Redis: a batch of them, set aside on disk, or sent ahead."""

import pickle
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, Generic, Self, TypeVar

AHEAD = 2  # batches

Sent = TypeVar("Sent")


@dataclass(frozen=True, slots=True)
class Rows:
    """Keys in Redis and their rows; `is_gone` says which rows are tombstones."""

    keys: Sequence[str]
    values: Sequence[bytes]
    is_gone: Sequence[bool]

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.keys)


class RowSpool:
    """Batches of rows in a temporary file; `total` is how many rows there are."""

    def __init__(self, file: IO[bytes]) -> None:
        """Keep an empty file; use of()."""
        self._file = file
        self.total = 0

    @classmethod
    @contextmanager
    def of(cls, batches: Iterable[Rows]) -> Iterator[Self]:
        """Take all batches: each is then known to be good. The file is gone after the block."""
        with tempfile.TemporaryFile() as file:
            spool = cls(file)
            for batch in batches:
                pickle.dump(batch, file, pickle.HIGHEST_PROTOCOL)
                spool.total += len(batch)
            yield spool

    def __iter__(self) -> Iterator[Rows]:
        """Yield the batches again."""
        end = self._file.tell()
        self._file.seek(0)
        while self._file.tell() < end:
            yield pickle.load(self._file)


class SentAhead(Generic[Sent]):
    """Batches in the order given, each with what sending it returned.

    While one is being sent the next is made, so that neither Redis nor we wait for the other; no
    more than AHEAD are held.
    """

    def __init__(self, batches: Iterable[Rows], send: Callable[[Rows], Sent]) -> None:
        """Take the batches and what sends one; nothing is sent yet."""
        self._batches, self._send = batches, send

    def __iter__(self) -> Iterator[tuple[Rows, Sent]]:
        """Send; raise what making or sending one raises, after those before it were sent."""
        sending: deque[tuple[Rows, Future[Any]]] = deque()
        with ThreadPoolExecutor(max_workers=1) as sender:
            for batch in self._batches:
                sending.append((batch, sender.submit(self._send, batch)))
                if len(sending) > AHEAD:
                    yield _answered(*sending.popleft())
            while sending:
                yield _answered(*sending.popleft())


def _answered(batch: Rows, sending: "Future[Sent]") -> tuple[Rows, Sent]:
    return batch, sending.result()
