"""All that is known of the features that are deployed, read once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from provender.keys import view_label
from provender_ops.catalog import Catalog, Row
from provender_ops.definitions.declarations import Declarations
from provender_ops.definitions.lineage import Lineage
from provender_ops.definitions.load import of_published
from provender_ops.options import default_namespace
from provender_ops.project import Project
from provender_ops.standing import Standing, Trouble, failing_pushes, gather, standings
from provender_ops.watched import read_watched

Rows = Mapping[str, Sequence[Row]]  # by view label


@dataclass(frozen=True)
class Known:
    """The registry, the logs and the monitors, at `now` (naive UTC).

    Rows of monitors are empty where they never ran; `monitors_ran_at` is None then.
    """

    declarations: Declarations
    lineage: Lineage
    namespace: str
    now: datetime
    standings: Mapping[str, Standing]
    troubles: Sequence[Trouble]
    monitors_ran_at: datetime | None
    definitions: Rows
    runs: Rows
    pushes: Rows
    tests: Rows
    null_ratios: Rows
    late_data: Rows
    use: Rows
    training_sets: Sequence[Row]


def read_known(project: Project, now: datetime) -> Known:
    """Return everything; raise NoBuild or UnreadableCatalog."""
    with Catalog.open(project.catalog) as catalog:
        space = default_namespace(*catalog.store())
        facts = gather(catalog, project.landing, space, now)
        watched = read_watched(catalog, now)
        views = standings(facts)
        declarations = of_published(catalog)
        return Known(
            declarations=declarations,
            lineage=Lineage(declarations),
            namespace=space,
            now=now,
            standings={view.label: view for view in views},
            troubles=[
                *(view.trouble for view in views if view.trouble),
                *failing_pushes(facts),
                *watched.still_open(facts),
            ],
            monitors_ran_at=watched.ran_at,
            definitions=_by_view(catalog, "definitions", "recorded_at, fingerprint"),
            runs=_by_view(catalog, "runs", "as_of"),
            pushes=_by_view(catalog, "push_health", "view"),
            tests=_by_view(catalog, "feature_tests", "column_name nulls first, test"),
            null_ratios=_by_view(catalog, "null_ratios", "feature"),
            late_data=_by_view(catalog, "late_data", "as_of, feature"),
            use=_by_view(catalog, "feature_use", "view"),
            training_sets=_training_sets(catalog),
        )


def read_declarations(project: Project) -> Declarations:
    """Return what is deployed; raise NoBuild or UnreadableCatalog."""
    with Catalog.open(project.catalog) as catalog:
        return of_published(catalog)


def _by_view(catalog: Catalog, table: str, order: str) -> Rows:
    """Return the rows of a table that speak of a view; none where it was never published."""
    found: dict[str, list[Row]] = defaultdict(list)
    if catalog.has(table):
        for row in catalog.rows(f"from {table} where view is not null order by {order}"):
            found[view_label(row["view"], row["version"])].append(row)
    return found


def _training_sets(catalog: Catalog) -> list[Row]:
    """Return the last build of each training set."""
    if not catalog.has("training_sets"):
        return []
    return catalog.rows(
        "from training_sets qualify row_number() over (partition by training_set"
        " order by built_at desc, invocation_id) = 1 order by training_set"
    )
