"""Land decisions: from the stream of a namespace into Parquet files by the day they were made.

A chunk of the stream is written beside its place and synced, named in the ledger, put in place, and
only then taken out of the stream. Killed in between, the next landing completes the files, and
lands again what is still in the stream: the same ids, which dbt counts once.
"""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import cast

import duckdb
import pyarrow.parquet as pq

from provender.connection import Client, asking
from provender.instants import as_utc, from_us, to_text, to_us
from provender.keys import KeySpace
from provender_ops import lua
from provender_ops.decisions import files, ledger, tidying
from provender_ops.decisions.head import head_text, stored_head, told_by_head
from provender_ops.decisions.ledger import Ledger, as_body, locked
from provender_ops.decisions.log_key import ChainKey
from provender_ops.decisions.state import LandedFile
from provender_ops.decisions.stream import GROUP, Group, stream_id
from provender_ops.decisions.taking import Read, chunks, prepared, rows_of
from provender_ops.decisions.tidying import Tidied
from provender_ops.decisions.writers import Writers
from provender_ops.landed import move_mark
from provender_ops.parquet_files import make_folder

NAMED = 100  # unreadable entries, at most


@dataclass(frozen=True, slots=True)
class LandedDecisions:
    """What a landing did; `unreadable` entries (the first of them) stay in the stream.

    `until` is how far the log has landed by now (naive UTC), None where that cannot be told; `head`
    is the end of the ledger; `notes` are sentences on what else was found.
    """

    landed: int
    files: tuple[Path, ...]
    unreadable: tuple[str, ...]
    until: datetime | None
    head: str = ""
    tidied: Tidied = field(default_factory=Tidied)
    notes: tuple[str, ...] = ()

    @property
    def complaint(self) -> str:
        """What is wrong and what to do, empty when nothing is."""
        return " ".join([*([_unreadable(self.unreadable)] if self.unreadable else []), *self.notes])


@dataclass(slots=True)
class _Moved:
    """What was moved so far; an entry that cannot be read may be met twice."""

    landed: int = 0
    paths: list[Path] = field(default_factory=list)
    unreadable: dict[str, None] = field(default_factory=dict)


