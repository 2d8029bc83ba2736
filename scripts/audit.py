"""What a decision was made on: each value that was served, beside what history and events say.

The published catalog has it as SQL: `decision_audit` and `wrong_decisions`, which this only reads.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provender.json_text import json_text
from provender.log_key import VARIABLE, ValueHash
from provender_ops.catalog import Catalog, Row, text_literal
from provender_ops.errors import BadInput, UnknownSelection

COLUMNS = (
    "name",
    "served",
    "in_history",
    "agrees",
    "recomputed",
    "status",
    "is_default",
    "view",
)
VIEW_COLUMNS = (
    "view",
    "as_of",
    "age_seconds",
    "policy",
    "owner",
    "fingerprint",
    "git_commit",
)
WRONG_COLUMNS = ("decision_id", "read_at", "service", "feature", "served", "should_have_been")
_OF_THE_DECISION = (
    "decision_id",
    "service",
    "model_version",
    "decided_at",
    "request",
    "decision",
    "outcome",
)
_HAS_VALUE = ("ok", "stale")
FindHash = Callable[[], ValueHash]
_JSON = ("request", "decision", "outcome")


@dataclass(frozen=True, slots=True)
class Audit:
    """One decision, its features beside their other witnesses, and the SQL that says so."""

    decision: Row
    features: list[Row]
    sql: str
    note: str = ""

    @property
    def disagreeing(self) -> list[str]:
        """The features whose served value is not what history says."""
        return [row["name"] for row in self.features if row["agrees"] is False]

    @property
    def recomputing_otherwise(self) -> list[str]:
        """The features of which events now give another value than history has."""
        return [
            row["name"]
            for row in self.features
            if row["not_recomputed"] is None and row["recomputed"] != row["in_history"]
        ]

    @property
    def not_recomputed(self) -> list[str]:
        """Why there is no recomputed value, each reason once."""
        return sorted({row["not_recomputed"] for row in self.features if row["not_recomputed"]})


def audit(catalog: Catalog, decision_id: str, find_hash: FindHash) -> Audit:
    """Return the audit; raise UnknownSelection for a decision that was not landed and built.

    `find_hash` gives what hashes personal values as the log did; it is asked where one was logged.
    """
    sql = f"select * from decision_audit({text_literal(decision_id)})"
    found = catalog.rows(sql) if catalog.has("decisions") else []
    if not found:
        raise UnknownSelection(
            f"No decision {decision_id!r} is in the published catalog. Land and build first:"
            " `provender land-decisions`, then `dbt build --select decisions`."
        )
    decision = {name: found[0][name] for name in _OF_THE_DECISION}
    features = [
        {name: value for name, value in row.items() if name not in _OF_THE_DECISION}
        for row in found
    ]
    if any(row["is_hashed"] for row in features):
        try:
            hash_value = find_hash()
        except BadInput as error:
            return Audit(decision, features, sql, f"Hashed values are not compared. {error}")
        features = [_hash_compared(row, hash_value) for row in features]
        return Audit(decision, features, sql, _of_another_key(features, hash_value))
    return Audit(decision, features, sql)


def _hash_compared(row: Row, hash_value: ValueHash) -> Row:
    """Return a feature with `agrees` where its value was logged as a keyed hash."""
    if not row["is_hashed"] or row["status"] not in _HAS_VALUE or row["agrees"] is not None:
        return row
    in_history = row["in_history"]
    if row["is_default"]:
        return {**row, "agrees": in_history is None}
    if in_history is None or row["served"] is None:
        return {**row, "agrees": in_history == row["served"]}
    if not hash_value.made(json.loads(row["served"])):
        return row
    hashed = hash_value(json_text(json.loads(in_history)))
    return {**row, "agrees": hashed == json.loads(row["served"])}


def _of_another_key(features: list[Row], hash_value: ValueHash) -> str:
    """Return a sentence on values that were logged under another key, empty when there are none."""
    logged = {
        json.loads(row["served"]) for row in features if row["is_hashed"] and row["served"]
    } - {None}
    others = sorted({hashed.partition(":")[0] for hashed in logged if not hash_value.made(hashed)})
    if not others:
        return ""
    return (
        f"Hashed values are not compared where they were logged under another key"
        f" ({', '.join(others)}) than the one here ({hash_value.name})."
        f" Set {VARIABLE} to that one."
    )


def wrong_decisions(
    catalog: Catalog, view: str, version: int, after: datetime | None, before: datetime | None
) -> list[Row]:
    """Return the decisions that were given a wrong value of a view, with what it should have been.

    Read from `after` (inclusive) until `before` (exclusive), naive UTC. Empty when the model
    decision_witnesses found none, and when it was never built.
    """
    if not catalog.has("wrong_decisions"):
        return []
    return catalog.rows(
        "select * from wrong_decisions where view = ? and version = ?"
        " and read_at >= coalesce(?, read_at) and (read_at < ? or ? is null)"
        " order by read_at, decision_id, feature",
        [view, version, after, before, before],
    )


def as_row(feature: Row) -> Row:
    """Return one line of the table of features."""
    return {
        **feature,
        "agrees": {True: "yes", False: "NO", None: None}[feature["agrees"]],
        "is_default": "default" if feature["is_default"] else "",
        "view": f"{feature['view']}@{feature['version']}",
    }


def view_rows(found: Audit) -> list[Row]:
    """Return the lines of the table of views: where their values came from, and by which rules."""
    by_view = {f"{row['view']}@{row['version']}": row for row in found.features}
    return [
        {
            **plain(row),
            "view": view,
            "policy": _short_policy(row["policy"]),
            **{name: (row[name] or "")[:12] or None for name in ("fingerprint", "git_commit")},
        }
        for view, row in by_view.items()
    ]


def as_json(found: Audit) -> Row:
    """Return the whole audit; what is JSON in the catalog is JSON here."""
    return {
        "decision": {**plain(found.decision), **_parsed(found.decision, *_JSON)},
        "features": [
            {**plain(row), **_parsed(row, "served", "in_history", "recomputed", "policy")}
            for row in found.features
        ],
    }


def plain(row: Row) -> Row:
    """Return a row with times as ISO 8601 text."""
    return {
        name: value.isoformat() + "Z" if isinstance(value, datetime) else value
        for name, value in row.items()
    }


def _short_policy(policy: str | None) -> str | None:
    """Return what was declared of absence and age, short: `ttl 3600s, sla 300s, default`."""
    if policy is None:
        return None
    declared: Mapping[str, Any] = json.loads(policy)
    return (
        f"ttl {declared.get('ttl_seconds')}s, sla {declared.get('freshness_sla_seconds')}s,"
        f" {declared.get('otherwise')}"
    )


def _parsed(row: Row, *names: str) -> Row:
    return {name: None if row[name] is None else json.loads(row[name]) for name in names}
