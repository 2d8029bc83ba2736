"""Each push leaves behind what became of every view it meant to push, also where it broke off."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from published_catalog import PublishedProject, View, minute
from pushing import Pusher
from redis_server import RedisServer
from typer.testing import CliRunner, Result

from provender_ops import cli
from provender_ops.push_attempts import FOLDER, Attempts
from provender_ops.push_view import ViewOutcome

Run = Callable[..., Result]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def run(
    project: PublishedProject, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> Run:
    monkeypatch.setenv("PROVENDER_REDIS_URL", redis_server.url)
    monkeypatch.chdir(project.root)
    return lambda *arguments: CliRunner().invoke(cli.app, list(arguments))


@pytest.fixture
def other(project: PublishedProject, activity: View) -> View:
    """A second view; both have a good run."""
    view = project.view("spend", keys={"id": "bigint"}, features={"x": "integer"})
    project.build(activity, minute(1), {1: (1, "a"), 2: (2, None)})
    project.build(view, minute(1), {1: (1,)})
    return view


def attempts(project: PublishedProject, columns: str) -> list[Any]:
    files = f"'{project.root}/landing/dev/{FOLDER}/*.parquet'"
    sql = f"select {columns} from read_parquet({files}) order by ended_at, view, outcome"
    return duckdb.sql(sql).fetchall()


def test_each_outcome_is_kept(
    project: PublishedProject, activity: View, other: View, pusher: Pusher, run: Run
) -> None:
    first = run("push-online", "--now", "2026-03-02T00:02:00Z")
    assert first.exit_code == 0, first.output
    project.build(activity, minute(5), {1: (1, "a")})
    project.log_build(other, minute(5), "failed", "spend fail")
    project.publish()
    run("push-online", "--now", "2026-03-02T00:06:00Z")

    found = attempts(project, "view, outcome, message, run_as_of, ended_at, rows, tombstones, mode")
    assert found[:2] == [
        ("customer_activity", "pushed", "first push", minute(1), minute(2), 2, 0, "full"),
        ("spend", "pushed", "first push", minute(1), minute(2), 1, 0, "full"),
    ]
    assert found[2][:5] == ("customer_activity", "pushed", None, minute(5), minute(6))
    assert found[3][:2] == ("spend", "refused")
    assert "spend fail" in found[3][2]
    assert {row[0] for row in attempts(project, "seconds > 0")} == {True}
    stores = set(attempts(project, "namespace, project, target, version"))
    assert stores == {("lender.dev", "lender", "dev", 1)}


def test_a_retired_view_is_noted_so_that_nobody_waits_for_its_pushes(
    project: PublishedProject, other: View, pusher: Pusher, run: Run
) -> None:
    run("push-online")
    assert run("retire", "customer_activity@1").exit_code == 0
    run("push-online")
    found = attempts(project, "view, outcome")
    outcomes = [outcome for view, outcome in found if view == "customer_activity"]
    assert outcomes == ["pushed", "retired", "retired"]


def test_a_push_that_cannot_reach_redis_failed_for_every_view_it_meant(
    project: PublishedProject, other: View, run: Run
) -> None:
    assert run("push-online", "--redis-url", "redis://127.0.0.1:1/0").exit_code == 2
    found = attempts(project, "view, outcome, message")
    assert [row[:2] for row in found] == [("customer_activity", "failed"), ("spend", "failed")]
    assert "Redis cannot be reached" in found[0][2]


def test_what_went_before_it_broke_off_is_told_apart(
    project: PublishedProject, activity: View, other: View, own_redis: RedisServer, run: Run
) -> None:
    """The second view does not fit into Redis any more."""
    wide = dict.fromkeys(range(3000), (1, "x" * 900))
    large = project.view("wide", keys={"id": "bigint"}, features={"x": "integer", "s": "varchar"})
    project.build(large, minute(1), wide)
    with own_redis.client() as client:
        client.config_set("maxmemory", client.info("memory")["used_memory"] + 600_000)
    assert run("push-online", "--redis-url", own_redis.url).exit_code == 2
    found = {
        view: (outcome, message)
        for view, outcome, message in attempts(project, "view, outcome, message")
    }
    assert found["customer_activity"][0] == found["spend"][0] == "pushed"
    assert found["wide"][0] == "failed"
    assert "maxmemory" in found["wide"][1]


def test_a_dry_run_and_a_wrong_name_leave_nothing(
    project: PublishedProject, other: View, pusher: Pusher, run: Run
) -> None:
    run("push-online", "--dry-run")
    run("push-online", "--select", "nobody")
    run("push-online", "--namespace", "../elsewhere")
    assert not (project.root / "landing/dev" / FOLDER).exists()


def noted(landing: Path, at: datetime, view: str = "v") -> None:
    attempts = Attempts([(view, 1)], ("shop.dev", "shop", "dev"), lambda: at)
    attempts.ended(ViewOutcome(view, 1, "pushed"))
    attempts.land(landing)


def test_pushes_at_once_and_many_make_one_file_a_day(tmp_path: Path) -> None:
    pushers = [
        threading.Thread(target=lambda n=n: [noted(tmp_path, NOON, f"v{n}") for _ in range(10)])
        for n in range(4)
    ]
    for pusher in pushers:
        pusher.start()
    for pusher in pushers:
        pusher.join()
    (file,) = (tmp_path / FOLDER).glob("*.parquet")
    assert file.name == "shop.dev__2026-03-02.parquet"
    sql = f"select count(distinct attempt_id), count(*) from '{file}'"
    assert duckdb.sql(sql).fetchall() == [(40, 40)]


def test_files_of_more_than_90_days_ago_go(tmp_path: Path) -> None:
    for days in (0, 1, 90, 91):
        noted(tmp_path, NOON + timedelta(days=days))
    names = sorted(path.name for path in (tmp_path / FOLDER).glob("*.parquet"))
    assert names == [f"shop.dev__2026-{day}.parquet" for day in ("03-03", "05-31", "06-01")]


def test_a_damaged_file_does_not_stop_a_push(tmp_path: Path) -> None:
    noted(tmp_path, NOON)
    (file,) = (tmp_path / FOLDER).glob("*.parquet")
    file.write_bytes(b"no parquet")
    noted(tmp_path, NOON)
    assert duckdb.sql(f"select count(*) from '{file}'").fetchall() == [(1,)]
