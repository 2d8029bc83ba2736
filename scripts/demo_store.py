"""The demo's hands: the commands that an analytics engineer would type, on simulated time."""

import json
import os
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import typer
from redis import Redis

from provender_ops.console import tell
from provender_ops.embedded_redis import EmbeddedRedis
from provender_ops.errors import CouldNotRun
from provender_ops.project import git_commit

TARGET = "demo"
NAMESPACE = f"provender.{TARGET}"


class Store:
    """The demo target of the project in one folder."""

    def __init__(self, root: Path) -> None:
        """Work out where things are; nothing is started."""
        self.root = root
        self.log = root / "logs" / "demo.log"
        self.redis = EmbeddedRedis(root)
        self._environment = {
            "DBT_USE_COLORS": "false",
            "DBT_LOG_LEVEL_FILE": "none",  # what dbt says is in our log
            "PROVENDER_GIT_COMMIT": git_commit(root),
        }

    def start_anew(self) -> None:
        """Remove what an earlier demo left, and nothing else; start Redis."""
        for name in ("demo.duckdb", "demo.duckdb.wal", f"published/{TARGET}", f"landing/{TARGET}"):
            path = self.root / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        self.redis.start()
        with Redis.from_url(self.redis.url) as client:
            keys = list(client.scan_iter(f"pv:{{{NAMESPACE}}}:*", count=1000))
            if keys:  # rows that nobody knows of are swept by the first push
                client.unlink(*keys)

    def build(self, as_of: datetime, *select: str) -> None:
        """Run `dbt build`, as if it were `as_of`."""
        selection = ["--select", *select] if select else []
        rehearsed = ["--vars", "{rehearsal: true}", *selection]
        self._run("dbt", "build", "--target", TARGET, *rehearsed, PROVENDER_AS_OF=as_of.isoformat())

    def push(self, now: datetime) -> dict[str, Any]:
        """Run `push-online`, as if it were `now`; return what it wrote."""
        summary = json.loads(
            self._run("push-online", "--target", TARGET, "--now", now.isoformat(), "--json")
        )
        views = summary["views"]
        return {name: sum(view[name] or 0 for view in views) for name in ("rows", "tombstones")}

    def land(self, now: datetime) -> None:
        """Run `provender land-push-log` and `provender land-decisions`, as if it were `now`."""
        for command in ("land-push-log", "land-decisions"):
            self._run("provender", command, "--target", TARGET, "--now", now.isoformat())

    def audit(self, decision: str) -> None:
        """Run `provender audit` and show what it prints."""
        typer.echo(self._run("provender", "audit", decision, "--target", TARGET))

    def query(self, sql: str, **parameters: Any) -> list[dict[str, Any]]:
        """Ask the published catalog."""
        with duckdb.connect(
            str(self.root / "published" / TARGET / "catalog.duckdb"), read_only=True
        ) as catalog:
            found = catalog.execute(sql, parameters)
            names = [column[0] for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def _run(self, command: str, *arguments: str, **variables: str) -> str:
        """Run one of our commands in an environment that has these variables too.

        Raises CouldNotRun with its last words when it fails.
        """
        program = Path(sys.executable).parent / command
        self.log.parent.mkdir(exist_ok=True)
        done = subprocess.run(
            [str(program), *arguments],
            cwd=self.root,
            env={**os.environ, **self._environment, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"$ {command} {' '.join(arguments)}\n{done.stdout}{done.stderr}\n")
        if done.returncode:
            tell((done.stdout + done.stderr)[-3000:])
            raise CouldNotRun(
                f"`{command} {' '.join(arguments)}` ended with {done.returncode}."
                f" All it said is in {self.log}."
            )
        return done.stdout
