"""What became of each view version that a push meant to push, kept for dbt.

The push log of the online store knows what became readable; what did not is known only here. One
file a day and namespace, which each push replaces by what it held and the rows of that push; files
of more than 90 days ago go.
"""

import fcntl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from provender.instants import as_utc, utc_now
from provender_ops.parquet_files import put
from provender_ops.push_view import ViewOutcome
from provender_ops.selection import ViewVersion

FOLDER = "push_attempts"
KEPT = timedelta(days=90)

_SCHEMA = pa.schema(
    [
        *[(name, pa.string()) for name in ("attempt_id", "namespace", "project", "target", "view")],
        ("version", pa.int32()),
        ("started_at", pa.timestamp("us")),
        ("ended_at", pa.timestamp("us")),
        ("seconds", pa.float64()),
        *[(name, pa.string()) for name in ("outcome", "message")],
        ("run_as_of", pa.timestamp("us")),
        ("mode", pa.string()),
        ("rows", pa.int64()),
        ("tombstones", pa.int64()),
    ]
)


class Attempts:
    """The attempts of one invocation, one view version after the other."""

    def __init__(
        self,
        meant: Sequence[ViewVersion],
        store: tuple[str, str, str],
        clock: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Expect these; `store` is namespace, project and target. The first begins now."""
        self._left = list(meant)
        self._store = dict(zip(("namespace", "project", "target"), store, strict=True))
        self._clock, self._monotonic = clock, monotonic
        self._id = uuid4().hex
        self._rows: list[dict[str, Any]] = []
        self._begin()

    def ended(self, outcome: ViewOutcome) -> None:
        """Note what became of one; the next begins."""
        self._left = [each for each in self._left if each != (outcome.view, outcome.version)]
        run = None if outcome.run is None else datetime.fromisoformat(outcome.run)
        self._note(
            view=outcome.view,
            version=outcome.version,
            outcome=outcome.status,
            message=outcome.reason or None,
            run_as_of=None if run is None else _naive(run),
            mode=outcome.mode,
            rows=outcome.rows,
            tombstones=outcome.tombstones,
        )

    def broke(self, message: str) -> None:
        """Note that what is left failed, for one and the same reason."""
        for view, version in self._left:
            self._note(view=view, version=version, outcome="failed", message=message)
        self._left = []

    def land(self, landing: Path) -> None:
        """Add them to the day's file; raise OSError."""
        if not self._rows:
            return
        folder = landing / FOLDER
        name = self._store["namespace"]
        today = self._rows[-1]["ended_at"].date()
        path = folder / f"{name}__{today.isoformat()}.parquet"
        new = pa.Table.from_pylist(self._rows, _SCHEMA)
        with _alone(folder):
            put(path, pa.concat_tables([*_tables(path), new]))
            for old in folder.glob(f"{name}__*.parquet"):
                if _is_before(old, today - KEPT):
                    old.unlink()
        self._rows = []

    def _begin(self) -> None:
        self._started_at, self._since = self._clock(), self._monotonic()

    def _note(self, **attempt: Any) -> None:
        self._rows.append(
            {
                **dict.fromkeys(_SCHEMA.names),
                **self._store,
                **attempt,
                "attempt_id": self._id,
                "started_at": _naive(self._started_at),
                "ended_at": _naive(self._clock()),
                "seconds": self._monotonic() - self._since,
            }
        )
        self._begin()


@contextmanager
def landing_attempts(attempts: Attempts, landing: Path) -> Iterator[None]:
    """Land the attempts when the block ends, also when it breaks off; raise OSError."""
    try:
        yield
    except BaseException as error:
        attempts.broke(str(error) or "It was interrupted.")
        with suppress(OSError):  # why the push broke off matters more
            attempts.land(landing)
        raise
    attempts.land(landing)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time replace files here."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _tables(path: Path) -> list[pa.Table]:
    """Return what the day's file holds: nothing where there is none, or none that can be read."""
    try:
        return [pq.read_table(path).select(_SCHEMA.names).cast(_SCHEMA)]
    except (FileNotFoundError, KeyError, pa.ArrowException):
        return []


def _is_before(path: Path, first: date) -> bool:
    try:
        return date.fromisoformat(path.stem.rpartition("__")[2]) < first
    except ValueError:
        return False  # none of ours


def _naive(instant: datetime) -> datetime:
    return as_utc(instant).replace(tzinfo=None)
