"""A whole run of `make bench` at a hundredth of its size."""

import subprocess
import sys
from pathlib import Path

import pytest
from support import REPO


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the run, which compares every answer with that of the floor."""
    folder = tmp_path_factory.mktemp("bench")
    command = ["benchmarks", "--scale", "0.01", "--repeats", "1"]
    done = subprocess.run(
        [sys.executable, "-m", *command, "--work", folder, "--docs", folder / "docs"],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder
