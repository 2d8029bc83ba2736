"""What a view version's history says: its state at a run, and what changed since another.

Both give keys, features, then `as_of` in microseconds: a row's is the `valid_from` it has.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provender_ops.catalog import Catalog, Definition, Run, quoted

BATCH = 2000
_LIVE = "valid_from <= $run and (valid_to is null or valid_to > $run)"


@dataclass(frozen=True, slots=True)
class Change:
    """The state of one key at a run; `values` is None when the key was gone."""

    key: tuple[Any, ...]
    values: tuple[Any, ...] | None
    as_of_us: int


class History:
    """The history of one view version, seen at one logged run."""

    def __init__(self, catalog: Catalog, run: Run, definition: Definition) -> None:
        """Keep what tells the columns; nothing is read yet."""
        self._catalog, self._run = catalog, run
        self._width = len(definition.keys)
        self._keys = ", ".join(quoted(key.name) for key in definition.keys)
        self._columns = ", ".join(map(quoted, definition.columns))

    def state(self) -> Iterator[list[Change]]:
        """Yield every key live at the run, in batches."""
        return self._changes(
            f"select {self._columns}, epoch_us(valid_from), false"
            f" from {quoted(self._run.history)} where {_LIVE}",
            run=self._run.as_of,
        )

    def changes_since(self, since: datetime) -> Iterator[list[Change]]:
        """Yield the keys that opened or closed a row after `since`, as they are at the run.

        Intervals of one key do not overlap, so its last row is among those that changed.
        """
        return self._changes(
            f"select {self._columns}, epoch_us(if(valid_to <= $run, valid_to, valid_from)),"
            f" coalesce(valid_to <= $run, false) from {quoted(self._run.history)}"
            " where valid_from <= $run"
            " and (valid_from > $since or (valid_to > $since and valid_to <= $run))"
            f" qualify row_number() over (partition by {self._keys} order by valid_from desc) = 1",
            run=self._run.as_of,
            since=since,
        )

    def _changes(self, sql: str, **parameters: datetime) -> Iterator[list[Change]]:
        for rows in self._stream(sql, **parameters):
            yield [self._change(row) for row in rows]

    def _change(self, row: tuple[Any, ...]) -> Change:
        *_, as_of_us, is_gone = row
        values = None if is_gone else row[self._width : -2]
        return Change(row[: self._width], values, as_of_us)

    def _stream(self, sql: str, **parameters: datetime) -> Iterator[list[tuple[Any, ...]]]:
        return self._catalog.stream(sql, parameters, BATCH)
