"""What `push-online` does, in a process of its own; the clock starts after imports and options."""

import contextlib
import sys
import time
from pathlib import Path

from benchmarks.measure import Taken
from benchmarks.once import peak_megabytes
from provender_ops.project import find_project
from provender_ops.push_online import report, run_push
from provender_ops.push_view import Options


def push_once(folder: Path, url: str, *select: str) -> Taken:
    """Push a project into a Redis; its summary goes to stderr."""
    project = find_project(folder)
    began, busy = time.perf_counter(), time.process_time()
    with contextlib.redirect_stdout(sys.stderr):
        run_push(project, Options(select), url, None, lambda summary: report(summary, True))
    seconds, cpu = time.perf_counter() - began, time.process_time() - busy
    return Taken(seconds, cpu, peak_megabytes())
