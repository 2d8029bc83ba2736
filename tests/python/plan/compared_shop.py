"""A small shop whose rows are known, compiled before and after a change, and compared.

The file of its writer holds the orders alone: no model was ever built.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from loaded_dbt import DbtProcess
from support import REPO, DbtProject

from provender_ops.definitions.checkout import compile_arguments
from provender_ops.definitions.declarations import Declarations
from provender_ops.definitions.load import of_manifest
from provender_ops.plan.comparison import compare_values
from provender_ops.plan.rules import ANALYSIS, Rules
from provender_ops.plan.values import Sample, Side, Values
from provender_ops.plan.writer_file import WriterFile, find_writer_file

PROJECT = Path(__file__).parents[1] / "kernel/project"
AT = datetime(2026, 3, 2, 8)
CUSTOMERS = [f"c{number:02}" for number in range(40)]


@dataclass
class ComparedShop:
    """The project, and its state when it was made."""

    project: DbtProject
    before: Declarations
    rules: Rules

    @classmethod
    def make(cls, folder: Path) -> "ComparedShop":
        project = DbtProject(PROJECT, folder)
        shutil.copytree(REPO / "analyses", folder / "analyses")
        paths = "macro-paths: [macros]"
        project.edit("dbt_project.yml", paths, f"{paths}\nanalysis-paths: [analyses]")
        project.write("shop.orders", orders())
        manifest = _compiled(folder, "before")
        return cls(project, of_manifest(manifest), Rules.of_manifest(manifest))

    @property
    def file(self) -> WriterFile:
        return find_writer_file(self.project.folder, None)

    def compare(
        self,
        *,
        after: Declarations | None = None,
        keys: int = 1000,
        moments: tuple[datetime, ...] = (AT,),
        view: str = "spend@1",
        other: str = "spend@1",
        examples: int = 2,
    ) -> Values:
        new = after or self.now()
        return compare_values(
            Side(self.before, self.before.views[view], "before"),
            Side(new, new.views[other], "now"),
            self.file,
            Sample(keys, moments, examples),
            self.rules,
        )

    def now(self) -> Declarations:
        return of_manifest(_compiled(self.project.folder, "now"))

    def after(self, *changes: tuple[str, str, str]) -> Declarations:
        """Compile the project with changes to its files, and put the files back."""
        originals: Mapping[Path, str] = {
            self.project.folder / path: (self.project.folder / path).read_text()
            for path, _, _ in changes
        }
        try:
            for path, old, new in changes:
                self.project.edit(path, old, new)
            return self.now()
        finally:
            for file, text in originals.items():
                file.write_text(text)


def orders() -> list[dict[str, object]]:
    """One of each customer an hour ago, of every fourth another 6.5 days ago.

    And 20 days ago one of a customer who has none since.
    """
    placed = [(name, timedelta(hours=1), number + 1.0) for number, name in enumerate(CUSTOMERS)]
    placed += [(name, timedelta(days=6, hours=12), 100.0) for name in CUSTOMERS[::4]]
    placed += [("gone", timedelta(days=20), 5.0)]
    return [
        {
            "order_id": f"o{number}",
            "customer_id": name,
            "amount": amount,
            "occurred_at": AT - ago,
            "loaded_at": AT - ago + timedelta(minutes=1),
        }
        for number, (name, ago, amount) in enumerate(placed)
    ]


def _compiled(root: Path, name: str) -> Path:
    folder = root / "compiled" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    before = root / "compiled/before/partial_parse.msgpack"
    if before.exists():
        shutil.copy(before, folder)
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    process = DbtProcess(compile_arguments(root, folder, None, {}, ANALYSIS), root, environment)
    output, _ = process.communicate()
    assert process.returncode == 0, output
    return folder / "manifest.json"
