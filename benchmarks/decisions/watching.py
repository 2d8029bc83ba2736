"""Skew of many decisions, and the audit of one among very many, on a store that dbt built."""

import shutil
import statistics
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter

import duckdb

from benchmarks import REPO
from benchmarks.decisions.landed import land_decisions
from benchmarks.online.fresh import call
from benchmarks.project import Project, Statement
from benchmarks.snapshot import Snapshots
from provender_ops.audit import audit
from provender_ops.catalog import Catalog

AUDITS = 20
MONITORS = ("decision_witnesses", "skew")
MODELS = ("decisions", "decision_outcomes", *MONITORS)
NOT_PUBLISHED = ("refused", "mac")


@dataclass(frozen=True)
class Watching:
    """What was measured; seconds."""

    customers: int
    decisions: int  # that skew was looked for in
    build: Mapping[str, float]  # model -> what its statements took
    audited: int  # decisions among which one was looked for
    audits: list[float]
    command: float  # the whole command, Python's start and all

    @property
    def skew(self) -> float:
        """A full run of the monitor."""
        return sum(self.build[name] for name in MONITORS)

    @property
    def audit(self) -> float:
        """The median."""
        return statistics.median(self.audits)


def measure_watching(snapshots: Snapshots, decisions: int, audited: int) -> Watching:
    """Look for skew in `decisions` on the store's last run, then audit one among `audited`."""
    project = snapshots.project
    _add_monitors(project)
    land_decisions(
        project.database,
        project.folder / "landing/dev/decision_log",
        snapshots.as_of,
        decisions,
        days=2,
    )
    sent = project.build(
        snapshots.as_of + timedelta(days=2),
        *("--select", *MODELS, "path:models/decisions", "--exclude", "resource_type:test"),
    )
    built = {name: _seconds(sent, name) for name in MODELS}
    _refuse_what_is_found(project)
    more = _publish_more(project, snapshots.as_of, audited - decisions, decisions)
    audits = call(_audits, project.folder, _some_ids(project))
    command = _command(project, _some_ids(project)[0])
    return Watching(snapshots.keys, decisions, built, decisions + more, audits, command)


def _add_monitors(project: Project) -> None:
    for models in ("decisions", "monitoring"):
        shutil.copytree(REPO / "models" / models, project.folder / "models" / models)


def _seconds(sent: list[Statement], model: str) -> float:
    return sum(each.seconds for each in sent if each.node == f"model.provender.{model}")


def _refuse_what_is_found(project: Project) -> None:
    """The decisions were given what history has: skew would be a fault of ours, or of theirs."""
    with duckdb.connect(str(project.database), read_only=True) as store:
        ((found, compared),) = store.sql(
            "select count(finding), min(recomputed) from skew where feature is not null"
        ).fetchall()
    if found or not compared:
        raise SystemExit(f"skew: {found} findings, {compared} recomputed")


def _publish_more(project: Project, run: datetime, more: int, already: int) -> int:
    """Publish that many more decisions, in files as a build writes them, of the days before."""
    if more <= 0:
        return 0
    landed, published = project.folder / "more", project.folder / "published/dev/decisions"
    days = max(1, more // max(already // 2, 1))
    land_decisions(project.database, landed, run - timedelta(days=days + 10), more, days)
    left_out = ", ".join(NOT_PUBLISHED)
    for file in sorted(landed.rglob("*.parquet")):
        with duckdb.connect() as connection:
            connection.execute(
                f"copy (select * exclude ({left_out}) replace ('x' || decision_id as decision_id)"
                f" from '{file}' order by decision_id) to '{published / file.parent.name}.parquet'"
                " (format parquet, compression zstd, row_group_size 10240)"
            )
    shutil.rmtree(landed)
    return more // days * days


def _some_ids(project: Project) -> list[str]:
    with duckdb.connect(str(project.folder / "published/dev/catalog.duckdb")) as catalog:
        rows = catalog.sql(
            "select decision_id from decisions using sample reservoir"
            f" ({AUDITS} rows) repeatable (1)"
        ).fetchall()
    return [row[0] for row in rows]


def _audits(folder: Path, ids: list[str]) -> list[float]:
    """Each on a catalog opened anew, as the command does."""
    seconds = []
    for decision_id in ids:
        began = perf_counter()
        with Catalog.open(folder / "published/dev/catalog.duckdb") as catalog:
            found = audit(catalog, decision_id, _no_hash)
        seconds.append(perf_counter() - began)
        if found.disagreeing or not found.features:
            raise SystemExit(f"audit of {decision_id}: {found}")
    return seconds


def _no_hash() -> object:
    raise SystemExit("nothing was logged as a hash")


def _command(project: Project, decision_id: str) -> float:
    command = [sys.executable, "-m", "provender_ops.cli", "audit", decision_id, "--json"]
    began = perf_counter()
    subprocess.run(
        [*command, "--project-dir", str(project.folder)], check=True, capture_output=True
    )
    return perf_counter() - began
