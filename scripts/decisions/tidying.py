"""Few files, and none longer than declared: compaction and retention, each told in the ledger.

Compaction sorts the rows of a day by decision_id and drops none. What it replaced stays for an
hour, since a reader may have listed it; meanwhile a row is found twice, which dbt counts once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from tempfile import TemporaryDirectory

import duckdb

from provender.instants import from_us, to_text, to_us
from provender_ops.decisions import files
from provender_ops.decisions.ledger import Ledger, as_body
from provender_ops.decisions.log_key import MODULUS
from provender_ops.decisions.state import LandedFile, State
from provender_ops.errors import Refused

STILL_READ = timedelta(hours=1)
LATE = timedelta(hours=1)  # after midnight, until a day counts as over
MANY = 64  # files of a day that is not over, until they become one
ROW_GROUP = 8192
MEMORY = "1GB"
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Tidied:
    """How many days were made compact, how many files and days removed, and what was amiss."""

    compacted: int = 0
    removed: int = 0
    expired: int = 0
    notes: tuple[str, ...] = ()


def tidy(
    ledger: Ledger, at: datetime, today: datetime, limit: datetime, retention_us: int | None
) -> Tidied:
    """Remove what is superseded or expired, then make compact; for who has the lock.

    `at` is Redis's clock; days are over by `today`, and expire by `limit` (naive UTC). Raise
    OSError.
    """
    moment = to_text(at)
    expired = _expired(ledger.state, limit, retention_us)
    _remove(ledger, moment, "retention", expired)
    still_read = to_text(at - STILL_READ)
    old = [name for name, since in ledger.state.superseded.items() if since <= still_read]
    _remove(ledger, moment, "superseded", old)
    notes = []
    compacted = 0
    for several in _to_compact(ledger, today):
        try:
            _compact(ledger, moment, several)
            compacted += 1
        except Refused as error:
            notes.append(str(error))
    days = len({name.partition("/")[0] for name in expired})
    return Tidied(compacted, len(old), days, tuple(notes))


def complete_removals(ledger: Ledger, moment: str) -> None:
    """Remove what a killed lander was about to remove; raise OSError."""
    _finish(ledger, moment, list(ledger.state.removing))


def _remove(ledger: Ledger, moment: str, why: str, names: Sequence[str]) -> None:
    if names:
        ledger.append("removal", moment, why=why, files=list(names))
        _finish(ledger, moment, names)


def _finish(ledger: Ledger, moment: str, names: Sequence[str]) -> None:
    if names:
        files.remove(ledger.folder, list(names))
        ledger.append("removed", moment, files=list(names))


def _expired(state: State, limit: datetime, retention_us: int | None) -> list[str]:
    """Return the files whose day, and the day on which the last of them landed, are past."""
    if retention_us is None:
        return []
    first = from_us(max(to_us(limit) - retention_us, to_us(datetime.min))).date().isoformat()
    return [
        name
        for name, file in state.files.items()
        if max(file.day, state.landed[name].partition("T")[0]) < first
    ]


def _to_compact(ledger: Ledger, today: datetime) -> list[list[LandedFile]]:
    """Return the files that are to become one: of each day that is over, and of a busy day."""
    chosen = []
    current = sorted(ledger.state.current, key=lambda file: file.file)
    for day, group in groupby(current, key=lambda file: file.day):
        several = list(group)
        is_over = datetime.fromisoformat(day) + _ONE_DAY + LATE <= today
        if not is_over:
            several = [file for file in several if file.file not in ledger.state.compacted]
        if len(several) >= (2 if is_over else MANY):
            chosen.append(several)
    return chosen


def _compact(ledger: Ledger, moment: str, several: Sequence[LandedFile]) -> None:
    """Make one file of several; raise Refused when one of them is not what landed."""
    for file in several:
        _refuse_changed(ledger, file)
    state = ledger.state
    name = f"day={several[0].day}/compact__{state.sequence + 1:08d}.parquet"
    _merge(ledger, name, several)
    path = files.aside_of(ledger.folder / name)
    rows, total = files.summed(path, ledger.key)
    if (rows, total) != (sum(f.rows for f in several), sum_of(several)):
        path.unlink()
        raise Refused(f"The rows of {several[0].day} changed while they were made compact.")
    made = files.described(ledger.folder, name, rows, total)
    replaced = [file.file for file in several]
    ledger.append("compaction", moment, files=[as_body(made)], replaces=replaced)
    files.put_in_place(ledger.folder, {name: made})


def sum_of(several: Iterable[LandedFile]) -> int:
    """Return the keyed sum over the rows of several files."""
    return sum(int(file.sum, 16) for file in several) % MODULUS


def _merge(ledger: Ledger, name: str, several: Sequence[LandedFile]) -> None:
    path = files.aside_of(ledger.folder / name)
    paths = [str(ledger.folder / file.file) for file in several]
    sort = (
        "copy (select * from read_parquet(?, hive_partitioning = false)"
        f" order by decision_id, stream_id) to {_quoted(str(path))}"
        f" (format parquet, compression zstd, row_group_size {ROW_GROUP})"
    )
    with (
        TemporaryDirectory(prefix=".sort-", dir=ledger.folder) as folder,
        duckdb.connect() as connection,
    ):
        connection.execute(f"set memory_limit = '{MEMORY}'")
        connection.execute("set threads = 2")
        connection.execute("set temp_directory = ?", [folder])
        connection.execute(sort, [paths])
    files.sync_aside(ledger.folder / name)


def _refuse_changed(ledger: Ledger, file: LandedFile) -> None:
    path = ledger.folder / file.file
    if not path.exists() or files.sha256(path) != file.sha256:
        raise Refused(
            f"{file.day} is not made compact: {file.file} is not what landed."
            " `provender verify-log` tells what was changed."
        )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
