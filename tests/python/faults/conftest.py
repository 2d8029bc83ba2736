"""What the fault tests share: pushes that start in a moment, and a story in a Redis of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from loaded_push import LoadedPush
from redis_server import RedisServer
from scene import KEYS, NewScene, Scene, seeded


@pytest.fixture(scope="session")
def loaded_push() -> Iterator[LoadedPush]:
    loaded = LoadedPush()
    yield loaded
    loaded.remove()


@pytest.fixture
def new_scene(loaded_push: LoadedPush, tmp_path: Path, request: pytest.FixtureRequest) -> NewScene:
    """A story for this URL; its random points are of the test's name."""

    def new(url: str, keys: int = KEYS) -> Scene:
        return Scene(loaded_push, tmp_path, url, seeded(request.node.name), keys)

    return new


@pytest.fixture
def scene(new_scene: NewScene, own_redis: RedisServer) -> Scene:
    """A story in a Redis of its own, with nothing pushed."""
    return new_scene(own_redis.url)
