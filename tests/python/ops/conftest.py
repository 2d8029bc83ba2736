"""A published project and a way to push it."""

from pathlib import Path

import pytest
import redis
from published_catalog import PublishedProject, View
from pushing import Pusher


@pytest.fixture
def project(tmp_path: Path) -> PublishedProject:
    """A project folder with nothing published yet."""
    return PublishedProject(tmp_path / "lender")


@pytest.fixture
def activity(project: PublishedProject) -> View:
    """A view of one key and two features."""
    return project.view(
        "customer_activity",
        keys={"customer_id": "bigint"},
        features={"payments": "integer", "city": "varchar"},
        defaults={"payments": 0},
    )


@pytest.fixture
def pusher(project: PublishedProject, redis_client: redis.Redis) -> Pusher:
    """Pushes the project into the shared server, which is empty."""
    return Pusher(project, redis_client)
