"""From facts to one HTML file, by the template that places all parts."""

import os
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from provender_ops.report import shown
from provender_ops.report.alerts import alerts, key_figures, monitors
from provender_ops.report.facts import VOLUME_DAYS, Facts
from provender_ops.report.freshness import age_charts, views_table
from provender_ops.report.promised import contract_part, lineage_part
from provender_ops.report.reads import latency_charts, latency_table, volume_charts, volume_table
from provender_ops.report.served import distribution_chart, drift_table, skew_said, skew_table
from provender_ops.report.timeline import WINDOW

MOST_LINEAGES = 40  # that are drawn, services first
OPEN = 12  # charts of a kind, and rows of a table: beyond, they are folded
OPEN_ALERTS = 25


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
    css = Markup((Path(__file__).parent / "page.css").read_text(encoding="utf-8"))
    return templates.get_template("page.html").render(css=css, **_parts(facts))


def _parts(facts: Facts) -> dict[str, Any]:
    return {
        "namespace": facts.namespace,
        "now": shown.moment(facts.now),
        "monitors": monitors(facts),
        "troubles": alerts(facts.troubles),
        "open_alerts": OPEN_ALERTS,
        "open": OPEN,
        "figures": key_figures(facts),
        "views": views_table(facts),
        "age_charts": age_charts(facts),
        "window_days": WINDOW.days,
        "drift": None if facts.drift is None else drift_table(facts.drift),
        "drift_charts": [distribution_chart(each) for each in facts.distributions],
        "skew": None if facts.skew is None else skew_table(facts.skew),
        "skew_found": skew_table([row for row in facts.skew or [] if row["finding"]]),
        "skew_said": skew_said(facts.skew or []),
        "latency": None if facts.latency is None else latency_table(facts.latency),
        "latency_charts": latency_charts(facts.latency or []),
        "volume": volume_table(facts.volume),
        "volume_charts": volume_charts(facts.volume),
        "volume_days": VOLUME_DAYS,
        "lineages": [
            lineage_part(each, place < MOST_LINEAGES) for place, each in enumerate(facts.lineages)
        ],
        "contracts": [contract_part(each, facts) for each in facts.contracts],
    }
