"""Where a dbt project keeps what the commands need."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from provender.keys import nearest
from provender_ops.errors import BadInput, NoBuild, UnknownSelection

CATALOG = "catalog.duckdb"


@dataclass(frozen=True, slots=True)
class Project:
    """One dbt project folder and one of its targets."""

    root: Path
    target: str
    published: Path
    landing: Path

    @property
    def catalog(self) -> Path:
        """The published catalog."""
        return self.published / CATALOG


def find_project(project_dir: Path, target: str | None = None) -> Project:
    """Return the project and its target: the given one, or the only one that was built.

    Raise NoBuild when nothing was published, UnknownSelection when the target cannot be told.
    """
    root = project_dir.resolve()
    settings = _settings(root)
    published = root / str(settings.get("published_path", "published"))
    landing = root / str(settings.get("landing_path", "landing"))
    chosen = _target(published, target)
    return Project(root, chosen, published / chosen, landing / chosen)


def _settings(root: Path) -> dict[str, Any]:
    """Return `vars: provender:` of dbt_project.yml."""
    path = root / "dbt_project.yml"
    try:
        project = yaml.safe_load(path.read_text(encoding="utf-8"))
        settings = ((project or {}).get("vars") or {}).get("provender") or {}
        return dict(settings)
    except FileNotFoundError:
        raise BadInput(
            f"{root} is not a dbt project: it has no dbt_project.yml."
            " Run this in the project's folder, or pass --project-dir."
        ) from None
    except (yaml.YAMLError, AttributeError, ValueError, TypeError):
        raise BadInput(f"{path} cannot be read. Run `dbt parse` to see what is wrong.") from None


def _target(published: Path, wanted: str | None) -> str:
    built = sorted(path.parent.name for path in published.glob(f"*/{CATALOG}"))
    if not built:
        raise NoBuild(f"No build yet: {published} holds no catalog. Run `dbt build`.")
    if wanted is None and len(built) > 1:
        raise UnknownSelection(
            f"Several targets were built here: {', '.join(built)}. Say which with --target."
        )
    if wanted is not None and wanted not in built:
        raise NoBuild(
            f"No build yet for target {wanted!r}.{nearest(wanted, built)} Built here:"
            f" {', '.join(built)}. Run `dbt build --target {wanted}`."
        )
    return wanted or built[0]
