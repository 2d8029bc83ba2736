"""History beside its recomputation, cell by cell, by what the late-data report compiles to."""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

COMPILED = Path("target/compiled/provender/models/monitoring/late_data.sql")


def report_of(project: Path) -> str:
    """Return the compiled report of a project that built it."""
    return (project / COMPILED).read_text()


def unlike_history(store: duckdb.DuckDBPyConnection, report: str) -> tuple[list[str], int]:
    """Return what differs between the runs and their recomputation, and the number of cells."""
    wrong: list[str] = []
    cells = 0
    for number in re.findall(r"\brecomputed_(\d+) as \(", report):
        kept, types = _rows(store, report, f"history_{number}")
        today, types_today = _rows(store, report, f"recomputed_{number}", ", ".join(types))
        if types != types_today:
            wrong.append(f"types of {number}: {types} and {types_today}")
        if len(kept) != len(today):
            wrong.append(f"rows of {number}: {len(kept)} and {len(today)}")
        for one, other in zip(kept, today, strict=False):
            wrong += _differences(one, other)
            cells += len(one)
    return wrong, cells


def _rows(
    store: duckdb.DuckDBPyConnection, report: str, name: str, columns: str = "*"
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Read one CTE of the report, in the order of its keys and times, which come first."""
    head, found, _ = report.partition("    cells as (")
    assert found
    cursor = store.execute(
        f"{head} cells as (select {columns} from {name}) from cells) from final order by all"
    )
    types = {column[0]: str(column[1]) for column in cursor.description or []}
    return [dict(zip(types, row, strict=True)) for row in cursor.fetchall()], types


def _differences(one: dict[str, Any], other: dict[str, Any]) -> Iterator[str]:
    for name, value in one.items():
        found = other[name]
        is_close = isinstance(value, float) and isinstance(found, float)
        if not (math.isclose(value, found, rel_tol=1e-12) if is_close else value == found):
            yield f"{one}: {name} is {found!r} today"
