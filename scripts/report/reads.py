"""How long reads took, and how many decisions there were."""

from collections.abc import Sequence
from datetime import date
from itertools import groupby

from provender_ops.catalog import Row
from provender_ops.report import charts, shown
from provender_ops.report.tables import Cell, Figure, Table, Tone, cells


def latency_table(rows: Sequence[Row]) -> Table:
    """Return the rows of `read_latency`."""
    shown_rows = [
        cells(
            service=row["service"],
            period=_period(row),
            reads=shown.whole(row["reads"]),
            p50_ms=shown.milliseconds(row["p50_ms"]),
            p99_ms=Cell(shown.milliseconds(row["p99_ms"]), "bad" if is_over(row) else ""),
            max_ms=shown.milliseconds(row["max_ms"]),
            latency_budget_ms=shown.milliseconds(row["latency_budget_ms"]),
            slow_reads=shown.whole(row["slow_reads"]),
            slow_waited_for=shown.text(row["slow_waited_for"]),
        )
        for row in rows
    ]
    columns = {
        **{"service": "Service", "period": "Period", "reads": "Reads", "p50_ms": "p50"},
        **{"p99_ms": "p99", "max_ms": "Longest", "latency_budget_ms": "Budget"},
        **{"slow_reads": "Above budget", "slow_waited_for": "What those waited for"},
    }
    numbers = frozenset(columns) - {"service", "period", "slow_waited_for"}
    return Table("latency", "Reads by the decision log.", columns, shown_rows, numbers)


def _period(row: Row) -> str:
    day = f"{row['starts_at']:%Y-%m-%d}"
    if row["period"] == "last 24 hours":
        return "last 24 hours"
    return day if row["period"] == "day" else f"since {day}"


def is_over(row: Row) -> bool:
    """Return whether the p99 is above the budget."""
    budget = row["latency_budget_ms"]
    return bool(row["p99_ms"] is not None and budget and row["p99_ms"] > budget)


def latency_charts(rows: Sequence[Row]) -> list[Figure]:
    """Return a chart for each service with reads."""
    found = []
    days = [row for row in rows if row["period"] == "day" and row["reads"]]
    for service, group in groupby(days, key=lambda row: row["service"]):
        own = list(group)
        is_slow = is_over(own[-1])
        about = (
            f"last day: p50 {shown.milliseconds(own[-1]['p50_ms'])}, p99"
            f" {shown.milliseconds(own[-1]['p99_ms'])}; budget"
            f" {shown.milliseconds(own[-1]['latency_budget_ms'])}"
        )
        tone: Tone = "bad" if is_slow else ""
        found.append(
            Figure(
                charts.draw_latency(service, own),
                service,
                about,
                "above budget" if is_slow else "",
                tone,
            )
        )
    return found


def volume_table(rows: Sequence[Row]) -> Table:
    """Return the decisions by service and day."""
    shown_rows = [
        cells(service=row["service"], day=f"{row['day']}", decisions=shown.whole(row["decisions"]))
        for row in rows
    ]
    columns = {"service": "Service", "day": "Day (UTC)", "decisions": "Decisions"}
    return Table("volume", "Decisions by day.", columns, shown_rows, frozenset({"decisions"}))


def volume_charts(rows: Sequence[Row]) -> list[Figure]:
    """Return a chart for each service with decisions."""
    found = []
    for service, group in groupby(rows, key=lambda row: row["service"]):
        days: list[tuple[date, int]] = [(row["day"], row["decisions"]) for row in group]
        total = shown.whole(sum(count for _, count in days))
        about = f"{total} in {len(days)} day{'s' if len(days) > 1 else ''}"
        found.append(Figure(charts.draw_volume(service, days), service, about))
    return found
