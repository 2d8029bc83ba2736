"""Rows as MSET commands, packed by Arrow and sent in one conversation.

redis-py packs word by word and holds the interpreter's lock, so that history is not read and rows
are not made meanwhile: for millions of rows that takes longer than all the rest.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from redis import Redis
from redis.connection import Connection
from redis.exceptions import ResponseError

from provender_ops.rows import Rows

_BINARY = pa.large_binary()


def mset(client: Redis, rows: Rows, at_once: int) -> None:
    """Write rows, so many with a command; raise RedisError, of an answer the first."""
    packed, commands = pack(rows, at_once)
    connection = client.connection_pool.get_connection()
    try:
        error = connection.retry.call_with_retry(
            lambda: _converse(connection, packed, commands),
            lambda _: connection.disconnect(),  # type: ignore[no-untyped-call]
        )
    finally:
        client.connection_pool.release(connection)
    if error:
        raise error


def pack(rows: Rows, at_once: int) -> tuple[bytes, int]:
    """Return the commands as they stand on the wire, and how many they are."""
    words = [part for column in (rows.keys, rows.values) for part in _words(column)]
    pairs = pc.binary_join_element_wise(*words, _scalar(b""))
    _, places, text = pairs.buffers()
    offsets = np.frombuffer(places, np.int64)
    data = memoryview(text)
    parts: list[bytes | memoryview] = []
    starts = range(0, len(rows), at_once)
    for start in starts:
        end = min(start + at_once, len(rows))
        parts.append(b"*%d\r\n$4\r\nMSET\r\n" % (2 * (end - start) + 1))
        parts.append(data[offsets[start] : offsets[end]])
    return b"".join(parts), len(starts)


def _words(column: pa.Array) -> list[pa.Array | pa.Scalar]:
    """Return the parts of a bulk string for each value: `$<length>\\r\\n<value>\\r\\n`."""
    binary = column.cast(_BINARY)
    lengths = pc.binary_length(binary).cast(pa.string()).cast(_BINARY)
    return [_scalar(b"$"), lengths, _scalar(b"\r\n"), binary, _scalar(b"\r\n")]


def _scalar(text: bytes) -> pa.Scalar:
    return pa.scalar(text, _BINARY)


def _converse(connection: Connection, packed: bytes, commands: int) -> ResponseError | None:
    """Send, take every answer, and return the first error among them."""
    connection.send_packed_command([packed])  # type: ignore[no-untyped-call]
    errors = []
    for _ in range(commands):
        try:
            connection.read_response()
        except ResponseError as error:
            errors.append(error)
    return errors[0] if errors else None
