"""The command `push-online`: bring the last good runs into the online store."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer

from provender.connection import Client
from provender.instants import utc_now
from provender.keys import check_namespace, view_label
from provender_ops.catalog import Catalog
from provender_ops.connection import open_redis
from provender_ops.console import (
    new_app,
    parse_instant,
    print_json,
    print_table,
    progress,
    reported,
    run_app,
    tell,
)
from provender_ops.land import land_push_log
from provender_ops.masters import evicts
from provender_ops.online_store import OnlineStore
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
from provender_ops.push import Summary, meant, push
from provender_ops.push_attempts import Attempts, landing_attempts
from provender_ops.push_view import Options, ViewOutcome

MEMORY, THREADS = "1GB", 2  # what DuckDB may take, and a row group takes for each thread
COLUMNS = (
    "view",
    "version",
    "status",
    "run",
    "mode",
    "rows",
    "tombstones",
    "generation",
    "reason",
)

app = new_app("Bring the last good run of each feature view online.", no_args_is_help=False)


@app.command()
@reported
def push_online(  # noqa: PLR0913 - the options of a command
    *,
    select: Annotated[
        list[str] | None,
        typer.Option("--select", "-s", help="NAME, NAME@VERSION or tag:NAME; may be repeated."),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Write every row anew, also to mend damage in Redis.")
    ] = False,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify", help="Compare a thousand keys a view with history first; refill if need be."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be written, and write nothing.")
    ] = False,
    as_json: Json = False,
    redis_url: RedisUrl = None,
    namespace: Namespace = None,
    project_dir: ProjectDir = HERE,
    target: Target = None,
    now: Annotated[
        str | None,
        typer.Option("--now", help="For rehearsals: the time at which the push is readable."),
    ] = None,
) -> None:
    """Bring the last good run of each feature view online.

    What changed since the last push is written; all of it where Redis cannot be trusted with that.
    A view whose last build failed is refused and keeps its last good values. A push that was
    killed is completed by the next.

    \b
    Examples:
      push-online                                 everything, into the project's own Redis
      push-online --select tag:minutes            the views on one schedule
      push-online --select customer_spend@2       one version of one view
      push-online --full --select customer_spend  write its rows anew
      push-online --verify                        after damage to Redis
      push-online --dry-run --json                what it would do, for a program
      push-online --redis-url redis://user:password@redis.example:6379/0

    \b
    Exit code: 0 pushed, 1 a view was refused (the others went), 2 could not run.
    """
    options = Options(tuple(select or ()), full, verify, dry_run, parse_instant(now, "--now"))
    project = find_project(project_dir, target)
    summary = run_push(project, options, redis_url, namespace, lambda s: report(s, as_json))
    if summary.is_refused:
        raise typer.Exit(1)


def run_push(
    project: Project,
    options: Options,
    redis_url: str | None,
    namespace: str | None,
    told: Callable[[Summary], None],
) -> Summary:
    """Push, tell the summary and land the push log.

    What was attempted lands too, also where the push breaks off.
    """
    with Catalog.open(project.catalog, MEMORY, THREADS) as catalog:
        names = catalog.store()
        space = check_namespace(namespace or default_namespace(*names))
        attempts = Attempts(meant(catalog, options), (space, *names), _clock(options))
        noting = nullcontext() if options.dry_run else landing_attempts(attempts, project.landing)
        with noting, open_redis(redis_url, project.root) as client:
            store = OnlineStore(client, space, *names)
            _warn_of_eviction(client)
            summary = push(catalog, store, options, progress, attempts.ended)
            told(summary)
            if not options.dry_run:
                landed = land_push_log(client, store.keys, project.landing, options.now)
                if landed.unreadable:
                    tell(f"The push log: {landed.complaint}")
    return summary


def _clock(options: Options) -> Callable[[], datetime]:
    now = options.now
    return utc_now if now is None else lambda: now


def _warn_of_eviction(client: Client) -> None:
    policy = evicts(client)
    if policy:
        tell(
            f"Redis may evict rows (maxmemory-policy {policy}), and they would be missing."
            " Set it to noeviction, or to one of volatile-*."
        )


def report(summary: Summary, as_json: bool) -> None:
    """Print what became of the push: data on stdout, what needs attention on stderr."""
    if as_json:
        print_json(asdict(summary))
    elif summary.views:
        print_table(COLUMNS, [_line(view) for view in summary.views])
    tell_attention(summary)


def tell_attention(summary: Summary) -> None:
    """Say what needs attention, on stderr."""
    if not summary.views:
        tell("There is no feature view to push. Declare one and run `dbt build`.")
    for view in summary.views:
        if view.status == "refused":
            tell(f"{view_label(view.view, view.version)}: {view.reason}")
    for service in summary.services:
        if service.status == "waiting":
            tell(f"Service {service.service} waits: {service.reason}.")


def _line(view: ViewOutcome) -> dict[str, Any]:
    """Return one line of the table; why a view was refused is a sentence, and told below."""
    return asdict(view) | ({"reason": ""} if view.status == "refused" else {})


def main() -> None:
    """Run `push-online`."""
    run_app(app, "push-online")
