"""Reads of thirty features, every value and status touched, against bare MGETs of such rows.

In a call the floor reads other entities than we do, half of them away: else it would find in the
processor's caches what Redis has just looked up for us, which takes half the time.
"""

import asyncio
import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from benchmarks.online.latency import Race, race
from benchmarks.online.requests import Request, Workload, touch, touch_columns, touch_each
from provender import AsyncFeatureReader, FeatureReader, ServedBatch

BATCH = 100
IN_FLIGHT = 64


@dataclass(frozen=True)
class Calls:
    """How many in a round: for one key, for a batch, awaited by a task; and rounds."""

    single: int = 5000
    batch: int = 500
    awaited: int = 150
    rounds: int = 5


@dataclass(frozen=True)
class Rates:
    """Calls a second with many in flight, round by round."""

    ours: Sequence[float]
    floor: Sequence[float]

    @property
    def share(self) -> float:
        """The median of the floor's rate that ours reaches in the same round."""
        pairs = zip(self.ours, self.floor, strict=True)
        return statistics.median(ours / floor for ours, floor in pairs)

    @staticmethod
    def median(rates: Sequence[float]) -> float:
        """The median over rounds."""
        return statistics.median(rates)


@dataclass(frozen=True)
class Reads:
    """What was measured, for each way to Redis."""

    single: Mapping[str, Race]
    batch: Mapping[str, Race]  # by columns
    objects: Mapping[str, Race]  # by an object for each value
    in_flight: Mapping[str, Rates]


def measure_reads(workload: Workload, calls: Calls) -> Reads:
    """Measure all three; in a process that has only what a model service has."""
    urls = workload.urls.items()
    return Reads(
        {name: _single(url, workload, calls) for name, url in urls},
        {name: _batch(url, workload, calls, touch_columns) for name, url in urls},
        {name: _batch(url, workload, calls, touch_each) for name, url in urls},
        {name: asyncio.run(_in_flight(url, workload, calls)) for name, url in urls},
    )


def _single(url: str, workload: Workload, calls: Calls) -> Race:
    """One key a call."""
    service, request = workload.service, workload.request
    with (
        FeatureReader.from_url(url, namespace=workload.namespace) as reader,
        Redis.from_url(url) as client,
    ):
        apart = len(workload.requests) // 2
        return race(
            lambda call: touch(reader.get(service, **request(call).keys)),
            lambda call: client.mget(request(call + apart).rows),
            calls.single,
            calls.rounds,
        )


def _batch(
    url: str, workload: Workload, calls: Calls, touch_all: Callable[[ServedBatch], None]
) -> Race:
    """A hundred keys a call."""
    batches = [
        [workload.request(number) for number in range(at, at + BATCH)]
        for at in range(0, len(workload.requests), BATCH)
    ]
    keys = [[each.keys for each in batch] for batch in batches]
    rows = [[row for each in batch for row in each.rows] for batch in batches]

    def ours(call: int) -> None:
        touch_all(reader.get_many(workload.service, keys[call % len(keys)]))

    def floor(call: int) -> None:
        client.mget(rows[(call + len(rows) // 2) % len(rows)])

    with (
        FeatureReader.from_url(url, namespace=workload.namespace) as reader,
        Redis.from_url(url) as client,
    ):
        return race(ours, floor, calls.batch, calls.rounds)


async def _in_flight(url: str, workload: Workload, calls: Calls) -> Rates:
    """One key a call, many calls at once."""
    bare = AsyncRedis.from_url(url)
    reader = AsyncFeatureReader.from_url(url, namespace=workload.namespace)

    async def ours(request: Request) -> None:
        touch(await reader.get(workload.service, **request.keys))

    async def floor(request: Request) -> None:
        await bare.mget(request.rows)

    rates: dict[str, list[float]] = {"ours": [], "floor": []}
    async with bare, reader:
        for _ in range(calls.rounds + 1):
            rates["ours"].append(await _rate(ours, workload, calls.awaited))
            rates["floor"].append(await _rate(floor, workload, calls.awaited))
    return Rates(rates["ours"][1:], rates["floor"][1:])  # the first round warms up


async def _rate(
    call: Callable[[Request], Awaitable[None]], workload: Workload, calls: int
) -> float:
    async def task(number: int) -> None:
        for at in range(number * calls, (number + 1) * calls):
            await call(workload.request(at))

    began = perf_counter()
    await asyncio.gather(*map(task, range(IN_FLIGHT)))
    return IN_FLIGHT * calls / (perf_counter() - began)
