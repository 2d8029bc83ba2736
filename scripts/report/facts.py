"""All that the page shows, read from the published catalog and the landed logs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from provender_ops.catalog import Catalog, Row
from provender_ops.options import default_namespace
from provender_ops.project import Project
from provender_ops.report.contracts import Contract, read_contracts
from provender_ops.report.distributions import Distribution, read_distributions
from provender_ops.report.lineage import Lineage, read_lineages
from provender_ops.report.timeline import Timeline, read_timelines
from provender_ops.standing import Standing, Trouble, failing_pushes, gather, standings
from provender_ops.watched import read_watched

VOLUME_DAYS = 28


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known at `now` (naive UTC).

    `drift`, `skew`, `latency` and `late_data` are rows of the monitors of that name, None where
    they were never built.
    """

    namespace: str
    now: datetime
    monitors_ran_at: datetime | None
    troubles: Sequence[Trouble]
    views: Sequence[Standing]
    timelines: Sequence[Timeline]
    drift: Sequence[Row] | None
    distributions: Sequence[Distribution]
    skew: Sequence[Row] | None
    latency: Sequence[Row] | None
    volume: Sequence[Row]
    lineages: Sequence[Lineage]
    contracts: Sequence[Contract]


def gather_facts(project: Project, now: datetime) -> Facts:
    """Return everything; raise NoBuild or UnreadableCatalog."""
    with Catalog.open(project.catalog) as catalog:
        space = default_namespace(*catalog.store())
        known = gather(catalog, project.landing, space, now)
        watched = read_watched(catalog, now)
        views = standings(known)
        drift = _rows(catalog, "drift", "service, model_version, feature, population")
        return Facts(
            namespace=space,
            now=now,
            monitors_ran_at=watched.ran_at,
            troubles=[
                *(view.trouble for view in views if view.trouble),
                *failing_pushes(known),
                *watched.still_open(known),
            ],
            views=views,
            timelines=read_timelines(catalog, project.landing, space, known, now),
            drift=drift,
            distributions=read_distributions(catalog, drift or []),
            skew=_rows(catalog, "skew", "service, view, version, feature nulls first"),
            latency=_rows(catalog, "read_latency", "service, period, starts_at"),
            volume=_volume(catalog, now),
            lineages=read_lineages(catalog),
            contracts=read_contracts(catalog),
        )


def _rows(catalog: Catalog, monitor: str, order: str) -> list[Row] | None:
    if not catalog.has(monitor):
        return None
    return catalog.rows(f"from {monitor} order by {order}")


def _volume(catalog: Catalog, now: datetime) -> list[Row]:
    """Return the decisions of each service by UTC day."""
    if not catalog.has("decisions"):
        return []
    return catalog.rows(
        "select service, cast(decided_at as date) as day, count(*) as decisions from decisions"
        " where decided_at <= ? and decided_at > ? group by all order by all",
        [now, now - timedelta(days=VOLUME_DAYS)],
    )
