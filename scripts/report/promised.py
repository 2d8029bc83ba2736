"""Where features come from, and what each view promises."""

from collections.abc import Mapping
from typing import Any

from provender_ops.report import charts, shown
from provender_ops.report.contracts import Contract
from provender_ops.report.facts import Facts
from provender_ops.report.freshness import state_tone
from provender_ops.report.lineage import Lineage
from provender_ops.report.tables import Cell, Table, cells

MOST_NODES = 80  # of a lineage that is drawn; the table has any number


def lineage_part(lineage: Lineage, is_drawn: bool) -> dict[str, Any]:
    """Return a lineage as the template places it."""
    is_drawn = is_drawn and len(lineage.nodes) <= MOST_NODES
    names = {node.unique_id: node.name for node in lineage.nodes}
    built_on: dict[str, list[str]] = {}
    for above, below in lineage.edges:
        built_on.setdefault(below, []).append(names[above])
    rows = [
        cells(
            node=node.name,
            kind=Cell(node.kind, "quiet"),
            built_on=", ".join(built_on.get(node.unique_id, [])) or shown.NOTHING,
        )
        for node in lineage.nodes
    ]
    columns = {"node": "Name", "kind": "Kind", "built_on": "Built on"}
    counts = {kind: sum(node.kind == kind for node in lineage.nodes) for kind in ("source", "view")}
    about = ", ".join(f"{n} {kind}{'s' if n != 1 else ''}" for kind, n in counts.items())
    return {
        "name": lineage.name,
        "about": about,
        "is_service": any(node.kind == "service" for node in lineage.nodes),
        "svg": charts.draw_lineage(lineage) if is_drawn else None,
        "table": Table("lineage", f"What {lineage.name} is built on.", columns, rows),
    }


POLICIES: Mapping[str, tuple[str, str]] = {
    "freshness_sla": ("freshness_sla_seconds", "Fresh up to (SLA)"),
    "ttl": ("ttl_seconds", "Expires after (ttl)"),
    "otherwise": ("otherwise", "When absent"),
    "classification": ("classification", "Classification"),
    "log_values": ("log_values", "Values in the decision log"),
    "lag": ("lag_seconds", "Readable after (lag)"),
    "backfill": ("backfill", "Backfill"),
    "retention": ("retention_seconds", "History kept"),
}


def contract_part(contract: Contract, facts: Facts) -> dict[str, Any]:
    """Return a contract as the template places it."""
    state = next(
        (view for view in facts.views if view.label == contract.label),
        None,
    )
    run = contract.run
    return {
        "label": contract.label,
        "entity": contract.entity,
        "description": contract.description,
        "state": state.state if state else "",
        "tone": state_tone(state) if state else "",
        "facts": {
            "Owner": shown.text(contract.owner),
            "Entity": f"{contract.entity} ({', '.join(contract.keys)})",
            "Read by": ", ".join(contract.services) or "no service",
            "Other versions": ", ".join(contract.other_versions) or "none",
            "Last run": f"{shown.moment(run.as_of)} UTC" if run else "never built",
            "Rows": shown.whole(run.row_count) if run else shown.NOTHING,
            "Fingerprint": run.fingerprint if run else shown.NOTHING,
            "Commit": shown.text(run.git_commit) if run else shown.NOTHING,
        },
        "policies": [
            {
                "name": label,
                "value": _policy(contract, name, column),
                "declared_in": contract.declared_in.get(name, ""),
            }
            for name, (column, label) in POLICIES.items()
        ],
        "features": _features(contract),
        "sql": contract.definition_sql or "",
    }


def _policy(contract: Contract, name: str, column: str) -> str:
    value = contract.row.get(column)
    if name == "log_values":
        return "as they are" if value else "keyed hashes"
    if name == "retention" and value is None:
        return "for ever"
    if name == "backfill" and contract.row.get("backfill_reason"):
        return f"{value}: {contract.row['backfill_reason']}"
    return shown.duration(value) if column.endswith("_seconds") else shown.text(value)


def _features(contract: Contract) -> Table:
    rows = []
    for row in contract.features:
        ratio, most = row["null_ratio"], row["max_null_ratio"]
        allowed = 0.05 if most is None else most
        is_above = ratio is not None and ratio > allowed
        rows.append(
            cells(
                feature=row["feature"],
                data_type=row["data_type"],
                default_value=shown.text(row["default_value"]),
                null_is="null" if row["null_is"] == "null" else "the default",
                null_ratio=Cell(shown.percent(ratio), "bad" if is_above else ""),
                max_null_ratio=shown.percent(allowed),
                description=Cell(shown.text(row["description"]), "quiet"),
            )
        )
    columns = {
        **{"feature": "Feature", "data_type": "Type", "default_value": "Default"},
        **{"null_is": "A null is", "null_ratio": "Nulls now", "max_null_ratio": "Allowed"},
        "description": "Meaning",
    }
    caption = f"Features of {contract.label}."
    return Table("features", caption, columns, rows, frozenset({"null_ratio", "max_null_ratio"}))
