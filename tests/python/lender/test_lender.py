"""The lender's morning as `make demo` plays it, held against the oracle."""

import json
import math
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from oracle.lender import VIEWS, Lender
from oracle.point_in_time import Feature, HistoryRow, Push, Run, View, answer
from recomputed import report_of, unlike_history
from support import REPO

from provender import FeatureReader
from provender.data_types import codec_for
from provender.json_text import json_text
from provender_ops import demo_leak
from provender_ops.catalog import Catalog
from provender_ops.decisions.log_key import value_hash
from provender_ops.definitions.checkout import compiled
from provender_ops.definitions.load import of_manifest, of_published
from provender_ops.embedded_redis import EmbeddedRedis

pytestmark = pytest.mark.xdist_group("lender")
NOON = datetime(2026, 3, 2, 12)
SIX_DAYS_ON = datetime(2026, 3, 8)  # when everything was built once more, and nothing pushed
UNITS = {"m": "minutes", "h": "hours", "d": "days"}
ANALYST = """
import sys, time, duckdb
from pathlib import Path
catalog = Path(sys.argv[1])
while not catalog.exists():
    time.sleep(0.1)
session = duckdb.connect(str(catalog), read_only=True)
print("open", flush=True)
seen = set()
while not Path(sys.argv[2]).exists():
    seen.add(session.execute("select count(*) from runs").fetchone()[0])
    session.execute("select count(*), max(payments_7d) from customer_activity_history").fetchone()
    time.sleep(0.1)
print(len(seen), flush=True)
"""


