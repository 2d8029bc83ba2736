"""Rows for Redis, format 2: the writing side of encoding.py and packing.py, a batch at a time.

The parts of fixed size are laid out by numpy for all rows at once; what varies in size is appended
row by row.
"""

import struct
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from provender.data_types import codec_for
from provender.encoding import FORMAT, OFFSET
from provender.errors import UnservableValue, WrongValue
from provender.instants import FIRST_US, LAST_US, to_us
from provender.packing import FIXED, SHORT_DECIMAL, fixed_format
from provender.type_names import DataType, normalise_type, parse_type

Array: TypeAlias = "np.ndarray[Any, Any]"

MOST_LAYOUTS = 2**16 - 1
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_FIRST_DAY, _LAST_DAY = 1 - _EPOCH_DAY, date.max.toordinal() - _EPOCH_DAY
_HUGE = ("hugeint", "uhugeint")
_NO_SEPARATOR = pa.scalar(b"", pa.large_binary())
_ARROW = {
    **{"tinyint": pa.int8(), "smallint": pa.int16(), "integer": pa.int32(), "bigint": pa.int64()},
    **{"utinyint": pa.uint8(), "usmallint": pa.uint16(), "uinteger": pa.uint32()},
    **{"ubigint": pa.uint64(), "float": pa.float32(), "double": pa.float64()},
    **{"boolean": pa.bool_(), "date": pa.date32(), "timestamp": pa.timestamp("us")},
    **{"varchar": pa.string(), **dict.fromkeys(_HUGE, pa.string())},
}


def selected(name: str, data_type: str) -> str:
    """Return the expression that reads a quoted column as the encoder takes it.

    Arrow has no integers of 128 bits; they travel as text.
    """
    return f"cast({name} as varchar) as {name}" if normalise_type(data_type) in _HUGE else name


def python_values(column: pa.Array, data_type: str) -> list[Any]:
    """Return a column that was read as selected() says as Python values; raise UnservableValue."""
    try:
        values: list[Any] = column.to_pylist()
        if normalise_type(data_type) in _HUGE:
            return [None if text is None else int(text) for text in values]
    except (OverflowError, ValueError) as error:
        raise UnservableValue(f"A key is no {data_type} that Python has ({error}).") from None
    return values


class RowEncoder:
    """Batches of values to rows, for one layout of one view; built once for a push."""

    def __init__(self, view: str, layout: int, columns: Sequence[tuple[str, str]]) -> None:
        """Take the layout's (column, declared type) pairs; raise UnservableValue for a type."""
        if not 0 < layout <= MOST_LAYOUTS:
            raise UnservableValue(
                f"View {view!r} has used up its layouts ({layout}). Give it a new version."
            )
        self._view, self._layout = view, layout
        self._names = [name for name, _ in columns]
        self._types = [self._parsed(name, data_type) for name, data_type in columns]
        self._width = (len(columns) + 7) // 8
        fixed = [(str(at), _numpy_type(type_)) for at, type_ in enumerate(self._types)]
        header = [("format", "u1"), ("as_of", ">u8"), ("layout", ">u2")]
        self._dtype = np.dtype([*header, ("nulls", "u1", (self._width,)), *fixed])

    def encode(self, values: pa.RecordBatch, as_of_us: Array, keys: pa.Array) -> pa.Array:
        """Return a row for each of `keys`; raise UnservableValue naming view, key and column."""
        rows = np.zeros(len(keys), self._dtype)
        rows["format"], rows["layout"] = FORMAT, self._layout
        rows["as_of"] = as_of_us.astype(np.uint64) + np.uint64(OFFSET)
        rows["nulls"] = self._nulls(values)
        varying = []
        for at, (name, data_type) in enumerate(zip(self._names, self._types, strict=True)):
            column = values.column(at)
            try:
                _check_type(column, data_type)
                if _is_fixed(data_type):
                    rows[str(at)] = _fixed(column, data_type)
                else:
                    parts = _varying(column, data_type)
                    rows[str(at)] = pc.binary_length(parts).to_numpy()
                    varying.append(parts)
            except _RowError as error:
                raise self._refusal(name, error, keys[error.row].as_py()) from None
            except WrongValue as error:
                raise self._refusal(name, error) from None
        size = pa.binary(self._dtype.itemsize)
        fixed = pa.Array.from_buffers(size, len(keys), [None, pa.py_buffer(rows)])
        return pc.binary_join_element_wise(fixed.cast(pa.large_binary()), *varying, _NO_SEPARATOR)

    def _parsed(self, name: str, data_type: str) -> DataType:
        try:
            return parse_type(data_type)
        except WrongValue as error:
            raise UnservableValue(f"View {self._view!r}, column {name!r}: {error}") from None

    def _nulls(self, values: pa.RecordBatch) -> Array:
        bits = np.zeros((values.num_rows, 8 * self._width), bool)
        for at, column in enumerate(values.columns):
            if column.null_count:
                bits[:, at] = column.is_null().to_numpy(zero_copy_only=False)
        return np.packbits(bits, axis=1, bitorder="little")

    def _refusal(self, name: str, error: WrongValue, key: object = None) -> UnservableValue:
        whose = "" if key is None else f", key {key!r}"
        return UnservableValue(
            f"View {self._view!r}{whose}, column {name!r}: {error}."
            " Cast it in the view's SQL, or declare the type it has."
        )


class _RowError(WrongValue):
    """A value that cannot be encoded, and in which row of its batch."""

    def __init__(self, message: str, row: int) -> None:
        super().__init__(message)
        self.row = row


