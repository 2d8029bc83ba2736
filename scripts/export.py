"""The command `provender export`: a training set as one Parquet file that says what it is."""

import json
from pathlib import Path
from typing import Annotated

import typer

from provender.keys import nearest
from provender_ops.catalog import Catalog, Row
from provender_ops.console import reported, tell
from provender_ops.errors import BadInput, UnknownSelection
from provender_ops.options import HERE, ProjectDir, Target
from provender_ops.project import find_project

SAID = ("as_of", "age", "status", "not_computed", "source")


@reported
def export(
    training_set: Annotated[str, typer.Argument(help="A model that calls point_in_time_join.")],
    to: Annotated[Path, typer.Option("--to", help="The Parquet file to write.")],
    *,
    metadata: Annotated[
        bool, typer.Option(help="Keep the columns about each view (as_of, age, status, …).")
    ] = True,
    project_dir: ProjectDir = HERE,
    target: Target = None,
) -> None:
    """Write a training set to one Parquet file.

    The file carries what its last build recorded (content hash, fingerprints, how far the logs had
    landed, commit) as Parquet key-value metadata, under `provender`. The model has to say
    `config: {meta: {publish: true}}`.

    \b
    Examples:
      provender export credit_risk_training --to credit_risk.parquet
      provender export credit_risk_training --to credit_risk.parquet --no-metadata
    """
    if not to.parent.is_dir():
        raise BadInput(f"{to.parent} is not a folder. Make it, or write elsewhere with --to.")
    with Catalog.open(find_project(project_dir, target).catalog) as catalog:
        built = last_build(catalog, training_set)
        note = json.dumps(built, default=str, ensure_ascii=False)
        rows = catalog.write_parquet(
            training_set, to, () if metadata else said_columns(built), note
        )
        skewed = open_skew(catalog, training_set)
    tell(f"Wrote {rows} rows of {training_set} to {to}.")
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
