"""`provender features`: options and output."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provender.instants import utc_now
from provender_ops.console import (
    new_app,
    parse_instant,
    print_json,
    print_table,
    reported,
    tell,
)
from provender_ops.errors import BadInput
from provender_ops.options import HERE, Json, ProjectDir, Target
from provender_ops.project import find_project

# Each command imports what it runs when it runs: a parser of SQL takes a quarter second to load,
# and all of `provender` would wait for it.
# ruff: noqa: PLC0415

if TYPE_CHECKING:
    from provender_ops.features.listed import Listed

features_app = new_app("What features there are, what they are made of, what each promises.")
Now = Annotated[
    str | None, typer.Option("--now", help="For rehearsals: the time at which ages count.")
]


@features_app.command("list")
@reported
def list_command(  # noqa: PLR0913 - the options of a command
    *,
    view: Annotated[str | None, typer.Option("--view", help="Of this view.")] = None,
    entity: Annotated[str | None, typer.Option("--entity", help="About this entity.")] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Of this dbt group.")] = None,
    service: Annotated[str | None, typer.Option("--service", help="Read by this one.")] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Of views with this tag.")] = None,
    as_json: Json = False,
    project_dir: ProjectDir = HERE,
    target: Target = None,
) -> None:
    """List the features that are deployed.

    As the last build published its registry. Filters narrow it down; all of them hold.

    \b
    Examples:
      provender features list
      provender features list --service credit_risk --tag minutes
      provender features list --view customer_spend --json

    \b
    Exit code: 0 listed, 2 could not run.
    """
    from provender_ops.features.known import read_declarations
    from provender_ops.features.listed import Filters, list_features

    declarations = read_declarations(find_project(project_dir, target))
    filters = Filters(view, entity, owner, service, tag)
    _print_listed(list_features(declarations, filters), as_json)


@features_app.command("search")
@reported
def search_command(
    text: Annotated[str, typer.Argument(help="Words; a feature has to have all of them.")],
    *,
    as_json: Json = False,
    project_dir: ProjectDir = HERE,
    target: Target = None,
) -> None:
    """Find features by their names, descriptions and the source columns they come from.

    Look here before you write one: somebody may have it already.

    \b
    Examples:
      provender features search spend
      provender features search "30 days amount"
      provender features search card_payments.amount --json

    \b
    Exit code: 0 also when nothing is found, 2 could not run.
    """
    from provender_ops.features.known import read_declarations
    from provender_ops.features.listed import search_features

    found = search_features(read_declarations(find_project(project_dir, target)), text)
    _print_listed(found, as_json)
    if not found:
        tell(f"No feature has {text!r} in its name, description or sources.")


@features_app.command("show")
@reported
def show_command(  # noqa: PLR0913 - the options of a command
    name: Annotated[
        str,
        typer.Argument(help="A view, a feature, VIEW.FEATURE; of one version: VIEW@VERSION…"),
    ],
    *,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
    as_json_: Json = False,
    now: Now = None,
    project_dir: ProjectDir = HERE,
    target: Target = None,
) -> None:
    """Show the contract card of a feature or a view.

    What is computed and who answers for it; what it knows at a moment, and whether a label leaks;
    how old it may be, offline and online; its versions and readers; what is watched and found.
    All of it comes from the registry, the logs and the monitors, so it cannot go stale.

    \b
    Examples:
      provender features show customer_spend@2
      provender features show spend_30d
      provender features show customer_spend@2.spend_30d --json
      provender features show customer_activity --markdown > customer_activity.md

    \b
    Exit code: 0 shown, 2 could not run.
    """
    from provender_ops.features.card import cards_of
    from provender_ops.features.known import read_known
    from provender_ops.features.written import as_json, as_markdown, as_text

    cards = cards_of(read_known(find_project(project_dir, target), _moment(now)), name)
    if as_json_:
        print_json([as_json(card) for card in cards])
    elif markdown:
        typer.echo("\n".join(map(as_markdown, cards)))
    else:
        typer.echo("\n\n".join(map(as_text, cards)))


@features_app.command("lineage")
@reported
def lineage_command(
    *,
    land: Annotated[
        bool, typer.Option("--land", help="Write it for the model feature_lineage, too.")
    ] = False,
    as_json: Json = False,
    project_dir: ProjectDir = HERE,
    target: Target = None,
) -> None:
    """List the source columns that each feature comes from.

    `value`: it is computed of them. `condition`: they decide in the view which rows count.
    `upstream`: they do so in the models that the view reads. dbt cannot read SQL: with --land, the
    model feature_lineage has it too. Land after each change of a definition.

    \b
    Examples:
      provender features lineage
      provender features lineage --json
      dbt build && provender features lineage --land

    \b
    Exit code: 0 listed, 2 could not run.
    """
    from provender_ops.features.landed_lineage import COLUMNS, land_lineage, read_lineage

    project = find_project(project_dir, target)
    rows = read_lineage(project)
    if as_json:
        print_json(rows)
    else:
        print_table(COLUMNS, rows)
    if land:
        tell(f"Landed in {land_lineage(project.landing, rows)}.")


@features_app.command("docs")
@reported
def docs_command(
    to: Annotated[Path, typer.Option("--to", help="The folder to write.")],
    *,
    now: Now = None,
    project_dir: ProjectDir = HERE,
    target: Target = None,
) -> None:
    """Write dbt's documentation with the contract card of each view in it.

    A copy of the site that `dbt docs generate` wrote into target/, which stays as it is. Any web
    server shows it.

    \b
    Examples:
      dbt docs generate && provender features docs --to /srv/www/features
      provender features docs --to site && python -m http.server --directory site

    \b
    Exit code: 0 written, 2 could not run.
    """
    if to.exists() and not to.is_dir():
        raise BadInput(f"{to} is not a folder. Write elsewhere with --to.")
    from provender_ops.features.card import make_card
    from provender_ops.features.docs import write_docs
    from provender_ops.features.known import read_known
    from provender_ops.features.written import as_markdown

    project = find_project(project_dir, target)
    known = read_known(project, _moment(now))
    cards = {
        view.unique_id: as_markdown(make_card(known, view))
        for view in known.declarations.views.values()
    }
    tell(f"Wrote {to} with {write_docs(project.root / 'target', to, cards)} contract cards in it.")


def _moment(now: str | None) -> datetime:
    return (parse_instant(now, "--now") or utc_now()).replace(tzinfo=None)


def _print_listed(found: "Sequence[Listed]", as_json: bool) -> None:
    from provender_ops.features.listed import COLUMNS, as_rows

    if as_json:
        print_json([asdict(one) for one in found])
    elif found:
        print_table(COLUMNS, as_rows(found))
