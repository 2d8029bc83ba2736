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
from provender.records import ServiceRecord
from provender.registry import Registry, read_registry
from provender_ops import rollouts
from provender_ops.catalog import Catalog
from provender_ops.connection import open_redis
from provender_ops.console import parse_instant, print_json, reported
from provender_ops.embedded_redis import EmbeddedRedis
from provender_ops.last_reads import landed_until
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
        services = catalog.services()
        until = landed_until(catalog, project.landing, space)
    unlanded: int | None = None
    rolled: list[ServiceRecord] = []
    troubles: list[Trouble] = []
    try:
        with _redis(redis_url, project.root) as client:
            if client is not None:
                keys = KeySpace(space)
                registry = read_registry(client, keys) or Registry(keys.registry, {})
                unlanded = _unlanded(client, keys)
                facts = replace(facts, online=_online(registry, facts))
                rolled = rolled_out(registry)
                troubles += rollouts.troubles(rolled, services)
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
        landed_until=until,
        rolled=rolled,
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


def _online(registry: Registry, facts: Facts) -> Online:
    """Return what readers get."""
    runs: dict[ViewVersion, datetime] = {}
    for ref in facts.refs:
        with suppress(CorruptValue, UnknownView):  # what cannot be read is not served
            runs[ref] = from_us(registry.view(*ref).run_as_of_us).replace(tzinfo=None)
    return Online(runs, frozenset(ref for ref in facts.refs if registry.is_retired(*ref)))


def _unlanded(client: Client, keys: KeySpace) -> int:
    """Return how many decisions wait to be landed; raise StoreUnavailable."""
    with asking("count the decisions"):
        return client.xlen(keys.decisions)


def rolled_out(registry: Registry) -> list[ServiceRecord]:
    """Return the services of which a view is rolled out."""
    found = []
    for name in registry.services():
        with suppress(CorruptValue):
            found.append(registry.service(name))
    return [service for service in found if service.rollouts]
