"""`provender status`: right about now, whatever the monitors said and whether they run at all."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from published_catalog import PublishedProject, View, minute
from pushing import Pusher
from redis_server import RedisServer
from typer.testing import CliRunner, Result

from provender import DecisionLog
from provender_ops import cli

Run = Callable[..., Result]
MONITORS = """
    select name as monitor, timestamp '2026-03-02 00:03' as as_of, 'success' as status,
        null::varchar as message, timestamp '2026-03-02 00:03' as succeeded_as_of,
        90000 as max_age_seconds
    from unnest(['null_ratios', 'push_health', 'alerts']) as monitors(name)
"""
FOUND = """
    select 'customer_activity' as view, 1 as version, {columns}, 'risk' as owner,
        {finding} as finding, {since} as since, 'Mend it.' as what_to_do
"""
# The SLA of all views here is 5 minutes, their ttl an hour.


@pytest.fixture
def run(
    project: PublishedProject, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> Run:
    monkeypatch.setenv("PROVENDER_REDIS_URL", redis_server.url)
    monkeypatch.chdir(project.root)

    def invoke(*arguments: str) -> Result:
        result = CliRunner().invoke(cli.app, list(arguments))
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return invoke


@pytest.fixture
def status(run: Run) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Run `provender status --json` at a minute of the story."""

    def invoke(at: int, *options: str) -> tuple[int, dict[str, Any]]:
        result = run("status", "--json", "--now", f"{minute(at).isoformat()}Z", *options)
        return result.exit_code, json.loads(result.stdout)

    return invoke


Status = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def well(project: PublishedProject, activity: View, pusher: Pusher, run: Run) -> PublishedProject:
    """A view that was built and pushed, a service, and monitors that ran at 00:03."""
    project.service("credit_risk", activity)
    monitored(project)
    project.build(activity, minute(1), {1: (1, "a"), 2: (2, None)})
    assert run("push-online", "--now", f"{minute(2).isoformat()}Z").exit_code == 0
    return project


def monitored(project: PublishedProject, nulls: str = "null", pushes: str = "null") -> None:
    """Publish what the monitors would have; findings are SQL texts."""
    since = "timestamp '2026-03-02 00:01'"
    project.copy("monitors", MONITORS)
    columns = "'city' as feature"
    project.copy("null_ratios", FOUND.format(columns=columns, finding=nulls, since=since))
    columns = "1 as attempts_24h, 1.0 as success_rate_24h, 60 as push_lag_p50_seconds"
    project.copy("push_health", FOUND.format(columns=columns, finding=pushes, since=since))
    project.copy(
        "alerts",
        "select 'late_data' as monitor, 'x' as subject, '' as finding, '' as what_to_do, '' as"
        " owner, null::timestamp as since, '' as feature where false",
    )
    project.publish()


def wrong(report: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["monitor"], each["subject"]) for each in report["wrong"]]


LATE = ("freshness", "customer_activity@1")


def test_all_is_well(well: PublishedProject, status: Status, run: Run) -> None:
    code, report = status(8)  # seven minutes: the SLA and two
    assert (code, report["wrong"], report["is_well"]) == (0, [], True)
    (view,) = report["views"]
    assert (view["state"], view["age_seconds"], view["owner"]) == ("ok", 420, "risk")
    assert (view["online_run"], view["features_above_null_ratio"]) == (
        "2026-03-02T00:01:00.000000Z",
        0,
    )
    screen = run("status", "--now", f"{minute(8).isoformat()}Z")
    assert (screen.exit_code, screen.stderr) == (0, "")
    for part in ("lender.dev at 2026-03-02 00:08:00 UTC", "7 min", "Nothing is wrong."):
        assert part in screen.stdout


def test_a_view_is_late_now_though_the_monitors_found_it_well(
    well: PublishedProject, status: Status
) -> None:
    code, report = status(9)
    assert (code, wrong(report)) == (1, [LATE])
    assert report["wrong"][0]["since"] == "2026-03-02T00:08:00.000000Z"
    assert report["views"][0]["state"] == "late"
    assert status(62)[1]["views"][0]["state"] == "expired"


def test_a_view_that_is_late_is_placed(
    well: PublishedProject, activity: View, status: Status
) -> None:
    """Behind is the push, or a build that failed, or none that ran."""
    assert "No build has computed it" in status(9)[1]["wrong"][0]["finding"]
    well.build(activity, minute(7), {1: (1, "a")})
    (trouble,) = status(9)[1]["wrong"]
    assert "The run of 2026-03-02 00:07:00 UTC is not online." in trouble["finding"]
    assert "push-online --select customer_activity@1" in trouble["what_to_do"]
    well.log_build(activity, minute(8), "failed", "a test failed")
    well.publish()
    assert "Its last build failed (a test failed)." in status(9)[1]["wrong"][0]["finding"]


def test_monitors_that_never_ran_are_told(
    project: PublishedProject, activity: View, pusher: Pusher, run: Run, status: Status
) -> None:
    project.build(activity, minute(1), {1: (1, "a")})
    run("push-online", "--now", f"{minute(2).isoformat()}Z")
    code, report = status(3)
    assert (code, wrong(report)) == (1, [("monitors", "monitors")])
    assert report["wrong"][0]["finding"].startswith("They never ran")


