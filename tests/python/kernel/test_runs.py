"""Every mode in which dbt can be run leaves history true, or is refused in a sentence.

One store is driven through them in order. After each command the test keeps what stood in the
writer's file and what the published catalog showed to a reader.
"""

import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pytest
from support import DbtProject, DbtRun, Dump, dump

DAY = "2026-03-02"
HISTORIES = ("spend_history", "visits_history")
REFUSED = "refused, nothing was changed"
MIXED = "another run computed it. Build the view and its history together"
SAMPLE = "{'start': '2026-03-02', 'end': '2026-03-02 08'}"

Orders = list[dict[str, Any]]


def at(hour: int) -> str:
    return f"{DAY} {hour:02}:00:00"


def orders() -> Orders:
    """Eight customers; each hour two of them order, and it is known half an hour later."""
    made = []
    for hour in range(-8, 24):
        for n in (hour % 8, hour * 3 % 8):
            occurred_at = datetime.fromisoformat(f"{DAY} 00:00") + timedelta(hours=hour)
            row = {
                "order_id": f"{hour}/{n}",
                "customer_id": f"c{n}",
                "amount": Decimal(f"{hour + 10}.50"),
                "occurred_at": occurred_at,
                "loaded_at": occurred_at + timedelta(minutes=29),
            }
            made.append(row)
    return [made[i * 29 % len(made)] for i in range(len(made))]


def expected(view: str, hour: int) -> list[tuple[Any, ...]]:
    """Compute the view again, from what it says: orders placed and readable by then."""
    now = datetime.fromisoformat(at(hour))
    found: dict[str, dict[str, Decimal]] = {}
    for row in orders():
        if row["loaded_at"] + timedelta(minutes=1) <= now:
            found.setdefault(row["customer_id"], {})[row["order_id"]] = row["amount"]
    if view == "visits":
        return sorted((customer, len(rows)) for customer, rows in found.items())
    return sorted((customer, len(rows), sum(rows.values())) for customer, rows in found.items())


@dataclass(frozen=True)
class Step:
    """What one command did."""

    run: DbtRun
    tables: dict[str, Dump | None]  # histories and the run log
    published: dict[str, Dump | None]  # the same, as a reader has them
    builds: list[tuple[str, str]]  # (view, status), the last at the end
    definitions: int
    last_builds: dict[str, str]  # as a reader tells them: by finished_at


class Store:
    """The store, and every step it went through by name."""

    def __init__(self, folder: Path) -> None:
        self.project = DbtProject(Path(__file__).parent / "project", folder, registry=False)
        self.project.write("shop.orders", orders())
        self.switch()
        self.steps: dict[str, Step] = {}
        self.reader: list[Dump | None] = []  # one open session, before and after a build
        self.codes: list[int] = []  # of the two builds at once
        self.states: dict[tuple[str, int], list[tuple[Any, ...]]] = {}  # at every logged run
        self.at_noon: DbtRun | None = None  # which is no time
        self.replaced: DbtRun | None = None  # over another database

    def switch(self, *, test_fails: bool = False, history_fails: bool = False) -> None:
        self.project.write(
            "shop.switch", [{"test_fails": test_fails, "history_fails": history_fails}]
        )

    def did(self, name: str, run: DbtRun) -> None:
        project = self.project
        with duckdb.connect(project.catalog, read_only=True) as catalog:
            published = {name: dump(catalog, name) for name in (*HISTORIES, "runs")}
        self.steps[name] = Step(
            run,
            {
                **{name: project.dump(name) for name in HISTORIES},
                "runs": project.dump("main_provender.run_log"),
            },
            published,
            project.query("select view, status from main_provender.build_log order by rowid"),
            project.query(
                "select count(*) from main_provender.definition_log where view is not null"
            )[0][0],
            dict(
                project.published(
                    "select view, arg_max(status, finished_at) from builds group by view"
                )
            ),
        )

    def state(self, view: str, hour: int) -> list[tuple[Any, ...]]:
        """The state of a history at the logged run of that hour."""
        return self.project.query(
            "select * exclude (as_of, scd_id, updated_at, valid_from, valid_to)"
            f" from {view}_history where valid_from <= '{at(hour)}'"
            f" and (valid_to is null or valid_to > '{at(hour)}') order by all"
        )

    def logged(self, step: str, view: str) -> list[int]:
        """Hours of the runs of a view that were logged by then."""
        table = self.steps[step].tables["runs"]
        assert table is not None
        names = [column for column, _ in table[0]]
        rows = [dict(zip(names, row, strict=True)) for row in table[1]]
        return [row["as_of"].hour for row in rows if row["view"] == view]


