"""Features that tell the label almost alone, measured on published training sets.

For a label of two values: the share of pairs of one row of each that the feature puts in the right
order, which is the area under the ROC curve (Hanley & McNeil 1982), from ranks as Mann & Whitney
(1947) count it. For a label that is a number: Spearman's rank correlation.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from provender_ops.catalog import Catalog, quoted
from provender_ops.definitions.declarations import Declarations, Service
from provender_ops.review.leaks import SUSPICIOUS, Leak, label_of, signed
from provender_ops.review.values import Values, ranks_of, spearman

BOUND = 0.95
LEAST = 20  # rows of each value of the label: with fewer, 0.95 is reached by chance


@dataclass(frozen=True)
class Told:
    """How well a feature alone tells the label; `how` names the figure."""

    share: float
    how: str
    rows: int


def find_suspicious(
    catalog: Catalog, declarations: Declarations, service: str
) -> tuple[list[Leak], list[str]]:
    """Return features that tell the label too well, and what was not measured, as sentences."""
    found = declarations.services[service]
    label = label_of(found)
    leaks: list[Leak] = []
    said: list[str] = []
    if not label:
        return leaks, said
    bound = float(label.get("suspicious_above", BOUND))
    for name in _training_sets(declarations, found):
        measured, why_not = _measure(catalog, found, name, str(label["column"]))
        said += why_not
        for feature, told in measured.items():
            if told.share >= bound:
                because = (
                    f"alone it tells {label['column']} with {told.how} {told.share:.3f} over"
                    f" {told.rows} rows of {name} (suspicious from {bound:g})"
                )
                leaks.append(signed(found, Leak(service, feature, SUSPICIOUS, because)))
    return leaks, said


def _training_sets(declarations: Declarations, service: Service) -> list[str]:
    ids = sorted(set(service.training_sets.values()))
    return [declarations.models[each].name for each in ids if each in declarations.models]


def _measure(
    catalog: Catalog, service: Service, name: str, label: str
) -> tuple[dict[str, Told], list[str]]:
    if not catalog.has(name):
        return {}, [f"{name} is not published: give it `meta: {{publish: true}}` and build it."]
    columns = catalog.columns(name)
    if label not in columns:
        return {}, [f"{name} has no column {label}, so nothing was measured on it."]
    rows = catalog.rows(f"from {quoted(name)} where {quoted(label)} is not null")
    truth = np.array([float(row[label]) for row in rows], dtype=np.float64)
    too_few = _too_few(truth)
    if too_few:
        return {}, [f"{name} {too_few}, so nothing was measured on it."]
    told: dict[str, Told] = {}
    for (view, feature), column in _named(service, columns):
        found = tells([row[column] for row in rows], truth)
        if found is not None:
            told[f"{view}.{feature}"] = found
    return told, []


def _named(service: Service, columns: Sequence[str]) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield each feature with the column it has in a training set: its name, or with its view."""
    for view, feature in service.features:
        name, _, version = view.partition("@")
        for column in (f"{name}_v{version}__{feature}", f"{name}__{feature}", feature):
            if column in columns:
                yield (view, feature), column
                break


def _too_few(truth: Values) -> str | None:
    values, counts = np.unique(truth, return_counts=True)
    if len(values) == 0:
        return "has no row with a label"
    if len(values) < 2:
        return "has one value of the label"
    if len(values) == 2 and counts.min() < LEAST:
        return f"has {counts.min()} rows of one value of the label, fewer than {LEAST}"
    return f"has {len(truth)} rows, fewer than {LEAST}" if len(truth) < LEAST else None


def tells(values: Sequence[Any], truth: Values) -> Told | None:
    """Return how well a column alone tells the label; None where too few rows have a value.

    A value that is not there tells something too: what tells more is returned.
    """
    is_there = np.array([value is not None for value in values])
    best = [_of_known(values, truth, is_there), _told(is_there.astype(np.float64), truth)]
    return max(filter(None, best), key=lambda told: told.share, default=None)


def _of_known(values: Sequence[Any], truth: Values, is_there: NDArray[np.bool_]) -> Told | None:
    known = [value for value in values if value is not None]
    of = truth[is_there]
    if not known or _too_few(of):
        return None
    if any(isinstance(value, str) for value in known):
        return _of_texts([str(value) for value in known], of)
    return _told(np.array([_number(value) for value in known], dtype=np.float64), of)


def _told(values: Values, truth: Values) -> Told | None:
    if _too_few(truth):
        return None
    kinds = np.unique(truth)
    if len(kinds) > 2:
        return Told(abs(spearman(values, truth)), "a rank correlation of", len(truth))
    share = auc(values, truth == kinds[1])
    return Told(max(share, 1 - share), "an AUC of", len(truth))


def auc(values: Values, is_positive: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve: (R - p(p+1)/2) / (p n), R the ranks of the positives."""
    positives = int(is_positive.sum())
    negatives = len(values) - positives
    ranks = float(ranks_of(values)[is_positive].sum())
    return (ranks - positives * (positives + 1) / 2) / (positives * negatives)


def _of_texts(values: Sequence[str], truth: Values) -> Told | None:
    """Return how well a text tells the label, by means learnt on one half and used on the other.

    A text with as many values as rows would tell the rows it was learnt from, and no others.
    """
    scores = np.zeros(len(values))
    halves = np.random.default_rng(0).permutation(len(values)) % 2  # whatever the rows' order
    for half in (0, 1):
        learnt: dict[str, list[float]] = {}
        for at in np.nonzero(halves != half)[0].tolist():
            learnt.setdefault(values[at], []).append(truth[at])
        overall = [float(truth[halves != half].mean())]
        for at in np.nonzero(halves == half)[0].tolist():
            scores[at] = np.mean(learnt.get(values[at], overall))
    return _told(scores, truth)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float(value.toordinal()) if hasattr(value, "toordinal") else float("nan")
