"""A process that reads at a fixed rate, whatever the answers take: an open loop."""

import time
from array import array
from dataclasses import dataclass

from benchmarks.online.requests import Workload, touch
from provender import FeatureReader

WARM_UP = 200


@dataclass(frozen=True)
class Shift:
    """When a process reads: `every` so many seconds from `begin` on, by the machine's clock."""

    begin: float
    every: float
    reads: int


@dataclass(frozen=True)
class Worked:
    """Seconds from when each read was due to its end, and when the last of them ended."""

    waited: "array[float]"
    end: float
    cpu: float


def read_steadily(url: str, workload: Workload, shift: Shift, first: int) -> Worked:
    """Read every entity in turn, from `first` on. A read that is late delays the next, and counts
    from when it was due.
    """
    waited = array("d")
    with FeatureReader.from_url(url, namespace=workload.namespace) as reader:
        for number in range(WARM_UP):
            touch(reader.get(workload.service, **workload.request(number).keys))
        busy = time.process_time()
        for number in range(shift.reads):
            due = shift.begin + number * shift.every
            if (early := due - time.monotonic()) > 0:
                time.sleep(early)
            touch(reader.get(workload.service, **workload.request(first + number).keys))
            waited.append(time.monotonic() - due)
    return Worked(waited, time.monotonic(), time.process_time() - busy)
