"""The command `provender retire`: take a view version offline, and its rows out of Redis."""

from collections.abc import Callable, Collection
from functools import partial
from typing import Annotated

import typer

from provender.errors import ProvenderError
from provender.instants import utc_now
from provender.keys import nearest, view_label
from provender.registry import Registry
from provender_ops.catalog import Catalog
from provender_ops.connection import open_redis
from provender_ops.console import parse_duration, parse_instant, reported, tell
from provender_ops.errors import Refused, UnknownSelection
from provender_ops.last_reads import LastReads
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
from provender_ops.push_attempts import Attempts
from provender_ops.push_view import ViewOutcome
from provender_ops.selection import ViewVersion


@reported
def retire(  # noqa: PLR0913 - the options of a command
    label: Annotated[str, typer.Argument(metavar="VIEW@VERSION", help="What to take offline.")],
    *,
    unread_for: Annotated[
        str, typer.Option("--unread-for", help="How long no decision may have read it.")
    ] = "30d",
    now: Annotated[
        str | None, typer.Option("--now", help="For rehearsals: until when the log is asked.")
    ] = None,
    redis_url: RedisUrl = None,
    namespace: Namespace = None,
    project_dir: ProjectDir = HERE,
    target: Target = None,
) -> None:
    """Take a view version offline and delete its rows from Redis. Its history stays.

    It is refused while a declared service reads it online: declare the other version in the
    exposure, build and push first. It is refused, too, while the decision log says that it was read
    lately, deciding or as a shadow, and while the log has not landed: then nobody can tell. A
    retired version is not pushed again unless it is named: `push-online --select VIEW@VERSION`
    brings it back.

    \b
    Examples:
      provender retire customer_spend@1
      provender retire customer_spend@1 --unread-for 90d
      provender retire customer_spend@1 --namespace lender.prod --redis-url redis://…

    \b
    Exit code: 0 retired (or was before), 1 refused, 2 could not run.
    """
    quiet = parse_duration(unread_for, "--unread-for")
    at = parse_instant(now, "--now") or utc_now()
    project = find_project(project_dir, target)
    with Catalog.open(project.catalog) as catalog, open_redis(redis_url, project.root) as client:
        names = catalog.store()
        store = OnlineStore(client, namespace or default_namespace(*names), *names)
        store.check_owner()
        declared = [service.service for service in catalog.services()]
        reads = LastReads(catalog, project.landing, client, store.keys, at.replace(tzinfo=None))
        tell(take_offline(store, label, declared, partial(reads.check_unread, unread_for=quiet)))
    view, _, version = label.rpartition("@")
    attempts = Attempts((), (store.keys.namespace, *names))
    attempts.ended(ViewOutcome(view, int(version), "retired"))
    attempts.land(project.landing)  # from now on nobody waits for its pushes


def take_offline(
    store: OnlineStore,
    label: str,
    declared: Collection[str],
    check_unread: Callable[[ViewVersion], str | None] = lambda _: None,
) -> str:
    """Retire a view version that none of the `declared` services reads online; tell of it.

    What `check_unread` returns is told beside it. Raise UnknownSelection or Refused.
    """
    registry = store.registry()
    view, _, number = label.rpartition("@")
    online = registry.views()
    version = int(number) if number.isdigit() else -1
    if registry.is_retired(view, version):
        with store.lock(view, version).held() as lock:
            store.retire(view, version, lock)  # completes one that was killed
        return f"{label} was retired before."
    if (view, version) not in online:
        labels = [view_label(*ref) for ref in online]
        versions = [view_label(*ref) for ref in online if ref[0] == label]
        if versions:
            raise UnknownSelection(f"Say which version of {label}: {' or '.join(versions)}.")
        raise UnknownSelection(
            f"View {label!r} is not online.{nearest(label, labels)} Online are:"
            f" {', '.join(labels) or 'none'}."
        )
    services = [name for name in registry.services() if name in declared]
    readers = [name for name in services if _reads(registry, name, view, version)]
    if readers:
        raise Refused(
            f"{label} is read by {', '.join(readers)}. Declare another version in the exposure, run"
            " `dbt build` and `push-online`, and retire it then."
        )
    beside = check_unread((view, version))
    with store.lock(view, version).held() as lock:
        store.retire(view, version, lock)
    told = f"{label} is offline, and its rows are deleted. Its history stays."
    return f"{told} {beside}" if beside else told


def _reads(registry: Registry, service: str, view: str, version: int) -> bool:
    try:
        record = registry.service(service)
    except ProvenderError:
        return False  # it cannot be read by anybody
    return any((ref.view, ref.version) == (view, version) for ref in record.views)
