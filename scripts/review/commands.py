"""The commands `provender duplicates` and `provender review`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from provender.keys import nearest
from provender_ops.catalog import Catalog
from provender_ops.console import print_json, print_table, reported, tell
from provender_ops.definitions.declarations import Declarations
from provender_ops.definitions.load import of_checkout, of_manifest
from provender_ops.errors import NoBuild, Refused, UnknownSelection
from provender_ops.options import HERE, Json, ProjectDir, Target
from provender_ops.project import find_project, find_root
from provender_ops.review.duplicates import Duplicate, Found, compared, measure
from provender_ops.review.leaks import Leak, find_leaks, services_with_labels
from provender_ops.review.suspicious import find_suspicious
from provender_ops.review.values import find_by_values

Manifest = Annotated[
    Path | None,
    typer.Option("--manifest", help="Read this compiled manifest.json, or the one in this folder."),
]
Values = Annotated[
    bool | None,
    typer.Option(
        "--values/--no-values",
        help="Look at published values too. By default where there is a build.",
        show_default=False,
    ),
]


@reported
def duplicates(  # noqa: PLR0913 - the options of a command
    views: Annotated[
        list[str] | None,
        typer.Argument(metavar="[VIEW[@VERSION]]...", help="Only pairs with one of these."),
    ] = None,
    *,
    values: Values = None,
    manifest: Manifest = None,
    as_json: Json = False,
    project_dir: ProjectDir = HERE,
    target: Target = None,
) -> None:
    """Find features that measure what another measures already.

    The checkout is compiled, its SQL parsed and followed to the columns of sources: the same
    quantity under another name is found however it is written, also where only its null rule, a
    factor or an edge differs, and the same name with another computation. Where there is a build,
    values of the published histories are compared too. Two features that look alike and are not
    say so in the YAML: `not_duplicate_of: [{feature: view.feature, reason: …}]`.

    \b
    Examples:
      provender duplicates
      provender duplicates customer_spend@2 --no-values
      provender duplicates --manifest target --json

    \b
    Exit code: 0 none, or all excused; 1 some; 2 could not run.
    """
    state = _state(project_dir, target, manifest)
    labels = _labels(state, views)
    measured, unread = measure(state)
    found = compared(measured, labels)
    with _catalog(project_dir, target, values) as catalog:
        if catalog is not None:
            asked = find_by_values(catalog, measured, found)
            found += [each for each in asked if labels is None or _is_of(each, labels)]
    _show_duplicates(Found(found, unread), as_json)


@reported
def review(  # noqa: PLR0913 - the options of a command
    service: Annotated[
        str | None, typer.Argument(help="A feature service; by default all that declare a label.")
    ] = None,
    *,
    values: Values = None,
    manifest: Manifest = None,
    as_json: Json = False,
    project_dir: ProjectDir = HERE,
    target: Target = None,
) -> None:
    """Review what a service reads for what would tell it its label.

    A feature is refused that is made of what the label is made of, that reads the model of the
    label, or that reads what is there only once the label is known: by lineage, through all
    models and views. Where its training set is published, a feature is suspicious that tells the
    label almost alone. A person lets one through in the exposure:
    `reviewed: [{feature: view.feature, reason: …, by: …}]`.

    \b
    Examples:
      provender review
      provender review credit_risk
      provender review credit_risk --no-values --json

    \b
    Exit code: 0 nothing, or all signed off; 1 refused or suspicious; 2 could not run.
    """
    state = _state(project_dir, target, manifest)
    names = [service] if service else services_with_labels(state)
    leaks = [leak for name in names for leak in find_leaks(state, name)]
    with _catalog(project_dir, target, values) as catalog:
        for name in names:
            leaks += _suspicious(catalog, state, name, leaks)
    _show_leaks(leaks, names, state, as_json)


def _suspicious(
    catalog: Catalog | None, state: Declarations, service: str, leaks: Sequence[Leak]
) -> list[Leak]:
    """Return what tells the label almost alone and is not refused anyway."""
    if catalog is None:
        return []
    found, said = find_suspicious(catalog, state, service)
    for sentence in said:
        tell(sentence)
    refused = {(leak.service, leak.feature) for leak in leaks}
    return [each for each in found if (each.service, each.feature) not in refused]


def _state(project_dir: Path, target: str | None, manifest: Path | None) -> Declarations:
    return of_checkout(project_dir, target) if manifest is None else of_manifest(manifest)


@contextmanager
def _catalog(
    project_dir: Path, target: str | None, values: bool | None
) -> Iterator[Catalog | None]:
    """Open what was published; None where it is not asked for, or not there and not asked for."""
    if values is False:
        yield None
        return
    try:
        project = find_project(find_root(project_dir), target)
    except (NoBuild, UnknownSelection):
        if values:
            raise
        yield None
        return
    with Catalog.open(project.catalog) as catalog:
        yield catalog


def _labels(state: Declarations, views: Sequence[str] | None) -> set[str] | None:
    """Return the labels of the views asked for; raise UnknownSelection."""
    if not views:
        return None
    labels: set[str] = set()
    for asked in views:
        found = {each.label for each in state.views.values() if asked in (each.name, each.label)}
        if not found:
            raise UnknownSelection(
                f"No feature view {asked!r}.{nearest(asked, state.views)}"
                f" The views are: {', '.join(sorted(state.views)) or 'none'}."
            )
        labels |= found
    return labels


def _is_of(duplicate: Duplicate, labels: set[str]) -> bool:
    views = (each.rpartition(".")[0] for each in (duplicate.feature, duplicate.of))
    return any(view in labels for view in views)


def _show_duplicates(found: Found, as_json: bool) -> None:
    """Print what was found; raise Refused where something is not excused."""
    left = [each for each in found.duplicates if each.excuse is None]
    if as_json:
        duplicates_ = [asdict(each) for each in found.duplicates]
        print_json({"duplicates": duplicates_, "unread": dict(found.unread)})
    elif found.duplicates:
        print_table(
            ("feature", "of", "is", "but_for", "excused"),
            [
                {
                    "feature": each.feature,
                    "of": each.of,
                    "is": each.kind,
                    "but_for": "; ".join(each.differences),
                    "excused": each.excuse or "",
                }
                for each in found.duplicates
            ],
        )
    for label, why in found.unread.items():
        tell(f"{label} was not compared: {why}.")
    if left:
        raise Refused(
            f"{len(left)} of {len(found.duplicates)} not excused. Read the one that is there, or"
            " say in the YAML of either why they are two:"
            " `not_duplicate_of: [{feature: view.feature, reason: …}]`."
        )
    tell("No duplicates." if not found.duplicates else "All duplicates are excused.")


def _show_leaks(
    leaks: Sequence[Leak], names: Sequence[str], state: Declarations, as_json: bool
) -> None:
    """Print what was found; raise Refused where something is not signed off."""
    left = [leak for leak in leaks if not leak.is_signed_off]
    if as_json:
        print_json({"leaks": [asdict(leak) for leak in leaks], "services": list(names)})
    elif leaks:
        print_table(
            ("service", "feature", "is", "because", "signed_off"),
            [
                {
                    "service": each.service,
                    "feature": each.feature,
                    "is": each.kind,
                    "because": each.because,
                    "signed_off": _sign_off(each),
                }
                for each in leaks
            ],
        )
    without = [name for name in names if name not in services_with_labels(state)]
    if without:
        tell(f"{', '.join(without)} declares no label, so lineage refuses it nothing.")
    if left:
        raise Refused(
            f"{len(left)} not signed off. Take it out of the service, or let a person say in the"
            " exposure why it is no leak: `reviewed: [{feature: view.feature, reason: …, by: …}]`."
        )
    tell(f"Reviewed: {', '.join(names) or 'no service declares a label'}.")


def _sign_off(leak: Leak) -> str:
    return f"{leak.by}: {leak.reason}" if leak.is_signed_off else ""
