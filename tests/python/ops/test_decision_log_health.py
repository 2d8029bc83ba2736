"""What was promised and did not land is found, and so are two decisions under one id."""

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import redis
from decision_records import KEYS, a_record, a_view, log, log_some
from pushing import LOG_KEY
from support import REPO, DbtProject

from provender_ops.decisions.landing import Lander

AS_OF = datetime(2026, 3, 2, 12)
LANDED = AS_OF - timedelta(minutes=20)
MODEL = "models/monitoring/decision_log_health"
Row = dict[str, Any]
Landed = Callable[[list[Row]], Path]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> DbtProject:
    """The model compiled, in a project with a service that has an owner."""
    template = REPO / "tests/python/kernel/project"
    project = DbtProject(template, tmp_path_factory.mktemp("health") / "shop")
    (project.folder / "models/monitoring").mkdir()
    for suffix in (".sql", ".yml"):
        shutil.copy(REPO / f"{MODEL}{suffix}", project.folder / f"{MODEL}{suffix}")
    done = project.dbt("compile", "--select", "decision_log_health", as_of=AS_OF.isoformat())
    assert done.code == 0, done.output
    return project


def health(project: DbtProject, landing: Path, **replaced: str) -> tuple[Row, list[Row]]:
    """The row of the namespace, and those of writers by their names."""
    sql = (project.folder / f"target/compiled/provender/{MODEL}.sql").read_text()
    for old, new in replaced.items():
        assert old in sql
        sql = sql.replace(old, new)
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as store; create schema store.main_provender")
        for name, glob in (("decision_log", "decision_log/**"), ("landed", "landed")):
            connection.execute(
                f"create view store.main_provender.{name} as from read_parquet("
                f"'{landing}/{glob}/*.parquet', union_by_name = true, hive_partitioning = false)"
            )
        rows: list[Row] = connection.sql(sql).to_arrow_table().to_pylist()
    (whole,) = (row for row in rows if row["writer"] is None)
    return whole, sorted((row for row in rows if row["writer"]), key=lambda row: row["writer"])


@pytest.fixture
def lander(redis_client: redis.Redis, tmp_path: Path) -> Lander:
    return Lander(redis_client, KEYS, tmp_path, LOG_KEY)


@pytest.fixture
def landed(lander: Lander, redis_client: redis.Redis, tmp_path: Path) -> Landed:
    """Land records a while ago, and return where."""

    def land(records: list[Row]) -> Path:
        log(redis_client, records)
        lander.land(LANDED)
        return tmp_path

    return land


def test_a_whole_log_has_nothing_to_say(
    project: DbtProject, lander: Lander, redis_client: redis.Redis, tmp_path: Path
) -> None:
    """Landed twice is no conflict, a refused attempt no loss, and what is on its way neither."""
    log_some(redis_client, [1, 2, 2])
    log_some(redis_client, [4, 5], refused=1)
    lander.land(LANDED)
    log_some(redis_client, [5, 9], refused=1)
    lander.land(AS_OF - timedelta(minutes=9))
    whole, (writer,) = health(project, tmp_path)
    assert [whole[n] for n in ("finding", "since", "what_to_do", "conflicts")] == [None] * 3 + [0]
    assert (whole["landed_until"], whole["unlanded_seconds"]) == (AS_OF - timedelta(minutes=9), 540)
    assert [writer[n] for n in ("finding", "since", "what_to_do", "lost")] == [None] * 3 + [0]
    assert (writer["decisions"], writer["last_number"], writer["refused"]) == (4, 5, 1)


def test_lost_decisions_are_counted_by_writer_with_where_they_began(
    project: DbtProject, lander: Lander, redis_client: redis.Redis, tmp_path: Path
) -> None:
    log_some(redis_client, [1, 2, 6])
    log_some(redis_client, [9], refused=1)
    log_some(redis_client, [3, 4], writer="f" * 12)
    log_some(redis_client, [1, 2, 3], writer="a" * 12)
    lander.land(LANDED)
    _, writers = health(project, tmp_path)
    assert [(row["writer"][0], row["lost"]) for row in writers] == [("0", 4), ("a", 0), ("f", 2)]
    assert writers[0]["since"] == datetime(2026, 3, 2, 8, 0, 2)
    assert writers[0]["finding"].startswith("4 decisions that writer 0123456789ab was told")
    assert "journal" in writers[0]["what_to_do"]
    assert writers[2]["since"] == datetime(2026, 3, 2, 8, 0, 3)


@pytest.mark.parametrize(
    ("changes", "conflicts"),
    [
        ({"decision": {"outcome": "approved"}}, 1),
        ({"request": None}, 1),
        ({"outside": {"x": 1}}, 1),
        ({"service": "other"}, 1),
        ({"model_version": "m2"}, 1),
        ({"keys": {"customer_id": 2}}, 1),
        ({"views": [a_view(values=[4, "Bern", 0.25])]}, 1),
        ({"decided_at": "2026-03-02T08:30:00.000000Z"}, 0),
        ({"writer": "f" * 12, "number": 1}, 0),
    ],
    ids=str,
)
def test_one_id_with_other_content_is_a_conflict(
    project: DbtProject, landed: Landed, changes: Row, conflicts: int
) -> None:
    first = a_record(1, views=[a_view()])
    whole, _ = health(project, landed([first, a_record(2), {**first, **changes}]))
    assert whole["conflicts"] == conflicts
    assert (whole["since"] == LANDED) is bool(conflicts)
    if conflicts:
        assert "1 decisions were logged again with other content, d1 " in whole["finding"]


def test_a_log_that_nobody_lands_is_told(
    project: DbtProject, lander: Lander, redis_client: redis.Redis, tmp_path: Path
) -> None:
    log_some(redis_client, [1])
    lander.land(AS_OF - timedelta(hours=2))
    whole, _ = health(project, tmp_path)
    assert whole["finding"] == "Nothing has landed since 2026-03-02 10:00:00 UTC."
    assert whole["since"] == datetime(2026, 3, 2, 10)
