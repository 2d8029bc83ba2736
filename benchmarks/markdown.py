"""What both pages are written with."""

import os
import platform
from collections.abc import Iterable, Sequence

from benchmarks.measure import Spread


def rows(lines: Iterable[Sequence[str]]) -> str:
    """Return lines of a table."""
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def spread(values: Spread) -> str:
    """Return the median, and least and most."""
    return f"{values.median:.2f} ({values.least:.2f} to {values.most:.2f})"


def machine() -> str:
    """Return what was measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} processors ({platform.machine()}), {memory:.0f} GB"
