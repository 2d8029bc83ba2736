"""A clean world of a service: 31 features with the dirt that real ones have, day by day.

Customers come again and again, some fifty times as often as others, and more by day than by
night. Amounts have heavy tails, counts are mostly zero, categories are mostly of a few kinds; half
of them change with the hour or at weekends, and each customer resembles himself from day to day.
Online are all customers, while decisions and the training set have the busy ones more often.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

Values = npt.NDArray[np.float64]
FIRST_DAY = datetime(2026, 1, 5)  # a Monday
TRAINED_DAYS = 28  # the training set is of these days, and decisions follow
TRAINED_ROWS = 8_000
ENTITIES = 1_500
DECISIONS_A_DAY = 700
COUNTRIES = np.array(["de", "fr", "it", "es", "at", "ch", "li", "va", "sm", "xk"])
COUNTRY_ODDS = np.array([0.55, 0.2, 0.1, 0.07, 0.04, 0.02, 0.01, 0.006, 0.003, 0.001])


@dataclass
class World:
    """The values of all customers, a matrix (day, customer) for each feature."""

    days: int
    seed: int
    values: dict[str, Values] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)
        self.activity = self.random.lognormal(0, 0.8, ENTITIES)
        self.weekend = 1.0 * ((np.arange(self.days) % 7) >= 5)[:, None]
        liking = np.log(self.activity)
        for n in range(8):
            rhythm = 1 + 0.12 * (n % 4) * self.weekend
            level = 0.4 * liking + self._alike(0.97)
            self._add(f"amount_{n}", "double", np.round(30 * rhythm * np.exp(level), 2))
        for n in range(6):
            often = 0.08 * 2**n * (1 + 0.15 * (n % 3) * self.weekend)
            mean = often * np.exp(0.3 * liking + 0.7 * self._alike(0.95))
            self._add(f"count_{n}", "integer", self.random.poisson(np.minimum(mean, 1e4)))
        for n in range(4):
            part = 1 / (1 + np.exp(-(n - 1.5 + self._alike(0.98))))
            self._add(f"share_{n}", "double", np.where(part < 0.1, 0, part))
        for n in range(3):
            self._add(f"days_since_{n}", "integer", self._days_since(0.05 * (n + 1)))
        self._add("constant", "integer", np.full(self._shape, 7))
        self._add("nearly_constant", "double", 1.0 * (self.random.random(self._shape) < 0.001))
        self._add("tail", "double", np.exp(1.6 * np.abs(self._alike(0.99)) ** 1.5))
        for n in range(4):
            at_home = self.random.choice(len(COUNTRIES), size=ENTITIES, p=COUNTRY_ODDS)
            travels = self.random.random(self._shape) < 0.03 * (1 + n * self.weekend)
            abroad = self.random.choice(len(COUNTRIES), size=self._shape)
            self._add(f"country_{n}", "varchar", np.where(travels, abroad, at_home))
        for n in range(2):
            self._add(f"flag_{n}", "boolean", 1.0 * (self._alike(0.99) > 0.8 * n))
        self._add("balance", "double", np.round(1e6 + 500 * self._alike(0.999), 2))

    @property
    def _shape(self) -> tuple[int, int]:
        return self.days, ENTITIES

    def _add(self, name: str, type_: str, values: npt.NDArray[np.generic]) -> None:
        self.types[name] = type_
        self.values[name] = np.array(values, dtype=np.float64)
        share = [0.0, 0.0, 0.02, 0.08][len(self.types) % 4]
        self.values[name][self.random.random(self._shape) < share] = np.nan

    def _alike(self, much: float) -> Values:
        """A standard normal number for each customer and day, alike from day to day."""
        noise = self.random.standard_normal(self._shape)
        for day in range(1, self.days):
            noise[day] = much * noise[day - 1] + np.sqrt(1 - much**2) * noise[day]
        return noise

    def _days_since(self, chance: float) -> Values:
        since = self.random.geometric(chance, ENTITIES).astype(float)
        rows = []
        for _ in range(self.days):
            since = np.where(self.random.random(ENTITIES) < chance, 0, since + 1)
            rows.append(since)
        return np.array(rows)

    def day(self, number: int) -> datetime:
        """Return the start of a day, counted from the first decision."""
        return FIRST_DAY + timedelta(days=TRAINED_DAYS + number)

    def fill(self, store: duckdb.DuckDBPyConnection) -> None:
        """Write the training set, the history of one run a day, and the decisions."""
        whom, when = self._drawn(TRAINED_ROWS, range(TRAINED_DAYS))
        training = self._frame(whom, when)
        training["profile__as_of"] = [FIRST_DAY + timedelta(days=int(day)) for day in when]
        training["profile__status"] = self._statuses(len(whom))
        _insert(store, "profile_training", training)
        for day in range(self.days):
            self._run(store, day)
            if day >= TRAINED_DAYS:
                self._decide(store, day)

    def _run(self, store: duckdb.DuckDBPyConnection, day: int) -> None:
        at = FIRST_DAY + timedelta(days=day)
        state = self._frame(np.arange(ENTITIES), np.full(ENTITIES, day))
        state["valid_from"], state["valid_to"] = at, at + timedelta(days=1)
        _insert(store, "profile_history", state)
        store.execute(
            "insert into main_provender.run_log (view, version, as_of) values ('profile', 1, ?)",
            [at],
        )

    def _decide(self, store: duckdb.DuckDBPyConnection, day: int) -> None:
        busy = 1.15 if day % 7 < 5 else 0.7
        whom, when = self._drawn(self.random.poisson(DECISIONS_A_DAY * busy), [day])
        at = FIRST_DAY + timedelta(days=day)
        hours = np.clip(self.random.normal(14, 4, len(whom)) % 24, 0, 23.99)
        decided = self._frame(whom, when)
        night = (hours < 8) | (hours > 20)
        for name in ("amount_1", "amount_2", "count_1"):
            decided[name] = np.where(night, np.ceil(0.7 * decided[name]), decided[name])
        decided["decision_id"] = [f"{day}-{n}" for n in range(len(whom))]
        decided["decided_at"] = [at + timedelta(hours=float(hour)) for hour in hours]
        decided["read_as_of"], decided["status"] = at, self._statuses(len(whom))
        store.register("decided", decided)
        store.execute(
            "insert into decisions select decision_id, 'scoring', 'v1', decided_at,"
            """ '{"customer_id":' || customer_id || '}' from decided"""
        )
        for name, type_ in self.types.items():
            store.execute(
                "insert into decision_features by name select decision_id,"
                f" '{name}' as name, read_as_of as as_of, status,"
                f" {_as_json(name, type_)} as value from decided"
            )
        store.unregister("decided")

    def _drawn(self, rows: int, days: range | list[int]) -> tuple[npt.NDArray[np.int64], ...]:
        odds = self.activity / self.activity.sum()
        return self.random.choice(ENTITIES, rows, p=odds), self.random.choice(list(days), rows)

    def _frame(self, whom: npt.NDArray[np.int64], when: npt.NDArray[np.int64]) -> pd.DataFrame:
        rows: dict[str, object] = {"customer_id": whom}
        for name, type_ in self.types.items():
            values = self.values[name][when, whom]
            rows[name] = values
            if type_ == "varchar":
                text = COUNTRIES[np.nan_to_num(values).astype(int)].astype(object)
                rows[name] = np.where(np.isnan(values), None, text)
        return pd.DataFrame(rows)

    def _statuses(self, rows: int) -> npt.NDArray[np.str_]:
        kinds = ["ok", "stale", "missing", "expired"]
        return self.random.choice(kinds, rows, p=[0.95, 0.03, 0.015, 0.005])


def _insert(store: duckdb.DuckDBPyConnection, table: str, rows: pd.DataFrame) -> None:
    store.register("given", rows.replace({np.nan: None}))
    store.execute(f"insert into {table} by name from given")
    store.unregister("given")


def _as_json(name: str, type_: str) -> str:
    value = f"case when isnan({name}) then null else cast({name} as {type_}) end"
    if type_ == "varchar":
        return f"""'"' || {name} || '"'"""
    return f"cast({value} as varchar)"
