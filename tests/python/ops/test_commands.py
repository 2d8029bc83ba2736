"""The commands: data on stdout, sentences on stderr, exit codes 0, 1, 2 and 130; no traceback."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import typer
from decision_records import log_some
from published_catalog import PublishedProject, View, minute
from pushing import Pusher, in_history
from redis_server import RedisServer
from typer.testing import CliRunner, Result

from provender import DecisionLog
from provender_ops import cli, push_online
from provender_ops.catalog import reading
from provender_ops.embedded_redis import EmbeddedRedis

Run = Callable[..., Result]


@pytest.fixture
def run(
    project: PublishedProject, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Run a command in the project's folder, against the shared Redis."""
    monkeypatch.setenv("PROVENDER_REDIS_URL", redis_server.url)
    monkeypatch.chdir(project.root)

    def invoke(*arguments: str) -> Result:
        result = CliRunner().invoke(cli.app, list(arguments), prog_name="provender")
        assert result.exception is None or isinstance(result.exception, SystemExit)
        assert "Traceback" not in result.output
        return result

    return invoke


@pytest.fixture
def pushed(project: PublishedProject, activity: View, pusher: Pusher) -> Pusher:
    project.service("credit_risk", activity)
    project.build(activity, minute(1), {1: (1, "a"), 2: (2, None)})
    pusher.push()
    return pusher


def refused(result: Result, code: int, *parts: str) -> None:
    """The command ended with `code` and said one thing, on stderr, with these parts."""
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    for part in parts:
        assert part in result.stderr


# push-online


def test_push_prints_a_table_and_lands_the_push_log(
    project: PublishedProject, activity: View, pusher: Pusher, run: Run
) -> None:
    project.build(activity, minute(1), {1: (1, "a")})

    result = run("push-online")

    assert result.exit_code == 0
    for part in ("customer_activity", "pushed", "full", "2026-03-02T00:01:00.000000Z"):
        assert part in result.stdout
    assert pusher.online(activity) == in_history(activity, minute(1))
    assert len(list((project.root / "landing/dev/push_log").glob("*.parquet"))) == 1


def test_push_json_is_parseable_and_complete(
    project: PublishedProject, activity: View, pusher: Pusher, run: Run
) -> None:
    project.service("credit_risk", activity)
    project.build(activity, minute(1), {1: (1, "a")})

    summary = json.loads(run("push-online", "--json", "--now", "2026-03-02T00:03:00+01:00").stdout)

    assert summary == {
        "namespace": "lender.dev",
        "project": "lender",
        "target": "dev",
        "dry_run": False,
        "views": [
            {
                "view": "customer_activity",
                "version": 1,
                "status": "pushed",
                "reason": "first push",
                "run": "2026-03-02T00:01:00.000000Z",
                "mode": "full",
                "rows": 1,
                "tombstones": 0,
                "generation": 1,
            }
        ],
        "services": [{"service": "credit_risk", "status": "written", "reason": ""}],
    }
    readable_at = pusher.pushes()[0]["readable_at_us"]
    assert readable_at == int(datetime.fromisoformat("2026-03-01T23:03:00Z").timestamp()) * 10**6


def test_push_dry_run_writes_nothing_anywhere(
    project: PublishedProject, activity: View, pusher: Pusher, run: Run
) -> None:
    project.build(activity, minute(1), {1: (1, "a")})
    files = sorted(project.root.rglob("*"))

    result = run("push-online", "--dry-run")

    assert (result.exit_code, "would push" in result.stdout) == (0, True)
    assert pusher.everything() == {}
    assert sorted(project.root.rglob("*")) == files


