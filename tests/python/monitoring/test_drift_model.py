"""The model `drift` in a dbt project: what it says of services, its alert, and its settings."""

import json
from pathlib import Path

import pytest
from drift_report import COMPILED_AT, LOGS, DriftReport
from support import DbtRun

AS_OF = COMPILED_AT.isoformat()
SERVICES = """
  - name: offers # no training set
    type: ml
    owner: {name: Growth}
    depends_on: [ref('profile')]
    config: {meta: {feature_service: {latency_budget: 20ms}}}
  - name: closure # a training set that was never built
    type: ml
    owner: {name: Growth}
    depends_on: [ref('profile')]
    config: {meta: {feature_service: {latency_budget: 20ms, training_sets: {v1: never_built}}}}
models:
"""
FILL = """
insert into profile_training
select n, n % 50, 1, 'secret', timestamp '2026-02-01', 'ok' from range(500) as rows (n);
insert into decisions
select
    n, 'scoring', case when n < 450 then 'v1' else 'v2' end,
    timestamp '2026-03-01 12:00:00', '{"customer_id":' || n || '}'
from range(460) as rows (n);
insert into decision_features (decision_id, name, as_of, status, value)
select n, unnest(['drifts', 'gone', 'secret']), timestamp '2026-03-01', 'ok', to_json(n % 50 + 100)
from range(460) as rows (n);
create table profile_history as
select n as customer_id, n % 50 as drifts, 1 as gone, 'hidden' as secret,
timestamp '2026-02-01' as valid_from, null::timestamp as valid_to from range(500) as rows (n);
insert into main_provender.run_log by name
select 'profile' as view, 1 as version, timestamp '2026-02-01' as as_of
"""
ROWS = "select service, model_version, population, feature, not_compared, finding is not null"


@pytest.fixture(scope="module")
def drift(tmp_path_factory: pytest.TempPathFactory) -> tuple[DriftReport, DbtRun]:
    report = DriftReport(
        tmp_path_factory.mktemp("drift") / "model",
        {"drifts": "integer", "gone": "integer", "secret": "varchar"},
        view={"classification": "internal"},
    )
    project = report.project
    project.edit("models/models.yml", "models:\n", SERVICES)
    (project.folder / "models/never_built.sql").write_text("select 1 as drifts")
    opened = "select * from {{ provender.open_drift('profile', 'drifts') }}"
    (project.folder / "models/opened.sql").write_text(opened)
    project.execute(LOGS + FILL)
    project.execute("alter table profile_training rename column gone to went")
    return report, project.build("--select", "drift", "opened", as_of=AS_OF)


def test_each_service_and_model_version_has_its_say(drift: tuple[DriftReport, DbtRun]) -> None:
    rows = drift[0].project.query(f"{ROWS} from drift order by all")
    undeclared = "no training set is declared for this model version"
    no_column = "profile_training has no column gone"
    assert rows == [
        ("closure", "v1", None, None, "never_built was never built", False),
        ("offers", None, None, None, undeclared, False),
        ("scoring", "v1", "online", "drifts", None, False),
        ("scoring", "v1", "online", "gone", no_column, False),
        ("scoring", "v1", "online", "secret", None, False),
        ("scoring", "v1", "served", "drifts", None, True),
        ("scoring", "v1", "served", "gone", no_column, False),
        ("scoring", "v1", "served", "secret", None, True),
        ("scoring", "v2", None, None, undeclared, False),
    ]


def test_a_finding_is_told_to_who_builds_on_the_feature(
    drift: tuple[DriftReport, DbtRun],
) -> None:
    report, run = drift
    assert run.code == 0, run.output
    [(service, feature, since)] = report.project.query("select service, feature, since from opened")
    assert (service, feature, f"{since:%d %H}") == ("scoring", "drifts", "01 00")


def test_what_is_logged_hashed_is_not_compared(tmp_path: Path) -> None:
    report = DriftReport(tmp_path / "hashed", {"secret": "varchar"}, view={"classification": "pii"})
    with report.store() as store:
        [online, served] = report.rows(store)
    assert online["not_compared"] == "no run, or no baseline rows"
    assert served["not_compared"] == "its values are logged as keyed hashes"


def test_settings_that_are_none_are_all_said(drift: tuple[DriftReport, DbtRun]) -> None:
    settings = {
        **{"window": "36h", "kept": "3d", "ps": 1, "p": 0, "d": True, "share": 2},
        **{"min_rows": 1, "max_rows": "all", "categories": 1e9},
    }
    done = drift[0].project.dbt(
        *("compile", "--select", "drift"), as_of=AS_OF, provender={"drift": settings}
    )
    assert done.code != 0
    for said in (
        "unknown 'ps', did you mean p",
        "window: whole days, like 7d, got '36h'",
        "p: a number above 0 and up to 1, got 0",
        "d: a number above 0 and up to 1, got true",
        "share: a number above 0 and up to 1, got 2",
        "min_rows: a whole number from 2 to 1000000000, got 1",
        "max_rows: a whole number from 2 to 1000000000, got 'all'",
        "categories: a whole number from 2 to 500, got 1000000000.0",
    ):
        assert said in done.output, json.dumps(done.output)
