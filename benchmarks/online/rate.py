"""Ten thousand reads a second: how many processes it takes, and how long a read takes then."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.online.fresh import start
from benchmarks.online.latency import Latency
from benchmarks.online.reading import Shift, Worked, read_steadily
from benchmarks.online.requests import Workload

RATE = 10_000
PROCESSES = (1, 2, 3, 4)
SECONDS_TO_START = 4.0
WITHIN = 0.005
KEPT_UP = 0.99


@dataclass(frozen=True)
class Rate:
    """What some processes reached together."""

    processes: int
    reads: float  # a second
    latency: Latency  # from when each was due
    cpu: float  # processors that the readers kept busy

    def holds(self, wanted: float) -> bool:
        """Whether they kept up, and nearly all reads were fast."""
        return self.reads >= KEPT_UP * wanted and self.latency.p99 < WITHIN


def measure_rates(workload: Workload, rate: float, seconds: float) -> Sequence[Rate]:
    """Measure each number of processes, over loopback."""
    return [_measure(workload, number, rate, seconds) for number in PROCESSES]


def fewest(rates: Sequence[Rate], wanted: float) -> Rate | None:
    """Return the one with the fewest processes that holds."""
    return next((rate for rate in rates if rate.holds(wanted)), None)


def _measure(workload: Workload, processes: int, rate: float, seconds: float) -> Rate:
    """Each process has its share of the rate, and a phase of its own."""
    every = processes / rate
    reads = round(seconds / every)
    begin = time.monotonic() + SECONDS_TO_START
    waiting = [
        start(
            read_steadily,
            workload.urls["TCP"],
            workload,
            Shift(begin + number / rate, every, reads),
            number * reads,
        )
        for number in range(processes)
    ]
    return _together([wait() for wait in waiting], begin)


def _together(worked: Sequence[Worked], begin: float) -> Rate:
    waited = [seconds for each in worked for seconds in each.waited]
    seconds = max(each.end for each in worked) - begin
    busy = sum(each.cpu for each in worked) / seconds
    return Rate(len(worked), len(waited) / seconds, Latency.of(waited), busy)
