"""Other ways to lay the same rows out in Redis: their memory, and a read of one entity."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from time import perf_counter
from zlib import crc32

from redis import Redis

from benchmarks.online.latency import Latency
from benchmarks.online.server import Server, redis_server
from benchmarks.online.stream import Row, rows_online
from benchmarks.online.world import NAMESPACE, VIEWS
from provender.keys import KeySpace

KEYS = KeySpace(NAMESPACE)
READS = 4000
AT_ONCE = 1000  # commands of a pipeline
PACKED_TO_256 = ("--hash-max-ziplist-value", "256")


@dataclass(frozen=True)
class Layout:
    """Where rows are: each in a key of its own, or in hashes of so many entities on average."""

    name: str
    prefix: Callable[[str], str]
    bucket: int = 0
    options: Sequence[str] = ()


@dataclass(frozen=True)
class Measured:
    """What a layout took."""

    layout: str
    row: float  # bytes
    read: Latency  # of one entity, three views


def short(view: str) -> str:
    """Ours: the view by its id."""
    return KEYS.row_prefix(view, 1, 1)


def readable(view: str) -> str:
    """The view by its name."""
    return f"pv:{NAMESPACE}:{view}@1:1:"


LAYOUTS = (
    Layout("a key a row: `pv<view id><generation>{<entity>}` (ours)", short),
    Layout("a key a row: `pv:<ns>:<view>@<version>:<generation>:{<entity>}`", readable),
    Layout("hashes of 32 entities", short, 32),
    Layout("hashes of 100 entities", short, 100),
    Layout("hashes of 32, `hash-max-ziplist-value 256`", short, 32, PACKED_TO_256),
    Layout("hashes of 100, `hash-max-ziplist-value 256`", short, 100, PACKED_TO_256),
)


def measure_layouts(online: Server, entities: int, reads: int = READS) -> list[Measured]:
    """Measure each in a Redis of its own, filled with the rows that are online."""
    return [_measure(layout, online, entities, reads) for layout in LAYOUTS]


def _measure(layout: Layout, online: Server, entities: int, reads: int) -> Measured:
    with (
        redis_server(*layout.options) as server,
        Redis.from_url(server.tcp, socket_timeout=None) as client,
        online.client() as source,
    ):
        filled = _Filled(layout, client, max(1, entities // (layout.bucket or 1)))
        empty = server.used_memory()
        for view in VIEWS:
            filled.write(view, chain.from_iterable(rows_online(source, view)))
        row = (server.used_memory() - empty) / (entities * len(VIEWS))
        asked = [b"%d" % random.randrange(entities) for _ in range(reads)]
        seconds = [_timed(filled, entity) for entity in asked]
        return Measured(layout.name, row, Latency.of(seconds))


class _Filled:
    def __init__(self, layout: Layout, client: Redis, buckets: int) -> None:
        self._layout, self._client, self._buckets = layout, client, buckets
        self._prefixes = {view: layout.prefix(view).encode() for view in VIEWS}

    def write(self, view: str, rows: Iterable[Row]) -> None:
        commands: dict[bytes, list[bytes]] = {}
        for key, value in rows:
            entity = key[key.index(b"{") + 1 : -1]
            commands.setdefault(self._key(view, entity), []).extend((entity, value))
        self._send([(key, *pairs) for key, pairs in commands.items()])

    def read(self, entity: bytes) -> Sequence[bytes | None]:
        keys = [self._key(view, entity) for view in VIEWS]
        if not self._layout.bucket:
            return self._client.mget(keys)
        pipeline = self._client.pipeline(transaction=False)
        for key in keys:
            pipeline.hget(key, entity)
        return pipeline.execute()

    def _key(self, view: str, entity: bytes) -> bytes:
        name = b"%d" % (crc32(entity) % self._buckets) if self._layout.bucket else entity
        return b"%b{%b}" % (self._prefixes[view], name)

    def _send(self, commands: Sequence[tuple[bytes, ...]]) -> None:
        for at in range(0, len(commands), AT_ONCE):
            pipeline = self._client.pipeline(transaction=False)
            for key, *pairs in commands[at : at + AT_ONCE]:
                if self._layout.bucket:
                    pipeline.execute_command("HSET", key, *pairs)
                else:
                    pipeline.set(key, pairs[1])
            pipeline.execute()


def _timed(filled: _Filled, entity: bytes) -> float:
    began = perf_counter()
    rows = filled.read(entity)
    seconds = perf_counter() - began
    if None in rows:
        raise SystemExit(f"a layout lost the rows of {entity!r}")
    return seconds
