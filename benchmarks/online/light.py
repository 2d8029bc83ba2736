"""What the light package costs those who import it."""

import statistics
import subprocess
import sys
from dataclasses import dataclass

from benchmarks import REPO

TIMES = 20
IMPORTED = ("provender", "redis")
CLOCK = "import time; began = time.perf_counter(); import {}; print(time.perf_counter() - began)"


@dataclass(frozen=True)
class Light:
    """Median seconds of an import in a fresh interpreter, and how many lines there are."""

    seconds: dict[str, float]
    lines: int
    files: int


def measure_light(times: int = TIMES) -> Light:
    """Import it and the Redis client alone in turn; count lines."""
    taken: dict[str, list[float]] = {name: [] for name in IMPORTED}
    for _ in range(times + 1):
        for name, seconds in taken.items():
            seconds.append(_import(name))
    files = list((REPO / "serving/provender").glob("*.py"))
    lines = sum(len(file.read_text().splitlines()) for file in files)
    return Light(
        {name: statistics.median(seconds[1:]) for name, seconds in taken.items()}, lines, len(files)
    )


def _import(name: str) -> float:
    code = CLOCK.format(name)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)
