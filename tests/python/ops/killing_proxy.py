"""A relay to Redis that kills its client after so many bytes: a SIGKILL at an exact moment."""

import os
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self


class KillingProxy:
    """Relays connections to `server`; `kill_after` bytes of requests later, the process is killed.

    What was relayed by then Redis has read and carries out; nothing after it arrives.
    """

    def __init__(self, server: Path, kill_after: int) -> None:
        self._server, self._kill_after = server, kill_after
        self.sent = 0
        self._folder = tempfile.TemporaryDirectory(prefix="pv-")
        self.socket = Path(self._folder.name) / "proxy.sock"
        self.process: subprocess.Popen[bytes] | None = None
        self.killed = False
        self._started = threading.Event()
        self._threads: list[threading.Thread] = []
        self._listener = socket.socket(socket.AF_UNIX)

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def __enter__(self) -> Self:
        self._listener.bind(str(self.socket))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=30)
        self._folder.cleanup()

    def run(self, *command: str) -> int:
        """Run a command that uses the proxy and return its exit code."""
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._started.set()
        return self.process.wait()

    def _accept(self) -> None:
        self._started.wait()
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self._server))
            self._start(_relay, server, client)
            self._start(self._relay_and_kill, client, server)

    def _start(self, target: Callable[..., None], *sockets: socket.socket) -> None:
        thread = threading.Thread(target=target, args=sockets, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _relay_and_kill(self, client: socket.socket, server: socket.socket) -> None:
        while data := _receive(client):
            left = self._kill_after - self.sent
            self.sent += len(data)
            server.sendall(data[:left])
            if self.sent >= self._kill_after:
                self._kill()
                break
        # Redis closes its end once it has carried out what came before the end of ours.
        server.shutdown(socket.SHUT_WR)

    def _kill(self) -> None:
        assert self.process is not None
        self.killed = True
        # It is not reaped yet, so the pid is still its own.
        os.kill(self.process.pid, signal.SIGKILL)


def _relay(source: socket.socket, sink: socket.socket) -> None:
    while data := _receive(source):
        try:
            sink.sendall(data)
        except OSError:
            return
    sink.close()


def _receive(source: socket.socket) -> bytes:
    try:
        return source.recv(65536)
    except OSError:
        return b""
