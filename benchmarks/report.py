"""docs/benchmarks.md: page.md with the figures in it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import get_args

from benchmarks.data import HISTORY_DAYS, ROWS_PER_KEY, SCORES, SPINE_DAYS, Size
from benchmarks.growth import Figures, Growth
from benchmarks.join import Joined
from benchmarks.markdown import machine, rows, spread
from benchmarks.measure import MEMORY_LIMIT, THREADS, Contest
from benchmarks.snapshot import CHANGED
from benchmarks.storage import CADENCES, DAYS, ENTITIES, Stored

KIND = {"join_range": "range join", "join_asof": "ASOF join"}


@dataclass(frozen=True)
class Results:
    """Everything that was measured, and at which size."""

    size: Size
    keys: int
    repeats: int
    joined: Joined
    windows: Contest
    snapshots: Contest
    growths: Sequence[Growth]
    stored: Stored


def page(results: Results) -> str:
    """Write the page."""
    template = (Path(__file__).parent / "page.md").read_text()
    return template.format_map({**_setting(results), **_tables(results)})


def _setting(results: Results) -> Mapping[str, object]:
    return {
        "machine": machine(),
        "python": python_version(),
        "duckdb": version("duckdb"),
        "dbt": version("dbt-core"),
        "threads": THREADS,
        "memory_limit": MEMORY_LIMIT,
        "repeats": results.repeats,
        "spine": f"{results.size.spine:,}",
        "history": f"{results.size.history:,}",
        "keys": f"{results.size.keys:,}",
        "rows_per_key": ROWS_PER_KEY,
        "spine_days": SPINE_DAYS,
        "history_days": HISTORY_DAYS,
        "snapshot_keys": f"{results.keys:,}",
        "snapshot_features": len(SCORES),
        "changed": f"{CHANGED:.0%}",
        "duckdb_row": f"{results.stored.duckdb_row:.0f}",
        "parquet_first_row": f"{results.stored.parquet_first_row:.0f}",
        "entities": f"{ENTITIES:,}",
        "years": DAYS // 365,
    }


def _tables(results: Results) -> Mapping[str, str]:
    joined = results.joined
    ours = {
        "joined_values": "`point_in_time_join`, `metadata=false`",
        "joined": "`point_in_time_join`",
    }
    plain = {joined.floor: f"by hand: {KIND[joined.floor]}"}
    beside = {joined.beside: f"by hand, slower: {KIND[joined.beside]}"}
    return {
        "join": rows(_contest(joined.contest, plain, ours, ("1.3", "1.2"), beside)),
        "windows": rows(
            _contest(
                results.windows,
                {"windows": "by hand"},
                {"recomputed": "`point_in_time_join(source='recompute')`"},
                ("1.2", ""),
            )
        ),
        "snapshots": rows(
            line[:4]
            for line in _contest(
                results.snapshots,
                {"by hand": "by hand"},
                {"ours": "strategy `provender.feature`"},
                ("2", ""),
            )
        ),
        "stored": rows(_stored(results.stored)),
        "growth": rows(_growth(growth) for growth in results.growths),
    }


def _contest(
    contest: Contest,
    floor: Mapping[str, str],
    ours: Mapping[str, str],
    targets: tuple[str, str],
    beside: Mapping[str, str] | None = None,
) -> Iterable[Sequence[str]]:
    """One line a query: seconds, their ratio and target, then the same of memory."""
    (base,) = floor
    for query, name in {**floor, **(beside or {}), **ours}.items():
        seconds, megabytes = contest.seconds(query), f"{contest.megabytes(query).median:.0f}"
        slower, larger = contest.slower(query, base), f"{contest.larger(query, base):.2f}"
        slowest, largest = targets if query in ours else ("", "")
        if query == base:
            yield [name, spread(seconds), "", "", megabytes, "", ""]
        else:
            yield [name, spread(seconds), spread(slower), slowest, megabytes, larger, largest]


def _stored(stored: Stored) -> Iterable[Sequence[str]]:
    for cadence in CADENCES:
        yield [
            cadence.name,
            f"{cadence.changed:.1%}",
            f"{cadence.runs:,}",
            f"{cadence.rows / 1e6:.0f} million",
            f"{stored.duckdb_bytes(cadence) / 1e9:.1f} GB",
            f"{stored.parquet_row[cadence]:.0f}",
            f"{stored.parquet_bytes(cadence) / 1e9:.1f} GB",
        ]


def _growth(growth: Growth) -> Sequence[str]:
    return [
        f"rows of {growth.side}",
        *(
            f"{growth.exponent(query, figure):.2f}"
            for figure in get_args(Figures)
            for query in ("ours", "by hand")
        ),
    ]
