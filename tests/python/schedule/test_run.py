"""`provender run`: killed anywhere it goes on and does nothing twice; one at a time."""

import ast
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from datetime import datetime

import pytest
import yaml
from decision_records import KEYS, log_some
from scheduled_shop import VIEWS, Shop
from support import REPO

from provender.instants import to_us
from provender_ops.schedule.run_lock import RunLock

EXAMPLES = REPO / "examples/schedules"


def us(moments: list[datetime]) -> list[int]:
    return [to_us(moment) for moment in moments]


def test_killed_after_each_step_it_goes_on_and_does_nothing_twice(shop: Shop) -> None:
    """Before a step that ended is noted, and after; then all of it is done, once."""
    with shop.redis.client() as client:
        log_some(client, range(1, 30))

    assert shop.strike("minutes", "before", "build").dbt_runs == 1
    assert [len(runs) for runs in shop.runs().values()] == [1, 1]
    assert shop.strike("minutes", "after", "build").dbt_runs == 0, "it had ended"
    assert shop.pushes() == {view: [] for view in VIEWS}

    shop.strike("minutes", "before", "push")
    once = {view: us(runs) for view, runs in shop.runs().items()}
    assert shop.pushes() == once
    shop.strike("minutes", "after", "push")

    shop.strike("minutes", "before", "land")
    assert shop.landed() == list(range(1, 30))
    shop.strike("minutes", "after", "land")

    done = shop.run("minutes")
    assert (done.code, set(done.states.values())) == (0, {"done before"})

    assert [len(runs) for runs in shop.runs().values()] == [1, 1]
    assert shop.pushes() == once
    assert shop.landed() == list(range(1, 30))


def test_killed_inside_a_build_with_and_without_dbt_and_two_at_once(shop: Shop) -> None:
    """With dbt: the next run builds. Alone: its dbt is known, and what it builds counts.

    A second run is refused, or waits.
    """
    earlier = shop.pushes()
    process = shop.start("hourly")
    shop.wait_for(process, "OK snapshotted")  # a history was written, and nobody was told
    shop.kill(process, with_dbt=True)

    first = shop.start("hourly")
    shop.wait_for(first, "START sql table model")
    refused = shop.run("hourly")
    assert refused.code == 75
    assert f"as process {first.pid}" in refused.output
    assert "--wait SECONDS" in refused.output
    assert shop.run("nightly", "--wait", "0.1").code == 75, "any cadence of the folder"

    dbt = shop.kill(first, with_dbt=False)
    waiting = shop.run("hourly", "--wait", "120")
    assert f"process {first.pid} is gone" in waiting.output
    assert f"(process {dbt}) still works" in waiting.output
    assert waiting.code == 0
    assert waiting.dbt_runs == 0, "the build that nobody waited for counts"
    assert waiting.states == {"build": "done", "push": "done", "land": "done"}
    # what the killed build had written is there, and not pushed by itself
    assert max(len(runs) - len(earlier[view]) for view, runs in shop.runs().items()) == 2
    last = {view: [*earlier[view], us(runs)[-1]] for view, runs in shop.runs().items()}
    assert shop.pushes() == last


def test_what_failed_is_tried_again_and_what_went_well_is_not(shop: Shop) -> None:
    shop.switch(history_fails=True)
    before, pushed_before = shop.runs(), shop.pushes()

    failed = shop.run("weekly")

    assert failed.code == 1
    assert failed.states == {"build": "refused", "push": "refused", "land": "done"}
    build, push, _ = failed.summary["steps"]
    assert build["message"] == "dbt says that these failed: visits_history (error)."
    assert push["message"] == "Refused: visits@1; the others are online."
    spend = len(before["spend"]) + 1
    assert len(shop.runs()["spend"]) == spend
    assert len(shop.pushes()["spend"]) == len(pushed_before["spend"]) + 1
    assert shop.pushes()["visits"] == pushed_before["visits"]

    shop.switch(history_fails=False)
    mended = shop.run("weekly")

    assert (mended.code, set(mended.states.values())) == (0, {"done"})
    assert len(shop.runs()["spend"]) == spend, "it was built well in this slot"
    assert len(shop.runs()["visits"]) == len(before["visits"]) + 1
    assert shop.pushes()["visits"][-1] == us(shop.runs()["visits"])[-1]
    assert len(shop.pushes()["spend"]) == len(pushed_before["spend"]) + 1


def test_a_redis_that_is_away_is_2_and_the_build_is_not_done_again(shop: Shop) -> None:
    note = shop.notes / "dev.hourly.json"
    noted = json.loads(note.read_text())
    note.write_text(json.dumps({**noted, "steps": {"build": 0}}))  # as if killed after the build
    shop.redis.stop()
    away = shop.run("hourly")
    assert away.code == 2
    states = {"build": "done before", "push": "could not run", "land": "could not run"}
    assert away.states == states
    shop.redis.start()
    back = shop.run("hourly")
    assert (back.code, back.states) == (
        0, {"build": "done before", "push": "done", "land": "done"},
    )  # fmt: skip


def test_sigterm_ends_dbt_too(shop: Shop) -> None:
    process = shop.start("nightly")
    shop.wait_for(process, "Running with dbt")
    process.send(signal.SIGTERM)
    ended = process.wait()
    assert (ended.code, "Interrupted." in ended.output) == (130, True)
    assert set(shop.run("nightly", "--dry-run").states.values()) == {"to do"}
    assert shop.run("hourly").code == 0, "nothing has the lock"


