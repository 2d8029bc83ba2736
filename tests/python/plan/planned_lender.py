"""A copy of the demo lender's project, changed and planned."""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from loaded_dbt import DbtProcess
from support import REPO

from provender_ops.definitions.checkout import compile_arguments
from provender_ops.definitions.declarations import Declarations
from provender_ops.definitions.load import of_manifest
from provender_ops.plan.commands import Deployed, planned
from provender_ops.plan.planned import Plan

PARTS = ("analyses", "macros", "models", "seeds", "snapshots", "dbt_project.yml")
NOW = datetime(2026, 3, 2, 12)
VARS = {"as_of": "2026-03-02T12:00:00Z", "rehearsal": True}
# What the lender does not have and a change is made to: declared source columns, and a var.
SOURCE_COLUMNS = """
        columns:
          - {name: payment_id, data_type: varchar}
          - {name: amount, data_type: varchar}
          - {name: status, data_type: varchar}
"""
CREDIT = "models/features/customer/customer_credit.sql"


@dataclass
class PlannedLender:
    """A project folder, and the state it was in first, compiled by the real command's arguments."""

    folder: Path
    originals: dict[str, str | None] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def copy(cls, folder: Path) -> "PlannedLender":
        folder.mkdir()
        for part in PARTS:
            origin = REPO / part
            (shutil.copytree if origin.is_dir() else shutil.copy)(origin, folder / part)
        shutil.copy(REPO / "profiles.yml.example", folder / "profiles.yml")
        lender = cls(folder)
        lender.edit(
            "models/staging/_sources.yml",
            "owner: cards@lender.example}}}\n",
            f"owner: cards@lender.example}}}}}}{SOURCE_COLUMNS}",
        )
        lender.edit(CREDIT, "'90d', 'spine.as_of'", "var('credit_window', '90d'), 'spine.as_of'")
        lender.originals.clear()
        lender.before  # noqa: B018 - compiled now, before anything is changed
        return lender

    @cached_property
    def before(self) -> Declarations:
        return self.compiled()

    @property
    def state(self) -> Path:
        """The folder that `--state` names: how it was first."""
        return self.folder / "state"

    def compiled(self) -> Declarations:
        """Compile the project as it is, as the command does; keep what dbt parsed first."""
        is_first = not self.state.exists()
        into = self.state if is_first else self.folder / "now"
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir()
        if not is_first:
            shutil.copy(self.state / "partial_parse.msgpack", into)
        arguments = compile_arguments(self.folder, into, None, {**VARS, **self.variables})
        environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
        process = DbtProcess(arguments, self.folder, environment)
        output, _ = process.communicate()
        assert process.returncode == 0, output
        return of_manifest(into)

    def plan(self) -> Plan:
        """Plan the project as it is against how it was first."""
        deployed = Deployed(self.before, "the state before")
        return planned(deployed, self.compiled(), NOW)

    def edit(self, path: str, old: str, new: str, count: int = 1) -> None:
        """Replace text that a file holds exactly so often."""
        text = self._remembered(path)
        assert text.count(old) == count, f"{path} holds {text.count(old)} of {old!r}"
        (self.folder / path).write_text(text.replace(old, new))

    def rewrite(self, path: str, change: Callable[[str], str]) -> None:
        """Put a file's text through a function."""
        (self.folder / path).write_text(change(self._remembered(path)))

    def write(self, path: str, text: str) -> None:
        """Write a new file."""
        file = self.folder / path
        self.originals.setdefault(path, file.read_text() if file.exists() else None)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def remove(self, path: str) -> None:
        """Delete a file."""
        self._remembered(path)
        (self.folder / path).unlink()

    def copied(self, path: str, other: str, names: Mapping[str, str]) -> None:
        """Write a file again under another path, some names in it replaced."""
        text = (self.folder / path).read_text()
        for old, new in names.items():
            assert old in text, f"{path} holds no {old!r}"
            text = text.replace(old, new)
        self.write(other, text)

    def moved(self, path: str, other: str, names: Mapping[str, str]) -> None:
        """Move a file, some names in it replaced."""
        self.copied(path, other, names)
        self.remove(path)

    def reset(self) -> None:
        """Put all files back as they were first."""
        for path, text in self.originals.items():
            file = self.folder / path
            if text is None:
                file.unlink(missing_ok=True)
            else:
                file.write_text(text)
        self.originals.clear()
        self.variables.clear()

    def _remembered(self, path: str) -> str:
        text = (self.folder / path).read_text()
        self.originals.setdefault(path, text)
        return text


def approve(*entries: tuple[str, str]) -> str:
    """Return `approvals` as YAML has it, of (change, by)."""
    listed = [{"change": change, "by": by, "reason": "agreed"} for change, by in entries]
    return f"approvals: {json.dumps(listed)}"
