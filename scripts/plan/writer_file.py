"""The DuckDB file that dbt writes, opened beside it to read."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment

from provender_ops.catalog import quoted, text_literal
from provender_ops.dbt_profile import output_of, read_profile
from provender_ops.errors import BadInput, CouldNotRun, NoBuild

IN_MEMORY = "memory"  # what a checkout that is compiled beside a build calls the database


@dataclass(frozen=True, slots=True)
class WriterFile:
    """Where a dbt target of a project keeps its tables."""

    root: Path
    path: Path
    attached: tuple[Mapping[str, Any], ...] = ()

    @property
    def database(self) -> str:
        """What DuckDB calls the file."""
        return self.path.stem

    def relation(self, compiled: str) -> str:
        """Return a relation as it is called here; a source may be a call, like read_parquet(…)."""
        prefix = f"{quoted(IN_MEMORY)}."
        if not compiled.startswith(prefix):
            return compiled
        return f"{quoted(self.database)}.{compiled.removeprefix(prefix)}"

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the file read-only for the block; raise NoBuild or CouldNotRun."""
        if not self.path.exists():
            raise NoBuild(f"No build yet: {self.path} does not exist. Run `dbt build`.")
        try:
            connection = duckdb.connect(str(self.path), read_only=True)
        except duckdb.IOException as error:
            raise CouldNotRun(
                f"{self.path} cannot be read now ({_first_line(error)}): a dbt run holds it, or"
                " another program that writes. Run this again when that has ended."
            ) from None
        try:
            connection.execute("set timezone = 'UTC'")
            connection.execute(f"set file_search_path = {text_literal(str(self.root))}")
            for each in self.attached:
                connection.execute(_attach(each))
            yield connection
        finally:
            connection.close()


def find_writer_file(root: Path, target: str | None) -> WriterFile:
    """Return the file of a target, the profile's own when None.

    Raise BadInput, UnknownSelection or CouldNotRun.
    """
    profile = read_profile(root)
    name = target or _rendered(str(profile.get("target", "default")))
    output = output_of(profile, name)
    if output.get("type") != "duckdb" or not output.get("path"):
        raise CouldNotRun(
            f"Target {name} is of type {output.get('type')}: values are compared in the DuckDB file"
            " that dbt writes. Name a target that has one with --target."
        )
    return WriterFile(
        root, root / _rendered(str(output["path"])), tuple(output.get("attach") or ())
    )


def _rendered(text: str) -> str:
    """Return a text of profiles.yml as dbt reads it, environment variables filled in."""
    return Environment(autoescape=False).from_string(text).render(env_var=_env_var)


def _env_var(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if value is None:
        raise BadInput(f"profiles.yml asks for the environment variable {name}. Set it.")
    return value


def _attach(declared: Mapping[str, Any]) -> str:
    alias = f" as {quoted(str(declared['alias']))}" if declared.get("alias") else ""
    kind = f", type {declared['type']}" if declared.get("type") else ""
    return f"attach {text_literal(str(declared['path']))}{alias} (read_only{kind})"


def _first_line(error: Exception) -> str:
    return str(error).split("\n")[0].rstrip(".")
