"""Values go through Redis and come back as they were, or are refused in a sentence."""

import math
import struct
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped,unused-ignore]
import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provender.data_types import INTEGER_RANGES, codec_for, normalise_type
from provender.encoding import (
    HEADER_SIZE,
    RowDecoder,
    RowEncoder,
    decode_header,
    encode_header,
    encode_tombstone,
)
from provender.errors import UnservableValue, WrongValue

shared_redis = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
micros = st.integers(-(2**63), 2**63 - 1)

VALUES: dict[str, st.SearchStrategy[Any]] = {
    **{name: st.integers(low, high) for name, (low, high) in INTEGER_RANGES.items()},
    "double": st.floats(),
    "float": st.floats(width=32),
    "decimal(38,10)": st.decimals(-(10**27), 10**27, places=10, allow_nan=False),
    "decimal(4,4)": st.decimals("-0.9999", "0.9999", places=4),
    "decimal(5,0)": st.decimals(-99999, 99999, places=0),
    "boolean": st.booleans(),
    "varchar": st.text(),
    "date": st.dates(),
    "timestamp": st.datetimes(),
}


def same(left: object, right: object) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return struct.pack(">d", left) == struct.pack(">d", right) or (
            math.isnan(left) and math.isnan(right)
        )
    return type(left) is type(right) and left == right


@pytest.mark.parametrize("data_type", VALUES)
def test_every_type_comes_back_exactly(data_type: str, redis_client: redis.Redis) -> None:
    encoder = RowEncoder("v", 3, [("a", data_type), ("b", data_type)])
    decoder = RowDecoder([("a", data_type), ("b", data_type)])

    @shared_redis
    @given(VALUES[data_type], micros)
    def comes_back(value: object, as_of_us: int) -> None:
        redis_client.set("row", encoder.encode("k", as_of_us, [value, None]))
        raw: Any = redis_client.get("row")
        header = decode_header(raw)
        assert (header.as_of_us, header.layout) == (as_of_us, 3)
        values = decoder.decode(raw)
        assert same(values["a"], value)
        assert values["b"] is None

    comes_back()


@given(micros, micros)
def test_headers_sort_like_time(left: int, right: int) -> None:
    ordered = encode_header(left, 1)[:9] < encode_header(right, 1)[:9]
    assert ordered == (left < right)


def test_header_bytes_are_the_documented_ones() -> None:
    assert encode_header(0, 2) == b"\x01\x80\0\0\0\0\0\0\0\0\x02"
    assert encode_tombstone(1) == b"\x01\x80\0\0\0\0\0\0\x01\0\0"
    assert decode_header(encode_tombstone(1)).is_tombstone


def test_payload_is_the_documented_json() -> None:
    columns = {
        "i": "hugeint",
        "d": "double",
        "n": "DOUBLE",
        "c": "decimal(18,2)",
        "b": "bool",
        "t": "text",
        "day": "date",
        "at": "timestamp",
        "z": "integer",
    }
    values = [
        2**100,
        0.1,
        math.nan,
        Decimal("1.5"),
        True,
        "é",
        date(2026, 1, 2),
        datetime(2026, 1, 2, 3),
        None,
    ]
    row = RowEncoder("v", 1, list(columns.items())).encode("k", 0, values)
    assert row[HEADER_SIZE:].decode() == (
        '[1267650600228229401496703205376,0.1,"NaN","1.50",true,"é","2026-01-02",'
        '"2026-01-02T03:00:00.000000",null]'
    )


@pytest.mark.parametrize(
    ("name", "normal"),
    [
        ("INTEGER", "integer"),
        ("int", "integer"),
        ("BIGINT", "bigint"),
        ("DECIMAL(18, 2)", "decimal(18,2)"),
        ("numeric ( 9 )", "decimal(9,0)"),
        ("decimal", "decimal(18,3)"),
        ("VARCHAR", "varchar"),
        ("varchar(20)", "varchar"),
        ("character varying(20)", "varchar"),
        ("text", "varchar"),
        ("Double  Precision", "double"),
        ("real", "float"),
        ("timestamp without time zone", "timestamp"),
        ("timestamp(6)", "timestamp"),
        ("UHUGEINT", "uhugeint"),
        ("bool", "boolean"),
    ],
)
def test_type_names_are_normalised(name: str, normal: str) -> None:
    assert normalise_type(name) == normal
    assert normalise_type(normal) == normal


@pytest.mark.parametrize(
    "name",
    [
        "",
        "integer[]",
        "struct(a integer)",
        "timestamptz",
        "timestamp with time zone",
        "timestamp(9)",
        "timestamp_ns",
        "decimal(39,0)",
        "decimal(2,3)",
        "integer(4)",
        "blob",
        "interval",
        "json",
    ],
)
def test_other_types_are_refused_with_what_to_do(name: str) -> None:
    with pytest.raises(WrongValue, match=r"cannot be served\. Cast the column"):
        codec_for(name)


