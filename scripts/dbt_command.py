"""dbt as a process of its own: how it is started, and what its JSON log says."""

import json
import sys
from typing import Any

# Python warns of a module run this way that was imported before; dbt's own warnings are its logs.
DBT = (sys.executable, "-W", "ignore", "-m", "dbt.cli.main")


def event_of(line: str) -> dict[str, Any] | None:
    """Read a line that dbt logs; None for what it or Python says outside the log.

    It has dbt's `level`, `name` and `msg`, what the event tells, and as `exc` what went wrong.
    """
    try:
        event = json.loads(line)
        return {"exc": event["info"]["msg"], **event["data"], **event["info"]}
    except (ValueError, KeyError, TypeError):
        return None


def sentence_of(error: str) -> str:
    """Return an error without its kind and without the macros it passed through."""
    lines = error.splitlines() or [""]
    body = lines[1:] if lines[0].partition(" Error")[1] and lines[1:] else lines
    told = [line.removeprefix("  ") for line in body if not line.lstrip().startswith("> ")]
    return "\n".join(told).strip()
