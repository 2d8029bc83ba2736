"""An audit sets what was served beside history and events, and says why where it cannot."""

import json
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from audited_shop import MONITORS, TYPES, Shop, at, spend_of
from landed_log import LoggedDecision, ServedView, json_of, land
from typer.testing import CliRunner, Result

from provender.json_text import json_text
from provender.log_key import LogKey, ValueHash
from provender_ops.audit import Audit, audit
from provender_ops.catalog import Catalog
from provender_ops.cli import app

pytestmark = pytest.mark.xdist_group("audited")
VALUES = {
    **{"count": 3, "big": 2**63 - 1, "ratio": 0.1, "huge": 1e22, "nan": "NaN"},
    **{"small": 0.10000000149011612, "amount": Decimal("12.30"), "name": 'Zoë "x" it\'s'},
    **{"flag": True, "born": date(1, 1, 1), "seen": datetime(2026, 1, 2, 3, 4, 5, 6)},
    **{"nothing": None, "recency": 30},
}
TYPED = ServedView(
    "typed", at(10), {name: (TYPES[name], VALUES[name]) for name in TYPES}, defaults=["recency"]
)
SPEND = ServedView("spend", at(10), spend_of(2, Decimal("14.75")))
WRONG = ServedView("spend", at(10), spend_of(2, Decimal("1475.00")))
MISSING = replace(SPEND, status="missing")
OUTCOMES = """
select 'typed' as decision_id, 'repaid' as outcome, timestamp '2026-03-02 12:00' as known_from
"""
AUDITED = "select * from {{ provender.decision_audit(\"'typed'\") }} as audited"


HASH = ValueHash(LogKey("the key of these tests"))


def hashed(view: ServedView) -> ServedView:
    """The same as it is logged of a personal view."""
    features = {
        name: (kind, None if value is None else HASH(json_text(json.loads(json_of(value) or ""))))
        for name, (kind, value) in view.features.items()
    }
    return replace(view, features=features, hashed=True)


def decision(name: str, *views: ServedView, customer: str = "c1") -> LoggedDecision:
    return LoggedDecision(name, at(10, 30), {"customer_id": customer}, views)


DECISIONS = [
    decision("typed", TYPED, SPEND),
    decision("wrong", WRONG),
    decision("lost", MISSING),
    decision("unknown", MISSING, customer="c0"),
    decision("expired", replace(SPEND, status="expired")),
    decision("it's", SPEND),
    decision("hashed", hashed(TYPED), hashed(SPEND)),
    decision("hashed wrong", hashed(WRONG)),
]


def of_the_day(shop: Shop, one: LoggedDecision) -> LoggedDecision:
    """Name the definitions that the values were computed by."""
    known = dict(shop.project.query("select view, max(fingerprint) from runs group by view"))
    views = [replace(view, fingerprint=known[view.view]) for view in one.views]
    return replace(one, views=views)


