"""The commands `provender new …`: options, questions and output."""

from typing import Annotated, Any

import typer

from provender_ops.console import new_app, reported
from provender_ops.errors import BadInput
from provender_ops.options import HERE, Json, ProjectDir
from provender_ops.project import find_root
from provender_ops.scaffold import style
from provender_ops.scaffold.answers import (
    cadence_of,
    check_times,
    labels_of,
    sources_of,
    view_words,
)
from provender_ops.scaffold.asking import Questions
from provender_ops.scaffold.changes import Change
from provender_ops.scaffold.checkout import VERSION_TIMES, Checkout
from provender_ops.scaffold.entity import NewEntity, entity_changes, key_types
from provender_ops.scaffold.expression import counted, written
from provender_ops.scaffold.feature import feature_changes
from provender_ops.scaffold.generate import Generated
from provender_ops.scaffold.kept_tests import changes_of_tests
from provender_ops.scaffold.names import (
    check_free,
    check_name,
    milliseconds,
    seconds,
)
from provender_ops.scaffold.output import done
from provender_ops.scaffold.owners import group_of, owner_of
from provender_ops.scaffold.service import NewService, service_changes
from provender_ops.scaffold.view import (
    NewView,
    declares,
    joined_on,
    policies,
    told_nulls,
    told_policies,
    view_changes,
)

app = new_app("Write the files of a new view, feature, service or entity, or the tests of a view.")

Name = Annotated[str, typer.Argument(help="What it is called: small letters, digits and _.")]
Group = Annotated[str | None, typer.Option("--group", help="The dbt group that answers for it.")]
OwnerEmail = Annotated[
    str | None,
    typer.Option("--owner-email", help="Whose address it is; makes a group that is not there."),
]
Description = Annotated[
    str | None, typer.Option("--description", help="What it is, for the people who read it.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Print what would be written, and write nothing.")
]
Target = Annotated[
    str, typer.Option("--target", "-t", help="What the project's Jinja sees as the dbt target.")
]


@app.command("view")
@reported
def new_view(  # noqa: PLR0913 - the options of a command
    name: Name,
    *,
    entity: Annotated[
        str | None, typer.Option("--entity", help="The entity that it is about.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--from", help="The model whose events it counts: one row a version."),
    ] = None,
    feature: Annotated[
        list[str] | None,
        typer.Option(
            "--feature",
            help="NAME=EXPRESSION, an aggregate of that model's columns; may be repeated."
            " Without it, the number of events.",
        ),
    ] = None,
    window: Annotated[str, typer.Option("--window", help="How far back it looks.")] = "30d",
    on: Annotated[
        list[str] | None,
        typer.Option("--on", help="KEY=COLUMN, where that model calls a key otherwise."),
    ] = None,
    group: Group = None,
    owner_email: OwnerEmail = None,
    cadence: Annotated[
        str | None, typer.Option("--cadence", help="The tag that its schedule selects.")
    ] = None,
    ttl: Annotated[str | None, typer.Option("--ttl", help="Age past which it expires.")] = None,
    freshness_sla: Annotated[
        str | None, typer.Option("--freshness-sla", help="Age that alerts.")
    ] = None,
    classification: Annotated[
        str | None, typer.Option("--classification", help="public, internal, pii or pci.")
    ] = None,
    description: Description = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    project_dir: ProjectDir = HERE,
    target: Target = "dev",
) -> None:
    """Write a new feature view: SQL, YAML with unit tests at the edges of time, and its history.

    The SQL is a beginning to go on from: aggregates of one model's events in a window, by what was
    known. What the project tells is not asked: keys and types, folders, what all its views say,
    the group where there is one, times as other views of that cadence have them. On a terminal
    what is missing is asked for; elsewhere it is an error. Nothing that is there is overwritten.

    \b
    Examples:
      provender new view customer_purchases --entity customer \\
        --from stg_lender__card_payments --group growth --cadence hourly
      provender new view device_spend --entity device --from stg_lender__card_payments \\
        --window 24h --feature 'spend_24h=coalesce(sum(amount), 0)' \\
        --feature 'largest_24h=max(amount)' --group risk --cadence minutes --dry-run

    \b
    Exit code: 0 written, 2 could not.
    """
    check_name("view", name)
    seconds("--window", window)
    for option, duration in (("--ttl", ttl), ("--freshness-sla", freshness_sla)):
        if duration is not None:
            seconds(option, duration)
    checkout = Checkout.read(find_root(project_dir), target)
    check_free(checkout, check_free(checkout, name) + "_history")
    if not checkout.entities:
        raise BadInput(
            "This project has no entity yet. Write one first: provender new entity NAME --from"
            " MODEL --key COLUMN."
        )
    ask = Questions()
    about = ask.choice("--entity", entity, checkout.entities, "Which entity is it about?")
    read = ask.choice("--from", source, sources_of(checkout), "Which model's events does it count?")
    owner, owners = group_of(checkout, ask, group, owner_email)
    node, events = checkout.entities.get(about), sources_of(checkout).get(read)
    tag = cadence_of(checkout, ask, cadence, [n for n in (node, events) if n])
    folder = style.view_folder(checkout, about)
    given: dict[str, str | None] = {
        "ttl": ttl,
        "freshness_sla": freshness_sla,
        "classification": classification,
    }
    if classification is not None or not declares(checkout, folder, "classification"):
        kinds = ["public", "internal", "pii", "pci"]
        given["classification"] = ask.choice(
            "--classification", classification, kinds, "How sensitive is it?"
        )
    ask.settle()
    assert node is not None
    assert events is not None
    declared = policies(checkout, folder, tag, given)
    check_times(declared)
    view = NewView(
        name=name,
        entity=node,
        source=events,
        on=joined_on(checkout, node, events, on or []),
        features=[written(events, window, f) for f in feature or []] or [counted(events, window)],
        window=window,
        group=owner,
        cadence=tag,
        policies=declared,
        config=style.shared_config(checkout, "models", checkout.views, style.VIEW_OWN),
        description=description or view_words(node, events, window),
    )
    changes, found = view_changes(checkout, view)
    found.notes += [*told_nulls(view.features), *told_policies(declared, given)]
    done(checkout, [*owners, *changes], found, dry_run, as_json)


