"""Two pushes at once, a Redis that is not what it was, files that are gone, views that retire."""

import os
import socket
import subprocess
from collections.abc import Callable
from typing import Any, cast

import pytest
from published_catalog import PublishedProject, View, minute
from pushing import Pusher, in_history

from provender import UnknownView
from provender_ops import online_store
from provender_ops.errors import Refused, UnknownSelection
from provender_ops.notes import lock_field
from provender_ops.online_store import OnlineStore
from provender_ops.push_view import ViewOutcome
from provender_ops.retire import take_offline
from provender_ops.rows import Rows


def during_a_push(
    monkeypatch: pytest.MonkeyPatch, step: str, happens: Callable[[], object]
) -> None:
    """Let something happen once, before the first rows are written."""
    written = getattr(OnlineStore, step)

    def slowly(store: OnlineStore, rows: Rows) -> Any:
        monkeypatch.setattr(OnlineStore, step, written)
        happens()
        return written(store, rows)

    monkeypatch.setattr(OnlineStore, step, slowly)


def lease_is_over(pusher: Pusher) -> None:
    field = lock_field("customer_activity", 1)
    lock = pusher.client.hget(pusher.keys.writer, field)
    token, _, holder = cast("bytes", lock).split(b" ", 2)
    pusher.client.hset(pusher.keys.writer, field, b"%b 0 %b" % (token, holder))


