"""`land-decisions`, against reading the stream by the same group and dropping what was read."""

import json
import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID

from redis import Redis

from benchmarks.measure import Spread
from benchmarks.online.fresh import call
from benchmarks.online.server import redis_server
from provender.keys import KeySpace

NAMESPACE = "bench.dev"
A_DAY = 100_000  # decisions
AT_ONCE = 2_000  # entries in an answer, as the lander asks for
TYPES = {
    "integer": lambda some: some.randrange(1000),
    "bigint": lambda some: some.randrange(2**40),
    "double": lambda some: some.random() * 1000,
    "decimal(18,2)": lambda some: f"{some.randrange(10**7) / 100:.2f}",
    "varchar": lambda some: some.choice(["Bern", "Paris", "Rome", "Graz"]),
    "boolean": lambda some: some.random() < 0.5,
    "timestamp": lambda some: f"2026-03-02T08:00:00.{some.randrange(10**6):06}",
    "smallint": lambda some: some.randrange(30),
    "float": lambda some: round(some.random(), 6),
    "date": lambda some: f"2026-0{some.randrange(1, 10)}-01",
}


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


def records(decisions: int) -> Iterator[bytes]:
    """Yield decisions of one day as the writer writes them; the same each time."""
    some = random.Random(0)
    for number in range(1, decisions + 1):
        second = number * 86_400 // (decisions + 1)
        at = f"2026-03-02T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
        record = {
            "format": 3,
            "writer": "0123456789ab",
            "number": number,
            "refused": 0,
            "decision_id": UUID(int=some.getrandbits(128)).hex,
            "model_version": "2026-02",
            "decided_at": f"{at}.{some.randrange(10**6):06}Z",
            "request": {"amount": some.randrange(10_000), "months": 24},
            "decision": {"approved": some.random() < 0.5, "score": some.random()},
            "outside": None,
            "service": "bench_model",
            "read_at": f"{at}.000000Z",
            "read_us": some.randrange(100, 400),
            "waited_for": None,
            "keys": {"customer_id": some.randrange(500_000)},
            "views": [_view(some, name, at) for name in ("activity", "spend", "devices")],
        }
        yield json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


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


def _view(some: random.Random, name: str, at: str) -> dict[str, Any]:
    names = [f"{name}_{kind.partition('(')[0]}" for kind in TYPES]
    return {
        "view": name,
        "version": 1,
        "fingerprint": f"{hash_of(name):032x}",
        "generation": 2,
        "role": "decides",
        "names": names,
        "features": names,
        "types": list(TYPES),
        "hashed": False,
        "as_of": f"{at[:-5]}00:00.000000Z",
        "age_us": some.randrange(10**9),
        "status": "ok",
        "cached": False,
        "values": [make(some) for make in TYPES.values()],
        "statuses": None,
        "defaults": [],
    }


def hash_of(name: str) -> int:
    """Return a number that is the name's in each process."""
    return int.from_bytes(name.encode()[:8])


def _answer(client: Redis, stream: str, group: str) -> list[Any]:
    answer: Any = client.xreadgroup(group, "floor", {stream: ">"}, AT_ONCE)
    return answer[0][1] if answer else []


def _bytes(folder: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in folder.rglob(f"{pattern}.parquet"))
