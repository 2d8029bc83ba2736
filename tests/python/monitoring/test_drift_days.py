"""Clean days raise no alarm, and real drifts are found within one run, named right, and alone.

`PROVENDER_DRIFT_DAYS=200` judges so many clean days; a few by default.
"""

import os
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import duckdb
import pytest
from drift_report import DriftReport, Row
from drift_world import TRAINED_DAYS, World

CLEAN_DAYS = int(os.environ.get("PROVENDER_DRIFT_DAYS", "0"))
DAYS = 18  # of decisions, in the world that is damaged
START = 15  # the day on which damage begins
A_SATURDAY = 12


@pytest.fixture(scope="module")
def world() -> World:
    return World(TRAINED_DAYS + max(DAYS, CLEAN_DAYS), seed=20260302)


@pytest.fixture(scope="module")
def drift(world: World, tmp_path_factory: pytest.TempPathFactory) -> DriftReport:
    return DriftReport(tmp_path_factory.mktemp("drift") / "days", world.types)


@pytest.fixture(scope="module")
def clean(drift: DriftReport, world: World) -> Iterator[duckdb.DuckDBPyConnection]:
    with drift.store() as store:
        world.fill(store)
        yield store


@pytest.fixture
def store(clean: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """The clean world, to damage; undone after the test."""
    clean.begin()
    yield clean
    clean.rollback()


def found(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["finding"]]


def test_clean_days_raise_at_most_one_alarm(
    clean: duckdb.DuckDBPyConnection, drift: DriftReport, world: World
) -> None:
    """Weekends, busy customers, heavy tails, rare categories, a training set of the busy ones."""
    days = range(1, CLEAN_DAYS + 1) if CLEAN_DAYS else (1, A_SATURDAY + 1, DAYS)
    alarms = []
    for day in days:
        rows = drift.rows(clean, world.day(day))
        assert len(rows) == 2 * len(world.types)
        tested = [row for row in rows if row["not_compared"] is None]
        assert len(tested) == len(rows) if day > 1 else tested
        alarms += [(day, row["finding"]) for row in found(rows)]
    assert len(alarms) <= 1, alarms


# drift -> (feature, what has drifted, what is changed of it)
SERVED = "update decision_features set {set} where name = '{feature}' and {since}"
SINCE = "decision_id in (select decision_id from decisions where decided_at >= $start)"
JSON_NUMBER = "cast(value as double)"
SERVED_DRIFTS: dict[str, tuple[str, str, str]] = {
    "mean shifted by half a standard deviation": (
        "share_2",
        "values",
        f"value = {JSON_NUMBER} + 0.5 * (select stddev(share_2) from profile_training)",
    ),
    "unit changed": ("amount_3", "values", f"value = 1000 * {JSON_NUMBER}"),
    "log10 instead of ln": ("tail", "values", f"value = {JSON_NUMBER} / ln(10)"),
    "nulls": ("amount_5", "nulls", "value = case when hash(decision_id) % 3 > 0 then value end"),
    "a category that was not there": (
        "country_1",
        "values",
        """value = case when hash(decision_id) % 5 = 0 then '"xx"' else value end""",
    ),
    "a rare category grows": (
        "country_2",
        "values",
        """value = case when hash(decision_id) % 6 = 0 then '"xk"' else value end""",
    ),
    "all is the default": ("count_5", "values", "value = '0'"),
    "a constant changes": ("constant", "values", "value = '8'"),
    "a flag turns": (
        "flag_1",
        "values",
        "value = case value when 'true' then 'false' else 'true' end",
    ),
    "absent": (
        "days_since_1",
        "absences",
        "status = case when hash(decision_id) % 4 = 0 then 'expired' else status end",
    ),
}


def alone_or_together(drifts: dict[str, Any]) -> list[list[str]]:
    """All at once, each of another feature; in the long series each alone, too."""
    return [list(drifts), *([one] for one in drifts if CLEAN_DAYS)]


@pytest.mark.parametrize("names", alone_or_together(SERVED_DRIFTS), ids=lambda names: names[-1])
def test_what_is_served_drifts(
    names: list[str], store: duckdb.DuckDBPyConnection, drift: DriftReport, world: World
) -> None:
    """The first run after it, a day later, finds it, and nothing else; two days later the same."""
    start = world.day(START)
    wanted = {SERVED_DRIFTS[name][0]: SERVED_DRIFTS[name][1] for name in names}
    for name in names:
        feature, _, change = SERVED_DRIFTS[name]
        store.execute(SERVED.format(set=change, feature=feature, since=SINCE), {"start": start})
    for days in (1, 3):
        rows = found(drift.rows(store, world.day(START + days)))
        assert {row["feature"]: row["since"] for row in rows} == dict.fromkeys(wanted, start)
        assert len(rows) == len(wanted)
        for row in rows:
            assert row["population"] == "served"
            assert wanted[row["feature"]] in row["drifted"].split(", ")
            assert row["owner"] == "risk"
            assert row["feature"] in row["finding"]
            assert row["what_to_do"]


ONLINE_DRIFTS = {
    "mean shifted by half a standard deviation": (
        "balance",
        "balance + 0.5 * (select stddev(balance) from profile_training)",
    ),
    "unit changed": ("amount_0", "1000 * amount_0"),
    "nulls": ("share_1", "case when customer_id % 3 > 0 then share_1 end"),
    "all is the default": ("country_0", "'de'"),
}


@pytest.mark.parametrize("names", alone_or_together(ONLINE_DRIFTS), ids=lambda names: names[-1])
def test_what_is_online_drifts(
    names: list[str], store: duckdb.DuckDBPyConnection, drift: DriftReport, world: World
) -> None:
    """The run that brings it finds it, and two days later its start is the same."""
    first_run = world.day(START)
    changed = ", ".join(" = ".join(ONLINE_DRIFTS[name]) for name in names)
    store.execute(
        f"update profile_history set {changed} where valid_from >= $start", {"start": first_run}
    )
    wanted = {("online", ONLINE_DRIFTS[name][0], first_run) for name in names}
    for at in (first_run, world.day(START + 2)):
        rows = found(drift.rows(store, at))
        assert {(row["population"], row["feature"], row["since"]) for row in rows} == wanted


def test_a_drift_older_than_the_week_is_found_still(
    store: duckdb.DuckDBPyConnection, drift: DriftReport, world: World
) -> None:
    """It is compared with the training set, and does not become the norm."""
    start = world.day(START - 10)
    change = SERVED.format(set=f"value = 3 * {JSON_NUMBER}", feature="amount_2", since=SINCE)
    store.execute(change, {"start": start})
    [row] = found(drift.rows(store, world.day(START + 1)))
    assert (row["feature"], row["period"], row["since"]) == ("amount_2", "window", start)


def by_feature(rows: list[Row], **wanted: Any) -> dict[str, Row]:
    return {
        row["feature"]: row
        for row in rows
        if all(row[name] == value for name, value in wanted.items())
    }


def test_few_rows_are_said_and_raise_no_alarm(
    store: duckdb.DuckDBPyConnection, drift: DriftReport, world: World
) -> None:
    at: datetime = world.day(START)
    store.execute(
        "delete from decisions where decision_id not in (select decision_id from decisions"
        " where decided_at between $at - interval '1 day' and $at limit 150)",
        {"at": at},
    )
    store.execute("update decision_features set value = '1e9' where name = 'amount_0'")
    rows = by_feature(drift.rows(store, at), population="served")
    assert {row["not_compared"] for row in rows.values()} == {"fewer than 200 rows to compare"}
    assert not found(list(rows.values()))
    assert rows["amount_0"]["d"] == 1.0
