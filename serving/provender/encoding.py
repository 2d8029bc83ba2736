"""A row in Redis, format 2: an 11-byte header, then its values. This is the reading side.

The header is big endian: u8 format, u64 `as_of` in microseconds since the epoch plus 2**63, u16
layout. The offset makes the bytes sort like the time, so that a script in Redis compares `as_of`
without decoding. Layout 0 is a tombstone and has no values; other layouts name the columns whose
values follow, in order, as packing.py reads them.
"""

import struct
from collections.abc import Sequence
from typing import TypeAlias

from provender.data_types import Value
from provender.errors import CorruptValue, WrongValue
from provender.instants import FIRST_US, LAST_US
from provender.packing import Column, PackedTuple
from provender.type_names import parse_type

FORMAT = 2
TOMBSTONE = 0
HEADER_FORMAT = "BQH"
HEADER = struct.Struct(f">{HEADER_FORMAT}")
LAYOUT = slice(9, 11)  # where the header holds it
OFFSET = 2**63
_FIRST_AS_OF, _LAST_AS_OF = FIRST_US + OFFSET, LAST_US + OFFSET
_FORMAT_AND_TIME = slice(9)
_FIRST, _LAST = (
    HEADER.pack(FORMAT, as_of, TOMBSTONE)[_FORMAT_AND_TIME] for as_of in (_FIRST_AS_OF, _LAST_AS_OF)
)


Raws: TypeAlias = Sequence[bytes | None]  # rows as Redis gave them, None for one that is not there


def encode_tombstone(as_of_us: int) -> bytes:
    """Return the row that says the key was gone at `as_of_us`."""
    return HEADER.pack(FORMAT, as_of_us + OFFSET, TOMBSTONE)


def decode_header(raw: bytes) -> tuple[int, int]:
    """Return `as_of` in microseconds, and the layout; raise WrongValue for no such header."""
    if len(raw) < HEADER.size:
        raise WrongValue(f"it has {len(raw)} bytes and the header alone takes {HEADER.size}")
    number, as_of, layout = HEADER.unpack_from(raw)
    if number != FORMAT:
        raise WrongValue(f"its format is {number}, and this package reads format {FORMAT}")
    if layout == TOMBSTONE and len(raw) != HEADER.size:
        raise WrongValue("it is a tombstone with values")
    if not FIRST_US <= as_of - OFFSET <= LAST_US:
        raise WrongValue("its as_of is no date")
    return as_of - OFFSET, layout


class RowDecoder:
    """Bytes to values for one layout; built once per registry, used for every read."""

    def __init__(self, columns: Sequence[tuple[str, str]]) -> None:
        """Take the layout's (column, declared type) pairs; raise WrongValue for a type."""
        self.names = [name for name, _ in columns]
        types = [parse_type(data_type) for _, data_type in columns]
        self._row = PackedTuple(types, HEADER_FORMAT)

    def decode(self, raw: bytes) -> tuple[int, list[Value]]:
        """Return `as_of` in microseconds, and the values in order.

        Raise WrongValue with the reason when `raw` is malformed.
        """
        if not _FIRST <= raw[_FORMAT_AND_TIME] <= _LAST:
            decode_header(raw)  # says what is wrong with it
        as_of, values = self._row.unpack_row(raw)
        return as_of - OFFSET, values

    def decode_rows(self, layout: int, raws: Raws) -> tuple[list[int], list[Column]]:
        """Return `as_of` of each of one row or more, and the values in order, column by column.

        Raise WrongValue where not all are well-formed rows of that layout, the decoder's own.
        """
        (numbers, as_ofs, layouts), columns = self._row.unpack_rows(raws)
        if set(numbers) != {FORMAT} or set(layouts) != {layout}:
            raise WrongValue("they are not all of one format and layout")
        if min(as_ofs) < _FIRST_AS_OF or max(as_ofs) > _LAST_AS_OF:
            raise WrongValue("their as_of is no date")
        return [as_of - OFFSET for as_of in as_ofs], columns


def corrupt(redis_key: str, reason: object, view: str) -> CorruptValue:
    """Return the error for a row that cannot be read, with the command that mends it."""
    return CorruptValue(
        f"Redis key {redis_key!r} holds a row that cannot be read: {reason}."
        f" Run `push-online --full --select {view}` to write it anew."
    )
