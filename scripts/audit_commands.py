"""`provender audit` and `provender wrong-decisions`: options and output."""

from functools import partial
from typing import Annotated

import typer

from provender_ops import audit as auditing
from provender_ops.catalog import Catalog
from provender_ops.console import parse_instant, print_json, print_table, reported, tell
from provender_ops.decisions.log_key import value_hash
from provender_ops.options import HERE, Json, ProjectDir, Target
from provender_ops.project import find_project
from provender_ops.selection import select_views


@reported
def audit(
    decision_id: Annotated[str, typer.Argument(help="The id that DecisionLog.record returned.")],
    *,
    as_json: Json = False,
    sql: Annotated[
        bool, typer.Option("--sql", help="Print the SQL that answers, instead.")
    ] = False,
    project_dir: ProjectDir = HERE,
    target: Target = None,
) -> None:
    """Show what a decision was made on, beside history and what events give.

    Each value that was served stands beside the one that history has of that run, and beside
    the one that the run's definition computes of the events, once the model decision_witnesses
    has run. It reads the published catalog only: run `provender land-decisions` and
    `dbt build --select decisions` first. Personal values were logged as keyed hashes; to compare
    them it needs the key of the log (PROVENDER_LOG_KEY).

    \b
    Examples:
      provender audit 3f0c9a52c1
      provender audit 3f0c9a52c1 --json
      provender audit 3f0c9a52c1 --sql | duckdb -readonly published/prod/catalog.duckdb
    """
    project = find_project(project_dir, target)
    with Catalog.open(project.catalog) as catalog:
        found = auditing.audit(catalog, decision_id, partial(value_hash, project.root))
    if sql:
        typer.echo(found.sql + ";")
    elif as_json:
        print_json(auditing.as_json(found))
    else:
        _print_audit(found)
    if found.note:
        tell(found.note)
    if found.disagreeing:
        tell(f"History does not bear out: {', '.join(found.disagreeing)}.")
    if found.recomputing_otherwise:
        tell(f"Events give another value by now: {', '.join(found.recomputing_otherwise)}.")
    for reason in found.not_recomputed:
        tell(f"Where nothing stands under recomputed: {reason}.")


@reported
def wrong_decisions(  # noqa: PLR0913 - the options of a command
    view: Annotated[str, typer.Argument(help="The view, NAME or NAME@VERSION.")],
    *,
    after: Annotated[
        str | None, typer.Option("--from", help="Only what was read from then on (ISO 8601).")
    ] = None,
    before: Annotated[
        str | None, typer.Option("--to", help="Only what was read before then.")
    ] = None,
    as_json: Json = False,
    project_dir: ProjectDir = HERE,
    target: Target = None,
) -> None:
    """List the decisions that were given a wrong value of a view, with what it should have been.

    As the model decision_witnesses found: build it first, `dbt build --select tag:monitor`.

    \b
    Examples:
      provender wrong-decisions customer_spend@2
      provender wrong-decisions customer_spend --from 2026-03-02T08:00:00Z --to 2026-03-02T12:00:00Z
    """
    window = [parse_instant(after, "--from"), parse_instant(before, "--to")]
    since, until = (None if moment is None else moment.replace(tzinfo=None) for moment in window)
    with Catalog.open(find_project(project_dir, target).catalog) as catalog:
        found = [
            row
            for name, version in select_views([view], catalog.declared_views())
            for row in auditing.wrong_decisions(catalog, name, version, since, until)
        ]
    rows = [auditing.plain(row) for row in found]
    if as_json:
        print_json(rows)
    elif rows:
        print_table(auditing.WRONG_COLUMNS, rows)
    decisions = len({row["decision_id"] for row in found})
    tell(f"{decisions} decisions were given a wrong value of {view}.")


def _print_audit(found: auditing.Audit) -> None:
    decision = auditing.plain(found.decision)
    print_table(("decision", "value"), [{"decision": k, "value": v} for k, v in decision.items()])
    typer.echo("")
    print_table(auditing.COLUMNS, [auditing.as_row(row) for row in found.features])
    typer.echo("")
    print_table(auditing.VIEW_COLUMNS, auditing.view_rows(found))
