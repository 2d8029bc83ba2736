"""Where each view version stands now, worked out from the runs, the landed logs and Redis.

The monitors say so too, of the moment they ran at; where dbt has stopped, they have as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from provender.keys import view_label
from provender_ops.catalog import Build, Catalog, Row, Run
from provender_ops.push_attempts import FOLDER as ATTEMPTS
from provender_ops.selection import ViewVersion

GRACE = timedelta(minutes=2)  # what an age may be above its SLA: runs and pushes need a moment
FAILED = ("refused", "failed")


@dataclass(frozen=True, slots=True)
class Attempt:
    """The last push of a view version that was tried, and since when they fail."""

    outcome: str
    message: str
    ended_at: datetime
    failing_since: datetime | None


@dataclass(frozen=True, slots=True)
class Online:
    """What readers get, as Redis says, or else the landed push log; times are naive UTC."""

    runs: Mapping[ViewVersion, datetime]
    retired: frozenset[ViewVersion]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something is wrong: the words of an alert."""

    monitor: str
    subject: str
    finding: str
    what_to_do: str
    owner: str | None = None
    since: datetime | None = None
    feature: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A view version now; `age` is that of the run readers get, of the last where none is online.

    `trouble` is None when it is as it should be; `days_left` until it may be gone, if it may.
    """

    view: str
    version: int
    owner: str | None
    sla: timedelta
    ttl: timedelta
    last_run: datetime | None
    online_run: datetime | None
    age: timedelta | None
    state: str
    trouble: Trouble | None
    days_left: int | None = None

    @property
    def label(self) -> str:
        """`<view>@<version>`."""
        return view_label(self.view, self.version)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of all view versions at a moment (naive UTC)."""

    now: datetime
    declared: Sequence[Row]
    last_runs: Mapping[ViewVersion, Run]
    last_builds: Mapping[ViewVersion, Build]
    pushed: Mapping[ViewVersion, datetime]
    attempts: Mapping[ViewVersion, Attempt]
    read: frozenset[ViewVersion]
    online: Online | None = None

    @property
    def refs(self) -> list[ViewVersion]:
        """The declared view versions."""
        return [(row["view"], row["version"]) for row in self.declared]


def gather(catalog: Catalog, landing: Path, namespace: str, now: datetime) -> Facts:
    """Return what the catalog and the landed logs know; Redis is not asked.

    Raise UnreadableCatalog.
    """
    columns = (
        "view, version, owner, freshness_sla_seconds as sla, ttl_seconds as ttl, deprecation_date"
    )
    return Facts(
        now=now,
        declared=catalog.rows(f"select {columns} from feature_views order by view, version"),
        last_runs=catalog.last_runs(),
        last_builds=catalog.last_builds(),
        pushed=_pushed(catalog, landing, namespace, now),
        attempts=_attempts(catalog, landing, namespace, now),
        read=frozenset(
            (ref.view, ref.version) for service in catalog.services() for ref in service.views
        ),
    )


def standings(facts: Facts) -> list[Standing]:
    """Return each declared view version, in order."""
    return [_standing(facts, row, (row["view"], row["version"])) for row in facts.declared]


@dataclass(frozen=True, slots=True)
class _Ages:
    """What is judged: which run is online, how old the readable one is, and how old it may be."""

    online_run: datetime | None
    age: timedelta | None
    sla: timedelta
    ttl: timedelta


def _standing(facts: Facts, row: Row, ref: ViewVersion) -> Standing:
    run = facts.last_runs.get(ref)
    online_run = facts.pushed.get(ref) if facts.online is None else facts.online.runs.get(ref)
    readable = online_run or (run.as_of if run else None)
    ages = _Ages(
        online_run=online_run,
        age=None if readable is None else max(facts.now - readable, timedelta()),
        sla=timedelta(seconds=row["sla"]),
        ttl=timedelta(seconds=row["ttl"]),
    )
    state, finding, todo, since = _judged(facts, ref, ages)
    label = view_label(*ref)
    trouble = Trouble("freshness", label, finding, todo, row["owner"], since) if finding else None
    return Standing(
        view=row["view"],
        version=row["version"],
        owner=row["owner"],
        sla=ages.sla,
        ttl=ages.ttl,
        last_run=run.as_of if run else None,
        online_run=online_run,
        age=ages.age,
        state=state,
        trouble=trouble,
        days_left=_days_left(row["deprecation_date"], facts.now),
    )


def _days_left(day: date | None, now: datetime) -> int | None:
    return None if day is None else (day - now.date()).days


Judged = tuple[str, str, str, datetime | None]  # state, finding, what to do, since


def _judged(facts: Facts, ref: ViewVersion, ages: _Ages) -> Judged:
    run = facts.last_runs.get(ref)
    if _is_retired(facts, ref):
        return "retired", "", "", None
    if run is None or ages.age is None:
        return _unbuilt(facts.last_builds.get(ref))
    if ages.online_run is None and ref in facts.pushed:
        lost = "It was pushed, and Redis does not hold it."
        return "lost", lost, "Run `push-online`: it fills Redis anew.", None
    is_missed = ages.online_run is None and ref in facts.read
    if ages.age <= ages.sla + GRACE:
        return "not online" if is_missed else "ok", "", "", None
    since = facts.now - ages.age + ages.sla + GRACE
    if is_missed:
        return "not online", "A service reads it, and it was never pushed.", _push(ref), since
    state = "expired" if ages.age > ages.ttl else "late"
    return state, *_late(facts, ref, ages, run), since


