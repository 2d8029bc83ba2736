"""Rows that are online; and the floor of a push: its commands, made before, sent at once."""

import socket
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import cast

from redis import Redis

from benchmarks.measure import Taken
from benchmarks.online.server import Server
from benchmarks.online.world import NAMESPACE
from provender.keys import KeySpace
from provender.registry import read_registry

AT_ONCE = 2000  # rows
OK = b"+OK\r\n"
Row = tuple[bytes, bytes]
Packed = tuple[bytes, int]  # commands, and how many they are


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


def send(server: Server, stream: Sequence[Packed]) -> Taken:
    """Send it over loopback, and wait for the last answer."""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        began, busy = time.perf_counter(), time.process_time()
        for commands, _ in stream:
            connection.sendall(commands)
        _read(connection, OK * sum(count for _, count in stream))
        return Taken(time.perf_counter() - began, time.process_time() - busy)


def _read(connection: socket.socket, expected: bytes) -> None:
    answers = b""
    while len(answers) < len(expected):
        answers += connection.recv(1 << 16)
    if answers != expected:
        raise SystemExit(f"Redis refused a part of the stream: {answers[:200]!r}")
