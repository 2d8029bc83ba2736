"""Values to JSON and back, exactly, by declared type.

What JSON cannot hold exactly travels as text: decimals, dates, timestamps, NaN and infinities. A
list is an array, a struct an object. Nothing is coerced: what is not of the type is refused, in
both directions.
"""

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow
from functools import lru_cache, partial
from numbers import Real
from typing import Any, TypeAlias

from provender.errors import WrongValue
from provender.type_names import INTEGER_RANGES, DataType, parse_type

Json: TypeAlias = bool | int | float | str | list[Any] | dict[str, Any] | None
Value: TypeAlias = (
    bool | int | float | Decimal | str | date | datetime | list[Any] | dict[str, Any] | None
)

_DECIMAL_TEXT = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_EXACT = Context(prec=100, traps=[Inexact, InvalidOperation, Overflow])
_FLOAT_MAX = float.fromhex("0x1.fffffep+127")
_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


@dataclass(frozen=True, slots=True)
class Codec:
    """One declared type; null passes in both directions, whatever the type."""

    name: str
    _encode: Callable[[object], Json]
    _decode: Callable[[object], Value]

    def encode(self, value: object) -> Json:
        """Return the JSON value; raise WrongValue when `value` is not of the type."""
        return None if value is None else self._encode(value)

    def decode(self, json: object) -> Value:
        """Return the Python value; raise WrongValue when `json` is malformed."""
        return None if json is None else self._decode(json)


@lru_cache(maxsize=512)
def codec_for(name: str) -> Codec:
    """Return the codec of a declared type, under any of its names; raise WrongValue if none."""
    return _codec(parse_type(name))


def _codec(data_type: DataType) -> Codec:
    name = data_type.name
    if data_type.element:
        element = _codec(data_type.element)
        return Codec(
            name, partial(_list, name, element.encode), partial(_list, name, element.decode)
        )
    if data_type.fields:
        fields = {field: _codec(inner) for field, inner in data_type.fields}
        encoders = {field: codec.encode for field, codec in fields.items()}
        decoders = {field: codec.decode for field, codec in fields.items()}
        return Codec(name, partial(_struct, name, encoders), partial(_struct, name, decoders))
    if name in INTEGER_RANGES:
        bounds = INTEGER_RANGES[name]
        return Codec(
            name, partial(_encode_integer, name, *bounds), partial(_decode_integer, name, *bounds)
        )
    if name in {"double", "float"}:
        limit = math.inf if name == "double" else _FLOAT_MAX
        return Codec(name, partial(_encode_float, name, limit), partial(_decode_float, name, limit))
    if data_type.decimal:
        digits = data_type.decimal
        return Codec(
            name, partial(_encode_decimal, name, *digits), partial(_decode_decimal, name, *digits)
        )
    return _TEXTUAL[name]


def _list(name: str, each: Callable[[object], Any], value: object) -> list[Any]:
    if not isinstance(value, list):
        raise _refuse(value, name)
    return [each(one) for one in value]


def _struct(
    name: str, each: Mapping[str, Callable[[object], Any]], value: object
) -> dict[str, Any]:
    if not isinstance(value, dict) or value.keys() != each.keys():
        raise _refuse(value, name)
    return {field: convert(value[field]) for field, convert in each.items()}


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
