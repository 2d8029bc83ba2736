"""Whether what Redis holds is what history says, by a sample of all keys that ever were."""

from dataclasses import dataclass, replace

from provender.encoding import TOMBSTONE, decode_header
from provender.errors import WrongValue
from provender.instants import from_us
from provender_ops.history import History
from provender_ops.rows import RowMaker, Rows
from provender_ops.situation import Situation

SAMPLE = 1000  # keys, about


@dataclass(frozen=True, slots=True)
class Verified:
    """How many keys were looked at, and how many of them are not as history says."""

    looked_at: int
    differing: int


def verify(situation: Situation) -> Verified:
    """Compare about SAMPLE keys, chosen by their hash, with the run that was pushed last.

    Rows that an interrupted push wrote of a later run are as they should be.
    """
    online = situation.online
    assert online.pushed is not None
    assert online.record is not None
    as_of = from_us(online.pushed.run_as_of_us).replace(tzinfo=None)
    run = replace(situation.run, as_of=as_of)
    history = History(situation.catalog, run, situation.definition)
    maker = RowMaker(situation.declared, run.view, online.record.layout)
    prefix = situation.store.keys.row_prefix(run.view, run.version, online.record.generation)
    reaching_us = online.reaching.run_as_of_us if online.reaching else online.pushed.run_as_of_us
    looked_at = differing = 0
    for changes in history.sample(max(1, run.row_count // SAMPLE)):
        rows = maker.rows(changes, prefix)
        found = situation.store.read(rows.keys.to_pylist())
        looked_at += len(rows)
        differing += _differing(rows, found, online.pushed.run_as_of_us, reaching_us)
    return Verified(looked_at, differing)


def _differing(rows: Rows, found: list[bytes | None], pushed_us: int, reaching_us: int) -> int:
    pairs = zip(rows.values.to_pylist(), rows.is_gone, found, strict=True)
    return sum(
        not (raw == row or _is_gone(raw, is_gone) or _is_later(raw, pushed_us, reaching_us))
        for row, is_gone, raw in pairs
    )


def _is_gone(raw: bytes | None, is_gone: bool) -> bool:
    return is_gone and (raw is None or _header(raw)[1] == TOMBSTONE)


def _is_later(raw: bytes | None, pushed_us: int, reaching_us: int) -> bool:
    return raw is not None and pushed_us < _header(raw)[0] <= reaching_us


def _header(raw: bytes) -> tuple[int, int]:
    try:
        return decode_header(raw)
    except WrongValue:
        return 0, -1
