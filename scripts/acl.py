"""The command `provender acl`: who may do what in Redis, from what the exposures declare."""

import typer

from provender.keys import KeySpace
from provender.records import ServiceRecord
from provender_ops.catalog import Catalog
from provender_ops.console import reported, tell
from provender_ops.options import HERE, Namespace, ProjectDir, Target, default_namespace
from provender_ops.project import find_project

# What the reader and the decision log send, and what the pusher and the lander send or have their
# scripts do.
CONNECTING = ("cluster|slots", "command", "ping", "select")
SERVICE_COMMANDS = (
    *CONNECTING,
    *("eval", "hdel", "hget", "hgetall", "hmget", "hset", "info", "mget", "xadd", "xlen"),
)
PUSHER_COMMANDS = (
    *CONNECTING,
    *("eval", "get", "hdel", "hget", "hgetall", "hset", "hsetnx", "info", "mget"),
    *("mset", "scan", "set", "time", "unlink", "xadd", "xdel", "xlen", "xrange", "xrevrange"),
    *("xack", "xautoclaim", "xgroup|create", "xreadgroup"),
)


@reported
def acl(
    *,
    namespace: Namespace = None,
    project_dir: ProjectDir = HERE,
    target: Target = None,
) -> None:
    """Print the ACL rule of each feature service's Redis user, and of the pusher's.

    A service's user reads the registry and the rows of the views that its exposure declares, and
    logs decisions; the pusher's writes this project's views. Declare another view, build, and print
    them again. Valid from Redis 6.2 on; nothing is sent to Redis. A user is off until it is given a
    password: ACL SETUSER <user> on ><password>.

    \b
    Examples:
      provender acl
      provender acl --namespace lender.prod | redis-cli --user admin --askpass
    """
    with Catalog.open(find_project(project_dir, target).catalog) as catalog:
        keys = KeySpace(namespace or default_namespace(*catalog.store()))
        views = list(catalog.declared_views())
        lines = [service_rule(keys, service) for service in catalog.services()]
    for line in [*lines, pusher_rule(keys, views)]:
        typer.echo(line)
    if not lines:
        tell("No exposure declares a feature service yet.")


def service_rule(keys: KeySpace, service: ServiceRecord) -> str:
    """Return the rule of the user of a service."""
    rows = [f"{keys.view(ref.view, ref.version)}*" for ref in service.views]
    logs = [keys.decisions, keys.landed, keys.sent]
    patterns = [keys.registry, keys.version, *logs, *rows]
    return _rule(f"{keys.namespace}.{service.service}", patterns, SERVICE_COMMANDS)


def pusher_rule(keys: KeySpace, views: list[tuple[str, int]]) -> str:
    """Return the rule of the user who pushes and lands."""
    rows = [f"{keys.view(*ref)}*" for ref in views]
    own = [keys.registry, keys.version, keys.writer, keys.pushes]
    own += [keys.decisions, keys.landed, keys.log_head]
    patterns = [*own, *rows]
    return _rule(f"{keys.namespace}.pusher", patterns, PUSHER_COMMANDS)


def _rule(user: str, patterns: list[str], commands: tuple[str, ...]) -> str:
    allowed = " ".join(f"+{command}" for command in commands)
    named = " ".join(f"~{pattern}" for pattern in patterns)
    return f"ACL SETUSER {user} reset {named} {allowed}"
