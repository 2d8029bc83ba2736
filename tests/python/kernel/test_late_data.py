"""History stays as it was computed; the late-data report says what would differ, and who holds it.

The SQL under test is what dbt compiled, executed after each damage.
"""

import hashlib
from datetime import datetime
from typing import Any

import pytest
from watched_shop import COMPILED, Watched, at, ordered

pytestmark = pytest.mark.xdist_group("watched")
WITHDRAWN = (
    "update shop.orders set amount = amount - 100 where order_id = '1'",
    "delete from shop.orders where order_id = '6'",
)
COUNTS = (
    "cells_compared",
    "cells_different",
    "largest_difference",
    "keys_only_in_history",
    "keys_only_in_recomputation",
)
SHARE = 0.25
Counts = dict[tuple[datetime, str], tuple[Any, ...]]


def counts(rows: list[dict[str, Any]]) -> Counts:
    """What is said of the runs of spend that differ."""
    return {
        (row["as_of"], row["feature"]): tuple(row[name] for name in COUNTS)
        for row in rows
        if row["view"] == "spend" and row["is_different"]
    }


def test_the_report_names_run_feature_and_amount(watched: Watched) -> None:
    """An order of 07:00 is 100 dearer; one of 7.00 says that it was loaded at 09:15."""
    found = watched.project.query(
        "select as_of, feature, cells_compared, cells_different, largest_difference,"
        " keys_only_in_history, keys_only_in_recomputation from late_data where is_different"
        " order by all"
    )
    assert found == [
        (at(8), "spend_7d", 3, 1, 100.0, 0, 0),
        (at(10), "orders_7d", 2, 1, 1.0, 0, 0),
        (at(10), "spend_7d", 2, 2, 100.0, 0, 0),
    ]


def test_history_stays_as_it_was_computed(watched: Watched) -> None:
    assert {name: watched.project.dump(name) for name in watched.history} == watched.history


def test_a_build_warns(watched: Watched) -> None:
    assert watched.run.status["past_runs_compute_as_they_did"] == "warn"


def test_the_report_names_the_training_sets_that_hold_the_run(watched: Watched) -> None:
    """Not those that were recomputed: they come from no run."""
    named = {(row["view"], row["as_of"]): row["training_sets"] for row in watched.late()}
    assert named["spend", at(8)] == named["spend", at(10)] == "joined, mixed, then_joined"
    assert named["visits", at(8)] == "joined"


def test_nothing_differs_once_the_past_is_put_back(watched: Watched) -> None:
    """Every cell of both runs compared, each by its own definition."""
    found = [row for row in watched.late(*WITHDRAWN) if row["view"] == "spend"]
    assert [row["is_different"] for row in found] == [False] * 5
    assert sum(row["cells_compared"] for row in found) == 2 * 3 + 3 * 2


def test_what_became_known_in_time_for_no_run_is_not_late(watched: Watched) -> None:
    arrived = (
        ordered("7", "c1", "9.00", at(7)),
        ("update shop.orders set loaded_at = timestamp '2026-03-02 11:00' where order_id = '7'"),
    )
    assert counts(watched.late(*WITHDRAWN, *arrived)) == {}


def test_a_key_that_should_have_lived_and_one_that_should_not(watched: Watched) -> None:
    """A customer of 09:00 is delivered late; all of c2 is deleted at the source."""
    found = counts(
        watched.late(
            *WITHDRAWN,
            ordered("8", "c8", "5.00", at(9)),
            "delete from shop.orders where customer_id = 'c2'",
        )
    )
    first, second = (2, 0, None, 1, 0), (1, 0, None, 1, 1)
    assert found == {
        (at(8), "orders_7d"): first,
        (at(8), "spend_7d"): first,
        (at(10), "flag"): second,
        (at(10), "orders_7d"): second,
        (at(10), "spend_7d"): second,
    }


def test_a_null_against_a_number_differs_by_no_amount(watched: Watched) -> None:
    """The only order of c2 turns out to be of another week: a sum of nothing."""
    older = "update shop.orders set occurred_at = timestamp '2026-02-20' where order_id = '2'"
    found = counts(watched.late(*WITHDRAWN, older))
    assert found[at(8), "spend_7d"] == (3, 1, None, 0, 0)
    assert found[at(8), "orders_7d"] == (3, 1, 1.0, 0, 0)


def test_each_run_is_computed_by_its_own_definition(watched: Watched) -> None:
    """The first run of spend had no flag and another lag."""
    features = {
        at(hour): {
            (row["feature"], row["is_todays_definition"])
            for row in watched.late()
            if row["view"] == "spend" and row["as_of"] == at(hour)
        }
        for hour in (8, 10)
    }
    assert features == {
        at(8): {("orders_7d", False), ("spend_7d", False)},
        at(10): {("flag", True), ("orders_7d", True), ("spend_7d", True)},
    }


def test_a_change_of_what_a_view_reads_is_said_and_not_called_late_data(watched: Watched) -> None:
    """The staging of visits was built anew since; ranks has no past to compute."""
    said = {
        (row["view"], row["as_of"]): (row["not_compared"], row["feature"], row["is_different"])
        for row in watched.late()
        if row["view"] != "spend"
    }
    assert said == {
        ("visits", at(8)): ("the definition of what it reads has changed since", None, None),
        ("ranks", at(8)): ("the view declares backfill: none", None, None),
        ("ranks", at(10)): ("the view declares backfill: none", None, None),
    }


def test_the_window_and_the_share_of_keys_bound_the_work(watched: Watched) -> None:
    settings = {"late_data": {"window": "3h", "share": SHARE}}
    done = watched.project.dbt(
        "compile", "--select", "late_data", as_of=at(12).isoformat(), provender=settings
    )
    assert done.code == 0, done.output
    found = watched.late(report=(watched.project.folder / COMPILED).read_text())
    of_spend = [row for row in found if row["view"] == "spend"]
    assert {row["as_of"] for row in of_spend} == {at(10)}
    in_sample = [key for key in ("c1", "c2") if sampled(f"2:{key}", SHARE)]
    assert len(in_sample) == 1
    assert [(row["share"], row["cells_compared"]) for row in of_spend] == [(SHARE, 1)] * 3


def sampled(key: str, share: float) -> bool:
    return int(hashlib.md5(key.encode()).hexdigest()[:8], 16) < share * 2**32
