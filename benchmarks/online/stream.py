"""The floor of a push: its rows as one stream of commands, made before, sent as fast as it goes."""

import socket
import time
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import cast

from redis import Redis

from benchmarks.measure import Taken
from benchmarks.online.server import Server
from benchmarks.online.world import NAMESPACE
from provender.keys import KeySpace
from provender.registry import read_registry

AT_ONCE = 2000  # rows in a command, as the push has them
OK = b"+OK\r\n"
Row = tuple[bytes, bytes]


def row_prefix(client: Redis, view: str) -> str:
    """Return what the keys of a view's rows begin with; the entity follows in braces."""
    keys = KeySpace(NAMESPACE)
    registry = read_registry(client, keys)
    assert registry is not None
    return keys.row_prefix(view, 1, registry.view(view, 1).generation)


def rows_online(client: Redis, view: str) -> Iterator[list[Row]]:
    """Yield key and value of all rows of a view, many at once."""
    pattern = f"{row_prefix(client, view)}{{*"
    found = cast("Iterator[bytes]", client.scan_iter(pattern, AT_ONCE))
    while batch := list(islice(found, AT_ONCE)):
        yield list(zip(batch, cast("list[bytes]", client.mget(batch)), strict=True))


def as_stream(batches: Iterator[list[Row]]) -> list[bytes]:
    """Return an MSET for each batch, as it stands on the wire."""
    return [_command(b"MSET", *chain.from_iterable(batch)) for batch in batches]


def send(server: Server, stream: Sequence[bytes]) -> Taken:
    """Send it over loopback, and wait for the last answer."""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        began, busy = time.perf_counter(), time.process_time()
        for command in stream:
            connection.sendall(command)
        _read(connection, OK * len(stream))
        return Taken(time.perf_counter() - began, time.process_time() - busy)


def _read(connection: socket.socket, expected: bytes) -> None:
    answers = b""
    while len(answers) < len(expected):
        answers += connection.recv(1 << 16)
    if answers != expected:
        raise SystemExit(f"Redis refused a part of the stream: {answers[:200]!r}")


def _command(*parts: bytes) -> bytes:
    return b"*%d\r\n" % len(parts) + b"".join(
        b"$%d\r\n%b\r\n" % (len(part), part) for part in parts
    )
