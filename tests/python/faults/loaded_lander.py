"""Landings that start in a moment: forks of a process that has loaded the lander.

A landing is struck at a step: the process kills itself, or the Redis it works with, right before
or after one of the things it does to the disk or to Redis.
"""

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

STEPS = (
    ("files", "write_aside"),
    ("files", "sync_aside"),
    ("files", "put_in_place"),
    ("files", "remove"),
    ("files", "aside_of"),
    ("ledger.Ledger", "append"),
    ("writers.Writers", "save"),
    ("landing.Lander", "_acknowledge"),
    ("landing", "move_mark"),
    ("landing.Lander", "_keep_head"),
    ("tidying", "_merge"),
    ("stream.Group", "_read"),
)


@dataclass(frozen=True)
class Landing:
    """One landing; struck at a step, unless that is None, by killing `victim` (0: itself)."""

    url: str
    folder: str
    now: str
    retention_days: int
    step: int | None = None
    victim: int = 0


@dataclass(frozen=True)
class Ended:
    """How a landing ended: its exit code, negative for a signal, and how many steps it took."""

    code: int
    steps: int


class LoadedLander:
    """Starts landings."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def land(self, landing: Landing) -> Ended:
        """Land, to the end or to the strike."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asdict(landing)) + "\n")
        self._process.stdin.flush()
        return Ended(*json.loads(self._process.stdout.readline()))

    def remove(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def _serve() -> None:
    for line in sys.stdin:
        landing = Landing(**json.loads(line))
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            _land(landing, writer)
        os.close(writer)
        _, status = os.waitpid(pid, 0)
        steps = len(os.read(reader, 1 << 16))
        os.close(reader)
        print(json.dumps([os.waitstatus_to_exitcode(status), steps]), flush=True)


def _land(landing: Landing, told: int) -> None:
    code = 70
    try:
        _count_steps(landing, told)
        code = _run(landing)
    except BaseException:  # a fork: nothing may pass it by
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
    finally:
        os._exit(code)


def _run(landing: Landing) -> int:
    from datetime import datetime, timedelta  # noqa: PLC0415

    from provender.connection import connect  # noqa: PLC0415
    from provender.errors import StoreUnavailable  # noqa: PLC0415
    from provender.keys import KeySpace  # noqa: PLC0415
    from provender_ops.decisions import stream, taking, tidying  # noqa: PLC0415
    from provender_ops.decisions.landing import Lander  # noqa: PLC0415
    from provender_ops.decisions.log_key import ChainKey  # noqa: PLC0415

    taking.MOST_ENTRIES, stream.AT_MOST, tidying.STILL_READ = 40, 20, timedelta(0)
    tidying.MANY = 4
    key = ChainKey.of("the key of these tests")
    kept = landing.retention_days * 86_400_000_000
    keys = KeySpace("lender.dev")
    try:
        lander = Lander(connect(landing.url, 5), keys, Path(landing.folder), key, kept)
        lander.land(datetime.fromisoformat(landing.now))
    except StoreUnavailable:
        return 2
    return 0


def _count_steps(landing: Landing, told: int) -> None:
    """Count a step before and after each call of what is listed, and strike where it is due."""
    import importlib  # noqa: PLC0415

    count = 0

    def step() -> None:
        nonlocal count
        os.write(told, b".")
        if count == landing.step:
            os.kill(landing.victim or os.getpid(), signal.SIGKILL)
        count += 1

    for where, name in STEPS:
        module, _, owner = where.partition(".")
        holder: Any = importlib.import_module(f"provender_ops.decisions.{module}")
        holder = getattr(holder, owner) if owner else holder
        original = getattr(holder, name)

        def around(*arguments: Any, _original: Any = original, **options: Any) -> Any:
            step()
            try:
                return _original(*arguments, **options)
            finally:
                step()

        setattr(holder, name, around)


if __name__ == "__main__":
    import duckdb  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    import provender_ops.decisions.landing  # noqa: F401

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests
    _serve()
