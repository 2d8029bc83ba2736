"""A push killed (SIGKILL) anywhere, then run again: online equals a push that was never killed."""

import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis
from killing_proxy import KillingProxy
from published_catalog import PublishedProject, View, minute
from pushing import Pusher, in_history
from redis_server import RedisServer

from provender_ops.notes import look

PUSH = "from provender_ops.push_online import main; main()"
KEYS = 2000
# Shares of the bytes that the push sends: around the claim, among the rows, around the watermark.
SHARES = (0.002, 0.02, 0.3, 0.75, 0.99, 0.998)
NEVER = 10**12


@dataclass
class Story:
    """Two runs, most of whose keys differ; and Redis as it was when only the first was pushed."""

    project: PublishedProject
    view: View
    first_push: dict[bytes, bytes | None]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer) -> Story:
    project = PublishedProject(tmp_path_factory.mktemp("killed") / "lender")
    view = project.view(
        "activity", keys={"id": "bigint"}, features={"n": "integer", "s": "varchar"}
    )
    project.build(view, minute(1), {key: (key, "a") for key in range(KEYS)})
    with redis_server.client() as client:
        client.flushall()
        pusher = Pusher(project, client)
        pusher.push()
        first_push = pusher.everything()
    later = {key: (key + (key % 3 > 0), "a") for key in range(KEYS // 10, KEYS + KEYS // 10)}
    project.build(view, minute(2), later)
    return Story(project, view, first_push)


def nothing_pushed(_story: Story, _client: redis.Redis) -> None:
    """Redis is empty: the push is the first."""


def first_run_pushed(story: Story, client: redis.Redis) -> None:
    """Redis holds the first run: the push is incremental, or in full when asked."""
    for key, value in story.first_push.items():
        client.restore(key, 0, value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "options"),
    [(nothing_pushed, []), (first_run_pushed, []), (first_run_pushed, ["--full"])],
    ids=["first", "incremental", "full"],
)
def test_a_killed_push_is_completed_by_the_next(
    story: Story,
    redis_server: RedisServer,
    redis_client: redis.Redis,
    before: Callable[[Story, redis.Redis], Any],
    options: list[str],
) -> None:
    pusher = Pusher(story.project, redis_client)
    before(story, redis_client)
    total = push_through(redis_server, story.project, options, NEVER).sent
    never_killed = pusher.online(story.view)
    assert never_killed == in_history(story.view, minute(2))

    killed_before_the_end = 0
    for share in SHARES:
        redis_client.flushall()
        before(story, redis_client)
        assert push_through(redis_server, story.project, options, int(total * share)).killed
        killed_before_the_end += not is_second_run_readable(pusher, story.view)
        assert_nothing_half_done_is_read(pusher, story.view)

        pusher.push()
        assert pusher.online(story.view) == never_killed
        # The one being filled was reclaimed; the one before the last is kept for its readers.
        assert len(pusher.generations(story.view)) <= (2 if options else 1)
    assert killed_before_the_end >= 4


def push_through(
    server: RedisServer, project: PublishedProject, options: list[str], kill_after: int
) -> KillingProxy:
    """Push in a process of its own, which is killed after so many bytes."""
    with KillingProxy(Path(server.socket), kill_after) as proxy:
        arguments = ["--redis-url", proxy.url, "--project-dir", str(project.root), *options]
        code = proxy.run(sys.executable, "-c", PUSH, *arguments)
        assert code == (-signal.SIGKILL if proxy.killed else 0)
    return proxy


def is_second_run_readable(pusher: Pusher, view: View) -> bool:
    return len(pusher.pushes()) > 0 and pusher.pushes()[-1]["run_as_of_us"] == as_us(2)


def as_us(number: int) -> int:
    return 1772409600_000_000 + number * 60_000_000


def assert_nothing_half_done_is_read(pusher: Pusher, view: View) -> None:
    """Watermark and push record agree, and each row is that of one run or of the other."""
    record = look(pusher.client, pusher.keys, view.name, view.version).record
    if record is None:
        assert pusher.pushes() == []
        return
    assert record.run_as_of_us == pusher.pushes()[-1]["run_as_of_us"]
    first, second = in_history(view, minute(1)), in_history(view, minute(2))
    for key, row in pusher.online(view).items():
        assert row in (first.get(key), second.get(key))
