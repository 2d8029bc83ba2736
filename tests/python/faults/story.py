"""A history in which every value tells its key and the run that computed it.

Keys come, change, go and return; so a value of another run, key or generation is another value. A
run is known by its `as_of` for good, also after a rollback: the runs after it have later ones.
"""

import shutil
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

import pyarrow as pa
from published_catalog import POLICIES, START, PublishedProject, State, View, _plain
from pyarrow import parquet

SERVICE = "credit_risk"
BEGIN = START + timedelta(hours=2)  # of the clock that readers go by
STEP = timedelta(seconds=5)
POLICIES_OF = {
    # So that values are ok, stale and expired as the clock goes on.
    "activity": {"freshness_sla_seconds": 7200, "ttl_seconds": 2 * 86400},
    "spend": {"freshness_sla_seconds": 7140, "ttl_seconds": 7800},
}
KEY = {"customer_id": "bigint"}
TYPES = {
    "bigint": pa.int64(),
    "integer": pa.int32(),
    "double": pa.float64(),
    "varchar": pa.string(),
    "timestamp": pa.timestamp("us"),
    "date": pa.date32(),
    "decimal(18,2)": pa.decimal128(18, 2),
}


class Story(PublishedProject):
    """Two views of the same keys and a service over them; run after run is built and published."""

    def __init__(self, root: Path, keys: int, seed: int) -> None:
        super().__init__(root)
        self._random = Random(seed)
        self._began = monotonic()
        self.keys = range(keys)
        self.number = 0
        self._folders: set[str] = set()
        self.activity = self.view(
            "activity",
            keys=KEY,
            features={"n": "bigint", "s": "varchar", "m": "integer", "x": "double"},
            defaults={"n": -1, "m": 7},
            null_is={"m": "default"},
            policies={**POLICIES, **POLICIES_OF["activity"]},
        )
        self.spend = self.view(
            "spend",
            keys=KEY,
            features={"total": "decimal(18,2)", "tag": "varchar"},
            defaults={"tag": "none"},
            policies={**POLICIES, **POLICIES_OF["spend"]},
        )
        self.service(SERVICE, self.activity, self.spend)
        self.computed: dict[tuple[str, datetime], State] = {}  # also of runs rolled back

    def clock(self) -> datetime:
        """Return the time of readers: that of this machine, moved to the story; naive UTC."""
        return BEGIN + timedelta(seconds=monotonic() - self._began)

    def let_pass(self, time: timedelta) -> None:
        """Move the clock on."""
        self._began -= time.total_seconds()

    @property
    def last_run(self) -> datetime:
        return self.activity.runs[-1]

    def run(self, *, share: float = 0.3) -> datetime:
        """Build and publish the next run, in which that share of the keys changes."""
        self.number += 1
        as_of = START + self.number * STEP
        for view in (self.activity, self.spend):
            state = self._next(view, share)
            self.computed[view.name, as_of] = {(key,): row for key, row in state.items()}
            self.build(view, as_of, state)
        return as_of

    def roll_back(self, run: datetime) -> None:
        """Publish what was published at `run`, as after a restored backup."""
        for view in (self.activity, self.spend):
            for gone in [as_of for as_of in view.runs if as_of > run]:
                stamp = f"as_of={gone:%Y%m%dT%H%M%S.%fZ}"
                (self.published / view.history / f"{stamp}.parquet").unlink()
                (self.published / "runs" / f"{stamp}__{view.history}.parquet").unlink()
            view.runs = [as_of for as_of in view.runs if as_of <= run]
            view.rows = [row for row in view.rows if row["valid_from"] <= run]
            for row in view.rows:
                if row["valid_to"] and row["valid_to"] > run:
                    row["valid_to"] = None
        self.builds = [build for build in self.builds if build["as_of"] <= run]
        self.publish()

    def publish(self) -> None:
        """Publish once both views are built, as one dbt build does."""
        if self.activity.runs[-1:] == self.spend.runs[-1:]:
            super().publish()

    def _next(self, view: View, share: float) -> dict[int, tuple[Any, ...]]:
        before = view.last
        after = {}
        for key in self.keys:
            row, die = before.get((key,)), self._random.random()
            if row is None:
                is_live = die < (0.9 if not before else 0.5)
                row = self._values(view, key) if is_live else None
            elif die < share / 10:
                row = None
            elif die < share:
                row = self._values(view, key)
            if row is not None:
                after[key] = row
        return after

    def _values(self, view: View, key: int) -> tuple[Any, ...]:
        run, nulls = self.number, self._random.random()
        if view is self.spend:
            return Decimal(key * 10_000 + run) / 100, f"{key}@{run}"
        text = None if nulls < 0.1 else f"{key}@{run}" + "x" * (key % 40)
        number = None if nulls > 0.9 else run * 7
        return run * 1_000_000 + key, text, number, key + run / 1024

    def _publish_catalog(self) -> None:
        """Replace the catalog by one like it, once it has a view over each folder."""
        folders = {path.name for path in self.published.iterdir() if path.is_dir()}
        if folders != self._folders:
            super()._publish_catalog()
            self._folders = folders
        else:
            aside = self.published / ".catalog.duckdb"
            shutil.copy(self.catalog, aside)
            aside.replace(self.catalog)

    def _write(
        self, folder: str, file: str, rows: list[dict[str, Any]], columns: dict[str, str]
    ) -> None:
        """As its parent does, without a database for each file."""
        path = self.published / folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        table = pa.table(
            {
                name: pa.array([_plain(row[name]) for row in rows], TYPES[kind])
                for name, kind in columns.items()
            }
        )
        aside = path.with_suffix(".tmp")
        parquet.write_table(table, aside)
        aside.replace(path)
