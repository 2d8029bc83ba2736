"""Rows on their way to Redis: made of changes, set aside on disk, sent ahead."""

import pickle
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, Generic, Self, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from provender.encoding import encode_tombstone
from provender_ops.declared import Declared
from provender_ops.history import Changes
from provender_ops.row_encoding import RowEncoder

AHEAD = 3  # batches
HELD = 4  # batches that need no file: what changed is rarely more

Sent = TypeVar("Sent")


@dataclass(frozen=True, slots=True)
class Rows:
    """Keys in Redis (text) and their rows (binary); `is_gone` says which rows are tombstones."""

    keys: pa.Array
    values: pa.Array
    is_gone: Sequence[bool]

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.keys)


class RowMaker:
    """Makes rows of what changed in history, for one view and layout."""

    def __init__(self, declared: Declared, view: str, layout: int) -> None:
        """Take what is declared; raise UnservableValue for a type."""
        self._row_keys = declared.row_keys
        self._encoder = RowEncoder(view, layout, declared.layout)

    def rows(self, changes: Changes, prefix: str) -> Rows:
        """Return a row for each key; raise UnservableValue.

        The last values of a key that is gone need not be servable.
        """
        entities = self._row_keys.entities(changes.keys)
        return Rows(
            keys=pc.binary_join_element_wise(prefix + "{", entities, "}", ""),
            values=self._values(changes, entities),
            is_gone=changes.is_gone.tolist(),
        )

    def _values(self, changes: Changes, entities: pa.Array) -> pa.Array:
        if not changes.is_gone.any():
            return self._encoder.encode(changes.values, changes.as_of_us, entities)
        live = ~changes.is_gone
        chosen = pa.array(live)
        values, whose = changes.values.filter(chosen), entities.filter(chosen)
        rows = iter(self._encoder.encode(values, changes.as_of_us[live], whose).to_pylist())
        both = [
            encode_tombstone(int(as_of_us)) if is_gone else next(rows)
            for as_of_us, is_gone in zip(changes.as_of_us, changes.is_gone, strict=True)
        ]
        return pa.array(both, pa.large_binary())


class RowSpool:
    """Batches of rows: a few in memory, more in a temporary file. `total` is how many rows."""

    def __init__(self, file: IO[bytes]) -> None:
        """Keep an empty file; use of()."""
        self._held: list[Rows] = []
        self._file = file
        self.total = 0

    @classmethod
    @contextmanager
    def of(cls, batches: Iterable[Rows]) -> Iterator[Self]:
        """Take all batches: each is then known to be good. The file is gone after the block."""
        with tempfile.TemporaryFile() as file:
            spool = cls(file)
            for batch in batches:
                if len(spool._held) < HELD:
                    spool._held.append(batch)
                else:
                    pickle.dump(batch, file, pickle.HIGHEST_PROTOCOL)
                spool.total += len(batch)
            yield spool

    def __iter__(self) -> Iterator[Rows]:
        """Yield the batches again."""
        yield from self._held
        end = self._file.tell()
        self._file.seek(0)
        while self._file.tell() < end:
            yield pickle.load(self._file)


class SentAhead(Generic[Sent]):
    """Batches in the order given, each with what sending it returned.

    While two are being sent the next is made, so that neither Redis nor we wait for the other; no
    more than AHEAD are held. No key may be in two batches.
    """

    def __init__(self, batches: Iterable[Rows], send: Callable[[Rows], Sent]) -> None:
        """Take the batches and what sends one; nothing is sent yet."""
        self._batches, self._send = batches, send

    def __iter__(self) -> Iterator[tuple[Rows, Sent]]:
        """Send; raise what making or sending one raises."""
        sending: deque[tuple[Rows, Future[Any]]] = deque()
        sender = ThreadPoolExecutor(max_workers=2)
        try:
            for batch in self._batches:
                sending.append((batch, sender.submit(self._send, batch)))
                if len(sending) > AHEAD:
                    yield _answered(*sending.popleft())
            while sending:
                yield _answered(*sending.popleft())
        finally:
            sender.shutdown(cancel_futures=True)


def _answered(batch: Rows, sending: "Future[Sent]") -> tuple[Rows, Sent]:
    return batch, sending.result()
