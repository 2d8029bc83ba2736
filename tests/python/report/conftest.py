"""A published project, as the commands' tests have it."""

from pathlib import Path

import pytest
from published_catalog import PublishedProject, View


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
