"""A real Redis for the tests: started here, stopped here, reached by a Unix socket."""

from collections.abc import Iterator

import pytest
import redis
from redis_server import RedisServer


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """The server most tests share; leave it running."""
    server = RedisServer()
    yield server
    server.remove()


@pytest.fixture
def redis_client(redis_server: RedisServer) -> Iterator[redis.Redis]:
    """A client of the shared server, on an empty database."""
    with redis_server.client() as client:
        client.flushall()
        yield client


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A server for one test, which may stop it and change its users."""
    server = RedisServer()
    yield server
    server.remove()


LONGEST = ("lender", "flights", "time")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what shares a costly fixture on one worker: a file, or a named group.

    The longest groups go first, so that no worker is left alone with one at the end.
    """
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.name))
    items.sort(key=lambda item: not _is_long(item))


def _is_long(item: pytest.Item) -> bool:
    return any(mark.args[0] in LONGEST for mark in item.iter_markers("xdist_group"))