def test_two_pushes_of_a_view_at_once_are_one(
    project: PublishedProject, activity: View, pusher: Pusher, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.build(activity, minute(1), {1: (1, "a")})
    second: list[ViewOutcome] = []
    during_a_push(
        monkeypatch, "fill", lambda: second.append(Pusher(project, pusher.client).push_one())
    )
    assert pusher.push_one().status == "pushed"
    assert second[0].status == "refused"
    assert f"by process {os.getpid()}" in second[0].reason
    assert len(pusher.pushes()) == 1
    assert pusher.push_one().status == "up to date"  # the lock was given back


@pytest.mark.parametrize("step", ["fill", "merge"])
def test_a_push_that_lost_its_lock_changes_nothing_that_is_read(
    project: PublishedProject,
    activity: View,
    pusher: Pusher,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    """It slept; a newer run was built and pushed; it wakes, and has older rows to write."""
    project.build(activity, minute(1), {1: (1, "a"), 2: (1, "a"), 3: (1, "a")})
    if step == "merge":
        pusher.push()
        project.build(activity, minute(2), {1: (2, "a"), 2: (2, "a"), 3: (1, "a")})

    def another_pushes() -> None:
        lease_is_over(pusher)
        project.build(activity, minute(3), {1: (3, "a"), 3: (1, "a")})
        assert Pusher(project, pusher.client).push_one(full=True).status == "pushed"

    during_a_push(monkeypatch, step, another_pushes)
    outcome = pusher.push_one()

    assert outcome.status == "refused"
    assert "another" in outcome.reason
    assert pusher.online(activity) == in_history(activity, minute(3))
    assert len(pusher.generations(activity)) == 1  # what it wrote is gone


def test_a_lock_whose_process_died_is_taken_at_once(
    project: PublishedProject, activity: View, pusher: Pusher
) -> None:
    project.build(activity, minute(1), {1: (1, "a")})
    died = subprocess.Popen(["true"])
    died.wait()
    for holder, status in (
        (f"{socket.gethostname()}:{died.pid}:x", "pushed"),
        ("far:1:x", "refused"),
    ):
        lock = f"1 {2**52} {holder}"
        pusher.client.hset(pusher.keys.writer, lock_field("customer_activity", 1), lock)
        assert pusher.push_one().status == status


@pytest.mark.parametrize("damage", ["gone", "older", "back from the dead", "garbled"])
def test_verify_finds_what_a_look_at_a_few_keys_does_not(
    project: PublishedProject, activity: View, pusher: Pusher, damage: str
) -> None:
    project.build(activity, minute(1), {key: (key, "a") for key in range(300)})
    pusher.push()
    before = {key: pusher.client.dump(key) for key in pusher.client.scan_iter("pv*{*")}
    project.build(activity, minute(2), {key: (key + 1, "a") for key in range(200)})
    pusher.push()
    harmed = [pusher.keys.row("customer_activity", 1, 1, str(key)) for key in range(150, 250)]
    for key in harmed[:50] if damage != "back from the dead" else harmed[50:]:
        pusher.client.delete(key)
        if damage == "garbled":
            pusher.client.set(key, b"x")
        elif damage != "gone":
            pusher.client.restore(key, 0, before[key.encode()])  # type: ignore[arg-type]

    assert pusher.push_one().status != "refused"
    outcome = pusher.push_one(verify=True)

    assert outcome.mode == "full"
    assert pusher.online(activity) == in_history(activity, minute(2))
    assert pusher.push_one(verify=True).status == "up to date"


def test_after_another_life_of_redis_rows_are_verified_unasked(
    project: PublishedProject, activity: View, pusher: Pusher, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.build(activity, minute(1), {key: (key, "a") for key in range(300)})
    pusher.push()
    pusher.client.delete(pusher.keys.row("customer_activity", 1, 1, "299"))
    assert pusher.push_one().status == "up to date"
    monkeypatch.setattr(online_store, "lives", lambda _client: ("another",))
    assert "as history says" in pusher.push_one().reason
    assert pusher.push_one().status == "up to date"


def test_a_server_that_changed_during_a_push_is_not_believed(
    project: PublishedProject, activity: View, pusher: Pusher, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.build(activity, minute(1), {1: (1, "a")})
    lives = iter([("one",), ("another",)])
    monkeypatch.setattr(online_store, "lives", lambda _client: next(lives))
    outcome = pusher.push_one()
    assert (outcome.status, "some may be lost" in outcome.reason) == ("refused", True)
    assert pusher.pushes() == []


def test_files_that_are_gone_are_not_taken_for_deletes(
    project: PublishedProject, activity: View, pusher: Pusher
) -> None:
    project.build(activity, minute(1), {1: (1, "a"), 2: (2, "b")})
    pusher.push()
    project.build(activity, minute(2), {1: (1, "a"), 2: (3, "b")})
    (project.published / activity.history).joinpath(
        "as_of=20260302T000200.000000Z.parquet"
    ).unlink()
    for full in (False, True):
        outcome = pusher.push_one(full=full)
        assert (outcome.status, "not published any more" in outcome.reason) == ("refused", True)
    assert pusher.online(activity) == in_history(activity, minute(1))


def test_two_versions_are_online_and_one_is_retired(
    project: PublishedProject, pusher: Pusher
) -> None:
    columns: Any = {"keys": {"customer_id": "bigint"}, "features": {"total": "double"}}
    one, two = (project.view("spend", version, **columns) for version in (1, 2))
    project.service("risk", one)
    project.build(one, minute(1), {7: (1.0,)})
    project.build(two, minute(1), {7: (2.0,)})
    pusher.push()
    store = OnlineStore(pusher.client, pusher.namespace, "lender", "dev")
    reader = pusher.reader(minute(2))
    values = [reader.get_view("spend", v, customer_id=7)["total"].value for v in (1, 2)]
    assert values == [1.0, 2.0]

    store.check_owner()
    with pytest.raises(Refused, match="read by risk"):
        take_offline(store, "spend@1", ["risk"])
    project.services.clear()
    project.service("risk", two)
    project.publish()
    pusher.push()
    assert "offline" in take_offline(store, "spend@1", ["risk"])
    assert "before" in take_offline(store, "spend@1", ["risk"])

    assert (pusher.generations(one), pusher.generations(two)) == (set(), {1})
    with pytest.raises(UnknownView, match="was retired"):
        reader.get_view("spend", 1, customer_id=7)
    assert reader.get("risk", customer_id=7)["total"].value == 2.0
    assert [view.status for view in pusher.push().views] == ["retired", "up to date"]
    assert pusher.push("spend@1").views[0].status == "pushed"
    assert reader.get_view("spend", 1, customer_id=7)["total"].value == 1.0
    with pytest.raises(UnknownSelection, match="Did you mean 'spend@2'"):
        take_offline(store, "spent@2", ["risk"])


def test_a_view_that_was_retired_meanwhile_stays_retired(
    project: PublishedProject, pusher: Pusher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was retired while a push of several views was under way, and it is not named."""
    columns: Any = {"keys": {"customer_id": "bigint"}, "features": {"total": "double"}}
    for name in ("a", "b"):
        project.build(project.view(name, **columns), minute(1), {7: (1.0,)})
    pusher.push()
    store = OnlineStore(pusher.client, pusher.namespace, "lender", "dev")
    project.build(project.views["a", 1], minute(2), {7: (2.0,)})
    project.build(project.views["b", 1], minute(2), {7: (2.0,)})
    during_a_push(monkeypatch, "merge", lambda: take_offline(store, "b@1", []))
    assert [view.status for view in pusher.push().views] == ["pushed", "retired"]
