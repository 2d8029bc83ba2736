"""The command `provender backfill`: fill past moments of a view, by the macro of that name."""

import json
import os
import re
import subprocess
from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from provender.errors import ProvenderError
from provender_ops.console import (
    parse_instant,
    print_json,
    print_table,
    progress,
    reported,
    tell,
)
from provender_ops.dbt_command import DBT, event_of, sentence_of
from provender_ops.errors import BadInput, CouldNotRun, Refused
from provender_ops.options import HERE, Json, ProjectDir
from provender_ops.project import find_root, git_commit

# What the macro logs: the plan, then a line after each transaction.
_PLAN = re.compile(r"backfill (\S+): (\d+) slots, (\d+) filled before, (\d+) to fill")
_DONE = re.compile(r"backfill (\S+): (\d+) of (\d+) slots filled, (\d+) rows")
_REFUSAL = re.compile(r"backfill of \S+ refused")


@dataclass(frozen=True, slots=True)
class Request:
    """What to fill: the arguments of the macro."""

    view: str
    version: int | None
    start: str
    end: str
    step: str
    features: list[str]
    dry_run: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it: slots of what was asked, and rows written."""

    view: str = ""
    slots: int = 0
    filled_before: int = 0
    to_fill: int = 0
    filled: int = 0
    rows: int = 0


@reported
def backfill(  # noqa: PLR0913 - the options of a command
    view: Annotated[str, typer.Argument(help="A feature view, or VIEW@VERSION; else the latest.")],
    *,
    start: Annotated[str, typer.Option("--from", help="The first slot, ISO 8601 and UTC.")],
    end: Annotated[
        str, typer.Option("--to", help="Where slots end: before this moment, which has passed.")
    ],
    step: Annotated[str, typer.Option("--step", help="From slot to slot, like 1h or 1d.")],
    feature: Annotated[
        list[str] | None,
        typer.Option("--feature", help="Only this feature; may be repeated. Without it, all."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how many slots are to fill, and fill none.")
    ] = False,
    as_json: Json = False,
    project_dir: ProjectDir = HERE,
    target: Annotated[
        str | None, typer.Option("--target", "-t", help="dbt target; else the profile's own.")
    ] = None,
    variables: Annotated[
        str | None, typer.Option("--vars", help="Variables for dbt, as it takes them.")
    ] = None,
) -> None:
    """Compute a view for past moments, where no run could.

    Slots are FROM, FROM + STEP, … before TO. At each, the view's definition as last built is
    computed for the entities alive then, knowing what was known then, into <view>_backfill.
    History and what is filled already are left as they are. A backfill that was killed or
    interrupted is continued by the same command.

    \b
    Examples:
      provender backfill customer_spend --from 2026-01-01 --to 2026-02-01 --step 1d
      provender backfill customer_spend@1 --from 2026-01-01 --to 2026-02-01 --step 1d --dry-run
      provender backfill customer_spend --from 2026-01-01 --to 2026-02-01 --step 1d \\
        --feature spend_90d      one that was added since; the others stay as they are

    \b
    Exit code: 0 filled, 1 refused by a check, 2 could not run.
    """
    name, version = _view(view)
    request = Request(
        name, version, _time(start, "--from"), _time(end, "--to"), step, feature or [], dry_run
    )
    root = find_root(project_dir)
    outcome = run_backfill(root, request, target, variables)
    report(outcome, as_json)


def run_backfill(
    root: Path, request: Request, target: str | None, variables: str | None
) -> Outcome:
    """Run the macro to its end, showing a bar of slots; raise Refused or CouldNotRun."""
    outcome = Outcome()
    with ExitStack() as stack:
        said = stack.enter_context(closing(_dbt(root, _arguments(request, target, variables))))
        for message in said:
            if plan := _PLAN.fullmatch(message):
                slots, before, to_fill = (int(count) for count in plan.groups()[1:])
                outcome = Outcome(plan[1], slots, before, to_fill)
                advance = stack.enter_context(progress(f"backfill {plan[1]}", to_fill))
            elif done := _DONE.fullmatch(message):
                advance(int(done[2]) - outcome.filled)
                outcome = replace(outcome, filled=int(done[2]), rows=int(done[4]))
            elif message.startswith("backfill "):
                tell(message)
    return outcome


def report(outcome: Outcome, as_json: bool) -> None:
    """Print what became of it."""
    counts = asdict(outcome)
    if as_json:
        print_json(counts)
    else:
        print_table(list(counts), [counts])


def _view(text: str) -> tuple[str, int | None]:
    """Read VIEW or VIEW@VERSION; raise BadInput."""
    name, at, version = text.partition("@")
    if at and not re.fullmatch("[1-9][0-9]*", version):
        raise BadInput(
            f"{text!r} is not a view. Write VIEW or VIEW@VERSION, like customer_spend@2."
        )
    return name, int(version) if at else None


def _time(text: str, option: str) -> str:
    instant = parse_instant(text, option)
    assert instant is not None  # it is for None only
    return instant.isoformat()


def _arguments(request: Request, target: str | None, variables: str | None) -> list[str]:
    """Return what comes after `dbt`."""
    arguments = ["run-operation", "provender.backfill", "--args", json.dumps(asdict(request))]
    for option, value in (("--target", target), ("--vars", variables)):
        if value is not None:
            arguments += [option, value]
    return arguments


def _dbt(root: Path, arguments: Sequence[str]) -> Generator[str, None, None]:
    """Run dbt in the project's folder and yield what it says; raise Refused or CouldNotRun.

    Who stops listening ends it. What dbt was about to write is then not written.
    """
    errors: list[str] = []
    plain: list[str] = []
    with subprocess.Popen(
        [*DBT, "--log-format", "json", "--no-use-colors", *arguments],
        cwd=root,
        env={"PROVENDER_GIT_COMMIT": git_commit(root), **os.environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        try:
            for line in process.stdout or ():
                event = event_of(line)
                if event is None:
                    plain.append(line)
                elif event["level"] == "error":
                    errors.append(sentence_of(event["exc"]))
                else:
                    yield event["msg"]
        except BaseException:  # Ctrl-C too: no dbt goes on unseen
            process.terminate()
            process.wait()
            raise
    if process.returncode:
        raise _failed("\n".join(errors) or "".join(plain))


def _failed(why: str) -> ProvenderError:
    """Tell what a check of the macro refused from all else."""
    if _REFUSAL.match(why):
        return Refused(why)
    return CouldNotRun(
        f"{why.strip()}\nNothing more was filled. Mend that and run the command again."
    )
