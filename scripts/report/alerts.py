"""The top of the page: what is wrong, and how it stands in a few figures."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from markupsafe import Markup, escape

from provender_ops.report import shown
from provender_ops.report.facts import Facts
from provender_ops.report.reads import is_over
from provender_ops.standing import Trouble
from provender_ops.status_report import GOOD

URGENT = ("monitors", "freshness", "push_health", "read_availability", "read_latency", "skew")


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


def alerts(troubles: Sequence[Trouble]) -> list[dict[str, Any]]:
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
            "owner": group[0].owner or "",
            "what_to_do": _with_code(group[0].what_to_do),
            "findings": [
                {
                    "said": _with_code(each.finding),
                    "since": shown.moment(each.since) if each.since else "",
                }
                for each in group
            ],
        }
        for group in found.values()
    ]


def monitors(facts: Facts) -> str:
    """Return when the monitors last ran, as a sentence."""
    ran_at = facts.monitors_ran_at
    if ran_at is None:
        return "The monitors never ran."
    age = shown.duration((facts.now - ran_at).total_seconds())
    return f"The monitors ran {age} ago, at {shown.moment(ran_at)} UTC."


def key_figures(facts: Facts) -> list[dict[str, str]]:
    """Return the few figures at the top: name, label, value and tone."""
    well = sum(view.state in GOOD for view in facts.views)
    last = [row for row in facts.latency or [] if row["period"] == "last 24 hours"]
    budgeted = [row for row in last if row["reads"] and row["latency_budget_ms"]]
    over = sum(is_over(row) for row in budgeted)
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
