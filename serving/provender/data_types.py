"""Declared types: one name each, and values to JSON scalars and back, exactly.

Names are read as DuckDB reads them (`float` is 32 bits, bare `decimal` is `decimal(18,3)`).
What JSON cannot hold exactly travels as text: decimals, dates, timestamps, NaN and infinities.
Nothing is coerced: what is not of the type is refused, in both directions.
"""

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow
from functools import lru_cache, partial
from numbers import Real
from typing import TypeAlias

from provender.errors import WrongValue

JsonScalar: TypeAlias = bool | int | float | str | None
Value: TypeAlias = bool | int | float | Decimal | str | date | datetime | None

INTEGER_BITS = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64, "hugeint": 128}
INTEGER_RANGES = {name: (-(2 ** (n - 1)), 2 ** (n - 1) - 1) for name, n in INTEGER_BITS.items()}
INTEGER_RANGES |= {f"u{name}": (0, 2**n - 1) for name, n in INTEGER_BITS.items()}

ALIASES = {
    **dict.fromkeys(["int1"], "tinyint"),
    **dict.fromkeys(["int2", "short", "int16"], "smallint"),
    **dict.fromkeys(["int", "int4", "signed", "int32"], "integer"),
    **dict.fromkeys(["int8", "long", "int64"], "bigint"),
    "int128": "hugeint",
    **{"uint8": "utinyint", "uint16": "usmallint", "uint32": "uinteger"},
    **{"uint64": "ubigint", "uint128": "uhugeint"},
    **dict.fromkeys(["real", "float4"], "float"),
    **dict.fromkeys(["double precision", "float8", "float64"], "double"),
    **dict.fromkeys(["bool", "logical"], "boolean"),
    **dict.fromkeys(["text", "string", "char", "bpchar", "character varying"], "varchar"),
    **dict.fromkeys(["datetime", "timestamp without time zone", "timestamp_ntz"], "timestamp"),
    **dict.fromkeys(["numeric", "dec", "number"], "decimal"),
}
SIMPLE_TYPES = frozenset({*INTEGER_RANGES, "float", "double", "boolean", "varchar"}) | {
    "date",
    "timestamp",
}

_TYPE = re.compile(r"([a-z][a-z0-9_ ]*?) ?(?:\( ?(\d{1,4}) ?(?:, ?(\d{1,4}) ?)?\))?")
_DECIMAL_TEXT = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_EXACT = Context(prec=100, traps=[Inexact, InvalidOperation, Overflow])
_FLOAT_MAX = float.fromhex("0x1.fffffep+127")
_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


@dataclass(frozen=True, slots=True)
class Codec:
    """One declared type; null passes in both directions, whatever the type."""

    name: str
    _encode: Callable[[object], JsonScalar]
    _decode: Callable[[object], Value]

    def encode(self, value: object) -> JsonScalar:
        """Return the JSON scalar; raise WrongValue when `value` is not of the type."""
        return None if value is None else self._encode(value)

    def decode(self, scalar: object) -> Value:
        """Return the Python value; raise WrongValue when `scalar` is malformed."""
        return None if scalar is None else self._decode(scalar)


def normalise_type(name: str) -> str:
    """Return the one name of a type: `DECIMAL(18, 2)` -> `decimal(18,2)`, `text` -> `varchar`.

    Raise WrongValue for a type that cannot be served.
    """
    match = _TYPE.fullmatch(" ".join(name.lower().split()))
    if match is None:
        raise _unservable_type(name)
    base = ALIASES.get(match[1], match[1])
    width, scale = match[2], match[3]
    if base == "decimal":
        return _decimal_name(name, width, scale)
    # A length on text and a precision of 6 on a timestamp change nothing that is stored.
    harmless = (base == "varchar" and scale is None) or (base == "timestamp" and width == "6")
    if base not in SIMPLE_TYPES or (width is not None and not harmless):
        raise _unservable_type(name)
    return base


@lru_cache(maxsize=512)
def codec_for(name: str) -> Codec:
    """Return the codec of a declared type, under any of its names; raise WrongValue if none."""
    data_type = normalise_type(name)
    if data_type in INTEGER_RANGES:
        bounds = INTEGER_RANGES[data_type]
        return Codec(
            data_type,
            partial(_encode_integer, data_type, *bounds),
            partial(_decode_integer, data_type, *bounds),
        )
    if data_type in {"double", "float"}:
        limit = math.inf if data_type == "double" else _FLOAT_MAX
        return Codec(
            data_type,
            partial(_encode_float, data_type, limit),
            partial(_decode_float, data_type, limit),
        )
    if data_type.startswith("decimal"):
        width, scale = (int(part) for part in data_type[8:-1].split(","))
        return Codec(
            data_type,
            partial(_encode_decimal, data_type, width, scale),
            partial(_decode_decimal, data_type, width, scale),
        )
    return _TEXTUAL[data_type]


def _decimal_name(name: str, width: str | None, scale: str | None) -> str:
    digits, places = (18, 3) if width is None else (int(width), int(scale or 0))
    if not 1 <= digits <= 38 or places > digits:
        raise _unservable_type(name)
    return f"decimal({digits},{places})"


