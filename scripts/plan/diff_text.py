"""The comparison of values for people, and for programs."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from provender.instants import to_text
from provender_ops.plan.change import named
from provender_ops.plan.values import Example, Moved, Values

COLUMNS = (
    "feature",
    "changed",
    "up",
    "down",
    "mean_change",
    "largest",
    "nulls",
    "D",
    "PSI",
)


def headline(values: Values) -> str:
    """Return what was compared, in a sentence."""
    moments = named(_moment(each) for each in values.moments)
    whole = "all" if values.keys == values.living else f"a sample of {values.living:,}"
    return (
        f"{values.old} and {values.new}: {values.rows:,} rows compared, of {values.keys:,} keys"
        f" ({whole}), as of {moments}."
    )


def verdict(values: Values) -> str:
    """Return what came of it, in a sentence."""
    if not values.rows:
        return "There is no row to compare: no key lives then. Choose another --as-of."
    if values.is_refactor:
        count = len(values.features)
        return (
            f"Only a refactor: no value of {count} feature{'' if count == 1 else 's'} differs in"
            f" any of {values.rows:,} rows."
        )
    moved = [each for each in values.features if each.changed]
    if not moved:
        return f"No value differs in any of {values.rows:,} rows."
    return f"{len(moved)} of {len(values.features)} features move."


def remarks(values: Values) -> Iterator[str]:
    """Yield what there is beside values that move."""
    yield from values.notes
    for each in values.features:
        if each.name != each.old_name:
            yield f"{each.old_name} is {each.name} now: the same values in all {each.rows:,} rows."
    for name in values.removed:
        yield f"{name} is gone."
    for name in values.added:
        yield f"{name} is new."
    if values.only_old:
        yield f"{values.only_old:,} rows are only in {values.old}."
    if values.only_new:
        yield f"{values.only_new:,} rows are only in {values.new}."


def row(moved: Moved) -> Mapping[str, Any]:
    """Return one feature as a row of COLUMNS."""
    return {
        "feature": moved.name,
        "changed": f"{100 * moved.share:.4g} % ({moved.changed:,})" if moved.changed else "0",
        "up": moved.up,
        "down": moved.down,
        "mean_change": _number(moved.mean_delta) if moved.changed else None,
        "largest": _number(moved.largest_delta) if moved.changed else None,
        "nulls": _nulls(moved),
        "D": _number(moved.d),
        "PSI": _number(moved.psi),
    }


def examples(values: Values) -> Iterator[str]:
    """Yield the rows that moved most, line by line."""
    for moved in values.features:
        for each in moved.examples:
            keys = ", ".join(f"{name}={value}" for name, value in each.keys.items())
            yield (
                f"{moved.name}: {keys} at {_moment(each.as_of)}: {_value(each.old)} →"
                f" {_value(each.new)}"
            )


def as_json(values: Values) -> dict[str, Any]:
    """Return the comparison for programs; values of features as text where JSON has no such."""
    return {
        "old": values.old,
        "new": values.new,
        "as_of": [to_text(each) for each in values.moments],
        "living_keys": values.living,
        "keys": values.keys,
        "rows": values.rows,
        "only_old": values.only_old,
        "only_new": values.only_new,
        "refactor": values.is_refactor,
        "features": [_feature(each) for each in values.features],
        "removed": list(values.removed),
        "added": list(values.added),
        "notes": list(values.notes),
    }


def _feature(moved: Moved) -> dict[str, Any]:
    known = {name: _plain(value) for name, value in asdict(moved).items() if name != "examples"}
    return {
        **known,
        "share": moved.share,
        "examples": [_example(each) for each in moved.examples],
    }


def _example(example: Example) -> dict[str, Any]:
    keys = {name: _plain(value) for name, value in example.keys.items()}
    as_of = to_text(example.as_of)
    return {"keys": keys, "as_of": as_of, "old": _plain(example.old), "new": _plain(example.new)}


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, str | int | float | None) else str(value)


def _nulls(moved: Moved) -> str:
    before, after = (
        100 * count / moved.rows if moved.rows else 0.0
        for count in (moved.old_nulls, moved.new_nulls)
    )
    return f"{before:.4g} %" if before == after else f"{before:.4g} → {after:.4g} %"


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.4g}"


def _value(value: Any) -> str:
    return "null" if value is None else str(value)


def _moment(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S}"
