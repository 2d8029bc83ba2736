"""The contract check refuses a broken project whole, in one message.

Runs dbt on copies of the small projects beside this file, with the macros of the repository.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from loaded_dbt import DbtProcess

REPO = Path(__file__).parents[3]
PROJECTS = Path(__file__).parent / "project"
PROFILE = """
governance:
  target: dev
  outputs:
    dev: {type: duckdb, path: store.duckdb, threads: 1}
"""


@dataclass(frozen=True)
class DbtRun:
    """One finished dbt command."""

    code: int
    output: str
    folder: Path


def copy_project(name: str, folder: Path) -> Path:
    """A copy of a small project, the macros of the repository under their true package name."""
    shutil.copytree(PROJECTS / name, folder)
    package = folder / "packages" / "provender" if name == "consumer" else folder
    shutil.copytree(REPO / "macros", package / "macros")
    (folder / "profiles.yml").write_text(PROFILE)
    return folder


def run_dbt(folder: Path, *arguments: str) -> DbtRun:
    settings = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_PROFILES_DIR": "."}
    process = DbtProcess(["--no-use-colors", *arguments], folder, {**os.environ, **settings})
    output, _ = process.communicate()
    return DbtRun(process.returncode, output, folder)


CONSUMER_BLOCK = """
vars:
  provender:
    feature_view_defaults:
      models/features: {lag: 9m}