def test_push_refuses_one_view_with_1_and_pushes_the_others(
    project: PublishedProject, activity: View, pusher: Pusher, run: Run
) -> None:
    spend = project.view("spend", keys={"id": "bigint"}, features={"total": "double"})
    project.build(activity, minute(1), {1: (1, "a")}, "failed", "unique_customer fail")
    project.build(spend, minute(1), {1: (1.5,)})

    result = run("push-online", "--json")

    assert result.exit_code == 1
    statuses = {view["view"]: view["status"] for view in json.loads(result.stdout)["views"]}
    assert statuses == {"customer_activity": "refused", "spend": "pushed"}
    assert "customer_activity@1: Its last build failed (unique_customer fail)" in result.stderr


def test_push_with_another_targets_namespace_is_refused_with_1(
    pushed: Pusher, tmp_path: Path, run: Run
) -> None:
    other = PublishedProject(tmp_path / "other", target="prod")
    view = other.view("customer_activity", keys={"customer_id": "bigint"}, features={"x": "double"})
    other.build(view, minute(1), {1: (1.0,)})

    arguments = ("--project-dir", str(other.root), "--namespace", "lender.dev")
    refused(run("push-online", *arguments), 1, "belongs to lender.dev", "--namespace")


def test_push_works_while_dbt_holds_the_writer_file(
    project: PublishedProject, activity: View, pusher: Pusher, run: Run
) -> None:
    project.build(activity, minute(1), {1: (1, "a")})
    with duckdb.connect(str(project.root / "provender.duckdb")) as writer:
        writer.execute("create table being_written (a integer)")
        assert run("push-online").exit_code == 0


def test_push_says_no_build_yet(run: Run) -> None:
    refused(run("push-online"), 2, "No build yet", "dbt build")
    refused(run("push-online", "--target", "prod"), 2, "No build yet", "dbt build")


def test_push_outside_a_project_says_so(tmp_path: Path, run: Run) -> None:
    result = run("push-online", "--project-dir", str(tmp_path))
    refused(result, 2, "not a dbt project", "--project-dir")


def test_push_with_several_targets_lists_them(
    project: PublishedProject, pushed: Pusher, run: Run
) -> None:
    second = PublishedProject(project.root, target="prod")
    view = second.view("v", keys={"id": "bigint"}, features={"x": "double"})
    second.build(view, minute(1), {1: (1.0,)})

    refused(run("push-online"), 2, "dev, prod", "--target")
    refused(run("push-online", "--target", "prd"), 2, "Did you mean 'prod'?")
    assert run("push-online", "--target", "prod").exit_code == 0


def test_push_of_an_unknown_view_or_tag_names_the_nearest(pushed: Pusher, run: Run) -> None:
    result = run("push-online", "--select", "customer_activty")
    refused(result, 2, "No view 'customer_activty'", "Did you mean 'customer_activity'?")
    refused(run("push-online", "-s", "customer_activity@7"), 2, "customer_activity@1")
    refused(run("push-online", "-s", "tag:minute"), 2, "No tag 'minute'", "'minutes'")


def test_push_with_a_bad_time_or_namespace_says_so(pushed: Pusher, run: Run) -> None:
    refused(run("push-online", "--now", "noon"), 2, "'noon' is not a time", "2026-03-02T12:00:00Z")
    refused(run("push-online", "--namespace", "My Shop"), 2, "'My Shop' is not valid")


@pytest.mark.parametrize("damage", ["catalog", "files", "format"])
def test_an_unreadable_catalog_is_a_sentence(
    project: PublishedProject, pushed: Pusher, run: Run, damage: str
) -> None:
    if damage == "catalog":
        project.catalog.write_bytes(b"not a database")
    elif damage == "files":
        (project.published / "builds" / "latest.parquet").unlink()
    else:
        project.copy("store", "select 'lender' as project, 'dev' as target, 2 as format")
    words = "format 2" if damage == "format" else "Run `dbt build`"
    refused(run("push-online"), 2, str(project.catalog), words)


