"""Values as they are served now beside those that the model version was trained on.

The monitor `drift` says what is compared and what came of it. The values themselves are counted
here, from the decisions of its period and the published training set; where that set is not
published there is nothing to draw, and the figures of `drift` remain.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from provender_ops.catalog import Catalog, Row, quoted, text_literal

MOST = 60  # features that are drawn, those that drifted first
BINS = 24
KINDS = 7  # categories that stand by themselves
SAMPLE = 20_000  # decisions whose values are counted
OTHER = "others"
ABSENT = "('missing', 'not_computed', 'expired', 'unavailable')"

NUMBERS = """
with seen as (
    select true as is_trained, try_cast({column} as double) as value from {training} where {present}
    union all
    select false, value_number from served where name = {name}
),
kept as (from seen where isfinite(value)),
ends as (
    select min(low) as low, max(high) as high, bool_and(is_whole) as is_whole from (
        select quantile_cont(value, 0.005) as low, quantile_cont(value, 0.995) as high,
            bool_and(value = round(value)) as is_whole
        from kept group by is_trained
    )
),
grid as (
    select *, case
        when high <= low then 1
        when is_whole and high - low < {bins} then high - low + 1 else {bins} end as bins,
        case when is_whole and high - low < {bins} or high <= low then 1.0
        else (high - low) / {bins} end as width
    from ends
)
select is_trained, least(greatest(floor((value - low) / width), 0), bins - 1) as place,
    low, width, bins, count(*) as count
from kept, grid group by all order by all
"""
CATEGORIES = """
with seen as (
    select true as is_trained, {trained} as value from {training} where {present}
    union all
    select false, {served} from served where name = {name}
),
ranked as (
    select value, row_number() over (
        order by count(*) filter (is_trained) desc, count(*) desc, value
    ) as place
    from seen where value is not null group by value
)
select is_trained, least(place, {kinds} + 1) as place,
    case when place <= {kinds} then value else {other} end as value, count(*) as count