@pytest.fixture(scope="module")
def shop(built_shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The decisions of 10:30 are compared, those of 12:30 are not yet."""
    shop = built_shop.copy(tmp_path_factory.mktemp("audit") / "project")
    (shop.project.folder / "models/outcomes.sql").write_text(OUTCOMES)
    (shop.project.folder / "models/audited.sql").write_text(AUDITED)
    shop.build("path:models/registry", as_of=at(11))
    known = {"outcomes": {"offers": "outcomes"}}
    land(shop.project.folder, "morning", [of_the_day(shop, one) for one in DECISIONS])
    models = ("path:models/decisions", *MONITORS)
    shop.build(*models, "outcomes", "audited", as_of=at(12), provender=known)
    later = replace(decision("later", SPEND), decided_at=at(12, 30))
    land(shop.project.folder, "noon", [later])
    shop.build("decisions", as_of=at(13), provender=known)
    return shop


def audited(shop: Shop, decision_id: str, key: ValueHash = HASH) -> Audit:
    with Catalog.open(shop.project.catalog) as catalog:
        return audit(catalog, decision_id, lambda: key)


def test_every_type_is_borne_out_by_history_and_by_events(shop: Shop) -> None:
    found = audited(shop, "typed")
    assert found.disagreeing == found.recomputing_otherwise == found.not_recomputed == []
    assert {row["name"]: row["agrees"] for row in found.features} == dict.fromkeys(
        [*TYPES, *SPEND.features], True
    )
    by_name = {row["name"]: row for row in found.features}
    for name in set(TYPES) - {"nothing", "recency"}:
        row = by_name[name]
        assert json.loads(row["served"]) == json.loads(row["in_history"]), name
        assert row["recomputed"] == row["in_history"], name
    assert json.loads(by_name["big"]["in_history"]) == 2**63 - 1
    assert by_name["amount"]["in_history"] == '"12.30"'


def test_the_decision_is_told_with_its_outcome_and_where_its_values_come_from(shop: Shop) -> None:
    found = audited(shop, "typed")
    told = found.decision
    assert (told["service"], told["model_version"], told["decided_at"]) == (
        "offers",
        "m1",
        at(10, 30),
    )
    assert json.loads(told["outcome"])["outcome"] == "repaid"
    row = next(row for row in found.features if row["name"] == "spend_7d")
    assert (row["as_of"], row["age_seconds"], row["owner"]) == (at(10), 1800.0, "shop")
    assert json.loads(row["policy"])["ttl_seconds"] == 3600
    assert row["git_commit"] == "unknown"


def test_a_wrong_value_a_lost_row_and_what_history_cannot_say(shop: Shop) -> None:
    wrong = audited(shop, "wrong")
    assert wrong.disagreeing == ["spend_7d"]
    row = next(row for row in wrong.features if row["name"] == "spend_7d")
    assert (row["served"], row["in_history"], row["recomputed"]) == (
        '"1475.00"',
        '"14.75"',
        '"14.75"',
    )
    assert audited(shop, "lost").disagreeing == ["orders_7d", "spend_7d"]
    assert {row["agrees"] for row in audited(shop, "unknown").features} == {True}
    assert {row["agrees"] for row in audited(shop, "expired").features} == {None}


def test_what_was_logged_as_hashes_is_compared_with_the_key(shop: Shop) -> None:
    assert "14.75" not in str([row["served"] for row in audited(shop, "hashed").features])
    found = audited(shop, "hashed")
    assert {row["agrees"] for row in found.features} == {True}
    assert found.recomputing_otherwise == found.not_recomputed == []
    assert audited(shop, "hashed wrong").disagreeing == ["spend_7d"]
    assert found.note == ""


def test_hashes_of_another_key_tell_neither_way(shop: Shop) -> None:
    other = ValueHash(LogKey("a key that is not that one"))
    assert other.name != HASH.name
    for decision_id in ("hashed", "hashed wrong"):
        found = audited(shop, decision_id, other)
        assert found.disagreeing == []
        told = {row["agrees"] for row in found.features if json.loads(row["in_history"] or "null")}
        assert told == {None}
        assert f"another key ({HASH.name}) than the one here ({other.name})" in found.note


def test_before_the_monitor_ran_it_says_so(shop: Shop) -> None:
    found = audited(shop, "later")
    assert found.disagreeing == []
    assert {row["recomputed"] for row in found.features} == {None}
    (reason,) = found.not_recomputed
    assert reason.startswith("not computed again yet")


def test_dbt_and_the_published_catalog_give_the_same(shop: Shop) -> None:
    built = shop.project.query("select * from audited order by view, version, name")
    assert built == shop.project.published("select * from decision_audit('typed')")


@pytest.fixture
def run(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Any:
    def invoke(*arguments: str) -> Result:
        folder = str(shop.project.folder)
        return CliRunner().invoke(app, [*arguments, "--project-dir", folder])

    return invoke


def test_audit_prints_tables_json_and_sql(shop: Shop, run: Any) -> None:
    table = run("audit", "typed")
    assert table.exit_code == 0, table.output
    for part in ("repaid", "spend_7d", "yes", "spend@1", "ttl 3600s, sla 1800s, default"):
        assert part in table.stdout
    found = json.loads(run("audit", "it's", "--json").stdout)
    assert found["decision"]["decision"] == {"outcome": "yes"}
    served = {f["name"]: (f["served"], f["recomputed"]) for f in found["features"]}
    assert served == {"orders_7d": (2, 2), "spend_7d": ("14.75", "14.75")}
    with duckdb.connect(str(shop.project.catalog), read_only=True) as analyst:
        assert len(analyst.execute(run("audit", "it's", "--sql").stdout).fetchall()) == 2
    told = run("audit", "wrong")
    assert "History does not bear out: spend_7d." in told.stderr


def test_wrong_decisions_are_listed_with_what_they_should_have_been(run: Any) -> None:
    found = json.loads(run("wrong-decisions", "spend@1", "--json").stdout)
    assert [(one["decision_id"], one["feature"], one["should_have_been"]) for one in found] == [
        ("lost", None, "the row of history"),
        ("wrong", "spend_7d", '"14.75"'),
    ]
    told = run("wrong-decisions", "spend", "--to", "2026-03-02T10:30:00Z")
    assert (told.stdout, told.stderr) == ("", "0 decisions were given a wrong value of spend.\n")
    assert "spend_7d" in run("wrong-decisions", "spend", "--from", "2026-03-02T10:30:00Z").stdout
