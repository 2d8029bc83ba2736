"""Decision records cut at the members that our writer writes in a fixed order: fast, in bulk.

A cut may be at a wrong place only where somebody else's JSON holds the same words. Each piece is
therefore checked: pieces that are valid JSON, joined by the words they were cut at, are the record,
and it has no other reading. What does not pass goes through `record_text.py`, which takes any JSON.

What a view says but for its age and values is nearly always what it said before (`Shapes`).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from provender.errors import WrongValue
from provender_ops.decisions.columns import FORMAT, SCALARS, TEXTS, VIEW
from provender_ops.decisions.record_text import Row, elements_of, read_shape

_MOST_SHAPES = 20_000
_SAID = json.dumps(SCALARS)
# from_json would take "1" and 1.0 for 1, 7 for "7", and nothing for null
_WRITTEN = {"VARCHAR": r'"(?:[^"\\]|\\.)*"', "BIGINT": r"\d{1,18}"}
_PATTERN = ",".join(
    rf'"{name}":(?:{_WRITTEN[kind]}{"|null" if name == "waited_for" else ""})'
    for name, kind in SCALARS.items()
)
_EXACT_TIME = "length({0}) = 27 and ends_with({0}, 'Z')"  # an offset or fewer digits: slowly
_PLAIN = (
    "view",
    "version",
    "fingerprint",
    "generation",
    "as_of",
    "status",
    "cached",
    "role",
    "hashed",
)
_LISTS = ("names", "features", "types", "statuses", "is_default")
_CODES = pa.dictionary(pa.int32(), pa.string())

_READ_RECORDS = f"""
select
    said.* exclude (decided_at, read_at),
    try_cast(said.decided_at as timestamp) as decided_at,
    try_cast(said.read_at as timestamp) as read_at,
    keys, nullif(request, 'null') as request, decision, nullif(outside, 'null') as outside,
    coalesce(
        is_as_written
        and {_EXACT_TIME.format("said.decided_at")} and {_EXACT_TIME.format("said.read_at")}
        and try(json_type(keys)) = 'OBJECT' and try(json_type(decision)) = 'OBJECT'
        and try(json_type(request)) in ('OBJECT', 'NULL')
        and try(json_type(outside)) in ('OBJECT', 'NULL')
        and try_cast(said.decided_at as timestamp) is not null
        and try_cast(said.read_at as timestamp) is not null,
        false
    ) as is_read