def _unservable_type(name: str) -> WrongValue:
    known = ", ".join(sorted({*SIMPLE_TYPES, "decimal(p,s)"}))
    return WrongValue(f"type {name!r} cannot be served. Cast the column to one of: {known}.")


def _refuse(value: object, data_type: str, why: str = "") -> WrongValue:
    # The type and not the value: it may be personal.
    return WrongValue(f"a {type(value).__name__} {why or 'is not'} a valid {data_type}")


def _out_of_range(data_type: str) -> WrongValue:
    return WrongValue(f"the number is out of range for {data_type}")


def _encode_integer(name: str, low: int, high: int, value: object) -> int:
    number = value if type(value) is int else _index(name, value)
    if not low <= number <= high:
        raise _out_of_range(name)
    return number


def _index(name: str, value: object) -> int:
    if isinstance(value, bool):
        raise _refuse(value, name)
    try:
        return operator.index(value)  # type: ignore[arg-type]  # numpy's integers, not ours to import
    except TypeError:
        raise _refuse(value, name) from None


def _decode_integer(name: str, low: int, high: int, scalar: object) -> int:
    if type(scalar) is not int:
        raise _refuse(scalar, name)
    return _encode_integer(name, low, high, scalar)


def _encode_float(name: str, limit: float, value: object) -> float | str:
    number = value if type(value) is float else _exact_float(name, value)
    if math.isfinite(number):
        if abs(number) > limit:
            raise _out_of_range(name)
        return number
    if math.isnan(number):
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"


def _exact_float(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise _refuse(value, name)
    try:
        number = float(value)
    except OverflowError:
        raise _out_of_range(name) from None
    if number != value and not math.isnan(number):
        raise _refuse(value, name, "is not exactly")
    return number


def _decode_float(name: str, limit: float, scalar: object) -> float:
    if isinstance(scalar, str):
        if scalar not in _NOT_FINITE:
            raise _refuse(scalar, name)
        return _NOT_FINITE[scalar]
    if type(scalar) not in (int, float):
        raise _refuse(scalar, name)
    number = _exact_float(name, scalar)
    if not math.isfinite(number) or abs(number) > limit:  # 1e999 parses as infinity
        raise _out_of_range(name)
    return number


def _encode_decimal(name: str, width: int, scale: int, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise _refuse(value, name)
    try:
        number = Decimal(value).quantize(Decimal(1).scaleb(-scale), context=_EXACT)
    except DecimalException:
        raise WrongValue(f"the number does not fit {name}") from None
    if not number.is_finite() or number.adjusted() >= width - scale:
        raise _out_of_range(name)
    return format(number, "f")


def _decode_decimal(name: str, width: int, scale: int, scalar: object) -> Decimal:
    if not isinstance(scalar, str) or not _DECIMAL_TEXT.fullmatch(scalar):
        raise _refuse(scalar, name)
    number = Decimal(scalar)
    _encode_decimal(name, width, scale, number)
    return number


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    # numpy's booleans are not Python's, and are told by name since numpy is not ours to import.
    if type(value).__module__ == "numpy" and type(value).__name__ in {"bool", "bool_"}:
        return bool(value)
    raise _refuse(value, "boolean")


def _decode_boolean(scalar: object) -> bool:
    if not isinstance(scalar, bool):
        raise _refuse(scalar, "boolean")
    return scalar


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _refuse(value, "varchar")
    try:
        return value if value.isascii() else value.encode().decode()
    except UnicodeEncodeError:
        raise _refuse(value, "varchar", "with half a surrogate pair is not") from None


def _encode_date(value: object) -> str:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise _refuse(value, "date")
    return value.isoformat()


def _decode_date(scalar: object) -> date:
    try:
        day = date.fromisoformat(_text(scalar))
    except ValueError:
        raise _refuse(scalar, "date") from None
    if day.isoformat() != scalar:
        raise _refuse(scalar, "date")
    return day


def _encode_timestamp(value: object) -> str:
    if not isinstance(value, datetime) or not isinstance(value.year, int):  # NaT
        raise _refuse(value, "timestamp")
    if value.tzinfo is not None:
        raise _refuse(value, "timestamp", "with a time zone (convert it to naive UTC) is not")
    if getattr(value, "nanosecond", 0):
        raise _refuse(value, "timestamp", "with nanoseconds is not")
    return value.isoformat(timespec="microseconds")


def _decode_timestamp(scalar: object) -> datetime:
    try:
        instant = datetime.fromisoformat(_text(scalar))
    except ValueError:
        raise _refuse(scalar, "timestamp") from None
    if instant.tzinfo is not None or instant.isoformat(timespec="microseconds") != scalar:
        raise _refuse(scalar, "timestamp")
    return instant


_TEXTUAL = {
    "boolean": Codec("boolean", _boolean, _decode_boolean),
    "varchar": Codec("varchar", _text, _text),
    "date": Codec("date", _encode_date, _decode_date),
    "timestamp": Codec("timestamp", _encode_timestamp, _decode_timestamp),
}
