"""The cases that are known to be hard: one named test each, with values worked out by hand.

Two of them need a real dbt run, and live where one is made:
a run that failed midway in kernel/test_runs.py
    (test_history_and_run_log_are_written_together_or_not_at_all,
    test_a_retry_with_the_same_as_of_completes_the_run);
times in another zone in kernel/test_point_in_time.py
    (test_a_zoned_spine_gives_the_same_rows_in_any_session)
    and, for sources, in kernel/test_time_macros.py (to_utc).
"""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from oracle.times import DAY, HOUR, MINUTE
from oracle.training import Slot
from store import Store
from telling import SPEND, at, column, comes, goes, order, push, run, tell
from world import TODAY, Ask

pytestmark = pytest.mark.xdist_group("time")
BEFORE, AT, AFTER = "11:59:59.999999", "12:00", "12:00:00.000001"


# equal times at every boundary


@pytest.mark.parametrize(
    ("time", "orders_1h"), [(BEFORE, 1), (AT, 1), (AFTER, 0)], ids=["before", "at", "after"]
)
def test_an_event_of_the_runs_own_moment_counts(store: Store, time: str, orders_1h: int) -> None:
    rows = tell(store, ["12:00"], runs=[run("12:00")], orders=[order("o", time, loaded="11:00")])
    assert column(rows, "orders_1h") == [orders_1h]


@pytest.mark.parametrize(
    ("loaded", "orders_1h"), [("11:49:59.999999", 1), ("11:50", 1), ("11:50:00.000001", 0)]
)
def test_an_event_known_at_the_runs_own_moment_counts(
    store: Store, loaded: str, orders_1h: int
) -> None:
    rows = tell(store, ["12:00"], runs=[run("12:00")], orders=[order("o", "11:30", loaded=loaded)])
    assert column(rows, "orders_1h") == [orders_1h]


@pytest.mark.parametrize(
    ("time", "orders_1h"), [("10:59:59.999999", 0), ("11:00", 0), ("11:00:00.000001", 1)]
)
def test_an_event_on_the_lower_edge_of_a_window_is_out(
    store: Store, time: str, orders_1h: int
) -> None:
    rows = tell(store, ["12:00"], runs=[run("12:00")], orders=[order("o", time)])
    assert column(rows, "orders_1h") == [orders_1h]
    assert column(rows, "amount_1d") == [Decimal("1.00")]


@pytest.mark.parametrize(
    ("loaded", "amount"),
    [("11:49:59.999999", "2.00"), ("11:50", "2.00"), ("11:50:00.000001", "1.00")],
)
def test_a_correction_known_at_the_runs_own_moment_replaces(
    store: Store, loaded: str, amount: str
) -> None:
    orders = [order("o", "10:00"), order("o", "10:00", "2.00", loaded=loaded)]
    rows = tell(store, ["12:00"], runs=[run("12:00")], orders=orders)
    assert column(rows, "amount_1d") == [Decimal(amount)]


@pytest.mark.parametrize("moment", [BEFORE, AT, AFTER])
def test_a_life_that_begins_at_the_runs_own_moment_is_in_and_one_that_ends_is_not(
    store: Store, moment: str
) -> None:
    born = tell(store, ["13:00"], runs=[run(AT)], customer_events=[comes(moment, loaded="11:00")])
    events = [comes("06:00"), goes(moment, loaded="11:00")]
    dead = tell(store, ["13:00"], runs=[run(AT)], customer_events=events)
    is_in = "stale" if moment != AFTER else "missing"
    still_in = "missing" if moment != AFTER else "stale"
    assert column(born, "spend__status") + column(dead, "spend__status") == [is_in, still_in]


def test_a_run_is_there_from_the_moment_it_ended(store: Store) -> None:
    rows = tell(store, [BEFORE, AT, AFTER], runs=[run("11:50", AT)])
    assert column(rows, "spend__status") == ["not_computed", "ok", "ok"]


def test_a_push_is_read_from_the_moment_it_was_readable(store: Store) -> None:
    rows = tell(store, [BEFORE, AT, AFTER], runs=[run("11:50")], pushes=[push("11:50", AT)])
    assert column(rows, "spend__status") == ["not_computed", "ok", "ok"]


