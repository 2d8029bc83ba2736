"""What several files of this folder begin with, built once."""

import pytest
from audited_shop import Shop


@pytest.fixture(scope="session")
def built_shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A shop to copy: its runs, and nothing decided."""
    return Shop.built(tmp_path_factory.mktemp("audited") / "project")
