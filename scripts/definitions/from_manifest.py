"""What a checkout declares: dbt's manifest, with compiled SQL in it.

The models of the registry compile to plain SELECTs of constants. Run in an in-memory DuckDB they
give the tables that a build publishes, so effective values are worked out in one place, the macros.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from provender_ops.catalog import Row
from provender_ops.definitions.compiled_sql import definition_of, over_own_spine, run_as_of
from provender_ops.definitions.declarations import Declarations
from provender_ops.definitions.registry_tables import TABLES, declarations_of
from provender_ops.errors import BadInput, CouldNotRun

MANIFEST = "manifest.json"
PACKAGE = "provender"
ANALYSES = ("feature_context",)
Node = Mapping[str, Any]


def of_manifest(path: Path) -> Declarations:
    """Return what a manifest declares; `path` is the file, or the folder it is in.

    Raise BadInput when it is none, CouldNotRun when it holds no compiled SQL of what is needed.
    """
    file = path / MANIFEST if path.is_dir() else path
    manifest = _read(file)
    tables = _tables(manifest, file)
    sql = _Definitions(manifest, tables)
    _refuse_uncompiled(tables, sql, file)
    try:
        return declarations_of(
            tables,
            {row["unique_id"]: sql.of(row["unique_id"]) for row in tables["feature_models"]},
            _violations(manifest),
        )
    except (KeyError, json.JSONDecodeError) as error:
        raise CouldNotRun(
            f"{file} is of another version of Provender ({error}). Run `dbt compile` with this one."
        ) from None


def _read(file: Path) -> Node:
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
        nodes, sources = manifest["nodes"], manifest["sources"]
    except FileNotFoundError:
        raise BadInput(
            f"{file} does not exist. `dbt compile` writes it, into target/ or --target-path."
        ) from None
    except (OSError, ValueError, KeyError, TypeError):
        raise BadInput(f"{file} is not a manifest of dbt. `dbt compile` writes one.") from None
    return {**sources, **nodes}


def _tables(manifest: Node, file: Path) -> dict[str, list[Row]]:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        return {name: _rows(connection, name, manifest, file) for name in TABLES}


def _rows(
    connection: duckdb.DuckDBPyConnection, name: str, manifest: Node, file: Path
) -> list[Row]:
    node = manifest.get(f"model.{PACKAGE}.{name}") or manifest.get(f"analysis.{PACKAGE}.{name}")
    if node is None and name in ANALYSES:
        return []  # a project may leave our analyses out: then a cause is told less well
    if node is None:
        raise CouldNotRun(
            f"{file} has no model {name}: it is of a project without Provender, or the registry is"
            " disabled there, or of an older version. Use the same version on both sides."
        )
    if not node.get("compiled_code"):
        raise CouldNotRun(f"{file} holds no compiled SQL of {name}. Run `dbt compile`.")
    try:
        cursor = connection.execute(node["compiled_code"])
    except duckdb.Error as error:
        first = str(error).split("\n")[0].rstrip(".")
        raise CouldNotRun(f"{name}, as {file} has it, cannot be run: {first}.") from None
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def analysis_rows(path: Path, name: str) -> list[tuple[Any, ...]]:
    """Return the rows of one of our analyses, which are of constants; none if it was not compiled.

    `path` is the manifest. Raise BadInput when it is none.
    """
    return _analysis(_read(path), name)


def _analysis(manifest: Node, name: str) -> list[tuple[Any, ...]]:
    node = manifest.get(f"analysis.{PACKAGE}.{name}") or {}
    if not node.get("compiled_code"):
        return []
    with duckdb.connect() as connection:
        return connection.execute(node["compiled_code"]).fetchall()


def _violations(manifest: Node) -> list[str]:
    """Return the sentences of the contract check."""
    return [text for (text,) in _analysis(manifest, "contract_violations")]


class _Definitions:
    """The definition of each compiled model."""

    def __init__(self, manifest: Node, tables: Mapping[str, list[Row]]) -> None:
        self._compiled = {
            row["unique_id"]: _compiled(manifest.get(row["unique_id"]))
            for row in tables["feature_models"]
        }
        self._as_of = run_as_of(sql for sql in self._compiled.values() if sql)
        self._keys = {
            row["unique_id"]: [key["name"] for key in json.loads(row["keys"])]
            for row in tables["feature_views"]
        }
        self._built_on = {
            row["unique_id"]: json.loads(row["built_on"]) for row in tables["feature_models"]
        }
        # what our own logs are called is in the manifest alone
        self._relations = {
            unique_id: node["relation_name"]
            for unique_id, node in manifest.items()
            if node.get("relation_name")
        }
        for row in (*tables["feature_models"], *tables["feature_sources"]):
            self._relations[row["unique_id"]] = row["relation"]
        self._known: dict[str, str | None] = {}

    def of(self, unique_id: str) -> str | None:
        """Return the definition of a model; None where it was not compiled."""
        if unique_id not in self._known:
            compiled = self._compiled.get(unique_id)
            self._known[unique_id] = compiled and definition_of(
                compiled, self._above(unique_id), self._as_of, self._nested
            )
        return self._known[unique_id]

    def _nested(self, unique_id: str) -> str | None:
        definition = self.of(unique_id)
        return definition and over_own_spine(definition, self._keys.get(unique_id, ()))

    def _above(self, unique_id: str) -> dict[str, str]:
        found: dict[str, str] = {}
        to_do = [unique_id]
        while to_do:
            for parent in self._built_on.get(to_do.pop(), ()):
                if parent not in found and parent in self._relations:
                    found[parent] = self._relations[parent]
                    to_do.append(parent)
        return found


def _compiled(node: Node | None) -> str | None:
    if node is None or node["resource_type"] != "model" or node.get("language") != "sql":
        return None
    return node.get("compiled_code")


def _refuse_uncompiled(
    tables: Mapping[str, list[Row]], definitions: _Definitions, file: Path
) -> None:
    views = tables["feature_views"]
    missing = [row["view"] for row in views if definitions.of(row["unique_id"]) is None]
    if missing:
        raise CouldNotRun(
            f"{file} holds no compiled SQL of {', '.join(sorted(set(missing)))}: it was written by"
            " a command that compiled only part of the project. Run `dbt compile`."
        )
