"""Values of a row, a list or a struct as bytes: the reading side. docs/formats.md tells them all.

A *tuple* of n values is a bitmap of its nulls (n bits, the first in the lowest bit), then for each
value a part of fixed size, big endian, then what varies in size. A row is a tuple of its columns,
a struct of its fields, a list of as many elements as the four bytes before it say.
"""

import struct
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Context, Decimal
from functools import lru_cache, partial
from operator import add
from typing import Any, TypeAlias, cast

from provender.data_types import Value
from provender.errors import WrongValue
from provender.instants import MICROSECOND
from provender.type_names import DataType

FIXED = {
    **{"tinyint": "b", "smallint": "h", "integer": "i", "bigint": "q", "hugeint": "16s"},
    **{"utinyint": "B", "usmallint": "H", "uinteger": "I", "ubigint": "Q", "uhugeint": "16s"},
    **{"float": "f", "double": "d", "boolean": "?", "date": "i", "timestamp": "q"},
}
LENGTH = "I"  # of text, lists and structs: what the fixed part holds of them
SHORT_DECIMAL = 18  # digits that fit eight bytes

Convert: TypeAlias = Callable[[Any], Value]
Column: TypeAlias = Sequence[Any]  # a value of each of many rows
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_EPOCH = datetime(1970, 1, 1)
_DIGITS = Context(prec=40)


def fixed_format(data_type: DataType) -> str:
    """Return the `struct` format of the fixed part of a type."""
    if data_type.decimal:
        return "q" if data_type.decimal[0] <= SHORT_DECIMAL else "16s"
    return FIXED.get(data_type.name, LENGTH)


def _is_fixed(data_type: DataType) -> bool:
    return data_type.name in FIXED or data_type.decimal is not None


