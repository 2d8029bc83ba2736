"""Training, history and what is online equal the oracle; the dirt is handled as the README says."""

import json
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pytest
from flights_project import NAMESPACE, READ, FlightsProject
from oracle.flights import VIEWS, Flight, Flights
from recomputed import report_of, unlike_history
from redis_server import RedisServer

from provender import FeatureReader, Status

pytestmark = pytest.mark.xdist_group("flights")

KEYS = {
    "carrier_delays": ("carrier",),
    "route_delays": ("origin", "dest"),
    "origin_weather": ("origin",),
}
NO_METADATA = "columns(lambda name: name not like '%\\_\\_%' escape '\\')"
SETTLE = timedelta(minutes=5)
Key = tuple[str, ...]


def is_same(found: object, expected: object) -> bool:
    """Compare value and type; a quotient may differ in its last digits."""
    if type(found) is not type(expected):
        return False
    if isinstance(found, float) and isinstance(expected, float):
        return math.isclose(found, expected, rel_tol=1e-12)
    return found == expected


def differences(
    where: object, found: Mapping[str, Any], expected: Mapping[str, Any]
) -> Iterator[str]:
    """Say where a row is not what it should be; it may have more columns."""
    for name, value in expected.items():
        if not is_same(found[name], value):
            yield f"{where}: {name} is {found[name]!r}, not {value!r}"


def told(found: list[str]) -> str:
    return "\n".join([f"{len(found):,} wrong", *found[:10]])


def key_of(view: str, row: Mapping[str, Any]) -> Key:
    return tuple(row[name] for name in KEYS[view])


def trained(oracle: Flights, flight: Flight) -> dict[str, Any]:
    """Return what a flight's training row must say."""
    expected: dict[str, Any] = {
        "carrier": flight.carrier,
        "origin": flight.origin,
        "dest": flight.dest,
        "as_of": flight.as_of,
        "scheduled_departure_at": flight.departure,
        "is_late": flight.is_late,
        "label_known_from": None if flight.landing is None else flight.landing + SETTLE,
    }
    for view, keys in KEYS.items():
        key = tuple(getattr(flight, name) for name in keys)
        expected |= oracle.features(view, key, flight.as_of)
    return expected


def state_of(flights: FlightsProject, view: str, run: datetime) -> dict[Key, dict[str, Any]]:
    rows = flights.state(view, run)
    state = {key_of(view, row): row for row in rows}
    assert len(state) == len(rows), f"{view} at {run}: a key has two rows"
    return state


# training


def test_training_equals_the_oracle_for_every_flight_and_view(
    flights: FlightsProject, oracle: Flights
) -> None:
    """No row is lost or doubled, and each of its values is the oracle's, in value and type."""
    left = {flight.flight_id: flight for flight in oracle.spine()}
    assert len(left) == 336_776
    wrong: list[str] = []
    columns = 0
    for row in flights.rows(f"(select {NO_METADATA} from arrival_delay_training)"):
        flight = left.pop(row["flight_id"], None)
        if flight is None:
            wrong.append(f"{row['flight_id']} is doubled, or no flight")
            continue
        expected = trained(oracle, flight)
        columns = len(expected)
        wrong += differences(flight.flight_id, row, expected)
        if row.keys() != {"flight_id", *expected}:
            wrong.append(f"{flight.flight_id} has the columns {list(row)}")
    assert not wrong, told(wrong)
    assert not left, f"{len(left):,} flights are lost, as {sorted(left)[:10]}"
    assert columns == 7 + 13


def test_every_training_row_was_answered(flights: FlightsProject) -> None:
    found = flights.query(
        "select columns('__status$'), columns('__not_computed$'), max(columns('__age$')), count(*)"
        " from arrival_delay_training group by all"
    )
    assert found == [(*["ok"] * 3, *[None] * 3, *[timedelta(0)] * 3, 336_776)]


# history


@pytest.mark.parametrize("view", VIEWS)
def test_history_equals_the_oracle_at_every_run_of_the_week(
    flights: FlightsProject, oracle: Flights, view: str
) -> None:
    wrong: list[str] = []
    for run in flights.week:
        state = state_of(flights, view, run)
        assert state.keys() == oracle.live(VIEWS[view], run), f"{view} at {run}: other keys live"
        for key, row in state.items():
            wrong += differences((view, key, run), row, oracle.features(view, key, run))
    assert not wrong, told(wrong)