def test_a_dry_run_shows_slot_and_commands_and_does_nothing(shop: Shop) -> None:
    files = {path: path.stat().st_mtime_ns for path in shop.project.folder.rglob("*")}
    shown = shop.run("minutes", "--dry-run")
    later = shop.run("nightly", "--dry-run", "--now", "2040-01-01T00:00:00Z")
    earlier = shop.run("minutes", "--dry-run", "--now", "2010-01-01T00:00:00Z")
    assert {path: path.stat().st_mtime_ns for path in shop.project.folder.rglob("*")} == files

    unknown = shop.run("minutes", "--dry-run", "--target", "deb")
    assert (unknown.code, "no target 'deb'. Did you mean 'dev'?" in unknown.output) == (2, True)
    assert list(shop.run("monitor", "--dry-run").states) == ["land", "monitor"]
    assert set(shown.states.values()) == {"done before"}
    assert set(earlier.states.values()) == {"done before"}, "the clock was set back"
    assert set(later.states.values()) == {"to do"}
    assert later.summary["slot"] == "2039-12-15T00:00:00.000000Z"
    build, push, land, monitor = [step["command"] for step in later.summary["steps"]]
    variables = shlex.split(build)[shlex.split(build).index("--vars") + 1]
    assert yaml.safe_load(variables)["rehearsal"] is True, "it can be typed as it is shown"
    assert build.endswith("--select tag:nightly +tag:nightly,config.materialized:view")
    assert "--select tag:nightly" in push
    assert land.startswith("provender land-decisions --target dev")
    assert monitor.endswith("--select tag:monitor")


# The examples: their commands are run here, as their scheduler runs them.


def crontab() -> list[str]:
    """Return the command of each line that is one: after five fields, none of which is too much."""
    lines = (EXAMPLES / "crontab").read_text().splitlines()
    commands = []
    for line in lines:
        if line and not re.match(r"#|[A-Z_]+=", line):
            *fields, command = line.split(maxsplit=5)
            assert all(re.fullmatch(r"\*|\*/[1-9][0-9]?|[0-9,-]+", field) for field in fields)
            assert "%" not in command, "cron makes a new line of it"
            commands.append(command)
    return commands


def airflow_dags() -> list[str]:
    tree = ast.parse((EXAMPLES / "airflow_dags.py").read_text())
    (calls,) = [
        ast.literal_eval(statement.value)
        for statement in tree.body
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "CALLS"
    ]
    return [command for _, command in calls.values()]


def github_actions() -> list[str]:
    job = yaml.safe_load((EXAMPLES / "github-actions.yml").read_text())["jobs"]["run"]
    folder = job["defaults"]["run"]["working-directory"]
    return [f"cd {folder} && {step['run']}" for step in job["steps"]]


COMMANDS = [
    *[pytest.param(command, id=f"cron{n}") for n, command in enumerate(crontab())],
    *[pytest.param(command, id=f"airflow{n}") for n, command in enumerate(airflow_dags())],
    *[pytest.param(command, id=f"github{n}") for n, command in enumerate(github_actions())],
]


@pytest.fixture(scope="module")
def installed(shop: Shop) -> Shop:
    """The shop's folder as it would be at /srv/features, with the commands in its .venv."""
    program = shop.project.folder / ".venv/bin/provender"
    program.parent.mkdir(parents=True, exist_ok=True)
    main = "from provender_ops.cli import main; main()"
    path = os.environ.get("PYTHONPATH", "")
    program.write_text(
        f"#!/bin/sh\nPYTHONPATH='{path}' exec '{sys.executable}' -c '{main}' \"$@\"\n"
    )
    program.chmod(0o755)
    return shop


def as_scheduled(shop: Shop, command: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run a command of an example by `sh -c`, with no more around it than cron gives."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(shop.project.folder),
        "DBT_PROFILES_DIR": ".",
        "PROVENDER_REDIS_URL": shop.redis.url,
        "PROVENDER_NAMESPACE": KEYS.namespace,
    }
    return subprocess.run(
        ["/bin/sh", "-c", command.replace("/srv/features", str(shop.project.folder))],
        env={**environment, **changes}, capture_output=True, text=True, check=False, cwd="/",
    )  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_an_example_does_what_is_due(installed: Shop, command: str) -> None:
    """`minutes` was done before; `nightly` is done by the first that is called, with monitors."""
    assert command.count("/srv/features") == 1
    (cadence,) = re.findall(r"--cadence (\w+)", command)
    done = as_scheduled(installed, command)
    assert done.returncode == 0, done.stdout + done.stderr
    noted = json.loads((installed.notes / f"dev.{cadence}.json").read_text())
    assert {"build", "push", "land"} <= noted["steps"].keys()
    assert set(noted["steps"].values()) == {0}
    if cadence == "nightly":
        assert installed.monitored() == 1


def test_cron_mails_what_is_wrong_and_nothing_else(installed: Shop) -> None:
    command, _ = crontab()
    well = as_scheduled(installed, command)
    with RunLock.held(installed.notes / "lock", "minutes", 0, print):
        busy = as_scheduled(installed, command)
    for silent in (well, busy):
        assert (silent.returncode, silent.stdout, silent.stderr) == (0, "", "")

    path = installed.notes / "dev.minutes.json"
    noted = path.read_text()
    path.write_text(json.dumps({**json.loads(noted), "steps": {"build": 0}}))
    wrong = as_scheduled(installed, command, PROVENDER_REDIS_URL="unix:///nowhere.sock")
    path.write_text(noted)
    assert "Redis cannot be reached" in wrong.stdout
