"""Events of the benchmark's project: payments, each known a second after it was loaded."""

from datetime import UTC, datetime
from typing import Any

import duckdb

from benchmarks.data import KEY
from benchmarks.project import Project

EACH = 4  # payments of a customer at the start
DAYS = 25  # within the window of thirty, which none leaves while we measure


class Payments:
    """The source `payments` of a project, whose file is open only while it is written."""

    def __init__(self, project: Project, keys: int) -> None:
        """Write those of the last weeks."""
        self.project, self.keys, self.written = project, keys, 0
        some_time = f"1 + hash(n, 'when') % {DAYS * 86_400}"
        self._insert(
            f"select hash(n, 'who') % {keys} as {KEY}, n,"
            f" to_seconds(cast({some_time} as bigint)) as ago"
            f" from range({keys * EACH}) as events(n)",
            datetime.now(UTC),
        )

    def write(self, share: float) -> datetime:
        """Write one for a share of the customers; return their loaded_at."""
        loaded_at = datetime.now(UTC)
        drawn = f"hash(n, 'touched', {self.written}) % 100000 < {round(share * 100_000)}"
        self._insert(
            f"select n as {KEY}, n, interval 0 second as ago"
            f" from range({self.keys}) as customers(n) where {drawn}",
            loaded_at,
        )
        return loaded_at

    def last(self) -> tuple[int, tuple[Any, ...]]:
        """Return the last customer who paid, with number and sum of all his payments."""
        ((customer, *paid),) = self._run(
            f"select {KEY}, count(*), sum(amount) from bench.payments"
            f" where {KEY} = (select {KEY} from bench.payments order by payment_id desc limit 1)"
            " group by all"
        )
        return customer, tuple(paid)

    def _insert(self, events: str, loaded_at: datetime) -> None:
        at = f"timestamp '{loaded_at:%Y-%m-%d %H:%M:%S.%f}' - ago"
        ((inserted,),) = self._run(
            "insert into bench.payments"
            f" select {self.written} + row_number() over (), {KEY},"
            " cast(hash(n, 'amount') % 50000 / 100 as decimal(18, 2)),"
            f" {at}, {at} + interval 1 second, null"
            f" from ({events})"
        )
        self.written += inserted

    def _run(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(self.project.database) as connection:
            return connection.execute(sql).fetchall()
