"""A shop that was never built, and `provender run` as forks of a process that has loaded it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from loaded_push import LoadedPush
from redis_server import RedisServer
from scheduled_shop import Shop, make_shop

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def loaded() -> Iterator[LoadedPush]:
    environment = {
        "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]),
        "DBT_PROFILES_DIR": ".",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_LOG_LEVEL_FILE": "none",
    }
    loaded = LoadedPush("struck_run", environment)
    yield loaded
    loaded.remove()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, loaded: LoadedPush) -> Iterator[Shop]:
    """The tests of a module follow one another in it."""
    server = RedisServer()
    yield make_shop(tmp_path_factory.mktemp("run") / "shop", server, loaded)
    server.remove()
