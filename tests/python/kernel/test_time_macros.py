"""The macros of time, alone: compiled once by dbt, run by DuckDB on data made to break them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.times import instant_of, utc_from_local
from oracle.versions import Delivery, versions_of
from support import DbtProject

MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 3, 2, 12)
SETTLE = 2 * MINUTE
SETTINGS = [
    (threads, zone) for threads in (1, 4) for zone in ("UTC", "America/New_York", "Asia/Kathmandu")
]


@dataclass(frozen=True)
class Compiled:
    """What each thin model compiled to, and a database to run it in."""

    folder: Path
    db: duckdb.DuckDBPyConnection

    def rows(self, model: str) -> list[tuple[Any, ...]]:
        sql = (self.folder / f"{model}.sql").read_text()
        return self.db.execute(f"select * from ({sql}\n) order by all").fetchall()

    def table(self, name: str, columns: str, rows: list[tuple[Any, ...]]) -> None:
        self.db.execute(f"create or replace table {name} ({columns})")
        if rows:
            holes = ", ".join("?" * len(rows[0]))
            self.db.executemany(f"insert into {name} values ({holes})", rows)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compiled]:
    folder = tmp_path_factory.mktemp("macros") / "project"
    project = DbtProject(Path(__file__).parent / "macros", folder, registry=False)
    run = project.dbt("compile")
    assert run.code == 0, run.output
    with duckdb.connect() as db:
        yield Compiled(folder / "target/compiled/provender/models", db)


def at(minute: int) -> datetime:
    return NOON + minute * MINUTE


# event_versions


class Content(NamedTuple):
    amount: int | None
    note: str | None


DELIVERIES = (
    "event varchar, part integer, amount integer, note varchar,"
    " occurred_at timestamp, loaded_at timestamp"
)
deliveries = st.lists(
    st.tuples(
        st.sampled_from("ab"),
        st.sampled_from([1, 2]),
        st.sampled_from([None, 1, 2]),
        st.sampled_from([None, "", "x"]),
        st.sampled_from([at(-9), at(-8)]),
        st.sampled_from([at(minute) for minute in range(4)]),
    ),
    max_size=12,
)


def expected_versions(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    delivered = [
        Delivery(f"{event}{part}", Content(amount, note), occurred_at, loaded_at)
        for event, part, amount, note, occurred_at, loaded_at in rows
    ]
    return [
        (
            one.event[0],
            int(one.event[1]),
            *one.content,
            one.occurred_at,
            one.known_from,
            one.known_until,
        )
        for one in versions_of(delivered, SETTLE)
    ]


def by_text(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(rows, key=str)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(rows=deliveries, seed=st.integers(0, 9))
def test_event_versions_are_those_of_the_oracle_in_any_physical_order(
    compiled: Compiled, rows: list[tuple[Any, ...]], seed: int
) -> None:
    random.Random(seed).shuffle(rows)
    compiled.table("deliveries", DELIVERIES, rows)
    assert by_text(compiled.rows("event_versions")) == by_text(expected_versions(rows))


def test_an_identical_redelivery_changes_nothing(compiled: Compiled) -> None:
    once = [("a", 1, 5, None, at(-9), at(0))]
    compiled.table("deliveries", DELIVERIES, [*once, ("a", 1, 5, None, at(-9), at(3)), *once])
    assert compiled.rows("event_versions") == [("a", 1, 5, None, at(-9), at(2), None)]


def test_a_correction_taken_back_makes_three_versions(compiled: Compiled) -> None:
    """A, then B, then A again: each was known for a while."""
    rows = [("a", 1, amount, "x", at(-9), at(n)) for n, amount in enumerate((5, 6, 5))]
    compiled.table("deliveries", DELIVERIES, rows)
    assert [row[2:] for row in compiled.rows("event_versions")] == [
        (5, "x", at(-9), at(2), at(3)),
        (5, "x", at(-9), at(4), None),
        (6, "x", at(-9), at(3), at(4)),
    ]


def test_of_two_corrections_known_at_once_one_stands_alone(compiled: Compiled) -> None:
    """The greater content stands, whichever row lies first; the other is never visible."""
    rows = [("a", 1, amount, "x", at(-9), at(0)) for amount in (7, 6)]
    for order in (rows, rows[::-1]):
        compiled.table("deliveries", DELIVERIES, order)
        assert [row[2:] for row in compiled.rows("event_versions")] == [
            (6, "x", at(-9), at(2), at(2)),
            (7, "x", at(-9), at(2), None),
        ]


def test_event_versions_do_not_depend_on_threads_or_session_time_zone(compiled: Compiled) -> None:
    """Over more rows than one thread takes at a time."""
    some = list(product("ab", (1, 2), (None, 1, 2), (None, "x"), (at(-9), at(-8)), (at(0), at(1))))
    values = [
        (f"{row[0]}{n}", *row[1:]) for n in range(1500) for row in random.Random(n).sample(some, 4)
    ]
    results = []
    for seed, (threads, zone) in enumerate(SETTINGS):
        compiled.db.execute(f"set threads = {threads}; set TimeZone = '{zone}'")
        compiled.db.register("given", duckdb_values(values, seed))
        compiled.db.execute(
            "create or replace table deliveries as select * replace (part::integer as part,"
            " amount::integer as amount, occurred_at::timestamp as occurred_at,"
            " loaded_at::timestamp as loaded_at) from given"
        )
        results.append(compiled.rows("event_versions"))
    compiled.db.execute("reset threads; set TimeZone = 'UTC'")
    assert len(results[0]) > 5000
    assert all(result == results[0] for result in results)


def duckdb_values(values: list[tuple[Any, ...]], seed: int) -> Any:
    """Return these deliveries as a data frame, in an order of its own for each seed."""
    import pandas as pd  # noqa: PLC0415 - slow, and only needed here

    shuffled = random.Random(seed).sample(values, len(values))
    columns = ["event", "part", "amount", "note", "occurred_at", "loaded_at"]
    frame = pd.DataFrame(shuffled, columns=columns)
    return frame.astype({"amount": "Int64", "note": "string"})


# life_intervals

EVENTS = (
    "id varchar, status varchar, occurred_at timestamp, known_from timestamp, known_until timestamp"
)
Event = tuple[str, str | None, datetime, datetime, datetime | None]


def alive(events: list[Event], id_: str, t: datetime) -> bool:
    """What the latest event known at `t` says of the key; none known, not alive."""
    known = [
        (occurred_at, known_from, status == "in")
        for key, status, occurred_at, known_from, known_until in events
        if key == id_
        and occurred_at <= t
        and known_from <= t
        and (known_until is None or known_until > t)
    ]
    return max(known)[2] if known else False


def living(intervals: list[tuple[Any, ...]], id_: str, t: datetime) -> int:
    return sum(
        key == id_ and start <= t and (end is None or end > t) for key, start, end in intervals
    )


moments = st.integers(-5, 5).map(at)
events = st.lists(
    st.tuples(
        st.sampled_from("ab"),
        st.sampled_from(["in", "out"]),
        moments,
        moments,
        st.none() | moments,
    ),
    max_size=8,
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(rows=events)
def test_a_key_lives_exactly_when_its_latest_known_event_says_so(
    compiled: Compiled, rows: list[Event]
) -> None:
    compiled.table("events", EVENTS, rows)
    intervals = compiled.rows("life_intervals")
    for id_, half_minutes in product("ab", range(-12, 13)):
        t = NOON + half_minutes * MINUTE / 2
        assert living(intervals, id_, t) == alive(rows, id_, t)
    joined = [(key, end) for key, _, end in intervals]
    assert not {(key, start) for key, start, _ in intervals} & set(joined)  # no seam inside a life


@pytest.mark.parametrize(
    ("what", "rows", "intervals"),
    [
        (
            "leaves and returns",
            [("in", 0, 1, None), ("out", 2, 3, None), ("in", 4, 5, None)],
            [(1, 3), (5, None)],
        ),
        (
            "the joining is corrected to an hour that is past already",
            [("in", 3, 1, 2), ("in", 0, 2, None)],
            [(2, None)],
        ),
        ("the joining is taken back", [("in", 0, 1, 4), ("out", 0, 4, None)], [(1, 4)]),
        ("announced ahead", [("in", 5, 0, None)], [(5, None)]),
        ("announced, then called off before it happened", [("in", 5, 0, 3)], []),
        ("known late", [("in", 0, 4, None)], [(4, None)]),
        ("only ever left", [("out", 0, 1, None)], []),
        ("not an event of life", [("in", 0, 1, None), (None, 2, 3, None)], [(1, None)]),
        ("two at one moment: life wins", [("out", 0, 1, None), ("in", 0, 1, None)], [(1, None)]),
        ("no event", [], []),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_life(
    compiled: Compiled,
    what: str,
    rows: list[tuple[str | None, int, int, int | None]],
    intervals: list[tuple[int, int | None]],
) -> None:
    def placed(minute: int | None) -> datetime | None:
        return None if minute is None else at(minute)

    told = [("a", status, *map(placed, minutes)) for status, *minutes in rows]
    for order in (told, told[::-1]):
        compiled.table("events", EVENTS, order)
        found = compiled.rows("life_intervals")
        assert found == [("a", placed(start), placed(end)) for start, end in intervals]


# known_at and in_window


def test_known_at_sees_what_has_happened_is_known_and_still_stands(compiled: Compiled) -> None:
    """The moment of happening and of becoming known count; that of being replaced does not."""
    compiled.table(
        "events",
        "name varchar, occurred_at timestamp, known_from timestamp, known_until timestamp",
        [
            ("plain", at(0), at(2), at(4)),
            ("ahead", at(3), at(1), None),
            ("never", at(0), at(2), at(2)),
            ("unknown", at(0), None, None),
        ],
    )
    compiled.table("asked", "as_of timestamp", [(at(minute),) for minute in range(6)])
    assert compiled.rows("known_at") == [
        *[("ahead", at(minute)) for minute in (3, 4, 5)],
        *[("plain", at(minute)) for minute in (2, 3)],
    ]


def test_a_window_is_half_open_and_its_upper_edge_counts(compiled: Compiled) -> None:
    lengths = [timedelta(seconds=90), 10 * MINUTE, timedelta(hours=24), timedelta(days=30)]
    tick = timedelta(microseconds=1)
    edges = [NOON - length + shift for length in lengths for shift in (-tick, 0 * tick, tick)]
    moments_ = [*edges, NOON, NOON + tick]
    compiled.table(
        "moments", "moment timestamp, as_of timestamp", [(one, NOON) for one in moments_]
    )
    assert compiled.rows("in_window") == sorted(
        (one, *(NOON - length < one <= NOON for length in lengths)) for one in moments_
    )


def test_a_day_is_24_hours_in_every_session_time_zone(compiled: Compiled) -> None:
    """Over the night when clocks change in New York."""
    as_of = datetime(2026, 3, 9)
    compiled.table(
        "moments", "moment timestamp, as_of timestamp", [(as_of - timedelta(hours=24), as_of)]
    )
    for zone in ("UTC", "America/New_York"):
        compiled.db.execute(f"set TimeZone = '{zone}'")
        assert compiled.rows("in_window")[0][3] is False
    compiled.db.execute("set TimeZone = 'UTC'")


# to_utc

SKIPPED = ("2026-03-08T02:00:00", "2026-03-08T02:30:00", "2026-03-08T02:59:59.999999")
DOUBLED = ("2026-11-01T01:00:00", "2026-11-01T01:30:00", "2026-11-01T01:59:59.999999")
GARBAGE = (
    *("", "soon", "24:00", "2026-02-30T10:00:00", "2026-03-02", "infinity", "-infinity", "epoch"),
    *("2026-03-02T08:00:00Z", "2026-03-02T08:00:00+05:00", "2026-03-02 08:00:00 Europe/Berlin"),
    *("294247-01-10 04:00:54", "44-03-15 (BC) 10:00:00", " 2026-03-02T08:00:00"),
)


def placed(compiled: Compiled, rows: list[tuple[str | None, str | None]]) -> list[datetime | None]:
    compiled.table("clocks", "local_time varchar, zone varchar", rows)
    return utc_of(compiled, rows)


def utc_of(compiled: Compiled, rows: list[tuple[str | None, str | None]]) -> list[datetime | None]:
    found = {(text, zone): utc for text, zone, utc in compiled.rows("to_utc")}
    return [found[row] for row in rows]


def test_a_local_time_is_placed_in_utc(compiled: Compiled) -> None:
    assert placed(compiled, [("2026-07-01T12:00:00.000001", "Asia/Kathmandu")]) == [
        datetime(2026, 7, 1, 6, 15, 0, 1)
    ]


@pytest.mark.parametrize("text", [*SKIPPED, *DOUBLED])
def test_a_skipped_or_doubled_local_time_cannot_be_placed(compiled: Compiled, text: str) -> None:
    assert placed(compiled, [(text, "America/New_York")]) == [None]


@pytest.mark.parametrize("text", GARBAGE)
def test_what_is_no_local_time_cannot_be_placed(compiled: Compiled, text: str) -> None:
    """Also a time that says its zone itself: two zones are a contradiction."""
    assert placed(compiled, [(text, "Europe/Berlin")]) == [None]


@pytest.mark.parametrize("zone", [None, "", "Mars/Olympus", "CEST?", "America/New York", "+05:00"])
def test_an_unknown_zone_cannot_be_used(compiled: Compiled, zone: str | None) -> None:
    assert placed(compiled, [("2026-03-02T08:00:00", zone), (None, zone)]) == [None, None]


def test_every_change_of_clocks_of_every_size_is_placed_as_the_oracle_does(
    compiled: Compiled,
) -> None:
    """Half an hour, one, two and three hours, whole days; the minutes around it, in any session."""
    changes = [
        ("America/New_York", "2026-03-08T07:00"),
        ("America/New_York", "2026-11-01T06:00"),
        ("Australia/Lord_Howe", "2025-04-05T15:00"),
        ("Australia/Lord_Howe", "2025-10-04T15:30"),
        ("Antarctica/Troll", "2025-03-30T01:00"),
        ("Antarctica/Troll", "2025-10-26T01:00"),
        ("Antarctica/Casey", "2018-03-10T17:00"),
        ("Pacific/Apia", "2011-12-30T10:00"),
        ("Asia/Pyongyang", "2015-08-14T15:00"),
        ("Asia/Kathmandu", "1985-12-31T18:30"),
    ]
    rows, expected = [], []
    near = [minute for minute in range(-200, 200) if minute % 15 in (14, 0, 1)]
    for (zone, change), minute in product(changes, near):
        utc = datetime.fromisoformat(change).replace(tzinfo=UTC) + minute * MINUTE
        local = utc.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        for shown in {local, local + 60 * MINUTE, local - 30 * MINUTE}:
            rows.append((shown.isoformat(), zone))
            expected.append(instant_of(shown, ZoneInfo(zone)))
    assert None in expected
    compiled.table("clocks", "local_time varchar, zone varchar", rows)
    for session in ("UTC", "America/New_York", "Australia/Lord_Howe"):
        compiled.db.execute(f"set TimeZone = '{session}'")
        found = utc_of(compiled, rows)
        wrong = [row for row, one, other in zip(rows, found, expected, strict=True) if one != other]
        assert not wrong
    compiled.db.execute("set TimeZone = 'UTC'")


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    text=st.datetimes(datetime(1990, 1, 1), datetime(2025, 1, 1)).map(datetime.isoformat),
    zone=st.sampled_from(["America/New_York", "Europe/London", "Australia/Sydney", "UTC"]),
)
def test_to_utc_agrees_with_the_oracle(compiled: Compiled, text: str, zone: str) -> None:
    assert placed(compiled, [(text, zone)]) == [utc_from_local(text, zone)]


# the integrity test of histories

HISTORY = "id varchar, part integer, scd_id varchar, valid_from timestamp, valid_to timestamp"
SOUND = [
    ("a", 1, "1", at(0), at(1)),
    ("a", 1, "2", at(1), at(3)),
    ("a", 1, "3", at(5), None),
    ("a", 2, "4", at(0), None),
    ("b", 1, "5", at(0), at(1)),
]


def violations(compiled: Compiled, rows: list[tuple[Any, ...]]) -> list[str]:
    compiled.table("history", HISTORY, rows)
    return sorted({row[-1] for row in compiled.rows("history_intervals")})


def test_a_sound_history_has_no_violation(compiled: Compiled) -> None:
    assert violations(compiled, SOUND) == []


@pytest.mark.parametrize(
    ("row", "violation"),
    [
        (("a", 1, "9", at(6), None), "two open rows"),
        (("a", 2, "9", at(0), None), "two open rows"),
        (("b", 1, "9", at(3), at(2)), "ends before it begins"),
        (("b", 1, "9", at(3), at(3)), "ends before it begins"),
        (("a", 1, "9", at(2), at(4)), "overlaps the next"),
        (("b", 1, "9", at(0), at(1)), "overlaps the next"),
        (("b", 1, "9", at(0), None), "overlaps the next"),
        (("a", 2, "9", at(-5), at(5)), "overlaps the next"),
        (("b", 1, "1", at(3), None), "scd_id not unique"),
        (("b", 1, None, at(3), None), "no scd_id"),
        ((None, 1, "9", at(3), None), "null key"),
        (("b", None, "9", at(3), None), "null key"),
        (("b", 1, "9", None, at(3)), "no beginning"),
        (("b", 1, "9", None, None), "no beginning"),
    ],
)
def test_damage_to_a_history_is_found(
    compiled: Compiled, row: tuple[Any, ...], violation: str
) -> None:
    assert violation in violations(compiled, [*SOUND, row])
