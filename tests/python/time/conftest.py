"""The project of the property tests, built once, and the store that runs what it compiled to."""

import pytest
from compiled import Compiled, build
from store import Store
from support import DbtProject


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> DbtProject:
    """The project, built; leave it as it is."""
    return build(tmp_path_factory.mktemp("time") / "project")


@pytest.fixture(scope="session")
def store(built: DbtProject) -> Store:
    """An empty store for one world after another."""
    return Store(Compiled(built))