@app.command("feature")
@reported
def new_feature(  # noqa: PLR0913 - the options of a command
    view: Annotated[str, typer.Argument(help="A view, or VIEW@VERSION; else its latest.")],
    name: Name,
    expression: Annotated[
        str, typer.Argument(help="SQL, in the terms of the last SELECT of the view.")
    ],
    *,
    description: Description = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    project_dir: ProjectDir = HERE,
    target: Target = "dev",
) -> None:
    """Add a feature to a view: a column of its SQL, its declaration, unit tests of its edges.

    Its type is what the SQL gives; its default what the SQL gives where nothing ever happened.
    Everything else in both files stays as it is, comments and order too.

    \b
    Examples:
      provender new feature customer_spend smallest_payment_30d 'min(payments.amount)'
      provender new feature customer_activity is_new 'counts.payments_90d <= 1' --dry-run

    \b
    Exit code: 0 written; 1 written, but the view contradicts a rule of time; 2 could not.
    """
    check_name("feature", name)
    checkout = Checkout.read(find_root(project_dir), target)
    node = checkout.view(view)
    changes, found = feature_changes(checkout, node, name, expression, description)
    done(checkout, changes, found, dry_run, as_json)


@app.command("service")
@reported
def new_service(  # noqa: PLR0913 - the options of a command
    name: Name,
    *,
    view: Annotated[
        list[str] | None,
        typer.Option("--view", help="VIEW or VIEW@VERSION that it reads; may be repeated."),
    ] = None,
    group: Group = None,
    owner_email: OwnerEmail = None,
    latency_budget: Annotated[
        str, typer.Option("--latency-budget", help="How long a read may take.")
    ] = "50ms",
    description: Description = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    project_dir: ProjectDir = HERE,
    target: Target = "dev",
) -> None:
    """Declare a feature service: the views, and their versions, that a model reads.

    \b
    Examples:
      provender new service churn --view customer_spend@2 --view customer_activity --group growth
      provender new service churn --view customer_activity --owner-email churn@lender.example

    \b
    Exit code: 0 written, 2 could not.
    """
    check_name("service", name)
    milliseconds("--latency-budget", latency_budget)
    checkout = Checkout.read(find_root(project_dir), target)
    check_free(checkout, name)
    ask = Questions()
    labels = view or [ask.choice("--view", None, labels_of(checkout), "Which view does it read?")]
    owner = owner_of(checkout, ask, group, owner_email)
    ask.settle()
    views = [checkout.view(label) for label in labels]
    if len({node.unique_id for node in views}) < len(views):
        raise BadInput("--view names a view twice. Name it once.")
    service = NewService(name, views, owner, latency_budget, description)
    done(checkout, service_changes(checkout, service), Generated(), dry_run, as_json)


