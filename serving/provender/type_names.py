"""Declared types by one name each, read as DuckDB reads them.

`float` is 32 bits, bare `decimal` is `decimal(18,3)`. `integer[]` is a list and
`struct(city varchar, visits integer[])` a struct, to any depth.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from provender.errors import WrongValue

INTEGER_BITS = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64, "hugeint": 128}
INTEGER_RANGES = {name: (-(2 ** (n - 1)), 2 ** (n - 1) - 1) for name, n in INTEGER_BITS.items()}
INTEGER_RANGES |= {f"u{name}": (0, 2**n - 1) for name, n in INTEGER_BITS.items()}

_ALIASES = {
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
_SIMPLE = frozenset({*INTEGER_RANGES, "float", "double", "boolean", "varchar", "date", "timestamp"})
_SCALAR = re.compile(r"([a-z][a-z0-9_ ]*?) ?(?:\( ?(\d{1,4}) ?(?:, ?(\d{1,4}) ?)?\))?")
_STRUCT = re.compile(r"struct ?\((.*)\)", re.DOTALL)
_FIELD = re.compile(r'"((?:[^"]|"")+)"\s*(.+)|([A-Za-z_][A-Za-z0-9_]*)\s+(.+)', re.DOTALL)
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class DataType:
    """A type by its one name; of a list its element, of a struct its fields in order."""

    name: str
    element: "DataType | None" = None
    fields: tuple[tuple[str, "DataType"], ...] = ()

    @property
    def decimal(self) -> tuple[int, int] | None:
        """Digits and places of a decimal, else None."""
        if not self.name.startswith("decimal") or self.element:
            return None
        width, scale = self.name[8:-1].split(",")
        return int(width), int(scale)


def normalise_type(name: str) -> str:
    """Return the one name of a type: `DECIMAL(18, 2)` -> `decimal(18,2)`, `text[]` -> `varchar[]`.

    Raise WrongValue for a type that cannot be served.
    """
    return parse_type(name).name


@lru_cache(maxsize=512)
def parse_type(name: str) -> DataType:
    """Return what a type is made of; raise WrongValue for one that cannot be served."""
    text = name.strip()
    if text.endswith("[]"):
        element = parse_type(text[:-2])
        return DataType(f"{element.name}[]", element)
    struct = _STRUCT.fullmatch(text) or _STRUCT.fullmatch(text.lower()[:6] + text[6:])
    if struct:
        return _struct(name, struct[1])
    return DataType(_scalar_name(name))


def _struct(name: str, inside: str) -> DataType:
    fields = []
    for part in _split(inside):
        match = _FIELD.fullmatch(part.strip())
        if match is None:
            raise _unservable(name)
        field = match[1].replace('""', '"') if match[1] else match[3].lower()
        fields.append((field, parse_type(match[2] or match[4])))
    if len({field for field, _ in fields}) != len(fields):
        raise _unservable(name)
    inner = ", ".join(f"{_quoted(field)} {data_type.name}" for field, data_type in fields)
    return DataType(f"struct({inner})", fields=tuple(fields))


def _split(text: str) -> Iterator[str]:
    """Split at the commas that stand in no parentheses and no quotes."""
    depth, begin, in_quotes = 0, 0, False
    for at, letter in enumerate(text):
        if letter == '"':
            in_quotes = not in_quotes
        elif not in_quotes:
            depth += {"(": 1, ")": -1}.get(letter, 0)
            if letter == "," and depth == 0:
                yield text[begin:at]
                begin = at + 1
    yield text[begin:]


def _quoted(field: str) -> str:
    return field if _PLAIN.fullmatch(field) else '"' + field.replace('"', '""') + '"'


def _scalar_name(name: str) -> str:
    match = _SCALAR.fullmatch(" ".join(name.lower().split()))
    if match is None:
        raise _unservable(name)
    base = _ALIASES.get(match[1], match[1])
    width, scale = match[2], match[3]
    if base == "decimal":
        return _decimal_name(name, width, scale)
    # A length on text and a precision of 6 on a timestamp change nothing that is stored.
    harmless = (base == "varchar" and scale is None) or (base == "timestamp" and width == "6")
    if base not in _SIMPLE or (width is not None and not harmless):
        raise _unservable(name)
    return base


def _decimal_name(name: str, width: str | None, scale: str | None) -> str:
    digits, places = (18, 3) if width is None else (int(width), int(scale or 0))
    if not 1 <= digits <= 38 or places > digits:
        raise _unservable(name)
    return f"decimal({digits},{places})"


def _unservable(name: str) -> WrongValue:
    known = ", ".join(sorted({*_SIMPLE, "decimal(p,s)", "t[]", "struct(name t, …)"}))
    return WrongValue(f"type {name!r} cannot be served. Cast the column to one of: {known}.")
