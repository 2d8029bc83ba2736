"""What dbt sends for a snapshot of ours, against the plainest SQL that writes the same history."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import duckdb

from benchmarks.data import BEGIN, END, KEY, SCORES, values
from benchmarks.measure import Contest, Taken, Task, in_turn, run
from benchmarks.project import Project
from benchmarks.store import by_hand, refuse_other_answer

NODE = "snapshot.provender.scores_history"
CHANGED = 0.01


class Snapshots:
    """Two histories of one view, ours and one by hand, from their first run on."""

    def __init__(self, project: Project, keys: int) -> None:
        """Fill the project's sources and build it once."""
        self.project = project
        self.keys = keys
        self.floor = project.folder / "floor.duckdb"
        self.run = 0
        with duckdb.connect(project.database) as connection:
            connection.execute(_sources(keys))
        project.build(self.as_of)
        self._begin_floor()

    @property
    def as_of(self) -> datetime:
        """The moment of the last run."""
        return END + self.run * timedelta(hours=1)

    def measure(self, repeats: int) -> Contest:
        """Measure a run after some keys changed: ours, then the other from the same view."""
        return in_turn({"ours": self._run_ours, "by hand": self._run_floor}, repeats)

    def _run_ours(self) -> Taken:
        self.run += 1
        with duckdb.connect(self.project.database) as connection:
            connection.execute(_change(self.run))
        sent = self.project.build(self.as_of, "--select", "+scores_history")
        return Taken(sum(statement.seconds for statement in sent if statement.node == NODE))

    def _run_floor(self) -> Taken:
        """As in a build, the view was just written in the same process; that is not measured."""
        prepare = [
            *self._attach_both(),
            "create or replace table scores as from store.main.scores",
            f"set variable as_of = timestamp '{self.as_of}'",
        ]
        statements = ["begin", by_hand("close_rows"), by_hand("open_rows"), "commit"]
        taken = run(Task(statements, prepare))
        columns = [KEY, "as_of", *SCORES, "valid_from", "valid_to"]
        histories = "store.main.scores_history", "history"
        refuse_other_answer("snapshot", *histories, columns, self._attach_both())
        return taken

    def _begin_floor(self) -> None:
        with duckdb.connect() as connection:
            for sql in self._attach_both():
                connection.execute(sql)
            connection.execute("""
                create table history as
                select *, as_of as valid_from, cast(null as timestamp) as valid_to
                from store.main.scores
            """)

    def _attach_both(self) -> Sequence[str]:
        return [
            f"attach '{self.project.database}' as store (read_only)",
            f"attach '{self.floor}' as floor",
            "use floor",
        ]


def _sources(keys: int) -> str:
    """Customers with scores. Payments and labels stay empty: what reads them is only compiled."""
    known = f"""
        timestamp '{BEGIN}' as occurred_at,
        timestamp '{BEGIN}' as known_from,
        cast(null as timestamp) as known_until
    """
    return f"""
        create schema bench;
        create schema labels;
        create table labels.spine (n bigint, {KEY} bigint, as_of timestamp);
        create table bench.customers as
            select
                {KEY},
                timestamp '{BEGIN}' as live_from,
                cast(null as timestamp) as live_until
            from range({keys}) as keys({KEY});
        create table bench.scores as
            select {KEY}, {values(list(SCORES), KEY)}, {known}
            from bench.customers;
        create table bench.payments as
            select 0::bigint as payment_id, {KEY}, 0::decimal(18, 2) as amount, {known}
            from bench.customers
            limit 0;
    """


def _change(run: int) -> str:
    """Give a share of the customers new scores."""
    return f"""
        update bench.scores set {", ".join(f"{name} = changed.{name}" for name in SCORES)}
        from (
            select {KEY}, {values(list(SCORES), f"{KEY}, {run}")}
            from bench.customers
            where hash({KEY}, 'changes', {run}) % 100000 < {round(CHANGED * 100_000)}
        ) as changed
        where scores.{KEY} = changed.{KEY}
    """
