"""What cannot be read as a state of definitions is told in a sentence, with what to do."""

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from support import REPO

from provender.errors import ProvenderError
from provender_ops.catalog import Catalog
from provender_ops.definitions.checkout import write_profiles
from provender_ops.definitions.declarations import Column, Declarations
from provender_ops.definitions.lineage import Lineage, Origin
from provender_ops.definitions.load import of_checkout, of_manifest, of_published
from provender_ops.definitions.registry_tables import TABLES

TEMPLATE = REPO / "tests/python/kernel/project"


def manifest_of(**compiled: str | None) -> dict[str, Any]:
    nodes = {
        f"model.provender.{name}": {"resource_type": "model", "compiled_code": sql}
        for name, sql in compiled.items()
    }
    return {"nodes": nodes, "sources": {}}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, "does not exist. `dbt compile` writes it"),
        ("{", "is not a manifest of dbt"),
        ("[]", "is not a manifest of dbt"),
        ('{"nodes": {}}', "is not a manifest of dbt"),
        (json.dumps(manifest_of()), "has no model feature_views"),
        (json.dumps(manifest_of(feature_views=None)), "holds no compiled SQL of feature_views"),
        (json.dumps(manifest_of(feature_views="select from")), "feature_views, as .* cannot be"),
    ],
)
def test_a_manifest_that_cannot_be_read(text: str | None, complaint: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "manifest.json").write_text(text)
    for path in (tmp_path, tmp_path / "manifest.json"):
        with pytest.raises(ProvenderError, match=complaint):
            of_manifest(path)


def test_a_catalog_of_an_earlier_version(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "catalog.duckdb")) as made:
        for name in TABLES[:3]:
            made.execute(f"create view {name} as select 1 as one")
    with (
        Catalog.open(tmp_path / "catalog.duckdb") as catalog,
        pytest.raises(ProvenderError, match=r"has no feature_entities, .*Run `dbt build`"),
    ):
        of_published(catalog)


def test_a_checkout_that_does_not_compile(tmp_path: Path) -> None:
    root = tmp_path / "project"
    shutil.copytree(TEMPLATE, root)
    with pytest.raises(ProvenderError, match=r"does not compile: .*'provender' is undefined"):
        of_checkout(root)  # it has no macros of ours
    assert not (root / "logs").exists()


def test_a_folder_that_is_no_project(tmp_path: Path) -> None:
    with pytest.raises(ProvenderError, match="is not a dbt project"):
        of_checkout(tmp_path)


def test_profiles_of_duckdb_are_taken_to_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a profile says of data is left out, what macros may ask of the target stays."""
    monkeypatch.delenv("DBT_PROFILES_DIR", raising=False)
    duck = {
        "type": "duckdb",
        "path": "{{ env_var('STORE') }}",
        "schema": "prod",
        "threads": 2,
        "attach": [{"path": "other.duckdb"}],
        "extensions": ["httpfs"],
        "secrets": [{"type": "s3"}],
    }
    other = {"type": "postgres", "host": "db", "schema": "prod"}
    written = {"lender": {"target": "dev", "outputs": {"dev": duck, "prod": other}}}
    (tmp_path / "profiles.yml").write_text(yaml.safe_dump(written))
    (tmp_path / "made").mkdir()
    assert write_profiles(tmp_path, tmp_path / "made") == tmp_path / "made"
    outputs = yaml.safe_load((tmp_path / "made/profiles.yml").read_text())["lender"]["outputs"]
    assert outputs["dev"] == {"type": "duckdb", "path": ":memory:", "schema": "prod", "threads": 2}
    assert outputs["prod"] == other


@pytest.mark.parametrize("text", ["x: [", "[1]", "lender: {outputs: [1]}"])
def test_profiles_that_cannot_be_read(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DBT_PROFILES_DIR", raising=False)
    (tmp_path / "profiles.yml").write_text(text)
    with pytest.raises(ProvenderError, match="cannot be read"):
        write_profiles(tmp_path, tmp_path)


def test_an_ephemeral_model_is_in_the_sql_that_reads_it(lender: Declarations) -> None:
    """It is no model of its own, and what it reads is read by its reader."""
    assert "model.provender.base_lender__sessions" not in lender.models
    reader = lender.models["model.provender.stg_lender__sessions"]
    assert "source.provender.lender.sessions" in reader.parents
    assert '"source.provender.lender.sessions"' in (reader.sql or "")
    assert "model.provender.base_lender__sessions" not in (reader.sql or "")
    origins = Lineage(lender).value_origins(reader.unique_id, "device_id")
    assert origins == {Origin("source.provender.lender.sessions", "device_id")}


def test_all_that_a_view_declares_is_there(lender: Declarations) -> None:
    view = lender.views["customer_spend@2"]
    assert (view.owner, view.access, view.tags) == ("risk", "public", ("minutes",))
    assert view.policies["ttl_seconds"] == 3600
    assert view.policies["otherwise"] == view.meta["otherwise"] == "default"  # of the folder
    assert view.keys == (Column("customer_id", "integer"),)
    largest = view.features[1]
    assert (largest.name, largest.type, largest.default) == (
        "largest_payment_30d",
        "decimal(18,2)",
        0,
    )
    assert (largest.null_is, largest.max_null_ratio) == ("default", 0.5)
    assert lender.readers["customer_spend@2"] == ("credit_risk",)
    risk = lender.services["credit_risk"]
    assert risk.training_sets == {"rules-1": "model.provender.credit_risk_training"}
    assert risk.meta["latency_budget"] == "20ms"
    payments = lender.sources["source.provender.lender.card_payments"]
    assert (payments.settle_seconds, payments.owner) == (120, "cards@lender.example")
    assert payments.freshness == {"warn_after": {"count": 1, "period": "day"}}
    assert lender.entities["device"].keys == (Column("device_id", "varchar"),)