def test_every_run_of_the_week_is_logged_once_with_its_rows(
    flights: FlightsProject, oracle: Flights
) -> None:
    logged = flights.published("select view, as_of, row_count from runs order by all")
    assert logged == [
        (view, run, len(oracle.live(VIEWS[view], run)))
        for view in sorted(VIEWS)
        for run in flights.week
    ]
    assert len(flights.week) >= 6


def test_every_run_computed_again_gives_its_history_cell_by_cell(flights: FlightsProject) -> None:
    """In value and type. What the last run compiled as its report, an hour later: with that run."""
    moved = report_of(flights.folder).replace("2013-03-11 12:00:00.000000", "2013-03-11 13:00:00")
    with duckdb.connect(str(flights.database), read_only=True) as store:
        report = store.execute(f"select view, as_of, is_different from ({moved})").fetchall()
        wrong, cells = unlike_history(store, moved)
    assert {row[:2] for row in report} == {(view, run) for view in VIEWS for run in flights.week}
    assert {is_different for _, _, is_different in report} == {False}
    assert not wrong, told(wrong)
    assert cells > 10_000


# online


@pytest.mark.parametrize("view", VIEWS)
def test_online_is_the_state_of_history_at_the_pushed_run(
    flights: FlightsProject, oracle: Flights, reader: FeatureReader, now: datetime, view: str
) -> None:
    """Every key that lives has its values, exactly and by type; every other key is missing."""
    state = state_of(flights, view, flights.last_run)
    ever = {tuple(getattr(f, name) for name in KEYS[view]) for f in oracle.spine()}
    assert state.keys() <= ever
    wrong: list[str] = []
    for key in sorted(ever):
        served = reader.get_view(view, 1, **dict(zip(KEYS[view], key, strict=True)))
        assert {feature.status for feature in served.features.values()} == {
            Status.OK if key in state else Status.MISSING
        }, f"{view} {key}"
        if key not in state:
            continue
        for name, feature in served.features.items():
            expected = state[key][name]
            if (type(feature.value), feature.value) != (type(expected), expected):
                wrong.append(f"{view} {key}: {name} is {feature.value!r}, not {expected!r}")
            assert feature.as_of == flights.last_run.replace(tzinfo=UTC)
            assert feature.age == now - feature.as_of
    assert not wrong, told(wrong)
    assert set(served) == set(oracle.features(view, next(iter(state)), flights.last_run))


UA_TO_HOUSTON = {"carrier": "UA", "origin": "EWR", "dest": "IAH"}


def test_the_service_reads_all_views_with_their_ages(
    flights: FlightsProject, oracle: Flights, reader: FeatureReader
) -> None:
    served = reader.get("arrival_delay", **UA_TO_HOUSTON)
    expected: dict[str, Any] = {}
    for view, keys in KEYS.items():
        key = tuple(UA_TO_HOUSTON[name] for name in keys)
        expected |= oracle.features(view, key, flights.last_run)
    assert set(served) == set(expected)
    assert not list(differences("UA to IAH", served.to_dict(), expected))
    assert {feature.age for feature in served.features.values()} == {timedelta(minutes=30)}
    assert {feature.status for feature in served.features.values()} == {Status.OK}


def test_the_readme_reads_the_same_from_the_shell(
    flights: FlightsProject, flights_redis: RedisServer, reader: FeatureReader
) -> None:
    done = flights.command(READ, "--json", "--redis-url", flights_redis.url)
    assert done.returncode == 0, done.stderr
    printed = {feature["name"]: feature for feature in json.loads(done.stdout)["features"]}
    served = reader.get("arrival_delay", **UA_TO_HOUSTON)
    assert {name: feature["value"] for name, feature in printed.items()} == served.to_dict()
    assert {feature["age_seconds"] for feature in printed.values()} == {1800.0}