def test_an_age_of_exactly_the_sla_is_fresh_and_of_exactly_the_ttl_is_not_expired(
    store: Store,
) -> None:
    asked = ["11:30", "11:30:00.000001", "12:00", "12:00:00.000001"]
    rows = tell(store, asked, runs=[run("11:00")])
    assert column(rows, "spend__status") == ["ok", "stale", "stale", "expired"]
    assert column(rows, "spend__age")[0] == 30 * MINUTE


def test_an_age_of_exactly_max_age_is_not_too_old(store: Store) -> None:
    runs = [run("11:00", declared=replace(TODAY[SPEND], ttl=2 * HOUR))]
    rows = tell(store, ["11:50", "11:50:00.000001"], "as_declared_then", runs=runs)
    assert column(rows, "spend__status") == ["stale", "expired"]


def test_a_slot_is_read_from_exactly_its_lag_on_and_lives_to_exactly_ttl_and_lag(
    store: Store,
) -> None:
    slots = [Slot(name, at("11:00"), HOUR) for name in ("orders_1h", "amount_1d")]
    asked = ["11:09:59.999999", "11:10", "12:10", "12:10:00.000001"]
    rows = tell(store, asked, "filled", slots={SPEND: slots})
    assert column(rows, "spend__status") == ["not_computed", "backfilled", "backfilled", "expired"]


def test_a_row_at_exactly_the_landed_horizon_is_answered_and_one_after_it_refused(
    store: Store,
) -> None:
    runs, pushes = [run("11:50")], [push("11:50", "11:50")]
    assert tell(store, [AT], runs=runs, pushes=pushes, landed_until=at(AT))
    assert tell(store, [AFTER], runs=runs, pushes=pushes, landed_until=at(AT)) is None


# what is known late, and corrected


def test_a_late_older_row(store: Store) -> None:
    """The first run did not know the order of ten; neither does who asks before the second run."""
    orders = [order("late", "10:00", "5.00", loaded="11:20"), order("o", "11:00")]
    runs = [run("11:15"), run("12:00")]
    rows = tell(store, ["11:45", "12:00"], runs=runs, orders=orders)
    assert column(rows, "amount_1d") == [Decimal("1.00"), Decimal("6.00")]


def test_an_event_corrected_before_and_after_the_run(store: Store) -> None:
    orders = [
        order("o", "10:00", "1.00"),
        order("o", "10:00", "2.00", loaded="11:00"),
        order("o", "10:00", "3.00", loaded="12:00"),
    ]
    runs = [run("10:30"), run("11:30"), run("12:30")]
    rows = tell(store, ["10:30", "11:30", "12:29:59.999999", "12:30"], runs=runs, orders=orders)
    assert [str(one) for one in column(rows, "amount_1d")] == ["1.00", "2.00", "2.00", "3.00"]


@pytest.mark.parametrize("shuffle", range(4))
def test_two_corrections_known_at_once(store: Store, shuffle: int) -> None:
    """The greater content stands, in whichever order the rows lie."""
    orders = [order("o", "10:00", amount, loaded="11:00") for amount in ("7.00", "6.00", "6.50")]
    rows = tell(store, ["12:00"], runs=[run("12:00")], orders=orders, order=shuffle)
    assert column(rows, "amount_1d") == [Decimal("7.00")]


# keys that come, go and return


def test_a_spine_before_any_history(store: Store) -> None:
    rows = tell(store, ["05:00", "06:00", "06:30"], runs=[run("06:30")])
    assert column(rows, "spend__status") == ["not_computed", "not_computed", "ok"]
    assert column(rows, "orders_1h") == [0, 0, 0]  # declared, then counted


def test_a_spine_in_the_gap_between_delete_and_return(store: Store) -> None:
    events = [comes("06:00"), goes("10:00"), comes("11:00")]
    runs = [run("09:30"), run("10:30"), run("11:30")]
    asked = ["10:00", "10:29:59.999999", "10:30", "11:15", "11:30"]
    rows = tell(store, asked, runs=runs, customer_events=events)
    assert column(rows, "spend__status") == ["ok", "stale", "missing", "missing", "ok"]


def test_a_key_returning_with_an_older_source_time(store: Store) -> None:
    """It is said late that the customer came back at nine, before the leaving: she stays away."""
    events = [comes("06:00"), goes("10:00"), comes("09:00", loaded="11:00")]
    runs = [run("10:30"), run("11:30")]
    rows = tell(store, ["10:30", "11:30"], runs=runs, customer_events=events)
    assert column(rows, "spend__status") == ["missing", "missing"]
    events = [comes("06:00"), goes("09:00"), comes("10:00", loaded="11:00")]
    rows = tell(store, ["10:30", "11:30"], runs=runs, customer_events=events)
    assert column(rows, "spend__status") == ["missing", "ok"]


