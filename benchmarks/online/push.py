"""`push-online` of everything, of what changed and of nothing; and its commands as a stream."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Contest, Taken, in_turn
from benchmarks.online.fresh import call
from benchmarks.online.prepared import prepare
from benchmarks.online.published import Published
from benchmarks.online.pushing import push_once
from benchmarks.online.server import Server
from benchmarks.online.stream import Packed, send
from benchmarks.online.world import VIEWS

CHANGED = 0.01


@dataclass(frozen=True)
class Pushed:
    """What the pushes of a store took, and what they wrote."""

    full: Contest  # `push` of everything into an empty Redis, and `stream`
    later: Contest  # `changed` and `nothing`, into a full one
    start: float  # seconds that a process takes before and after its push
    history: int  # rows of all histories
    sent: int  # bytes of the stream
    used: int  # bytes of Redis
    parts: Mapping[str, float]  # seconds of processor of a full push


def measure_push(published: Published, server: Server, repeats: int) -> Pushed:
    """Measure, and leave everything online."""
    history = published.rows
    empty = server.used_memory()
    whole, taken = push(published.folder, server)
    used = server.used_memory() - empty
    prepared = call(prepare, published.folder)
    stream = prepared.stream
    parts = {**prepared.parts, "commands taken by Redis": _busy(server, stream)}
    full = in_turn(
        {
            "stream": lambda: _stream_into_empty(server, stream, published.keys),
            "push": lambda: _into_empty(server, published.folder),
        },
        repeats,
    )
    later = in_turn(
        {
            "changed": lambda: _changed(published, server),
            "nothing": lambda: push(published.folder, server)[1],
        },
        repeats,
    )
    sent = sum(len(commands) for commands, _ in stream)
    return Pushed(full, later, whole - taken.seconds, history, sent, used, parts)


def push(folder: Path, server: Server) -> tuple[float, Taken]:
    """Push once; return the seconds of the whole process, and what the push in it took."""
    began = time.perf_counter()
    taken = call(push_once, folder, server.tcp)
    return time.perf_counter() - began, taken


def _into_empty(server: Server, folder: Path) -> Taken:
    _empty(server)
    return push(folder, server)[1]


def _changed(published: Published, server: Server) -> Taken:
    published.change(CHANGED)
    return push(published.folder, server)[1]


def _busy(server: Server, stream: Sequence[Packed]) -> float:
    """Return the seconds of processor that Redis takes for the stream."""
    _empty(server)
    before = server.info("cpu")
    send(server, stream)
    after = server.info("cpu")
    return float(sum(after[each] - before[each] for each in ("used_cpu_user", "used_cpu_sys")))


def _stream_into_empty(server: Server, stream: Sequence[Packed], keys: int) -> Taken:
    _empty(server)
    taken = send(server, stream)
    with server.client() as client:
        if client.dbsize() != keys * len(VIEWS):
            raise SystemExit(f"the stream wrote {client.dbsize()} rows")
    return taken


def _empty(server: Server) -> None:
    with server.client() as client:
        client.flushall()
