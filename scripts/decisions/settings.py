"""What a project declares of its decision log: `vars: provender: decision_log:`."""

import re
from pathlib import Path
from typing import Any

from provender.keys import nearest
from provender_ops.errors import BadInput
from provender_ops.project import settings

_KNOWN = ("retention", "land_within")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST = 36525 * 86400  # as the macro duration_seconds has it


def retention_us(root: Path) -> int | None:
    """Return for how long decisions are kept, in microseconds; None, for ever, unless declared.

    Raise BadInput for what is no duration, and for a name that is none of the log's settings.
    """
    block = settings(root).get("decision_log", {})
    where = "`vars: provender: decision_log:` in dbt_project.yml"
    if not isinstance(block, dict):
        raise BadInput(f"{where} is no mapping. Write {{retention: 730d}}.")
    for name in block:
        if name not in _KNOWN:
            raise BadInput(f"{where} has no {name!r}.{nearest(str(name), _KNOWN)}")
    if "retention" not in block:
        return None
    seconds = _seconds(block["retention"])
    if seconds is None:
        raise BadInput(
            f"{where}: retention is no duration, got {block['retention']!r}. Write it like 730d."
        )
    return seconds * 1_000_000


def _seconds(text: Any) -> int | None:
    found = re.fullmatch(r"([0-9]{1,12})([smhd])", text) if isinstance(text, str) else None
    seconds = int(found[1]) * _SECONDS[found[2]] if found else 0
    return seconds if 0 < seconds <= _LONGEST else None
