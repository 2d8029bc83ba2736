"""Features whose values agree on a sample of the published histories.

Values find what SQL cannot tell: one quantity out of two sources, or computed in two ways. They do
not speak against SQL: where that says that two features are one aggregate over another window or
another choice of rows, a sample on which both agree is a sample, and nothing is reported.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from provender_ops.catalog import Catalog, quoted
from provender_ops.review.duplicates import VALUES, Duplicate, Measured, excuse
from provender_ops.review.terms import Term, in_order

Values = NDArray[np.float64]
SAMPLE = 2_000  # keys of an entity
LEAST = 30  # rows that say something: where one of two has another value than most often
LEAST_VALUES = 4  # different ones: two flags, or two small counts, agree by chance
EQUAL = 0.98  # share of those rows
NEAR = 0.9  # rank correlation over all rows, below which two are not compared
MONOTONE = 0.999  # rank correlation (Spearman) over them
_CHOICES = frozenset({"bound", "in", "notin", "not", "or", "any", "isnull", "first", "fn"})


def find_by_values(
    catalog: Catalog, measured: Sequence[Measured], found: Iterable[Duplicate] = ()
) -> list[Duplicate]:
    """Return pairs whose values agree and that are not among those already `found`.

    Views that were not published yet are left out; raise UnreadableCatalog.
    """
    known = {frozenset((each.feature, each.of)) for each in found}
    by_entity: dict[str, list[Measured]] = defaultdict(list)
    for each in _last_versions(measured):
        by_entity[each.view.entity].append(each)
    return [
        duplicate
        for of_entity in by_entity.values()
        for duplicate in _of_entity(catalog, of_entity)
        if frozenset((duplicate.feature, duplicate.of)) not in known
    ]


def _last_versions(measured: Sequence[Measured]) -> list[Measured]:
    last: dict[str, int] = defaultdict(int)
    for each in measured:
        last[each.view.name] = max(last[each.view.name], each.view.version)
    return [each for each in measured if each.view.version == last[each.view.name]]


def _of_entity(catalog: Catalog, measured: Sequence[Measured]) -> Iterator[Duplicate]:
    sampled = _sampled(catalog, measured)
    telling = [_informative(column) for _, column in sampled]
    for one, other in _candidates([column for _, column in sampled]):
        (first, values), (second, others) = sampled[one], sampled[other]
        if shape(first.quantity.core) == shape(second.quantity.core):
            continue
        said = agreement(values, others, telling[one] | telling[other])
        if said is not None:
            reason = excuse(second, first)
            yield Duplicate(second.label, first.label, VALUES, (said,), reason)


def _candidates(columns: Sequence[Values]) -> Iterator[tuple[int, int]]:
    """Yield pairs of columns that are worth a closer look, by one product of all ranks."""
    if len(columns) < 2:
        return
    ranks = np.array([ranks_of(column) for column in columns])
    ranks -= ranks.mean(axis=1, keepdims=True)
    lengths = np.sqrt((ranks**2).sum(axis=1))
    lengths[lengths == 0] = np.inf
    alike = np.abs((ranks / lengths[:, None]) @ (ranks / lengths[:, None]).T) >= NEAR
    for one, other in zip(*np.nonzero(np.triu(alike, k=1)), strict=True):
        yield int(one), int(other)


def shape(core: Term) -> str:
    """Return a key of a core that is equal where only windows and choices of rows differ."""
    return _shape(core).key


def _shape(core: Term) -> Term:
    if core.op == "where":
        return Term("where", *in_order(e for e in core.terms if e.op not in _CHOICES))
    if not core.terms:
        return core
    return Term(core.op, *(_shape(e) if isinstance(e, Term) else e for e in core.args))


def agreement(one: Values, other: Values, rows: NDArray[np.bool_]) -> str | None:
    """Return how two columns agree over the rows that say something; None when they do not."""
    count = int(rows.sum())
    if count < LEAST:
        return None
    mine, others = one[rows], other[rows]
    if min(len(np.unique(mine)), len(np.unique(others))) < LEAST_VALUES:
        return None
    close = np.isclose(mine, others, rtol=1e-9, atol=1e-12, equal_nan=True)
    share = float(np.mean(close))
    if share >= EQUAL:
        return f"{share:.1%} of {count} values are equal"
    both = ~(np.isnan(mine) | np.isnan(others))
    if both.sum() < LEAST or both.sum() < EQUAL * count:
        return None
    correlation = spearman(mine[both], others[both])
    if abs(correlation) < MONOTONE:
        return None
    return f"they order {count} rows alike (rank correlation {correlation:.4f})"


def spearman(one: Values, other: Values) -> float:
    """Return Spearman's rank correlation, ties sharing their mean rank; 0 where one is constant."""
    first, second = ranks_of(one), ranks_of(other)
    if first.std() == 0 or second.std() == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def ranks_of(values: Values) -> Values:
    """Return ranks from 1; equal values share the mean of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts - 1) / 2.0)[inverse]


def _informative(values: Values) -> NDArray[np.bool_]:
    """Return where a column has another value than the one that it has most often."""
    found, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return inverse != int(np.argmax(counts)) if len(found) else np.zeros(0, dtype=bool)


def _sampled(catalog: Catalog, measured: Sequence[Measured]) -> list[tuple[Measured, Values]]:
    """Return a column of values for each feature, over the same keys at the same moment."""
    runs = catalog.last_runs()
    built = [e for e in measured if (e.view.name, e.view.version) in runs]
    if not built:
        return []
    views = {each.view.label: each.view for each in built}.values()
    at = min(runs[view.name, view.version].as_of for view in views)
    states = {
        view.label: _state(catalog, runs[view.name, view.version].history, view.keys, at)
        for view in views
    }
    keys = sorted(set().union(*states.values()), key=repr)
    codes: dict[Any, float] = {}
    return [
        (each, _column([states[each.view.label].get(k) for k in keys], each.feature.name, codes))
        for each in built
    ]


def _state(
    catalog: Catalog, history: str, keys: Sequence[Any], at: datetime
) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return the rows of a sample of keys as a history has them at a moment."""
    names = [key.name for key in keys]
    listed = ", ".join(map(quoted, names))
    rows = catalog.rows(
        f"from {quoted(history)} where valid_from <= $at and (valid_to is null or valid_to > $at)"
        f" order by hash({listed}), {listed} limit {SAMPLE}",
        {"at": at},
    )
    return {tuple(row[name] for name in names): row for row in rows}


def _column(rows: Sequence[Any], name: str, codes: dict[Any, float]) -> Values:
    return np.array([_number(row and row.get(name), codes) for row in rows], dtype=np.float64)


def _number(value: Any, codes: dict[Any, float]) -> float:
    """Return a value as a number; what is none has a number of its own."""
    if value is None:
        return float("nan")
    if isinstance(value, datetime | date):
        return float(value.toordinal() if not isinstance(value, datetime) else value.timestamp())
    try:
        return float(value)
    except (TypeError, ValueError):
        return codes.setdefault(repr(value), float(len(codes)) + 0.5)
