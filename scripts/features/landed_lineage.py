"""Column lineage as rows, and landed for dbt: it cannot read SQL, so the model gets it as a log."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from provender_ops.catalog import Catalog, Row
from provender_ops.definitions.declarations import Declarations
from provender_ops.definitions.from_published import DEFINITIONS
from provender_ops.definitions.lineage import Lineage
from provender_ops.definitions.load import of_published
from provender_ops.parquet_files import put
from provender_ops.project import Project

COLUMNS = ("view", "version", "feature", "role", "source", "source_column", "not_told")
_SCHEMA = pa.schema(
    [
        ("view", pa.string()),
        ("version", pa.int32()),
        ("feature", pa.string()),
        ("fingerprint", pa.string()),
        ("role", pa.string()),
        ("source", pa.string()),
        ("source_column", pa.string()),
        ("not_told", pa.string()),
    ]
)


def lineage_rows(declarations: Declarations, fingerprints: dict[str, str]) -> list[Row]:
    """Return a row for each column that a feature comes from, and for what could not be told.

    A feature that comes from no column has one row, without a role. `fingerprints` are those of
    the definitions, by unique id.
    """
    lineage = Lineage(declarations)
    found: dict[tuple[str, str], list[Row]] = {}
    for one in lineage.feature_origins():
        row = {"role": one.role, "source": one.origin.unique_id, "source_column": one.origin.column}
        found.setdefault((one.view, one.feature), []).append(row)
    return list(_rows(declarations, lineage, found, fingerprints))


def _rows(
    declarations: Declarations,
    lineage: Lineage,
    found: dict[tuple[str, str], list[Row]],
    fingerprints: dict[str, str],
) -> Iterator[Row]:
    for label, view in declarations.views.items():
        own = {
            "view": view.name,
            "version": view.version,
            "fingerprint": fingerprints.get(view.unique_id),
        }
        for feature in view.features:
            nowhere: Row = {"role": None, "source": None, "source_column": None}
            not_told = "; ".join(lineage.unknown_of(view.unique_id, feature.name)) or None
            for row in found.get((label, feature.name), [nowhere]):
                yield {**own, "feature": feature.name, **row, "not_told": not_told}


def read_lineage(project: Project) -> list[Row]:
    """Return the rows of what is deployed; raise NoBuild or UnreadableCatalog."""
    with Catalog.open(project.catalog) as catalog:
        declarations = of_published(catalog)
        recorded = catalog.rows(f"select unique_id, fingerprint from {DEFINITIONS}")
    return lineage_rows(declarations, {row["unique_id"]: row["fingerprint"] for row in recorded})


def land_lineage(landing: Path, rows: list[Row]) -> Path:
    """Write the rows where dbt finds them, in place of those before; return the file.

    Raise OSError.
    """
    path = landing / "feature_lineage" / "latest.parquet"
    put(path, pa.Table.from_pylist(rows, _SCHEMA))
    return path
