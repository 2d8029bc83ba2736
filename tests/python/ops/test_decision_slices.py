"""Records read in bulk say what they say read one by one, to the digit, whatever is in them."""

import json
from datetime import datetime
from typing import Any

import duckdb
import pytest
from decision_records import a_record, a_view, line
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provender.errors import WrongValue
from provender_ops.decisions.record_text import read_record
from provender_ops.decisions.slices import Shapes, cut, read

DUCKDB = duckdb.connect(config={"threads": 1})
# Words at which records are cut, and what else could lead astray.
WORDS = [
    *(f',"{name}":' for name in ("age_us", "request", "decision", "outside", "service", "keys")),
    *(',"views":[', ',"values":[', '],"statuses":', '"}]}', "]}", "},{", '\\",', "null", ",", '"'),
    *("é", "\u2028", "\x00", "😀", "1e5", "{", "["),
]
TEXTS = st.lists(
    st.sampled_from(WORDS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=3),
    max_size=4,
).map("".join)
NUMBERS = st.sampled_from(
    [0, -1, 2**63 - 1, 2**64 - 1, 2**127, -(2**127), 1e-05, 1e16, 1.5e300, 5e-324, -0.0, 1.0]
)
SCALARS = (
    st.none()
    | st.booleans()
    | NUMBERS
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers()
    | TEXTS
)
ANY = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(TEXTS | st.sampled_from(["views", "request", "age_us"]), ANY, max_size=3)


@st.composite
def views(draw: st.DrawFn) -> dict[str, Any]:
    values = draw(st.lists(ANY, max_size=4))
    names = [f"f{place}" for place in range(len(values))]
    statuses = st.lists(st.sampled_from(["ok", "stale"]), min_size=len(names), max_size=len(names))
    places = st.sets(st.integers(0, len(names) - 1)) if names else st.just(set[int]())
    return a_view(
        draw(TEXTS),
        names=names,
        features=names,
        types=["any"] * len(names),
        values=values,
        age_us=draw(st.none() | st.integers(-5, 2**60)),
        as_of=draw(st.none() | st.just("2026-03-02T07:58:00.000001Z")),
        statuses=draw(st.none() | statuses),
        defaults=sorted(draw(places)),
        hashed=draw(st.booleans()),
    )


@st.composite
def records(draw: st.DrawFn) -> bytes:
    record = a_record(
        draw(st.integers(1, 2**62)),
        decision_id=draw(TEXTS),
        service=draw(TEXTS),
        model_version=draw(TEXTS),
        waited_for=draw(st.none() | TEXTS),
        keys=draw(OBJECTS),
        request=draw(st.none() | OBJECTS),
        decision=draw(OBJECTS),
        outside=draw(st.none() | OBJECTS),
        views=draw(st.lists(views(), max_size=3)),
    )
    raw = line(record)
    if draw(st.integers(0, 9)) == 0:  # what a foreign writer might do, or a cable
        raw = draw(
            st.sampled_from(
                [json.dumps(record).encode(), json.dumps(record, sort_keys=True).encode(), raw[:-1]]
            )
        )
    return raw


def one_by_one(raw: bytes) -> dict[str, Any] | None:
    try:
        return read_record(raw)
    except WrongValue:
        return None


def in_bulk(raws: list[bytes]) -> dict[int, dict[str, Any]]:
    shapes = Shapes()
    rows, places, left = read(DUCKDB, cut(raws, shapes), shapes.table)
    found = dict(zip(places.tolist(), rows.to_pylist(), strict=True))
    assert sorted([*found, *left]) == list(range(len(raws)))
    return found


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(records(), min_size=1, max_size=8))
def test_in_bulk_is_one_by_one(raws: list[bytes]) -> None:
    for place, row in in_bulk(raws).items():
        assert row == one_by_one(raws[place])


def test_what_our_writer_writes_is_read_in_bulk() -> None:
    """Else the fast way would be a way that nobody goes."""
    odd = a_view(
        names=["n"] * 9,
        features=["n"] * 9,
        types=["double"] * 9,
        values=[None, "NaN", "a,b", [1, 2.50], {"a": 1e-07}, 2**64 - 1, 1e16, "null", 10.0],
    )
    raws = [line(a_record(1)), line(a_record(2, views=[odd], request=None, outside={"x": 1e-5}))]
    found = in_bulk(raws)
    assert sorted(found) == [0, 1]
    texts = ["NaN", "a,b", [1, 2.5], {"a": 1e-07}, 2**64 - 1, 1e16, "null", 10.0]
    dumped = [json.dumps(text, separators=(",", ":")) for text in texts]
    assert found[1]["views"][0]["values"] == [None, *dumped]
    assert found[1]["outside"] == '{"x":1e-05}'
    assert found[0]["decided_at"] == datetime(2026, 3, 2, 8, 0, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 1},
        {"format": 3.0},
        {"number": -1},
        {"number": 2**63},
        {"number": "1"},
        {"refused": None},
        {"decided_at": "yesterday"},
        {"decided_at": "2026-13-02T08:00:00.000000Z"},
        {"keys": None},
        {"keys": [1]},
        {"decision": "no"},
        {"views": None},
        {"service": 7},
        {"views": [a_view(values=[1])]},
        {"views": [a_view(status="fine")]},
        {"views": [a_view(statuses=["ok"])]},
        {"views": [a_view(defaults=[3])]},
        {"views": [a_view(age_us=1.5)]},
        {"views": [a_view(version=2**31)]},
        {"views": [a_view(as_of="never")]},
    ],
    ids=str,
)
def test_a_record_that_is_none_is_read_neither_way(changes: dict[str, Any]) -> None:
    raw = line({**a_record(1), **changes})
    assert in_bulk([raw]) == {}
    assert one_by_one(raw) is None


def test_bytes_that_are_no_text_spoil_nobody_elses_record() -> None:
    """They cannot be cut in bulk, and then all of the chunk is read one by one."""
    raws = [line(a_record(1)), line(a_record(2)).replace(b"credit", b"\xff\xfe")]
    assert in_bulk(raws) == {}
    assert [one_by_one(raw) is None for raw in raws] == [False, True]
