"""The ways in which dbt's snapshot strategies damage history and report success; ours does not.

One project holds a view per trap, with a stock snapshot and ours over the same rows. It is built
three times and a fourth time with `--empty`; each test looks at one trap.
"""

from dataclasses import dataclass
from typing import Any

import pytest
from support import DbtRun, Dump
from trap_project import RUNS, TRAPS, TrapProject, at

T1, T2, T3 = (at(run[-5:]) for run in RUNS[:3])
EMPTY = 3


@dataclass(frozen=True)
class Step:
    """What stood in the database after one build."""

    run: DbtRun
    tables: dict[str, Dump | None]
    logged: dict[str, list[Any]]  # history -> as_ofs in the run log

    def rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        """Rows of a history as (columns…), in order."""
        found = self.tables[table]
        assert found is not None, f"{table} does not exist"
        names = [name for name, _ in found[0]]
        picked = [tuple(row[names.index(column)] for column in columns) for row in found[1]]
        return sorted(picked, key=lambda row: [(value is not None, value) for value in row])


class Outcome:
    """The four steps, and how to ask about them."""

    def __init__(self, traps: TrapProject) -> None:
        self.steps: list[Step] = []
        self._take(traps, traps.build(0))
        traps.forget_definitions()
        self._take(traps, traps.build(1))
        third = ["returning", "null_key", "shrunk", "doubled", "doubled_at_first", "retyped"]
        chosen = [f"{name}+" for name in third]
        self._take(
            traps, traps.build(2, "--select", "thing", *chosen, allow_shrink=["shrunk", "other"])
        )
        self._take(traps, traps.build(EMPTY, "--empty", "--select", "thing", "steady+"))

    def _take(self, traps: TrapProject, run: DbtRun) -> None:
        assert run.status, run.output
        names = [f"{name}_{kind}" for name in TRAPS for kind in ("history", "stock")]
        log = traps.project.query("select history, as_of from main_provender.run_log order by all")
        logged = {name: [as_of for history, as_of in log if history == name] for name in names}
        tables = {name: traps.project.dump(name) for name in names}
        self.steps.append(Step(run, tables, logged))

    def stock(self, trap: str, step: int, *columns: str) -> list[tuple[Any, ...]]:
        """Rows of dbt's own snapshot, which says that all is well."""
        assert self.steps[step].run.status[f"{trap}_stock"] == "success"
        return self.steps[step].rows(f"{trap}_stock", *columns)

    def ours(self, trap: str, step: int, *columns: str) -> list[tuple[Any, ...]]:
        """Rows of our history, which was written in this step."""
        history = f"{trap}_history"
        assert self.steps[step].run.status[history] == "success"
        assert self.steps[step].logged[history][-1] == at(RUNS[step][-5:])
        return self.steps[step].rows(history, *columns)

    def assert_refused(self, trap: str, step: int, sentence: str) -> None:
        """Our history said why, and neither it nor the run log changed in any cell."""
        now, history = self.steps[step], f"{trap}_history"
        assert now.run.code != 0
        assert now.run.status[history] == "error"
        message = " ".join(now.run.message[history].split())
        assert f"history of {trap}@1 refused, nothing was changed" in message
        assert sentence in message
        before = self.steps[step - 1] if step else None
        assert now.tables[history] == (before.tables[history] if before else None)
        assert now.logged[history] == (before.logged[history] if before else [])


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return Outcome(TrapProject(tmp_path_factory.mktemp("traps") / "project"))


STATE = ("id", "value", "valid_from", "valid_to")
STOCK_STATE = ("id", "value", "dbt_valid_from", "dbt_valid_to")


