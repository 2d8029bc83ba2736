"""The oracle against cases worked out by hand, so that it is not believed only for agreeing."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from oracle.flights import Flights
from oracle.lender import VIEWS, Lender
from oracle.point_in_time import Feature, HistoryRow, Push, Run, View, answer, training_rows
from oracle.times import DAY, HOUR, MINUTE, instant_of, utc, utc_from_local
from oracle.versions import Delivery, Version, versions_of

SEEDS = Path(__file__).parents[3] / "seeds"
MICROSECOND = timedelta(microseconds=1)
NOON = datetime(2026, 3, 2, 12)


class Said(NamedTuple):
    amount: int


def said(amount: int, hour: int) -> Delivery[Said]:
    return Delivery("event", Said(amount), NOON, NOON + hour * HOUR)


def stand(versions: list[Version[Said]], hour: int) -> list[int]:
    """What stands a minute after an hour; the settle of these tests is one minute."""
    at = NOON + hour * HOUR + MINUTE
    return [version.content.amount for version in versions if version.visible(at)]


@pytest.mark.parametrize(
    ("local", "zone", "expected"),
    [
        ("2026-03-02T08:00:00", "America/New_York", datetime(2026, 3, 2, 13)),
        ("2026-03-02T08:00:00.000001", "Asia/Kolkata", datetime(2026, 3, 2, 2, 30, 0, 1)),
        ("2026-03-08T02:30:00", "America/New_York", None),  # skipped
        ("2026-03-08T03:00:00", "America/New_York", datetime(2026, 3, 8, 7)),
        ("2025-11-02T00:59:59", "America/New_York", datetime(2025, 11, 2, 4, 59, 59)),
        ("2025-11-02T01:00:00", "America/New_York", None),  # shown twice
        ("2025-11-02T02:00:00", "America/New_York", datetime(2025, 11, 2, 7)),
        ("2026-03-02T08:00:00", "Mars/Olympus", None),
        ("2026-03-02T08:00:00", "America", None),  # a folder of zones, and no zone
        ("2026-03-02T08:00:00", "", None),
        ("2026-02-30T10:00:00", "Europe/London", None),
        ("2026-03-02", "Europe/London", None),
        ("1772438400", "Europe/London", None),
    ],
)
def test_a_local_time_is_placed_or_refused_never_guessed(
    local: str, zone: str, expected: datetime | None
) -> None:
    assert utc_from_local(local, zone) == expected


def test_a_time_without_z_is_not_utc() -> None:
    assert utc("2026-03-02T08:00:00Z") == datetime(2026, 3, 2, 8)
    assert utc("2026-03-02T08:00:00") is None


def test_half_an_hour_can_be_skipped() -> None:
    lord_howe = ZoneInfo("Australia/Lord_Howe")
    assert instant_of(datetime(2025, 10, 5, 2, 15), lord_howe) is None
    assert instant_of(datetime(2025, 10, 5, 2, 30), lord_howe) == datetime(2025, 10, 4, 15, 30)


@pytest.mark.parametrize("turned", [False, True])
def test_versions_follow_each_other(turned: bool) -> None:
    deliveries = [said(10, 1), said(10, 2), said(9, 3), said(10, 4), said(10, 4)]
    versions = list(versions_of(reversed(deliveries) if turned else deliveries, MINUTE))
    assert len(versions) == 3  # the second 10 said nothing new, the one after 9 did
    assert [stand(versions, hour) for hour in range(5)] == [[], [10], [10], [9], [10]]


def test_of_two_versions_with_one_load_stamp_the_larger_is_last() -> None:
    versions = list(versions_of([said(10, 1), said(9, 1)], MINUTE))
    assert stand(versions, 1) == [10]
    assert sorted(v.content.amount for v in versions if v.first_visible is not None) == [10]


def write_seeds(folder: Path, **rows: list[str]) -> Lender:
    """Write the headers of the raw seeds, with these rows beneath."""
    for seed in SEEDS.glob("raw_*.csv"):
        header = seed.read_text(encoding="utf-8").splitlines()[0]
        lines = [header, *rows.get(seed.stem.removeprefix("raw_"), [])]
        (folder / seed.name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Lender.load(folder)


@pytest.fixture
def lender(tmp_path: Path) -> Lender:
    """One customer: five payments (one reversed, two corrected), three instalments, an account."""
    early = "2026-01-01T00:00:00Z,2026-01-01T00:00:00Z"
    return write_seeds(
        tmp_path,
        customer_events=[
            f"e1,7,joined,{early}",
            "e2,7,left,2026-03-03T00:00:00Z,2026-03-03T06:00:00Z",
            "e3,7,returned,2026-03-04T00:00:00Z,2026-03-04T00:00:00Z",
        ],
        account_events=[
            f"a1,acc,7,savings,opened,{early}",
            "a2,acc,7,savings,closed,2026-03-02T12:00:00Z,2026-03-02T12:00:00Z",
        ],
        card_payments=[
            # id, customer, account, merchant, category, amount, device, ip, paid, zone, ... loaded
            "p1,7,acc,m,food,10.00,d,i,2026-03-02T07:00:00,America/New_York,settled,2026-03-02T11:58:00Z",
            "p2,7,acc,m,fuel,4.00,d,i,2026-03-02T11:50:00.000001,Europe/London,settled,2026-03-02T11:58:00Z",
            "p3,7,acc,m,fuel,5.00,d,i,2026-03-02T11:50:00,Europe/London,reversed,2026-03-02T11:58:00Z",
            "p4,7,acc,m,food,1.00,d,i,2026-02-28T12:00:00,Europe/London,settled,2026-02-28T12:00:00Z",
            "p4,7,acc,m,fuel,0.50,d,i,2026-02-28T12:00:00,Europe/London,settled,2026-03-02T11:58:01Z",
            "p5,7,acc,m,food,99.00,d,i,2026-03-02T11:00:00,,settled,2026-03-02T11:58:00Z",
        ],
        loan_payments=[
            # The second is paid in the last second of the due day.
            "l1,7,x,2026-02-01,2026-02-02T00:00:00Z,1.00,2026-02-02T00:00:00Z",
            "l2,7,x,2026-02-02,2026-02-02T23:59:59Z,1.00,2026-02-03T00:00:00Z",
            "l3,7,x,2026-02-02,2026-02-02T23:59:59Z,1.00,2026-03-02T11:58:01Z",
        ],
    )


def test_customer_features_by_hand(lender: Lender) -> None:
    """At noon p1 is on the upper edge and just known; the correction of p4 is a second away."""
    assert lender.unplaceable == {"card_payments": 1}
    assert lender.features("customer_activity", 1, (7,), NOON) == {
        "payments_7d": 4,
        "payments_30d": 4,
        "payments_90d": 4,
        "days_since_last_purchase": 0,
        "top_category_30d": "food",  # two and two; 11.00 to 9.00
    }
    assert lender.features("customer_spend", 1, (7,), NOON) == {"spend_30d": Decimal("20.00")}
    assert lender.features("customer_spend", 2, (7,), NOON) == {
        "spend_30d": Decimal("15.00"),
        "largest_payment_30d": Decimal("10.00"),
    }
    assert lender.features("customer_engagement", 1, (7,), NOON) == {
        "monthly_trend": 3.0,
        "is_dormant": False,
    }
    assert lender.features("customer_credit", 1, (7,), NOON) == {
        "late_loan_payments_90d": 1,
        "on_time_share_90d": 0.5,
        "has_savings_account": True,
    }
    a_minute_on = lender.features("customer_credit", 1, (7,), NOON + MINUTE)
    assert a_minute_on["has_savings_account"] is False
    assert a_minute_on["on_time_share_90d"] == pytest.approx(2 / 3)


def test_a_correction_moves_a_payment_when_it_becomes_known(lender: Lender) -> None:
    at = NOON + timedelta(seconds=1)
    assert lender.features("customer_activity", 1, (7,), at)["top_category_30d"] == "fuel"
    affinity = lender.features("customer_category_affinity", 1, (7, "food"), at)
    assert affinity["category_payments_30d"] == 1
    assert affinity["affinity_30d"] == pytest.approx(-1.3862943611198906)  # ln(1/4)
    # The pair of the corrected version was known and stays.
    assert lender.live("customer_category", at) == {(7, "food"), (7, "fuel")}


def test_short_windows_by_hand(lender: Lender) -> None:
    """p3 lies exactly on the lower edge of ten minutes, p2 a microsecond inside."""
    assert lender.features("ip_activity", 1, ("i",), NOON) == {
        "ip_payments_10m": 2,
        "ip_customers_10m": 1,
    }
    assert lender.features("device_activity", 1, ("d",), NOON) == {
        "device_payments_60m": 3,
        "device_amount_60m": Decimal("19.00"),
    }
    assert lender.features("merchant_activity", 1, ("m",), NOON - MICROSECOND) == {
        "merchant_payments_24h": 0,  # nothing of that day is known yet
        "merchant_amount_24h": Decimal("0.00"),
    }


def test_a_customer_lives_as_far_as_is_known(lender: Lender) -> None:
    left, returned = datetime(2026, 3, 3, 6, 1), datetime(2026, 3, 4, 0, 1)
    for at, alive in [
        (datetime(2026, 1, 1), False),  # joined, not known before a minute has passed
        (datetime(2026, 1, 1, 0, 1), True),
        (left - MICROSECOND, True),
        (left, False),
        (returned - MICROSECOND, False),
        (returned, True),
    ]:
        assert lender.live("customer", at) == ({(7,)} if alive else set())
    assert lender.live("device", left) == {("d",)}


def test_a_customer_without_payments_has_nulls_and_zeros(lender: Lender) -> None:
    before = datetime(2026, 1, 2)
    assert lender.features("customer_activity", 1, (7,), before) == {
        "payments_7d": 0,
        "payments_30d": 0,
        "payments_90d": 0,
        "days_since_last_purchase": None,
        "top_category_30d": None,
    }
    assert lender.features("customer_spend", 2, (7,), before)["spend_30d"] == 0
    assert lender.features("customer_engagement", 1, (7,), before)["monthly_trend"] is None


def test_the_order_of_the_seeds_means_nothing() -> None:
    one, other = Lender.load(SEEDS, shuffle=1), Lender.load(SEEDS, shuffle=2)
    assert one.card_payments != other.card_payments  # they were read in another order
    for (view, version), entity in VIEWS.items():
        assert one.live(entity, NOON) == other.live(entity, NOON)
        for key in one.live(entity, NOON):
            assert one.features(view, version, key, NOON) == other.features(
                view, version, key, NOON
            )


@pytest.fixture(scope="module")
def flights() -> Flights:
    return Flights.load()


def test_every_flight_is_in_the_spine_once(flights: Flights) -> None:
    spine = flights.spine()
    assert len({flight.flight_id for flight in spine}) == len(spine) == 336_776
    first = next(f for f in spine if f.flight_id == "UA-1545-EWR-2013-01-01")
    # Due out of New York at 05:15, landed in Houston at 08:30 by the clocks there, 11 minutes late.
    assert first.as_of == datetime(2013, 1, 1, 8, 15)
    assert first.landing == datetime(2013, 1, 1, 14, 30)
    assert first.is_late is False
    assert first.announced_known == datetime(2012, 12, 1, 7)


def test_a_landing_that_clocks_did_not_show_is_no_landing(flights: Flights) -> None:
    without = [f for f in flights.spine() if f.landing is None]
    assert len(without) == 9_430 + 1  # 9,430 without a delay, and one at 02:03 of a skipped hour
    assert "B6-35-JFK-2013-03-09" in {f.flight_id for f in without}


def test_windows_of_flights_by_hand(flights: Flights) -> None:
    """At first nothing is known to have landed; the first landing is known five minutes after."""
    houston = ("EWR", "IAH")
    known = datetime(2013, 1, 1, 14, 35)
    assert flights.features("route_delays", houston, known - MICROSECOND) == {
        "flights_landed_7d": 0,
        "mean_arrival_delay_7d": None,
        "worst_arrival_delay_7d": None,
        "top_carrier_7d": None,
        "is_shared_7d": False,
    }
    assert flights.features("route_delays", houston, known) == {
        "flights_landed_7d": 1,
        "mean_arrival_delay_7d": 11.0,
        "worst_arrival_delay_7d": 11,
        "top_carrier_7d": "UA",
        "is_shared_7d": False,
    }


def test_weather_is_known_65_minutes_after_its_hour(flights: Flights) -> None:
    """The first observation at Newark is of 06:00 UTC."""
    known = datetime(2013, 1, 1, 7, 5)
    before = flights.features("origin_weather", ("EWR",), known - MICROSECOND)
    assert set(before.values()) == {None}
    at = flights.features("origin_weather", ("EWR",), known)
    assert (at["temperature_f"], at["observation_age_minutes"]) == (39.02, 65)


def test_a_wind_faster_than_any_is_no_wind(flights: Flights) -> None:
    at = flights.features("origin_weather", ("EWR",), datetime(2013, 2, 12, 9, 5))
    assert (at["temperature_f"], at["wind_speed_mph"]) == (39.02, None)


COLUMNS = frozenset({"count", "recency"})
RUNS = [Run(NOON + n * HOUR, NOON + n * HOUR + 5 * MINUTE, COLUMNS) for n in range(3)]
COUNT, RECENCY = Feature("count", default=0), Feature("recency", default=30, null_is="default")


# Key 1 is there from the first run and changes in the second; key 2 comes with the second and is
# gone in the third.
HISTORY = [
    HistoryRow((1,), {"count": 3, "recency": None}, NOON, NOON + HOUR),
    HistoryRow((1,), {"count": None, "recency": 5}, NOON + HOUR),
    HistoryRow((2,), {"count": 8, "recency": 2}, NOON + HOUR, NOON + 2 * HOUR),
]
VIEW = View([COUNT, RECENCY], ttl=HOUR, history=HISTORY, runs=RUNS)


def test_a_run_confirms_what_it_did_not_change() -> None:
    at_third = answer((1,), NOON + 2 * HOUR + 30 * MINUTE, VIEW)
    assert (at_third.as_of, at_third.age) == (NOON + 2 * HOUR, 30 * MINUTE)
    assert at_third.value == {"count": None, "recency": 5}  # a null is a value


def test_a_null_becomes_the_default_only_where_declared() -> None:
    assert answer((1,), NOON + 5 * MINUTE, VIEW).value == {"count": 3, "recency": 30}


@pytest.mark.parametrize(
    ("key", "after_noon", "status"),
    [
        ((1,), 5 * MINUTE - MICROSECOND, "not_computed"),  # the first run had not ended
        ((1,), 5 * MINUTE, "ok"),
        ((2,), 30 * MINUTE, "missing"),  # what comes later is not known then
        ((2,), HOUR + 5 * MINUTE, "ok"),
        ((2,), 2 * HOUR + 5 * MINUTE, "missing"),  # gone
        ((3,), 30 * MINUTE, "missing"),
        ((None,), 30 * MINUTE, "missing"),
        ((1,), 3 * HOUR, "ok"),  # age exactly ttl
        ((1,), 3 * HOUR + MICROSECOND, "expired"),
    ],
)
def test_why_a_value_is_absent(key: tuple[int | None], after_noon: timedelta, status: str) -> None:
    said = answer(key, NOON + after_noon, VIEW)
    assert set(said.status.values()) == {said.row_status} == {status}
    if status != "ok":
        assert said.value == {"count": 0, "recency": 30}
        failing = answer(key, NOON + after_noon, replace(VIEW, otherwise="fail"))
        assert failing.value == {"count": None, "recency": None}
        assert failing.status == said.status


def test_a_column_that_came_later_is_not_computed() -> None:
    added = Feature("added", default="x")
    said = answer((1,), NOON + 5 * MINUTE, replace(VIEW, features=[COUNT, added]))
    assert said.status == {"count": "ok", "added": "not_computed"}
    assert said.value == {"count": 3, "added": "x"}


def test_the_last_push_counts_even_when_it_went_back() -> None:
    pushes = [
        Push(NOON + HOUR, NOON + 70 * MINUTE),
        Push(NOON, NOON + 80 * MINUTE),  # a rollback
    ]
    pushed = replace(VIEW, pushes=pushes, ttl=DAY, freshness_sla=HOUR)
    for minutes, run, status in [
        (69, None, "not_computed"),
        (70, NOON + HOUR, "ok"),
        (80, NOON, "stale"),
    ]:
        said = answer((1,), NOON + minutes * MINUTE, pushed)
        assert (said.as_of, said.row_status) == (run, status)
    assert answer((1,), NOON + 80 * MINUTE, pushed).value["count"] == 3


def test_rows_are_sacred() -> None:
    spine = [((1,), NOON + DAY), ((None,), NOON), ((1,), NOON + DAY), ((9,), NOON)]
    assert len(training_rows(spine, VIEW)) == len(spine)
    assert training_rows([], VIEW) == []
