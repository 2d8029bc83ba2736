"""Each statistic of `drift` equals scipy's, on random and nasty samples, each a feature."""

import itertools
import json
import math
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from drift_report import COMPILED_AT, DriftReport, Row
from scipy import stats
from scipy.special import kolmogorov

Sample = list[Any]
FEW = 10  # a number of no more values than that is a category
CATEGORIES = 12  # as declared here
NAN, INF = math.nan, math.inf


def number_pairs() -> list[tuple[Sample, Sample]]:
    """Return (baseline, now) of numbers; None is null."""
    random = np.random.default_rng(5)
    normal = random.standard_normal
    pairs: list[tuple[Any, Any]] = [
        (normal(500), normal(400)),
        (normal(500), normal(400) + 0.5),
        (normal(900), 1000 * normal(700)),
        (normal(2000), normal(3)),
        (normal(3), normal(2000)),
        (normal(20), normal(1)),
        (random.integers(0, 40, 700), random.integers(0, 50, 600)),  # ties
        (random.poisson(2, 700), random.poisson(2.3, 300)),
        (random.integers(0, 3, 300), random.integers(1, 5, 400)),  # few values
        ([7.0] * 50, [7.0] * 20),
        ([7.0] * 50, [8.0] * 20),
        ([7.0] * 50, [6.0] * 20 + [7.0] * 30),
        ([0.0] * 300 + list(random.random(200)), [0.0] * 100 + list(random.random(300))),
        ([0.0, -0.0] * 40 + list(range(20)), [-0.0] * 30 + list(range(30))),
        ([1.0], [2.0]),
        ([1.0], [1.0]),
        ([], [1.0, 2.0]),
        ([1.0, 2.0], []),
        ([None] * 30, [1.0] * 40),
        ([1.0] * 40 + [None] * 5, [None] * 30),
        ([*normal(60), None, NAN, INF, -INF], [*normal(50), None, None, NAN, INF, INF]),
        ([INF] * 20 + list(normal(30)), [-INF] * 20 + list(normal(30))),
        ([NAN] * 20 + list(normal(30)), list(normal(30))),
        (normal(300) * 1e300, normal(300) * 1e300),
        (normal(300) * 1e-300, normal(300) * 1e-300),
        (1.7e9 + normal(400), 1.7e9 + normal(400) + 0.3),  # squares would cancel
        (np.exp(4 * normal(800)), np.exp(4 * normal(700))),
        ([1e308, -1e308] * 20 + list(range(20)), [1e308] * 30 + list(range(20))),
        ([2.0**53, 2.0**53 + 2] * 12 + list(range(15)), [2.0**53 + 2] * 9),
    ]
    for size, other, ties in itertools.product((12, 150, 1500), (8, 90, 2500), (None, 1, 0)):
        one, two = random.standard_t(2, size), random.standard_t(2, other) * random.choice([1, 1.4])
        pairs.append((one, two) if ties is None else (np.round(one, ties), np.round(two, ties)))
    return [(list(map(plain, one)), list(map(plain, two))) for one, two in pairs]


def plain(value: Any) -> Any:
    return value if value is None else float(value)


def category_pairs() -> list[tuple[Sample, Sample]]:
    random = np.random.default_rng(6)
    names = ["", "null", "a b", 'say "so"', "ü", *(f"c{n}" for n in range(40))]
    pairs: list[tuple[Sample, Sample]] = [
        (["a"] * 50, ["a"] * 30),
        (["a"] * 50, ["b"] * 30),
        (["a"] * 50, ["a"] * 30 + ["b"] * 20),
        (["a"], ["b"]),
        ([None] * 30, ["a"] * 30),
        (["a", None] * 20, [None] * 20),
        ([], ["a"] * 20),
        (["a", "b"] * 400, ["a", "b", "b"] * 2),
    ]
    for kinds, size, other in itertools.product((2, 3, 8, 14, 45), (30, 900), (40, 3000)):
        odds = random.dirichlet(np.ones(kinds))
        others = random.dirichlet(40 * odds + 0.05)
        pairs.append(
            (
                list(random.choice(names[:kinds], size, p=odds)),
                list(random.choice(names[:kinds], other, p=others)),
            )
        )
    return [([none(v) for v in one], [none(v) for v in two]) for one, two in pairs]