OK, STALE, EXPIRED = Status.OK, Status.STALE, Status.EXPIRED
MICROSECOND = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("age", "carrier_route_weather"),
    [
        (timedelta(hours=2), (OK, OK, OK)),
        (timedelta(hours=2) + MICROSECOND, (STALE, OK, STALE)),
        (timedelta(hours=3), (STALE, OK, STALE)),
        (timedelta(hours=3) + MICROSECOND, (STALE, OK, EXPIRED)),
        (timedelta(hours=12) + MICROSECOND, (EXPIRED, OK, EXPIRED)),
        (timedelta(hours=25) + MICROSECOND, (EXPIRED, STALE, EXPIRED)),
        (timedelta(days=3) + MICROSECOND, (EXPIRED, EXPIRED, EXPIRED)),
    ],
    ids=str,
)
def test_each_view_of_the_service_ages_by_its_own_declaration(
    flights: FlightsProject,
    flights_redis: RedisServer,
    age: timedelta,
    carrier_route_weather: tuple[Status, Status, Status],
) -> None:
    now = flights.last_run.replace(tzinfo=UTC) + age
    url = flights_redis.url
    with FeatureReader.from_url(url, namespace=NAMESPACE, clock=lambda: now, timeout=5) as reader:
        served = reader.get("arrival_delay", **UA_TO_HOUSTON)
    found = {feature.view: feature.status for feature in served.features.values()}
    assert found == dict(zip(KEYS, carrier_route_weather, strict=True))
    assert {feature.age for feature in served.features.values()} == {age}


# time


def test_a_delay_is_unknown_in_training_until_the_flight_has_landed(
    flights: FlightsProject,
) -> None:
    """The longest delay of the year: HA-51 of 9 January landed 1,272 minutes late, a day after."""
    late, *next_days = (flights.trained(f"HA-51-JFK-2013-01-{day:02}") for day in (9, 10, 11))
    scheduled = flights.landing_of("HA-51-JFK-2013-01-09") - timedelta(minutes=1272)
    assert (late["is_late"], late["label_known_from"]) == (True, datetime(2013, 1, 10, 22, 47))
    # On the 10th it should long have landed, and is still in the air.
    assert scheduled < next_days[0]["as_of"] < late["label_known_from"]
    assert [row["worst_arrival_delay_7d"] for row in next_days] == [50, 1272]


def test_a_delay_is_unknown_in_history_until_it_could_be_read(flights: FlightsProject) -> None:
    """FL-361 landed at 22:59, 436 minutes late; it is known at 23:04, after the run of 23:00."""
    assert flights.landing_of("FL-361-LGA-2013-03-08") == datetime(2013, 3, 8, 22, 59)
    runs = (datetime(2013, 3, 8, 23), datetime(2013, 3, 10, 6, 30))
    states = [state_of(flights, "route_delays", run)["LGA", "ATL"] for run in runs]
    assert [state["worst_arrival_delay_7d"] for state in states] == [231, 436]


@pytest.mark.parametrize(
    ("flight_id", "landed_at"),
    [
        # in the air when New York went from 01:59 to 03:00; Oakland and Ponce were at 23:09, 03:59
        ("B6-91-JFK-2013-03-09", datetime(2013, 3, 10, 7, 9)),
        ("B6-739-JFK-2013-03-09", datetime(2013, 3, 10, 7, 59)),
        # written 02:03 in Florida, which no clock showed
        ("B6-35-JFK-2013-03-09", None),
        # in the air when it went from 01:59 to 01:00; Los Angeles was at 01:14 for the first time
        ("VX-413-JFK-2013-11-02", datetime(2013, 11, 3, 8, 14)),
        ("B6-523-JFK-2013-11-02", datetime(2013, 11, 3, 7, 10)),
        # landed at 24:00: in Chicago before the clocks went forward, in Louisville after
        ("WN-519-LGA-2013-03-07", datetime(2013, 3, 8, 6)),
        ("EV-3817-EWR-2013-03-10", datetime(2013, 3, 11, 4)),
        # left at 24:00, landed at 00:59 when 23:56 was planned
        ("B6-1816-JFK-2013-12-09", datetime(2013, 12, 10, 5, 59)),
        # to Ponce, which the table of airports lacks, landed at 05:15 there
        ("B6-745-JFK-2013-11-27", datetime(2013, 11, 28, 9, 15)),
    ],
)
def test_a_landing_worked_out_by_hand(
    flights: FlightsProject, flight_id: str, landed_at: datetime | None
) -> None:
    assert flights.landing_of(flight_id) == landed_at
    known_from = flights.trained(flight_id)["label_known_from"]
    assert known_from == (None if landed_at is None else landed_at + SETTLE)


# dirt


@pytest.mark.parametrize(
    "name",
    [
        "dirt_is_what_the_readme_says",
        "every_raw_row_is_placed_or_quarantined",
        "delay_and_clock_agree_on_arrivals",
        "landing_is_known_after_it_happened",
    ],
)
def test_the_projects_own_test_passed_in_every_run(flights: FlightsProject, name: str) -> None:
    assert [run.status.get(name) for run in flights.runs.values()] == ["pass"] * 7


