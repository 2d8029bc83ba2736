"""The command `provender run`: what a scheduler calls."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from types import FrameType
from typing import Annotated, Any

import typer

from provender_ops.console import parse_instant, print_json, print_table, reported, tell
from provender_ops.options import HERE, Json, Namespace, ProjectDir, RedisUrl, Target
from provender_ops.project import project_to_build, settings
from provender_ops.schedule.running import Summary, look, run_slot
from provender_ops.schedule.slots import find_schedule
from provender_ops.schedule.steps import Request


@reported
def run(  # noqa: PLR0913 - the options of a command
    *,
    cadence: Annotated[
        str, typer.Option("--cadence", "-c", help="One of `vars: provender: schedules:`, a tag.")
    ],
    wait: Annotated[
        float,
        typer.Option("--wait", min=0, help="Seconds to wait for another run of this project."),
    ] = 0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the slot and its steps, and run none.")
    ] = False,
    as_json: Json = False,
    redis_url: RedisUrl = None,
    namespace: Namespace = None,
    project_dir: ProjectDir = HERE,
    target: Target = None,
    variables: Annotated[
        str | None, typer.Option("--vars", help="Variables for dbt, as it takes them.")
    ] = None,
    now: Annotated[
        str | None, typer.Option("--now", help="For rehearsals: the time of all that is done.")
    ] = None,
) -> None:
    """Do what a cadence is due for: build and test, push, land, build the monitors.

    A slot is an instant at which the cadence is due, as `vars: provender: schedules:` declares it,
    by UTC or in a stated time zone. Call this as often as you like: it runs the latest slot once,
    and what was done it does not do again. Killed, it goes on with the first step that did not
    end; where something failed, the next call tries that again. Slots that were missed are not made
    up for: a feature view has no backlog (`provender backfill` fills the past). One run of a
    project folder goes at a time; a dbt whose run was killed counts.

    \b
    Examples:
      provender run --cadence minutes
      provender run --cadence nightly --wait 3600    waits for a run that is under way
      provender run --cadence nightly --dry-run      which slot, which steps, as commands
      provender run --cadence minutes --target prod --redis-url redis://… --json

    \b
    Exit code: 0 done or nothing to do; 1 a check refused, or something failed in dbt (the rest is
    done); 2 a step could not run; 75 another run is under way, try again later; 130 interrupted,
    the next call goes on.
    """
    at = parse_instant(now, "--now")
    project = project_to_build(project_dir, target)
    schedule = find_schedule(settings(project.root), cadence)
    request = Request(project, schedule, redis_url, namespace, variables, at)
    if dry_run:
        report(look(request), as_json)
        return
    with _ended_by_sigterm():
        summary = run_slot(request, wait)
    report(summary, as_json)
    if summary.code:
        raise typer.Exit(summary.code)


def report(summary: Summary, as_json: bool) -> None:
    """Print what became of the run, or would."""
    if as_json:
        print_json(asdict(summary))
        return
    print_table(["step", "state", "seconds", "what"], [_line(step) for step in _steps(summary)])
    if summary.is_done_before:
        tell(f"{summary.cadence}: the slot of {summary.slot} is done. Nothing to do.")


def _steps(summary: Summary) -> list[dict[str, Any]]:
    return [asdict(step) for step in summary.steps]


def _line(step: dict[str, Any]) -> dict[str, Any]:
    """Return one line of the table; messages of several lines were told before."""
    first = step["message"].split("\n")[0]
    return step | {"what": first or step["command"]}


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """End on SIGTERM as on Ctrl-C: what was started ends too, and the journal is as it was."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
