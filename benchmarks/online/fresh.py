"""Calls a function in a process of its own, that has imported nothing but what it needs."""

import pickle
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from typing import ParamSpec, TypeVar

from benchmarks import REPO

P = ParamSpec("P")
R = TypeVar("R")


def call(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a function of some module there; return what it returns."""
    return start(function, *args, **kwargs)()


def start(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Callable[[], R]:
    """Let it begin; return what waits for its result."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.online.fresh", function.__module__, function.__name__],
        cwd=REPO,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    pickle.dump((args, kwargs), process.stdin)
    process.stdin.flush()

    def result() -> R:
        answer, errors = process.communicate()
        if process.returncode:
            raise SystemExit(f"{function.__name__} failed:\n{errors.decode()}")
        returned: R = pickle.loads(answer)
        return returned

    return result


def main(module: str, name: str) -> None:
    """Be that process."""
    function = getattr(import_module(module), name)
    args, kwargs = pickle.load(sys.stdin.buffer)
    pickle.dump(function(*args, **kwargs), sys.stdout.buffer)


if __name__ == "__main__":
    main(*sys.argv[1:])
