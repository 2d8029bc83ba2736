"""The benchmark's dbt project in a folder of its own: built by dbt as its users build it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks import REPO


@dataclass(frozen=True)
class Statement:
    """One SQL statement that dbt sent for a node, and the seconds until its answer."""

    node: str
    sql: str
    seconds: float


class Project:
    """A copy of the project, with the macros and the registry of this repository."""

    def __init__(self, folder: Path) -> None:
        """Lay out the folder anew."""
        self.folder = folder
        self.database = folder / "store.duckdb"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(Path(__file__).parent / "project", folder)
        shutil.copytree(REPO / "macros", folder / "macros")
        shutil.copytree(REPO / "models/registry", folder / "models/registry")

    def build(self, as_of: datetime, *args: str) -> list[Statement]:
        """Run `dbt build` as of a moment; return the statements it sent, in order."""
        log = self.folder / "logs/dbt.log"
        log.unlink(missing_ok=True)
        logged = ("--log-format-file", "json", "--log-level-file", "debug")
        rehearsed = ("--vars", "{rehearsal: true}")
        self.dbt(*logged, "build", *args, *rehearsed, PROVENDER_AS_OF=as_of.isoformat())
        return list(_statements(log))

    def dbt(self, *args: str, **variables: str) -> None:
        """Run dbt with these arguments, and these variables in its environment."""
        done = subprocess.run(
            [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", "--quiet", *args],
            cwd=self.folder,
            env={
                **os.environ,
                "DBT_PROFILES_DIR": ".",
                "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
                **variables,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"dbt failed:\n{done.stdout}{done.stderr}")

    def compiled(self, model: str) -> str:
        """Return what dbt made of a model."""
        (file,) = (self.folder / "target/compiled/provender/models").rglob(f"{model}.sql")
        return file.read_text()


def _statements(log: Path) -> Iterator[Statement]:
    """A statement is followed by its status; dbt runs one node at a time here."""
    sql = ""
    for line in log.read_text().splitlines():
        event: dict[str, Any] = json.loads(line)
        data, name = event["data"], event["info"]["name"]
        if name == "SQLQuery":
            sql = data["sql"]
        elif name == "SQLQueryStatus":
            node = data.get("node_info", {}).get("unique_id", "")
            yield Statement(node, sql, float(data["elapsed"]))
