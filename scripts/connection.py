"""The Redis a command works with: the one of a URL, else the project's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from provender.connection import Client, asking, connect
from provender_ops.console import tell
from provender_ops.embedded_redis import EmbeddedRedis

TIMEOUT = 30.0  # seconds: a command moves more at once than a read does
URL_VARIABLE = "PROVENDER_REDIS_URL"


@contextmanager
def open_redis(url: str | None, project_dir: Path) -> Iterator[Client]:
    """Connect for the block, starting the project's own Redis when no URL is given.

    Raise StoreUnavailable or NoRedis.
    """
    client = connect(url or started(project_dir).url, TIMEOUT)
    try:
        with asking("reach Redis"):
            client.ping()
        yield client
    finally:
        client.close()


def started(project_dir: Path) -> EmbeddedRedis:
    """Return the project's own Redis, running."""
    redis = EmbeddedRedis(project_dir)
    if redis.start():
        tell(
            f"Started this project's own Redis at {redis.url}. It keeps running;"
            " `provender redis stop` stops it."
        )
    return redis