def drive(store: Store) -> None:
    project, did = store.project, store.did
    store.at_noon = project.build(as_of="noon")
    did("first", project.build(as_of=at(8)))

    ours = "search_order: [provender, dbt]"
    project.edit("dbt_project.yml", ours, "search_order: [dbt]")
    with mock.patch.dict(os.environ, {"PROVENDER_AS_OF": at(9)}):
        did("ahead", project.build("--vars", "{as_of: 2999-01-01}"))  # the clock of the machine
    project.edit("dbt_project.yml", "search_order: [dbt]", ours)
    did("again", project.dbt("snapshot", as_of=at(8)))
    did("later snapshot", project.dbt("snapshot", as_of=at(9)))

    did("empty", project.build("--empty", as_of=at(10)))
    did("sample", project.build("--sample", SAMPLE, as_of=at(10)))
    did("after sample", project.dbt("snapshot", as_of=at(10)))

    for file in project.catalog.parent.glob("*/as_of=20260302T*"):
        file.unlink()
    with duckdb.connect(project.catalog, read_only=True) as reader:
        did("full refresh", project.build("--full-refresh", as_of=at(11)))
        store.reader.append(dump(reader, "spend_history"))
        did("minutes", project.build("--select", "tag:minutes", as_of=at(12)))
        store.reader.append(dump(reader, "spend_history"))

    did("run", project.dbt("run", as_of=at(13)))
    did("history only", project.dbt("snapshot", "--select", "visits_history", as_of=at(13)))

    store.switch(test_fails=True, history_fails=True)
    did("fails", project.build("--vars", json.dumps({"as_of": at(14), "rehearsal": True})))
    store.switch()
    did("retry", project.dbt("retry"))

    builds = [
        project.start("build", "--target-path", f"target_{hour}", as_of=at(hour))
        for hour in (16, 17)
    ]
    outputs = [build.communicate()[0] for build in builds]
    store.codes = [build.returncode for build in builds]
    did("two at once", DbtRun(max(store.codes), "\n".join(outputs)))

    store.switch(test_fails=True, history_fails=True)
    did("fails now", project.build())
    store.switch()
    did("retry now", project.dbt("retry"))

    project.database.rename(project.folder / "lost.duckdb")
    store.replaced = project.build(as_of=at(18))
    project.database.unlink()
    (project.folder / "lost.duckdb").rename(project.database)

    store.states = {
        (view, hour): store.state(view, hour)
        for view in ("spend", "visits")
        for hour in store.logged("retry now", view)
    }
    project.execute("insert into spend_history select * from spend_history where valid_to is null")
    did("tests alone", project.dbt("test", as_of=at(19)))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store(tmp_path_factory.mktemp("runs") / "project")
    drive(store)
    return store


ALL = (
    *("first", "ahead", "again", "later snapshot", "empty", "sample", "after sample"),
    *("full refresh", "minutes", "run", "history only", "fails", "retry"),
    *("two at once", "fails now", "retry now"),
)  # and "tests alone", after history was damaged on purpose


