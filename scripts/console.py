"""How the commands speak: data on stdout, messages and progress on stderr, errors as sentences."""

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from provender.errors import ProvenderError
from provender.instants import as_utc
from provender_ops.errors import INTERRUPTED, BadInput, exit_code

P = ParamSpec("P")
R = TypeVar("R")
Advance = Callable[[int], None]
WIDE = 240  # columns when nobody looks: a pipe should not fold what it carries


def new_app(help_text: str, *, no_args_is_help: bool = True) -> typer.Typer:
    """Return a Typer app as all commands have it: no rich tracebacks, no completion options."""
    return typer.Typer(
        help=help_text,
        no_args_is_help=no_args_is_help,
        pretty_exceptions_enable=False,
        add_completion=False,
        rich_markup_mode=None,
    )


def reported(command: Callable[P, R]) -> Callable[P, R]:
    """Turn the errors of a command into a sentence on stderr and an exit code (SystemExit)."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except ProvenderError as error:
            tell(str(error))
            sys.exit(exit_code(error))
        except KeyboardInterrupt:
            tell("Interrupted. What was readable before still is; run the command again.")
            sys.exit(INTERRUPTED)
        except BrokenPipeError:
            raise  # the reader of our output went away; Typer ends quietly
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            tell(f"{where}{error.strerror or error}. Mend that and run the command again.")
            sys.exit(2)

    return run


def run_app(app: typer.Typer, name: str) -> None:
    """Run an app as a command of this name; Ctrl-C before or after the command ends it too."""
    try:
        app(prog_name=name)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def tell(message: str) -> None:
    """Print a message for people, on stderr."""
    typer.echo(message, err=True)


def print_json(value: Any) -> None:
    """Print data for programs."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Print data for people: one line a row, `-` for what is not there."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row[column]) for column in columns))
    _stdout().print(table)


def _cell(value: Any) -> Text:
    """Return a value as it is shown: no markup of ours, but what is styled already."""
    if isinstance(value, Text):
        return value
    return Text("-" if value is None else str(value))


def parse_instant(text: str | None, option: str) -> datetime | None:
    """Return an ISO 8601 time in UTC (a naive one means UTC); None stays None."""
    if text is None:
        return None
    try:
        return as_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise BadInput(
            f"{option} {text!r} is not a time. Write it like 2026-03-02T12:00:00Z."
        ) from None


def parse_duration(text: str, option: str) -> timedelta:
    """Return a duration like 30d, 12h, 90m or 0s."""
    found = re.fullmatch(r"([0-9]{1,6})([smhd])", text)
    if found is None:
        raise BadInput(f"{option} {text!r} is not a duration. Write it like 30d, 12h or 90m.")
    unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[found.group(2)]
    return timedelta(**{unit: int(found.group(1))})


@contextmanager
def progress(label: str, total: int | None) -> Iterator[Advance]:
    """Show a bar on stderr while the block works, if a terminal looks; yield what advances it."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with bar:
        task = bar.add_task(label, total=total)
        yield lambda count: bar.advance(task, count)


def _stdout() -> Console:
    return Console() if sys.stdout.isatty() else Console(width=WIDE, color_system=None)
