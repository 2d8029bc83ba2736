"""`provender features`: what it says is what was declared, logged and found."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner
from watched_shop import Watched

from provender_ops import cli

pytestmark = pytest.mark.xdist_group("watched")
Run = Callable[..., str]
ORDERS = ("customer_id", "loaded_at", "occurred_at")


@pytest.fixture
def run(watched: Watched) -> Run:
    """Run `provender features …` on the shop; return what it prints, or says when it fails."""

    def invoke(*arguments: str, code: int = 0) -> str:
        given = ["features", *arguments, "--project-dir", str(watched.project.folder)]
        done = CliRunner().invoke(cli.app, given, prog_name="provender")
        assert done.exit_code == code, done.output
        return done.stdout if code == 0 else done.stderr

    return invoke


def card(run: Run, name: str) -> dict[str, dict[str, list[str]]]:
    """The answers of the only card of a name, by question."""
    (shown,) = json.loads(run("show", name, "--json", "--now", "2026-03-02T12:30:00Z"))
    return {part["question"]: part["answers"] for part in shown["questions"]}


def test_features_are_listed_and_narrowed_down(run: Run) -> None:
    every = json.loads(run("list", "--json"))
    names = [(one["view"], one["feature"]) for one in every]
    assert names == [
        ("ranks@1", "rank_of_orders"),
        ("spend@1", "flag"),
        ("spend@1", "orders_7d"),
        ("spend@1", "spend_7d"),
        ("visits@1", "orders_ever"),
    ]
    assert every[3] | {"description": ""} == {
        "feature": "spend_7d",
        "view": "spend@1",
        "type": "decimal(18,2)",
        "entity": "customer",
        "owner": "shop",
        "tags": ["minutes"],
        "services": [],
        "description": "",
        "sources": [],
    }
    for option, value in (("view", "spend"), ("view", "spend@1")):
        assert len(json.loads(run("list", f"--{option}", value, "--json"))) == 3
    assert len(json.loads(run("list", "--tag", "minutes", "--view", "spend", "--json"))) == 3
    for option, value in (("entity", "customer"), ("owner", "shop")):
        assert len(json.loads(run("list", f"--{option}", value, "--json"))) == 5
    assert "spend_7d" in run("list")


def test_an_unknown_filter_or_name_tells_the_nearest(run: Run) -> None:
    assert "Did you mean 'spend'?" in run("list", "--view", "spent", code=2)
    assert "There is no service 'risk'. Known: none." in run("list", "--service", "risk", code=2)
    assert "Did you mean 'spend_7d'?" in run("show", "spend_7", code=2)


def test_search_finds_by_name_and_by_source_column(run: Run) -> None:
    def found(text: str) -> list[str]:
        return [one["feature"] for one in json.loads(run("search", text, "--json"))]

    assert found("SPEND_7D") == ["spend_7d"]
    assert found("orders.amount") == ["spend_7d"]
    assert found("orders.occurred_at 7d") == ["orders_7d", "spend_7d"]
    assert found("nothing of the kind") == []


def test_the_card_answers_the_five_questions(run: Run) -> None:
    parts = card(run, "spend_7d")
    assert list(parts) == [
        "Computation and ownership",
        "Point in time and leakage",
        "Freshness and the offline/online split",
        "Versioning and hand-over",
        "Monitoring",
    ]
    computed, past, fresh, versions, watched = parts.values()
    assert computed["Type"] == ["decimal(18,2)"]
    assert computed["Value computed of"] == ["shop.orders.amount"]
    assert computed["Rows chosen by"] == [", ".join(f"shop.orders.{name}" for name in ORDERS)]
    assert computed["Owner"] == ["shop (dbt group); access protected"]
    assert computed["Sources"] == ["shop.orders: shop"]
    assert past["A source row is known"] == ["shop.orders: 60 s after its load stamp"]
    assert past["Looks back"] == ["7 days"]
    assert past["The past"][0].startswith("history of 2 runs since 2026-03-02 08:00:00 UTC")
    assert past["The past"][1] == "backfill: recompute, readable 3 min after its as_of"
    assert fresh["Fresh up to (SLA)"] == ["30 min"]
    assert fresh["When absent"] == ["0, also for a computed null"]
    assert fresh["At 2026-03-02 12:30:00 UTC"] == ["expired, 2.5 h old"]
    assert fresh["Online"] == ["not in provender.dev, as far as pushes have landed"]
    assert versions["Version"] == ["1, the only one"]
    assert versions["Definition changed"] == ["once, at 2026-03-02 10:00:00 UTC"]
    assert watched["Open alerts"][0].startswith("freshness: Its last run is of 2026-03-02 10:00")


def test_a_card_names_the_training_sets_that_hold_the_feature(run: Run, watched: Watched) -> None:
    said = card(run, "spend_7d")["Point in time and leakage"]["Training sets"]
    rows = watched.project.query(
        "select training_set, row_count from main_provender.training_log order by all"
    )
    holds = {name: count for name, count in rows if name != "recomputed"}
    assert [line.split(",")[0] for line in said] == [f"{n}: {c} rows" for n, c in holds.items()]
    said = card(run, "visits@1.orders_ever")["Point in time and leakage"]["Training sets"]
    assert [line.split(":")[0] for line in said] == ["joined", "plain", "recomputed"]


def test_a_view_is_shown_whole_as_text_and_markdown(run: Run) -> None:
    text = run("show", "spend", "--now", "2026-03-02T12:30:00Z")
    assert text.startswith("spend@1\n")
    for part in ("flag integer", "spend_7d: shop.orders.amount", "expired, 2.5 h old"):
        assert part in text
    page = run("show", "spend", "--markdown")
    assert page.startswith("## spend@1\n")
    assert "| Owner | shop (dbt group); access protected |" in page
    assert "from __provender_spine__ as spine" in page


def test_lineage_lands_for_the_model(run: Run, watched: Watched) -> None:
    """The very SQL that dbt compiled, before and after: what is said is of the last definition."""
    rows = json.loads(run("lineage", "--json"))
    of_spend = {(row["role"], row["source_column"]) for row in rows if row["feature"] == "spend_7d"}
    assert of_spend == {
        ("value", "amount"),
        *(("condition", name) for name in ORDERS),
        ("upstream", "order_id"),
    }
    model = lineage_model(watched)
    before = model()
    assert {row["not_told"] is None for row in before} == {False}
    run("lineage", "--land")
    after = model()
    assert {(r["feature"], r["role"], r["source_column"]) for r in after} == {
        (r["feature"], r["role"], r["source_column"]) for r in rows
    }
    assert {row["not_told"] for row in after} == {None}
    watched.project.execute(
        "update main_provender.definition_log set fingerprint = 'changed' || fingerprint"
    )
    try:
        assert {row["not_told"] is None for row in model()} == {False}
    finally:
        watched.project.execute(
            "update main_provender.definition_log set fingerprint = fingerprint[8:]"
        )


def lineage_model(watched: Watched) -> Callable[[], list[dict[str, Any]]]:
    """Ask the model feature_lineage, with what has landed as dbt would expose it."""
    folder = watched.project.folder
    sql = (folder / "target/compiled/provender/models/registry/feature_lineage.sql").read_text()
    landed = folder / "landing/dev/feature_lineage"

    def asked() -> list[dict[str, Any]]:
        with duckdb.connect(str(watched.project.database), read_only=True) as store:
            exposed = '"store"."main_provender"."feature_lineage"'
            if any(landed.glob("*.parquet")):
                text = sql.replace(exposed, f"read_parquet('{landed}/*.parquet')")
            else:
                text = sql
            cursor = store.execute(text)
            names = [column[0] for column in cursor.description or []]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    return asked


def test_docs_get_the_cards_and_dbts_own_stay(run: Run, watched: Watched, tmp_path: Path) -> None:
    target = watched.project.folder / "target"
    assert "Run `dbt docs generate` first" in run("docs", "--to", str(tmp_path / "x"), code=2)
    done = watched.project.dbt("docs", "generate", "--no-compile")
    assert done.code == 0, done.output
    before = (target / "manifest.json").read_bytes()
    run("docs", "--to", str(tmp_path / "site"))
    assert (target / "manifest.json").read_bytes() == before
    nodes = json.loads((tmp_path / "site/manifest.json").read_text())["nodes"]
    assert "## spend@1" in nodes["model.provender.spend"]["description"]
    assert "| Owner | shop (dbt group)" in nodes["model.provender.spend"]["description"]
    assert nodes["model.provender.customer"]["description"] == ""
    assert (tmp_path / "site/index.html").is_file()
    assert "is dbt's own folder" in run("docs", "--to", str(target), code=2)
