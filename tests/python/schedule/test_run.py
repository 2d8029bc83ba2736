"""`provender run`: killed anywhere it goes on and does nothing twice; one at a time."""

import json
import os
import signal
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from decision_records import log_some
from loaded_push import LoadedPush
from redis_server import RedisServer
from scheduled_shop import VIEWS, Shop, make_shop

from provender.instants import to_us

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def loaded() -> Iterator[LoadedPush]:
    path = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    environment = {
        "PYTHONPATH": path,
        "DBT_PROFILES_DIR": ".",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_LOG_LEVEL_FILE": "none",
    }
    loaded = LoadedPush("struck_run", environment)
    yield loaded
    loaded.remove()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, loaded: LoadedPush) -> Iterator[Shop]:
    """A shop that was never built; the tests follow one another."""
    server = RedisServer()
    yield make_shop(tmp_path_factory.mktemp("run") / "shop", server, loaded)
    server.remove()


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

    assert shop.strike("minutes", "after", "monitor").dbt_runs == 1
    assert shop.monitored() == 1
    done = shop.run("minutes")
    assert (done.code, set(done.states.values())) == (0, {"done before"})
    assert "the slot of" not in done.output  # --json

    assert [len(runs) for runs in shop.runs().values()] == [1, 1]
    assert shop.pushes() == once
    assert shop.landed() == list(range(1, 30))
    assert shop.monitored() == 1


def test_killed_inside_a_build_with_and_without_dbt_and_two_at_once(shop: Shop) -> None:
    """With dbt: the next run builds. Alone: its dbt is known, and what it builds counts.

    A second run is refused, or waits.
    """
    process = shop.start("hourly")
    shop.wait_for(process, "OK snapshotted")  # a history was written, and nobody was told
    shop.kill(process, with_dbt=True)
    before = shop.runs()

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
    for view, pushed in shop.pushes().items():
        assert pushed[-1] == us(shop.runs()[view])[-1] > us(before[view])[-1]
        assert len(pushed) == 2, "what the killed build had written is not pushed by itself"


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
    later = shop.run("minutes", "--dry-run", "--now", "2040-01-01T00:00:00Z")
    earlier = shop.run("minutes", "--dry-run", "--now", "2010-01-01T00:00:00Z")
    assert {path: path.stat().st_mtime_ns for path in shop.project.folder.rglob("*")} == files

    assert list(shop.run("monitor", "--dry-run").states) == ["land", "monitor"]
    assert set(shown.states.values()) == {"done before"}
    assert set(earlier.states.values()) == {"done before"}, "the clock was set back"
    assert set(later.states.values()) == {"to do"}
    assert later.summary["slot"] == "2039-12-15T00:00:00.000000Z"
    build, push, land, monitor = [step["command"] for step in later.summary["steps"]]
    assert build.endswith("--select tag:minutes +tag:minutes,config.materialized:view")
    assert "--select tag:minutes" in push
    assert land.startswith("provender land-decisions --target dev")
    assert monitor.endswith("--select tag:monitor")
