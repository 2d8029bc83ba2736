"""The command `provender report`: options and output."""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from provender.instants import utc_now
from provender_ops.console import parse_instant, reported, tell
from provender_ops.errors import BadInput, MissingExtra
from provender_ops.options import HERE, ProjectDir, Target
from provender_ops.project import find_project
from provender_ops.report.facts import Facts, gather_facts


@reported
def report(
    *,
    to: Annotated[
        Path | None,
        typer.Option("--to", help="The file to write.", show_default="target/report.html"),
    ] = None,
    now: Annotated[
        str | None, typer.Option("--now", help="For rehearsals: the time at which ages count.")
    ] = None,
    project_dir: ProjectDir = HERE,
    target: Target = None,
) -> None:
    """Write one HTML page of all that is watched, for people.

    Open alerts with what to do; each view's age against its SLA and ttl; features as they are
    served now beside those that the model was trained on; skew; read latency against its budget;
    decisions by day; lineage; each view's contract. It asks the published catalog and the landed
    logs: let `dbt build --select tag:monitor` run before it. Redis is not asked.

    The file needs nothing beside it, asks no server and runs no script: mail it, print it, put it
    behind any web server. It holds values of features, so keep it as you keep those.

    \b
    Examples:
      provender report
      provender report --target prod --to /srv/www/features.html
      dbt build --select tag:monitor && provender report
    """
    if find_spec("matplotlib") is None:
        raise MissingExtra(
            "The page needs matplotlib. Install it: pip install 'provender[report]'."
        )
    at = (parse_instant(now, "--now") or utc_now()).replace(tzinfo=None)
    project = find_project(project_dir, target)
    path = to or project.root / "target" / "report.html"
    if to is not None and not to.parent.is_dir():
        raise BadInput(f"{to.parent} is not a folder. Make it, or write elsewhere with --to.")
    found = gather_facts(project, at)
    from provender_ops.report.page import write_page  # noqa: PLC0415 - draws: a second to load

    write_page(found, path)
    typer.echo(str(path))
    tell(_said(found))


def _said(found: Facts) -> str:
    count = len(found.troubles)
    wrong = (
        "nothing is wrong" if not count else f"{count} thing{'s are' if count > 1 else ' is'} wrong"
    )
    return f"Wrote the page of {found.namespace}: {wrong}."
