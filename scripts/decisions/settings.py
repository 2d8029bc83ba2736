"""What a project declares of its decision log: `vars: provender: decision_log:`."""

from pathlib import Path

from provender.keys import nearest
from provender_ops.durations import duration_seconds
from provender_ops.errors import BadInput
from provender_ops.project import settings

_KNOWN = ("retention", "land_within")


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
    seconds = duration_seconds(block["retention"])
    if seconds is None:
        raise BadInput(
            f"{where}: retention is no duration, got {block['retention']!r}. Write it like 730d."
        )
    return seconds * 1_000_000
