"""The commands `provender land-decisions` and `provender verify-log`."""

from typing import Annotated

import typer

from provender.errors import ProvenderError
from provender.instants import to_text
from provender.keys import KeySpace
from provender_ops.connection import open_redis
from provender_ops.console import parse_instant, print_json, reported, tell
from provender_ops.decisions.following import follow, stopped_by_signals
from provender_ops.decisions.head import Head, stored_head
from provender_ops.decisions.landing import LandedDecisions, Lander
from provender_ops.decisions.log_key import chain_key
from provender_ops.decisions.settings import retention_us
from provender_ops.decisions.verify import Verified, verify
from provender_ops.errors import BadInput, Refused
from provender_ops.options import (
    HERE,
    Json,
    Namespace,
    ProjectDir,
    RedisUrl,
    Rehearsed,
    Target,
    namespace_of,
)
from provender_ops.project import Project, find_project


@reported
def land_decisions(  # noqa: PLR0913 - the options of a command
    *,
    follow_on: Annotated[
        bool, typer.Option("--follow", help="Go on landing, every few seconds, until stopped.")
    ] = False,
    now: Rehearsed = None,
    as_json: Json = False,
    redis_url: RedisUrl = None,
    namespace: Namespace = None,
    project_dir: ProjectDir = HERE,
    target: Target = None,
) -> None:
    """Move logged decisions into Parquet files for dbt.

    Each landing is chained to the one before it in a ledger; the end of the chain is printed: note
    it where nobody who can write here can. Days that are over become one file each, and days past
    the declared retention are removed. It also notes how far the log has landed, by the clock of
    Redis. A decision that a service still keeps in its spool, Redis being away, lands once it is
    sent. Several at once take turns; one that was killed is completed by the next.

    \b
    Examples:
      provender land-decisions && dbt build --select decisions+
      provender land-decisions --follow
      provender land-decisions --target prod --redis-url redis://…
    """
    at = parse_instant(now, "--now")
    if follow_on and (at or as_json):
        raise BadInput("--follow goes with neither --now nor --json. Leave one of them out.")
    project = find_project(project_dir, target)
    keys = KeySpace(namespace or namespace_of(project))
    key, kept = chain_key(project.root), retention_us(project.root)
    with open_redis(redis_url, project_dir) as client:
        lander = Lander(client, keys, project.landing, key, kept)
        if not follow_on:
            report_landed(lander.land(at), project, as_json)
            return
        with stopped_by_signals() as stop:
            told = _Teller(project)
            follow(lander, told.landed, lambda error: tell(f"{error} Waiting for it."), stop)
        tell(f"Stopped. {told.count} decisions landed.")


@reported
def verify_log(  # noqa: PLR0913 - the options of a command
    *,
    head: Annotated[
        list[str] | None,
        typer.Option("--head", help="A head that was noted elsewhere; may be repeated."),
    ] = None,
    as_json: Json = False,
    redis_url: RedisUrl = None,
    namespace: Namespace = None,
    project_dir: ProjectDir = HERE,
    target: Target = None,
) -> None:
    """Verify that the landed decisions are those that landed, every byte of them.

    It follows the chain of the ledger with the key of the log, holds it against the head that Redis
    keeps and those given, and compares each file. What landing, compaction and retention did is
    told from what somebody else did. Given a head, it does without a Redis that is away.

    \b
    Examples:
      provender verify-log
      provender verify-log --head 17:5f0c…  a head that land-decisions printed
      provender verify-log --json --target prod --redis-url redis://…

    \b
    Exit code: 0 whole, 1 something was changed, removed or inserted, 2 could not run.
    """
    noted = [Head.of(text) for text in head or ()]
    project = find_project(project_dir, target)
    key = chain_key(project.root, make=False)
    stored, trouble = _stored(project, redis_url, namespace, needed=not noted)
    found = verify(project.landing, key, stored, noted)
    if trouble:
        found.notes.append(trouble)
    _tell_verified(found, as_json)
    if found.findings:
        raise Refused(f"{len(found.findings)} findings: the log is not as it landed.")


class _Teller:
    """Tells of landings in which something happened, and counts decisions."""

    def __init__(self, project: Project) -> None:
        self.count = 0
        self._project = project
        self._complaint = ""

    def landed(self, landed: LandedDecisions) -> None:
        self.count += landed.landed
        if landed.landed:
            tell(_sentence(landed, self._project))
        if landed.complaint and landed.complaint != self._complaint:
            tell(landed.complaint)
        self._complaint = landed.complaint


def report_landed(landed: LandedDecisions, project: Project, as_json: bool) -> None:
    """Print what landed; raise Refused when something could not."""
    if as_json:
        print_json(
            {
                "landed": landed.landed,
                "files": [str(path) for path in landed.files],
                "unreadable": landed.unreadable,
                "landed_until": None if landed.until is None else to_text(landed.until),
                "head": landed.head,
                "compacted_days": landed.tidied.compacted,
                "removed_files": landed.tidied.removed,
                "expired_days": landed.tidied.expired,
            }
        )
    tell(_sentence(landed, project))
    tell(f"The ledger's head is {landed.head}.")
    if landed.complaint:
        raise Refused(landed.complaint)


def _sentence(landed: LandedDecisions, project: Project) -> str:
    reaches = f"; the log has landed up to {to_text(landed.until)}" if landed.until else ""
    tidied = [
        f"{count} {what}"
        for count, what in (
            (landed.tidied.compacted, "days made compact"),
            (landed.tidied.removed, "superseded files removed"),
            (landed.tidied.expired, "days past their retention removed"),
        )
        if count
    ]
    done = f" {', '.join(tidied)}." if tidied else ""
    return f"Landed {landed.landed} decisions under {project.landing}{reaches}.{done}"


def _stored(
    project: Project, redis_url: str | None, namespace: str | None, *, needed: bool
) -> tuple[str | None, str]:
    """Return the head that Redis keeps; where it is not `needed`, or why it could not be asked."""
    keys = KeySpace(namespace or namespace_of(project))
    try:
        with open_redis(redis_url, project.root) as client:
            return stored_head(client, keys), ""
    except ProvenderError as error:
        if needed:
            raise
        return None, f"The head in Redis was not compared. {error}"


def _tell_verified(found: Verified, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "entries": found.entries,
                "files": found.files,
                "rows": found.rows,
                "head": found.head,
                "findings": found.findings,
                "notes": found.notes,
            }
        )
    for finding in found.findings:
        tell(finding)
    for note in found.notes:
        tell(note)
    if not found.findings:
        tell(
            f"The log is whole: {found.entries} entries, {found.files} files, {found.rows} rows."
            f" Its head is {found.head or 'nothing yet'}."
        )