def _is_fixed(data_type: DataType) -> bool:
    return data_type.name in FIXED or data_type.decimal is not None


def _numpy_type(data_type: DataType) -> Any:
    code = fixed_format(data_type)
    return ("u1", (16,)) if code == "16s" else f">{np.dtype(code).str[1:]}"


def _check_type(column: pa.Array, data_type: DataType) -> None:
    wanted = arrow_type(data_type)
    if not column.type.equals(wanted):
        raise WrongValue(f"history holds a {column.type}, which is no {data_type.name}")


def arrow_type(data_type: DataType) -> pa.DataType:
    """Return what DuckDB gives a column of that type as, read as selected() says."""
    if data_type.decimal:
        return pa.decimal128(*data_type.decimal)
    if data_type.element:
        return pa.list_(pa.field("l", arrow_type(data_type.element)))
    if data_type.fields:
        return pa.struct([pa.field(name, arrow_type(inner)) for name, inner in data_type.fields])
    return _ARROW[data_type.name]


def _fixed(column: pa.Array, data_type: DataType) -> Array:
    if data_type.decimal:
        return _decimals(column, data_type.decimal[0])
    if data_type.name in _HUGE:
        return _huge(column, signed=data_type.name == "hugeint")
    if data_type.name == "date":
        return _within(_numbers(column.cast(pa.int32())), _FIRST_DAY, _LAST_DAY, "date")
    if data_type.name == "timestamp":
        return _within(_numbers(column.cast(pa.int64())), FIRST_US, LAST_US, "timestamp")
    return _numbers(column)


def _numbers(column: pa.Array) -> Array:
    nothing = False if pa.types.is_boolean(column.type) else 0
    numbers: Array = pc.fill_null(column, nothing).to_numpy(zero_copy_only=False)
    return numbers


def _within(numbers: Array, first: int, last: int, name: str) -> Array:
    outside = np.flatnonzero((numbers < first) | (numbers > last))
    if outside.size:
        raise _RowError(f"a {name} beyond the years 1 to 9999, which Python has not", outside[0])
    return numbers


def _decimals(column: pa.Array, digits: int) -> Array:
    """Unscaled: Arrow keeps them as 16 bytes, the lowest first."""
    stored = column.buffers()[1]
    raw = np.frombuffer(stored, "u1").reshape(-1, 16)[column.offset : column.offset + len(column)]
    raw = np.where(column.is_null().to_numpy(zero_copy_only=False)[:, None], 0, raw).astype("u1")
    return raw[:, :8].copy().view("<i8")[:, 0] if digits <= SHORT_DECIMAL else raw[:, ::-1]


def _huge(column: pa.Array, *, signed: bool) -> Array:
    try:
        numbers = [int(text or 0) for text in column.to_pylist()]
    except ValueError:  # Parquet has no such integers: DuckDB writes doubles
        raise WrongValue("history holds a double, which is no integer of 128 bits") from None
    raw = b"".join(number.to_bytes(16, "big", signed=signed) for number in numbers)
    return np.frombuffer(raw, "u1").reshape(-1, 16)


def _varying(column: pa.Array, data_type: DataType) -> pa.Array:
    """What varies in size, as binaries whose offsets may exceed four bytes."""
    if data_type.name == "varchar":
        return pc.fill_null(column.cast(pa.large_binary()), b"")
    pack = _packer(data_type)
    parts = []
    for row in range(len(column)):
        try:
            value = column[row].as_py()
            parts.append(b"" if value is None else pack(value))
        except (OverflowError, ValueError) as error:  # WrongValue is one
            raise _RowError(f"it holds what Python has not ({error})", row) from None
    return pa.array(parts, pa.large_binary())


def _packer(data_type: DataType) -> Callable[[Any], bytes]:
    """Return what packs one value of a type that is not of fixed size."""
    if data_type.element:
        element = data_type.element
        return lambda values: (
            len(values).to_bytes(4, "big") + _tuple([element] * len(values), values)
        )
    if data_type.fields:
        names = [name for name, _ in data_type.fields]
        types = [inner for _, inner in data_type.fields]
        return lambda value: _tuple(types, [value[name] for name in names])
    return lambda text: str(text).encode()


def _tuple(types: Sequence[DataType], values: Sequence[Any]) -> bytes:
    nulls = sum(1 << at for at, value in enumerate(values) if value is None)
    fixed: list[Any] = [nulls.to_bytes((len(types) + 7) // 8, "little")]
    varying = []
    for data_type, value in zip(types, values, strict=True):
        if _is_fixed(data_type):
            fixed.append(_fixed_part(data_type, value))
        else:
            part = b"" if value is None else _packer(data_type)(value)
            fixed.append(struct.pack(">I", len(part)))
            varying.append(part)
    return b"".join([*fixed, *varying])


def _fixed_part(data_type: DataType, value: Any) -> bytes:
    code = fixed_format(data_type)
    if value is None:
        return bytes(struct.calcsize(f">{code}"))
    value = codec_for(data_type.name).decode(codec_for(data_type.name).encode(value))
    if data_type.decimal:
        value = int(format(value, "f").replace(".", ""))
    elif data_type.name == "date":
        value = value.toordinal() - _EPOCH_DAY
    elif isinstance(value, datetime):
        value = to_us(value)
    if code == "16s":
        return int(value).to_bytes(16, "big", signed=data_type.name != "uhugeint")
    return struct.pack(f">{code}", value)
