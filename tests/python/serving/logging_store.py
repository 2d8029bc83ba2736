"""What the tests of the decision log look at: the stream, and what waits on the disk."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import redis
from online_store import KEYS

PATIENCE = 30.0


def logged(client: redis.Redis) -> list[dict[str, Any]]:
    """The records in the stream, in order."""
    entries: Any = client.xrange(KEYS.decisions)
    return [json.loads(fields[b"record"]) for _, fields in entries]


def ids(client: redis.Redis) -> list[str]:
    return [record["decision_id"] for record in logged(client)]


def spooled(folder: Path) -> list[str]:
    """The ids on the disk, in the order of their files."""
    lines = [line for path in sorted(folder.glob("*.jsonl")) for line in path.open()]
    return [json.loads(line)["decision_id"] for line in lines]


def until(is_so: Callable[[], bool]) -> None:
    """Wait for a thread of the log: it tells nobody when it is done."""
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end, "the log's thread did not get there"
        time.sleep(0.005)