from seen join ranked using (value) group by all order by place, is_trained
"""


@dataclass(frozen=True, slots=True)
class Distribution:
    """Shares of the values of one feature, then and now, that are neither null nor absent.

    Numbers have `edges`, one more than there are shares; categories have `labels`.
    """

    drift: Row
    trained: Sequence[float]
    served: Sequence[float]
    edges: Sequence[float] = ()
    labels: Sequence[str] = ()


def read_distributions(catalog: Catalog, drift: Sequence[Row]) -> list[Distribution]:
    """Return what can be drawn of the rows of `drift` that speak of decisions."""
    if not (catalog.has("decision_features") and catalog.has("training_sets")):
        return []
    open_views = {
        (row["view"], row["version"])
        for row in catalog.rows("select view, version from feature_views where log_values")
    }  # personal values are drawn no more than they are logged
    wanted = [
        row
        for row in drift
        if row["population"] == "served"
        and row["compared_until"]
        and (row["view"], row["version"]) in open_views
    ]
    wanted.sort(key=lambda row: (row["drifted"] is None, -(row["psi"] or 0), row["feature"]))
    wanted = sorted(wanted[:MOST], key=_subject)
    found = []
    for _, rows in groupby(wanted, key=_subject):
        found += _of_subject(catalog, list(rows))
    return sorted(
        found, key=lambda each: (each.drift["drifted"] is None, -(each.drift["psi"] or 0))
    )


def _subject(row: Row) -> tuple[str, str, str]:
    return row["service"], row["model_version"] or "", row["baseline"] or ""


def _of_subject(catalog: Catalog, rows: Sequence[Row]) -> list[Distribution]:
    """Return those of one service, model version and training set."""
    training = rows[0]["baseline"]
    if training is None or not catalog.has(training):
        return []
    columns = {
        row["column_name"]: row["column_type"]
        for row in catalog.rows(f"describe {quoted(training)}")
    }
    _sample_decisions(catalog, rows)
    found = [_counted(catalog, row, columns) for row in rows]
    return [each for each in found if each is not None]


def _sample_decisions(catalog: Catalog, rows: Sequence[Row]) -> None:
    """Put what decisions were given into `served`: by a hash, so the same ones each time."""
    among = (
        "service = $service and coalesce(model_version, '') = $model_version"
        " and decided_at > $since and decided_at <= $until"
    )
    given = {
        "service": rows[0]["service"],
        "model_version": rows[0]["model_version"] or "",
        "since": min(row["compared_from"] for row in rows),
        "until": max(row["compared_until"] for row in rows),
    }
    (count,) = catalog.rows(f"select count(*) as n from decisions where {among}", given)
    one_in = max(1, count["n"] // SAMPLE)
    catalog.rows(
        "create or replace temp table served as select name, value, value_number from"
        f" decision_features where {among} and hash(decision_id) % {one_in} = 0 and not is_hashed"
        f" and role = 'decides' and status not in {ABSENT}",
        given,
    )


def _counted(catalog: Catalog, row: Row, columns: dict[str, str]) -> Distribution | None:
    """Return the shares of one feature; None where the set has no column of it, or it is a time."""
    prefixes = [f"{row['view']}_v{row['version']}", row["view"]]
    names = [
        row["feature"],
        row["view_feature"],
        *(f"{p}__{row['view_feature']}" for p in prefixes),
    ]
    column = next((name for name in names if name in columns), None)
    if column is None or columns[column].startswith(("DATE", "TIME")):
        return None
    status = next((f"{p}__status" for p in prefixes if f"{p}__status" in columns), None)
    parts = {
        "column": quoted(column),
        "training": quoted(row["baseline"]),
        "present": "true" if status is None else f"{quoted(status)} not in {ABSENT}",
        "name": text_literal(row["feature"]),
    }
    if row["kind"] == "number":
        return _numbers(row, catalog.rows(NUMBERS.format(bins=BINS, **parts)))
    is_text = columns[column] in ("VARCHAR", "BOOLEAN")
    parts["trained"] = f"cast({quoted(column)} as varchar)"
    parts["served"] = "json_extract_string(value, '$')"
    if not is_text:  # 1 and 1.0 are one
        parts["trained"] = f"printf('%g', cast({quoted(column)} as double))"
        parts["served"] = "printf('%g', value_number)"
    sql = CATEGORIES.format(kinds=KINDS, other=text_literal(OTHER), **parts)
    return _categories(row, catalog.rows(sql))


def _numbers(row: Row, counts: Sequence[Row]) -> Distribution | None:
    if not counts:
        return None
    bins, low, width = int(counts[0]["bins"]), counts[0]["low"], counts[0]["width"]
    shift = 0.5 if width == 1 else 0  # a whole number stands in the middle of its bar
    held = {(each["is_trained"], int(each["place"])): each["count"] for each in counts}
    return Distribution(
        drift=row,
        trained=_shares([held.get((True, place), 0) for place in range(bins)]),
        served=_shares([held.get((False, place), 0) for place in range(bins)]),
        edges=[low - shift + width * place for place in range(bins + 1)],
    )


def _categories(row: Row, counts: Sequence[Row]) -> Distribution | None:
    if not counts:
        return None
    labels = {each["place"]: each["value"] for each in counts}
    if all(_is_number(label) for label in labels.values() if label != OTHER):
        labels = dict(sorted(labels.items(), key=lambda item: _as_number(item[1])))
    held = {(each["is_trained"], each["place"]): each["count"] for each in counts}
    return Distribution(
        drift=row,
        trained=_shares([held.get((True, place), 0) for place in labels]),
        served=_shares([held.get((False, place), 0) for place in labels]),
        labels=list(labels.values()),
    )


def _is_number(label: str) -> bool:
    try:
        float(label)
    except ValueError:
        return False
    return True


def _as_number(label: str) -> float:
    return float(label) if label != OTHER else float("inf")


def _shares(counts: Sequence[int]) -> list[float]:
    total = sum(counts)
    return [count / total if total else 0.0 for count in counts]
