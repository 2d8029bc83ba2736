"""The project, compiled by dbt once.

It is built over a tiny shop so that its definitions are stored, and as of the last day of the
calendar so that no world asks for what lies beyond the horizon of the run.
"""

import re
import shutil
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from support import REPO, DbtProject
from tables import SOURCES, Rows
from trainings import KEYS, TRAININGS
from world import BACKFILLED, TYPES

END = "9999-12-31T00:00:00"
NOON = datetime(2026, 3, 2, 12)


class Compiled:
    """What every model of a project compiled to, and its database."""

    def __init__(self, project: DbtProject) -> None:
        self.database = project.database
        models = project.folder / "target/compiled/provender/models"
        self._sql = {file.stem: file.read_text() for file in models.rglob("*.sql")}

    def sql(self, model: str) -> str:
        """Return the compiled SQL of a model."""
        return self._sql[model]

    def over_moments(self, view: str, moments: str) -> str:
        """Return a view's SQL, its own spine drawn at each moment of a relation instead of END."""
        spine = re.compile(r"\(\s*/\* provender:spine \w+ \*/.*?/\* provender:end \*/\s*\)", re.S)
        end = "cast('9999-12-31 00:00:00.000000' as timestamp)"

        def at_each(block: re.Match[str]) -> str:
            asked = block[0].replace(end, "moments.moment")
            return f"(select block.* from {moments} as moments cross join lateral {asked} as block)"

        filled = spine.sub(at_each, self.sql(view))
        assert end not in filled
        return filled


def new_project(folder: Path) -> DbtProject:
    """Copy the project, with the models of decisions, which training sets read."""
    project = DbtProject(Path(__file__).parent / "project", folder)
    shutil.copytree(REPO / "models/decisions", folder / "models/decisions")
    return project


def add_trainings(project: DbtProject) -> None:
    """Write the training sets into the project."""
    for training in TRAININGS.values():
        (project.folder / f"models/training/{training.name}.sql").write_text(training.sql)


def write_sources(project: DbtProject, sources: dict[str, Rows]) -> None:
    """Write the sources of a project."""
    for table, columns in SOURCES.items():
        rows = sources[table].rows if table in sources else []
        project.write(table, [dict(zip(columns, row, strict=True)) for row in rows], columns)


def build(folder: Path) -> DbtProject:
    """Build the project in a new folder."""
    project = new_project(folder)
    add_trainings(project)
    write_tiny_shop(project)
    write_slots(project)
    run = project.build("--exclude", "resource_type:test", as_of=END)
    assert run.code == 0, run.output
    return project


def write_tiny_shop(project: DbtProject) -> None:
    """One customer, one place, one order."""
    rows = {
        "shop.orders": ("o", 1, "a", "b", Decimal("1.00"), "", NOON, NOON),
        "shop.customer_events": ("c", 1, "in", NOON, NOON),
        "shop.place_events": ("p", "a", "b", "in", NOON, NOON),
    }
    write_sources(project, {table: Rows("", [row]) for table, row in rows.items()})


BACKFILL_LOG = {
    **{"view": "varchar", "version": "integer", "feature": "varchar", "as_of": "timestamp"},
    **{"step_seconds": "bigint", "fingerprint": "varchar", "row_count": "bigint"},
    **{"filled_at": "timestamp", "invocation_id": "varchar", "git_commit": "varchar"},
}


def write_slots(project: DbtProject) -> None:
    """The join is compiled for the groups of features that were filled together: one slot each."""
    log = [
        {"view": view, "version": version, "feature": feature, "as_of": NOON, "step_seconds": n}
        for (view, version), groups in BACKFILLED.items()
        for n, group in enumerate(groups, 1)
        for feature in group
    ]
    project.write("main_provender.backfill_log", log, BACKFILL_LOG)
    for (view, _), groups in BACKFILLED.items():
        features = {name: TYPES[name] for group in groups for name in group}
        entity = "place" if view == "place_load" else "customer"
        columns = {**KEYS[entity], "as_of": "timestamp", **features}
        project.write(f"main.{view}_backfill", [], columns)
