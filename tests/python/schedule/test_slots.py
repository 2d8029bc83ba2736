"""Slots by wall clocks: once for each date, also where clocks skip the time or show it twice."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from oracle.times import DAY, MINUTE

from provender_ops.errors import BadInput, UnknownSelection
from provender_ops.schedule.slots import Daily, Every, find_schedule

REPO = Path(__file__).parents[3]

# A zone, a date near which its clocks change, and the times of day to try there.
NIGHTS = [
    ("Europe/Berlin", "2026-03-29", ["01:59", "02:00", "02:30", "02:59", "03:00"]),
    ("Europe/Berlin", "2026-10-25", ["01:59", "02:00", "02:30", "03:00"]),
    ("America/New_York", "2026-03-08", ["02:00", "02:30", "03:00"]),
    ("America/New_York", "2026-11-01", ["01:00", "01:30", "02:00"]),
    ("Australia/Lord_Howe", "2026-04-05", ["01:29", "01:30", "01:45", "02:00"]),  # half an hour
    ("Australia/Lord_Howe", "2026-10-04", ["01:59", "02:00", "02:15", "02:30"]),
    ("America/Sao_Paulo", "2018-02-18", ["00:00", "00:30", "22:59", "23:00", "23:30"]),
    ("America/Sao_Paulo", "2018-11-04", ["00:00", "00:30", "01:00"]),  # skips midnight
    ("America/Havana", "2026-03-08", ["00:00", "00:30", "01:00"]),
    ("America/Havana", "2026-11-01", ["00:00", "00:30", "01:00"]),
    ("Asia/Beirut", "2026-03-29", ["00:00", "00:30"]),
    ("America/St_Johns", "2006-04-02", ["00:00", "00:01", "00:30"]),  # at a minute past midnight
    ("America/St_Johns", "2006-10-29", ["00:00", "00:30", "23:01", "23:30"]),
    ("America/Nuuk", "2024-03-30", ["22:59", "23:00", "23:30", "00:00"]),  # into the next date
    ("Pacific/Apia", "2011-12-30", ["00:00", "02:30", "23:59"]),  # a date that was left out
    ("UTC", "2026-03-29", ["00:00", "02:30", "23:59"]),
]


def naive_slots(zone: ZoneInfo, at: str, start: datetime, days: int) -> Iterator[datetime]:
    """Look at the clock each minute: the first minutes that show each date's time, or later."""
    hour, minute = map(int, at.split(":"))
    wanted = start.astimezone(zone).replace(tzinfo=None, hour=hour, minute=minute, fold=0)
    shown = start.astimezone(zone).replace(tzinfo=None)
    while wanted <= shown:
        wanted += DAY
    for minutes in range(days * 1440):
        now = start + minutes * MINUTE
        shown = now.astimezone(zone).replace(tzinfo=None)
        if shown >= wanted:
            yield now
        while wanted <= shown:
            wanted += DAY


@pytest.mark.parametrize(("zone_name", "near", "times"), NIGHTS)
def test_a_daily_slot_is_what_somebody_who_looks_at_the_clock_would_do(
    zone_name: str, near: str, times: list[str]
) -> None:
    zone = ZoneInfo(zone_name)
    start = datetime.fromisoformat(near).replace(tzinfo=UTC) - 3 * DAY
    for at in times:
        expected = list(naive_slots(zone, at, start, 6))
        assert 5 <= len(expected) <= 7
        daily = Daily(datetime.strptime(at, "%H:%M").time(), zone)
        # just before and at each, and once more before the next
        for slot, following in pairwise(expected):
            assert daily.latest(slot) == slot
            assert daily.latest(slot + timedelta(microseconds=1)) == slot
            assert daily.latest(following - timedelta(microseconds=1)) == slot


@pytest.mark.parametrize(
    ("zone", "at", "day", "slot"),
    [
        ("Europe/Berlin", "02:30", "2026-03-28", "2026-03-28T01:30Z"),
        ("Europe/Berlin", "02:30", "2026-03-29", "2026-03-29T01:00Z"),  # 03:00 comes after 01:59
        ("Europe/Berlin", "02:30", "2026-03-30", "2026-03-30T00:30Z"),
        ("Europe/Berlin", "02:30", "2026-10-25", "2026-10-25T00:30Z"),  # the first of two
        ("America/Havana", "00:30", "2026-03-08", "2026-03-08T05:00Z"),
        ("America/Havana", "00:30", "2026-11-01", "2026-11-01T04:30Z"),
        ("Australia/Lord_Howe", "02:15", "2026-10-04", "2026-10-03T15:30Z"),
        ("Pacific/Apia", "02:30", "2011-12-30", "2011-12-30T10:00Z"),  # 31 December, 00:00
    ],
)
def test_the_slots_of_such_nights(zone: str, at: str, day: str, slot: str) -> None:
    daily = Daily(datetime.strptime(at, "%H:%M").time(), ZoneInfo(zone))
    assert daily.on(datetime.fromisoformat(day).date()) == datetime.fromisoformat(slot)


