"""Push one view version, as planned."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import compress
from typing import Literal

import pyarrow as pa

from provender.errors import UnservableValue
from provender.instants import to_text, to_us
from provender.keys import view_label
from provender.records import PushRecord
from provender_ops.declared import view_record
from provender_ops.errors import Refused
from provender_ops.lua import READABLE_AT
from provender_ops.push_plan import Plan
from provender_ops.rows import RowMaker, Rows, RowSpool, SentAhead
from provender_ops.situation import Situation
from provender_ops.view_lock import ViewLock

SAMPLE = 100

Advance = Callable[[int], None]
Progress = Callable[[str, int | None], AbstractContextManager[Advance]]
Status = Literal["pushed", "would push", "up to date", "retired", "refused"]


@dataclass(frozen=True, slots=True)
class Options:
    """How to push; `now` is when it becomes readable, None for the clock of Redis."""

    select: tuple[str, ...] = ()
    full: bool = False
    verify: bool = False
    dry_run: bool = False
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class ViewOutcome:
    """What became of one view version; `rows` and `tombstones` are those that are online now."""

    view: str
    version: int
    status: Status
    reason: str = ""
    run: str | None = None
    mode: str | None = None
    rows: int = 0
    tombstones: int = 0
    generation: int | None = None


@dataclass(slots=True)
class _Written:
    """What a push wrote; `sample` are the keys by which the next one sees whether it is there."""

    rows: int = 0
    tombstones: int = 0
    sample: list[str] = field(default_factory=list)

    def count(self, rows: Rows, written: Sequence[bool] | None = None) -> None:
        """Count rows, of those only that were written."""
        gone = rows.is_gone if written is None else list(compress(rows.is_gone, written))
        self.tombstones += sum(gone)
        self.rows += len(gone) - sum(gone)
        if len(self.sample) < SAMPLE:
            keys = rows.keys if written is None else rows.keys.filter(pa.array(written, pa.bool_()))
            self.sample += keys.slice(0, SAMPLE - len(self.sample)).to_pylist()


class ViewPush:
    """One push of one view version."""

    def __init__(
        self,
        situation: Situation,
        plan: Plan,
        lock: ViewLock | None,
        options: Options,
        progress: Progress,
    ) -> None:
        """Take what was found and decided; nothing is sent yet. Raise UnservableValue.

        Without a lock only a dry run is possible.
        """
        self._situation, self._plan, self._lock = situation, plan, lock
        self._run, self._store = situation.run, situation.store
        self._options, self._progress = options, progress
        self._label = view_label(self._run.view, self._run.version)
        self._maker = RowMaker(situation.declared, self._run.view, plan.layout)

    def outcome(self) -> ViewOutcome:
        """Do it; raise Refused, UnservableValue or NamespaceOwned with nothing made readable."""
        generation = self._situation.online.current
        if self._plan.mode == "none":
            return self._outcome("up to date", _Written(), generation)
        if self._options.dry_run or self._lock is None:
            return self._outcome("would push", self._rehearsed(), None)
        if self._plan.mode == "full":
            return self._full(generation or 0, self._lock)
        assert generation is not None  # else it would be refilled
        return self._incremental(generation, self._lock)

    def _full(self, above: int, lock: ViewLock) -> ViewOutcome:
        generations = self._store.generations(self._run.view, self._run.version)
        generation = generations.begin(above, lock)
        try:
            written = self._fill(generation, lock)
            self._publish(written, generation, lock)
        except (Refused, UnservableValue):
            generations.drop([generation])
            raise
        return self._outcome("pushed", written, generation)

    def _fill(self, generation: int, lock: ViewLock) -> _Written:
        def fill(rows: Rows) -> None:
            lock.renew()
            self._store.fill(rows)

        written = _Written()
        with self._progress(self._label, self._run.row_count) as advance:
            for rows, _ in SentAhead(self._rows(generation), fill):
                written.count(rows)
                advance(len(rows))
        if written.rows != self._run.row_count:
            raise Refused(
                f"History has {written.rows} keys at its last run, which logged"
                f" {self._run.row_count}. Run `dbt build`, which publishes what is missing."
            )
        return written

    def _incremental(self, generation: int, lock: ViewLock) -> ViewOutcome:
        def merge(rows: Rows) -> list[bool]:
            lock.renew()
            return self._store.merge(rows)

        written = _Written(sample=list(self._situation.online.sample))
        # These rows are read as soon as they are there, so none goes before all are encoded.
        with RowSpool.of(self._rows(generation)) as spool:
            self._store.announce(self._run)
            try:
                with self._progress(self._label, spool.total) as advance:
                    for rows, merged in SentAhead(spool, merge):
                        written.count(rows, merged)
                        advance(len(rows))
                self._publish(written, generation, lock)
            except Refused:
                self._store.generations(self._run.view, self._run.version).forsake(generation)
                raise
        return self._outcome("pushed", written, generation)

    def _rehearsed(self) -> _Written:
        written = _Written()
        for rows in self._rows(generation=0):
            written.count(rows)
        return written

    def _rows(self, generation: int) -> Iterator[Rows]:
        history, since = self._situation.history, self._plan.since
        prefix = self._store.keys.row_prefix(self._run.view, self._run.version, generation)
        for changes in history.state() if since is None else history.changes_since(since):
            yield self._maker.rows(changes, prefix)

    def _publish(self, written: _Written, generation: int, lock: ViewLock) -> None:
        record = view_record(
            self._situation.declared,
            self._situation.definition,
            self._run,
            generation,
            self._plan.layout,
        )
        push_record = PushRecord(
            namespace=self._store.keys.namespace,
            project=self._store.owner.project,
            target=self._store.owner.target,
            view=self._run.view,
            version=self._run.version,
            fingerprint=self._run.fingerprint,
            run_as_of_us=self._run.as_of_us,
            generation=generation,
            readable_at_us=READABLE_AT,
            mode=self._plan.mode,
            rows=written.rows,
            tombstones=written.tombstones,
        )
        now = self._options.now
        self._store.publish(
            since=self._situation.online,
            run=self._run,
            record=record,
            push=push_record,
            sample=written.sample,
            servers=self._situation.servers,
            lock=lock,
            readable_at_us=None if now is None else to_us(now),
        )

    def _outcome(self, status: Status, written: _Written, generation: int | None) -> ViewOutcome:
        return ViewOutcome(
            view=self._run.view,
            version=self._run.version,
            status=status,
            reason=self._plan.reason,
            run=to_text(self._run.as_of),
            mode=None if self._plan.mode == "none" else self._plan.mode,
            rows=written.rows,
            tombstones=written.tombstones,
            generation=generation,
        )
