"""Durations as the project's YAML has them: `5m`, `730d`."""

import re
from typing import Any

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST = 36525 * 86400  # as the macro duration_seconds has it


def duration_seconds(text: Any) -> int | None:
    """Return a duration in seconds; None for what is none, and for zero."""
    found = re.fullmatch(r"([0-9]{1,12})([smhd])", text) if isinstance(text, str) else None
    seconds = int(found[1]) * _SECONDS[found[2]] if found else 0
    return seconds if 0 < seconds <= _LONGEST else None
