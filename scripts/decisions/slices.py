"""Decision records cut at the members that our writer writes in a fixed order: fast, in bulk.

A cut may be at a wrong place only where somebody else's JSON holds the same words. Each piece is
therefore checked: pieces that are valid JSON, joined by the words they were cut at, are the record,
and it has no other reading. What does not pass goes through `record_text.py`, which takes any JSON.

What a view says but for its age and values is nearly always what it said before (`Shapes`).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from provender.errors import WrongValue
from provender_ops.decisions.columns import FORMAT, SCALARS, TEXTS, VIEW
from provender_ops.decisions.record_text import Row, elements_of, read_shape

_MOST_SHAPES = 20_000
_TYPES = {"format": "BIGINT", **SCALARS}
_SAID = json.dumps(_TYPES)
# from_json would take "1" and 1.0 for 1, and 7 for "7"
_STRUCTURE = json.dumps(_TYPES, separators=(",", ":")).replace("BIGINT", "UBIGINT")
_EXACT_TIME = "length({0}) = 27 and ends_with({0}, 'Z')"  # an offset or fewer digits: slowly
_PLAIN = ("view", "version", "fingerprint", "generation", "as_of", "status", "cached", "hashed")
_LISTS = ("names", "features", "types", "statuses", "is_default")
_CODES = pa.dictionary(pa.int32(), pa.string())

_READ_RECORDS = f"""
select
    said.* exclude (format, decided_at, read_at),
    try_cast(said.decided_at as timestamp) as decided_at,
    try_cast(said.read_at as timestamp) as read_at,
    keys, nullif(request, 'null') as request, decision, nullif(outside, 'null') as outside,
    coalesce(
        structure = '{_STRUCTURE}' and said.format = {FORMAT}
        and {_EXACT_TIME.format("said.decided_at")} and {_EXACT_TIME.format("said.read_at")}
        and said.number is not null and said.refused is not null and said.read_us is not null
        and said.decision_id is not null and said.writer is not null
        and said.service is not null and said.model_version is not null
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
        replace(try(json_structure(said)), '"NULL"', '"VARCHAR"') as structure
    from pieces
)
"""
_READ_VIEWS = """
select
    try_cast(age as bigint) as age_us,
    coalesce(age = 'null' or age = cast(try_cast(age as bigint) as varchar), false)
    and coalesce(try(json_array_length('[' || "values" || ']')) = length, false) as is_read
from pieces
"""


class Shapes:
    """What views say but for age and values, by the text; some are kept."""

    def __init__(self) -> None:
        """Know none yet."""
        self._numbers: dict[bytes, int] = {}
        self._before: dict[int, tuple[bytes, int]] = {}
        self._rows: list[Row | None] = []
        self._table: ShapeTable | None = None

    def number(self, text: bytes, at: int) -> int:
        """Return the number of a record's shape in this place; it may be one that cannot be read.

        Nearly always it is that of the record before, and to compare is faster than to hash.
        """
        before = self._before.get(at)
        if before is not None and before[0] == text:
            return before[1]
        number = self._numbers.get(text)
        if number is None:
            number = self._numbers[text] = len(self._rows)
            self._rows.append(_shape(text))
            self._table = None
        self._before[at] = (text, number)
        return number

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
            count = sum(done.views)
            for pieces in (done.ages, done.values, done.shapes):
                del pieces[count:]
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
    except (pa.ArrowException, duckdb.Error):  # some text is not UTF-8: one by one, then
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
    first, *rest = record.split(b',"age_us":')
    request = first.index(b',"request":')
    decision = first.index(b',"decision":', request)
    outside = first.index(b',"outside":', decision)
    service = first.index(b',"service":', outside)
    keys = first.index(b',"keys":', service)
    views = first.index(b',"views":[', keys)
    _cut_views(first[views + 10 :], rest, done, shapes)
    done.said.append(first[:request] + first[service:keys] + b"}")
    done.request.append(first[request + 11 : decision])
    done.decision.append(first[decision + 12 : outside])
    done.outside.append(first[outside + 11 : service])
    done.keys.append(first[keys + 8 : views])
    done.views.append(len(rest))


def _cut_views(before: bytes, rest: Sequence[bytes], done: Cut, shapes: Shapes) -> None:
    """Append the pieces of each view; `before` is what stands before the first age."""
    follows = b""
    for at, piece in enumerate(rest):
        age = piece.index(b",")
        values = piece.index(b',"values":[', age)
        after = piece.index(b'],"statuses":', values)
        end = piece.index(b"}", after) + 1
        shape = before + piece[age:values] + piece[after + 1 : end]
        done.shapes.append(shapes.number(shape, at))
        done.ages.append(piece[:age])
        done.values.append(piece[values + 11 : after])
        follows = piece[end:]
        before = follows[1:]
        if follows[:2] != b",{" and piece is not rest[-1]:
            raise ValueError("another view was to follow")
    if follows != b"]}":
        raise ValueError("the record was to end")


def _shape(text: bytes) -> Row | None:
    try:
        view = json.loads(text)
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
    pieces = pa.table({"age": _utf8(cut.ages), "values": texts, "length": pa.array(lengths)})
    with connection.cursor() as cursor:
        cursor.register("pieces", pieces)
        checked = cursor.sql(_READ_VIEWS).to_arrow_table().combine_chunks()
    is_read = checked["is_read"].to_numpy() & table.is_read[chosen]
    values = _split(texts, lengths, is_read)
    take = pa.array(chosen)
    columns = {name: column.take(take) for name, column in table.columns.items()}
    columns |= {"values": values, "age_us": checked["age_us"].combine_chunks()}
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
    flat = values.values
    flat = pc.if_else(pc.equal(flat, "null"), pa.scalar(None, pa.string()), flat)
    return pa.ListArray.from_arrays(values.offsets, flat)


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
