"""A task in a process of its own: JSON on stdin, its figures as JSON on stdout."""

import json
import resource
import sys
import time
from pathlib import Path

import duckdb


def main() -> None:
    """Prepare, run the statements against the clock, and say what it took."""
    task = json.load(sys.stdin)
    with duckdb.connect(config={"threads": task["threads"]}) as connection:
        connection.execute(f"set memory_limit = '{task['memory_limit']}'; set timezone = 'UTC'")
        for sql in task["prepare"]:
            connection.execute(sql)
        began, busy = time.perf_counter(), time.process_time()
        for sql in task["statements"]:
            connection.execute(sql)
        seconds, cpu = time.perf_counter() - began, time.process_time() - busy
        json.dump({"seconds": seconds, "cpu": cpu, "megabytes": peak_megabytes()}, sys.stdout)


def peak_megabytes() -> float:
    """The most this process ever held. Linux hands getrusage's figure down from the parent."""
    status = Path("/proc/self/status")
    if status.exists():
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) / 1024
    per_megabyte = 1024**2 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / per_megabyte


if __name__ == "__main__":
    main()
