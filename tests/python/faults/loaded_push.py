"""Commands as forks of one process that has loaded them: real ones, started in a moment.

`push-online`, unless another module with a `main` is named.

Each has its own pid, output and exit code, and may be stopped and killed. Run as a program, this
is the process they fork from: it takes one JSON line for each on stdin, and tells on stdout which
pid began and how it ended.
"""

import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

PUSH = "provender_ops.push_online"
PATIENCE = 120  # seconds; a push that takes longer hangs


@dataclass(frozen=True)
class Ended:
    """How a push ended: its exit code, negative for a signal, and what it said."""

    code: int
    output: str

    @property
    def is_refused(self) -> bool:
        """Whether it says in a sentence that it did not go through; a traceback is no sentence."""
        return self.code in (1, 2) and "Traceback" not in self.output and ". " in self.output


@dataclass
class PushProcess:
    """A push that was started."""

    pid: int
    _said: Path
    _code: "Future[int]" = field(default_factory=Future)

    def wait(self) -> Ended:
        code = self._code.result(timeout=PATIENCE)
        return Ended(code, self._said.read_text())

    @property
    def said(self) -> str:
        """What it has said so far."""
        return self._said.read_text()

    @property
    def has_ended(self) -> bool:
        return self._code.done()

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if not self.has_ended:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send(signal.SIGKILL)

    def end(self, code: int) -> None:
        self._code.set_result(code)


class LoadedPush:
    """Starts pushes; they are all gone after remove()."""

    def __init__(self, module: str = PUSH, environment: Mapping[str, str] | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="pv-")
        self._started: Future[int] = Future()
        self._running: dict[int, PushProcess] = {}
        self._one_at_a_time = threading.Lock()
        self._count = 0
        self._process = subprocess.Popen(
            [sys.executable, __file__, module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", **(environment or {})},
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def start(self, *arguments: str) -> PushProcess:
        """Start the command with these arguments."""
        assert self._process.stdin is not None
        with self._one_at_a_time:
            self._count += 1
            said = Path(self._folder.name) / f"{self._count}.txt"
            said.touch()
            self._said, self._started = said, Future()
            asked = json.dumps({"arguments": arguments, "said": str(said)}) + "\n"
            self._process.stdin.write(asked.encode())
            self._process.stdin.flush()
            return self._running[self._started.result(timeout=PATIENCE)]

    def remove(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        self._listener.join()
        self._folder.cleanup()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            what, pid, code = json.loads(line)
            if what == "started":
                self._running[pid] = PushProcess(pid, self._said)
                self._started.set_result(pid)
            else:
                self._running.pop(pid).end(code)


def _serve() -> None:
    """Fork a push for each line; at the end of the lines, kill what still runs."""
    mine, woken = socket.socketpair()
    woken.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken.fileno())
    running: set[int] = set()
    unfinished = b""
    while True:
        ready, _, _ = select.select([0, mine], [], [])
        if mine in ready:
            mine.recv(4096)
            for pid, code in _ended():
                running.discard(pid)
                _tell("ended", pid, code)
        if 0 in ready:
            data = os.read(0, 65536)
            if not data:
                break
            *lines, unfinished = (unfinished + data).split(b"\n")
            for line in lines:
                running.add(_fork(**json.loads(line)))
    for pid in running:
        os.kill(pid, signal.SIGKILL)
    os._exit(0)  # what DuckDB has to say at an end is not about us


def _ended() -> Iterator[tuple[int, int]]:
    with suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            yield found[0], os.waitstatus_to_exitcode(found[1])


def _tell(*what: object) -> None:
    os.write(1, json.dumps((*what, None)[:3]).encode() + b"\n")


def _fork(arguments: list[str], said: str) -> int:
    pid = os.fork()
    if pid == 0:
        _push(arguments, said)
    _tell("started", pid)
    return pid


def _push(arguments: list[str], said: str) -> None:
    command = importlib.import_module(sys.argv[1])
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    output = os.open(said, os.O_WRONLY | os.O_APPEND)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.argv = [command.__name__, *arguments]
    code: object = 70
    try:
        command.main()
        code = 0
    except SystemExit as end:
        code = end.code
    except BaseException:
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    importlib.import_module(sys.argv[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests
    gc.freeze()
    _serve()
