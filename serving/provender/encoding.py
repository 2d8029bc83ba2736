"""The value of a row in Redis, format 1: an 11-byte header, then a JSON array.

The header is big endian: u8 format, u64 `as_of` in microseconds since the epoch plus 2**63, u16
layout. The offset makes the bytes sort like the time, so that a script in Redis compares `as_of`
without decoding. Layout 0 is a tombstone and has no payload; other layouts name the columns whose
values the array holds, in order.
"""

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from provender.data_types import Codec, Value, codec_for, normalise_type
from provender.errors import CorruptValue, UnservableValue, WrongValue

__all__ = [
    "FORMAT",
    "HEADER_SIZE",
    "TOMBSTONE",
    "Header",
    "RowDecoder",
    "RowEncoder",
    "codec_for",
    "corrupt",
    "decode_header",
    "encode_header",
    "encode_tombstone",
    "normalise_type",
]

FORMAT = 1
TOMBSTONE = 0
_HEADER = struct.Struct(">BQH")
HEADER_SIZE = _HEADER.size
_OFFSET = 2**63


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_TO_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_FROM_JSON = json.JSONDecoder(parse_constant=_refuse_constant).decode


@dataclass(frozen=True, slots=True)
class Header:
    """What a row says before its values: when it was computed, and in which layout."""

    as_of_us: int
    layout: int

    @property
    def is_tombstone(self) -> bool:
        """Whether the row says that the key is gone."""
        return self.layout == TOMBSTONE


def encode_header(as_of_us: int, layout: int) -> bytes:
    """Return the 11 bytes; `layout` is 1 to 65535, or 0 for a tombstone."""
    return _HEADER.pack(FORMAT, as_of_us + _OFFSET, layout)


def encode_tombstone(as_of_us: int) -> bytes:
    """Return the row that says the key was gone at `as_of_us`."""
    return encode_header(as_of_us, TOMBSTONE)


def decode_header(raw: bytes) -> Header:
    """Return the header of a row; raise WrongValue when there is none, or of another format."""
    if len(raw) < HEADER_SIZE:
        raise WrongValue(f"it has {len(raw)} bytes and the header alone takes {HEADER_SIZE}")
    number, as_of, layout = _HEADER.unpack_from(raw)
    if number != FORMAT:
        raise WrongValue(f"its format is {number}, and this package reads format {FORMAT}")
    if layout == TOMBSTONE and len(raw) != HEADER_SIZE:
        raise WrongValue("it is a tombstone with a payload")
    return Header(as_of - _OFFSET, layout)


class RowEncoder:
    """Values to bytes for one layout of one view; built once, used for every row of a push."""

    def __init__(self, view: str, layout: int, columns: Sequence[tuple[str, str]]) -> None:
        """Take the layout's (column, declared type) pairs; raise UnservableValue for a type."""
        if not 0 < layout < 2**16:
            raise UnservableValue(
                f"View {view!r} has used up its layouts ({layout}). Give it a new version."
            )
        self.view, self.layout = view, layout
        self._names = [name for name, _ in columns]
        self._codecs = [self._codec(name, data_type) for name, data_type in columns]
        self._encoders = [codec.encode for codec in self._codecs]

    def encode(self, key: str, as_of_us: int, values: Sequence[object]) -> bytes:
        """Return the row; raise UnservableValue naming view, `key` (as encoded) and column."""
        if len(values) != len(self._names):
            raise UnservableValue(
                f"View {self.view!r}, key {key!r}: {len(values)} values for"
                f" {len(self._names)} columns ({', '.join(self._names)}). Pass one for each."
            )
        try:
            payload = [encode(value) for encode, value in zip(self._encoders, values, strict=True)]
        except WrongValue:
            raise self._refusal(key, values) from None
        return encode_header(as_of_us, self.layout) + _TO_JSON(payload).encode()

    def _codec(self, name: str, data_type: str) -> Codec:
        try:
            return codec_for(data_type)
        except WrongValue as error:
            raise UnservableValue(f"View {self.view!r}, column {name!r}: {error}") from None

    def _refusal(self, key: str, values: Sequence[object]) -> UnservableValue:
        """Find the column again: only failures pay for telling which it was."""
        for name, codec, value in zip(self._names, self._codecs, values, strict=True):
            try:
                codec.encode(value)
            except WrongValue as error:
                return UnservableValue(
                    f"View {self.view!r}, key {key!r}, column {name!r}: {error}."
                    " Cast it in the view's SQL, or declare the type it has."
                )
        raise AssertionError("a row was refused, and each of its values accepted")


class RowDecoder:
    """Bytes to values for one layout; built once per registry, used for every read."""

    def __init__(self, columns: Sequence[tuple[str, str]]) -> None:
        """Take the layout's (column, declared type) pairs; raise WrongValue for a type."""
        self._columns = [(name, codec_for(data_type)) for name, data_type in columns]

    def decode(self, raw: bytes) -> dict[str, Value]:
        """Return column -> value; raise WrongValue with the reason when `raw` is malformed."""
        try:
            values = _FROM_JSON(raw[HEADER_SIZE:].decode())
        except (ValueError, RecursionError):
            raise WrongValue("its payload is not JSON") from None
        if not isinstance(values, list) or len(values) != len(self._columns):
            raise WrongValue(f"its payload is not a list of {len(self._columns)} values")
        return {
            name: _decode(name, codec, value)
            for (name, codec), value in zip(self._columns, values, strict=True)
        }


def corrupt(redis_key: str, reason: object, view: str) -> CorruptValue:
    """Return the error for a row that cannot be read, with the command that mends it."""
    return CorruptValue(
        f"Redis key {redis_key!r} holds a row that cannot be read: {reason}."
        f" Run `push-online --full --select {view}` to write it anew."
    )


def _decode(name: str, codec: Codec, value: object) -> Value:
    try:
        return codec.decode(value)
    except WrongValue as error:
        raise WrongValue(f"column {name!r}: {error}") from None
