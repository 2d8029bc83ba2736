"""What a view version's history says: its state at a run, and what changed since another."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from provender_ops.catalog import Catalog, Definition, Run, quoted
from provender_ops.row_encoding import Array, python_values, selected

BATCH = 2000
_LIVE = "valid_from <= $run and (valid_to is null or valid_to > $run)"


@dataclass(frozen=True, slots=True)
class Changes:
    """The states of some keys at a run, one row each; of a key that was gone, values mean nothing.

    A state's `as_of` is the `valid_from` it has, in microseconds.
    """

    keys: list[tuple[Any, ...]]
    values: pa.RecordBatch
    as_of_us: Array
    is_gone: Array


class History:
    """The history of one view version, seen at one logged run."""

    def __init__(self, catalog: Catalog, run: Run, definition: Definition) -> None:
        """Keep what tells the columns; nothing is read yet."""
        self._catalog, self._run = catalog, run
        self._width = len(definition.keys)
        self._keys = ", ".join(quoted(key.name) for key in definition.keys)
        types = {key.name: key.type for key in definition.keys}
        self._key_types = list(types.values())
        types |= {str(each["name"]): str(each["type"]) for each in definition.features}
        self._columns = ", ".join(selected(quoted(name), types[name]) for name in types)

    def state(self) -> Iterator[Changes]:
        """Yield every key live at the run, in batches."""
        return self._changes(
            f"select {self._columns}, epoch_us(valid_from), false"
            f" from {quoted(self._run.history)} where {_LIVE}",
            run=self._run.as_of,
        )

    def changes_since(self, since: datetime) -> Iterator[Changes]:
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

    def _changes(self, sql: str, **parameters: datetime) -> Iterator[Changes]:
        for batch in self._catalog.stream(sql, parameters, BATCH):
            columns = batch.columns
            keys = map(python_values, columns[: self._width], self._key_types)
            values = batch.select(list(range(self._width, len(columns) - 2)))
            yield Changes(
                keys=list(zip(*keys, strict=True)),
                values=values,
                as_of_us=columns[-2].to_numpy(),
                is_gone=columns[-1].to_numpy(zero_copy_only=False),
            )
