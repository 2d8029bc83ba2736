"""`land-decisions`, against reading the stream by the same group and dropping what was read."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

from redis import Redis

from benchmarks.decisions.landing_parts import landing_parts
from benchmarks.decisions.stream import NAMESPACE, records
from benchmarks.measure import Spread
from benchmarks.online.fresh import call
from benchmarks.online.server import redis_server
from provender.keys import KeySpace

A_DAY = 100_000  # decisions
AT_ONCE = 2_000  # entries in an answer, as the lander asks for


@dataclass(frozen=True)
class Turn:
    """Seconds that one stream took: read, read and taken out, landed."""

    read: float
    taken: float
    landed: float


@dataclass(frozen=True)
class Landing:
    """What was measured of so many decisions of thirty features in three views."""

    decisions: int
    record_bytes: float
    turns: Sequence[Turn]
    landed_bytes: float  # of one decision
    compact_bytes: float
    compact_seconds: float
    megabytes: float  # the lander's process held at most
    parts: Mapping[str, float]  # seconds of processor

    @property
    def ratio(self) -> Spread:
        """Landing against reading and dropping, each in the same turn."""
        return Spread.of([turn.landed / turn.read for turn in self.turns])

    @property
    def gigabytes_a_year(self) -> float:
        """At 100,000 decisions a day, compact."""
        return self.compact_bytes * A_DAY * 365 / 1e9


def measure_landing(work: Path, decisions: int, turns: int) -> Landing:
    """Measure, each in a process that has done nothing else."""
    folder = work / "landing"
    shutil.rmtree(folder, ignore_errors=True)
    with redis_server() as server:
        measured = []
        for turn in range(turns):
            sent = fill(server.unix, decisions)
            read = call(read_and_drop, server.unix, take_out=False)
            taken = call(read_and_drop, server.unix, take_out=True)
            fill(server.unix, decisions)
            landed, megabytes = call(land, server.unix, folder / str(turn), tidy=False)
            measured.append(Turn(read, taken, landed))
        first = folder / "0"
        landed_bytes = _bytes(first, "bench*")
        compact_seconds, _ = call(land, server.unix, first, tidy=True)
        return Landing(
            decisions,
            sent / decisions,
            measured,
            landed_bytes / decisions,
            _bytes(first, "compact*") / decisions,
            compact_seconds,
            megabytes,
            call(landing_parts, decisions, folder / "parts"),
        )


def fill(url: str, decisions: int) -> int:
    """Have a stream of so many decisions in an empty Redis; return the bytes of its records."""
    stream = KeySpace(NAMESPACE).decisions
    sent = 0
    with Redis.from_url(url) as client:
        client.flushall()
        made = records(decisions)
        while some := list(islice(made, AT_ONCE)):
            with client.pipeline(transaction=False) as pipeline:
                for record in some:
                    pipeline.xadd(stream, {"record": record})
                    sent += len(record)
                pipeline.execute()
    return sent


def read_and_drop(url: str, *, take_out: bool) -> float:
    """Return the seconds of reading all of the stream by a group, dropping it at once.

    With `take_out` entries are also acknowledged and deleted, an answer at a time.
    """
    stream, group = KeySpace(NAMESPACE).decisions, f"floor-{take_out}"
    with Redis.from_url(url) as client:
        client.xgroup_create(stream, group, "0")
        began = perf_counter()
        while answer := _answer(client, stream, group):
            if take_out:
                ids = [entry for entry, _ in answer]
                with client.pipeline() as pipeline:
                    pipeline.xack(stream, group, *ids)
                    pipeline.xdel(stream, *ids)
                    pipeline.execute()
        seconds = perf_counter() - began
        client.xgroup_destroy(stream, group)
    return seconds


def land(url: str, folder: Path, *, tidy: bool) -> tuple[float, float]:
    """Return the seconds of a landing, and the megabytes that this process held at most."""
    import resource  # noqa: PLC0415 - this process is the lander

    from provender_ops.decisions.landing import Lander  # noqa: PLC0415
    from provender_ops.decisions.log_key import ChainKey  # noqa: PLC0415

    with Redis.from_url(url) as client:
        key = ChainKey.of("the key of the benchmark")
        lander = Lander(client, KeySpace(NAMESPACE), folder, key)
        began = perf_counter()
        lander.land(tidy=tidy)
        seconds = perf_counter() - began
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _answer(client: Redis, stream: str, group: str) -> list[Any]:
    answer: Any = client.xreadgroup(group, "floor", {stream: ">"}, AT_ONCE)
    return answer[0][1] if answer else []


def _bytes(folder: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in folder.rglob(f"{pattern}.parquet"))
