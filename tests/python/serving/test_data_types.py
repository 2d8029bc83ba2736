"""Declared types have one name, and their values are JSON and back exactly, or refused."""

import json
import math
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped,unused-ignore]
import pytest
from encoded import VALUES, same
from hypothesis import given
from hypothesis import strategies as st

from provender.data_types import codec_for
from provender.errors import WrongValue
from provender.type_names import normalise_type


@pytest.mark.parametrize("data_type", VALUES)
def test_every_type_comes_back_exactly(data_type: str) -> None:
    codec = codec_for(data_type)

    @given(st.none() | VALUES[data_type])
    def comes_back(value: object) -> None:
        assert same(codec.decode(json.loads(json.dumps(codec.encode(value)))), value)

    comes_back()


def test_values_are_the_documented_json() -> None:
    documented = {
        "hugeint": (2**100, 1267650600228229401496703205376),
        "double": (math.nan, "NaN"),
        "decimal(18,2)": (Decimal("1.5"), "1.50"),
        "boolean": (True, True),
        "varchar": ("é", "é"),
        "date": (date(2026, 1, 2), "2026-01-02"),
        "timestamp": (datetime(2026, 1, 2, 3), "2026-01-02T03:00:00.000000"),
        "decimal(3,1)[]": ([Decimal(1), None], ["1.0", None]),
        "struct(day date)": ({"day": date(2026, 1, 2)}, {"day": "2026-01-02"}),
    }
    for data_type, (value, scalar) in documented.items():
        assert codec_for(data_type).encode(value) == scalar


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
        ("INTEGER[]", "integer[]"),
        ("text[][]", "varchar[][]"),
        ("STRUCT(City TEXT, Visits INT[])", "struct(city varchar, visits integer[])"),
        (
            'struct("a, (b)" numeric(4, 1), c struct(d date))',
            'struct("a, (b)" decimal(4,1), c struct(d date))',
        ),
        ('struct("say ""x""" integer)[]', 'struct("say ""x""" integer)[]'),
    ],
)
def test_type_names_are_normalised(name: str, normal: str) -> None:
    assert normalise_type(name) == normal
    assert normalise_type(normal) == normal


@pytest.mark.parametrize(
    "name",
    [
        "",
        "integer[3]",
        "blob[]",
        "struct()",
        "struct(a)",
        "struct(a integer, A integer)",
        "struct(a integer",
        "map(integer, text)",
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
        ("integer[]", (1,)),
        ("integer[]", ["1"]),
        ("struct(a integer)", {"a": 1, "b": 2}),
        ("struct(a integer)", {"a": "1"}),
    ],
)
def test_a_wrong_value_is_refused(data_type: str, value: object) -> None:
    with pytest.raises(WrongValue):
        codec_for(data_type).encode(value)


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
    ("data_type", "scalar"),
    [
        ("integer", 1.0),
        ("integer", True),
        ("integer", 2147483648),
        ("integer", "1"),
        ("double", "nan"),
        ("double", math.inf),
        ("double", 10**400),
        ("double", True),
        ("float", 1e300),
        ("decimal(5,2)", 1.5),
        ("decimal(5,2)", "1e1"),
        ("decimal(5,2)", "1.555"),
        ("decimal(5,2)", "NaN"),
        ("boolean", 1),
        ("varchar", 1),
        ("varchar", "\ud800"),
        ("date", "20260101"),
        ("date", "2026-02-30"),
        ("timestamp", "2026-01-01"),
        ("timestamp", "2026-01-01T00:00:00"),
        ("timestamp", "2026-01-01T00:00:00.000000+00:00"),
        ("integer[]", 1),
        ("integer[]", [1.5]),
        ("struct(a integer)", {}),
    ],
)
def test_a_malformed_scalar_is_refused(data_type: str, scalar: Any) -> None:
    with pytest.raises(WrongValue):
        codec_for(data_type).decode(scalar)