@app.command("entity")
@reported
def new_entity(  # noqa: PLR0913 - the options of a command
    name: Name,
    *,
    key: Annotated[
        list[str] | None,
        typer.Option("--key", help="A column that identifies it, or COLUMN:TYPE; may be repeated."),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option("--from", help="A model in which it is seen; may be repeated."),
    ] = None,
    alive: Annotated[
        str | None,
        typer.Option("--alive", help="SQL: true for an event that says it lives from then on."),
    ] = None,
    group: Group = None,
    owner_email: OwnerEmail = None,
    description: Description = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    project_dir: ProjectDir = HERE,
    target: Target = "dev",
) -> None:
    """Write a new entity: who has a row in a view, and from when to when.

    It lives from when it was first seen and known; with --alive, as its events tell.

    \b
    Examples:
      provender new entity account --key account_id --from stg_lender__card_payments --group risk
      provender new entity client --key customer_id --from stg_lender__customer_events \\
        --alive "event in ('joined', 'returned')" --group risk

    \b
    Exit code: 0 written, 2 could not.
    """
    check_name("entity", name)
    checkout = Checkout.read(find_root(project_dir), target)
    check_free(checkout, name)
    ask = Questions()
    known = sources_of(checkout)
    read = [
        ask.choice("--from", text, known, "In which model is it seen?") for text in source or []
    ]
    read = read or [ask.choice("--from", None, known, "In which model is it seen?")]
    sources = [known[text] for text in read if text]
    columns = [c for c in (sources[0].columns if sources else ()) if c not in VERSION_TIMES]
    keys = key or [ask.choice("--key", None, columns, "Which column identifies it?")]
    owner, owners = group_of(checkout, ask, group, owner_email)
    ask.settle()
    if alive and len(sources) > 1:
        raise BadInput("--alive is about the events of one model. Give one --from.")
    entity = NewEntity(name, key_types(keys, sources), sources, alive, owner, description)
    changes = entity_changes(checkout, entity)
    done(checkout, [*owners, *changes], Generated(), dry_run, as_json)


@app.command("tests")
@reported
def new_tests(  # noqa: PLR0913 - the options of a command
    view: Annotated[list[str], typer.Argument(help="Views, or VIEW@VERSION; else the latest.")],
    *,
    anew: Annotated[
        bool,
        typer.Option("--anew", help="Replace the tests of that view that were so written before."),
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
    project_dir: ProjectDir = HERE,
    target: Target = "dev",
) -> None:
    """Write dbt unit tests of a view's own SQL at the edges of time, to read and to keep.

    Rows on each edge (of a window, of when a row is known or corrected, of a life), delivered
    again, equal to one another, or none. Expected is what the rules of time say: what the view
    gives for the same row a microsecond to the side where the rule puts it. Where the view does
    otherwise on the edge itself, it is told, and no test is written of it. What a view is to do
    among equals only its SQL says: read those tests before you keep them.

    \b
    Examples:
      provender new tests customer_activity --dry-run
      provender new tests customer_spend@1 customer_spend@2
      provender new tests customer_spend --anew     its SQL was changed, and the change is right

    \b
    Exit code: 0 written; 1 written, but a view contradicts a rule of time; 2 could not.
    """
    checkout = Checkout.read(find_root(project_dir), target)
    nodes = [checkout.view(label) for label in dict.fromkeys(view)]
    compiled = checkout.dbt.compiled([node.unique_id for node in nodes])
    texts: dict[Any, Change] = {}
    whole = Generated()
    for node in nodes:
        before = texts.get(node.yaml)
        change, found = changes_of_tests(
            checkout, node, compiled[node.unique_id], before, anew=anew
        )
        texts[node.yaml] = change
        whole.findings += found.findings
        whole.notes += found.notes
    done(checkout, list(texts.values()), whole, dry_run, as_json)
