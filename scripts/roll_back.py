"""The command `provender roll-back`: let the old version of a view decide again, at once."""

from typing import Annotated

import typer

from provender.instants import utc_now
from provender_ops.catalog import Catalog
from provender_ops.connection import open_redis
from provender_ops.console import parse_instant, reported, tell
from provender_ops.errors import Refused
from provender_ops.online_store import OnlineStore
from provender_ops.options import (
    HERE,
    Namespace,
    ProjectDir,
    RedisUrl,
    Target,
    default_namespace,
)
from provender_ops.project import find_project
from provender_ops.rollouts import roll_back

TRIES = 5  # another push may write the same service at this very moment


@reported
def roll_back_command(  # noqa: PLR0913 - the options of a command
    service: Annotated[str, typer.Argument(help="The feature service.")],
    view: Annotated[str, typer.Argument(help="The view that is rolled out.")],
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why, for who asks tomorrow.")] = "",
    now: Annotated[
        str | None, typer.Option("--now", help="For rehearsals: when it was rolled back.")
    ] = None,
    redis_url: RedisUrl = None,
    namespace: Namespace = None,
    project_dir: ProjectDir = HERE,
    target: Target = None,
) -> None:
    """Let the old version of a view decide again for a service, at once.

    Readers follow with their next read, in a Cluster within a second. The new version stays a
    shadow, and is compared. A push does not undo it, whatever the exposure says, until the exposure
    has said `stage: shadow`; until it does, `provender status` calls it trouble.

    \b
    Examples:
      provender roll-back credit_risk customer_spend
      provender roll-back credit_risk customer_spend --reason "spend is twice as high"

    \b
    Exit code: 0 rolled back, 1 it decides nothing as it is, 2 could not run.
    """
    at = parse_instant(now, "--now") or utc_now()
    project = find_project(project_dir, target)
    with Catalog.open(project.catalog) as catalog, open_redis(redis_url, project.root) as client:
        names = catalog.store()
        store = OnlineStore(client, namespace or default_namespace(*names), *names)
        store.check_owner()
        for _ in range(TRIES):
            registry = store.registry()
            before = registry.service(service)
            after = roll_back(before, view, at, reason)
            if store.write_services([after], registry):
                break
        else:
            raise Refused("The service was written by others again and again. Roll back again.")
    (rollout,) = (each for each in before.rollouts if each.view == view)
    tell(
        f"{service} decides on {view}@{rollout.from_version} again; @{rollout.to_version} stays its"
        " shadow. Now declare `stage: shadow` in the exposure, build and push."
    )
