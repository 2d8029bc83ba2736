"""Latencies of many calls, as percentiles; and of rounds of them, as medians."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter


@dataclass(frozen=True)
class Latency:
    """Seconds that half of the calls, and all but one in a hundred, stayed below."""

    p50: float
    p99: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Latency":
        """Summarise calls."""
        ordered = sorted(seconds)
        return cls(ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100])

    @classmethod
    def median(cls, rounds: Sequence["Latency"]) -> "Latency":
        """Summarise rounds."""
        return cls(
            statistics.median(each.p50 for each in rounds),
            statistics.median(each.p99 for each in rounds),
        )

    def over(self, floor: "Latency") -> "Latency":
        """Return the ratios."""
        return Latency(self.p50 / floor.p50, self.p99 / floor.p99)


@dataclass(frozen=True)
class Race:
    """Ours and the floor, call by call in turn, in rounds."""

    ours: Sequence[Latency]
    floor: Sequence[Latency]

    @property
    def slower(self) -> Latency:
        """The median over rounds of the ratio of percentiles."""
        return Latency.median(
            [ours.over(floor) for ours, floor in zip(self.ours, self.floor, strict=True)]
        )


def race(
    ours: Callable[[int], object], floor: Callable[[int], object], calls: int, rounds: int
) -> Race:
    """Call one and the other with 0, 1, 2…; the first round warms up and does not count."""
    measured = [_round({"ours": ours, "floor": floor}, calls) for _ in range(rounds + 1)][1:]
    return Race([each["ours"] for each in measured], [each["floor"] for each in measured])


def _round(functions: Mapping[str, Callable[[int], object]], calls: int) -> dict[str, Latency]:
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for call in range(calls):
        for name, function in functions.items():
            began = perf_counter()
            function(call)
            seconds[name].append(perf_counter() - began)
    return {name: Latency.of(taken) for name, taken in seconds.items()}