class Lander:
    """Lands the decisions of one namespace into one folder, as often as it is asked to."""

    def __init__(
        self,
        client: Client,
        keys: KeySpace,
        landing: Path,
        key: ChainKey,
        retention_us: int | None = None,
    ) -> None:
        """Open nothing yet. What landed is kept for `retention_us`, for ever when it is None."""
        self._client, self._keys, self._landing = client, keys, landing
        self._retention_us = retention_us
        self._ledger = Ledger(landing, key)
        self._folder = landing / ledger.FOLDER

    def land(
        self,
        now: datetime | None = None,
        *,
        tidy: bool = True,
        stop: Callable[[], bool] = lambda: False,
    ) -> LandedDecisions:
        """Land all that is in the stream; then, with `tidy`, make compact and keep to retention.

        Asked to `stop`, it ends after the files it is at; the next landing goes on.

        `now` is the time of a rehearsal, None for Redis's clock. Raise StoreUnavailable, Refused
        (another key's log) or OSError.
        """
        make_folder(self._landing)
        with locked(self._landing):
            return self._land(now, tidy, stop)

    def _land(self, now: datetime | None, tidy: bool, stop: Callable[[], bool]) -> LandedDecisions:
        looked_at, newest = self._look()
        at, moment = _naive(looked_at), to_text(looked_at)
        notes = self._open(moment)
        moved = _Moved()
        if newest is not None:
            with duckdb.connect() as connection, _uncollected():
                self._move(connection, newest, _naive(now or at), moved, stop)
        until = move_mark(
            self._landing, "decision_log", self._keys.namespace, self._reached(at, now, newest)
        )
        tidied = Tidied()
        if tidy:
            limit = at if now is None else min(at, _naive(now))
            tidied = tidying.tidy(self._ledger, at, _naive(now or at), limit, self._retention_us)
        self._keep_head()
        notes += tidied.notes
        return LandedDecisions(
            moved.landed,
            tuple(moved.paths),
            tuple(moved.unreadable),
            until,
            head_text(self._ledger.state),
            tidied,
            tuple(notes),
        )

    def _look(self) -> tuple[datetime, str | None]:
        """Return the time by Redis's clock, and the newest entry of the stream."""
        with asking("read the stream"):
            answer = self._client.eval(lua.LOOK_AT_STREAM, 1, self._keys.decisions)
        (seconds, microseconds), newest = cast("tuple[tuple[bytes, bytes], bytes]", answer)
        return from_us(int(seconds) * 1_000_000 + int(microseconds)), newest.decode() or None

    def _open(self, moment: str) -> list[str]:
        """Open the ledger, complete what was begun, and return what was found amiss."""
        head = stored_head(self._client, self._keys)
        found = told_by_head(self._ledger, head, moment)
        if head is None:
            self._keep_head()  # from now on its absence means that it was lost
        missing = files.complete(self._folder, self._ledger.state)
        tidying.complete_removals(self._ledger, moment)
        if missing:
            found.append(
                f"{len(missing)} landed files are not there any more ({missing[0]})."
                " `provender verify-log` tells which."
            )
        return found

    def _move(
        self,
        connection: duckdb.DuckDBPyConnection,
        newest: str,
        landed_at: datetime,
        moved: "_Moved",
        stop: Callable[[], bool],
    ) -> None:
        """Move the stream into files, chunk by chunk."""
        connection.execute("set threads = 1")
        group = Group(self._client, self._keys, self._ledger.state.ledger)
        writers = self._writers()
        # Redis answers, records are cut, and files are written, all at the same time.
        taken = files.ahead(chunks(group.batches(newest)))
        ready = files.ahead(prepared(taken, self._ledger.key))
        with closing(taken), closing(ready):
            for chunk in ready:
                done = rows_of(connection, chunk, self._keys.namespace, landed_at)
                moved.paths += self._put(done, landed_at, writers)
                moved.landed += len(done.landing)
                for entry_id in done.unreadable[: NAMED - len(moved.unreadable)]:
                    moved.unreadable[entry_id.decode()] = None
                if stop():
                    return
        self._forget(writers, landed_at)

    def _forget(self, writers: Writers, now: datetime) -> None:
        gone = writers.forget(now)
        if gone:
            with asking("forget writers that are done"):
                self._client.hdel(self._keys.landed, *gone)
            writers.save()

    def _put(self, done: Read, landed_at: datetime, writers: Writers) -> list[Path]:
        """Have a chunk in its files and in the ledger, then out of the stream."""
        if not done.landing:
            return []
        state, key = self._ledger.state, self._ledger.key
        named: dict[str, LandedFile] = {}
        for rows in done.tables:
            for day, part in files.by_day(rows):
                number = f"{self._keys.namespace}__{state.sequence + 1:08d}-{len(named)}.parquet"
                name = f"{day}/{number}"
                files.write_aside(self._folder, name, part)
                total = key.add(0, part["mac"].to_pylist())
                named[name] = files.described(self._folder, name, part.num_rows, total)
        self._ledger.append(
            "landing",
            to_text(landed_at),
            namespace=self._keys.namespace,
            files=[as_body(file) for file in named.values()],
        )
        files.put_in_place(self._folder, named)
        reached: dict[str, int] = {}
        for rows in done.tables:
            reached |= writers.take(rows, landed_at)
        writers.save()
        self._acknowledge(done.landing, reached)
        return [self._folder / name for name in named]

    def _acknowledge(self, ids: Sequence[bytes], reached: dict[str, int]) -> None:
        keys = (self._keys.decisions, self._keys.log_head, self._keys.landed)
        pairs = [word for pair in reached.items() for word in pair]
        head = head_text(self._ledger.state)
        with asking("take landed decisions out of the stream"):
            self._client.eval(lua.ACKNOWLEDGE, 3, *keys, GROUP, head, len(ids), *ids, *pairs)

    def _writers(self) -> Writers:
        """Return what is known of the writers, from the files where it was not written down."""
        writers = Writers(self._folder)
        if not writers.path.exists():
            for file in self._ledger.state.current:
                path = self._folder / file.file
                if path.exists():
                    columns = ["writer", "number", "refused", "landed_at"]
                    rows = pq.read_table(path, columns=columns)
                    writers.take(rows, rows["landed_at"][0].as_py())
        return writers

    def _reached(self, at: datetime, now: datetime | None, newest: str | None) -> datetime | None:
        """Return until when everything has landed (naive UTC), None when that cannot be told.

        What is left in the stream has not: it cannot be read, or somebody else is at it.
        """
        with asking("read the stream"):
            left = self._client.xrange(self._keys.decisions, "-", newest or "-", count=1)
        if newest is None or not left:
            return _naive(now or at)
        if now is not None:
            return None  # the entry's id is of another clock
        milliseconds, _ = stream_id(cast("list[tuple[bytes, object]]", left)[0][0])
        return _naive(from_us(min(1000 * milliseconds, to_us(at)) - 1))

    def _keep_head(self) -> None:
        with asking("keep the head of the ledger"):
            self._client.set(self._keys.log_head, head_text(self._ledger.state))


def land_decisions(
    client: Client, keys: KeySpace, landing: Path, key: ChainKey, now: datetime | None = None
) -> LandedDecisions:
    """Move all decisions to files, once, and keep them for ever; see Lander."""
    return Lander(client, keys, landing, key).land(now)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Do without the collector of cycles for the block: it would look at each record, in vain."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _unreadable(entries: Sequence[str]) -> str:
    named = ", ".join(entries[:5]) + (", …" if len(entries) > 5 else "")
    return (
        f"What cannot be read stays in the stream ({named}), and the log counts as landed"
        " only up to the first of it. Look at it with XRANGE, then XDEL it."
    )


def _naive(instant: datetime) -> datetime:
    return as_utc(instant).replace(tzinfo=None)
