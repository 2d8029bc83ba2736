"""An audit sets what was served beside what history says, and tells them apart."""

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from published_catalog import PublishedProject, View, minute
from pushing import Pusher, publish_decisions

from provender import DecisionLog
from provender_ops.audit import Audit, audit
from provender_ops.catalog import Catalog


@pytest.fixture
def typed(project: PublishedProject) -> View:
    """A view of every kind of type, with a compound key."""
    return project.view(
        "typed",
        keys={"customer_id": "bigint", "device": "varchar"},
        features={
            "count": "integer",
            "ratio": "double",
            "small": "float",
            "amount": "decimal(18,2)",
            "name": "varchar",
            "flag": "boolean",
            "at": "timestamp",
            "nothing": "integer",
            "recency": "integer",
        },
        defaults={"recency": 30, "count": 5},
        null_is={"recency": "default"},
    )


VALUES = (1, 0.1, 0.25, Decimal("12.30"), 'Zoë "x"', True, datetime(2026, 1, 2), None, None)


def decide(pusher: Pusher, at: datetime, decision_id: str, **keys: Any) -> None:
    log = DecisionLog(pusher.client, namespace=pusher.namespace)
    features = pusher.reader(at).get("credit_risk", **keys)
    log.record(
        features, model_version="m1", decision={"outcome": "declined"}, decision_id=decision_id
    )


def audited(project: PublishedProject, decision_id: str) -> Audit:
    with Catalog.open(project.catalog) as catalog:
        return audit(catalog, decision_id)


def test_what_was_served_is_borne_out_by_history_for_every_type_and_status(
    project: PublishedProject, typed: View, pusher: Pusher
) -> None:
    project.service("credit_risk", typed)
    project.build(typed, minute(1), {(1, "d,1"): VALUES})
    pusher.push()
    project.build(typed, minute(2), {(1, "d,1"): VALUES})
    pusher.push()
    decide(pusher, minute(3), "known", customer_id=1, device="d,1")
    decide(pusher, minute(3), "unknown", customer_id=2, device="")
    decide(pusher, minute(300), "expired", customer_id=1, device="d,1")
    project.build(typed, minute(4), {(1, "d,1"): (2, *VALUES[1:])})  # what came later is no matter
    publish_decisions(pusher)

    known = audited(project, "known")
    assert known.decision["service"] == "credit_risk"
    assert json.loads(known.decision["decision"]) == {"outcome": "declined"}
    by_name = {row["name"]: row for row in known.features}
    assert list(by_name) == sorted(typed.features)
    assert [row["name"] for row in known.features if row["agrees"] is not True] == []
    count, recency = by_name["count"], by_name["recency"]
    assert (count["served"], count["in_history"], count["status"]) == ("1", "1", "ok")
    assert (count["view"], count["owner"], count["git_commit"]) == ("typed@1", "risk", "abc123")
    assert (count["as_of"], count["age_seconds"]) == (minute(2), 60.0)
    assert (recency["served"], recency["in_history"], recency["is_default"]) == ("30", None, True)

    unknown = audited(project, "unknown").features
    assert {(row["status"], row["agrees"]) for row in unknown} == {("missing", True)}
    expired = audited(project, "expired").features
    assert {(row["status"], row["agrees"]) for row in expired} == {("expired", None)}


def test_a_value_that_was_tampered_with_is_told(
    project: PublishedProject, activity: View, pusher: Pusher
) -> None:
    project.service("credit_risk", activity)
    project.build(activity, minute(1), {1: (1, "a"), 2: (7, "a")})
    pusher.push()
    rows = [pusher.keys.row("customer_activity", 1, 1, key) for key in ("1", "2")]
    pusher.client.set(rows[0], pusher.client.get(rows[1]))  # type: ignore[arg-type]
    decide(pusher, minute(2), "tampered", customer_id=1)
    pusher.client.delete(rows[0])
    decide(pusher, minute(2), "lost", customer_id=1)
    publish_decisions(pusher)

    assert audited(project, "tampered").disagreeing == ["payments"]
    assert audited(project, "lost").disagreeing == ["city", "payments"]


def test_the_sql_it_prints_is_the_sql_it_runs(
    project: PublishedProject, activity: View, pusher: Pusher
) -> None:
    project.service("credit_risk", activity)
    project.build(activity, minute(1), {1: (1, "a'b")})
    pusher.push()
    decide(pusher, minute(2), "it's", customer_id=1)
    publish_decisions(pusher)
    found = audited(project, "it's")

    with duckdb.connect(str(project.catalog), read_only=True) as analyst:
        rows = analyst.execute(found.sql).fetchall()
    assert [row[0] for row in rows] == ["city", "payments"]
    assert [tuple(row.values()) for row in found.features] == rows


def test_a_view_that_history_does_not_know_leaves_nothing_to_compare(
    project: PublishedProject, activity: View, pusher: Pusher, tmp_path: Path
) -> None:
    project.service("credit_risk", activity)
    project.build(activity, minute(1), {1: (1, "a")})
    pusher.push()
    decide(pusher, minute(2), "d1", customer_id=1)
    publish_decisions(pusher)
    other = PublishedProject(tmp_path / "other")
    view = other.view("another", keys={"id": "bigint"}, features={"x": "integer"})
    other.build(view, minute(1), {1: (1,)})
    for name in ("decisions", "decision_features"):
        other.table(name, f"from '{project.published}/{name}/latest.parquet'")

    rows = audited(other, "d1").features
    assert [(row["name"], row["agrees"], row["owner"]) for row in rows] == [
        ("city", None, None),
        ("payments", None, None),
    ]
