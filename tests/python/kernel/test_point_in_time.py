"""A training set says what readers were served, row for row: compiled SQL beside the oracle."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from oracle.point_in_time import Feature, HistoryRow, Push, Run, View, answer
from support import DbtProject, Row

DAY = datetime(2026, 3, 2)
PROJECT = Path(__file__).parent / "project"
SPEND = [Feature("orders_7d", 0), Feature("spend_7d", Decimal("0.00"), "default")]
LATER = Feature("flag", 7)

TRAINING = """
select *
from {{{{ provender.point_in_time_join(
    spine=source('shop', 'labels'), views=['spend', 'visits'],
    keys={{'customer_id': 'who'}}, as_of='{as_of}'
) }}}} as training
"""


def at(hour: int, minute: int = 0, microsecond: int = 0) -> datetime:
    return DAY + timedelta(hours=hour, minutes=minute, microseconds=microsecond)


# Run, readable at, store: an hour late, a rollback, forward again; and a push to another store.
PUSHES = [
    (at(8), at(9), "provender.dev"),
    (at(10), at(10, 2), "provender.dev"),
    (at(8), at(10, 30), "provender.dev"),
    (at(10), at(10, 45), "provender.dev"),
    (at(8), at(10, 50), "loadtest"),
]

LABELS = [
    (n, who, moment)
    for n, (who, moment) in enumerate(
        [
            ("c1", at(7)),  # before anything
            ("c1", at(8, 59, 999_999)),  # the run is there, its push is not
            ("c1", at(9)),  # exactly readable, exactly ttl old
            ("c1", at(9, 0, 1)),  # a microsecond past the ttl
            ("c1", at(10, 1)),
            ("c1", at(10, 2)),
            ("c1", at(10, 30)),  # rolled back to 08:00: expired
            ("c1", at(10, 45)),
            ("c1", at(10, 45)),  # a repeated row stays repeated
            ("c1", at(10, 55)),  # what another store was given changes nothing
            ("c1", at(11)),
            ("c2", at(10, 5)),
            ("nobody", at(10, 5)),
            ("c9", at(10, 5)),  # gone since 09:00
            ("c9", at(9)),  # a rolled back store would have it
            (None, at(10, 5)),
            (None, at(10, 5)),
            ("c1", None),
        ]
    )
]


@dataclass(frozen=True)
class Trained:
    """The built store, and the training set under two session time zones."""

    project: DbtProject
    rows: list[dict[str, Any]]
    zoned: list[dict[str, Any]]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    project = DbtProject(PROJECT, tmp_path_factory.mktemp("pit") / "project")
    project.write("shop.switch", [{"test_fails": False, "history_fails": False}])
    orders = [
        {"order_id": "1", "customer_id": "c1", "amount": Decimal("10.50"), "known": at(7)},
        {"order_id": "2", "customer_id": "c2", "amount": Decimal("3.00"), "known": at(7)},
        {"order_id": "3", "customer_id": "c1", "amount": Decimal("4.25"), "known": at(9, 30)},
        {"order_id": "4", "customer_id": "c9", "amount": Decimal("1.00"), "known": at(7)},
        {"order_id": "5", "customer_id": "c9", "amount": Decimal("-1.00"), "known": at(9)},
    ]
    project.write(
        "shop.orders",
        [
            {
                **{name: order[name] for name in ("order_id", "customer_id", "amount")},
                "occurred_at": order["known"],
                "loaded_at": order["known"],
            }
            for order in orders
        ],
    )
    first = project.build(as_of=at(8).isoformat())
    assert first.code == 0, first.output
    add_a_feature(project)
    second = project.build("--vars", VARS.format(at(10).isoformat()))
    assert second.code == 0, second.output
    write_labels(project)
    land_pushes(project)
    for as_of in ("asked_at", "asked_at_zoned"):
        model = project.folder / f"models/by_{as_of}.sql"
        model.write_text(TRAINING.format(as_of=as_of))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "America/New_York")
        done = project.dbt(
            "run",
            "--select",
            "by_asked_at",
            "by_asked_at_zoned",
            "run_availability",
            as_of=at(12).isoformat(),
        )
    assert done.code == 0, done.output
    return Trained(project, read(project, "by_asked_at"), read(project, "by_asked_at_zoned"))


VARS = "{{as_of: '{}', rehearsal: true, allow_shrink: [spend, visits]}}"


def add_a_feature(project: DbtProject) -> None:
    """The second run has a feature that the first did not."""
    project.edit(
        "models/spend.sql",
        "    spine.as_of,\n    cast(count",
        "    spine.as_of,\n    1 as flag,\n    cast(count",
    )
    project.edit(
        "models/spend.yml",
        "      - name: orders_7d\n",
        "      - name: flag\n        data_type: integer\n"
        "        config: {meta: {feature: {default: 7}}}\n      - name: orders_7d\n",
    )


def write_labels(project: DbtProject) -> None:
    labels = [
        {"n": n, "who": who, "asked_at": moment, "orders_7d_label": n} for n, who, moment in LABELS
    ]
    project.write(
        "shop.labels", labels, {"n": "integer", "who": "varchar", "asked_at": "timestamp"}
    )
    project.execute(
        "create or replace table shop.labels as select *,"
        " timezone('UTC', asked_at) as asked_at_zoned from shop.labels"
    )
    project.edit(
        "models/_sources.yml", "      - name: switch", "      - name: labels\n      - name: switch"
    )


def land_pushes(project: DbtProject) -> None:
    """Landed twice, as may happen."""
    folder = project.folder / "landing/dev/push_log"
    folder.mkdir(parents=True)
    rows = ", ".join(
        f"('{n}-0', '{namespace}', 'provender', 'dev', 'spend', 1, 'f', timestamp '{run}', 1,"
        f" timestamp '{readable}', 'full', 1, 0)"
        for n, (run, readable, namespace) in enumerate(PUSHES)
    )
    names = (
        "stream_id, namespace, project, target, view, version, fingerprint, run_as_of, generation,"
        " readable_at, mode, rows, tombstones"
    )
    for copy in ("a", "b"):
        duckdb.sql(f"select * from (values {rows}) as pushed({names})").write_parquet(
            str(folder / f"{copy}.parquet")
        )


def read(project: DbtProject, table: str) -> list[dict[str, Any]]:
    with duckdb.connect(str(project.database), read_only=True) as store:
        cursor = store.execute(f"select * from main.{table} order by n")
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def expected_view(project: DbtProject, view: str, features: list[Feature]) -> View:
    columns = ", ".join(feature.name for feature in features)
    history: list[Row] = project.query(
        f"select customer_id, valid_from, valid_to, {columns} from {view}_history"
    )
    runs = project.query(f"select as_of, ended_at, columns from runs where view = '{view}'")
    is_spend = view == "spend"
    return View(
        features=features,
        ttl=timedelta(hours=1) if is_spend else timedelta(days=2),
        freshness_sla=timedelta(minutes=30) if is_spend else timedelta(days=1),
        history=[
            HistoryRow(
                (row[0],), dict(zip(columns.split(", "), row[3:], strict=True)), row[1], row[2]
            )
            for row in history
        ],
        runs=[
            Run(as_of, ended, frozenset(f.name for f in features if f'"{f.name}"' in known))
            for as_of, ended, known in runs
        ],
        pushes=[Push(run, at) for run, at, store in PUSHES if store == "provender.dev"]
        if is_spend
        else [],
    )


def test_rows_are_sacred(trained: Trained) -> None:
    """None lost, none multiplied; duplicates, null keys and null times stay."""
    found = [
        (row["n"], row["who"], row["asked_at"], row["orders_7d_label"]) for row in trained.rows
    ]
    assert found == [(n, who, moment, n) for n, who, moment in LABELS]


@pytest.mark.parametrize(
    ("view", "features"),
    [("spend", [LATER, *SPEND]), ("visits", [Feature("orders_ever", 0)])],
)
def test_each_row_says_what_was_served(
    trained: Trained, view: str, features: list[Feature]
) -> None:
    truth = expected_view(trained.project, view, features)
    statuses = set()
    for row, (_, who, moment) in zip(trained.rows, LABELS, strict=True):
        status = row[f"{view}__status"]
        statuses.add(status)
        if moment is None:
            assert status == "not_computed"
            continue
        said = answer((who,), moment, truth)
        assert status == said.row_status, (row, said)
        assert row[f"{view}__as_of"] == said.as_of
        assert row[f"{view}__age"] == said.age
        for name, value in said.value.items():
            assert row[name] == value, (name, row, said)
    assert {"ok", "missing", "not_computed"} <= statuses
    assert view == "visits" or {"stale", "expired"} <= statuses


def test_a_feature_younger_than_the_run_is_said_so(trained: Trained) -> None:
    by_time = {row["asked_at"]: row for row in trained.rows if row["who"] == "c1"}
    assert by_time[at(9)]["spend__not_computed"] == "flag"
    assert by_time[at(9)]["flag"] == 7  # its default
    assert by_time[at(10, 45)]["spend__not_computed"] is None
    assert by_time[at(10, 45)]["flag"] == 1


def test_a_zoned_spine_gives_the_same_rows_in_any_session(trained: Trained) -> None:
    """The run had America/New_York for its zone."""
    assert trained.zoned == trained.rows
