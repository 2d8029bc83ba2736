"""From an event's loaded_at to a reader's sight of it: what `dbt build` and `push-online` take."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.data import KEY
from benchmarks.measure import Spread
from benchmarks.online.fresh import start
from benchmarks.online.payments import Payments
from benchmarks.online.pushing import push_once
from benchmarks.online.server import Server
from benchmarks.project import Project
from provender import FeatureReader

TOUCHED = 0.01
SCHEDULE = "tag:minutes"
NAMESPACE = "provender.dev"
PAUSE = 0.01  # between two looks of the reader
PATIENCE = 60.0  # seconds after a build


@dataclass(frozen=True)
class Round:
    """Seconds since loaded_at: to the end of the build, and until a reader saw the event."""

    built: float
    seen: float


@dataclass(frozen=True)
class Freshness:
    """What each round took, and over how many events."""

    rounds: Sequence[Round]
    events: int

    @property
    def built(self) -> Spread:
        """Seconds to the end of the build."""
        return Spread.of([each.built for each in self.rounds])

    @property
    def seen(self) -> Spread:
        """Seconds until a reader saw the event."""
        return Spread.of([each.seen for each in self.rounds])


def measure_freshness(project: Project, server: Server, keys: int, rounds: int) -> Freshness:
    """Bring a project online; then write events, build, push and look, again and again."""
    payments = Payments(project, keys)
    project.dbt("build", "--select", SCHEDULE)
    start(push_once, project.folder, server.tcp, SCHEDULE)()
    with FeatureReader.from_url(server.tcp, namespace=NAMESPACE) as reader:
        measured = [_round(payments, server, reader) for _ in range(rounds)]
    return Freshness(measured, payments.written)


def _round(payments: Payments, server: Server, reader: FeatureReader) -> Round:
    """The schedule begins as soon as the events are written."""
    loaded_at = payments.write(TOUCHED).timestamp()
    customer, paid = payments.last()
    payments.project.dbt("build", "--select", SCHEDULE)
    built = time.time()
    wait = start(push_once, payments.project.folder, server.tcp, SCHEDULE)
    while _served(reader, customer) != paid:
        if time.time() > built + PATIENCE:
            raise SystemExit(f"customer {customer} is not served {paid}")
        time.sleep(PAUSE)
    seen = time.time()
    wait()
    return Round(built - loaded_at, seen - loaded_at)


def _served(reader: FeatureReader, customer: int) -> tuple[Any, ...]:
    served = reader.get_view("payment_windows", 1, **{KEY: customer})
    return served["payments_30d"].value, served["paid_30d"].value
