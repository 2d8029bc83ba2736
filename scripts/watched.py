"""What the monitors found when they last ran, as they published it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from provender_ops.catalog import Catalog, Row, quoted, text_literal
from provender_ops.standing import FAILED, Attempt, Facts, Trouble, said, said_at

JOB = "`dbt build --select tag:monitor`"
FOUND = frozenset({"finding", "since", "owner", "what_to_do"})


@dataclass(frozen=True, slots=True)
class Watched:
    """The monitors' findings; `ran_at` is the as_of of the one that went well longest ago.

    `alerts` are their findings, `troubles` what is wrong with the monitors themselves.
    """

    ran_at: datetime | None
    troubles: Sequence[Trouble]
    alerts: Sequence[Trouble]
    services: Sequence[Row]
    pushes: Row | None
    nulls: Mapping[str, int]
    decisions: Row | None

    def still_open(self, facts: Facts) -> list[Trouble]:
        """Return what is wrong with the monitors and what they found, but what is known better now.

        Ages are: those are worked out now. A push that went well since made its alert good.
        """
        known_better = {
            alert
            for alert in self.alerts
            if alert.monitor == "freshness"
            or (alert.monitor == "push_health" and _is_known_better(alert, facts))
        }
        return [*self.troubles, *(each for each in self.alerts if each not in known_better)]


def _is_known_better(alert: Trouble, facts: Facts) -> bool:
    view, _, version = alert.subject.rpartition("@")
    attempt = facts.attempts.get((view, int(version)))
    if attempt is None or alert.since is None:
        return False
    return attempt.outcome in FAILED or attempt.ended_at > alert.since


def read_watched(catalog: Catalog, now: datetime) -> Watched:
    """Return what was published of the monitors; raise UnreadableCatalog."""
    runs = catalog.rows("from monitors order by monitor") if catalog.has("monitors") else []
    published = {row["monitor"] for row in runs if catalog.has(row["monitor"])}
    succeeded = [row["succeeded_as_of"] for row in runs if row["succeeded_as_of"]]
    return Watched(
        ran_at=min(succeeded, default=None),
        troubles=_troubles(runs, now),
        alerts=_alerts(catalog, published),
        services=_services(catalog) if {"read_latency", "read_availability"} <= published else [],
        pushes=_pushes(catalog) if "push_health" in published else None,
        nulls=_nulls(catalog) if "null_ratios" in published else {},
        decisions=_decisions(catalog) if catalog.has("decisions") else None,
    )


def _troubles(runs: Sequence[Row], now: datetime) -> list[Trouble]:
    if not runs:
        never = "They never ran: nobody looks for nulls, skew, drift and slow reads."
        return [Trouble("monitors", "monitors", never, f"Schedule {JOB}.")]
    found = [
        Trouble(
            "monitors",
            row["monitor"],
            f"It could not run: {' '.join((row['message'] or 'it was skipped').split())}",
            f"Mend what the message names, and run {JOB}.",
            since=row["as_of"],
        )
        for row in runs
        if row["status"] != "success"
    ]
    old = [row for row in runs if row["succeeded_as_of"] and _is_old(row, now)]
    if old:
        names = "all" if len(old) == len(runs) else ", ".join(row["monitor"] for row in old)
        last = max(row["succeeded_as_of"] for row in old)
        allowed = timedelta(seconds=old[0]["max_age_seconds"])
        told = f"They last ran at {said_at(last)}, {said(now - last)} ago ({names})."
        todo = f"See why the schedule does not run {JOB}."
        found.append(Trouble("monitors", "monitors", told, todo, since=last + allowed))
    return found


def _is_old(row: Row, now: datetime) -> bool:
    age: timedelta = now - row["succeeded_as_of"]
    return age > timedelta(seconds=row["max_age_seconds"])


def _alerts(catalog: Catalog, monitors: Collection[str]) -> list[Trouble]:
    """Return the findings of each monitor's own table.

    `alerts` has them all, but is not built where one monitor broke; it is asked for those alone
    whose tables do not say it themselves.
    """
    columns = {name: _columns(catalog, name) for name in sorted(monitors)}
    telling = [name for name, found in columns.items() if found >= FOUND and name != "alerts"]
    queries = [_findings(name, columns[name]) for name in telling]
    if "alerts" in columns:
        told = ", ".join(text_literal(name) for name in telling) or "''"
        queries.append(
            "select monitor, subject, finding, what_to_do, owner, since, feature from alerts"
            f" where monitor not in ({told})"
        )
    if not queries:
        return []
    sql = " union all ".join(queries)
    rows = catalog.rows(f"from ({sql}) order by since nulls last, monitor, subject, feature")
    return [Trouble(**row) for row in rows]


def _findings(name: str, columns: frozenset[str]) -> str:
    subjects = ["view || '@' || version"] if {"view", "version"} <= columns else []
    subjects += [each for each in ("service", "source", "log") if each in columns]
    feature = "feature" if "feature" in columns else "null"
    return (
        f"select {text_literal(name)} as monitor, coalesce({', '.join([*subjects, repr(name)])})"
        f" as subject, finding, what_to_do, owner, since, cast({feature} as varchar) as feature"
        f" from {quoted(name)} where finding is not null"
    )


def _columns(catalog: Catalog, name: str) -> frozenset[str]:
    sql = "select column_name from information_schema.columns where table_name = ?"
    return frozenset(row["column_name"] for row in catalog.rows(sql, [name]))


def _services(catalog: Catalog) -> list[Row]:
    return catalog.rows(
        "select latency.service, latency.owner, latency.reads, latency.p50_ms, latency.p99_ms,"
        " latency.latency_budget_ms, min(served.availability) as availability,"
        " min(served.sla_compliance) as sla_compliance from read_latency as latency left join"
        " read_availability as served on latency.service = served.service and latency.period ="
        " served.period where latency.period = 'last 24 hours' group by all order by service"
    )


def _pushes(catalog: Catalog) -> Row | None:
    return catalog.rows(
        "select cast(sum(attempts_24h) as bigint) as attempts_24h, sum(success_rate_24h *"
        " attempts_24h) / nullif(sum(attempts_24h), 0) as success_rate_24h,"
        " max(push_lag_p50_seconds) as push_lag_p50_seconds from push_health"
    )[0]


def _nulls(catalog: Catalog) -> dict[str, int]:
    rows = catalog.rows(
        "select view || '@' || version as label, count(finding) as above from null_ratios"
        " group by all"
    )
    return {row["label"]: row["above"] for row in rows}


def _decisions(catalog: Catalog) -> Row:
    return catalog.rows("select count(*) as count, max(decided_at) as last from decisions")[0]


def last_attempt(attempts: Mapping[tuple[str, int], Attempt]) -> datetime | None:
    """Return when a push was last tried."""
    return max((attempt.ended_at for attempt in attempts.values()), default=None)