@pytest.mark.parametrize(
    ("data_type", "value"),
    [
        ("integer", True),
        ("integer", 1.0),
        ("integer", "1"),
        ("integer", 2**31),
        ("utinyint", -1),
        ("uhugeint", 2**128),
        ("integer", np.True_),
        ("integer", pd.NA),
        ("double", True),
        ("double", "1"),
        ("double", Decimal(1)),
        ("double", 2**53 + 1),
        ("double", 10**400),
        ("float", 1e39),
        ("decimal(5,2)", Decimal("0.001")),
        ("decimal(5,2)", Decimal("1000")),
        ("decimal(5,2)", Decimal("NaN")),
        ("decimal(5,2)", Decimal("Infinity")),
        ("decimal(5,2)", 1.5),
        ("decimal(5,2)", True),
        ("boolean", 1),
        ("varchar", 1),
        ("varchar", b"x"),
        ("varchar", "\ud800"),
        ("date", datetime(2026, 1, 1)),
        ("date", "2026-01-01"),
        ("timestamp", date(2026, 1, 1)),
        ("timestamp", datetime(2026, 1, 1, tzinfo=UTC)),
        ("timestamp", pd.NaT),
        ("timestamp", pd.Timestamp("2026-01-01 00:00:00.000000001")),
    ],
)
def test_a_wrong_value_is_refused_naming_view_key_and_column(data_type: str, value: object) -> None:
    encoder = RowEncoder("activity", 1, [("fine", "integer"), ("bad", data_type)])
    with pytest.raises(UnservableValue) as caught:
        encoder.encode("42", 0, [1, value])
    assert "View 'activity', key '42', column 'bad': " in str(caught.value)
    assert "Cast it" in str(caught.value)


@pytest.mark.parametrize(
    ("data_type", "value", "plain"),
    [
        ("integer", np.int64(4), 4),
        ("double", np.float32(0.5), 0.5),
        ("double", 3, 3.0),
        ("decimal(5,2)", 3, Decimal("3.00")),
        ("boolean", np.True_, True),
        ("timestamp", pd.Timestamp("2026-01-01 00:00:01"), datetime(2026, 1, 1, 0, 0, 1)),
    ],
)
def test_exact_relatives_are_taken(data_type: str, value: object, plain: object) -> None:
    codec = codec_for(data_type)
    assert same(codec.decode(codec.encode(value)), plain)


@pytest.mark.parametrize(
    ("data_type", "payload"),
    [
        ("integer", b"[1.0]"),
        ("integer", b"[true]"),
        ("integer", b"[2147483648]"),
        ("integer", b'["1"]'),
        ("integer", b"[1,2]"),
        ("integer", b"[]"),
        ("integer", b"1"),
        ("integer", b"[1"),
        ("integer", b""),
        ("integer", b"[" * 100_000),
        ("integer", b"[" + b"9" * 5000 + b"]"),
        ("double", b"[NaN]"),
        ("double", b"[1e999]"),
        ("double", b'["nan"]'),
        ("double", b"[1" + b"0" * 400 + b"]"),
        ("double", b"[true]"),
        ("float", b"[1e300]"),
        ("decimal(5,2)", b"[1.5]"),
        ("decimal(5,2)", b'["1e1"]'),
        ("decimal(5,2)", b'["1.555"]'),
        ("decimal(5,2)", b'["NaN"]'),
        ("boolean", b"[1]"),
        ("varchar", b"[1]"),
        ("varchar", b'["\xff"]'),
        ("varchar", b'["\\ud800"]'),
        ("date", b'["20260101"]'),
        ("date", b'["2026-02-30"]'),
        ("timestamp", b'["2026-01-01"]'),
        ("timestamp", b'["2026-01-01T00:00:00"]'),
        ("timestamp", b'["2026-01-01T00:00:00.000000+00:00"]'),
    ],
)
def test_a_malformed_payload_is_refused(data_type: str, payload: bytes) -> None:
    with pytest.raises(WrongValue):
        RowDecoder([("a", data_type)]).decode(encode_header(0, 1) + payload)


@given(st.binary(max_size=40))
def test_any_bytes_decode_or_are_refused(raw: bytes) -> None:
    with suppress(WrongValue):
        decode_header(raw)
        RowDecoder([("a", "integer")]).decode(raw)


def test_a_writer_refuses_a_type_a_layout_and_a_count() -> None:
    with pytest.raises(UnservableValue, match="View 'v', column 'a': type 'blob'"):
        RowEncoder("v", 1, [("a", "blob")])
    with pytest.raises(UnservableValue, match="new version"):
        RowEncoder("v", 2**16, [("a", "integer")])
    with pytest.raises(UnservableValue, match="2 values for 1 columns"):
        RowEncoder("v", 1, [("a", "integer")]).encode("k", 0, [1, 2])


def test_a_refusal_does_not_print_the_value() -> None:
    with pytest.raises(UnservableValue) as caught:
        RowEncoder("v", 1, [("iban", "integer")]).encode("k", 0, ["DE89370400440532013000"])
    assert "DE89" not in str(caught.value)
