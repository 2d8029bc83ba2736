"""`DecisionLog.record` of thirty features, against a bare XADD of the same bytes."""

import logging
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from redis import Redis

from benchmarks.decisions.stream import last_line
from benchmarks.online.latency import Latency, Race
from benchmarks.online.reads import Rates
from benchmarks.online.requests import Workload
from provender import DecisionLog, FeatureReader, ServedFeatures
from provender.connection import connect
from provender.keys import KeySpace

MODEL = "2026-02"
REQUEST = {"amount": 1200, "months": 24}
DECISION = {"approved": True, "score": 0.3141}
PATIENCE = 5.0
BURST = 50  # reads before as many records: their objects fit the processor's cache


@dataclass(frozen=True)
class Records:
    """What was measured: call by call in turn, and one after another as fast as it goes."""

    one_by_one: Race
    rates: Rates
    journal: Latency
    spool: Latency
    bytes: int  # of a record
    stored: float  # bytes of Redis for each


def measure_records(workload: Workload, way: str, disk: Path, calls: int, rounds: int) -> Records:
    """Measure; in a process that has only what a model service has."""
    logging.disable(logging.WARNING)  # that Redis is away is what is measured in the end
    url = workload.urls[way]
    stream = KeySpace(workload.namespace).decisions
    with (
        FeatureReader.from_url(url, namespace=workload.namespace) as reader,
        Redis.from_url(url) as client,
        DecisionLog.from_url(url, namespace=workload.namespace, bound=PATIENCE) as log,
    ):
        bench = _Bench(workload, reader, client, stream)
        ours, line = _recording(log), bench.line(log)
        return Records(
            bench.race(ours, line, calls, rounds),
            bench.rates(ours, line, calls, rounds),
            bench.to_disk(url, disk, max(20, calls // 10), journal=True),
            bench.to_disk(url, disk, max(20, calls // 10), journal=False),
            len(line),
            bench.stored(ours, calls),
        )


def _recording(log: DecisionLog) -> Callable[[ServedFeatures], object]:
    return lambda served: log.record(
        served, model_version=MODEL, decision=DECISION, request=REQUEST
    )


class _Bench:
    def __init__(
        self, workload: Workload, reader: FeatureReader, client: Redis, stream: str
    ) -> None:
        self._workload, self._reader = workload, reader
        self._client, self._stream = client, stream

    def line(self, log: DecisionLog) -> bytes:
        """Return the bytes of one record, which the floor adds."""
        _recording(log)(self._served(0))
        return last_line(self._client, self._stream)

    def race(
        self, ours: Callable[[ServedFeatures], object], line: bytes, calls: int, rounds: int
    ) -> Race:
        """Each records what was just read, which is not measured; the first round warms up."""
        measured = [self._round(ours, line, calls) for _ in range(rounds + 1)][1:]
        return Race([each[0] for each in measured], [each[1] for each in measured])

    def rates(
        self, ours: Callable[[ServedFeatures], object], line: bytes, calls: int, rounds: int
    ) -> Rates:
        """Return records a second, of bursts in turn; what was read for them is not measured."""
        rates: dict[str, list[float]] = {"ours": [], "floor": []}
        for _ in range(rounds):
            for at in range(0, calls, BURST):
                rates["ours"].append(BURST / self._burst(ours, at))
                rates["floor"].append(BURST / self._burst(self._floor(line), at))
            self._client.delete(self._stream)
        return Rates(rates["ours"], rates["floor"])

    def stored(self, ours: Callable[[ServedFeatures], object], calls: int) -> float:
        """Return the bytes that a record takes in Redis."""
        served = self._served(0)
        for _ in range(calls):
            ours(served)
        used = int(self._client.memory_usage(self._stream, samples=0) or 0)
        self._client.delete(self._stream)
        return used / calls

    def _burst(self, add: Callable[[ServedFeatures], object], first: int) -> float:
        all_served = [self._served(number) for number in range(first, first + BURST)]
        began = perf_counter()
        for served in all_served:
            add(served)
        return perf_counter() - began

    def to_disk(self, url: str, disk: Path, calls: int, *, journal: bool) -> Latency:
        """Return how long a record takes that goes to the disk."""
        with tempfile.TemporaryDirectory(dir=disk) as folder:
            keeping: Any = {"spool": folder, "journal": journal}
            where = url if journal else "redis://127.0.0.1:1"  # where nobody is
            log = DecisionLog(connect(where), namespace=self._workload.namespace, **keeping)
            record = _recording(log)
            seconds = [_seconds(record, self._served(number)) for number in range(calls)]
            log.close(PATIENCE if journal else 0)
        self._client.delete(self._stream)
        return Latency.of(seconds)

    def _round(
        self, ours: Callable[[ServedFeatures], object], line: bytes, calls: int
    ) -> tuple[Latency, Latency]:
        floor = self._floor(line)
        taken: Sequence[list[float]] = ([], [])
        for number in range(calls):
            served = self._served(number)
            both = list(zip((ours, floor), taken, strict=True))
            for function, seconds in both if number % 2 else reversed(both):
                seconds.append(_seconds(function, served))
        self._client.delete(self._stream)
        return Latency.of(taken[0]), Latency.of(taken[1])

    def _floor(self, line: bytes) -> Callable[[ServedFeatures], object]:
        add, stream = self._client.xadd, self._stream
        return lambda _: add(stream, {"record": line})

    def _served(self, number: int) -> ServedFeatures:
        served = self._reader.get(self._workload.service, **self._workload.request(number).keys)
        served.to_dict()  # what a model is given
        return served


def _seconds(function: Callable[[ServedFeatures], object], served: ServedFeatures) -> float:
    began = perf_counter()
    function(served)
    return perf_counter() - began
