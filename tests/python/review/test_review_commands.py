"""`provender duplicates` and `provender review` on the lender, with views written into it.

The lender is compiled once; nothing is built.
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from loaded_dbt import DbtProcess
from support import REPO
from typer.testing import CliRunner, Result

from provender_ops import cli
from provender_ops.definitions.checkout import compile_arguments

Run = Callable[..., Result]

SQL = """
with outcomes as (

    select * from {{ ref('stg_lender__loan_outcomes') }}

),

applications as (

    select * from {{ ref('stg_lender__loan_applications') }}

),

payments as (

    select * from {{ ref('stg_lender__card_payments') }}

),

ended as (

    select
        spine.customer_id,
        spine.as_of,
        count(*) filter (where outcomes.outcome = 'defaulted') as lost,
        count(*) as ended
    from {{ provender.spine('customer') }} as spine
    inner join applications
        on spine.customer_id = applications.customer_id
        and {{ provender.known_at('applications', 'spine.as_of') }}
    inner join outcomes
        on applications.application_id = outcomes.application_id
        and {{ provender.known_at('outcomes', 'spine.as_of') }}
    group by spine.customer_id, spine.as_of

),

used as (

    select
        spine.customer_id,
        spine.as_of,
        count(*) as uses
    from {{ provender.spine('customer') }} as spine
    inner join payments
        on spine.customer_id = payments.customer_id
        and {{ provender.known_at('payments', 'spine.as_of') }}
        and payments.occurred_at > spine.as_of - interval '168 hours'
    group by spine.customer_id, spine.as_of

)

select
    spine.customer_id,
    spine.as_of,
    cast(coalesce(ended.lost, 0) as integer) as loans_lost,
    cast(coalesce(ended.ended, 0) as integer) as loans_ended,
    cast(coalesce(used.uses, -1) as integer) as card_uses,
    cast(coalesce(used.uses, 0) as integer) as card_uses_of_the_week
from {{ provender.spine('customer') }} as spine
left join ended on spine.customer_id = ended.customer_id and spine.as_of = ended.as_of
left join used on spine.customer_id = used.customer_id and spine.as_of = used.as_of
"""
FEATURES = {
    "loans_lost": {"default": 0},
    "loans_ended": {"default": 0},
    "card_uses": {"default": -1},
    "card_uses_of_the_week": {
        "default": 0,
        "not_duplicate_of": [
            {"feature": "customer_activity.payments_7d", "reason": "Moves there in May."},
            {"feature": "customer_loans@1.card_uses", "reason": "One is for the old model."},
        ],
    },
}
REVIEWED = [{"feature": "customer_loans.loans_lost", "reason": "Earlier loans only.", "by": "Ada"}]


def write_view(root: Path) -> None:
    folder = root / "models/features/customer"
    (folder / "customer_loans.sql").write_text(SQL)
    columns = [{"name": name, "data_type": "integer", "config": {"meta": {"feature": feature}}}
               for name, feature in FEATURES.items()]  # fmt: skip
    view = {
        "name": "customer_loans",
        "config": {
            "group": "risk",
            "access": "public",
            "tags": ["nightly"],
            "contract": {"enforced": True},
            "meta": {"feature_view": {"entity": "customer", "freshness_sla": "25h", "ttl": "48h"}},
        },
        "columns": [
            {"name": "customer_id", "data_type": "integer"},
            {"name": "as_of", "data_type": "timestamp"},
            *columns,
        ],
    }
    (folder / "customer_loans.yml").write_text(yaml.safe_dump({"models": [view]}))


def change_service(root: Path) -> None:
    path = root / "models/services/_exposures.yml"
    declared = yaml.safe_load(path.read_text())
    service = next(each for each in declared["exposures"] if each["name"] == "credit_risk")
    service["depends_on"].append("ref('customer_loans')")
    service["config"]["meta"]["feature_service"]["reviewed"] = REVIEWED
    path.write_text(yaml.safe_dump(declared))


@pytest.fixture(scope="module")
def lender(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lender's project with one view more, compiled into its folder `compiled`."""
    root = tmp_path_factory.mktemp("reviewed") / "provender"
    for folder in ("macros", "models", "seeds", "snapshots"):
        shutil.copytree(REPO / folder, root / folder)
    shutil.copytree(REPO / "tests/dbt", root / "tests/dbt")
    shutil.copy(REPO / "dbt_project.yml", root)
    shutil.copy(REPO / "profiles.yml.example", root / "profiles.yml")
    write_view(root)
    change_service(root)
    (root / "compiled").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DBT_PROFILES_DIR", raising=False)
        arguments = compile_arguments(root, root / "compiled", None, {})
        process = DbtProcess(arguments, root, os.environ)
        output, _ = process.communicate()
    assert process.returncode == 0, output
    return root


