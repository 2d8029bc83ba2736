"""`dbt build` as a step: its log goes on to stderr, and what failed is remembered."""

import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provender_ops.console import tell
from provender_ops.dbt_command import DBT, event_of, sentence_of
from provender_ops.errors import CouldNotRun, Refused
from provender_ops.project import git_commit
from provender_ops.schedule.run_lock import RunLock

_BAD = ("error", "fail", "runtime error", "partial success")


@dataclass
class _Said:
    """What dbt said went wrong."""

    failed: dict[str, str] = field(default_factory=dict)  # unique id -> name and how it ended
    errors: list[str] = field(default_factory=list)

    def hear(self, line: str) -> None:
        """Take one line of the log, and pass it on."""
        event = event_of(line)
        if event is None:
            tell(line.rstrip("\n"))
            return
        tell(event["msg"])
        node: dict[str, Any] = event.get("node_info") or {}
        if event["level"] == "error" and node.get("node_status") in _BAD:
            self.failed[node["unique_id"]] = f"{node['node_name']} ({node['node_status']})"
        elif event["level"] == "error":
            self.errors.append(sentence_of(event["exc"]))


def run_dbt(arguments: Sequence[str], root: Path, lock: RunLock, step: str) -> None:
    """Run dbt to its end; raise Refused when something failed, CouldNotRun when it could not run.

    It has the lock too: killed alone, we leave a dbt that others know of.
    """
    said = _Said()
    with subprocess.Popen(
        [*DBT, "--log-format", "json", "--no-use-colors", *arguments],
        cwd=root,
        env={"PROVENDER_GIT_COMMIT": git_commit(root), **os.environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        pass_fds=[lock.descriptor],
    ) as process:
        lock.tell(step, process.pid)
        try:
            for line in process.stdout or ():
                said.hear(line)
        except BaseException:  # Ctrl-C too: no dbt goes on unseen
            process.terminate()
            process.wait()
            raise
    _judge(process.returncode, said)


def _judge(code: int, said: _Said) -> None:
    why = "\n".join(said.errors)
    if code == 0:
        return
    if "check_contracts:" in why:
        raise Refused(why)
    if code == 1:
        raise Refused(f"dbt says that these failed: {_listed(said.failed.values())}.")
    ended = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
    raise CouldNotRun(f"dbt {ended}. {why}".rstrip())


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "see its log"