@dataclass(frozen=True)
class Morning:
    """What the demo left behind."""

    root: Path
    output: str
    states_an_analyst_saw: int

    @cached_property
    def oracle(self) -> Lender:
        return Lender.load(self.root / "seeds", shuffle=7)

    @property
    def target(self) -> Path:
        return self.root / "published/demo"

    def query(self, sql: str) -> list[dict[str, Any]]:
        with duckdb.connect(str(self.target / "catalog.duckdb"), read_only=True) as catalog:
            return rows(catalog, sql)

    def reader(self, now: datetime) -> FeatureReader:
        return FeatureReader.from_url(
            EmbeddedRedis(self.root).url,
            namespace="provender.demo",
            clock=lambda: now.replace(tzinfo=UTC),
            timeout=10,
        )


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    cursor = connection.execute(sql)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@pytest.fixture(scope="session")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Morning]:
    root = tmp_path_factory.mktemp("lender") / "provender"
    shutil.copytree(
        REPO,
        root,
        ignore=shutil.ignore_patterns(
            ".*", "*.duckdb*", "target", "logs", "published", "landing", "tests", "dbt_packages"
        ),
    )
    shutil.copytree(REPO / "tests/dbt", root / "tests/dbt")
    shutil.copy(REPO / "profiles.yml.example", root / "profiles.yml")
    done = root / "analyst.done"
    analyst = subprocess.Popen(
        [sys.executable, "-c", ANALYST, str(root / "published/demo/catalog.duckdb"), str(done)],
        stdout=subprocess.PIPE,
        text=True,
    )
    demo = subprocess.run(
        [sys.executable, "-m", "provender_ops.demo"],
        cwd=root,
        env={**os.environ, "DBT_PROFILES_DIR": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    done.touch()
    seen, _ = analyst.communicate(timeout=60)
    try:
        assert demo.returncode == 0, demo.stdout + demo.stderr
        assert analyst.returncode == 0
        yield Morning(root, demo.stdout, int(seen.split()[-1]))
    finally:
        EmbeddedRedis(root).stop()


def same(one: Any, other: Any) -> bool:
    """Equal in value and type; floating point within the last digits."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-12)
    return type(one) is type(other) and one == other


def declared(view: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The view's policies and columns, as its YAML says."""
    file = next((REPO / "models/features").rglob(f"{view}.yml"))
    model = yaml.safe_load(file.read_text())["models"][0]
    return model["config"]["meta"]["feature_view"], model["columns"]


def duration(text: str) -> timedelta:
    return timedelta(**{UNITS[text[-1]]: int(text[:-1])})


def default_of(column: dict[str, Any]) -> Any:
    """The declared default as the value Python gets."""
    default = column["config"]["meta"]["feature"]["default"]
    if default is not None and column["data_type"].startswith("decimal"):
        return Decimal(default).quantize(Decimal("0.01"))
    return default


def features_of(view: str, version: int) -> list[Feature]:
    first = (view, version) == ("customer_spend", 1)
    return [
        Feature(
            column["name"],
            default_of(column),
            column["config"]["meta"]["feature"].get("null_is", "null"),
        )
        for column in declared(view)[1]
        if "config" in column and not (first and column["name"] == "largest_payment_30d")
    ]


def keys_of(view: str, version: int) -> list[str]:
    names = [column["name"] for column in declared(view)[1]]
    return names[: names.index("as_of")]


def history_name(view: str, version: int) -> str:
    return f"{view}_v{version}_history" if view == "customer_spend" else f"{view}_history"


def test_history_equals_the_oracle_at_every_run(morning: Morning) -> None:
    runs = morning.query("select view, version, as_of from runs order by all")
    checked = 0
    for run in runs:
        view, version, at = run["view"], run["version"], run["as_of"]
        keys = keys_of(view, version)
        found = {
            tuple(row[key] for key in keys): row
            for row in morning.query(
                f"select * from {history_name(view, version)} where valid_from <= '{at}'"
                f" and (valid_to is null or valid_to > '{at}')"
            )
        }
        assert set(found) == morning.oracle.live(VIEWS[view, version], at), (view, version, at)
        for key, row in found.items():
            for name, value in morning.oracle.features(view, version, key, at).items():
                assert same(row[name], value), (view, version, key, at, name, row[name], value)
                checked += 1
    assert {(run["view"], run["version"]) for run in runs} == set(VIEWS)
    assert len(runs) > 50
    assert checked > 20_000


def test_online_equals_the_pushed_run_in_value_and_type(morning: Morning) -> None:
    last = {
        (run["view"], run["version"]): run["as_of"]
        for run in morning.query(
            "select view, version, max(as_of) as as_of from runs"
            f" where as_of < '{SIX_DAYS_ON}' group by all"
        )
    }
    with morning.reader(NOON + timedelta(minutes=10)) as reader:
        for (view, version), at in last.items():
            for key in morning.oracle.live(VIEWS[view, version], at):
                asked = dict(zip(keys_of(view, version), key, strict=True))
                served = reader.get_view(view, version, **asked)
                truth = morning.oracle.features(view, version, key, at)
                for feature in features_of(view, version):
                    value = truth[feature.name]
                    is_default = value is None and feature.null_is == "default"
                    expected = feature.default if is_default else value
                    got = served[feature.name]
                    assert same(got.value, expected), (view, version, key, feature.name)
                    assert got.is_default == is_default
                    assert got.status in ("ok", "stale")
                    assert got.as_of == at.replace(tzinfo=UTC)


def pushes(morning: Morning) -> list[dict[str, Any]]:
    files = morning.root / "landing/demo/push_log/*.parquet"
    return rows(duckdb.connect(), f"select * from read_parquet('{files}') order by readable_at")


def expected_view(morning: Morning, view: str, version: int) -> View:
    """What readers were given, by the oracle's own values at each run."""
    policies = declared(view)[0]
    features = features_of(view, version)
    runs = morning.query(
        f"select as_of, ended_at from runs where view = '{view}' and version = {version} order by 1"
    )
    ends: list[datetime | None] = [run["as_of"] for run in runs[1:]] + [None]
    entity = VIEWS[view, version]
    return View(
        features=features,
        ttl=duration(policies["ttl"]),
        freshness_sla=duration(policies["freshness_sla"]),
        runs=[
            Run(run["as_of"], run["ended_at"], frozenset(f.name for f in features)) for run in runs
        ],
        history=[
            HistoryRow(
                key, morning.oracle.features(view, version, key, run["as_of"]), run["as_of"], end
            )
            for run, end in zip(runs, ends, strict=True)
            for key in morning.oracle.live(entity, run["as_of"])
        ],
        pushes=[
            Push(push["run_as_of"], push["readable_at"])
            for push in pushes(morning)
            if (push["view"], push["version"]) == (view, version)
        ],
    )


def test_training_equals_the_oracle_row_for_row(morning: Morning) -> None:
    training = morning.query("select * from credit_risk_training order by application_id")
    assert len(training) == len({row["application_id"] for row in training}) > 140
    used = [("customer_activity", 1), ("customer_spend", 2), ("customer_credit", 1)]
    for view, version in [*used, ("device_activity", 1), ("ip_activity", 1)]:
        truth = expected_view(morning, view, version)
        assert truth.pushes
        by_key: dict[Any, list[HistoryRow]] = {}
        for known in truth.history:
            by_key.setdefault(known.key, []).append(known)
        prefix = "customer_spend_v2" if view == "customer_spend" else view
        for row in training:
            key = tuple(row[name] for name in keys_of(view, version))
            narrowed = View(**{**vars(truth), "history": by_key.get(key, [])})
            expected = answer(key, row["as_of"], narrowed)
            assert row[f"{prefix}__status"] == expected.row_status
            assert row[f"{prefix}__as_of"] == expected.as_of
            for name, value in expected.value.items():
                assert same(row[name], value), (row["application_id"], name, row[name], value)


def test_most_training_rows_are_within_ttl_and_unlike_today(morning: Morning) -> None:
    training = morning.query("select * from credit_risk_training")
    statuses = [name for name in training[0] if name.endswith("__status")]
    fresh = [row for row in training if all(row[name] in ("ok", "stale") for name in statuses)]
    assert len(fresh) >= 0.8 * len(training)
    today = {
        key: morning.oracle.features("customer_activity", 1, key, SIX_DAYS_ON)
        for key in morning.oracle.live("customer", SIX_DAYS_ON)
    }
    unlike = [
        row
        for row in training
        if row["payments_7d"] != today.get((row["customer_id"],), {}).get("payments_7d")
    ]
    assert len(unlike) > 0.5 * len(training)


def test_a_leak_looks_like_skill_until_it_is_served(morning: Morning) -> None:
    """Training joined today's values to old events: it shows beside the honest set."""
    honest, today = morning.query(demo_leak.HONEST), morning.query(demo_leak.TODAY)
    then, leaky, served = demo_leak.scores(honest, today)
    assert leaky.accuracy >= then.accuracy + 0.08
    assert leaky.auc >= then.auc + 0.2
    assert served.accuracy <= leaky.accuracy - 0.1
    assert served.accuracy < then.accuracy
    assert served.auc <= then.auc - 0.05
    for score in (then, leaky, served):
        assert re.search(rf"{score.accuracy:.2f} +{score.auc:.2f}", morning.output)


def test_the_leak_is_the_lenders_own(morning: Morning) -> None:
    """The naive join gets what the views say today, and that tells who defaulted."""
    today = morning.query(demo_leak.TODAY)
    late: dict[bool, list[bool]] = {True: [], False: []}
    for row in today:
        key = (row["customer_id"],)
        if key in morning.oracle.live("customer", SIX_DAYS_ON):
            credit = morning.oracle.features("customer_credit", 1, key, SIX_DAYS_ON)
            assert all(same(row[name], value) for name, value in credit.items()), row
            late[row["defaulted"]].append(row["late_loan_payments_90d"] > 0)
    assert len(late[True]) + len(late[False]) > 0.9 * len(today)
    assert sum(late[True]) > 0.8 * len(late[True])
    assert sum(late[False]) < 0.6 * len(late[False])


def test_the_logs_landed_before_the_training_set_was_built(morning: Morning) -> None:
    marks = morning.root / "landing/demo/landed/*.parquet"
    found = rows(duckdb.connect(), f"select * from read_parquet('{marks}') order by log")
    assert [(row["log"], row["namespace"], row["landed_until"]) for row in found] == [
        ("decision_log", "provender.demo", SIX_DAYS_ON),
        ("push_log", "provender.demo", SIX_DAYS_ON),
    ]
    assert {row["landed_at"] for row in morning.query("select landed_at from decisions")} == {
        SIX_DAYS_ON
    }


def is_logged(morning: Morning, row: dict[str, Any], value: Any) -> bool:
    """Whether the log has this value; of a personal view, its hash under the demo's key."""
    codec, logged = codec_for(row["data_type"]), json.loads(row["value"] or "null")
    if not row["is_hashed"]:
        return same(codec.decode(logged), value)
    hashed = value_hash(morning.root)
    return bool(logged == (None if value is None else hashed(json_text(codec.encode(value)))))


def test_every_decision_logged_what_history_says_was_live(morning: Morning) -> None:
    decisions = {
        row["decision_id"]: json.loads(row["keys"])
        for row in morning.query("select decision_id, keys from decisions")
    }
    logged = morning.query("select * from decision_features")
    assert len(decisions) > 100
    assert len(logged) == 14 * len(decisions)
    checked = 0
    for row in logged:
        if row["status"] not in ("ok", "stale"):
            continue
        view, version = row["view"], row["version"]
        key = tuple(decisions[row["decision_id"]][name] for name in keys_of(view, version))
        truth = morning.oracle.features(view, version, key, row["as_of"])[row["feature"]]
        feature = next(f for f in features_of(view, version) if f.name == row["feature"])
        expected = feature.default if row["is_default"] else truth
        assert row["is_default"] == (truth is None and feature.null_is == "default")
        assert is_logged(morning, row, expected), row
        checked += 1
    assert checked > 1_000
    assert {row["view"] for row in logged if row["is_hashed"]} == {"ip_activity"}


def test_a_new_user_has_recency_30_in_training_and_online(morning: Morning) -> None:
    """From one declaration: the SQL says null, the default is 30."""
    trained = {
        row["customer_id"]: row
        for row in morning.query(
            "select * from credit_risk_training where payments_90d = 0"
            " and customer_activity__status in ('ok', 'stale') order by applied_at"
        )
    }
    assert len(trained) >= 3
    assert {row["days_since_last_purchase"] for row in trained.values()} == {30}
    with morning.reader(NOON) as reader:
        for customer in trained:
            served = reader.get_view("customer_activity", 1, customer_id=customer)
            if served["payments_90d"].value == 0:
                assert served["days_since_last_purchase"].value == 30
                assert served["days_since_last_purchase"].is_default


def test_a_nightly_feature_keeps_its_own_status_beside_a_minutes_one(morning: Morning) -> None:
    asked = json.loads(
        morning.query("select keys from decisions order by decided_at desc")[0]["keys"]
    )
    with morning.reader(NOON + timedelta(hours=3)) as reader:
        served = reader.get("credit_risk", **asked)
    assert served["payments_7d"].status == "expired"
    assert served["late_loan_payments_90d"].status == "ok"
    assert served["late_loan_payments_90d"].age == timedelta(hours=13)


def test_an_analyst_reads_the_catalog_all_morning_and_disturbs_nobody(morning: Morning) -> None:
    """Eleven builds and pushes passed while one session held the catalog open, and it saw them."""
    assert morning.states_an_analyst_saw >= 10


def test_a_checkout_a_manifest_and_the_catalog_declare_the_same(
    morning: Morning, tmp_path: Path
) -> None:
    """All fields but where they stand, also while another process holds the database."""
    clone = tmp_path / "clone"  # nothing was ever built there
    built = shutil.ignore_patterns("target", "logs", "published", "landing", ".*")
    shutil.copytree(morning.root, clone, ignore=built)
    hold = f"duckdb.connect({str(clone / 'demo.duckdb')!r}); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", f"import duckdb; {hold}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        with compiled(clone, "demo", {}) as manifest:
            shutil.copy(manifest, tmp_path / "manifest.json")
        checked_out = of_manifest(tmp_path)
        writer.communicate("")
    with Catalog.open(morning.target / "catalog.duckdb") as catalog:
        deployed = of_published(catalog)
    for one in ("views", "entities", "services"):
        assert getattr(checked_out, one) == getattr(deployed, one), one
    assert unplaced(checked_out.sources) == unplaced(deployed.sources)
    assert unplaced(checked_out.models) == unplaced(deployed.models)
    assert set(deployed.views) == {f"{view}@{version}" for view, version in VIEWS}
    assert not (clone / "logs").exists()
    assert all(deployed.models[view.unique_id].sql for view in deployed.views.values())


def unplaced(known: Mapping[str, Any]) -> dict[str, Any]:
    """Models or sources without their relation, which is of the target they were read for."""
    return {unique_id: replace(each, relation=None) for unique_id, each in known.items()}


def test_what_cannot_be_placed_is_counted(morning: Morning) -> None:
    with duckdb.connect(str(morning.root / "demo.duckdb"), read_only=True) as store:
        found = rows(
            store, "select source_table, count(*) as n from stg_lender__quarantine group by 1"
        )
    assert {row["source_table"]: row["n"] for row in found} == dict(morning.oracle.unplaceable)


def test_full_refresh_keeps_history_logs_and_decisions(morning: Morning, tmp_path: Path) -> None:
    root = copied(morning, tmp_path)
    kept = {
        "main_provender.run_log": "*",
        "main_provender.definition_log": "*",
        "main_provender.push_log": "*",
        "main_provender.decision_log": "*",
        "decisions": "*",
        "decision_features": "*",
        "customer_credit_history": "* exclude (valid_to)",
    }
    with duckdb.connect(str(root / "demo.duckdb"), read_only=True) as store:
        before = {table: rows(store, f"select {what} from {table}") for table, what in kept.items()}
    models = ["decisions", "decision_features", "customer_credit", "customer_credit_history"]
    done = dbt(
        root, "build", SIX_DAYS_ON + timedelta(hours=1), "--full-refresh", "--select", *models
    )
    assert done.returncode == 0, done.stdout
    with duckdb.connect(str(root / "demo.duckdb"), read_only=True) as store:
        after = {table: rows(store, f"select {what} from {table}") for table, what in kept.items()}
    for table, found in before.items():
        assert found, table
        assert all(row in after[table] for row in found), table


def copied(morning: Morning, folder: Path) -> Path:
    root = folder / "again"
    shutil.copytree(morning.root, root, ignore=shutil.ignore_patterns(".provender", "logs"))
    # Where the logs landed is part of the views that read them; the next run makes them anew.
    return root


def dbt(root: Path, command: str, at: datetime, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-m", "dbt.cli.main", command, "--target", "demo"),
            *("--profiles-dir", str(root), "--vars", "{rehearsal: true}", *options),
        ],
        cwd=root,
        env={**os.environ, "PROVENDER_AS_OF": at.isoformat(), "DBT_LOG_LEVEL_FILE": "none"},
        capture_output=True,
        text=True,
        check=False,
    )


REDELIVERED = {
    "customer_events": "event_id",
    "account_events": "event_id",
    "sessions": "session_id",
    "card_payments": "payment_id",
    "loan_payments": "loan_payment_id",
}


def test_a_second_delivery_of_everything_changes_no_feature(
    morning: Morning, tmp_path: Path
) -> None:
    """Each row again at once; what was never corrected, again five minutes later too."""
    root = copied(morning, tmp_path)
    views = ["customer_activity", "customer_spend_v1", "customer_spend_v2", "device_activity"]
    with duckdb.connect(str(root / "demo.duckdb")) as store:
        before = {view: rows(store, f"select * from {view} order by all") for view in views}
        for table, event in REDELIVERED.items():
            raw = f"main_raw.{table}"
            stamp = "cast(replace(loaded_at, 'Z', '') as timestamp) + interval 5 minutes"
            later = f"replace(cast({stamp} as varchar), ' ', 'T') || 'Z'"
            once = f"select {event} from {raw} group by 1 having count(*) = 1"
            store.execute(
                f"insert into {raw} select * from {raw} union all select * replace ({later} as"
                f" loaded_at) from {raw} where {event} in ({once})"
            )
    selected = ["--select", "+tag:minutes", "--exclude", "resource_type:seed"]
    done = dbt(root, "run", SIX_DAYS_ON, *selected)
    assert done.returncode == 0, done.stdout
    with duckdb.connect(str(root / "demo.duckdb"), read_only=True) as store:
        after = {view: rows(store, f"select * from {view} order by all") for view in views}
    assert all(len(found) > 200 for found in before.values())
    assert after == before


DECIDED_BY = [
    "customer_activity",
    "customer_spend@2",
    "customer_credit",
    "device_activity",
    "ip_activity",
]
WITNESS = """
select * from {{{{ provender.point_in_time_join(
    spine=provender.decisions_spine('credit_risk', view='{label}'),
    views=['{label}'],
    source='recompute',
) }}}} as witness
"""


@pytest.fixture(scope="module")
def computed_again(
    morning: Morning, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, duckdb.DuckDBPyConnection]]:
    """The lender, its late-data report, and each view's witness: what its decisions were to get."""
    root = copied(morning, tmp_path_factory.mktemp("computed"))
    for label in DECIDED_BY:
        view = label.partition("@")[0]
        (root / f"models/training/witness_{view}.sql").write_text(WITNESS.format(label=label))
    half_past = SIX_DAYS_ON + timedelta(minutes=30)
    done = dbt(root, "run", half_past, "--select", "late_data", "path:models/training/witness_*")
    assert done.returncode == 0, done.stdout
    with duckdb.connect(str(root / "demo.duckdb"), read_only=True) as store:
        yield root, store


