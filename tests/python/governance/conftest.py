"""Runs dbt on copies of the small projects beside this file, with the macros of the repository."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

REPO = Path(__file__).parents[3]
PROJECTS = Path(__file__).parent / "project"
PROFILE = """
governance:
  target: dev
  outputs:
    dev: {type: duckdb, path: store.duckdb, threads: 1}
"""


@dataclass(frozen=True)
class DbtRun:
    """One finished dbt command."""

    code: int
    output: str
    folder: Path


RunDbt = Callable[..., DbtRun]


def copy_project(name: str, folder: Path) -> Path:
    """A copy of a small project; `package` is where it finds the repository's macros."""
    shutil.copytree(PROJECTS / name, folder)
    package = folder / "packages" / "provender" if name == "consumer" else folder
    shutil.copytree(REPO / "macros", package / "macros")
    (folder / "profiles.yml").write_text(PROFILE)
    return folder


def run_dbt(folder: Path, *arguments: str) -> DbtRun:
    done = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", *arguments],
        cwd=folder,
        env={**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_PROFILES_DIR": "."},
        capture_output=True,
        text=True,
        check=False,
    )
    return DbtRun(done.returncode, done.stdout + done.stderr, folder)


@pytest.fixture(scope="session")
def dbt() -> RunDbt:
    return run_dbt


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Makes a fresh copy of the named project."""
    return lambda name: copy_project(name, tmp_path_factory.mktemp("governance") / name)