def _late(facts: Facts, ref: ViewVersion, ages: _Ages, run: Run) -> tuple[str, str]:
    what = "Readers get the run of" if ages.online_run else "Its last run is of"
    readable = ages.online_run or run.as_of
    told = f"{what} {said_at(readable)}, {said(facts.now - readable)} old;"
    told += f" the SLA is {said(ages.sla)}."
    build = facts.last_builds.get(ref)
    if build and build.status == "failed":
        failed = f" Its last build failed ({build.message})." if build.message else ""
        return told + failed, "Mend it, run `dbt build`, then `push-online`."
    is_fresh = facts.now - run.as_of <= ages.sla + GRACE
    if ages.online_run and run.as_of > ages.online_run and is_fresh:
        told += f" The run of {said_at(run.as_of)} is not online."
        return told, _push(ref)
    told += f" No build has computed it since {said_at(run.as_of)}."
    return told, "See why its schedule does not run `dbt build`; then `push-online`."


def _push(ref: ViewVersion) -> str:
    return f"Run `push-online --select {view_label(*ref)}`, and see why the schedule does not."


def _unbuilt(build: Build | None) -> Judged:
    if build is None or build.status != "failed":
        return "never built", "", "", None
    why = f" ({build.message})" if build.message else ""
    todo = "Mend what the message names, and run `dbt build`."
    return "never built", f"It was never built: its build fails{why}.", todo, build.as_of


def _is_retired(facts: Facts, ref: ViewVersion) -> bool:
    if facts.online is not None:
        return ref in facts.online.retired
    attempt = facts.attempts.get(ref)
    return attempt is not None and attempt.outcome == "retired"


def failing_pushes(facts: Facts) -> list[Trouble]:
    """Return the view versions whose last push failed or was refused."""
    owners = {(row["view"], row["version"]): row["owner"] for row in facts.declared}
    return [
        Trouble(
            monitor="push_health",
            subject=view_label(*ref),
            finding=f"Its last push was {attempt.outcome}: {attempt.message}"
            if attempt.outcome == "refused"
            else f"Its last push failed: {attempt.message}",
            what_to_do=f"Mend what it says, then run `push-online --select {view_label(*ref)}`.",
            owner=owners[ref],
            since=attempt.failing_since,
        )
        for ref, attempt in sorted(facts.attempts.items())
        if attempt.outcome in FAILED and ref in owners
    ]


def _pushed(
    catalog: Catalog, landing: Path, namespace: str, now: datetime
) -> dict[ViewVersion, datetime]:
    """Return the run of each view version's last push that had landed."""
    rows = landed_rows(
        catalog,
        landing / "push_log",
        "select view, version, arg_max(run_as_of, (readable_at,"
        " cast(split_part(stream_id, '-', 1) as bigint),"
        " cast(split_part(stream_id, '-', 2) as bigint))) as run_as_of from {files}"
        " where namespace = ? and readable_at <= ? group by view, version",
        [namespace, now],
    )
    return {(row["view"], row["version"]): row["run_as_of"] for row in rows}


def _attempts(
    catalog: Catalog, landing: Path, namespace: str, now: datetime
) -> dict[ViewVersion, Attempt]:
    rows = landed_rows(
        catalog,
        landing / ATTEMPTS,
        "with tried as (select *, max(case when outcome not in ('refused', 'failed') then ended_at"
        " end) over (partition by view, version) as last_good from {files} where namespace = ? and"
        " ended_at <= ?) select view, version, arg_max(outcome, ended_at) as outcome,"
        " coalesce(arg_max(coalesce(message, ''), ended_at), '') as message,"
        " max(ended_at) as ended_at, min(started_at) filter (outcome in ('refused', 'failed') and"
        " ended_at > coalesce(last_good, '-infinity')) as since from tried group by view, version",
        [namespace, now],
    )
    return {
        (row["view"], row["version"]): Attempt(
            row["outcome"], row["message"], row["ended_at"], row["since"]
        )
        for row in rows
    }


def landed_rows(
    catalog: Catalog, folder: Path, sql: str, parameters: Sequence[object] | Mapping[str, object]
) -> list[Row]:
    """Return what a query says of the Parquet `{files}` in a folder; nothing where there are none.

    Raise UnreadableCatalog.
    """
    if next(folder.rglob("*.parquet"), None) is None:
        return []
    glob = str(folder / "**" / "*.parquet").replace("'", "''")
    files = f"read_parquet('{glob}', union_by_name = true, hive_partitioning = false)"
    return catalog.rows(sql.replace("{files}", files), parameters)


def said(duration: timedelta) -> str:
    """Return a duration in the unit one would use."""
    seconds = duration.total_seconds()
    for limit, unit, size in ((120, "s", 1), (7200, "min", 60), (172800, "h", 3600)):
        if seconds < limit:
            return f"{round(seconds / size, 1 if unit == 'h' else None):g} {unit}"
    return f"{round(seconds / 86400, 1):g} days"


def said_at(instant: datetime) -> str:
    """Return a naive UTC time to the second."""
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC"