def test_every_run_computed_again_gives_its_history_cell_by_cell(
    computed_again: tuple[Path, duckdb.DuckDBPyConnection],
) -> None:
    """In value and type: each run by its own definition, over the entities that lived then."""
    root, store = computed_again
    runs = rows(store, "select view, version, as_of from main_provender.run_log order by all")
    report = rows(store, "select * from late_data")
    compared = {(row["view"], row["version"], row["as_of"]) for row in report}
    wrong, cells = unlike_history(store, report_of(root))
    assert compared == {tuple(run.values()) for run in runs}
    assert [row for row in report if row["is_different"] is not False] == []
    assert wrong == []
    assert cells > sum(row["cells_compared"] for row in report) > 40_000


def test_what_was_served_is_what_its_moment_recomputes(
    morning: Morning,
    computed_again: tuple[Path, duckdb.DuckDBPyConnection],
) -> None:
    """Two clocks: a velocity counted by event time offline is what was online, row for row."""
    _, store = computed_again
    checked = 0
    for label in DECIDED_BY:
        view, _, version = label.partition("@")
        witness = {row["decision_id"]: row for row in rows(store, f"from main.witness_{view}")}
        served = rows(
            store,
            f"from main.decision_features where view = '{view}' and version = {version or 1}"
            " and status in ('ok', 'stale')",
        )
        for row in served:
            said = witness[row["decision_id"]]
            assert said["as_of"] == row["as_of"]
            assert is_logged(morning, row, said[row["feature"]]), (row, said)
        checked += len(served)
    assert checked > 1_000