def test_redis_that_is_not_there_is_a_sentence(pushed: Pusher, run: Run) -> None:
    for command in (
        ["push-online"],
        ["read", "credit_risk", "customer_id=1"],
        ["land-decisions"],
        ["land-push-log"],
        ["verify-log"],
    ):
        refused(run(*command, "--redis-url", "redis://127.0.0.1:1/0"), 2, "Redis cannot be reached")
        refused(run(*command, "--redis-url", "localhost:6379"), 2, "The Redis URL cannot be read")


def test_a_wrong_password_is_a_sentence_and_is_not_told(
    pushed: Pusher, run: Run, own_redis: RedisServer
) -> None:
    with own_redis.client() as client:
        client.config_set("requirepass", "right")
    url = f"unix://:wr0ng@{own_redis.socket}"
    result = run("push-online", "--redis-url", url)
    refused(result, 2, "did not accept the user name or password")
    assert "wr0ng" not in result.output
    refused(run("push-online", "--redis-url", own_redis.url), 2, "password")


def test_redis_that_is_full_is_a_sentence_without_our_values(
    project: PublishedProject, activity: View, own_redis: RedisServer, run: Run
) -> None:
    secret = "a-city-of-somebody" * 50
    project.build(activity, minute(1), dict.fromkeys(range(3000), (1, secret)))
    with own_redis.client() as client:
        used = client.info("memory")["used_memory"]
        client.config_set("maxmemory", used + 300_000)
    result = run("push-online", "--redis-url", own_redis.url)
    refused(result, 2, "maxmemory")
    assert "a-city" not in result.output
    with own_redis.client() as client:
        assert Pusher(project, client).pushes() == []
        client.config_set("maxmemory", 0)
    assert run("push-online", "--redis-url", own_redis.url).exit_code == 0


def test_ctrl_c_ends_with_130_and_a_sentence(
    pushed: Pusher, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_online, "push", _interrupt)
    refused(run("push-online"), 130, "Interrupted")


def test_ctrl_c_in_a_query_is_no_unreadable_catalog(tmp_path: Path) -> None:
    """DuckDB turns it into an error of its own."""
    for error in (RuntimeError("Query interrupted"), duckdb.InterruptException("Interrupted!")):
        with pytest.raises(KeyboardInterrupt), reading(tmp_path):
            raise error


def test_a_disk_that_fails_is_a_sentence(
    project: PublishedProject, pushed: Pusher, run: Run
) -> None:
    (project.root / "landing").write_text("a file where the folder should be")
    result = run("land-push-log")
    refused(result, 2, "landing")


# read


def test_read_shows_each_feature_and_how_it_came_about(pushed: Pusher, run: Run) -> None:
    arguments = ("read", "credit_risk", "customer_id=1", "--now", "2026-03-02T00:02:00Z")
    result = run(*arguments)
    assert result.exit_code == 0
    for part in ("payments", "ok", "0:01:00", "customer_activity@1", "2026-03-02T00:01:00"):
        assert part in result.stdout

    served = json.loads(run(*arguments, "--json").stdout)
    assert served["keys"] == {"customer_id": 1}
    assert [(f["name"], f["value"], f["status"]) for f in served["features"]] == [
        ("payments", 1, "ok"),
        ("city", "a", "ok"),
    ]


def test_read_tells_null_from_missing(pushed: Pusher, run: Run) -> None:
    at = ("--now", "2026-03-02T00:02:00", "--json")
    null = json.loads(run("read", "credit_risk", "customer_id=2", *at).stdout)["features"][1]
    assert (null["value"], null["status"], null["is_default"]) == (None, "ok", False)
    missing = json.loads(run("read", "credit_risk", "customer_id=3", *at).stdout)["features"][1]
    assert (missing["value"], missing["status"], missing["is_default"]) == (None, "missing", True)


def test_read_takes_a_view_version_too(pushed: Pusher, run: Run) -> None:
    served = run("read", "customer_activity@1", "customer_id=1", "--json")
    assert json.loads(served.stdout)["service"] == "customer_activity@1"