"""
COMMAND_LINE = json.dumps(
    {"provender": {"feature_view_defaults": {"models": {"otherwise": "fail"}}}}
)
DECLARED = {"ttl": "1h"}

CLOCKS = {
    "select now()": ["now()"],
    "select NOW ( )": ["now()"],
    "select pg_catalog.now()": ["now()"],
    "select Current_Date, current_timestamp(3)": ["current_date", "current_timestamp"],
    "select localtimestamp, today()": ["localtimestamp", "today()"],
    "select getdate(), get_current_timestamp(), sysdate": [
        "get_current_timestamp()",
        "getdate()",
        "sysdate",
    ],
    "select 'now'::timestamp": ["now()"],
    "select cast('today' as date)": ["now()"],
    "select date 'yesterday'": ["now()"],
    "select age(birth_date)": ["age(birth_date)"],
    "select age(cast(x as date))": ["age(cast(x as date))"],
    "select {{ dbt.current_timestamp() }}": ["current_timestamp"],
    "select '{{ run_started_at }}'": ["run_started_at"],
    "select {{ modules.datetime.datetime.now() }}": ["modules.datetime", "now()"],
    "{% set clock = 'current_date' %} select {{ clock }}": ["current_date"],
    "select '{{ invocation_id }}'": ["invocation_id"],
    "-- it's {{ run_started_at }}": ["run_started_at"],
    "select 'it''s now()', \"today()\", `current_date`": [],
    "-- don't: now()\nselect 1": [],
    "/* current_date\n now() */ select 1": [],
    "select {# now() don't #} 1": [],
    "select spine.current_date, known, snowday(x), renow(x), now_at": [],
    "select age(spine.as_of, birth_date), 'now' as word": [],
    "select '{{ name }}' as now, today from days": [],
}

A_DAY, LATER = "2026-06-30", "2027-06-30"
EACH_WAIVED = [{"use": use, "until": A_DAY, "reason": "."} for use in ("log", "push", "export")]
# What is declared -> what is allowed: log, push, export. The table in docs/concepts.md.
USES = [
    ({"classification": "public"}, "always always always"),
    ({"classification": "internal"}, "always always always"),
    ({"classification": "pii"}, "never always never"),
    ({"classification": "pci"}, "never never never"),
    ({}, "never never never"),
    ({"classification": "public", "log_values": False}, "never always always"),
    ({"classification": "internal", "log_values": False}, "never always always"),
    ({"classification": "pii", "log_values": True}, "always always never"),
    ({"classification": "pci", "log_values": True}, "never never never"),
    ({"classification": "pii", "waivers": EACH_WAIVED}, f"never always {A_DAY}"),
    ({"classification": "pci", "waivers": EACH_WAIVED}, f"never {A_DAY} {A_DAY}"),
    (
        {"classification": "pci", "log_values": True, "waivers": EACH_WAIVED},
        f"{A_DAY} {A_DAY} {A_DAY}",
    ),
    (
        {"classification": "pci", "waivers": [*EACH_WAIVED, {"use": "push", "until": LATER}]},
        f"never {LATER} {A_DAY}",
    ),
    ({"classification": "pci", "waivers": "push"}, "never never never"),
    ({"classification": "public", "access": "private"}, "always private always"),
    (
        {"classification": "pci", "access": "private", "waivers": EACH_WAIVED},
        f"never private {A_DAY}",
    ),
]
SAMPLES = json.dumps(
    {
        "as_of": "2026-03-02T12:00:00Z",
        "clock_samples": list(CLOCKS),
        "uses_samples": {str(number): declared for number, (declared, _) in enumerate(USES)},
    }
)

# Each line stands in the one message; of what to do it has the first words.
VIOLATIONS = (Path(__file__).parent / "violations.txt").read_text().splitlines()

# Right things in the broken project, which the message leaves alone.
FINE = [
    "fine_tinyint",
    "fine_double`",
    "fine_double:",
    "fine_decimal",
    "fine_boolean",
    "fine_text",
    "fine_date",
    "fine_timestamp",
    "fine_null",
    "talks_of_clocks@1: reads",
    "retyped_key@1: key",
    "got expires_early@1. ",
    "fine_reason",
    "entity client",
    "entity account:",
    "entity customer:",
    "history second_history",
    "history bad_features_history",
]


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> DbtRun:
    folder = copy_project("clean", tmp_path_factory.mktemp("governance") / "clean")
    return run_dbt(folder, "seed", "--vars", SAMPLES)


@pytest.fixture(scope="module")
def governance(clean: DbtRun) -> dict[str, Any]:
    """What the public macros return, printed by the clean project as one JSON line."""
    lines = [line for line in clean.output.splitlines() if line.startswith("GOVERNANCE ")]
    assert lines, clean.output
    found: dict[str, Any] = json.loads(lines[0].removeprefix("GOVERNANCE "))
    return found


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> DbtRun:
    folder = copy_project("broken", tmp_path_factory.mktemp("governance") / "broken")
    return run_dbt(folder, "build")


@pytest.fixture(scope="module")
def violations(broken: DbtRun) -> list[str]:
    """The violations as the message lists them, a line each."""
    lines = [line.strip() for line in broken.output.splitlines()]
    return [line.removeprefix("- ") for line in lines if line.startswith("- ")]


def tables(run: DbtRun) -> list[str]:
    file = run.folder / "store.duckdb"
    if not file.exists():
        return []
    with duckdb.connect(str(file), read_only=True) as connection:
        rows = connection.execute("select table_name from information_schema.tables").fetchall()
    return [name for (name,) in rows]


def test_a_clean_project_passes(clean: DbtRun) -> None:
    assert clean.code == 0, clean.output
    assert tables(clean) == ["raw_payments"]


def test_a_broken_project_is_refused_before_anything_is_computed(broken: DbtRun) -> None:
    assert broken.code != 0
    assert tables(broken) == []


def test_one_message_counts_every_violation(broken: DbtRun, violations: list[str]) -> None:
    assert broken.output.count("check_contracts: ") == 1
    assert (
        f"check_contracts: {len(violations)} violations of the contract. Nothing" in broken.output
    )


def test_every_violation_says_what_was_found_and_what_to_do(violations: list[str]) -> None:
    assert violations
    for line in violations:
        assert ", got " in line
        assert line.endswith((".", "?"))


@pytest.mark.parametrize("violation", VIOLATIONS)
def test_violation_is_named(violation: str, violations: list[str]) -> None:
    named = [line for line in violations if line.startswith(violation)]
    assert len(named) == 1, "\n".join(violations)


@pytest.mark.parametrize("fine", FINE)
def test_what_is_right_is_left_alone(fine: str, violations: list[str]) -> None:
    assert [line for line in violations if fine in line.split(". ")[0]] == []


def test_every_kind_of_violation_is_asserted(violations: list[str]) -> None:
    """A line of the message without a test here is a kind that nobody asserts."""

    def kind(line: str) -> str:
        what = line.split(", got ", maxsplit=1)[0].split(": ", 1)[1]
        return " ".join(word for word in what.split() if "`" not in word)

    assert {kind(line) for line in violations} <= {kind(line) for line in VIOLATIONS}


@pytest.mark.parametrize("sql", CLOCKS)
def test_wall_clocks_are_seen_in_sql_and_jinja_but_not_in_comments_and_literals(
    sql: str, governance: dict[str, Any]
) -> None:
    assert governance["clocks"][list(CLOCKS).index(sql)] == CLOCKS[sql]


def test_durations(governance: dict[str, Any]) -> None:
    parsed = {text: seconds for text, seconds in governance["durations"].items() if seconds}
    assert parsed == {"90s": 90, "5m": 300, "24h": 86400, "30d": 2592000, "36525d": 36525 * 86400}
    assert governance["no_durations"] == [None, None, None]


def test_feature_view_is_a_plain_dict(governance: dict[str, Any]) -> None:
    activity = governance["views"][1]
    assert {key: value for key, value in activity.items() if key != "relation_name"} == {
        "unique_id": "model.provender.customer_activity.v2",
        "name": "customer_activity",
        "version": 2,
        "label": "customer_activity@2",
        "description": "One row per customer.",
        "entity": "customer",
        "keys": [{"name": "customer_id", "type": "int8"}],
        "features": [
            {
                "name": "payments",
                "type": "integer",
                "default": 0,
                "null_is": "default",
                "max_null_ratio": 0.05,
                "tolerance": None,
            },
            {
                "name": "last_payment_at",
                "type": "timestamp",
                "default": "2020-02-29T13:00:00.000000",
                "null_is": "null",
                "max_null_ratio": None,
                "tolerance": None,
            },
            {
                "name": "share",
                "type": "decimal(3,2)",
                "default": None,
                "null_is": "null",
                "max_null_ratio": None,
                "tolerance": None,
            },
        ],
        "policies": {
            "ttl_seconds": 7200,
            "freshness_sla_seconds": 300,
            "otherwise": "default",
            "classification": "internal",
            "log_values": True,
            "lag_seconds": 120,
            "backfill": "recompute",
            "backfill_reason": None,
        },
        "allowed_uses": {"log": "always", "push": "always", "export": "always"},
        "retention_seconds": None,
        "owner": "risk",
        "tags": ["minutes"],
        "deprecation_date": "2031-12-31",
        "history": {
            "unique_id": "snapshot.provender.customer_activity_v2_history",
            "alias": "customer_activity_v2_history",
        },
    }


def test_feature_views_are_the_same_from_a_full_and_from_a_partial_parse(
    clean: DbtRun, governance: dict[str, Any]
) -> None:
    """YAML dates are date objects on the first parse and text on the next."""
    again = run_dbt(clean.folder, "seed", "--vars", SAMPLES)
    line = next(line for line in again.output.splitlines() if line.startswith("GOVERNANCE "))
    assert json.loads(line.removeprefix("GOVERNANCE ")) == governance


@pytest.mark.parametrize(
    ("number", "allowed"), [(str(number), allowed) for number, (_, allowed) in enumerate(USES)]
)
def test_classification_and_waivers_say_what_is_allowed(
    governance: dict[str, Any], number: str, allowed: str
) -> None:
    assert list(governance["uses"][number].values()) == allowed.split()


@pytest.mark.parametrize(
    ("as_of", "finding"),
    [
        ("2026-06-16 23:59:59.999999", None),
        ("2026-06-17 00:00:00", "The waiver to export its values ends with 2026-06-30."),
        ("2026-06-30 23:59:59.999999", "The waiver to export its values ends with 2026-06-30."),
        ("2026-07-01 00:00:00", "The waiver to export its values ended with 2026-06-30."),
    ],
)
def test_a_waiver_is_told_before_it_ends_and_after(
    governance: dict[str, Any], as_of: str, finding: str | None
) -> None:
    sql = governance["waivers"].replace(governance["as_of"], f"timestamp '{as_of}'")
    row = duckdb.sql(f"select label, use, finding from (select view as label, * from ({sql}))")
    assert row.fetchall() == [("customer_spend", "export", finding)]


def test_entities_are_those_declared(governance: dict[str, Any]) -> None:
    (entity,) = governance["entities"]
    assert entity["name"] == "customer"
    assert entity["keys"] == [{"name": "customer_id", "type": "bigint"}]


def test_a_clashing_feature_carries_its_view(governance: dict[str, Any]) -> None:
    service = governance["services"][0]
    assert service["service"] == "credit_risk"
    assert service["latency_budget_ms"] == 20
    assert service["keys"] == [{"name": "customer_id", "type": "int8"}]
    assert [feature["name"] for feature in service["features"]] == [
        "customer_activity__payments",
        "last_payment_at",
        "share",
        "customer_spend__payments",
    ]


def test_two_versions_of_one_view_clash_too(governance: dict[str, Any]) -> None:
    service = governance["services"][1]
    assert service["latency_budget_ms"] == 1000
    assert service["views"] == [
        {"view": "customer_activity", "version": 1},
        {
            **{"view": "customer_activity", "version": 2},
            **{"deprecated_from": "2031-12-01", "removed_on": "2031-12-31"},
        },
        {"view": "customer_spend", "version": 1},
    ]
    named = [(each["name"], each["version"], each["feature"]) for each in service["features"]]
    assert named == [
        ("share", 2, "share"),
        ("customer_activity_v1__payments", 1, "payments"),
        ("customer_activity_v2__payments", 2, "payments"),
        ("customer_spend__payments", 1, "payments"),
    ]


def test_the_longest_path_prefix_wins_per_key_in_whole_folders(governance: dict[str, Any]) -> None:
    config, origin = governance["configs"]["model.provender.customer_spend"]
    assert (config["lag"], origin["lag"]) == ("2m", "vars: models/features")
    assert (config["classification"], config["otherwise"]) == ("pii", "default")
    assert origin["classification"] == "vars: models/features/customer_spend.sql"
    assert (config["ttl"], origin["ttl"]) == ("1d", "model")


def test_lineage_holds_views_and_all_they_descend_from(governance: dict[str, Any]) -> None:
    assert governance["lineage"] == [
        "model.provender.customer",
        "model.provender.customer_activity.v1",
        "model.provender.customer_activity.v2",
        "model.provender.customer_spend",
        "model.provender.stg_payments",
        "source.provender.lender.payments",
    ]


@pytest.mark.parametrize(
    ("block", "arguments", "config"),
    [
        pytest.param("", [], DECLARED, id="the block of the package is not the consumer's"),
        pytest.param(
            CONSUMER_BLOCK, [], {"lag": "9m", **DECLARED}, id="the consumer's block is used"
        ),
        pytest.param(
            CONSUMER_BLOCK,
            ["--vars", COMMAND_LINE],
            {"otherwise": "fail", **DECLARED},
            id="--vars replaces the block",
        ),
    ],
)
def test_hook_of_the_package_and_model_of_the_consumer_see_one_config(
    block: str,
    arguments: list[str],
    config: dict[str, str],
    tmp_path: Path,
) -> None:
    folder = copy_project("consumer", tmp_path / "consumer")
    with (folder / "dbt_project.yml").open("a") as file:
        file.write(block)
    run = run_dbt(folder, "run", *arguments)
    seen = [
        json.loads(line.removeprefix("CONFIG "))
        for line in run.output.splitlines()
        if line.startswith("CONFIG ")
    ]
    assert [where for where, _, _ in seen] == ["on-run-start", "post-hook"], run.output
    assert [config for _, config, _ in seen] == [config, config]
    assert seen[0][2] == seen[1][2]