def test_each_slot_holds_until_the_next_in_any_zone() -> None:
    """At random moments and zones: latest() is a slot, not later than now, and the last such."""
    some = Random(7)
    zones = ["Europe/Dublin", "Africa/Casablanca", "Asia/Tehran", "Pacific/Chatham", "Asia/Gaza"]
    for _ in range(2000):
        daily = Daily(
            datetime(2000, 1, 1, some.randrange(24), some.randrange(60)).time(),
            ZoneInfo(some.choice(zones)),
        )
        now = datetime(2015, 1, 1, tzinfo=UTC) + some.randrange(8_000_000) * MINUTE
        slot = daily.latest(now)
        assert slot <= now
        assert daily.latest(slot) == slot
        assert now - slot < timedelta(hours=26)
        following = daily.latest(slot + timedelta(hours=26))
        assert now < following, "there was one in between"


def test_every_is_a_multiple_since_1970_whatever_clocks_do() -> None:
    every = Every(timedelta(minutes=5))
    for text, slot in [
        ("2026-03-29T01:04:59.999999Z", "2026-03-29T01:00Z"),
        ("2026-03-29T01:05:00Z", "2026-03-29T01:05Z"),
        ("1969-12-31T23:59:00Z", "1969-12-31T23:55Z"),
    ]:
        assert every.latest(datetime.fromisoformat(text)) == datetime.fromisoformat(slot)


BROKEN: list[tuple[Any, str]] = [
    ("often", "is no mapping"),
    ({"minutes": "5m"}, "minutes is no mapping"),
    ({"minutes": {"evry": "5m"}}, "has no 'evry'. Did you mean 'every'?"),
    ({"minutes": {}}, "says either `every`, or `at` and `zone`"),
    ({"minutes": {"every": "5m", "at": "02:30", "zone": "UTC"}}, "says either"),
    ({"minutes": {"at": "02:30"}}, "says either"),
    ({"minutes": {"every": "5m", "zone": "UTC"}}, "says either"),
    ({"minutes": {"every": "5"}}, "every is no duration, got '5'. Write it like 5m."),
    ({"minutes": {"every": None}}, "every is no duration"),
    ({"minutes": yaml.safe_load("{at: 12:30, zone: UTC}")}, "got 750. Write it in quotes"),
    ({"minutes": {"at": "24:00", "zone": "UTC"}}, "at is no time of day"),
    (
        {"minutes": {"at": "02:30", "zone": "Europe/Berln"}},
        "got 'Europe/Berln'. Did you mean 'Europe/Berlin'?",
    ),
    ({"minutes": {"at": "02:30", "zone": None}}, "zone is no time zone"),
    ({"minutes": {"every": "5m", "monitor": "no"}}, "monitor is true or false, got 'no'"),
]


@pytest.mark.parametrize(("declared", "said"), BROKEN)
def test_what_cannot_be_read_is_a_sentence(declared: Any, said: str) -> None:
    with pytest.raises(BadInput) as error:
        find_schedule({"schedules": declared}, "minutes")
    assert said in str(error.value)
    assert str(error.value)[-1] in ".?"


def test_an_unknown_cadence_names_the_nearest() -> None:
    with pytest.raises(UnknownSelection, match=r"Did you mean 'minutes'\? It has: minutes\."):
        find_schedule({"schedules": {"minutes": {"every": "5m"}}}, "minuts")
    with pytest.raises(UnknownSelection, match=r"It has: none\. Declare it, like"):
        find_schedule({}, "minutes")


def test_the_schedules_of_the_docs_are_readable() -> None:
    text = (REPO / "docs/schedules.md").read_text().split("```yaml")[1].split("```")[0]
    settings = yaml.safe_load(text)["vars"]["provender"]
    minutes, nightly = (find_schedule(settings, name) for name in ("minutes", "nightly"))
    assert minutes.times == Every(timedelta(minutes=5))
    assert (nightly.times.at.isoformat(), nightly.monitor) == ("02:30:00", False)  # type: ignore[attr-defined]


def test_the_lenders_schedules_are_readable() -> None:
    project = yaml.safe_load((REPO / "dbt_project.yml").read_text())
    settings = project["vars"]["provender"]
    for cadence in ("minutes", "hourly", "nightly"):
        assert find_schedule(settings, cadence).cadence == cadence
