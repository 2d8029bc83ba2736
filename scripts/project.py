"""Where a dbt project keeps what the commands need."""

import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from provender.keys import nearest
from provender_ops.dbt_profile import PROJECT_FILE, output_of, read_profile
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
    root = find_root(project_dir)
    return _project(root, _target(_published(root), target))


def project_to_build(project_dir: Path, target: str | None = None) -> Project:
    """Return the same, also for a target that is named and was not built yet."""
    if target is not None:
        root = find_root(project_dir)
        _check_target(root, target)
        return _project(root, target)
    try:
        return find_project(project_dir)
    except NoBuild as error:
        raise NoBuild(f"{error} Or say which target to build: --target NAME.") from None


def find_root(project_dir: Path) -> Path:
    """Return the project's folder; raise BadInput when it is none."""
    root = project_dir.resolve()
    if not (root / PROJECT_FILE).is_file():
        raise BadInput(
            f"{root} is not a dbt project: it has no {PROJECT_FILE}."
            " Run this in the project's folder, or pass --project-dir."
        )
    return root


def settings(root: Path) -> dict[str, Any]:
    """Return `vars: provender:` of dbt_project.yml; raise BadInput when it cannot be read."""
    path = root / PROJECT_FILE
    try:
        declared = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        block = dict((declared.get("vars") or {}).get("provender") or {})
    except (yaml.YAMLError, AttributeError, ValueError, TypeError):
        raise BadInput(f"{path} cannot be read. Run `dbt parse` to see what is wrong.") from None
    # As the macros have it: a block that names another project is that one's.
    is_ours = block.get("project", declared.get("name")) == declared.get("name")
    return block if is_ours else {}


def git_commit(root: Path) -> str:
    """Return the commit of a checkout, `unknown` outside one."""
    try:
        asked = ["git", "rev-parse", "HEAD"]
        done = subprocess.run(asked, cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


def _project(root: Path, target: str) -> Project:
    landing = root / str(settings(root).get("landing_path", "landing"))
    return Project(root, target, _published(root) / target, landing / target)


def _check_target(root: Path, target: str) -> None:
    """Raise UnknownSelection for a target that the profile has not; dbt tells of all else."""
    with suppress(BadInput):
        output_of(read_profile(root), target)


def _published(root: Path) -> Path:
    return root / str(settings(root).get("published_path", "published"))


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