def test_duplicate_and_null_keys_in_the_spine(store: Store) -> None:
    """Every row stays, as often as it was asked; a null key or time matches nothing."""
    whole, keyless = Ask(0, at("12:00"), customer=1), Ask(1, at("12:00"), customer=None)
    asked = [whole, whole, whole, keyless, keyless, Ask(2, None, customer=1)]
    rows = tell(store, asked, runs=[run("12:00")], orders=[order("o", "11:30")])
    assert column(rows, "n") == [0, 0, 0, 1, 1, 2]
    assert column(rows, "orders_1h") == [1, 1, 1, 0, 0, 0]
    statuses = ["ok", "ok", "ok", "missing", "missing", "not_computed"]
    assert column(rows, "spend__status") == statuses


# clocks


@pytest.mark.parametrize(
    ("zone", "change"),
    [
        ("America/New_York", datetime(2026, 3, 8, 7)),
        ("America/New_York", datetime(2026, 11, 1, 6)),
        ("Pacific/Auckland", datetime(2026, 4, 4, 14)),
        ("Asia/Kolkata", datetime(2026, 3, 8, 7)),
    ],
)
def test_daylight_saving_hours(store: Store, zone: str, change: datetime) -> None:
    """An hour is an hour and a day 24 of them, in a session whose clocks change meanwhile."""
    moved = change - at("07:00")
    events = [
        replace(one, occurred_at=change - 9 * DAY, loaded_at=change - 9 * DAY)
        for one in [comes("06:00")]
    ]
    orders = [
        replace(order(f"o{n}", "06:00"), occurred_at=change + ago, loaded_at=change + ago)
        for n, ago in enumerate([-DAY, -24 * HOUR + timedelta(microseconds=1), -HOUR, -30 * MINUTE])
    ]
    runs = [run("07:00")]
    runs = [replace(one, as_of=one.as_of + moved, ended_at=one.ended_at + moved) for one in runs]
    asked = [Ask(n, change + n * HOUR, customer=1) for n in range(3)]
    rows = tell(store, asked, runs=runs, orders=orders, customer_events=events, zone=zone)
    assert column(rows, "spend__age") == [0 * HOUR, HOUR, 2 * HOUR]
    assert column(rows, "spend__status") == ["ok", "stale", "expired"]
    assert column(rows, "orders_1h") == [1, 1, 0]
    assert column(rows, "amount_1d") == [Decimal("3.00"), Decimal("3.00"), Decimal("0.50")]


def test_microseconds(store: Store) -> None:
    """Three runs within two microseconds: each is read for exactly one of them."""
    runs = [run(f"12:00:00.00000{n}") for n in (1, 2, 3)]
    orders = [order(f"o{n}", f"12:00:00.00000{n}", loaded="11:00") for n in (1, 2, 3)]
    asked = [f"12:00:00.00000{n}" for n in range(5)]
    rows = tell(store, asked, runs=runs, orders=orders)
    assert column(rows, "orders_1h") == [0, 1, 2, 3, 3]
    tick = timedelta(microseconds=1)
    assert column(rows, "spend__age") == [None, 0 * tick, 0 * tick, 0 * tick, tick]


def test_two_runs_in_one_second(store: Store) -> None:
    runs = [run("12:00:00.1", "12:00:00.9"), run("12:00:00.5", "12:00:00.9")]
    orders = [order("o", "12:00:00.3", loaded="11:00")]
    rows = tell(store, ["12:00:00.8", "12:00:00.9"], runs=runs, orders=orders)
    assert column(rows, "spend__as_of") == [None, at("12:00:00.5")]
    assert column(rows, "orders_1h") == [0, 1]


def test_far_past_and_far_future(store: Store) -> None:
    asked = [
        Ask(n, t, customer=1)
        for n, t in enumerate([datetime(1, 1, 1), datetime(9999, 12, 30, 23, 59, 59, 999_999)])
    ]
    rows = tell(store, asked, runs=[run("12:00")])
    assert column(rows, "spend__status") == ["not_computed", "expired"]
    assert column(rows, "spend__age") == [None, asked[1].t - at("12:00")]


