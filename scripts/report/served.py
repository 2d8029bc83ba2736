"""What decisions were served: beside the training set, and beside history."""

from collections.abc import Sequence

from provender_ops.catalog import Row
from provender_ops.report import charts, shown
from provender_ops.report.distributions import Distribution
from provender_ops.report.tables import Cell, Figure, Table, Tone, cells


def drift_table(rows: Sequence[Row]) -> Table:
    """Return the rows of `drift`, what drifted first."""
    shown_rows = [
        cells(
            feature=shown.text(row["feature"]),
            service=row["service"],
            model_version=shown.text(row["model_version"]),
            population=shown.text(row["population"]),
            drifted=Cell(row["drifted"], "bad") if row["drifted"] else _not_drifted(row),
            baseline=shown.text(row["baseline"]),
            row_count=shown.whole(row["row_count"]),
            baseline_row_count=shown.whole(row["baseline_row_count"]),
            mean=_pair(row, "mean"),
            stddev=_pair(row, "stddev"),
            range=_range(row),
            null_ratio=_percents(row, "null_ratio"),
            absent_ratio=_percents(row, "absent_ratio"),
            d=shown.number(row["d"]),
            psi=shown.number(row["psi"]),
            p_corrected=shown.chance(row["p_corrected"]),
            since=shown.moment(row["since"]),
        )
        for row in sorted(rows, key=lambda row: (row["drifted"] is None, -(row["psi"] or 0)))
    ]
    columns = {
        **{"feature": "Feature", "service": "Service", "model_version": "Model"},
        **{"population": "As", "drifted": "Drifted", "psi": "PSI", "d": "KS D"},
        **{"p_corrected": "p, corrected", "mean": "Mean, was", "stddev": "Deviation, was"},
        **{"range": "Range, was", "null_ratio": "Nulls, was", "absent_ratio": "Absent, was"},
        **{"row_count": "Rows", "baseline_row_count": "Trained on", "baseline": "Training set"},
        "since": "Since",
    }
    numbers = frozenset(columns) - {
        *("feature", "service", "model_version", "population", "drifted", "baseline", "since")
    }
    caption = (
        "As the monitor found it: what decisions were served, and what is online, each beside the"
        " training set."
    )
    return Table("drift", caption, columns, shown_rows, numbers)


def _not_drifted(row: Row) -> Cell:
    return Cell(row["not_compared"] or "no", "quiet")


def _pair(row: Row, name: str) -> str:
    if row[name] is None and row[f"baseline_{name}"] is None:
        return shown.NOTHING
    return f"{shown.number(row[name])}, {shown.number(row[f'baseline_{name}'])}"


def _percents(row: Row, name: str) -> str:
    if row[name] is None and row[f"baseline_{name}"] is None:
        return shown.NOTHING
    return f"{shown.percent(row[name])}, {shown.percent(row[f'baseline_{name}'])}"


def _range(row: Row) -> str:
    if row["minimum"] is None:
        return shown.NOTHING
    now = f"{shown.number(row['minimum'])} to {shown.number(row['maximum'])}"
    was = f"{shown.number(row['baseline_minimum'])} to {shown.number(row['baseline_maximum'])}"
    return f"{now}, {was}"


def distribution_chart(found: Distribution) -> Figure:
    """Return the chart of one feature."""
    row = found.drift
    parts = [f"{row['service']} {row['model_version'] or ''}".strip()]
    if row["psi"] is not None:
        parts.append(f"PSI {shown.number(row['psi'])}")
    if row["mean"] is not None and row["baseline_mean"] is not None:
        mean, was = shown.number(row["mean"]), shown.number(row["baseline_mean"])
        parts.append(f"mean {mean}, was {was}")
    drifted = bool(row["drifted"])
    svg = charts.draw_distribution(found)
    tone: Tone = "bad" if drifted else ""
    return Figure(svg, row["feature"], "; ".join(parts), "drifted" if drifted else "", tone)


def skew_table(rows: Sequence[Row]) -> Table:
    """Return rows of `skew`, what was found first."""
    shown_rows = [
        cells(
            service=row["service"],
            view=f"{row['view']}@{row['version']}",
            feature=row["feature"] or Cell("the whole row", "quiet"),
            compared=shown.whole(row["compared"]),
            online_wrong=_count(row["online_wrong"]),
            history_wrong=_count(row["history_wrong"]),
            missing=_count(row["missing"]),
            extra=_count(row["extra"]),
            of_no_run=_count(row["of_no_run"]),
            largest_difference=shown.number(row["largest_difference"]),
            since=shown.moment(row["since"]),
            since_run=shown.moment(row["since_run"]),
        )
        for row in sorted(rows, key=lambda row: row["finding"] is None)
    ]
    columns = {
        **{"service": "Service", "view": "View", "feature": "Feature", "since": "Since"},
        **{"online_wrong": "Served wrong", "history_wrong": "History wrong"},
        **{"missing": "Told missing", "extra": "Not in history", "of_no_run": "Of no run"},
        **{"compared": "Compared", "largest_difference": "Largest difference"},
        "since_run": "Since run",
    }
    numbers = frozenset(columns) - {"service", "view", "feature", "since", "since_run"}
    caption = "Decisions whose served values are not what history has of that run."
    return Table("skew", caption, columns, shown_rows, numbers)


def skew_said(rows: Sequence[Row]) -> str:
    """Return what came of the comparison, as a sentence."""
    found = [row for row in rows if row["finding"]]
    compared = sum(row["compared"] or 0 for row in rows if row["feature"])
    if found:
        many = len(found) > 1
        return f"{len(found)} feature{'s were' if many else ' was'} served otherwise than computed."
    return f"All {shown.whole(compared)} compared values are what history has."


def _count(count: int | None) -> Cell:
    return Cell(shown.whole(count), "bad" if count else "quiet")