def assert_refused(store: Store, step: str, sentence: str) -> None:
    """Both histories say why, and no cell of them or of the run log changed."""
    now, before = store.steps[step], store.steps[ALL[ALL.index(step) - 1]]
    assert now.run.code != 0
    for history in HISTORIES:
        message = " ".join(now.run.message[history].split())
        assert REFUSED in message
        assert sentence in message
    assert now.tables == before.tables
    assert now.definitions == before.definitions


def test_every_logged_run_says_what_the_events_said_then(store: Store) -> None:
    """Whatever ran in between, the state at each logged run is the view at that moment."""
    assert len(store.states) >= 10
    wrong = [run for run, state in store.states.items() if state != expected(*run)]
    assert not wrong


@pytest.mark.parametrize("step", ALL)
def test_the_published_catalog_equals_history_after_every_command(store: Store, step: str) -> None:
    """Columns, types and cells; also the run log."""
    taken = store.steps[step]
    for table in (*HISTORIES, "runs"):
        assert taken.published[table] == taken.tables[table]


def test_an_as_of_that_was_logged_before_is_refused(store: Store) -> None:
    assert_refused(
        store, "again", "is at or before the last logged run (2026-03-02 08:00:00.000000)"
    )


def test_a_project_without_the_dispatch_block_is_refused(store: Store) -> None:
    assert_refused(
        store, "ahead", "Put this in dbt_project.yml: `dispatch: [{macro_namespace: dbt,"
    )


def test_a_time_that_is_none_stops_everything(store: Store) -> None:
    assert store.at_noon is not None
    assert store.at_noon.code != 0
    assert "PROVENDER_AS_OF: not a time, got 'noon'" in " ".join(store.at_noon.output.split())
    assert set(store.at_noon.status.values()) <= {"skipped"}


def test_an_as_of_in_the_future_is_refused(store: Store) -> None:
    """No run could be logged before it ever again. What --vars says is before PROVENDER_AS_OF."""
    assert_refused(store, "ahead", "is in the future, and history could not be continued")


def test_a_snapshot_alone_with_a_later_as_of_is_refused(store: Store) -> None:
    assert_refused(store, "later snapshot", MIXED)


def test_a_snapshot_alone_may_follow_a_run_with_the_same_as_of(store: Store) -> None:
    """The run of the views leaves history; the histories may be written one by one."""
    assert store.steps["run"].run.code == 0
    assert store.steps["run"].tables == store.steps["minutes"].tables
    assert store.steps["history only"].run.code == 0
    assert store.logged("history only", "visits")[-1] == 13
    assert store.logged("history only", "spend")[-1] == 12


@pytest.mark.parametrize("mode", ["empty", "sample"])
def test_a_run_that_sees_only_part_is_refused(store: Store, mode: str) -> None:
    assert_refused(store, mode, "a run with --empty or --sample sees only part of the entities.")


def test_what_a_sampled_run_left_behind_does_not_enter_history_later(store: Store) -> None:
    """The view on disk has this as_of and these keys, and values of a sample."""
    assert_refused(store, "after sample", "--sample")


def test_a_full_refresh_keeps_history_and_logs(store: Store) -> None:
    now, before = store.steps["full refresh"], store.steps["after sample"]
    assert now.run.code == 0
    assert now.definitions >= before.definitions
    for table in (*HISTORIES, "runs"):
        kept, grown = before.tables[table], now.tables[table]
        assert kept is not None
        assert grown is not None
        assert grown[0] == kept[0]
        if table == "runs":
            assert [row for row in grown[1] if row in kept[1]] == kept[1]
        else:  # a row of before may have ended since
            starts = {(row[0], row[-2]) for row in grown[1]}
            assert {(row[0], row[-2]) for row in kept[1]} <= starts


def test_a_build_of_one_cadence_writes_the_history_of_that_cadence(store: Store) -> None:
    assert store.logged("minutes", "spend")[-1] == 12
    assert store.logged("minutes", "visits")[-1] == 11
    before = store.steps["full refresh"].tables
    assert store.steps["minutes"].tables["visits_history"] == before["visits_history"]


