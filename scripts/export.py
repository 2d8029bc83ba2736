"""The command `provender export`: a training set as one Parquet file that says what it is."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from provender.keys import nearest, view_label
from provender_ops.catalog import Catalog, Row
from provender_ops.console import parse_instant, reported, tell
from provender_ops.errors import BadInput, Refused, UnknownSelection
from provender_ops.governance import Uses
from provender_ops.options import HERE, ProjectDir, Target
from provender_ops.project import find_project

SAID = ("as_of", "age", "status", "not_computed", "source")


@reported
def export(  # noqa: PLR0913 - the options of a command
    training_set: Annotated[str, typer.Argument(help="A model that calls point_in_time_join.")],
    to: Annotated[Path, typer.Option("--to", help="The Parquet file to write.")],
    *,
    metadata: Annotated[
        bool, typer.Option(help="Keep the columns about each view (as_of, age, status, …).")
    ] = True,
    allowed_only: Annotated[
        bool, typer.Option("--allowed-only", help="Leave out what may not be exported.")
    ] = False,
    now: Annotated[
        str | None, typer.Option("--now", help="For rehearsals: the day on which waivers count.")
    ] = None,
    project_dir: ProjectDir = HERE,
    target: Target = None,
) -> None:
    """Write a training set to one Parquet file.

    The file carries what its last build recorded (content hash, fingerprints, how far the logs had
    landed, commit) as Parquet key-value metadata, under `provender`. The model has to say
    `config: {meta: {publish: true}}`.

    Features of a view that is classified pii or pci leave only while a waiver of the view allows
    it. Without one nothing is written; or, with --allowed-only, all but their columns.

    \b
    Examples:
      provender export credit_risk_training --to credit_risk.parquet
      provender export credit_risk_training --to credit_risk.parquet --no-metadata
      provender export credit_risk_training --to credit_risk.parquet --allowed-only

    \b
    Exit code: 0 written, 1 refused, 2 could not run.
    """
    at = parse_instant(now, "--now") or datetime.now(UTC)
    if to.is_dir():
        raise BadInput(f"{to} is a folder. Name the file: --to {to / training_set}.parquet.")
    if not to.parent.is_dir():
        raise BadInput(f"{to.parent} is not a folder. Make it, or write elsewhere with --to.")
    with Catalog.open(find_project(project_dir, target).catalog) as catalog:
        built = last_build(catalog, training_set)
        left_out = restricted_columns(catalog, built, at.date(), allowed_only)
        note = json.dumps(built, default=str, ensure_ascii=False)
        said = () if metadata else said_columns(built)
        rows = catalog.write_parquet(training_set, to, [*said, *left_out], note)
        skewed = open_skew(catalog, training_set)
    tell(f"Wrote {rows} rows of {training_set} to {to}.")
    if not rows:
        tell("It is empty: its spine has no rows yet.")
    if left_out:
        tell(f"Left out, since they may not be exported: {', '.join(left_out)}.")
    for finding in skewed:
        tell(f"Careful: {finding}")


def last_build(catalog: Catalog, training_set: str) -> Row:
    """Return what the last build of a training set recorded; raise UnknownSelection."""
    builds = catalog.rows("select * from training_sets order by built_at desc, invocation_id")
    own = [build for build in builds if build["training_set"] == training_set]
    known = sorted({build["training_set"] for build in builds})
    if not own:
        raise UnknownSelection(
            f"No training set {training_set!r} was built.{nearest(training_set, known)}"
            f" Built here: {', '.join(known) or 'none'}. Run `dbt build --select {training_set}`."
        )
    if not catalog.has(training_set):
        raise UnknownSelection(
            f"{training_set!r} is not published. Say `config: {{meta: {{publish: true}}}}` in its"
            f" YAML and run `dbt build --select {training_set}`."
        )
    return own[0]


def restricted_columns(catalog: Catalog, built: Row, on: date, allowed_only: bool) -> list[str]:
    """Return the columns of views whose values may not be exported on a day.

    Their keys too, unless an allowed view of the set has them. Raise Refused when there are any and
    not only what is allowed is asked for, or when the model gave features other names, by which
    they cannot be left out.
    """
    uses, keys = catalog.uses(), catalog.keys()
    features: list[str] = []
    restricted_keys, allowed_keys = set[str](), set[str]()
    for view in json.loads(built["options"])["views"]:
        ref = view["view"], view["version"]
        of_view = uses.get(ref, Uses())  # of one that is not declared any more nobody can say
        if of_view.allow("export", on):
            allowed_keys.update(keys[ref])
            continue
        if not allowed_only:
            of_view.refuse("export", on, f"View {view_label(*ref)!r}")
        features += view["columns"].values()
        restricted_keys.update(keys.get(ref, ()))
    there = catalog.columns(built["training_set"])
    hidden = sorted(set(features) - set(there))
    if hidden:
        raise Refused(
            f"{', '.join(hidden)} of {built['training_set']!r} may not be exported, and stands"
            " there under another name or in other columns. Leave it out of the model."
        )
    gone = {*features, *(restricted_keys - allowed_keys)}
    return [column for column in there if column in gone]


def open_skew(catalog: Catalog, training_set: str) -> list[str]:
    """Return what the monitor `skew` last found of the features of a training set."""
    if not catalog.has("training_set_skew"):
        return []
    found = catalog.rows(
        "select finding from training_set_skew where training_set = ? and finding is not null"
        " order by view, version, feature",
        [training_set],
    )
    return [row["finding"] for row in found]


def said_columns(built: Row) -> list[str]:
    """Return the columns that say something about the views, not of the spine or a feature."""
    options = json.loads(built["options"])
    return [f"{view['as']}__{said}" for view in options["views"] for said in SAID]
