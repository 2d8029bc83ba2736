"""What was changed in a landed file: which records, as far as can be told."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from provender_ops.decisions.log_key import ChainKey
from provender_ops.decisions.rebuilt import bears_its_mac
from provender_ops.decisions.state import LandedFile

_NAMED = 5
_UNREADABLE = (pa.ArrowException, OSError, ValueError, KeyError, OverflowError)


def what_changed(path: Path, landed: LandedFile, key: ChainKey) -> str:
    """Return sentences on what differs from what landed."""
    try:
        with pq.ParquetFile(path) as file:
            return _in_rows(file, landed, key)
    except _UNREADABLE:
        return f"it is no Parquet file any more. It held {landed.rows} decisions."


def decisions_in(path: Path) -> str:
    """Return a sentence that names the decisions in a file."""
    try:
        with pq.ParquetFile(path) as file:
            batches = file.iter_batches(columns=["decision_id"])
            named = [str(each) for batch in batches for each in batch.column(0).to_pylist()]
    except _UNREADABLE:
        return "It cannot be read."
    return f"It holds {_listed(named)}."


def _in_rows(file: pq.ParquetFile, landed: LandedFile, key: ChainKey) -> str:
    changed: list[str] = []
    unreadable: list[str] = []
    rows = total = 0
    for group in range(file.num_row_groups):
        try:
            for said in file.read_row_group(group).to_pylist():
                rows += 1
                total = key.add(total, [str(said["mac"])])
                if not bears_its_mac(said, key):
                    changed.append(str(said["decision_id"]))
        except _UNREADABLE:
            unreadable.append(_named_in(file, group))
            rows += file.metadata.row_group(group).num_rows
    parts = list(_sentences(changed, unreadable))
    if rows != landed.rows:
        verb = "were removed" if rows < landed.rows else "were inserted"
        parts.append(f"{abs(rows - landed.rows)} of its {landed.rows} decisions {verb}.")
    elif not parts and f"{total:064x}" != landed.sum:
        parts.append("a decision was put in the place of another.")
    return " ".join(parts) or "its decisions are as they landed, its bytes are not."


def _sentences(changed: list[str], unreadable: list[str]) -> Iterator[str]:
    if changed:
        yield f"{_listed(changed)} {'does' if len(changed) == 1 else 'do'} not bear their mac."
    if unreadable:
        yield "Among these one cannot be read: " + "; ".join(unreadable[:_NAMED]) + "."


def _named_in(file: pq.ParquetFile, group: int) -> str:
    """Return which decisions a group of rows held, if that column can be read."""
    try:
        column = file.read_row_group(group, columns=["decision_id"]).column(0)
        return _listed([str(each) for each in column.to_pylist()])
    except _UNREADABLE:
        return f"{file.metadata.row_group(group).num_rows} whose ids cannot be read either"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{'decision' if len(names) == 1 else 'decisions'} {', '.join(names[:_NAMED])}{more}"
