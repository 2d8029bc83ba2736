"""dbt for `provender new` in these tests: forks of a dbt that is loaded already."""

import os
from collections.abc import Sequence
from pathlib import Path

from loaded_dbt import DbtProcess


def run_fork(root: Path, arguments: Sequence[str]) -> tuple[int, str]:
    """Do what `provender_ops.scaffold.dbt.run_dbt` does, in a fork."""
    process = DbtProcess(arguments, root, {**os.environ, "PYTHONWARNINGS": "ignore"})
    output, _ = process.communicate()
    return process.returncode or 0, output
