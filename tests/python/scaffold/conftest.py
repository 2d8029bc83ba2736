"""dbt in forks for all of this folder, and the lender parsed once."""

import pytest
from demo_views import copy_lender
from forked import run_fork

from provender_ops.scaffold import dbt
from provender_ops.scaffold.checkout import Checkout


@pytest.fixture(scope="session", autouse=True)
def forked_dbt() -> None:
    """The command itself starts dbt anew."""
    dbt.run_dbt = run_fork


@pytest.fixture(scope="session")
def lender(tmp_path_factory: pytest.TempPathFactory, forked_dbt: None) -> Checkout:
    """The lender's project, parsed once. Copy its files before you write there."""
    return Checkout.read(copy_lender(tmp_path_factory.mktemp("lender")))
