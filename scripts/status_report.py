"""The screen of `provender status`, and the same as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import typer
from rich.text import Text

from provender.instants import to_text
from provender.records import ServiceRecord
from provender_ops import rollouts
from provender_ops.console import print_table
from provender_ops.selection import ViewVersion
from provender_ops.standing import Attempt, Standing, Trouble, said, said_at
from provender_ops.watched import Watched, last_attempt

VIEWS = (
    "view",
    "owner",
    "last_run",
    "online_run",
    "age",
    "SLA",
    "ttl",
    "state",
    "nulls",
    "gone_in",
)
SERVICES = ("service", "owner", "reads", "p50", "p99", "budget", "within_ttl", "within_SLA")
GOOD = ("ok", "retired", "never built")


@dataclass(frozen=True, slots=True)
class Report:
    """All that is shown; times are naive UTC. `unlanded` is None where Redis was not asked.

    `rolled` are the services of which a view is rolled out.
    """

    namespace: str
    now: datetime
    views: Sequence[Standing]
    attempts: Mapping[ViewVersion, Attempt]
    watched: Watched
    is_redis_asked: bool
    unlanded: int | None
    landed_until: datetime | None
    rolled: Sequence[ServiceRecord]
    troubles: Sequence[Trouble]


def show(report: Report) -> None:
    """Print the screen."""
    typer.echo(f"{report.namespace} at {said_at(report.now)}\n")
    if report.views:
        print_table(VIEWS, [_view(report, view) for view in report.views])
        typer.echo("")
    if report.watched.services:
        print_table(SERVICES, [_service(row) for row in report.watched.services])
        typer.echo("")
    for line in (_pushes(report), _decisions(report), _monitors(report), *_rollouts(report)):
        typer.echo(line)
    typer.echo("")
    if not report.troubles:
        typer.echo("Nothing is wrong.")
        return
    count = len(report.troubles)
    typer.echo(f"{count} thing{'s are' if count > 1 else ' is'} wrong:")
    for trouble in report.troubles:
        typer.echo("\n".join(_told(trouble)))


def as_json(report: Report) -> dict[str, Any]:
    """Return the same for programs; durations in seconds."""
    watched = report.watched
    return {
        "namespace": report.namespace,
        "now": to_text(report.now),
        "is_well": not report.troubles,
        "views": [_view_json(view, report.watched.nulls) for view in report.views],
        "services": [_plain(row) for row in watched.services],
        "pushes": _plain(
            {**(watched.pushes or {}), "last_attempt_at": last_attempt(report.attempts)}
        ),
        "decisions": _plain(
            {
                **(watched.decisions or {"count": None, "last": None}),
                "landed_until": report.landed_until,
                "unlanded": report.unlanded,
            }
        ),
        "rollouts": [
            {"service": service.service, **asdict(each)}
            for service in report.rolled
            for each in service.rollouts
        ],
        "monitors_ran_at": None if watched.ran_at is None else to_text(watched.ran_at),
        "is_redis_asked": report.is_redis_asked,
        "wrong": [_plain(asdict(trouble)) for trouble in report.troubles],
    }


def _view(report: Report, view: Standing) -> dict[str, Any]:
    above = report.watched.nulls.get(view.label)
    return {
        "view": view.label,
        "owner": view.owner,
        "last_run": _short(report.now, view.last_run),
        "online_run": _short(report.now, view.online_run),
        "age": None if view.age is None else said(view.age),
        "SLA": said(view.sla),
        "ttl": said(view.ttl),
        "state": Text(view.state, style="green" if view.state in GOOD else "bold red"),
        "nulls": None if above is None else f"{above} above" if above else "ok",
        "gone_in": None if view.days_left is None else f"{view.days_left} days",
    }


def _service(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "service": row["service"],
        "owner": row["owner"],
        "reads": row["reads"],
        "p50": _ms(row["p50_ms"]),
        "p99": _ms(row["p99_ms"]),
        "budget": _ms(row["latency_budget_ms"]),
        "within_ttl": _percent(row["availability"]),
        "within_SLA": _percent(row["sla_compliance"]),
    }


def _pushes(report: Report) -> str:
    last = last_attempt(report.attempts)
    if last is None:
        return "Pushes: none was tried here."
    told = f"Pushes: the last was tried {said(report.now - last)} ago"
    found = report.watched.pushes
    if not found or not found["attempts_24h"]:
        return told + "."
    lag = found["push_lag_p50_seconds"]
    readable = "" if lag is None else f", readable {said(timedelta(seconds=lag))} after a run"
    rate = _percent(found["success_rate_24h"])
    return f"{told}; {rate} of {found['attempts_24h']} in 24 h went well{readable}."


def _decisions(report: Report) -> str:
    found = report.watched.decisions
    told = "Decisions: none were built"
    if found:
        last = "" if found["last"] is None else f", the last of {said_at(found['last'])}"
        told = f"Decisions: {found['count']}{last}"
    if report.landed_until:
        told += f"; landed until {said_at(report.landed_until)}"
    if report.unlanded is not None:
        told += f"; {report.unlanded} wait in Redis"
    return told + "."


def _monitors(report: Report) -> str:
    ran_at = report.watched.ran_at
    asked = "" if report.is_redis_asked else " Redis was not asked: no URL, and no own one runs."
    if ran_at is None:
        return f"Monitors: never ran.{asked}"
    return f"Monitors: ran {said(report.now - ran_at)} ago, at {said_at(ran_at)}.{asked}"


def _rollouts(report: Report) -> list[str]:
    return [
        f"Rollout: {service.service} from {rollouts.told(each)}."
        for service in report.rolled
        for each in service.rollouts
    ]


def _told(trouble: Trouble) -> list[str]:
    about = trouble.subject + (f".{trouble.feature}" if trouble.feature else "")
    since = f", since {said_at(trouble.since)}" if trouble.since else ""
    owner = f", {trouble.owner}" if trouble.owner else ""
    return [
        f"  {about} ({trouble.monitor}{owner}{since})",
        f"    {trouble.finding}",
        f"    Do: {trouble.what_to_do}",
    ]


def _short(now: datetime, instant: datetime | None) -> str | None:
    if instant is None:
        return None
    return f"{instant:%H:%M:%S}" if instant.date() == now.date() else f"{instant:%Y-%m-%d %H:%M}"


def _ms(milliseconds: float | None) -> str | None:
    return None if milliseconds is None else f"{round(milliseconds, 1):g} ms"


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{round(100 * share, 1):g} %"


def _view_json(view: Standing, nulls: Mapping[str, int]) -> dict[str, Any]:
    return _plain(
        {
            "view": view.view,
            "version": view.version,
            "owner": view.owner,
            "last_run": view.last_run,
            "online_run": view.online_run,
            "age_seconds": view.age,
            "freshness_sla_seconds": view.sla,
            "ttl_seconds": view.ttl,
            "state": view.state,
            "features_above_null_ratio": nulls.get(view.label),
            "days_left": view.days_left,
        }
    )


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain_value(value) for name, value in row.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return to_text(value)
    return value.total_seconds() if isinstance(value, timedelta) else value