class PackedTuple:
    """Values of known types, one after another."""

    def __init__(self, types: Sequence[DataType], header: str = "") -> None:
        """Work out where each value is; `header` is the `struct` format of what goes before."""
        bitmap = f"{(len(types) + 7) // 8}s"
        self._fixed = struct.Struct(f">{header}{bitmap}{''.join(map(fixed_format, types))}")
        self._no_nulls = bytes((len(types) + 7) // 8)
        self._conversions = [
            (at, convert) for at, type_ in enumerate(types) if (convert := _conversion(type_))
        ]
        self._varying = [
            (at, _varying(type_)) for at, type_ in enumerate(types) if not _is_fixed(type_)
        ]

    def unpack(self, raw: bytes, at: int) -> list[Value]:
        """Return the values that fill `raw` from `at` on; raise WrongValue when they do not."""
        try:
            nulls, *values = self._fixed.unpack_from(raw, at)
        except struct.error as error:
            raise _unreadable(error) from None
        self._complete(values, nulls, raw, at + self._fixed.size)
        return values

    def unpack_row(self, raw: bytes) -> tuple[int, list[Value]]:
        """Return `as_of` as the header of a row holds it, and the values; raise WrongValue."""
        try:
            _, as_of, _, nulls, *values = self._fixed.unpack_from(raw)
        except struct.error as error:
            raise _unreadable(error) from None
        self._complete(values, nulls, raw, self._fixed.size)
        return as_of, values

    def unpack_rows(self, raws: Sequence[bytes | None]) -> tuple[list[Column], list[Column]]:
        """Return three columns of the header, and the columns of values, of one row or more.

        Raise WrongValue where not all of them can be read.
        """
        rows = cast("Sequence[bytes]", raws)  # None is no row: a TypeError
        try:
            parts = zip(*map(self._fixed.unpack_from, rows), strict=True)
            numbers, as_ofs, layouts, nulls, *fixed = parts
        except (struct.error, TypeError) as error:
            raise _unreadable(error) from None
        columns = self._completed(fixed, rows)
        if set(nulls) != {self._no_nulls}:
            columns = _blanked(columns, nulls, self._no_nulls)
        return [numbers, as_ofs, layouts], columns

    def _complete(self, values: list[Any], nulls: bytes, raw: bytes, at: int) -> None:
        """Turn the fixed parts into the values; what varies in size begins at `at`."""
        try:
            for index, convert in self._varying:
                end = at + values[index]
                values[index] = convert(raw[at:end])
                at = end
            for index, convert in self._conversions:
                values[index] = convert(values[index])
        except (ValueError, OverflowError) as error:
            raise _unreadable(error) from None
        if at != len(raw):
            raise WrongValue(f"its values take {at} bytes, and it has {len(raw)}")
        if nulls != self._no_nulls:
            _blank(values, nulls)

    def _completed(self, fixed: Sequence[Column], rows: Sequence[bytes]) -> list[Column]:
        """Return the columns as _complete() would each row, but for the nulls."""
        columns = list(fixed)
        ends = [self._fixed.size] * len(rows)
        try:
            for index, convert in self._varying:
                starts, ends = ends, list(map(add, ends, columns[index]))
                cut = zip(rows, starts, ends, strict=True)
                columns[index] = [convert(raw[start:end]) for raw, start, end in cut]
            for index, convert in self._conversions:
                columns[index] = _converted(convert, columns[index])
        except (ValueError, OverflowError) as error:
            raise _unreadable(error) from None
        if ends != list(map(len, rows)):
            raise WrongValue("their values do not take the bytes they have")
        return columns


def _unreadable(error: Exception) -> WrongValue:
    return WrongValue(f"its values cannot be read ({error})")


def _blank(values: list[Value], nulls: bytes) -> None:
    bits = int.from_bytes(nulls, "little")
    for index in range(len(values)):
        if bits >> index & 1:
            values[index] = None


def _blanked(columns: Sequence[Column], nulls: Sequence[bytes], no_nulls: bytes) -> list[Column]:
    blanked = [list(column) for column in columns]
    for at, of_row in enumerate(nulls):
        if of_row == no_nulls:
            continue
        bits = int.from_bytes(of_row, "little")
        for index, column in enumerate(blanked):
            if bits >> index & 1:
                column[at] = None
    return [*blanked]


def _converted(convert: Convert, column: Column) -> Column:
    if convert is _timestamp:  # the slowest of all, without a call of Python for each
        return list(map(_EPOCH.__add__, map(MICROSECOND.__mul__, column)))
    return list(map(convert, column))


def _conversion(data_type: DataType) -> Convert | None:
    if data_type.decimal:
        width, scale = data_type.decimal
        # The context is our own: a caller's may be of too few digits.
        scaled: Convert = partial(_DIGITS.multiply, Decimal(1).scaleb(-scale))
        return scaled if width <= SHORT_DECIMAL else partial(_long_decimal, scaled)
    return _CONVERSIONS.get(data_type.name)


def _long_decimal(scaled: Convert, raw: bytes) -> Value:
    return scaled(int.from_bytes(raw, "big", signed=True))


def _date(days: int) -> date:
    return date.fromordinal(days + _EPOCH_DAY)


def _timestamp(microseconds: int) -> datetime:
    return _EPOCH + MICROSECOND * microseconds


_CONVERSIONS: dict[str, Convert] = {
    "hugeint": partial(int.from_bytes, byteorder="big", signed=True),
    "uhugeint": partial(int.from_bytes, byteorder="big", signed=False),
    "date": _date,
    "timestamp": _timestamp,
}


def _varying(data_type: DataType) -> Convert:
    if data_type.element:
        return partial(_list, data_type.element)
    if data_type.fields:
        names = [name for name, _ in data_type.fields]
        return partial(_struct, names, PackedTuple([inner for _, inner in data_type.fields]))
    return bytes.decode


def _list(element: DataType, raw: bytes) -> list[Value]:
    if not raw:
        return []  # of a null
    count = int.from_bytes(raw[:4], "big")
    if count > len(raw):
        raise WrongValue(f"a list of {count} elements in {len(raw)} bytes")
    return _elements(element, count).unpack(raw, 4)


@lru_cache(maxsize=256)
def _elements(element: DataType, count: int) -> PackedTuple:
    return PackedTuple([element] * count)


def _struct(names: list[str], fields: PackedTuple, raw: bytes) -> dict[str, Value]:
    return dict(zip(names, fields.unpack(raw, 0), strict=True)) if raw else {}
