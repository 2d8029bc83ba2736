"""The command `provender diff`: how the values of a view move between two definitions."""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from provender.instants import utc_now
from provender.keys import nearest, view_label
from provender_ops.catalog import Catalog
from provender_ops.console import parse_instant, print_json, print_table, reported
from provender_ops.definitions.checkout import compiled
from provender_ops.definitions.declarations import Declarations, View
from provender_ops.definitions.load import of_manifest, of_published
from provender_ops.errors import BadInput, NoBuild, UnknownSelection
from provender_ops.options import HERE, Json, ProjectDir
from provender_ops.plan.commands import read_vars
from provender_ops.plan.comparison import compare_values
from provender_ops.plan.diff_text import (
    COLUMNS,
    as_json,
    examples,
    headline,
    remarks,
    row,
    verdict,
)
from provender_ops.plan.rules import ANALYSIS, Rules
from provender_ops.plan.values import Sample, Side, Values
from provender_ops.plan.writer_file import find_writer_file
from provender_ops.project import find_project, find_root

KEYS = 10_000


@reported
def diff(  # noqa: PLR0913 - the options of a command
    view: Annotated[str, typer.Argument(help="A feature view, or VIEW@VERSION; else the latest.")],
    other: Annotated[
        str | None, typer.Argument(help="Another version, to compare the first with; both as here.")
    ] = None,
    *,
    keys: Annotated[
        int, typer.Option("--keys", min=1, help="How many keys to sample, by a hash of the key.")
    ] = KEYS,
    as_of: Annotated[
        list[str] | None,
        typer.Option(
            "--as-of", help="A moment to compute at; may be repeated. Else that of the last run."
        ),
    ] = None,
    count: Annotated[
        int, typer.Option("--examples", min=0, help="How many rows to show of each feature.")
    ] = 3,
    state: Annotated[
        Path | None,
        typer.Option("--state", help="Compare with the compiled manifest.json in this folder."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            "--against", metavar="TARGET", help="Compare with what this target published."
        ),
    ] = None,
    as_json_: Json = False,
    project_dir: ProjectDir = HERE,
    target: Annotated[
        str | None,
        typer.Option(
            "--target", "-t", help="dbt target whose file is read; else the profile's own."
        ),
    ] = None,
    variables: Annotated[
        str | None, typer.Option("--vars", help="Variables for dbt, as it takes them.")
    ] = None,
) -> None:
    """Fill the deployed and this checkout's definition of a view with the same keys, and compare.

    Models that either is made of are computed too, down to the sources, seeds and snapshots in the
    DuckDB file of the target, which is read: a dbt run that begins meanwhile waits. Nothing is
    built. Values count as equal as they do for skew: doubles to nine digits, numbers within the
    feature's tolerance. D and PSI are those of drift.

    \b
    Examples:
      provender diff customer_activity
      provender diff customer_spend@1 customer_spend@2
      provender diff device_activity --against prod --keys 1000 --as-of 2026-03-02T12:00:00Z
      provender diff ip_activity --state target-main --json

    \b
    Exit code: 0 nothing differs, 1 something does, or a definition gives several rows for one key;
    2 could not run.
    """
    given = [name for name in (state, against, other) if name is not None]
    if len(given) > 1:
        raise BadInput(
            "--state, --against and a second view each say what to compare with. Give one of them."
        )
    asked = [read_view(name) for name in (view, other) if name is not None]
    moments = tuple(map(_moment, as_of or ()))
    root = find_root(project_dir)
    file = find_writer_file(root, target)
    deployed = None if other else _deployed(root, state, against or target)
    if deployed:
        _find(deployed, *asked[0])
    with compiled(root, target, read_vars(variables), ANALYSIS) as manifest:
        here, rules = State(of_manifest(manifest), "as here"), Rules.of_manifest(manifest)
    sides = _sides(deployed or here, here, asked)
    chosen = moments or (_last_run(root, against or target, sides[1].view),)
    found = compare_values(*sides, file, Sample(keys, chosen, count), rules)
    _show(found, as_json_)
    if not found.is_refactor:
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class State:
    """Definitions, and where they stand, as a sentence has it."""

    declared: Declarations
    where: str


def read_view(text: str) -> tuple[str, int | None]:
    """Return name and version of VIEW or VIEW@VERSION; raise BadInput."""
    name, at, version = text.partition("@")
    if at and not re.fullmatch("[1-9][0-9]*", version):
        raise BadInput(
            f"{text!r} is not a view. Write VIEW or VIEW@VERSION, like customer_spend@2."
        )
    return name, int(version) if at else None


def _show(found: Values, is_json: bool) -> None:
    if is_json:
        print_json(as_json(found))
        return
    typer.echo(headline(found))
    typer.echo(verdict(found))
    for remark in remarks(found):
        typer.echo(remark)
    if any(each.changed for each in found.features):
        typer.echo("")
        print_table(COLUMNS, [row(each) for each in found.features])
        typer.echo("")
        for line in examples(found):
            typer.echo(line)


def _moment(text: str) -> datetime:
    instant = parse_instant(text, "--as-of")
    assert instant is not None  # it is for None only
    return instant.replace(tzinfo=None)


def _deployed(root: Path, state: Path | None, target: str | None) -> State:
    if state is not None:
        return State(of_manifest(state), f"in {state}")
    project = find_project(root, target)
    with Catalog.open(project.catalog) as catalog:
        return State(of_published(catalog), f"as {project.target} published it")


def _sides(old: State, new: State, asked: Sequence[tuple[str, int | None]]) -> tuple[Side, Side]:
    """Return what is compared; of a view without a version, the latest that both have."""
    (name, version), (other, other_version) = asked[0], asked[-1]
    if name == other and version is None and old is not new:
        both = _versions(old, name) & _versions(new, other)
        version = other_version = max(both, default=None)
    return _side(old, name, version), _side(new, other, other_version)


def _side(state: State, name: str, version: int | None) -> Side:
    view = _find(state, name, version)
    return Side(state.declared, view, f"{view.label} {state.where}")


def _versions(state: State, name: str) -> set[int]:
    return {view.version for view in state.declared.views.values() if view.name == name}


def _find(state: State, name: str, version: int | None) -> View:
    """Return a view version, the latest for None; raise UnknownSelection."""
    versions = {view.version: view for view in state.declared.views.values() if view.name == name}
    view = versions.get(version or max(versions, default=0))
    if view is None:
        text = name if version is None else view_label(name, version)
        names = {*state.declared.views, *(each.name for each in state.declared.views.values())}
        raise UnknownSelection(
            f"There is no view {text!r} {state.where}.{nearest(text, names)}"
            f" There is: {', '.join(sorted(state.declared.views)) or 'none'}."
        )
    return view


def _last_run(root: Path, target: str | None, view: View) -> datetime:
    """Return the as_of of the view's last published run, of any version; now without one."""
    found: list[datetime] = []
    with (
        suppress(NoBuild, UnknownSelection),
        Catalog.open(find_project(root, target).catalog) as catalog,
    ):
        runs = catalog.last_runs().values()
        found = [run.as_of for run in runs if run.view == view.name] or [run.as_of for run in runs]
    return max(found, default=utc_now().replace(tzinfo=None))
