"""The online half of the benchmark: all of it, in order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.online.fresh import call
from benchmarks.online.freshness import Freshness, measure_freshness
from benchmarks.online.http import HttpFigures, measure_http
from benchmarks.online.layouts import Measured, measure_layouts
from benchmarks.online.light import Light, measure_light
from benchmarks.online.published import Published
from benchmarks.online.push import Pushed, measure_push
from benchmarks.online.rate import RATE, Rate, measure_rates
from benchmarks.online.reads import Calls, Reads, measure_reads
from benchmarks.online.server import redis_server
from benchmarks.online.workload import draw
from benchmarks.project import Project

ENTITIES = 500_000
HTTP_ENTITIES = 5_000
SECONDS = 5.0  # at each number of processes
ROUNDS = 10  # of events
REPEATS = 3  # of each push


@dataclass(frozen=True)
class Amount:
    """How much is measured."""

    entities: int
    calls: Calls
    pushes: int
    rate: float
    seconds: float
    events: int  # rounds of them
    imports: int

    @classmethod
    def at(cls, scale: float, repeats: int) -> "Amount":
        """Return a share of the full amount, enough of each to be one."""
        share = min(1.0, scale)
        calls = Calls(
            single=max(100, round(5000 * share)),
            batch=max(10, round(500 * share)),
            awaited=max(2, round(150 * share)),
            rounds=repeats,
        )
        return cls(
            entities=round(ENTITIES * scale),
            calls=calls,
            pushes=min(REPEATS, repeats),
            rate=RATE * share,
            seconds=max(1.0, SECONDS * share),
            events=max(1, round(ROUNDS * share)),
            imports=max(1, round(20 * share)),
        )


@dataclass(frozen=True)
class Online:
    """Everything that was measured online, and how much of it."""

    amount: Amount
    redis: Mapping[str, object]  # what the server says of itself
    pushed: Pushed
    reads: Reads
    rates: Sequence[Rate]
    layouts: Sequence[Measured]
    http: HttpFigures
    freshness: Freshness
    light: Light


def measure_online(
    project: Project, work: Path, amount: Amount, tell: Callable[[str], None]
) -> Online:
    """Measure pushes, then reads of what they wrote; then the rest."""
    tell(f"writing a history of {amount.entities:,} entities…")
    published = Published(work / "online", amount.entities)
    with redis_server() as server:
        tell("pushing…")
        pushed = measure_push(published, server, amount.pushes)
        tell("reading…")
        workload = draw(published, server)
        reads = call(measure_reads, workload, amount.calls)
        rates = measure_rates(workload, amount.rate, amount.seconds)
        tell("trying other layouts…")
        layouts = measure_layouts(server, amount.entities)
        redis = {**server.info("server"), **server.info("memory")}
    tell("serving over HTTP…")
    http = measure_http(seconds=amount.seconds, keys=min(amount.entities, HTTP_ENTITIES))
    with redis_server() as server:
        tell("waiting for events…")
        fresh = measure_freshness(project, server, amount.entities, amount.events)
    light = measure_light(amount.imports)
    return Online(amount, redis, pushed, reads, rates, layouts, http, fresh, light)
