"""The record that a landed row was read from, written again as our writer writes it.

Its keyed digest is the row's mac, unless the row was changed.
"""

import json
from collections.abc import Mapping
from typing import Any

from provender.instants import to_text
from provender_ops.decisions.columns import FORMAT
from provender_ops.decisions.log_key import ChainKey
from provender_ops.decisions.record_text import Row


def bears_its_mac(row: Row, key: ChainKey) -> bool:
    """Return whether a row's mac is that of the record it says."""
    try:
        return key.row_mac(str(row["stream_id"]).encode(), record_of(row)) == str(row["mac"])
    except (TypeError, ValueError, LookupError, AttributeError):
        return False  # a row that no lander wrote


def record_of(row: Row) -> bytes:
    """Return the record; raise LookupError, TypeError or ValueError for a row that is none."""
    first = {
        "format": FORMAT,
        **_members(row, "writer", "number", "refused", "decision_id", "model_version"),
        "decided_at": to_text(row["decided_at"]),
    }
    then = {
        "service": row["service"],
        "read_at": to_text(row["read_at"]),
        **_members(row, "read_us", "waited_for"),
    }
    views = ",".join(map(_view, row["views"]))
    parts = [
        _dump(first)[1:-1],
        *(_member(row, name) for name in ("request", "decision", "outside")),
        _dump(then)[1:-1],
        _member(row, "keys"),
        f'"views":[{views}]',
    ]
    return f"{{{','.join(parts)}}}".encode()


def _view(view: Mapping[str, Any]) -> str:
    before = {
        **_members(view, "view", "version", "fingerprint", "generation", "role"),
        **_members(view, "names", "features", "types", "hashed"),
        "as_of": None if view["as_of"] is None else to_text(view["as_of"]),
        **_members(view, "age_us", "status", "cached"),
    }
    values = ",".join("null" if value is None else value for value in view["values"])
    same = all(status == view["status"] for status in view["statuses"])
    after = {
        "statuses": None if same else view["statuses"],
        "defaults": [place for place, is_one in enumerate(view["is_default"]) if is_one],
    }
    return f'{_dump(before)[:-1]},"values":[{values}],{_dump(after)[1:]}'


def _members(said: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: said[name] for name in names}


def _member(row: Row, name: str) -> str:
    return f'"{name}":{"null" if row[name] is None else row[name]}'


def _dump(said: Mapping[str, Any]) -> str:
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))
