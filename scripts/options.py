"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from provender_ops.catalog import Catalog
from provender_ops.connection import URL_VARIABLE
from provender_ops.project import Project

ProjectDir = Annotated[
    Path, typer.Option("--project-dir", help="Folder of the dbt project.", show_default=".")
]
Target = Annotated[
    str | None,
    typer.Option("--target", "-t", help="dbt target; may be left out where one was built."),
]
RedisUrl = Annotated[
    str | None,
    typer.Option(
        "--redis-url",
        envvar=URL_VARIABLE,
        show_envvar=True,
        help="Where the online store is. Without it, the project's own Redis.",
    ),
]
Namespace = Annotated[
    str | None,
    typer.Option(
        "--namespace",
        envvar="PROVENDER_NAMESPACE",
        show_envvar=True,
        help="Prefix of all keys; by default <project>.<target>.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Rehearsed = Annotated[
    str | None,
    typer.Option("--now", help="For rehearsals: the time up to which the log then has landed."),
]

HERE = Path()


def namespace_of(project: Project) -> str:
    """Return the default namespace of what was built: `<project>.<target>`."""
    with Catalog.open(project.catalog) as catalog:
        return default_namespace(*catalog.store())


def default_namespace(project: str, target: str) -> str:
    """Return `<project>.<target>`."""
    return f"{project}.{target}".lower()
