"""What a view version's history says: its state at a run, and what changed since another.

It is read from the files that each run has published, of which the name tells the run: the rows
that it opened, and the rows that it closed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import randrange

import pyarrow as pa

from provender_ops.catalog import Catalog, Definition, Run, quoted, run_stamp
from provender_ops.errors import Refused
from provender_ops.row_encoding import Array, selected

BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Changes:
    """The states of some keys at a run, one row each; of a key that was gone, values mean nothing.

    A state's `as_of` is the `valid_from` it has, in microseconds.
    """

    keys: Sequence[pa.Array]
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
        types |= {str(each["name"]): str(each["type"]) for each in definition.features}
        self._columns = ", ".join(selected(quoted(name), types[name]) for name in types)

    def state(self) -> Iterator[Changes]:
        """Yield every key live at the run, in batches.

        A row that is open in the file of its run is live, unless a later one closed it.
        """
        return self._changes(
            f"select {self._columns}, epoch_us(valid_from), false from rows"
            f" anti join (select {self._keys}, valid_from from rows where valid_to is not null)"
            f" using ({self._keys}, valid_from) where valid_to is null",
            self._files(None),
        )

    def changes_since(self, since: datetime) -> Iterator[Changes]:
        """Yield the keys that opened or closed a row after `since`, as they are at the run.

        Intervals of one key do not overlap, so its last row is among those that changed.
        """
        return self._changes(self._last_rows("true"), self._files(since))

    def sample(self, one_in: int) -> Iterator[Changes]:
        """Yield one in so many of all keys that ever were, others each time, at the run."""
        chosen = f"hash({self._keys}) % {one_in} = {randrange(one_in)}"
        return self._changes(self._last_rows(chosen), self._files(None))

    def _last_rows(self, where: str) -> str:
        """A row that was opened and closed stands there twice."""
        return (
            f"select {self._columns}, epoch_us(coalesce(valid_to, valid_from)),"
            f" valid_to is not null from rows where {where} qualify row_number() over"
            f" (partition by {self._keys} order by valid_from desc, valid_to nulls last) = 1"
        )

    def _files(self, since: datetime | None) -> list[Path]:
        """Return the files of the runs after `since`, up to ours; raise Refused if one is gone."""
        runs = self._catalog.run_stamps(self._run.history)
        last, first = run_stamp(self._run.as_of), "" if since is None else run_stamp(since)
        wanted = [stamp for stamp in runs if first < stamp <= last]
        files = [self._catalog.history_file(self._run.history, stamp) for stamp in wanted]
        gone = [file.name for file in files if not file.exists()]
        if gone:
            raise Refused(
                f"What {len(gone)} of its runs changed is not published any more ({gone[0]}, …)."
                " Run `dbt build`, which publishes it again."
            )
        return files

    def _changes(self, sql: str, files: Sequence[Path]) -> Iterator[Changes]:
        if not files:
            return
        read = (
            "with rows as not materialized (from read_parquet($files, union_by_name = true,"
            f" hive_partitioning = false)) {sql}"
        )
        for batch in self._catalog.stream(read, {"files": list(map(str, files))}, BATCH):
            columns = batch.columns
            yield Changes(
                keys=columns[: self._width],
                values=batch.select(list(range(self._width, len(columns) - 2))),
                as_of_us=columns[-2].to_numpy(),
                is_gone=columns[-1].to_numpy(zero_copy_only=False),
            )