# what runs and pushes did


def test_a_feature_added_last_month(store: Store) -> None:
    """The run before it answers for the others; the new feature is said to be not computed."""
    before = dict(list(TODAY[SPEND].features.items())[:2])
    runs = [run("11:00", declared=replace(TODAY[SPEND], features=before)), run("12:00")]
    orders = [order("o", "10:30")]
    rows = tell(store, ["11:30", "12:00"], runs=runs, orders=orders)
    assert column(rows, "orders_1h") == [1, 0]
    assert column(rows, "largest_1h") == [
        Decimal("-1.00"),
        None,
    ]  # the default; then computed, as null
    assert column(rows, "spend__not_computed") == ["largest_1h", None]
    assert column(rows, "spend__status") == ["ok", "ok"]


def test_a_push_an_hour_after_its_run(store: Store) -> None:
    """A nightly value is used for a midday label only once it could be read."""
    runs, pushes = [run("10:50"), run("11:50")], [push("10:50", "11:00"), push("11:50", "12:50")]
    rows = tell(store, ["11:50", "12:49:59.999999", "12:50"], runs=runs, pushes=pushes)
    assert column(rows, "spend__as_of") == [at("10:50"), at("10:50"), at("11:50")]
    assert column(rows, "spend__status") == ["stale", "expired", "stale"]


def test_a_rollback_push(store: Store) -> None:
    """After it the older run is what was read, and as old as it is."""
    runs = [run("11:00"), run("11:30")]
    pushes = [push("11:00", "11:05"), push("11:30", "11:35"), push("11:00", "11:40")]
    orders = [order("o", "11:20", loaded="11:00")]
    rows = tell(store, ["11:35", "11:40"], runs=runs, pushes=pushes, orders=orders)
    assert column(rows, "spend__as_of") == [at("11:30"), at("11:00")]
    assert column(rows, "orders_1h") == [1, 0]
    assert column(rows, "spend__age") == [5 * MINUTE, 40 * MINUTE]


@pytest.mark.parametrize("shuffle", range(4))
def test_two_pushes_readable_at_one_moment(store: Store, shuffle: int) -> None:
    """The later in the stream is what was read; as text its id, -10, would be the lesser."""
    runs = [run("11:00"), run("11:30")]
    pushes = [push("11:30", "11:40", number=9), push("11:00", "11:40", number=10)]
    rows = tell(store, ["11:40"], runs=runs, pushes=pushes, order=shuffle)
    assert column(rows, "spend__as_of") == [at("11:00")]


def test_a_self_including_spine(store: Store) -> None:
    """An order looks strictly before its own moment, unless it says otherwise."""
    orders = [order(name, "11:30", loaded="11:00") for name in ("a", "b")]
    before = tell(store, [], "before_each_order", orders=orders)
    with_ = tell(store, [], "with_each_order", orders=orders)
    assert column(before, "as_of") == [at("11:29:59.999999")] * 2
    assert column(before, "orders_1h") == [0, 0]
    assert column(with_, "as_of") == [at("11:30")] * 2
    assert column(with_, "spend__orders_1h") == [2, 2]


def test_an_empty_spine(store: Store) -> None:
    assert tell(store, [], runs=[run("12:00")], orders=[order("o", "11:30")]) == []


def test_an_empty_history(store: Store) -> None:
    """Runs that found nobody alive: the key is missing, from the first of them on."""
    runs = [run("05:00"), run("05:30")]
    rows = tell(store, ["04:59", "05:00", "05:30"], runs=runs)
    assert column(rows, "spend__status") == ["not_computed", "missing", "missing"]
    assert column(rows, "spend__as_of") == [None, at("05:00"), at("05:30")]


def test_a_ttl_changed_since(store: Store) -> None:
    """Today's ttl is an hour, with a default; on the day of the run it was 40 minutes, without."""
    runs = [run("11:00", declared=replace(TODAY[SPEND], ttl=40 * MINUTE, otherwise="fail"))]
    now = tell(store, ["11:40", "11:45"], runs=runs)
    then = tell(store, ["11:40", "11:45"], "as_declared_then", runs=runs)
    assert column(now, "spend__status") == ["stale", "stale"]
    assert column(then, "spend__status") == ["stale", "expired"]
    assert column(then, "orders_1h") == [0, None]  # fail: no default then
