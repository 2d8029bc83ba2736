"""What each view promises: declared policies and features, and the definition of now."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from provender.keys import view_label
from provender_ops.catalog import Catalog, Row, Run


@dataclass(frozen=True, slots=True)
class Contract:
    """One view version; `policies` are {name: (value, where it was declared)}.

    `features` are rows of the registry with `null_ratio` of the last run, None where not known.
    """

    label: str
    description: str
    owner: str | None
    entity: str
    keys: Sequence[str]
    row: Row
    declared_in: dict[str, str]
    features: Sequence[Row]
    other_versions: Sequence[str]
    services: Sequence[str]
    run: Run | None
    definition_sql: str | None


def read_contracts(catalog: Catalog) -> list[Contract]:
    """Return one for each declared view version."""
    declared = catalog.rows("from feature_views order by view, version")
    runs = catalog.last_runs()
    features = _features(catalog)
    services = catalog.services()
    sql = {
        row["fingerprint"]: row["definition_sql"]
        for row in catalog.rows("select fingerprint, definition_sql from definitions")
    }
    contracts = []
    for row in declared:
        ref = (row["view"], row["version"])
        run = runs.get(ref)
        contracts.append(
            Contract(
                label=view_label(*ref),
                description=row.get("description") or "",
                owner=row["owner"],
                entity=row["entity"],
                keys=[f"{key['name']} {key['type']}" for key in json.loads(row["keys"])],
                row=row,
                declared_in=json.loads(row["declared_in"] or "{}"),
                features=features.get(ref, []),
                other_versions=[
                    view_label(other["view"], other["version"])
                    for other in declared
                    if other["view"] == row["view"] and other["version"] != row["version"]
                ],
                services=[
                    service.service
                    for service in services
                    if any((read.view, read.version) == ref for read in service.views)
                ],
                run=run,
                definition_sql=sql.get(run.fingerprint) if run else None,
            )
        )
    return contracts


def _features(catalog: Catalog) -> dict[tuple[str, int], list[Row]]:
    if not catalog.has("features"):
        return {}
    ratios: dict[tuple[Any, ...], float] = {}
    if catalog.has("null_ratios"):
        ratios = {
            (row["view"], row["version"], row["feature"]): row["null_ratio"]
            for row in catalog.rows("select view, version, feature, null_ratio from null_ratios")
        }
    found: dict[tuple[str, int], list[Row]] = {}
    for row in catalog.rows("from features order by view, version, position"):
        ref = (row["view"], row["version"])
        row["null_ratio"] = ratios.get((*ref, row["feature"]))
        found.setdefault(ref, []).append(row)
    return found
