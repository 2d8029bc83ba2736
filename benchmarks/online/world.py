"""What is online in the benchmark: three views of ten features each, and a service over them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.data import KEY, SCORES

PROJECT, TARGET = "bench", "dev"
NAMESPACE = f"{PROJECT}.{TARGET}"
VIEWS = ("customer_activity", "customer_spend", "customer_credit")
SERVICE = "credit_risk"
TYPES = {
    "credit_score": "integer",
    "open_loans": "integer",
    "late_payments": "bigint",
    "balance": "decimal(18,2)",
    "credit_limit": "decimal(18,2)",
    "utilisation": "double",
    "mean_payment": "double",
    "segment": "varchar",
    "is_salaried": "boolean",
    "last_login_at": "timestamp",
}
POLICIES = {
    "ttl_seconds": 30 * 86_400,
    "freshness_sla_seconds": 86_400,
    "otherwise": "default",
    "classification": "internal",
    "lag_seconds": 120,
    "backfill": "recompute",
}


@dataclass(frozen=True)
class View:
    """One view version; its number makes its values others than those of its neighbours."""

    name: str
    number: int

    @property
    def history(self) -> str:
        """The name of its history."""
        return f"{self.name}_history"

    @property
    def columns(self) -> str:
        """The columns of its history, in order."""
        return ", ".join([KEY, "as_of", *SCORES, "updated_at", "valid_from", "valid_to", "scd_id"])

    def definition(self) -> Mapping[str, Any]:
        """Return its row in `definitions`."""
        return {
            "fingerprint": self.name,
            "definition_sql": "select 1",
            "view": self.name,
            "version": 1,
            "entity": "customer",
            "keys": json.dumps([{"name": KEY, "type": "bigint"}]),
            "features": json.dumps([{"name": name, "type": TYPES[name]} for name in SCORES]),
            "policies": json.dumps(POLICIES),
            "owner": "bench",
        }


def views() -> list[View]:
    """Return the views."""
    return [View(name, number) for number, name in enumerate(VIEWS)]


def service() -> Mapping[str, Any]:
    """Return the row of `feature_services`: a model that reads all features of all views."""
    features = [
        {"name": f"{view}_{name}", "view": view, "version": 1, "feature": name}
        for view in VIEWS
        for name in SCORES
    ]
    return {
        "service": SERVICE,
        "owner": "bench",
        "latency_budget_ms": None,
        "views": json.dumps([{"view": view, "version": 1} for view in VIEWS]),
        "features": json.dumps(features),
        "keys": json.dumps([{"name": KEY, "type": "bigint"}]),
        "rollouts": "[]",
    }