def test_read_needs_no_project_when_told_where(
    pushed: Pusher, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("read", "credit_risk", "customer_id=1", "--namespace", "lender.dev").exit_code == 0


def test_read_parses_keys_by_their_declared_types(
    project: PublishedProject, pusher: Pusher, run: Run
) -> None:
    view = project.view(
        "typed",
        keys={"i": "bigint", "t": "varchar", "b": "boolean", "d": "date", "at": "timestamp"},
        features={"x": "integer"},
    )
    key = (-1, "a=b,é", True, datetime(2026, 1, 2).date(), datetime(2026, 1, 2, 3))
    project.build(view, minute(1), {key: (7,)})
    pusher.push()

    pairs = ("i=-1", "t=a=b,é", "b=true", "d=2026-01-02", "at=2026-01-02T03:00:00Z")
    served = json.loads(run("read", "typed@1", *pairs, "--json", "--now", "2026-03-02").stdout)
    assert served["features"][0]["value"] == 7


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["credit_rsk", "customer_id=1"], ["'credit_rsk'", "Did you mean 'credit_risk'?"]),
        (["customer_activity@2", "customer_id=1"], ["customer_activity@2", "not online"]),
        (["credit_risk"], ["customer_id (bigint)"]),
        (["credit_risk", "customerid=1"], ["'customerid'", "Did you mean 'customer_id'?"]),
        (["credit_risk", "customer_id=abc"], ["'customer_id' is a bigint", "'abc'"]),
        (["credit_risk", "customer_id"], ["not key=value", "customer_id=…"]),
        (["credit_risk", "customer_id=1", "customer_id=2"], ["given twice"]),
        (["credit_risk", f"customer_id={2**70}"], ["customer_id", "out of range"]),
        (["credit_risk", "customer_id=1", "--namespace", "nobody"], ["'nobody'", "push-online"]),
        (["credit_risk", "customer_id=1", "--now", "x"], ["not a time"]),
    ],
)
def test_read_refuses_what_it_cannot_read(
    pushed: Pusher, run: Run, arguments: list[str], parts: list[str]
) -> None:
    refused(run("read", *arguments), 2, *parts)


def test_read_of_a_corrupt_row_names_the_command_that_mends_it(
    project: PublishedProject, activity: View, pushed: Pusher, run: Run
) -> None:
    pushed.client.set(pushed.keys.row("customer_activity", 1, 1, "1"), b"garbage")
    refused(run("read", "credit_risk", "customer_id=1"), 2, "push-online --full --select")
    assert run("push-online", "--full", "--select", "customer_activity").exit_code == 0
    assert run("read", "credit_risk", "customer_id=1").exit_code == 0


def test_read_of_a_view_that_would_rather_fail_is_refused_with_1(
    project: PublishedProject, pusher: Pusher, run: Run
) -> None:
    view = project.view("strict", keys={"id": "bigint"}, features={"x": "integer"})
    view.policies["otherwise"] = "fail"
    project.build(view, minute(1), {1: (1,)})
    pusher.push()
    refused(run("read", "strict@1", "id=2"), 1, "otherwise: fail")


# decisions


def test_decisions_land_and_unreadable_ones_are_told(
    project: PublishedProject, pushed: Pusher, run: Run
) -> None:
    features = pushed.reader(minute(2)).get("credit_risk", customer_id=1)
    log = DecisionLog(pushed.client, namespace=pushed.namespace)
    log.record(features, model_version="m", decision={})

    result = run("land-decisions", "--json")
    assert (result.exit_code, json.loads(result.stdout)["landed"]) == (0, 1)

    entry = pushed.client.xadd(pushed.keys.decisions, {"record": "{"})
    result = run("land-decisions")
    assert (result.exit_code, "cannot be read" in result.stderr) == (1, True)
    assert entry.decode() in result.stderr  # type: ignore[union-attr]


