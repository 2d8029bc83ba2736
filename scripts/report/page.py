"""From facts to one HTML file: tables of text, charts, and the template that places them."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from provender_ops.catalog import Row
from provender_ops.report import charts, shown
from provender_ops.report.contracts import Contract
from provender_ops.report.distributions import Distribution
from provender_ops.report.facts import VOLUME_DAYS, Facts
from provender_ops.report.lineage import Lineage
from provender_ops.report.tables import Cell, Table, Tone, cells
from provender_ops.report.timeline import WINDOW
from provender_ops.standing import Standing, Trouble
from provender_ops.status_report import GOOD

MOST_NODES = 80  # of a lineage that is drawn; the table has any number
OPEN = 12  # charts of views that are well, and rows of a table: beyond, they are folded
OPEN_ALERTS = 25
URGENT = ("monitors", "freshness", "push_health", "read_availability", "read_latency", "skew")


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with its heading and what it says in words."""

    svg: Markup
    title: str
    about: str
    badge: str = ""
    tone: Tone = ""


def write_page(facts: Facts, path: Path) -> None:
    """Write the page; the file is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        aside.write_text(render(facts), encoding="utf-8")
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def render(facts: Facts) -> str:
    """Return the page."""
    templates = Environment(
        loader=PackageLoader("provender_ops.report", "."),
        autoescape=True,  # values are data, whatever they look like
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    css = Markup((Path(__file__).parent / "page.css").read_text(encoding="utf-8"))  # noqa: S704 - ours
    return templates.get_template("page.html").render(css=css, **_parts(facts))


def _parts(facts: Facts) -> dict[str, Any]:
    ages = _ages(facts)
    return {
        "namespace": facts.namespace,
        "now": shown.moment(facts.now),
        "monitors": _monitors(facts),
        "troubles": _alerts(facts.troubles),
        "open_alerts": OPEN_ALERTS,
        "open": OPEN,
        "figures": _key_figures(facts),
        "views": _views(facts),
        "age_charts": [each for place, each in enumerate(ages) if each.tone or place < OPEN],
        "folded_age_charts": [each for place, each in enumerate(ages[OPEN:]) if not each.tone],
        "window_days": WINDOW.days,
        "drift": None if facts.drift is None else _drift(facts.drift),
        "drift_charts": [_distribution(each) for each in facts.distributions],
        "skew": None if facts.skew is None else _skew(facts.skew),
        "skew_found": _skew([row for row in facts.skew or [] if row["finding"]]),
        "skew_said": _skew_said(facts.skew or []),
        "latency": None if facts.latency is None else _latency(facts.latency),
        "latency_charts": _latency_charts(facts.latency or []),
        "volume": _volume(facts.volume),
        "volume_charts": _volume_charts(facts.volume),
        "volume_days": VOLUME_DAYS,
        "lineages": [_lineage(each) for each in facts.lineages],
        "contracts": [_contract(each, facts) for each in facts.contracts],
    }


# what is wrong


def _ordered(troubles: Sequence[Trouble]) -> list[Trouble]:
    """Return what hurts now before what hurts slowly, each since when."""
    places = {monitor: place for place, monitor in enumerate(URGENT)}
    return sorted(
        troubles,
        key=lambda each: (
            places.get(each.monitor, len(places)),
            each.since or datetime.max,
            each.subject,
            each.feature or "",
        ),
    )


def _with_code(sentence: str) -> Markup:
    """Return a sentence with what stands in backticks as code; all else is escaped."""
    parts = sentence.split("`")
    if len(parts) % 2 == 0:  # one of them opens nothing
        return escape(sentence)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(parts)
    )


def _alerts(troubles: Sequence[Trouble]) -> list[dict[str, Any]]:
    """Return the cards: what is found of one thing, with one thing to do, stands on one."""
    found: dict[tuple[str, ...], list[Trouble]] = {}
    for each in _ordered(troubles):
        key = (each.monitor, each.subject, each.feature or "", each.owner or "", each.what_to_do)
        found.setdefault(key, []).append(each)
    return [
        {
            "monitor": group[0].monitor,
            "subject": group[0].subject,
            "feature": group[0].feature or "",
            "owner": shown.text(group[0].owner),
            "what_to_do": _with_code(group[0].what_to_do),
            "findings": [
                {"said": _with_code(each.finding), "since": shown.moment(each.since)}
                for each in group
            ],
        }
        for group in found.values()
    ]


def _monitors(facts: Facts) -> str:
    ran_at = facts.monitors_ran_at
    if ran_at is None:
        return "The monitors never ran."
    age = shown.duration((facts.now - ran_at).total_seconds())
    return f"The monitors ran {age} ago, at {shown.moment(ran_at)} UTC."


def _key_figures(facts: Facts) -> list[dict[str, str]]:
    well = sum(view.state in GOOD for view in facts.views)
    last = [row for row in facts.latency or [] if row["period"] == "last 24 hours"]
    budgeted = [row for row in last if row["reads"] and row["latency_budget_ms"]]
    over = sum(_is_over(row) for row in budgeted)
    figures = [
        _figure("alerts", "open alerts", len(facts.troubles), bool(facts.troubles)),
        _figure(
            "views_well",
            "views as they should be",
            f"{well} of {len(facts.views)}",
            well < len(facts.views),
        ),
    ]
    if facts.drift is not None:
        drifted = {
            (row["service"], row["model_version"], row["feature"])
            for row in facts.drift
            if row["drifted"]
        }
        figures.append(_figure("drifted", "features drifted", len(drifted), bool(drifted)))
    if budgeted:
        said = f"{len(budgeted) - over} of {len(budgeted)}"
        figures.append(_figure("within_budget", "services with p99 in budget", said, over > 0))
    if facts.latency is not None:
        count = sum(row["reads"] for row in last)
        figures.append(_figure("reads", "reads in the last 24 h", count))
    return figures


def _figure(name: str, label: str, value: str | int, is_bad: bool = False) -> dict[str, str]:
    said = value if isinstance(value, str) else shown.whole(value)
    return {"name": name, "label": label, "value": said, "tone": "bad" if is_bad else ""}


# freshness


def _views(facts: Facts) -> Table:
    shares = {(each.view, each.version): each for each in facts.timelines}
    rows = []
    for view in facts.views:
        line = shares.get((view.view, view.version))
        rows.append(
            cells(
                view=view.label,
                state=Cell(view.state, _state_tone(view)),
                owner=shown.text(view.owner),
                age=shown.duration(None if view.age is None else view.age.total_seconds()),
                sla=shown.duration(view.sla.total_seconds()),
                ttl=shown.duration(view.ttl.total_seconds()),
                last_run=shown.moment(view.last_run),
                online_run=shown.moment(view.online_run),
                within_sla=shown.percent(line.within_sla if line else None),
                within_ttl=shown.percent(line.within_ttl if line else None),
            )
        )
    columns = {
        **{"view": "View", "state": "State", "owner": "Owner", "age": "Age", "sla": "SLA"},
        **{"ttl": "ttl", "last_run": "Last run", "online_run": "Online run"},
        **{"within_sla": "Time within SLA", "within_ttl": "Time within ttl"},
    }
    numbers = frozenset({"age", "sla", "ttl", "within_sla", "within_ttl"})
    caption = f"Each view now; shares are of the last {WINDOW.days} days. Times are UTC."
    return Table("views", caption, columns, rows, numbers)


def _state_tone(view: Standing) -> Tone:
    if view.state == "ok":
        return "ok"
    return "quiet" if view.state in GOOD else "bad"


def _ages(facts: Facts) -> list[Figure]:
    """Return a chart for each view that was ever readable, those in trouble first."""
    lines = {(each.view, each.version): each for each in facts.timelines}
    drawn = [view for view in facts.views if (view.view, view.version) in lines]
    since = min((line.points[0][0] for line in lines.values()), default=facts.now)
    found = []
    for view in sorted(drawn, key=lambda view: (view.state in GOOD, view.label)):
        line = lines[view.view, view.version]
        about = (
            f"{shown.duration(view.age.total_seconds() if view.age else 0.0)} old; SLA"
            f" {shown.duration(view.sla.total_seconds())}, ttl"
            f" {shown.duration(view.ttl.total_seconds())}; within SLA"
            f" {shown.percent(line.within_sla)} of the time"
        )
        svg = charts.draw_age(view, line, since)
        is_well = view.state in GOOD
        found.append(Figure(svg, view.label, about, view.state, "" if is_well else "bad"))
    return found


# drift


def _drift(rows: Sequence[Row]) -> Table:
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
    numbers = frozenset(
        ("psi", "d", "p_corrected", "mean", "stddev", "range", "null_ratio", "absent_ratio")
        + ("row_count", "baseline_row_count")
    )
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


def _distribution(found: Distribution) -> Figure:
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


# skew


def _skew(rows: Sequence[Row]) -> Table:
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


def _skew_said(rows: Sequence[Row]) -> str:
    found = [row for row in rows if row["finding"]]
    compared = sum(row["compared"] or 0 for row in rows if row["feature"])
    if found:
        many = len(found) > 1
        return f"{len(found)} feature{'s were' if many else ' was'} served otherwise than computed."
    return f"All {shown.whole(compared)} compared values are what history has."


def _count(count: int | None) -> Cell:
    return Cell(shown.whole(count), "bad" if count else "quiet")


# reads and decisions


def _latency(rows: Sequence[Row]) -> Table:
    shown_rows = [
        cells(
            service=row["service"],
            period=_period(row),
            reads=shown.whole(row["reads"]),
            p50_ms=shown.milliseconds(row["p50_ms"]),
            p99_ms=Cell(shown.milliseconds(row["p99_ms"]), "bad" if _is_over(row) else ""),
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
    return {"day": day, "window": f"since {day}"}.get(row["period"], row["period"])


def _is_over(row: Row) -> bool:
    budget = row["latency_budget_ms"]
    return bool(row["p99_ms"] is not None and budget and row["p99_ms"] > budget)


def _latency_charts(rows: Sequence[Row]) -> list[Figure]:
    found = []
    days = [row for row in rows if row["period"] == "day" and row["reads"]]
    for service, group in groupby(days, key=lambda row: row["service"]):
        own = list(group)
        is_over = _is_over(own[-1])
        about = (
            f"last day: p50 {shown.milliseconds(own[-1]['p50_ms'])}, p99"
            f" {shown.milliseconds(own[-1]['p99_ms'])}; budget"
            f" {shown.milliseconds(own[-1]['latency_budget_ms'])}"
        )
        badge, tone = ("above budget", "bad") if is_over else ("", "")
        found.append(Figure(charts.draw_latency(service, own), service, about, badge, tone))
    return found


def _volume(rows: Sequence[Row]) -> Table:
    shown_rows = [
        cells(service=row["service"], day=f"{row['day']}", decisions=shown.whole(row["decisions"]))
        for row in rows
    ]
    columns = {"service": "Service", "day": "Day (UTC)", "decisions": "Decisions"}
    return Table("volume", "Decisions by day.", columns, shown_rows, frozenset({"decisions"}))


def _volume_charts(rows: Sequence[Row]) -> list[Figure]:
    found = []
    for service, group in groupby(rows, key=lambda row: row["service"]):
        days: list[tuple[date, int]] = [(row["day"], row["decisions"]) for row in group]
        total = shown.whole(sum(count for _, count in days))
        about = f"{total} in {len(days)} day{'s' if len(days) > 1 else ''}"
        found.append(Figure(charts.draw_volume(service, days), service, about))
    return found


# lineage and contracts


def _lineage(lineage: Lineage) -> dict[str, Any]:
    names = {node.unique_id: node.name for node in lineage.nodes}
    built_on: dict[str, list[str]] = {}
    for above, below in lineage.edges:
        built_on.setdefault(below, []).append(names[above])
    rows = [
        cells(
            node=node.name,
            kind=Cell(node.kind, "quiet"),
            built_on=", ".join(built_on.get(node.unique_id, [])) or shown.NOTHING,
        )
        for node in lineage.nodes
    ]
    columns = {"node": "Name", "kind": "Kind", "built_on": "Built on"}
    counts = {kind: sum(node.kind == kind for node in lineage.nodes) for kind in ("source", "view")}
    about = ", ".join(f"{n} {kind}{'s' if n != 1 else ''}" for kind, n in counts.items())
    return {
        "name": lineage.name,
        "about": about,
        "svg": charts.draw_lineage(lineage) if len(lineage.nodes) <= MOST_NODES else None,
        "table": Table("lineage", f"What {lineage.name} is built on.", columns, rows),
    }


POLICIES: Mapping[str, tuple[str, str]] = {
    "freshness_sla": ("freshness_sla_seconds", "Fresh up to (SLA)"),
    "ttl": ("ttl_seconds", "Expires after (ttl)"),
    "otherwise": ("otherwise", "When absent"),
    "classification": ("classification", "Classification"),
    "log_values": ("log_values", "Values in the decision log"),
    "lag": ("lag_seconds", "Readable after (lag)"),
    "backfill": ("backfill", "Backfill"),
    "retention": ("retention_seconds", "History kept"),
}


def _contract(contract: Contract, facts: Facts) -> dict[str, Any]:
    state = next(
        (view for view in facts.views if view.label == contract.label),
        None,
    )
    run = contract.run
    return {
        "label": contract.label,
        "description": contract.description,
        "state": state.state if state else "",
        "tone": _state_tone(state) if state else "",
        "facts": {
            "Owner": shown.text(contract.owner),
            "Entity": f"{contract.entity} ({', '.join(contract.keys)})",
            "Read by": ", ".join(contract.services) or "no service",
            "Other versions": ", ".join(contract.other_versions) or "none",
            "Last run": f"{shown.moment(run.as_of)} UTC" if run else "never built",
            "Rows": shown.whole(run.row_count) if run else shown.NOTHING,
            "Fingerprint": run.fingerprint if run else shown.NOTHING,
            "Commit": shown.text(run.git_commit) if run else shown.NOTHING,
        },
        "policies": [
            {
                "name": label,
                "value": _policy(contract, name, column),
                "declared_in": contract.declared_in.get(name, ""),
            }
            for name, (column, label) in POLICIES.items()
        ],
        "features": _features(contract),
        "sql": contract.definition_sql or "",
    }


def _policy(contract: Contract, name: str, column: str) -> str:
    value = contract.row.get(column)
    if name == "log_values":
        return "as they are" if value else "keyed hashes"
    if name == "retention" and value is None:
        return "for ever"
    if name == "backfill" and contract.row.get("backfill_reason"):
        return f"{value}: {contract.row['backfill_reason']}"
    return shown.duration(value) if column.endswith("_seconds") else shown.text(value)


def _features(contract: Contract) -> Table:
    rows = []
    for row in contract.features:
        ratio, most = row["null_ratio"], row["max_null_ratio"]
        allowed = 0.05 if most is None else most
        is_above = ratio is not None and ratio > allowed
        rows.append(
            cells(
                feature=row["feature"],
                data_type=row["data_type"],
                default_value=shown.text(row["default_value"]),
                null_is="null" if row["null_is"] == "null" else "the default",
                null_ratio=Cell(shown.percent(ratio), "bad" if is_above else ""),
                max_null_ratio=shown.percent(allowed),
                description=Cell(shown.text(row["description"]), "quiet"),
            )
        )
    columns = {
        **{"feature": "Feature", "data_type": "Type", "default_value": "Default"},
        **{"null_is": "A null is", "null_ratio": "Nulls now", "max_null_ratio": "Allowed"},
        "description": "Meaning",
    }
    caption = f"Features of {contract.label}."
    return Table("features", caption, columns, rows, frozenset({"null_ratio", "max_null_ratio"}))
