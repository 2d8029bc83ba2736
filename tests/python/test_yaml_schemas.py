"""Every YAML file we ship is valid by dbt's own JSON schemas; dbt skips them on DuckDB."""

import json
from importlib import resources
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

ROOT = Path(__file__).parents[2]
SCHEMAS = resources.files("dbt") / "jsonschemas"


def resource_files() -> list[Path]:
    folders = ("models", "snapshots", "seeds", "macros", "tests/dbt", "tests/consumer")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.yml")]
    skipped = {"dbt_project.yml", "packages.yml", "profiles.yml"}
    return [path for path in found if path.name not in skipped and "dbt_packages" not in path.parts]


def violations(path: Path, schema: str) -> list[str]:
    validator = Draft7Validator(json.loads((SCHEMAS / schema / "latest.json").read_text()))
    document = json.loads(json.dumps(yaml.safe_load(path.read_text()), default=str))
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


@pytest.mark.parametrize("path", resource_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_properties_are_valid(path: Path) -> None:
    assert violations(path, "resources") == []


@pytest.mark.parametrize("project", [ROOT, ROOT / "tests/consumer"], ids=["provender", "consumer"])
def test_projects_are_valid(project: Path) -> None:
    assert violations(project / "dbt_project.yml", "project") == []


def test_there_is_something_to_check() -> None:
    assert len(resource_files()) > 40
