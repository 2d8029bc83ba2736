"""What several files of this folder look at, built once."""

import pytest
from watched_shop import Watched, watched_shop


@pytest.fixture(scope="session")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    return watched_shop(tmp_path_factory.mktemp("watched") / "project")
