"""The dbt profile of a project, as far as the commands look into it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from provender.keys import nearest
from provender_ops.errors import BadInput, UnknownSelection

PROFILES = "profiles.yml"
PROJECT_FILE = "dbt_project.yml"


def find_profiles(root: Path) -> Path | None:
    """Return the profiles that dbt would use in the project's folder."""
    named = os.environ.get("DBT_PROFILES_DIR")
    folders = [Path(named)] if named else [root, Path.home() / ".dbt"]
    return next((folder / PROFILES for folder in folders if (folder / PROFILES).is_file()), None)


def read_profile(root: Path) -> Mapping[str, Any]:
    """Return the profile that the project names, as written; raise BadInput."""
    found = find_profiles(root)
    if found is None:
        raise BadInput(f"There is no {PROFILES} for {root}. `dbt debug` shows where dbt looks.")
    try:
        named = yaml.safe_load((root / PROJECT_FILE).read_text(encoding="utf-8"))["profile"]
        profile = dict(yaml.safe_load(found.read_text(encoding="utf-8"))[named])
        return {**profile, "outputs": dict(profile["outputs"])}
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError) as error:
        raise BadInput(
            f"{found} cannot be read ({error}). `dbt debug` shows what is wrong."
        ) from None


def output_of(profile: Mapping[str, Any], target: str) -> Mapping[str, Any]:
    """Return what a profile says of a target; raise UnknownSelection."""
    outputs = profile["outputs"]
    if target not in outputs:
        raise UnknownSelection(
            f"{PROFILES} has no target {target!r}.{nearest(target, outputs)} It has:"
            f" {', '.join(sorted(outputs))}."
        )
    return dict(outputs[target])
