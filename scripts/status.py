"""The command `provender status`: all that is watched, on one screen."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from provender.connection import Client, asking
from provender.errors import CorruptValue, StoreUnavailable, UnknownView
from provender.instants import from_us, utc_now
from provender.keys import KeySpace
from provender.registry import Registry, read_registry
from provender_ops.catalog import Catalog
from provender_ops.connection import open_redis
from provender_ops.console import parse_instant, print_json, reported
from provender_ops.embedded_redis import EmbeddedRedis
from provender_ops.options import (
    HERE,
    Json,
    Namespace,
    ProjectDir,
    RedisUrl,
    Target,
    default_namespace,
)
from provender_ops.project import Project, find_project
from provender_ops.selection import ViewVersion
from provender_ops.standing import (
    Facts,
    Online,
    Trouble,
    failing_pushes,
    gather,
    landed_rows,
    standings,
)
from provender_ops.status_report import Report, as_json, show
from provender_ops.watched import read_watched


@reported
def status(  # noqa: PLR0913 - the options of a command
    *,
    now: Annotated[
        str | None, typer.Option("--now", help="For rehearsals: the time at which ages count.")
    ] = None,
    as_json_: Json = False,
    redis_url: RedisUrl = None,
    namespace: Namespace = None,
    project_dir: ProjectDir = HERE,
    target: Target = None,
) -> None:
    """Show what is watched: views, services, pushes, decisions, and what is wrong.

    Ages are worked out now, from the logged runs and pushes, so that a schedule that stopped is
    seen though the monitors stopped with it. All else is what the monitors last found:
    `dbt build --select tag:monitor`. Redis is asked what is online when a URL is given or the
    project's own runs.

    \b
    Examples:
      provender status
      provender status --json
      provender status --target prod --redis-url redis://…

    \b
    Exit code: 0 all is well, 1 something is wrong, 2 could not run.
    """
    at = parse_instant(now, "--now") or utc_now()
    project = find_project(project_dir, target)
    report = make_report(project, namespace, redis_url, at.replace(tzinfo=None))
    if as_json_:
        print_json(as_json(report))
    else:
        show(report)
    if report.troubles:
        raise typer.Exit(1)


def make_report(
    project: Project, namespace: str | None, redis_url: str | None, now: datetime
) -> Report:
    """Return everything; `now` is naive UTC. Raise NoBuild or UnreadableCatalog."""
    with Catalog.open(project.catalog) as catalog:
        space = namespace or default_namespace(*catalog.store())
        facts = gather(catalog, project.landing, space, now)
        watched = read_watched(catalog, now)
        landed_until = _landed_until(catalog, project.landing, space)
    unlanded: int | None = None
    troubles: list[Trouble] = []
    try:
        with _redis(redis_url, project.root) as client:
            if client is not None:
                online, unlanded = _ask(client, KeySpace(space), facts)
                facts = replace(facts, online=online)
    except StoreUnavailable as error:
        todo = "See whether it is up, and whether this machine reaches it."
        troubles.append(Trouble("redis", space, str(error), todo))
    views = standings(facts)
    troubles += [view.trouble for view in views if view.trouble]
    troubles += failing_pushes(facts) + watched.still_open(facts)
    return Report(
        namespace=space,
        now=now,
        views=views,
        attempts=facts.attempts,
        watched=watched,
        is_redis_asked=facts.online is not None,
        unlanded=unlanded,
        landed_until=landed_until,
        troubles=troubles,
    )


@contextmanager
def _redis(url: str | None, root: Path) -> Iterator[Client | None]:
    """Connect for the block, by the URL or to the project's own Redis; none is started."""
    if url is None and not EmbeddedRedis(root).is_running():
        yield None
        return
    with open_redis(url, root) as client:
        yield client


def _ask(client: Client, keys: KeySpace, facts: Facts) -> tuple[Online, int]:
    """Return what readers get, and how many decisions wait to be landed; raise StoreUnavailable."""
    registry = read_registry(client, keys) or Registry(keys.registry, {})
    with asking("count the decisions"):
        unlanded = client.xlen(keys.decisions)
    runs: dict[ViewVersion, datetime] = {}
    for ref in facts.refs:
        with suppress(CorruptValue, UnknownView):  # what cannot be read is not served
            runs[ref] = from_us(registry.view(*ref).run_as_of_us).replace(tzinfo=None)
    return Online(runs, frozenset(ref for ref in facts.refs if registry.is_retired(*ref))), unlanded


def _landed_until(catalog: Catalog, landing: Path, namespace: str) -> datetime | None:
    rows = landed_rows(
        catalog,
        landing / "landed",
        "select max(landed_until) as until from {files} where log = 'decision_log' and"
        " namespace = ?",
        [namespace],
    )
    return rows[0]["until"] if rows else None