def none(value: Any) -> str | None:
    return None if value is None else str(value)


NUMBERS = {f"n{n}": pair for n, pair in enumerate(number_pairs())}
TEXTS = {f"t{n}": pair for n, pair in enumerate(category_pairs())}
PAIRS = {**NUMBERS, **TEXTS}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    """What the model says of each pair: rows of decisions beside rows of the training set."""
    types = {name: "double" if name in NUMBERS else "varchar" for name in PAIRS}
    drift = DriftReport(
        tmp_path_factory.mktemp("drift") / "statistics",
        types,
        tells_not_computed=True,
        categories=CATEGORIES,
        min_rows=2,
    )
    with drift.store() as store:
        fill(store, types)
        rows = drift.rows(store)
    return {row["feature"]: row for row in rows if row["population"] == "served"}


def fill(store: Any, types: dict[str, str]) -> None:
    """Rows past the end of a sample are absent, so that samples of any size stand side by side.

    They are absent one by one, which `not_computed` says; each row is another customer.
    """
    longest = max(len(one) for one, _ in PAIRS.values())
    training = pd.DataFrame({"customer_id": range(longest)})
    columns = {
        name: pd.Series([*one, *[None] * (longest - len(one))], dtype=object)
        for name, (one, _) in PAIRS.items()
    }
    absent = [
        ", ".join(name for name, (one, _) in PAIRS.items() if row >= len(one)) or None
        for row in range(longest)
    ]
    training = pd.concat([training, pd.DataFrame(columns)], axis=1)
    training["profile__as_of"], training["profile__status"] = COMPILED_AT, "ok"
    training["profile__not_computed"] = pd.Series(absent, dtype=object)
    store.register("given", training)
    typed = ", ".join(f'cast("{name}" as {type_}) as "{name}"' for name, type_ in types.items())
    store.execute(f"insert into profile_training by name select * replace ({typed}) from given")
    most = max(len(two) for _, two in PAIRS.values())
    decisions = pd.DataFrame({"n": range(most)})
    store.register("decided", decisions)
    store.execute(
        "insert into decisions select n, 'scoring', 'v1', cast(? as timestamp) - to_seconds(n),"
        """ '{"customer_id":' || n || '}' from decided""",
        [COMPILED_AT],
    )
    features = pd.DataFrame(
        [
            (str(n), name, as_json(value))
            for name, (_, two) in PAIRS.items()
            for n, value in enumerate(two)
        ],
        columns=["decision_id", "name", "value"],
    )
    store.register("served", features)
    store.execute(
        "insert into decision_features by name"
        " select *, timestamp '2026-03-01' as as_of, 'ok' as status from served"
    )


