"""Values go from DuckDB through Redis to Python as they were, or are refused in a sentence."""

import math
import struct
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal, localcontext
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
import redis
from encoded import HUGE, VALUES, encoded, same
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provender.encoding import (
    FORMAT,
    HEADER,
    TOMBSTONE,
    RowDecoder,
    decode_header,
    encode_tombstone,
)
from provender.errors import UnservableValue, WrongValue
from provender.instants import FIRST_US, LAST_US
from provender_ops.row_encoding import RowEncoder, selected

shared_redis = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
micros = st.integers(FIRST_US, LAST_US)


@pytest.fixture(scope="module")
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection


def from_duckdb(db: duckdb.DuckDBPyConnection, data_type: str, values: list[Any]) -> pa.RecordBatch:
    """Return values that went through a table, and a column of nulls beside them."""
    db.execute(f"create or replace table given (n integer, a {data_type}, b {data_type})")
    if values:
        db.executemany("insert into given values (?, ?, null)", list(enumerate(values)))
    columns = ", ".join(selected(name, data_type) for name in "ab")
    reader = db.sql(f"select {columns} from (from given order by n)").to_arrow_reader(1000)
    return reader.read_all().combine_chunks().to_batches()[0] if values else None


@pytest.mark.parametrize("data_type", VALUES)
def test_every_type_comes_back_exactly(
    data_type: str, db: duckdb.DuckDBPyConnection, redis_client: redis.Redis
) -> None:
    encoder = RowEncoder("v", 3, [("a", data_type), ("b", data_type)])
    decoder = RowDecoder([("a", data_type), ("b", data_type)])

    @shared_redis
    @given(st.lists(st.none() | VALUES[data_type], min_size=1, max_size=20), micros)
    def comes_back(values: list[Any], as_of_us: int) -> None:
        batch = from_duckdb(db, data_type, values)
        as_of = np.full(len(values), as_of_us, np.int64)
        rows = encoder.encode(batch, as_of, pa.array(range(len(values)))).to_pylist()
        redis_client.mset({f"row:{n}": row for n, row in enumerate(rows)})
        for n, value in enumerate(values):
            raw: Any = redis_client.get(f"row:{n}")
            assert decode_header(raw) == (as_of_us, 3)
            found_at, (found, nothing) = decoder.decode(raw)
            assert found_at == as_of_us
            assert same(found, value)
            assert nothing is None
        together: Any = redis_client.mget([f"row:{n}" for n in range(len(rows))])
        all_found_at, (column, nulls) = decoder.decode_rows(3, together)
        assert all_found_at == [as_of_us] * len(rows)
        assert all(map(same, column, values))
        assert list(nulls) == [None] * len(rows)

    comes_back()


@pytest.mark.parametrize(
    ("data_type", "value"),
    [
        ("double", -0.0),
        ("double", math.inf),
        ("float", 1.401298464324817e-45),
        ("bigint", 2**63 - 1),
        ("hugeint", -(2**127)),
        ("uhugeint", 2**128 - 1),
        ("decimal(38,0)", Decimal(10**38 - 1)),
        ("decimal(38,38)", Decimal(1).scaleb(-38)),
        ("date", date.min),
        ("date", date.max),
        ("timestamp", datetime.min),
        ("timestamp", datetime.max),
        ("varchar", "\0 {a} [b] 😀\n"),
        ("varchar", "long " * 2_000_000),
    ],
)
def test_an_extreme_comes_back_exactly(
    data_type: str, value: object, db: duckdb.DuckDBPyConnection
) -> None:
    columns = [("a", data_type), ("b", data_type)]
    (row,) = (
        RowEncoder("v", 1, columns)
        .encode(from_duckdb(db, data_type, [value]), np.array([0]), pa.array(["k"]))
        .to_pylist()
    )
    with localcontext() as context:
        context.prec = 3  # a caller's own
        assert same(RowDecoder(columns).decode(row)[1][0], value)


@given(micros, micros)
def test_headers_sort_like_time(left: int, right: int) -> None:
    rows = [encoded("v", 1, [("a", "integer")], [1], as_of_us) for as_of_us in (left, right)]
    assert (rows[0][:9] < rows[1][:9]) == (left < right)


def test_bytes_are_the_documented_ones() -> None:
    columns = [
        *(("i", "smallint"), ("d", "double"), ("c", "decimal(18,2)"), ("h", "hugeint")),
        *(("b", "boolean"), ("t", "varchar"), ("day", "date"), ("at", "timestamp")),
        *(("z", "integer"), ("l", "varchar[]"), ("s", "struct(x tinyint, y tinyint)")),
    ]
    moment = datetime(1970, 1, 1, 0, 0, 1)
    values = [-2, 0.5, Decimal("1.5"), -1, True, "é", date(1970, 1, 3), moment, None, ["a", None]]
    row = encoded("v", 2, columns, [*values, {"x": 1, "y": None}])
    assert row == b"".join(
        [
            b"\x02" + b"\x80" + bytes(7) + b"\0\x02",  # format, as_of, layout
            b"\0\x01",  # the ninth is null
            b"\xff\xfe" + struct.pack(">d", 0.5) + (150).to_bytes(8, "big") + b"\xff" * 16,
            b"\x01" + b"\0\0\0\x02" + b"\0\0\0\x02" + (1_000_000).to_bytes(8, "big"),
            bytes(4) + b"\0\0\0\x0e" + b"\0\0\0\x03",
            b"\xc3\xa9",
            b"\0\0\0\x02" + b"\x02" + b"\0\0\0\x01" + bytes(4) + b"a",
            b"\x02" + b"\x01" + b"\0",
        ]
    )
    assert encode_tombstone(1) == b"\x02\x80\0\0\0\0\0\0\x01\0\0"
    assert decode_header(encode_tombstone(1)) == (1, TOMBSTONE)