@pytest.mark.parametrize(
    "name",
    [
        "training_has_every_flight_once",
        "training_lacks_no_feature",
        "training_was_known_at_label_time",
    ],
)
def test_the_projects_own_test_of_training_passed(flights: FlightsProject, name: str) -> None:
    assert flights.training_run.status[name] == "pass"


MOVEMENTS = "from base_flights__movements"
RAW = "from 'raw/movements.parquet'"
WEATHER = "from 'raw/weather.parquet'"
CLOCK_WRONG = "count(*) filter (where problem like 'arrival: the clock%')"


@pytest.mark.parametrize(
    ("in_readme", "expected", "sql"),
    [
        (
            "| 336,776 flights |",
            (336_776, 0),
            "select count(*), count(problem) from base_flights__schedule",
        ),
        (
            "4 (BQN, PSE, SJU, STT), 7,602 flights",
            (["BQN", "PSE", "SJU", "STT"], 7602),
            f"select list(distinct dest order by dest), count(*) {RAW}"
            " where dest not in (select faa from 'raw/airports.parquet')",
        ),
        (
            "29 departures, 150 arrivals",
            (29, 150),
            f"select count(*) filter (dep_time = 2400), count(*) filter (arr_time = 2400) {RAW}",
        ),
        (
            "328,521, none disagree",
            (328_521, 0),
            "select count(departed_at), count(*) filter (where problem like 'departure%')"
            f" {MOVEMENTS}",
        ),
        (
            "327,346, one disagrees",
            (327_346, 1),
            f"select count(landed_at), {CLOCK_WRONG} {MOVEMENTS}",
        ),
        (
            "11 flights in the air, one at fault",
            (11, 1),
            f"select count(*), {CLOCK_WRONG} {MOVEMENTS}"
            " where departed_at < '2013-03-10 07:00' and landed_at > '2013-03-10 07:00'",
        ),
        (
            "10 flights in the air, one in doubt",
            (10, 1),
            f"select count(*), count(*) filter (arrival_clock between 100 and 159) {MOVEMENTS}"
            " where departed_at < '2013-11-03 06:00' and landed_at > '2013-11-03 06:00'",
        ),
        (
            "9,430: 8,255 cancelled, 1,175 diverted",
            (9430, 8255, 1175),
            "select count(*), count(*) filter (dep_time is null), count(dep_time)"
            f" {RAW} where arr_delay is null",
        ),
        (
            "717 of the diverted have an arrival time",
            (717,),
            f"select count(arr_time) {RAW} where arr_delay is null",
        ),
        (
            "3 pairs (one an airport)",
            (3, 3),
            "select count(*), count(distinct origin) from ("
            f"select origin {WEATHER} group by origin, month, day, hour having count(*) > 1)",
        ),
        (
            "`time_hour` tells them apart, so both stay",
            (26_115, 26_115),
            f"select (select count(*) {WEATHER}), count(distinct (origin, occurred_at))"
            " from stg_weather__observations",
        ),
        (
            "| a wind of 1,048 mph | 1 row |",
            (1, 1048, 0),
            "select count(*), floor(max(wind_speed))::int,"
            " (select count(*) from stg_weather__observations where wind_speed > 253)"
            f" {WEATHER} where wind_speed > 253",
        ),
        (
            "ends 2013-12-30 23:00 UTC, gaps up to 6 h",
            (datetime(2013, 12, 30, 23), timedelta(hours=6)),
            "select max(occurred_at), max(gap) from (select occurred_at, occurred_at"
            " - lag(occurred_at) over (partition by origin order by occurred_at) as gap"
            " from stg_weather__observations)",
        ),
        (
            "22 of the 224 routes pause for a season and live again",
            (22, 224),
            "select count(*) filter (lives > 1), count(*) from"
            " (select count(*) as lives from route group by origin, dest)",
        ),
    ],
)
def test_a_count_of_the_readme(
    flights: FlightsProject, in_readme: str, expected: tuple[Any, ...], sql: str
) -> None:
    assert in_readme in flights.readme
    assert flights.count(sql) == expected


def test_a_flight_without_an_arrival_delay_is_asked_about_and_never_counted(
    flights: FlightsProject, oracle: Flights
) -> None:
    without_landing = {flight.flight_id for flight in oracle.spine() if flight.landing is None}
    assert len(without_landing) == 9_430 + 1  # and the one in quarantine
    without_label = {
        row["flight_id"] for row in flights.rows("flight_labels where is_late is null")
    }
    assert without_label == without_landing
