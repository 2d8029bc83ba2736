"""What dbt knows of a checkout, asked without the team's database.

dbt parses and compiles with a profile of ours, an empty DuckDB in memory, into a folder of ours. So
a build that runs meanwhile is not disturbed, nothing has to be built first, and nobody's `target/`
changes.
"""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from provender_ops.dbt_command import DBT
from provender_ops.errors import CouldNotRun

FOLDER = ".provender/new"
AS_OF = "2026-03-02T10:30:00Z"
_PROFILE = "provender_new"


class Dbt:
    """dbt in one project folder; `target` is what the project's own Jinja sees as target.name."""

    def __init__(self, root: Path, target: str = "dev") -> None:
        """Nothing is run yet."""
        self._root = root
        self._target = target
        self._folder = root / FOLDER

    def manifest(self) -> dict[str, Any]:
        """Parse the project; raise CouldNotRun with what dbt says when it cannot."""
        self._run("parse")
        return self._artifact("manifest")

    def compiled(self, unique_ids: Sequence[str]) -> dict[str, str]:
        """Return the compiled SQL of models, at AS_OF, by unique id."""
        names = [".".join(unique_id.split(".")[2:]) for unique_id in unique_ids]
        self._run("compile", "--select", *names)
        found = {result["unique_id"]: result for result in self._artifact("run_results")["results"]}
        return {unique_id: found[unique_id]["compiled_code"] for unique_id in unique_ids}

    def compiled_text(self, sql: str) -> str:
        """Return the compiled SQL of a model that is not written yet."""
        self._run("compile", "--inline", sql)
        (result,) = self._artifact("run_results")["results"]
        return str(result["compiled_code"])

    def _run(self, command: str, *arguments: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        duckdb = {"type": "duckdb", "path": ":memory:", "threads": 1}
        profile = {_PROFILE: {"target": self._target, "outputs": {self._target: duckdb}}}
        (self._folder / "profiles.yml").write_text(json.dumps(profile))
        options = {
            "--profiles-dir": str(self._folder),
            "--profile": _PROFILE,
            "--target-path": str(self._folder / "target"),
            "--log-level-file": "none",
            "--vars": json.dumps({"as_of": AS_OF}),
        }
        said = [part for option in options.items() for part in option]
        code, output = run_dbt(
            self._root, ["--quiet", "--no-use-colors", command, *said, *arguments]
        )
        if code:
            raise CouldNotRun(f"{_told(output)}\nMend that, and run the command again.")

    def _artifact(self, name: str) -> dict[str, Any]:
        text = (self._folder / "target" / f"{name}.json").read_text(encoding="utf-8")
        loaded: dict[str, Any] = json.loads(text)
        return loaded


def run_dbt(root: Path, arguments: Sequence[str]) -> tuple[int, str]:
    """Run dbt in a folder; return its exit code and all that it said."""
    done = subprocess.run(
        [*DBT, *arguments],
        cwd=root,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return done.returncode, done.stdout


def _environment() -> Mapping[str, str]:
    """Return ours without what would name another profile, target or folder."""
    named = ("DBT_PROFILE", "DBT_PROFILES_DIR", "DBT_TARGET", "DBT_TARGET_PATH", "DBT_STATE")
    return {name: value for name, value in os.environ.items() if name not in named}


def _told(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    return "dbt cannot read the project:\n" + "\n".join(lines[-12:])