def as_json(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return {"nan": '"NaN"', "inf": '"Infinity"', "-inf": '"-Infinity"'}[str(value)]
    return json.dumps(value, ensure_ascii=False)


def held(sample: Sample) -> Sample:
    """Return what is neither null nor NaN."""
    return [v for v in sample if v is not None and not (isinstance(v, float) and math.isnan(v))]


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers(name: str, report: dict[str, Row]) -> None:
    baseline, now = (held(sample) for sample in NUMBERS[name])
    row = report[name]
    if not baseline or not now:
        assert row["d"] is None
        assert row["ks_p"] is None
        return
    expected = stats.ks_2samp(baseline, now, method="asymp")
    worth = len(baseline) * len(now) / (len(baseline) + len(now))
    assert row["d"] == pytest.approx(expected.statistic, rel=1e-12, abs=1e-15)
    assert row["ks_p"] == pytest.approx(kolmogorov(row["d"] * math.sqrt(worth)), rel=1e-9)
    for sample, prefix in ((now, ""), (baseline, "baseline_")):
        assert row[f"{prefix}minimum"] == min(sample)
        assert row[f"{prefix}maximum"] == max(sample)
        finite = [v for v in sample if abs(v) < 1e150]
        if finite:
            assert row[f"{prefix}mean"] == pytest.approx(np.mean(finite), rel=1e-9, abs=1e-9)
        if len(finite) > 1:
            assert row[f"{prefix}stddev"] == pytest.approx(np.std(finite, ddof=1), rel=1e-6)


@pytest.mark.parametrize("name", PAIRS)
def test_nulls(name: str, report: dict[str, Row]) -> None:
    baseline, now = PAIRS[name]
    row = report[name]
    if not baseline or not now:
        assert row["null_p_corrected"] is None
        return
    nulls = [len(sample) - len(held(sample)) for sample in (now, baseline)]
    assert row["null_ratio"] == pytest.approx(nulls[0] / len(now), abs=1e-12)
    assert row["baseline_null_ratio"] == pytest.approx(nulls[1] / len(baseline), abs=1e-12)
    table = np.array([nulls, [len(now) - nulls[0], len(baseline) - nulls[1]]])
    expected = stats.chi2_contingency(table[table.sum(1) > 0], correction=False).pvalue
    if min(len(now), len(baseline)) >= 2:
        tests = number_of_tests(report)
        assert row["null_p_corrected"] == pytest.approx(min(1, expected * tests), rel=1e-8)


@pytest.mark.parametrize("name", PAIRS)
def test_psi_and_chi_square(name: str, report: dict[str, Row]) -> None:
    baseline, now = (held(sample) for sample in PAIRS[name])
    row = report[name]
    if not baseline or not now:
        assert row["psi"] is None
        assert row["chi_square"] is None
        return
    kind = "category" if name in TEXTS or len(set(baseline)) <= FEW else "number"
    assert row["kind"] == kind
    place = deciles(baseline) if kind == "number" else common(baseline, now)
    table = np.array(
        [
            [Counter(map(place, sample))[b] for b in buckets(place, now + baseline)]
            for sample in (now, baseline)
        ],
        dtype=float,
    )
    assert row["psi"] == pytest.approx(psi(table), rel=1e-9, abs=1e-12)
    if kind == "number":
        assert row["chi_square"] is None
        return
    expected = stats.chi2_contingency(table, correction=False)
    assert row["chi_square_degrees"] == expected.dof
    assert row["chi_square"] == pytest.approx(expected.statistic, rel=1e-9, abs=1e-12)
    assert row["chi_square_p"] == pytest.approx(expected.pvalue, rel=1e-8)


def buckets(place: Any, values: Sample) -> list[Any]:
    return sorted({place(value) for value in values}, key=str)


def deciles(baseline: Sample) -> Any:
    """Return the tenth of the baseline in which the middle of a value's place lies."""
    ordered = np.sort(baseline)

    def place(value: float) -> int:
        below, upto = (np.searchsorted(ordered, value, side) for side in ("left", "right"))
        return min(9, int(10 * (int(below) + int(upto))) // (2 * len(ordered)))

    return place


def common(baseline: Sample, now: Sample) -> Any:
    """Return the category itself, where it is among the commonest and enough of it is expected."""
    counts = Counter(map(key, baseline))
    first = sorted(counts, key=lambda name: (-counts[name], name.encode()))[:CATEGORIES]
    both = counts + Counter(map(key, now))
    smaller, all_rows = min(len(baseline), len(now)), len(baseline) + len(now)
    kept = {name for name in first if both[name] / all_rows * smaller >= 5}
    return lambda value: key(value) if key(value) in kept else ("other",)


def key(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:.1f}"


def psi(table: Any) -> float:
    shares = (table + 0.5) / (table.sum(1, keepdims=True) + 0.5 * table.shape[1])
    return float(((shares[0] - shares[1]) * np.log(shares[0] / shares[1])).sum())


def number_of_tests(report: dict[str, Row]) -> int:
    """Return what p-values are corrected for: each is tested over the window and over its day."""
    of = ("p_corrected", "null_p_corrected", "absent_p_corrected")
    return 2 * sum(row[p] is not None for row in report.values() for p in of)


def test_p_values_are_corrected_for_all_that_was_tested(report: dict[str, Row]) -> None:
    tests = number_of_tests(report)
    assert tests > len(PAIRS)
    for name, row in report.items():
        if row["p_corrected"] is not None:
            p = row["chi_square_p" if row["kind"] == "category" else "ks_p"]
            assert row["p_corrected"] == pytest.approx(min(1, p * tests), rel=1e-12), name


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> DriftReport:
    types = {"x": "double", "k": "varchar", "stamp": "timestamp", "on_day": "date"}
    return DriftReport(tmp_path_factory.mktemp("drift") / "small", types, min_rows=50)


def fill_small(store: Any, training: pd.DataFrame, served: pd.DataFrame) -> None:
    """Write rows (customer_id, moment, then features) of a training set, and of decisions."""
    training = training.assign(profile__as_of=training["moment"], profile__status="ok")
    store.register("training", training.drop(columns="moment"))
    store.execute("insert into profile_training by name from training")
    store.register("served", served.assign(n=range(len(served))))
    store.execute(
        "insert into decisions select n, 'scoring', 'v1', moment,"
        """ '{"customer_id":' || customer_id || '}' from served"""
    )
    for name in served.columns.drop(["customer_id", "moment"]):
        store.execute(
            "insert into decision_features by name select n as decision_id,"
            f" '{name}' as name, moment as as_of, 'ok' as status, to_json({name}) as value"
            " from served"
        )


def served_rows(drift: DriftReport, store: Any) -> dict[str, Row]:
    rows = drift.rows(store)
    return {row["feature"]: row for row in rows if row["population"] == "served"}


def test_an_entity_that_comes_again_is_worth_one_row(small: DriftReport) -> None:
    """Kish's design effect divides the counts; D and PSI stay."""
    random = np.random.default_rng(8)
    training, served = (random.integers(0, high, size) for high, size in ((60, 300), (29, 500)))
    at = COMPILED_AT - timedelta(hours=1)
    tables = [
        pd.DataFrame(
            {"customer_id": who, "moment": at, "x": who * 1.0, "k": np.where(who % 2, "a", "b")}
        )
        for who in (training, served)
    ]
    with small.store() as store:
        fill_small(store, *tables)
        rows = served_rows(small, store)
    worth = [
        len(who) ** 2 / sum(n**2 for n in Counter(who.tolist()).values())
        for who in (training, served)
    ]
    for row in (rows["x"], rows["k"]):
        assert row["baseline_design_effect"] == pytest.approx(300 / worth[0])
        assert row["design_effect"] == pytest.approx(500 / worth[1])
    scale = math.sqrt(worth[0] * worth[1] / (worth[0] + worth[1]))
    assert rows["x"]["d"] == pytest.approx(stats.ks_2samp(training, served).statistic)
    assert rows["x"]["ks_p"] == pytest.approx(kolmogorov(rows["x"]["d"] * scale))
    table = [
        [Counter((who % 2).tolist())[n] * w / len(who) for n in (0, 1)]
        for who, w in zip((training, served), worth, strict=True)
    ]
    expected = stats.chi2_contingency(table, correction=False)
    assert rows["k"]["chi_square"] == pytest.approx(expected.statistic)
    assert rows["k"]["chi_square_p"] == pytest.approx(expected.pvalue)


def test_a_time_is_compared_by_how_long_ago_it_was(small: DriftReport) -> None:
    """Two years after the training set, a date a week ago is still a date a week ago."""
    days = pd.to_timedelta(np.arange(300) % 30, unit="D")
    tables = []
    for moment in (datetime(2024, 1, 10), COMPILED_AT - timedelta(hours=3)):
        stamp = pd.Series(moment - days)
        tables.append(
            pd.DataFrame(
                {
                    "customer_id": range(300),
                    "moment": moment,
                    "stamp": stamp,
                    "on_day": stamp.dt.date,
                }
            )
        )
    with small.store() as store:
        fill_small(store, *tables)
        rows = served_rows(small, store)
    assert rows["stamp"]["d"] == pytest.approx(0, abs=1e-12)
    # a date is of midnight, and it was 21:00
    assert rows["on_day"]["d"] == pytest.approx(1 / 30)
    assert rows["stamp"]["finding"] is None
    assert rows["on_day"]["finding"] is None
