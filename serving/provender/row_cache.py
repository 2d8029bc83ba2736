"""Rows as they were last read, for a Redis that does not answer, or need not be asked."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from threading import Lock
from typing import NamedTuple

from provender.records import ViewRecord

DEFAULT_ROWS = 10_000
DEFAULT_MAX_AGE = timedelta(minutes=5)


class CachedRow(NamedTuple):
    """A row, the record of its view when it was read, and when that was (monotonic)."""

    raw: bytes
    record: ViewRecord
    read_at: float


class RowCache:
    """The rows a reader used last; for FeatureReader(cache=…), which has none by default.

    A cached row keeps the watermark it was read with, so that it looks as old as it is: what was
    pushed since makes it older, never younger. Features from it say `is_cached`. One cache serves
    one reader, and any number of threads.
    """

    def __init__(
        self,
        rows: int = DEFAULT_ROWS,
        *,
        max_age: timedelta = DEFAULT_MAX_AGE,
        fresh_for: timedelta = timedelta(0),
    ) -> None:
        """Hold at most `rows`, one for each view and entity key.

        While Redis does not answer, rows read at most `max_age` ago are served; those read at most
        `fresh_for` ago are served without asking it. Raise ValueError for what makes no sense.
        """
        if rows < 1 or not timedelta(0) <= fresh_for <= max_age:
            raise ValueError(
                f"A cache of {rows} rows, fresh for {fresh_for}, of at most {max_age}: hold at"
                " least one row, and let 0 <= fresh_for <= max_age."
            )
        self._most = rows
        self._max_age, self._fresh_for = max_age.total_seconds(), fresh_for.total_seconds()
        self._rows: OrderedDict[str, CachedRow] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        """Return how many rows it holds."""
        return len(self._rows)

    def fresh(self, redis_keys: Iterable[str], now: float) -> Mapping[str, CachedRow]:
        """Return the rows for which Redis need not be asked; `now` is monotonic, in seconds."""
        return self._younger(redis_keys, now, self._fresh_for) if self._fresh_for else {}

    def kept(self, redis_keys: Iterable[str], now: float) -> Mapping[str, CachedRow]:
        """Return the rows that may stand in for a Redis that does not answer."""
        return self._younger(redis_keys, now, self._max_age)

    def keep(self, rows: Iterable[tuple[str, bytes | None, ViewRecord]], read_at: float) -> None:
        """Keep (key, row, record of its view) as read; a row that is not there is forgotten."""
        with self._lock:
            for key, raw, record in rows:
                if raw is None:
                    self._rows.pop(key, None)
                    continue
                self._rows[key] = CachedRow(raw, record, read_at)
                self._rows.move_to_end(key)
            while len(self._rows) > self._most:
                self._rows.popitem(last=False)

    def _younger(
        self, redis_keys: Iterable[str], now: float, seconds: float
    ) -> Mapping[str, CachedRow]:
        with self._lock:
            found = {key: self._rows[key] for key in redis_keys if key in self._rows}
            for key in found:
                self._rows.move_to_end(key)
        return {key: row for key, row in found.items() if now - row.read_at <= seconds}