def test_monitors_that_stopped_are_told(well: PublishedProject, status: Status) -> None:
    code, report = status(3 + 25 * 60 + 1)
    assert code == 1
    assert wrong(report) == [LATE, ("monitors", "monitors")]
    assert "last ran at 2026-03-02 00:03:00 UTC" in report["wrong"][1]["finding"]


def test_a_monitor_that_broke_is_no_peace(well: PublishedProject, status: Status) -> None:
    well.table(
        "monitors", MONITORS.replace("'success'", "if(name = 'alerts', 'failed', 'success')")
    )
    code, report = status(3)
    assert (code, wrong(report)) == (1, [("monitors", "alerts")])


def test_what_a_monitor_found_is_shown_also_without_alerts(
    well: PublishedProject, status: Status, run: Run
) -> None:
    monitored(well, nulls="'Half of it is null.'")
    code, report = status(3)
    assert (code, wrong(report)) == (1, [("null_ratios", "customer_activity@1")])
    assert report["wrong"][0]["feature"] == "city"
    screen = run("status", "--now", f"{minute(3).isoformat()}Z").stdout
    assert "customer_activity@1.city (null_ratios, risk, since 2026-03-02 00:01:00 UTC)" in screen
    assert "1 above" in screen


def test_a_push_that_failed_is_told_before_any_monitor_and_until_a_good_one(
    well: PublishedProject, activity: View, status: Status, run: Run
) -> None:
    away = ("--redis-url", "redis://127.0.0.1:1/0")
    run("push-online", "--now", f"{minute(4).isoformat()}Z", *away)
    code, report = status(5)
    assert (code, wrong(report)) == (1, [("push_health", "customer_activity@1")])
    assert "Redis cannot be reached" in report["wrong"][0]["finding"]
    assert report["wrong"][0]["since"] == "2026-03-02T00:04:00.000000Z"

    monitored(well, pushes="'Its last push failed.'")  # now a monitor says so too
    assert wrong(status(5)[1]) == [("push_health", "customer_activity@1")]
    run("push-online", "--now", f"{minute(5).isoformat()}Z")
    assert status(5)[0] == 0


def test_redis_that_came_back_empty_is_told(
    well: PublishedProject, status: Status, pusher: Pusher
) -> None:
    pusher.client.flushall()
    code, report = status(3)
    assert (code, report["views"][0]["state"]) == (1, "lost")
    assert "Redis does not hold it" in report["wrong"][0]["finding"]


def test_redis_that_is_away_is_told_and_the_rest_still_shown(
    well: PublishedProject, status: Status
) -> None:
    code, report = status(3, "--redis-url", "redis://127.0.0.1:1/0")
    assert (code, wrong(report)) == (1, [("redis", "lender.dev")])
    assert (report["views"][0]["state"], report["is_redis_asked"]) == ("ok", False)


def test_without_a_url_no_redis_is_started(
    well: PublishedProject, status: Status, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PROVENDER_REDIS_URL")
    code, report = status(3)
    assert (code, report["is_redis_asked"], report["decisions"]["unlanded"]) == (0, False, None)
    assert not (well.root / ".provender").exists()
    assert "Redis was not asked" in run("status", "--now", f"{minute(3).isoformat()}Z").stdout


def test_a_retired_view_is_not_waited_for(well: PublishedProject, status: Status, run: Run) -> None:
    well.services.clear()
    well.publish()
    assert run("retire", "customer_activity@1").exit_code == 0
    code, report = status(600)
    assert (code, report["views"][0]["state"]) == (0, "retired")


def test_a_view_nobody_built_is_no_trouble_and_one_nobody_pushed_is_where_it_is_read(
    well: PublishedProject, status: Status
) -> None:
    view = well.view("young", keys={"id": "bigint"}, features={"x": "integer"})
    well.publish()
    code, report = status(3)
    assert (code, report["views"][1]["state"]) == (0, "never built")
    well.build(view, minute(2), {1: (1,)})
    assert (status(8)[0], status(8)[1]["views"][1]["state"]) == (0, "ok")  # for training
    well.service("ranking", view)
    well.publish()
    assert wrong(status(10)[1]) == [LATE, ("freshness", "young@1")]
    assert status(10)[1]["views"][1]["state"] == "not online"


def test_decisions_that_wait_are_counted(
    well: PublishedProject, pusher: Pusher, status: Status, run: Run
) -> None:
    log = DecisionLog(pusher.client, namespace=pusher.namespace)
    features = pusher.reader(minute(3)).get("credit_risk", customer_id=1)
    for _ in range(3):
        log.record(features, model_version="m", decision={})
    assert status(3)[1]["decisions"]["unlanded"] == 3
    run("land-decisions", "--now", f"{minute(3).isoformat()}Z")
    decisions = status(3)[1]["decisions"]
    assert (decisions["unlanded"], decisions["landed_until"]) == (0, "2026-03-02T00:03:00.000000Z")


def test_without_a_build_it_cannot_run(project: PublishedProject, run: Run) -> None:
    result = run("status")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "No build yet" in result.stderr


def test_a_time_that_is_none_is_a_sentence(well: PublishedProject, run: Run) -> None:
    result = run("status", "--now", "noon")
    assert (result.exit_code, "'noon' is not a time" in result.stderr) == (2, True)
