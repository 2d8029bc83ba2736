"""The lender's definitions, compiled once for all of this folder."""

import shutil
from pathlib import Path

import pytest
from support import REPO

from provender_ops.definitions.declarations import Declarations
from provender_ops.definitions.load import of_checkout


@pytest.fixture(scope="session")
def lender(tmp_path_factory: pytest.TempPathFactory) -> Declarations:
    """What the demo lender declares, never built; one of its models is ephemeral here."""
    root = tmp_path_factory.mktemp("lender") / "provender"
    for folder in ("analyses", "macros", "models", "seeds", "snapshots"):
        shutil.copytree(REPO / folder, root / folder)
    shutil.copytree(REPO / "tests/dbt", root / "tests/dbt")
    shutil.copy(REPO / "dbt_project.yml", root)
    shutil.copy(REPO / "profiles.yml.example", root / "profiles.yml")
    inlined = root / "models/staging/base/base_lender__sessions.sql"
    inlined.write_text("{{ config(materialized='ephemeral') }}\n" + inlined.read_text())
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DBT_PROFILES_DIR", raising=False)
        return of_checkout(root)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the folder on one worker: what it compiles takes seconds."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("definitions"))