def test_landing_says_how_far_the_log_has_landed(
    project: PublishedProject, pushed: Pusher, run: Run
) -> None:
    """By its `--now` in a rehearsal; a push lands the push log by its own."""
    run("push-online", "--full", "--now", "2026-03-02T12:02:00Z")
    marks = f"from read_parquet('{project.root}/landing/dev/landed/*.parquet')"
    assert duckdb.sql(f"select log, landed_until {marks}").fetchall() == [
        ("push_log", datetime(2026, 3, 2, 12, 2))
    ]
    for command in ("land-push-log", "land-decisions"):
        result = run(command, "--json", "--now", "2026-03-02T14:32:00+02:00")
        assert json.loads(result.stdout)["landed_until"] == "2026-03-02T12:32:00.000000Z"
        assert "up to 2026-03-02T12:32:00.000000Z" in result.stderr
        refused(run(command, "--now", "noon"), 2, "--now 'noon' is not a time")
    assert duckdb.sql(f"select log, landed_until {marks} order by 1").fetchall() == [
        ("decision_log", datetime(2026, 3, 2, 12, 32)),
        ("push_log", datetime(2026, 3, 2, 12, 32)),
    ]


def test_landing_prints_the_head_and_verify_log_holds_it(
    project: PublishedProject, pushed: Pusher, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PROVENDER_LOG_KEY", raising=False)
    refused(run("verify-log"), 2, "There is no key of the decision log")
    log_some(pushed.client, [1, 2])
    result = run("land-decisions", "--json")
    assert "Made a key" in result.stderr
    landed = json.loads(result.stdout)
    assert (landed["landed"], len(landed["files"]), landed["unreadable"]) == (2, 1, [])
    assert f"The ledger's head is {landed['head']}." in result.stderr

    whole = run("verify-log", "--head", landed["head"], "--json")
    assert whole.exit_code == 0
    assert "The log is whole: 2 entries, 1 files, 2 rows." in whole.stderr
    assert json.loads(whole.stdout)["head"] == landed["head"]
    refused(run("verify-log", "--head", "17"), 2, "is no head of a log")
    refused(run("land-decisions", "--follow", "--json"), 2, "goes with neither")

    (file,) = landed["files"]
    Path(file).unlink()
    refused(run("verify-log"), 1, "was removed, with 2 decisions", "1 findings")
    away = run("verify-log", "--redis-url", "redis://127.0.0.1:1", "--head", landed["head"])
    assert (away.exit_code, "was not compared" in away.stderr) == (1, True)


def test_following_ends_at_a_signal_with_all_that_came(
    project: PublishedProject, pushed: Pusher, redis_server: RedisServer
) -> None:
    log_some(pushed.client, [1, 2, 3])
    landing = "from provender_ops.cli import main; main()"
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            landing,
            "land-decisions",
            "--follow",
            "--redis-url",
            redis_server.url,
        ],
        cwd=project.root,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = next(line for line in process.stderr if "Landed" in line)
    assert "Landed 3 decisions" in said
    process.send_signal(signal.SIGTERM)
    assert "Stopped. 3 decisions landed." in process.stderr.read()
    assert process.wait() == 0


def test_a_push_record_that_cannot_be_read_is_told_by_each_push(pushed: Pusher, run: Run) -> None:
    entry = pushed.client.xadd(pushed.keys.pushes, {"record": "{"})
    for _ in range(2):
        result = run("push-online")
        assert result.exit_code == 0
        assert f"cannot be read stays in the stream ({entry.decode()})" in result.stderr  # type: ignore[union-attr]


def test_audit_of_a_decision_that_is_not_there_says_how_to_bring_it(
    pushed: Pusher, run: Run
) -> None:
    refused(run("audit", "nobody"), 2, "land-decisions", "dbt build")


# the project's own Redis


@pytest.fixture
def embedded(
    project: PublishedProject, monkeypatch: pytest.MonkeyPatch, run: Run
) -> Iterator[EmbeddedRedis]:
    monkeypatch.delenv("PROVENDER_REDIS_URL")
    server = EmbeddedRedis(project.root)
    yield server
    server.stop()


