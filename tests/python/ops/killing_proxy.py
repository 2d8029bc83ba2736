"""A relay to Redis that strikes after so many bytes: a SIGKILL at an exact moment."""

import os
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self


class Killable(Protocol):
    """A process."""

    pid: int


class KillingProxy:
    """Relays connections to `server`; `kill_after` bytes of requests later, it strikes.

    That is: kills the process, unless `strike` does something else. What was relayed by then Redis
    has read and carries out; nothing after it arrives, unless the relay `goes_on`.
    """

    def __init__(
        self,
        server: Path,
        kill_after: int,
        strike: Callable[[], None] | None = None,
        *,
        goes_on: bool = False,
    ) -> None:
        self._server, self._kill_after = server, kill_after
        self._strike, self._goes_on = strike or self._kill, goes_on
        self.sent = 0
        self._folder = tempfile.TemporaryDirectory(prefix="pv-")
        self.socket = Path(self._folder.name) / "proxy.sock"
        self.process: Killable | None = None
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
        """Start the command that uses the proxy and return its exit code."""
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.strikes_at(process)
        return process.wait()

    def strikes_at(self, process: Killable) -> None:
        """Relay for a process that was started."""
        self.process = process
        self._started.set()

    def _accept(self) -> None:
        self._started.wait()
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self._server))
            except OSError:
                client.close()  # there is no server
                continue
            self._start(_relay, server, client)
            self._start(self._relay_and_strike, client, server)

    def _start(self, target: Callable[..., None], *sockets: socket.socket) -> None:
        thread = threading.Thread(target=target, args=sockets, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _relay_and_strike(self, client: socket.socket, server: socket.socket) -> None:
        while data := _receive(client):
            left = self._kill_after - self.sent
            self.sent += len(data)
            with suppress(OSError):  # the server is gone
                server.sendall(data[: max(left, 0)])
            if self.sent >= self._kill_after and not self.killed:
                self.killed = True
                self._strike()
            if self.killed and not self._goes_on:
                break
            with suppress(OSError):
                server.sendall(data[max(left, 0) :])
        # Redis closes its end once it has carried out what came before the end of ours.
        with suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    def _kill(self) -> None:
        assert self.process is not None
        # It is not reaped yet, so the pid is still its own.
        os.kill(self.process.pid, signal.SIGKILL)


def _relay(source: socket.socket, sink: socket.socket) -> None:
    while data := _receive(source):
        try:
            sink.sendall(data)
        except OSError:
            return
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)  # a thread that waits for it would keep it open
    sink.close()


def _receive(source: socket.socket) -> bytes:
    try:
        return source.recv(65536)
    except OSError:
        return b""
