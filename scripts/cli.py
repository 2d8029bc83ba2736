"""The command `provender`: what stands beside `dbt build`, `push-online` and SQL."""

from pathlib import Path
from typing import Annotated

import typer

from provender.instants import to_text
from provender.keys import KeySpace
from provender_ops import read as reading
from provender_ops.acl import acl
from provender_ops.audit_commands import audit, wrong_decisions
from provender_ops.backfill import backfill
from provender_ops.connection import open_redis, started
from provender_ops.console import (
    new_app,
    parse_instant,
    print_json,
    print_table,
    reported,
    run_app,
    tell,
)
from provender_ops.decisions.commands import land_decisions, verify_log
from provender_ops.embedded_redis import EmbeddedRedis
from provender_ops.errors import Refused
from provender_ops.export import export
from provender_ops.features.commands import features_app
from provender_ops.land import Landed, land_push_log
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
from provender_ops.plan.commands import plan
from provender_ops.plan.diff_commands import diff
from provender_ops.project import find_project, find_root
from provender_ops.push_online import push_online
from provender_ops.report.commands import report
from provender_ops.retire import retire
from provender_ops.status import status

app = new_app("A feature store that is a dbt project: what stands beside `dbt build` and SQL.")
redis_app = new_app("The project's own Redis, used when no URL is given.")
app.command("push-online")(push_online)
app.command("acl")(acl)
app.command("audit")(audit)
app.command("wrong-decisions")(wrong_decisions)
app.command("backfill")(backfill)
app.command("diff")(diff)
app.command("export")(export)
app.command("land-decisions")(land_decisions)
app.command("plan")(plan)
app.command("report")(report)
app.command("retire")(retire)
app.command("status")(status)
app.command("verify-log")(verify_log)
app.add_typer(features_app, name="features")
app.add_typer(redis_app, name="redis")


@app.command()
@reported
def read(  # noqa: PLR0913 - the options of a command
    service: Annotated[str, typer.Argument(help="A feature service, or VIEW@VERSION.")],
    keys: Annotated[list[str] | None, typer.Argument(help="Entity keys, as key=value.")] = None,
    *,
    now: Annotated[
        str | None, typer.Option("--now", help="The time at which ages are measured.")
    ] = None,
    as_json: Json = False,
    redis_url: RedisUrl = None,
    namespace: Namespace = None,
    project_dir: ProjectDir = HERE,
    target: Target = None,
) -> None:
    """Read features online, as a model service does.

    \b
    Examples:
      provender read credit_risk customer_id=42 device_id=d1
      provender read credit_risk customer_id=42 device_id=d1 --now 2026-03-02T12:10:00Z
      provender read customer_activity@1 customer_id=42 --json
      provender read credit_risk customer_id=42 --namespace lender.prod --redis-url redis://…
    """
    at = parse_instant(now, "--now")
    name = namespace or namespace_of(find_project(project_dir, target))
    with open_redis(redis_url, project_dir) as client:
        served = reading.read(client, name, service, keys or [], at)
    if as_json:
        print_json(reading.as_json(served))
    else:
        print_table(reading.COLUMNS, [reading.as_row(f) for f in served.features.values()])


@app.command("land-push-log")
@reported
def land_push_log_command(  # noqa: PLR0913 - the options of a command
    *,
    now: Rehearsed = None,
    as_json: Json = False,
    redis_url: RedisUrl = None,
    namespace: Namespace = None,
    project_dir: ProjectDir = HERE,
    target: Target = None,
) -> None:
    """Write push records into Parquet files for dbt.

    Each push does so at its end; records that are landed already are not landed again. It also
    notes how far the log has landed, by the clock of Redis, new records or none: a training set
    asks of no later moment what was online then.

    \b
    Examples:
      provender land-push-log && dbt build --select tag:training
      provender land-push-log --target prod --redis-url redis://…
    """
    at = parse_instant(now, "--now")
    project = find_project(project_dir, target)
    keys = KeySpace(namespace or namespace_of(project))
    with open_redis(redis_url, project_dir) as client:
        landed = land_push_log(client, keys, project.landing, at)
    _print_landed(landed, project.landing, as_json)


@redis_app.command("start")
@reported
def redis_start(project_dir: ProjectDir = HERE) -> None:
    """Start the project's own Redis, unless it runs, and print its URL."""
    typer.echo(started(find_root(project_dir)).url)


@redis_app.command("stop")
@reported
def redis_stop(project_dir: ProjectDir = HERE) -> None:
    """Stop the project's own Redis; its data stay in .provender/redis."""
    was_running = EmbeddedRedis(find_root(project_dir)).stop()
    tell("Stopped." if was_running else "It was not running.")


@redis_app.command("url")
@reported
def redis_url_command(project_dir: ProjectDir = HERE) -> None:
    """Print the URL of the project's own Redis, for a model service on this machine."""
    redis = EmbeddedRedis(find_root(project_dir))
    typer.echo(redis.url)
    if not redis.is_running():
        tell("It is not running. `provender redis start` starts it.")


def main() -> None:
    """Run `provender`."""
    run_app(app, "provender")


def _print_landed(landed: Landed, folder: Path, as_json: bool) -> None:
    until = None if landed.until is None else to_text(landed.until)
    if as_json:
        files = [str(path) for path in landed.files]
        print_json(
            {
                "landed": landed.landed,
                "files": files,
                "unreadable": landed.unreadable,
                "landed_until": until,
            }
        )
    reaches = f"; the log has landed up to {until}" if until else ""
    tell(f"Landed {landed.landed} push records under {folder}{reaches}.")
    if landed.unreadable:
        raise Refused(landed.complaint)
