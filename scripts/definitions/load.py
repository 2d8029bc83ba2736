"""Declarations, from each place they can be read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from provender_ops.definitions.checkout import compiled
from provender_ops.definitions.declarations import Declarations
from provender_ops.definitions.from_manifest import of_manifest
from provender_ops.definitions.from_published import of_published
from provender_ops.project import find_root

__all__ = ["of_checkout", "of_manifest", "of_published"]


def of_checkout(
    project_dir: Path, target: str | None = None, variables: Mapping[str, Any] | None = None
) -> Declarations:
    """Return what a checkout declares: compile it, build nothing, wait for nothing.

    `target` is dbt's, the profile's own when None; `variables` are what `--vars` would be given.
    Raise BadInput or CouldNotRun, with what dbt says where the project does not compile.
    """
    with compiled(find_root(project_dir), target, variables or {}) as manifest:
        return of_manifest(manifest)