def test_without_a_url_the_projects_own_redis_is_used_and_keeps_running(
    project: PublishedProject, activity: View, run: Run, embedded: EmbeddedRedis
) -> None:
    project.build(activity, minute(1), {1: (1, "a")})

    first, second = run("push-online"), run("push-online")
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "keeps running" in first.stderr
    assert "keeps running" not in second.stderr
    at = ("--now", "2026-03-02T00:02:00Z")
    read = run("read", "customer_activity@1", "customer_id=1", "--json", *at)
    assert json.loads(read.stdout)["features"][0]["value"] == 1


def test_redis_start_url_and_stop(run: Run, embedded: EmbeddedRedis) -> None:
    assert "not running" in run("redis", "url").stderr
    assert run("redis", "start").stdout.strip() == embedded.url
    result = run("redis", "url")
    assert (result.stdout.strip(), result.stderr) == (embedded.url, "")
    assert "Stopped" in run("redis", "stop").stderr
    assert "was not running" in run("redis", "stop").stderr


# retire


def test_retire_takes_a_view_offline_that_no_declared_service_reads(
    project: PublishedProject, pushed: Pusher, run: Run
) -> None:
    unsaid = run("retire", "customer_activity")
    assert unsaid.exit_code == 2
    assert "Say which version of customer_activity: customer_activity@1." in unsaid.stderr
    refused = run("retire", "customer_activity@1")
    assert refused.exit_code == 1
    assert "is read by" in refused.stderr
    project.services.clear()
    project.publish()
    retired = run("retire", "customer_activity@1")
    assert (retired.exit_code, retired.stdout) == (0, "")
    assert "its rows are deleted" in retired.stderr
    unknown = run("retire", "customer_activity@7")
    assert unknown.exit_code == 2
    assert "is not online" in unknown.stderr


# all of them


# run: what it does is in tests/python/schedule


def test_run_says_what_it_cannot_work_with(
    project: PublishedProject, activity: View, run: Run
) -> None:
    refused(run("run", "--cadence", "minutes"), 2, "No build yet", "--target NAME")
    project.build(activity, minute(1), {1: (1, "a")})
    refused(run("run", "--cadence", "minutes"), 2, "has no 'minutes'", "Declare it, like")
    (project.root / "dbt_project.yml").write_text(
        "{name: lender, vars: {provender: {schedules: {minutes: {every: 5m}}}}}"
    )
    refused(run("run", "--cadence", "minute"), 2, "Did you mean 'minutes'?")
    refused(run("run", "--cadence", "minutes", "--vars", "a"), 2, "--vars 'a' is no mapping")
    refused(run("run", "--cadence", "minutes", "--now", "soon"), 2, "not a time")
    assert not (project.root / ".provender/run/dev.minutes.json").exists()


def commands() -> list[list[str]]:
    """Every command there is, in whichever group."""

    def inside(group: Any) -> Iterator[list[str]]:
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from ([name, *path] for path in inside(command))
            else:
                yield [name]

    return list(inside(typer.main.get_command(cli.app)))


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_help_says_what_it_does(command: list[str], run: Run) -> None:
    result = run(*command, "--help")
    assert result.exit_code == 0
    if command[0] != "redis":
        assert "Example" in result.stdout


def test_an_unknown_option_ends_with_2(run: Run) -> None:
    assert run("push-online", "--fulll").exit_code == 2
    assert run("nothing").exit_code == 2


@pytest.mark.parametrize("module", ["push_online", "cli"])
def test_the_installed_commands_work_as_processes(
    project: PublishedProject, pushed: Pusher, redis_server: RedisServer, module: str
) -> None:
    arguments = ["--help"] if module == "cli" else ["--json"]
    done = subprocess.run(
        [sys.executable, "-c", f"from provender_ops.{module} import main; main()", *arguments],
        cwd=project.root,
        env={**os.environ, "PROVENDER_REDIS_URL": redis_server.url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