def test_a_failed_test_of_a_view_leaves_its_history_untouched(store: Store) -> None:
    now, before = store.steps["fails"], store.steps["history only"]
    assert now.run.status["spend_is_right"] == "fail"
    assert now.run.status["spend_history"] == "skipped"
    assert now.tables["spend_history"] == before.tables["spend_history"]
    assert ("spend", "failed") in now.builds[-2:]


def test_history_and_run_log_are_written_together_or_not_at_all(store: Store) -> None:
    """A hook after the log fails in the same transaction: neither is there."""
    now, before = store.steps["fails"], store.steps["history only"]
    assert "the hook after the log failed" in now.run.message["visits_history"]
    assert now.tables == before.tables
    assert ("visits", "failed") in now.builds[-2:]


def test_a_retry_with_the_same_as_of_completes_the_run(store: Store) -> None:
    """dbt retry repeats the --vars; the views of that as_of still stand."""
    assert store.steps["retry"].run.code == 0
    assert store.logged("retry", "spend")[-1] == 14
    assert store.logged("retry", "visits")[-1] == 14
    assert set(store.steps["retry"].builds[-2:]) == {("spend", "success"), ("visits", "success")}


def test_a_retry_that_takes_a_new_as_of_is_refused(store: Store) -> None:
    assert store.steps["fails now"].tables == store.steps["two at once"].tables
    assert_refused(store, "retry now", MIXED)


def test_a_good_build_after_a_failed_one_is_a_success(store: Store) -> None:
    assert set(store.steps["after sample"].last_builds.values()) == {"failed"}
    assert set(store.steps["full refresh"].last_builds.values()) == {"success"}


def test_the_last_outcome_of_a_build_is_the_last_one_logged(store: Store) -> None:
    """Also when the clock stands still, as in a rehearsal: an attempt after another is later."""
    told = {step: store.steps[step].last_builds for step in ALL}
    assert told == {step: dict(store.steps[step].builds) for step in ALL}


def test_runs_that_were_not_published_are_published_by_the_next_build(store: Store) -> None:
    """As after a death between history and publication: what is missing is seen, and written."""
    found = store.steps["full refresh"]
    assert found.published == found.tables
    assert store.logged("full refresh", "spend")[0] == 8
    assert store.logged("full refresh", "spend")[-1] == 11


def test_a_reader_that_holds_the_catalog_open_sees_each_new_run(store: Store) -> None:
    for step, seen in zip(("full refresh", "minutes"), store.reader, strict=True):
        assert seen == store.steps[step].tables["spend_history"]


def test_a_replaced_database_does_not_publish_beside_the_runs_of_the_old_one(store: Store) -> None:
    assert store.replaced is not None
    assert store.replaced.code != 0
    assert "runs that this database does not know: it was replaced." in store.replaced.output
    assert "spend_history" not in store.replaced.status


def test_tests_alone_find_a_damaged_history_and_write_none(store: Store) -> None:
    now, before = store.steps["tests alone"], store.steps["retry now"]
    assert now.run.status["provender_history_intervals_spend_history_customer_id"] == "fail"
    assert now.run.status["provender_history_intervals_visits_history_customer_id"] == "pass"
    assert now.builds == [*before.builds, ("spend", "failed")]
    assert now.published == before.published
    for table in ("visits_history", "runs"):
        assert now.tables[table] == before.tables[table]


def test_of_two_builds_at_once_one_waits_for_the_file(store: Store) -> None:
    """The one that comes second writes its run or, when it is older, is refused in a sentence."""
    output = store.steps["two at once"].run.output
    assert "Could not set lock" not in output
    logged = store.logged("two at once", "spend")
    assert 17 in logged or "computed it" in output
    assert {16, 17} & set(logged)
    for hour, code in zip((16, 17), store.codes, strict=True):
        assert code == (0 if hour in logged else 1)
    if sum(store.codes):
        assert REFUSED in output
