"""Values of every type, and a row of some as the push encodes it."""

import math
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from provender.type_names import INTEGER_RANGES, parse_type
from provender_ops.row_encoding import RowEncoder, arrow_type

HUGE = ("hugeint", "uhugeint")
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    **{name: st.integers(low, high) for name, (low, high) in INTEGER_RANGES.items()},
    "double": st.floats(),
    "float": st.floats(width=32),
    "decimal(38,10)": st.decimals(-(10**27), 10**27, places=10, allow_nan=False),
    "decimal(18,2)": st.decimals(-(10**15), 10**15, places=2, allow_nan=False),
    "decimal(4,4)": st.decimals("-0.9999", "0.9999", places=4),
    "decimal(5,0)": st.decimals(-99999, 99999, places=0),
    "boolean": st.booleans(),
    "varchar": st.text(),
    "date": st.dates(),
    "timestamp": st.datetimes(),
}
VALUES = {
    **SCALARS,
    "bigint[]": st.lists(st.none() | SCALARS["bigint"], max_size=20),
    "varchar[][]": st.lists(st.lists(st.none() | st.text(), max_size=3), max_size=3),
    'struct(day date, "a, b" decimal(5,0), tags varchar[])': st.fixed_dictionaries(
        {
            "day": st.none() | st.dates(),
            "a, b": st.none() | SCALARS["decimal(5,0)"],
            "tags": st.none() | st.lists(st.text(), max_size=3),
        }
    ),
    "struct(moment timestamp, ok boolean, much double)[]": st.lists(
        st.fixed_dictionaries(
            {"moment": st.datetimes(), "ok": st.none() | st.booleans(), "much": st.floats()}
        ),
        max_size=9,
    ),
}


def same(left: Any, right: Any) -> bool:
    """Equal in value and type, through lists and structs; NaN is NaN, and -0.0 is not 0.0."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        bits = struct.pack(">d", left) == struct.pack(">d", right)
        return bits or (math.isnan(left) and math.isnan(right))
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    return bool(left == right)


def encoded(
    view: str,
    layout: int,
    columns: Sequence[tuple[str, str]],
    values: Sequence[Any],
    as_of_us: int = 0,
) -> bytes:
    """Return one row."""
    arrays = []
    for (_, name), value in zip(columns, values, strict=True):
        data_type = parse_type(name)
        given = str(value) if data_type.name in HUGE and value is not None else value
        arrays.append(pa.array([given], arrow_type(data_type)))
    batch = pa.RecordBatch.from_arrays(arrays, [name for name, _ in columns])
    rows = RowEncoder(view, layout, columns).encode(batch, np.array([as_of_us]), pa.array(["k"]))
    row: bytes = rows[0].as_py()
    return row
