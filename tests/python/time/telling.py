"""A small world told by hand: one customer who comes at 06:00, unless more is said.

All on the second of March 2026 and in UTC; what is loaded can be read ten minutes later.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from checking import check
from oracle.point_in_time import Push
from oracle.shop import CustomerEvent, Order
from oracle.training import Declared, Run
from oracle.versions import Delivery
from store import Store
from trainings import TRAININGS
from world import TODAY, Ask, World

SPEND = ("spend", 1)
Rows = list[dict[str, Any]]


def at(time: str) -> datetime:
    """Return that time of the day."""
    return datetime.fromisoformat(f"2026-03-02T{time}")


def order(
    name: str, time: str, amount: str = "1.00", *, loaded: str | None = None
) -> Delivery[Order]:
    """An order of customer 1, loaded as it happens unless said."""
    content = Order(1, "a", "b", Decimal(amount), name)
    return Delivery(name, content, at(time), at(loaded or time))


def comes(time: str, loaded: str | None = None) -> Delivery[CustomerEvent]:
    return Delivery(f"in {time}", CustomerEvent(1, "in"), at(time), at(loaded or time))


def goes(time: str, loaded: str | None = None) -> Delivery[CustomerEvent]:
    return Delivery(f"out {time}", CustomerEvent(1, "out"), at(time), at(loaded or time))


def run(time: str, ended: str | None = None, declared: Declared = TODAY[SPEND]) -> Run:
    """A run of spend that ended when it began, unless said."""
    return Run(at(time), at(ended or time), declared)


def push(run_as_of: str, readable: str, number: int = 0) -> Push:
    return Push(at(run_as_of), at(readable), number)


def tell(
    store: Store,
    asked: list[str | None] | list[Ask],
    training: str = "one_view",
    *,
    runs: list[Run] | None = None,
    pushes: list[Push] | None = None,
    **happened: Any,
) -> Rows | None:
    """Ask about customer 1 at each time; return the rows in that order, None where refused."""
    rows = [
        one if isinstance(one, Ask) else Ask(n, one and at(one), customer=1)
        for n, one in enumerate(asked)
    ]
    world = World(
        trainings=[TRAININGS[training]],
        spine=rows,
        runs={SPEND: runs or []},
        pushes=[(SPEND, one, "provender.dev") for one in pushes or []],
        **{"customer_events": [comes("06:00")], **happened},
    )
    found = check(store, world)[training]
    return found and sorted(found, key=lambda row: row.get("n", 0))


def column(rows: Rows | None, name: str) -> list[Any]:
    """Return one column, of rows that were not refused."""
    assert rows is not None
    return [row[name] for row in rows]
