"""What is deployed: the registry as the last build published it."""

from provender_ops.catalog import Catalog, reading
from provender_ops.definitions.declarations import Declarations
from provender_ops.definitions.registry_tables import TABLES, declarations_of
from provender_ops.errors import UnreadableCatalog

DEFINITIONS = "model_definitions"


def of_published(catalog: Catalog) -> Declarations:
    """Return what the last build declared, each model by the definition it was last built by.

    Raise UnreadableCatalog when an earlier version published it.
    """
    missing = [name for name in (*TABLES, DEFINITIONS) if not catalog.has(name)]
    if missing:
        raise UnreadableCatalog(
            f"{catalog.path} has no {', '.join(missing)}: an earlier version published it."
            " Run `dbt build`."
        )
    tables = {name: catalog.rows(f"from {name}") for name in TABLES}
    recorded = catalog.rows(f"select unique_id, definition_sql from {DEFINITIONS}")
    sql = {row["unique_id"]: row["definition_sql"] for row in recorded}
    with reading(catalog.path):
        return declarations_of(tables, sql)
