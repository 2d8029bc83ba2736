"""The command `provender plan`: what this checkout changes, whom it breaks, who must agree."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from provender.connection import Client
from provender.errors import StoreUnavailable
from provender.instants import utc_now
from provender.keys import KeySpace
from provender_ops.catalog import Catalog
from provender_ops.console import parse_instant, print_json, reported, tell
from provender_ops.definitions.declarations import Declarations
from provender_ops.definitions.load import of_checkout, of_manifest, of_published
from provender_ops.errors import BadInput
from provender_ops.options import (
    HERE,
    Json,
    Namespace,
    ProjectDir,
    RedisUrl,
    default_namespace,
)
from provender_ops.plan.as_json import as_json
from provender_ops.plan.markdown import markdown
from provender_ops.plan.online import OnlineViews, as_online, behind, count_rows, redis_if_there
from provender_ops.plan.planned import Behind, Plan, make_plan
from provender_ops.plan.text import lines
from provender_ops.project import Project, find_project, find_root

ONLINE = "/online"


@dataclass(frozen=True, slots=True)
class Deployed:
    """What a checkout is compared with; `rows` by view label and `behind`: None, not asked."""

    state: Declarations
    called: str
    rows: Mapping[str, int] | None = None
    behind: tuple[Behind, ...] | None = None


@reported
def plan(  # noqa: PLR0913 - the options of a command
    *,
    state: Annotated[
        Path | None,
        typer.Option("--state", help="Compare with the compiled manifest.json in this folder."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="TARGET[/online]",
            help="Compare with what this target published, or with what is online of it.",
        ),
    ] = None,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print Markdown, for a pull request.")
    ] = False,
    as_json_: Json = False,
    now: Annotated[
        str | None, typer.Option("--now", help="For rehearsals: the day of announced ends.")
    ] = None,
    redis_url: RedisUrl = None,
    namespace: Namespace = None,
    project_dir: ProjectDir = HERE,
    target: Annotated[
        str | None,
        typer.Option("--target", "-t", help="dbt target to compile for; else the profile's own."),
    ] = None,
    variables: Annotated[
        str | None, typer.Option("--vars", help="Variables for dbt, as it takes them.")
    ] = None,
) -> None:
    """Show what this checkout changes of what is deployed, and whom that breaks.

    The checkout is compiled, and nothing is built. Without --state and --against it is compared
    with what its target published. Each change is compatible or breaking, with the services,
    owners, training sets and keys online that it reaches. Rows online are counted when a URL of
    Redis is given or the project's own runs.

    \b
    Examples:
      provender plan
      provender plan --against prod
      provender plan --against prod/online --redis-url redis://…
      provender plan --state target-main --markdown > comment.md
      provender plan --json | jq '.changes[] | select(.blocks)'

    \b
    Exit code: 0 nothing breaks anybody, or all who are reached approved it; 1 something does, or
    the contract is violated; 2 could not run.
    """
    if state is not None and against is not None:
        raise BadInput("--state and --against are two states to compare with. Give one of them.")
    at = (parse_instant(now, "--now") or utc_now()).replace(tzinfo=None)
    root = find_root(project_dir)
    given = read_vars(variables)
    if state is not None:
        deployed = Deployed(of_manifest(state), f"the manifest in {state}")
    else:
        name, is_online = _target(against or target)
        project = find_project(root, name)
        deployed = _published(project, is_online, redis_url, namespace)
    made = planned(deployed, of_checkout(root, target, given), at)
    if as_json_:
        print_json(as_json(made))
    elif as_markdown:
        typer.echo(markdown(made), nl=False)
    else:
        typer.echo("\n".join(lines(made)))
    if made.is_refused:
        raise typer.Exit(1)


def planned(deployed: Deployed, checkout: Declarations, now: datetime) -> Plan:
    """Return what a checkout changes of what is deployed; `now` is naive UTC."""
    return make_plan(
        deployed.state,
        checkout,
        against=deployed.called,
        now=now,
        online=deployed.rows,
        behind=deployed.behind,
    )


def read_vars(text: str | None) -> dict[str, Any]:
    """Return what dbt would make of `--vars`; raise BadInput."""
    if text is None:
        return {}
    try:
        given = yaml.safe_load(text)
    except yaml.YAMLError:
        given = None
    if not isinstance(given, dict):
        raise BadInput(f"--vars {text!r} is not a mapping. Write it like '{{as_of: 2026-03-02}}'.")
    return {name: _plain(value) for name, value in given.items()}


def _plain(value: Any) -> Any:
    """Return what JSON can hold: YAML makes times of what looks like one."""
    return value.isoformat() if isinstance(value, date) else value


def _target(against: str | None) -> tuple[str | None, bool]:
    """Return the target that is meant, and whether what is online of it."""
    if against is None:
        return None, False
    is_online = against.endswith(ONLINE)
    return against.removesuffix(ONLINE) or None, is_online


def _published(
    project: Project, is_online: bool, redis_url: str | None, namespace: str | None
) -> Deployed:
    called = f"what {project.target} published"
    with Catalog.open(project.catalog) as catalog, ExitStack() as stack:
        state = of_published(catalog)
        keys = KeySpace(namespace or default_namespace(*catalog.store()))
        try:
            client = stack.enter_context(redis_if_there(redis_url, project.root))
            if client is not None:
                return _beside(catalog, state, client, keys, is_online)
        except StoreUnavailable as error:
            if is_online:
                raise
            tell(f"{error} What is online is not known.")
        if is_online:
            raise BadInput(
                "There is no Redis to ask what is online. Pass --redis-url, or start the project's"
                " own: `provender redis start`."
            )
    return Deployed(state, called)


def _beside(
    catalog: Catalog, state: Declarations, client: Client, keys: KeySpace, is_online: bool
) -> Deployed:
    """Return what is published, or online, and how Redis stands to it."""
    online = OnlineViews.read(client, keys, state.views)
    rows = count_rows(client, keys, [*online.records.values()])
    if is_online:
        rows_of = catalog.rows("select fingerprint, definition_sql from definitions")
        sql = {row["fingerprint"]: row["definition_sql"] for row in rows_of}
        shown = as_online(state, online, catalog.definitions(), sql)
        return Deployed(shown, f"what is online as {keys.namespace}", rows, None)
    _, target = catalog.store()
    return Deployed(state, f"what {target} published", rows, behind(online, catalog.last_runs()))
