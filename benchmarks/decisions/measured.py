"""The decisions' part of the benchmark: all of it, in order.

What is measured has a module of its own (record.py …), a field of Decisions, figures in report.py
and a section of page.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.decisions.landing import Landing, measure_landing
from benchmarks.decisions.record import Records, measure_records
from benchmarks.decisions.watching import Watching, measure_watching
from benchmarks.online.fresh import call
from benchmarks.online.published import Published
from benchmarks.online.push import push
from benchmarks.online.server import redis_server
from benchmarks.online.workload import draw
from benchmarks.snapshot import Snapshots

ENTITIES = 20_000
CALLS = 5_000  # in a round
LANDED = 100_000
WATCHED, AUDITED = 1_000_000, 10_000_000


@dataclass(frozen=True)
class Decisions:
    """Everything that was measured, and how much of it."""

    entities: int
    calls: int
    rounds: int
    redis: Mapping[str, object]  # what the server says of itself
    records: Mapping[str, Records]  # by the way to Redis
    landing: Landing
    watching: Watching


def measure_decisions(
    snapshots: Snapshots, work: Path, scale: float, repeats: int, tell: Callable[[str], None]
) -> Decisions:
    """Measure, on a Redis that keeps an append-only file, and on a store that dbt built."""
    share = min(1.0, scale)
    entities, calls = round(ENTITIES * share), max(100, round(CALLS * share))
    tell(f"writing a history of {entities:,} entities…")
    published = Published(work / "decisions", entities)
    with redis_server("--appendonly", "yes") as server:
        push(published.folder, server)
        workload = draw(published, server)
        tell("logging decisions…")
        records = {
            way: call(measure_records, workload, way, work, calls, repeats) for way in workload.urls
        }
        redis = server.info("server")
    tell("landing decisions…")
    landing = measure_landing(work, max(2_000, round(LANDED * share)), repeats)
    tell("looking for skew, and auditing…")
    watching = measure_watching(snapshots, *(round(n * share) for n in (WATCHED, AUDITED)))
    return Decisions(entities, calls, repeats, redis, records, landing, watching)