@pytest.fixture
def run(lender: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(lender)

    def invoke(*arguments: str) -> Result:
        asked = [*arguments, "--manifest", "compiled"]
        result = CliRunner().invoke(cli.app, asked, prog_name="provender")
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return invoke


def test_duplicates_are_told_and_refused(run: Run) -> None:
    result = run("duplicates", "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["unread"] == {}
    found = {(each["feature"], each["of"]): each for each in told["duplicates"]}
    mine = "customer_loans@1."
    there = "customer_activity@1.payments_7d"
    assert found.keys() == {
        (f"{mine}card_uses", there),
        (f"{mine}card_uses_of_the_week", there),
        (f"{mine}card_uses_of_the_week", f"{mine}card_uses"),
    }
    one = found[f"{mine}card_uses", there]
    assert one["kind"] == "the same but for its null rule"
    assert one["differences"] == [
        "null rule: for nothing -1, not 0",
        "null rule: by default -1, not 0",
    ]
    assert one["excuse"] is None
    assert found[f"{mine}card_uses_of_the_week", there]["excuse"] == "Moves there in May."
    assert "1 of 3 not excused" in result.stderr


def test_duplicates_as_a_table_and_of_one_view(run: Run) -> None:
    result = run("duplicates", "customer_loans")
    assert result.exit_code == 1
    assert "Moves there in May." in result.stdout
    others = run("duplicates", "merchant_activity@1", "--no-values")
    assert others.exit_code == 0
    assert others.stdout == ""
    assert "No duplicates." in others.stderr


def test_a_view_that_is_not_there(run: Run) -> None:
    result = run("duplicates", "customer_lons@1")
    assert result.exit_code == 2
    assert "Did you mean 'customer_loans@1'?" in result.stderr


def test_values_that_nobody_published_cannot_be_compared(run: Run) -> None:
    result = run("duplicates", "--values")
    assert result.exit_code == 2
    assert "No build yet" in result.stderr


def test_review_refuses_what_follows_from_the_label(run: Run) -> None:
    result = run("review", "credit_risk", "--json")
    assert result.exit_code == 1
    leaks = json.loads(result.stdout)["leaks"]
    assert [(each["feature"], each["kind"], each["by"]) for each in leaks] == [
        ("customer_loans@1.loans_lost", "derived from the label", "Ada"),
        ("customer_loans@1.loans_ended", "a consequence of the label", None),
    ]
    assert "loan_outcomes.outcome" in leaks[0]["because"]
    assert "1 not signed off" in result.stderr


def test_review_of_all_services_that_declare_a_label(run: Run) -> None:
    result = run("review")
    assert result.exit_code == 1
    assert "Ada: Earlier loans only." in " ".join(result.stdout.split())


def test_a_service_without_a_label(run: Run) -> None:
    result = run("review", "account_closure")
    assert result.exit_code == 0
    assert "account_closure declares no label" in result.stderr
    assert run("review", "credit_rsk").exit_code == 2