@pytest.mark.parametrize(
    ("data_type", "stored"),
    [
        ("date", "'infinity'::date"),
        ("date", "'10000-01-01'::date"),
        ("date", "'0001-01-01 (BC)'::date"),
        ("timestamp", "'-infinity'::timestamp"),
        ("timestamp", "'294000-01-01'::timestamp"),
        ("timestamp[]", "['infinity'::timestamp]"),
    ],
)
def test_what_python_has_not_is_refused_naming_view_and_column(
    data_type: str, stored: str, db: duckdb.DuckDBPyConnection
) -> None:
    sql = f"select 1 as fine, {stored} as bad"
    batch = db.sql(sql).to_arrow_reader(10).read_all().combine_chunks().to_batches()[0]
    encoder = RowEncoder("activity", 1, [("fine", "integer"), ("bad", data_type)])
    with pytest.raises(UnservableValue) as caught:
        encoder.encode(batch, np.array([0]), pa.array(["42"]))
    assert "View 'activity', key '42', column 'bad': " in str(caught.value)
    assert "Cast it" in str(caught.value)


@pytest.mark.parametrize("stored", ["1::bigint", "'DE89'", "[1]", "1.5::decimal(4,2)"])
def test_a_column_of_another_type_is_refused(stored: str, db: duckdb.DuckDBPyConnection) -> None:
    sql = f"select {stored} as iban"
    batch = db.sql(sql).to_arrow_reader(10).read_all().combine_chunks().to_batches()[0]
    with pytest.raises(UnservableValue, match="column 'iban': history holds a") as caught:
        RowEncoder("v", 1, [("iban", "integer")]).encode(batch, np.array([0]), pa.array(["k"]))
    assert "DE89" not in str(caught.value)


@pytest.mark.parametrize(
    ("data_type", "values"),
    [
        ("integer", b""),
        ("integer", b"\0\0\0\0"),
        ("integer", b"\0\0\0\0\0\0"),
        ("varchar", b"\0\0\0\0\x02a"),
        ("varchar", b"\0\xff\xff\xff\xffa"),
        ("varchar", b"\0\0\0\0\x01\xff"),
        ("date", b"\0\x7f\xff\xff\xff"),
        ("timestamp", b"\0\x7f" + b"\xff" * 7),
        ("integer[]", b"\0\0\0\0\x04\xff\xff\xff\xff"),
        ("integer[]", b"\0\0\0\0\x04\0\0\0\x01"),
        ("struct(a integer)", b"\0\0\0\0\x01\0"),
    ],
)
def test_malformed_values_are_refused(data_type: str, values: bytes) -> None:
    with pytest.raises(WrongValue):
        RowDecoder([("a", data_type)]).decode(HEADER.pack(FORMAT, 0, 1) + values)


@given(st.sampled_from(sorted(VALUES)), st.binary(max_size=60))
def test_any_bytes_decode_or_are_refused(data_type: str, raw: bytes) -> None:
    with suppress(WrongValue):
        decode_header(raw)
    with suppress(WrongValue):
        RowDecoder([("a", data_type)]).decode(raw)


COLUMNS = [("text", "varchar"), ("day", "date"), ("many", "varchar[]"), ("cents", "decimal(9,2)")]
ROW = encoded("v", 1, COLUMNS, ["né", date(2026, 1, 2), ["a", None], Decimal("1.50")])
SOUND = st.tuples(*(st.none() | VALUES[name] for name in ("varchar", "date"))).map(
    lambda values: encoded("v", 1, COLUMNS, [*values, None, Decimal(1)])
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A row in which a byte is another, or some are gone or too many."""
    at = draw(st.integers(0, len(ROW) - 1))
    return ROW[:at] + draw(st.binary(max_size=2)) + ROW[at + draw(st.integers(0, 2)) :]


@given(st.lists(SOUND | damaged(), min_size=1, max_size=3))
def test_rows_decode_together_as_they_do_alone_or_are_refused(rows: list[bytes]) -> None:
    decoder = RowDecoder(COLUMNS)
    try:
        alone = [decoder.decode(row) for row in rows]
        is_sound = {decode_header(row)[1] for row in rows} == {1}
    except WrongValue:
        is_sound = False
    if not is_sound:
        with pytest.raises(WrongValue):
            decoder.decode_rows(1, rows)
        return
    as_ofs, columns = decoder.decode_rows(1, rows)
    assert as_ofs == [as_of_us for as_of_us, _ in alone]
    values = [values for _, values in alone]
    assert all(map(same, map(list, zip(*columns, strict=True)), values))


def test_no_row_is_not_decoded_together_with_others() -> None:
    with pytest.raises(WrongValue):
        RowDecoder(COLUMNS).decode_rows(1, [ROW, None])


def test_a_writer_refuses_a_type_and_a_layout() -> None:
    with pytest.raises(UnservableValue, match="View 'v', column 'a': type 'blob'"):
        RowEncoder("v", 1, [("a", "blob")])
    with pytest.raises(UnservableValue, match="new version"):
        RowEncoder("v", 2**16, [("a", "integer")])


def test_arrow_has_no_integers_of_128_bits() -> None:
    assert [selected("a", name) for name in HUGE] == ["cast(a as varchar) as a"] * 2
