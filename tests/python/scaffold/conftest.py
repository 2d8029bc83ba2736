"""dbt for `provender new` in these tests: forks of a dbt that is loaded already."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from demo_views import copy_lender
from loaded_dbt import DbtProcess

from provender_ops.scaffold import dbt
from provender_ops.scaffold.checkout import Checkout


@pytest.fixture(scope="session", autouse=True)
def forked_dbt() -> None:
    """The command itself starts dbt anew; the newcomer's hour does so too."""
    dbt.run_dbt = run_fork


@pytest.fixture(scope="session")
def lender(tmp_path_factory: pytest.TempPathFactory, forked_dbt: None) -> Checkout:
    """The lender's project, parsed once. Copy its files before you write there."""
    return Checkout.read(copy_lender(tmp_path_factory.mktemp("lender")))


def run_fork(root: Path, arguments: Sequence[str]) -> tuple[int, str]:
    process = DbtProcess(arguments, root, {**os.environ, "PYTHONWARNINGS": "ignore"})
    output, _ = process.communicate()
    return process.returncode or 0, output
