"""What `push-online` does, in a process of its own: its figures as JSON on stdout.

The clock starts after interpreter, imports and options.
"""

import contextlib
import json
import sys
import time
from pathlib import Path

from benchmarks.once import peak_megabytes
from provender_ops.project import find_project
from provender_ops.push_online import run_push
from provender_ops.push_view import Options


def main(folder: str, url: str) -> None:
    """Push a project into a Redis; its summary goes to stderr."""
    project = find_project(Path(folder))
    began, busy = time.perf_counter(), time.process_time()
    with contextlib.redirect_stdout(sys.stderr):
        run_push(project, Options(), url, None, as_json=True)
    seconds, cpu = time.perf_counter() - began, time.process_time() - busy
    json.dump({"seconds": seconds, "cpu": cpu, "megabytes": peak_megabytes()}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