from (
    select
        * replace (try(from_json(said, '{_SAID}')) as said),
        regexp_full_match(said, '\\{{"format":{FORMAT},{_PATTERN}\\}}') as is_as_written
    from pieces
)
"""
_LENGTHS = """
select cast(coalesce(try(json_array_length('[' || "values" || ']')), -1) as bigint) as length
from pieces
"""


class Shape(NamedTuple):
    """The text of a view before its age, between age and values, and after them."""

    start: bytes
    middle: bytes
    end: bytes
    number: int


class Shapes:
    """What views say but for age and values, by the text; some are kept."""

    def __init__(self) -> None:
        """Know none yet."""
        self.last: dict[int, Shape] = {}
        """The shape that was found last in each place of a record."""
        self._numbers: dict[tuple[bytes, bytes, bytes], int] = {}
        self._rows: list[Row | None] = []
        self._table: ShapeTable | None = None

    def found(self, record: bytes, at: int, place: int) -> Shape:
        """Return the shape of the view that begins at `at`; it may be one that cannot be read.

        Raise ValueError when a word is not there.
        """
        age = record.index(b',"age_us":', at) + 10
        middle = record.index(b",", age)
        values = record.index(b',"values":[', middle) + 11
        end = record.index(b'],"statuses":', values)
        after = record.index(b"}", end) + 1
        texts = (record[at:age], record[middle:values], record[end:after])
        number = self._numbers.get(texts)
        if number is None:
            number = self._numbers[texts] = len(self._rows)
            self._rows.append(_shape(*texts))
            self._table = None
        shape = self.last[place] = Shape(*texts, number)
        return shape

    def bounded(self) -> "Shapes":
        """Return these, or none when there are too many."""
        return self if len(self._rows) < _MOST_SHAPES else Shapes()

    @property
    def table(self) -> "ShapeTable":
        """All shapes that are known now, by their numbers."""
        if self._table is None:
            self._table = ShapeTable.of(self._rows)
        return self._table


@dataclass(frozen=True, slots=True)
class ShapeTable:
    """What views say, a row for each shape; it stays what it is when others become known."""

    columns: dict[str, pa.Array]
    lengths: np.ndarray
    is_read: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[Row | None]) -> "ShapeTable":
        """Make it of what was read, None where nothing could be."""
        blank: Row = {name: [] if name in _LISTS else None for name in (*_PLAIN, *_LISTS)}
        filled = [blank if row is None else row for row in rows]
        columns = {name: _column(name, filled) for name in (*_PLAIN, *_LISTS)}
        lengths = np.array([len(row["names"]) for row in filled], np.int64)
        return cls(columns, lengths, np.array([row is not None for row in rows], bool))


@dataclass(slots=True)
class Cut:
    """The pieces of some records; `left` are the places of those that could not be cut."""

    places: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    said: list[bytes] = field(default_factory=list)
    keys: list[bytes] = field(default_factory=list)
    request: list[bytes] = field(default_factory=list)
    decision: list[bytes] = field(default_factory=list)
    outside: list[bytes] = field(default_factory=list)
    views: list[int] = field(default_factory=list)  # how many each record has
    ages: list[bytes] = field(default_factory=list)
    values: list[bytes] = field(default_factory=list)
    shapes: list[int] = field(default_factory=list)


def cut(records: Sequence[bytes], shapes: Shapes) -> Cut:
    """Cut records; what is cut is not checked yet."""
    done = Cut()
    for place, record in enumerate(records):
        try:
            _cut_one(record, done, shapes)
        except ValueError:  # a word is not where our writer puts it
            whole = sum(done.views)
            for pieces in (done.ages, done.values, done.shapes):
                del pieces[whole:]
            done.left.append(place)
        else:
            done.places.append(place)
    return done


def read(
    connection: duckdb.DuckDBPyConnection, pieces: Cut, table: ShapeTable
) -> tuple[pa.Table, np.ndarray, list[int]]:
    """Return the rows of what could be read, their places, and the places of what could not."""
    try:
        records = _read_records(connection, pieces)
        views, views_read = _read_views(connection, pieces, table)
    except (pa.ArrowException, duckdb.Error):  # what is no UTF-8, or no age: one by one, then
        return pa.table({}), np.array([], np.int64), sorted([*pieces.places, *pieces.left])
    counts = np.array(pieces.views, np.int64)
    starts = np.concatenate([[0], np.cumsum(counts)])
    bad_views = np.concatenate([[0], np.cumsum(~views_read)])
    is_read = records["is_read"].to_numpy() & (bad_views[starts[1:]] == bad_views[starts[:-1]])
    lists = pa.ListArray.from_arrays(pa.array(starts, pa.int32()), views)
    rows = records.drop_columns(["is_read"]).append_column("views", lists)
    places = np.array(pieces.places, np.int64)
    if is_read.all():
        return rows, places, pieces.left
    return (
        rows.filter(pa.array(is_read)),
        places[is_read],
        sorted([*pieces.left, *places[~is_read].tolist()]),
    )


def _cut_one(record: bytes, done: Cut, shapes: Shapes) -> None:
    """Append the pieces of one record; raise ValueError when it cannot be cut."""
    request = record.index(b',"request":')
    decision = record.index(b',"decision":', request)
    outside = record.index(b',"outside":', decision)
    service = record.index(b',"service":', outside)
    keys = record.index(b',"keys":', service)
    views = record.index(b',"views":[', keys)
    done.views.append(_cut_views(record, views + 10, done, shapes))
    done.said.append(record[:request] + record[service:keys] + b"}")
    done.request.append(record[request + 11 : decision])
    done.decision.append(record[decision + 12 : outside])
    done.outside.append(record[outside + 11 : service])
    done.keys.append(record[keys + 8 : views])


def _cut_views(record: bytes, at: int, done: Cut, shapes: Shapes) -> int:
    """Append the pieces of the views that begin at `at`, and return how many there are.

    Nearly always a view says what the one in this place said in the record before; to see that is
    faster than to look for the words.
    """
    for place in count():
        shape = shapes.last.get(place)
        if shape is None or not record.startswith(shape.start, at):
            shape = shapes.found(record, at, place)
        age = at + len(shape.start)
        middle = record.index(b",", age)
        if not record.startswith(shape.middle, middle):
            shape = shapes.found(record, at, place)
        values = middle + len(shape.middle)
        end = record.index(b'],"statuses":', values)
        if not record.startswith(shape.end, end):
            shape = shapes.found(record, at, place)
        done.ages.append(record[age:middle])
        done.values.append(record[values:end])
        done.shapes.append(shape.number)
        at = end + len(shape.end)
        if not record.startswith(b",{", at):
            break
        at += 1
    if record[at:] != b"]}":
        raise ValueError("the record was to end")
    return place + 1


def _shape(start: bytes, middle: bytes, end: bytes) -> Row | None:
    """Return what a view of these texts says, None when it cannot be read."""
    try:
        view = json.loads(b"%b0%b%b" % (start, middle, end))
        return read_shape(view) if isinstance(view, dict) else None
    except (WrongValue, ValueError, RecursionError):
        return None


def _read_records(connection: duckdb.DuckDBPyConnection, cut: Cut) -> pa.Table:
    pieces = pa.table({name: _utf8(getattr(cut, name)) for name in ("said", *TEXTS)})
    with connection.cursor() as cursor:
        cursor.register("pieces", pieces)
        return cursor.sql(_READ_RECORDS).to_arrow_table().combine_chunks()


def _read_views(
    connection: duckdb.DuckDBPyConnection, cut: Cut, table: ShapeTable
) -> tuple[pa.Array, np.ndarray]:
    """Return all views as structs, and which of them could be read."""
    chosen = np.array(cut.shapes, np.int64)
    lengths = table.lengths[chosen]
    texts = _utf8(cut.values)
    ages = pc.cast(_null_where_null(_utf8(cut.ages)), pa.int64())
    pieces = pa.table({"values": texts})
    with connection.cursor() as cursor:
        cursor.register("pieces", pieces)
        read_lengths = cursor.sql(_LENGTHS).to_arrow_table()["length"]
    found = read_lengths.to_numpy()
    is_read = (found == lengths) & table.is_read[chosen]
    values = _split(texts, lengths, is_read)
    take = pa.array(chosen)
    columns = {name: column.take(take) for name, column in table.columns.items()}
    columns |= {"values": values, "age_us": ages}
    names = [field.name for field in VIEW]
    return pa.StructArray.from_arrays([columns[name] for name in names], names), is_read


def _split(texts: pa.Array, lengths: np.ndarray, is_read: np.ndarray) -> pa.Array:
    """Return the text of each value, null for a null, of lists that were seen to be so long."""
    values = pc.split_pattern(texts, ",")
    # as many pieces as values: no comma was within one
    inexact = (pc.list_value_length(values).to_numpy() != lengths) & is_read
    if inexact.any():
        places = np.flatnonzero(inexact)
        exactly = [elements_of(f"[{texts[place]}]") for place in places.tolist()]
        order = np.arange(len(texts))
        order[places] = len(texts) + np.arange(len(places))
        both = pa.concat_arrays([values, pa.array(exactly, values.type)])
        values = both.take(pa.array(order))
    return pa.ListArray.from_arrays(values.offsets, _null_where_null(values.values))


def _null_where_null(texts: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(texts, "null"), pa.scalar(None, pa.string()), texts)


def _column(name: str, rows: Sequence[Row]) -> pa.Array:
    """Return one of the columns of shapes; texts are codes, since few are different."""
    values = [row[name] for row in rows]
    declared = VIEW.field(name).type
    if pa.types.is_string(declared):
        return pa.array(values, declared).dictionary_encode()
    array = pa.array(values, declared)
    if pa.types.is_list(declared) and pa.types.is_string(declared.value_type):
        codes = array.values.dictionary_encode()
        return pa.ListArray.from_arrays(array.offsets, codes)
    return array


def _utf8(texts: Sequence[bytes]) -> pa.Array:
    return pa.array(texts, pa.binary()).cast(pa.string())