def of(id_: str | None, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [row for row in rows if row[0] == id_]


def test_late_older_row_is_history_from_the_run_that_saw_it(outcome: Outcome) -> None:
    assert of("a", outcome.stock("late", 1, "id", "value")) == [("a", 1)]  # the 2 is lost
    assert of("a", outcome.ours("late", 1, *STATE)) == [("a", 1, T1, T2), ("a", 2, T2, None)]


def test_time_does_not_move_backwards(outcome: Outcome) -> None:
    (_, _, start, end), _ = of("a", outcome.stock("backwards", 1, *STOCK_STATE))
    assert end < start
    assert of("a", outcome.ours("backwards", 1, *STATE)) == [("a", 1, T1, T2), ("a", 2, T2, None)]


def test_duplicate_keys_do_not_leave_two_open_rows(outcome: Outcome) -> None:
    doubled = of("f", outcome.stock("doubled", 1, "id", "dbt_valid_to"))
    assert doubled == [("f", None), ("f", None)]
    outcome.assert_refused("doubled", 1, "1 rows with a key that another row has (id).")
    assert of("f", outcome.ours("doubled", 2, *STATE)) == [("f", 1, T3, None)]


def test_duplicate_keys_in_a_first_run_leave_no_history(outcome: Outcome) -> None:
    outcome.assert_refused("doubled_at_first", 0, "1 rows with a key that another row has (id).")
    assert {row[2] for row in outcome.ours("doubled_at_first", 2, *STATE)} == {T2}


def test_a_new_column_without_values_versions_nothing(outcome: Outcome) -> None:
    assert len(of("b", outcome.stock("widened", 1, "id", "extra"))) == 2  # nothing changed
    assert of("b", outcome.ours("widened", 1, *STATE)) == [("b", 1, T1, None)]


def test_a_new_column_versions_exactly_the_rows_that_have_a_value(outcome: Outcome) -> None:
    rows = outcome.ours("widened", 1, "id", "extra", "valid_from", "valid_to")
    assert of("a", rows) == [("a", None, T1, T2), ("a", 7, T2, None)]
    assert len(rows) == 6


def test_a_returning_key_does_not_overlap_its_earlier_life(outcome: Outcome) -> None:
    lives = of("a", outcome.stock("returning", 2, *STOCK_STATE))
    (left,) = [end for *_, end in lives if end]
    (returned,) = [start for *_, start, end in lives if not end]
    assert returned < left
    assert of("a", outcome.ours("returning", 2, *STATE)) == [("a", 1, T1, T2), ("a", 1, T3, None)]


def test_a_vanished_key_ends_at_the_as_of_of_the_run(outcome: Outcome) -> None:
    (_, end), *_ = of("a", outcome.stock("leaving", 1, "id", "dbt_valid_to"))
    assert end != T2  # the wall clock of the machine
    assert of("a", outcome.ours("leaving", 1, *STATE)) == [("a", 1, T1, T2)]
    assert of("b", outcome.ours("leaving", 1, *STATE)) == [("b", 1, T1, None)]


def test_empty_closes_nothing(outcome: Outcome) -> None:
    closed = outcome.stock("steady", EMPTY, "id", "dbt_valid_to")
    assert len(closed) == 5
    assert all(end for _, end in closed)
    outcome.assert_refused("steady", EMPTY, "a run with --empty or --sample sees only part")


def test_a_retyped_column_does_not_store_one_and_a_half_as_two(outcome: Outcome) -> None:
    assert ("a", 2) in outcome.stock("retyped", 1, "id", "value")
    outcome.assert_refused("retyped", 1, "column 'value' was integer and is now double.")
    outcome.assert_refused("retyped", 2, "A retyped column is a new version of the view.")


def test_a_decimal_of_another_scale_is_another_type(outcome: Outcome) -> None:
    stored = {str(value) for _, value in of("a", outcome.stock("rescaled", 1, "id", "value"))}
    assert stored == {"1.00", "1.56"}  # of 1.555
    sentence = "column 'value' was decimal(18,2) and is now decimal(18,3)."
    outcome.assert_refused("rescaled", 1, sentence)


def test_two_compound_keys_never_share_an_id(outcome: Outcome) -> None:
    closed = outcome.stock("paired", 1, "id", "part", "value", "dbt_valid_to")
    unchanged = [end for id_, part, _, end in closed if (id_, part) == ("a", "b|c")]
    assert None not in unchanged  # closed with the other, and not opened again
    rows = outcome.ours("paired", 1, "id", "part", "value", "valid_from", "valid_to")
    assert rows == [
        ("a", "b|c", 1, T1, None),
        ("a|b", "c", 1, T1, T2),
        ("a|b", "c", 2, T2, None),
    ]
    ids = outcome.ours("paired", 1, "scd_id")
    assert len(set(ids)) == len(ids)


def test_a_null_key_is_refused_and_not_versioned_on_each_run(outcome: Outcome) -> None:
    assert len(of(None, outcome.stock("null_key", 1, "id"))) == 1
    assert len(of(None, outcome.stock("null_key", 2, "id"))) == 2  # of one unchanged row
    for step in (1, 2):
        outcome.assert_refused("null_key", step, "1 rows with a null key (id).")


def test_a_null_value_is_a_value(outcome: Outcome) -> None:
    """From null to a value and from a value to null are changes; null to null is none."""
    rows = outcome.ours("null_value", 1, *STATE)
    assert of("a", rows) == [("a", None, T1, T2), ("a", 1, T2, None)]
    assert of("b", rows) == [("b", None, T2, None), ("b", 1, T1, T2)]
    assert len(rows) == 7


def test_a_view_of_several_as_ofs_is_refused(outcome: Outcome) -> None:
    sentence = (
        "the view holds rows as of 2026-03-02 08:00:00 to 2026-03-02 09:00:00, not of this run"
    )
    outcome.assert_refused("mixed", 1, sentence)


def test_a_removed_column_is_refused(outcome: Outcome) -> None:
    outcome.assert_refused("narrowed", 1, "A removed column is a new version of the view.")


def test_a_view_without_rows_is_refused(outcome: Outcome) -> None:
    outcome.assert_refused("emptied", 1, "the view has no rows.")


def test_too_many_keys_vanishing_at_once_are_refused_unless_allowed(outcome: Outcome) -> None:
    sentence = "2 of 5 live keys would vanish at once, more than 20.0 %."
    outcome.assert_refused("shrunk", 1, sentence)
    ended = [row for row in outcome.ours("shrunk", 2, *STATE) if row[3]]
    assert ended == [("a", 1, T1, T3), ("b", 1, T1, T3)]


def test_a_history_that_would_log_no_run_is_refused(outcome: Outcome) -> None:
    outcome.assert_refused("unlogged", 0, "no run would be logged")


def test_a_history_that_would_log_its_run_in_another_transaction_is_refused(
    outcome: Outcome,
) -> None:
    outcome.assert_refused("detached", 0, "no run would be logged")


def test_a_first_run_that_fails_after_it_was_logged_leaves_nothing(outcome: Outcome) -> None:
    """History and run log are one transaction, also when it makes the history."""
    first = outcome.steps[0]
    assert "the hook after the log failed" in first.run.message["failing_history"]
    assert first.tables["failing_history"] is None
    assert first.logged["failing_history"] == []


def test_a_view_whose_definition_was_never_recorded_is_refused(outcome: Outcome) -> None:
    outcome.assert_refused("undefined", 0, "its definition was not recorded.")


def test_a_view_whose_definition_is_no_longer_recorded_is_refused(outcome: Outcome) -> None:
    """Else the run would be logged under the definition of an earlier day."""
    assert outcome.steps[0].run.status["forgotten_history"] == "success"
    outcome.assert_refused("forgotten", 1, "its definition was not recorded.")
