"""`provender run` that is killed (SIGKILL) before or after it notes how a step ended.

The first arguments say so: `--strike before build`. Without them it is `provender run`.
"""

import os
import signal
import sys
from collections.abc import Callable

from provender_ops import cli
from provender_ops.schedule.journal import Journal, Note


def main() -> None:
    if sys.argv[1] == "--strike":
        when, step = sys.argv[2:4]
        del sys.argv[1:4]
        Journal.write = _struck(Journal.write, when, step)  # type: ignore[method-assign]
    sys.argv.insert(1, "run")
    cli.main()


def _struck(
    write: Callable[[Journal, Note], None], when: str, step: str
) -> Callable[[Journal, Note], None]:
    def struck(journal: Journal, note: Note) -> None:
        if when == "after":
            write(journal, note)
        if step in note.codes:
            os.kill(os.getpid(), signal.SIGKILL)
        if when == "before":
            write(journal, note)

    return struck
