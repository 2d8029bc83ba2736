"""The lender's feature views, compiled once, with the tests that are generated of them."""

import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from support import REPO

from provender_ops.scaffold.checkout import Checkout, Node
from provender_ops.scaffold.generate import Generated, UnitTest, generate
from provender_ops.scaffold.lab import Lab
from provender_ops.scaffold.subject import Named, Subject, subject_of

PARTS = (
    *("macros", "seeds", "dbt_project.yml", "models/staging", "models/entities"),
    *("models/features", "models/services", "snapshots"),
)


def copy_lender(folder: Path) -> Path:
    """Copy the lender's own part of this repository."""
    for part in PARTS:
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (REPO / part).is_dir() else shutil.copy
        copy(REPO / part, folder / part)
    return folder


@dataclass
class WithTests:
    """One view, its generated tests, and a lab to run them in."""

    view: Node
    subject: Subject
    generated: Generated

    @cached_property
    def lab(self) -> Lab:
        return Lab(self.subject.tables)

    def passes(self, sql: str) -> bool:
        """Whether all tests pass with this SQL, as dbt compares: rows in any order."""
        return all(self._passes(test, sql) for test in self.generated.tests)

    def _passes(self, test: UnitTest, sql: str) -> bool:
        given = self.lab.run(sql, test.given)
        return self._rows(given) == self._rows(list(test.expected))

    def _rows(self, rows: list[Any]) -> list[str]:
        columns = [*self.subject.keys, "as_of", *self.subject.features]
        return sorted(repr([row[column] for column in columns]) for row in rows)


def views_with_tests(checkout: Checkout) -> dict[str, WithTests]:
    """Return each view version of a project with its generated tests."""
    compiled = checkout.dbt.compiled([view.unique_id for view in checkout.views])
    found = {}
    for view in checkout.views:
        subject = subject_of(checkout, named(checkout, view), compiled[view.unique_id])
        found[view.label] = WithTests(view, subject, generate(subject))
    return found


def named(checkout: Checkout, view: Node) -> Named:
    entity = checkout.entity_of(view)
    own = {*checkout.keys(entity), "as_of"}
    return Named(view.name, view.version, entity, [c for c in view.columns if c not in own])
