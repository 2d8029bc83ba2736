"""The printed ACL rules let each Redis user do its work, and no more; Redis itself refuses."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from logging_store import until
from published_catalog import PublishedProject, View, minute
from pushing import LOG_KEY, Pusher
from typer.testing import CliRunner

from provender import DecisionLog, StoreUnavailable
from provender_ops import cli
from provender_ops.decisions.landing import land_decisions
from provender_ops.land import land_push_log


@pytest.fixture
def other(project: PublishedProject) -> View:
    """A view that the service does not declare; its keys hold what patterns are made of."""
    return project.view(
        "customer_secrets", keys={"customer": "varchar"}, features={"secret": "integer"}
    )


@pytest.fixture
def users(
    project: PublishedProject, activity: View, other: View, pusher: Pusher
) -> Iterator[dict[str, redis.Redis]]:
    """A client for each user whose rule `provender acl` printed."""
    project.service("credit_risk", activity)
    project.build(activity, minute(1), {1: (1, "a")})
    project.build(other, minute(1), dict.fromkeys(("*", "[a-z]", "x:{1}", "?.1:{1}"), (7,)))
    asked = ["acl", "--project-dir", str(project.root)]
    printed = CliRunner().invoke(cli.app, asked)
    assert printed.exit_code == 0, printed.output
    rules = [line.split() for line in printed.stdout.splitlines()]
    assert [rule[:2] for rule in rules] == [["ACL", "SETUSER"]] * 2
    for rule in rules:
        pusher.client.execute_command(*rule)
        pusher.client.execute_command("ACL", "SETUSER", rule[2], "on", ">s3cret")
    path = pusher.client.connection_pool.connection_kwargs["path"]
    clients = {
        name: redis.Redis(unix_socket_path=path, username=f"lender.dev.{name}", password="s3cret")
        for name in ("credit_risk", "pusher")
    }
    yield clients
    for name, client in clients.items():
        client.close()
        pusher.client.acl_deluser(f"lender.dev.{name}")


def test_the_pusher_sees_the_status(
    project: PublishedProject, users: dict[str, redis.Redis]
) -> None:
    path = users["pusher"].connection_pool.connection_kwargs["path"]
    url = f"unix://lender.dev.pusher:s3cret@{path}"
    asked = ["status", "--json", "--redis-url", url, "--project-dir", str(project.root)]
    report = json.loads(CliRunner().invoke(cli.app, asked).stdout)
    assert (report["is_redis_asked"], report["decisions"]["unlanded"]) == (True, 0)


def test_the_pusher_pushes_lands_and_reclaims(
    project: PublishedProject, activity: View, users: dict[str, redis.Redis]
) -> None:
    confined = Pusher(project, users["pusher"])
    project.build(activity, minute(2), {1: (2, "a"), 2: (2, "b")})
    assert {view.status for view in confined.push().views} == {"pushed"}
    project.build(activity, minute(3), {1: (3, "a")})
    assert {view.status for view in confined.push().views} == {"pushed", "up to date"}
    assert {view.status for view in confined.push(full=True).views} == {"pushed"}
    with DecisionLog(users["credit_risk"], namespace="lender.dev") as log:
        served = Pusher(project, users["credit_risk"]).reader(minute(4))
        log.record(served.get("credit_risk", customer_id=1), model_version="1", decision={})
        landing = project.root / "landing"
        assert land_decisions(users["pusher"], confined.keys, landing, LOG_KEY).landed == 1
        assert land_push_log(users["pusher"], confined.keys, landing).landed == 5


@pytest.mark.parametrize("is_journal", [False, True])
def test_a_service_logs_and_sends_what_it_spooled(
    users: dict[str, redis.Redis], pusher: Pusher, tmp_path: Path, is_journal: bool
) -> None:
    pusher.push()
    served = Pusher(pusher.project, users["credit_risk"]).reader(minute(2))
    keeping: Any = {"bound": 30, "spool": tmp_path / "spool", "journal": is_journal}
    with DecisionLog(users["credit_risk"], namespace="lender.dev", **keeping) as log:
        log.check()
        read = served.get("credit_risk", customer_id=1)
        log.record(read, model_version="1", decision={})
        pusher.client.config_set("maxmemory", 1)
        log.record(read, model_version="1", decision={})
        pusher.client.config_set("maxmemory", 0)
        until(lambda: pusher.client.xlen(pusher.keys.decisions) == 2)
        if is_journal:
            (writer,) = pusher.client.hkeys(pusher.keys.sent)
            users["pusher"].hset(pusher.keys.landed, writer.decode(), "2")
            until(lambda: not list((tmp_path / "spool").glob("*.jsonl")))


def test_a_service_reads_what_it_declares_and_nothing_else(
    project: PublishedProject, users: dict[str, redis.Redis], pusher: Pusher
) -> None:
    pusher.push()
    reader = Pusher(project, users["credit_risk"]).reader(minute(2))
    assert reader.get("credit_risk", customer_id=1)["payments"].value == 1
    for key in ("*", "[a-z]", "x:{1}", "?.1:{1}", "1"):
        with pytest.raises(StoreUnavailable, match="permission"):
            reader.get_view("customer_secrets", 1, customer=key)
    for command in (["SET", pusher.keys.registry, "x"], ["FLUSHALL"], ["KEYS", "*"]):
        with pytest.raises(redis.exceptions.NoPermissionError):
            users["credit_risk"].execute_command(*command)


def test_the_pusher_writes_nothing_of_another_namespace(
    project: PublishedProject, users: dict[str, redis.Redis]
) -> None:
    with pytest.raises(StoreUnavailable, match="permission"):
        Pusher(project, users["pusher"], "lender.other").push()
