"""How old each view was over time: the age of the run that readers got.

By the pushes, as readers saw it; a view that was never pushed counts from the ends of its runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from provender_ops.catalog import Catalog, Row
from provender_ops.selection import ViewVersion
from provender_ops.standing import Facts, landed_rows

WINDOW = timedelta(days=7)
STEPS = 96
NO_PUSHES = (
    "select null::varchar as view, null::integer as version, null::timestamp as shown_at,"
    " null::timestamp as run, null::bigint as ms, null::bigint as place where false"
)
PUSHES = (
    "select view, version, readable_at as shown_at, run_as_of as run,"
    " cast(split_part(stream_id, '-', 1) as bigint) as ms,"
    " cast(split_part(stream_id, '-', 2) as bigint) as place from {files}"
    " where namespace = $namespace and readable_at <= $now"
)
# Readers get the run of the last push: after a rollback, an older one.
READABLE = """
with pushes as ({pushes}),
changes as (
    from pushes union all
    select view, version, ended_at, as_of, epoch_ms(ended_at), 0 from runs
    where ended_at <= $now and (view, version) not in (select (view, version) from pushes)
),
spans as (
    select view, version, run, shown_at as since,
        coalesce(lead(shown_at) over following, $now) as until
    from (select distinct on (view, version, shown_at, ms, place) * from changes)
    window following as (partition by view, version order by shown_at, ms, place)
),
shown as (
    select view, version, run, greatest(since, $start) as since, until from spans
    where until > $start and until > since
)
"""
WORST = """
, bounds as (select greatest($start, min(since)) as low from shown),
steps as (
    select number, low + number * (cast($now as timestamp) - low) / $steps as starts_at,
        low + (number + 1) * (cast($now as timestamp) - low) / $steps as ends_at
    from bounds, range($steps) as numbers(number)
)
select view, version, steps.ends_at,
    max(epoch(least(until, ends_at) - run)) as worst
from shown join steps on since < ends_at and until > starts_at
group by all order by view, version, ends_at
"""
SHARES = """
select view, version,
    sum(epoch(until - since)) as seconds,
    sum(greatest(0, epoch(least(until, run + to_seconds(freshness_sla_seconds)) - since))) as fresh,
    sum(greatest(0, epoch(least(until, run + to_seconds(ttl_seconds)) - since))) as live
from shown join feature_views using (view, version) group by all
"""


@dataclass(frozen=True, slots=True)
class Timeline:
    """The worst age of a view version, in seconds, in each step of the last days.

    `within_sla` and `within_ttl` are shares of the time since it was first readable.
    """

    view: str
    version: int
    points: Sequence[tuple[datetime, float]]
    within_sla: float | None
    within_ttl: float | None


def read_timelines(
    catalog: Catalog, landing: Path, namespace: str, known: Facts, now: datetime
) -> list[Timeline]:
    """Return one for each declared view version that was ever readable."""
    if not catalog.has("runs"):  # nothing ran yet
        return []
    given = {"namespace": namespace, "now": now, "start": now - WINDOW}
    points: dict[ViewVersion, list[tuple[datetime, float]]] = {}
    for row in _asked(catalog, landing, WORST, {**given, "steps": STEPS}):
        points.setdefault((row["view"], row["version"]), []).append((row["ends_at"], row["worst"]))
    shares = {(row["view"], row["version"]): row for row in _asked(catalog, landing, SHARES, given)}
    return [
        Timeline(
            view=ref[0],
            version=ref[1],
            points=points[ref],
            within_sla=_share(shares.get(ref), "fresh"),
            within_ttl=_share(shares.get(ref), "live"),
        )
        for ref in known.refs
        if ref in points
    ]


def _asked(
    catalog: Catalog, landing: Path, question: str, given: Mapping[str, object]
) -> list[Row]:
    sql = READABLE + question
    has_pushes = next((landing / "push_log").rglob("*.parquet"), None) is not None
    pushes = PUSHES if has_pushes else NO_PUSHES + " and $namespace = ''"
    sql = sql.replace("{pushes}", pushes)
    if has_pushes:
        return landed_rows(catalog, landing / "push_log", sql, given)
    return catalog.rows(sql, given)


def _share(row: Row | None, name: str) -> float | None:
    if row is None or not row["seconds"]:
        return None
    return float(row[name] / row["seconds"])
