"""Encoded rows set aside on disk: all are known to be good before the first is written."""

import pickle
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Self

from provender_ops.online_store import RedisRow


class RowSpool:
    """Batches of rows in a temporary file; `total` is how many rows there are."""

    def __init__(self, file: IO[bytes]) -> None:
        """Keep an empty file; use of()."""
        self._file = file
        self.total = 0

    @classmethod
    @contextmanager
    def of(cls, batches: Iterable[list[RedisRow]]) -> Iterator[Self]:
        """Take all batches; the file is gone after the block."""
        with tempfile.TemporaryFile() as file:
            spool = cls(file)
            for batch in batches:
                pickle.dump(batch, file, pickle.HIGHEST_PROTOCOL)
                spool.total += len(batch)
            yield spool

    def __iter__(self) -> Iterator[list[RedisRow]]:
        """Yield the batches again."""
        end = self._file.tell()
        self._file.seek(0)
        while self._file.tell() < end:
            yield pickle.load(self._file)
