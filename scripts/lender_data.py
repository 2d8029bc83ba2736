"""Write the demo lender's raw events, as its sources deliver them: with real-world dirt.

    python -m provender_ops.lender_data seeds/

The same files come out on every run. `deliver` turns every event of the lender's true story
(`lender_world`) into the rows a loader received: late, twice, corrected, without a usable clock.
What each kind of dirt means is told in `seeds/_seeds.yml`.
"""

import argparse
import csv
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from provender_ops.lender_world import (
    CATEGORIES,
    FOUNDERS,
    MICROSECOND,
    Event,
    Row,
    Value,
    build_world,
    money,
    stream,
)


def amend_account(event: Event, rng: Random) -> Event:
    """Wrong kind of account, or wrong time."""
    other = "savings" if event.values["kind"] == "current" else "current"
    return rng.choice((shifted(event, rng), changed(event, kind=other)))


def amend_session(event: Event, rng: Random) -> Event:
    """Wrong address, or wrong time."""
    return rng.choice((shifted(event, rng), changed(event, ip=f"98.40.{rng.randrange(250)}.7")))


def amend_card_payment(event: Event, rng: Random) -> Event:
    """Wrong amount, category or time, or the payment was reversed."""
    amount = float(str(event.values["amount"])) * rng.uniform(0.5, 1.9) + 0.5
    category = rng.choice([name for name in CATEGORIES if name != event.values["category"]])
    status = "reversed" if event.values["status"] == "settled" else "settled"
    return rng.choice(
        (
            changed(event, amount=money(amount)),
            changed(event, category=category),
            changed(event, status=status),
            shifted(event, rng),
        )
    )


def amend_amount(event: Event, rng: Random) -> Event:
    """Wrong amount."""
    return changed(event, amount=money(float(str(event.values["amount"])) + rng.randrange(5, 60)))


def amend_outcome(event: Event, _: Random) -> Event:
    """The outcome was booked on the wrong side."""
    other = "repaid" if event.values["outcome"] == "defaulted" else "defaulted"
    return changed(event, outcome=other)


def shifted(event: Event, rng: Random) -> Event:
    """The event some minutes earlier."""
    return replace(event, at=event.at - timedelta(minutes=rng.randrange(3, 60)))


def changed(event: Event, **values: Value) -> Event:
    """The event with other content."""
    return replace(event, values={**event.values, **values})


@dataclass(frozen=True)
class Table:
    """A source table: columns in file order, where its times stand, how much dirt of each kind.

    The first column is the event id, numbered with `prefix` where the event brings none.
    """

    name: str
    header: str
    time: str
    amend: Callable[[Event, Random], Event]
    dirt: dict[str, int]
    prefix: str = ""

    @property
    def columns(self) -> list[str]:
        """The columns in file order."""
        return self.header.split(",")

    @property
    def id(self) -> str:
        """The column with the event id."""
        return self.columns[0]

    @property
    def local(self) -> bool:
        """Whether times are written on a device's clock, with its zone beside them."""
        return "zone" in self.columns


def few(count: int) -> dict[str, int]:
    """The same small number of every kind of dirt."""
    return dict.fromkeys(KINDS, count)


def utc_text(at: datetime) -> str:
    """UTC as ISO 8601 with a Z."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def as_row(table: Table, event: Event, loaded: datetime) -> Row:
    """The row in which an event arrived."""
    if table.local:
        clock = event.at.astimezone(ZoneInfo(event.zone)).replace(tzinfo=None).isoformat()
        times: Row = {table.time: clock, "zone": event.zone}
    else:
        times = {table.time: utc_text(event.at)}
    return {**event.values, **times, "loaded_at": utc_text(loaded)}


def soon(event: Event, rng: Random) -> datetime:
    """When an event arrives if all goes well: within a minute, sometimes with microseconds."""
    if event.loaded:
        return event.loaded
    arrived = event.at + timedelta(seconds=rng.randrange(4, 45))
    return arrived + rng.randrange(10**6) * MICROSECOND if rng.random() < 0.1 else arrived


def later(rng: Random) -> timedelta:
    """How long a second word takes: minutes, or up to two days."""
    return timedelta(seconds=rng.choice((rng.randrange(300, 5400), rng.randrange(5400, 172_800))))


def plain(table: Table, event: Event, rng: Random) -> list[Row]:
    """Delivered once, in time."""
    return [as_row(table, event, soon(event, rng))]


def late(table: Table, event: Event, rng: Random) -> list[Row]:
    """Delivered once, hours or days late."""
    return [as_row(table, event, event.at + timedelta(seconds=rng.randrange(2 * 3600, 4 * 86_400)))]


def redelivered(table: Table, event: Event, rng: Random) -> list[Row]:
    """The same content again, later; one in four even in the same load."""
    first = soon(event, rng)
    again = first if rng.random() < 0.25 else first + later(rng)
    return [as_row(table, event, first), as_row(table, event, again)]


def corrected(table: Table, event: Event, rng: Random) -> list[Row]:
    """Corrected later."""
    first = soon(event, rng)
    return [as_row(table, event, first), as_row(table, table.amend(event, rng), first + later(rng))]


def corrected_twice(table: Table, event: Event, rng: Random) -> list[Row]:
    """Corrected, and the correction corrected."""
    first = soon(event, rng)
    second = first + later(rng)
    once = table.amend(event, rng)
    twice = as_row(table, table.amend(once, rng), second + later(rng))
    return [as_row(table, event, first), as_row(table, once, second), twice]


def at_one_instant(table: Table, event: Event, rng: Random) -> list[Row]:
    """Two different corrections, loaded at the same instant."""
    first = soon(event, rng)
    second = first + later(rng)
    one = table.amend(event, rng)
    return [
        as_row(table, event, first),
        as_row(table, one, second),
        as_row(table, table.amend(one, rng), second),
    ]


def there_and_back(table: Table, event: Event, rng: Random) -> list[Row]:
    """Corrected, and the correction taken back: A, B, A."""
    first = soon(event, rng)
    second = first + later(rng)
    other = as_row(table, table.amend(event, rng), second)
    return [as_row(table, event, first), other, as_row(table, event, second + later(rng))]


def unplaceable(table: Table, event: Event, rng: Random) -> list[Row]:
    """Delivered with a clock that nobody can read."""
    return [spoiled(table, as_row(table, event, soon(event, rng)), rng)]


def repaired(table: Table, event: Event, rng: Random) -> list[Row]:
    """Unreadable at first, delivered again with a clock that can be read."""
    first = soon(event, rng)
    return [
        spoiled(table, as_row(table, event, first), rng),
        as_row(table, event, first + later(rng)),
    ]


def clock_ahead(table: Table, event: Event, rng: Random) -> list[Row]:
    """Stamped by a clock that runs minutes ahead: the event seems to happen after it was loaded."""
    ahead = replace(event, at=event.at + timedelta(minutes=rng.randrange(2, 9)))
    return [as_row(table, ahead, soon(event, rng))]


GARBAGE = ("yesterday", "2026-02-30T10:00:00", "1772438400", "epoch")


def spoiled(table: Table, row: Row, rng: Random) -> Row:
    """The row without a usable zone, or without a usable time."""
    text = str(row[table.time])
    garbage = {table.time: rng.choice((*GARBAGE, text[:10], None))}
    if not table.local:
        return {**row, **rng.choice(({table.time: text.removesuffix("Z")}, garbage))}
    unknown = {"zone": rng.choice(("Mars/Olympus", "Europe/Lundon", "unknown", "GMT+25"))}
    return {**row, **rng.choice(({"zone": None}, {"zone": None}, unknown, garbage))}


Delivery = Callable[[Table, Event, Random], list[Row]]
KINDS: dict[str, Delivery] = {
    kind.__name__: kind
    for kind in (
        late,
        redelivered,
        corrected,
        corrected_twice,
        at_one_instant,
        there_and_back,
        unplaceable,
        repaired,
        clock_ahead,
    )
}


def deliver(table: Table, events: Iterable[Event]) -> list[Row]:
    """The rows a loader received for these events, in the order of loading."""
    rng = stream(f"deliver {table.name}")
    numbered = with_ids(table, events)
    plan = plan_dirt(table, numbered, rng)
    rows: list[Row] = []
    for event in numbered:
        delivery = plan.get(str(event.values[table.id]), plain)
        rows.extend(delivery(table, event, rng))
    if table.name == "sessions":
        rows.extend(clock_change_rows(rng))
    return sorted(
        rows, key=lambda row: (str(row["loaded_at"]).removesuffix("Z"), str(row[table.id]))
    )


def with_ids(table: Table, events: Iterable[Event]) -> list[Event]:
    """The events in order of time, each with an id."""
    ordered = sorted(events, key=lambda event: (event.at, str(event.values)))
    return [
        changed(event, **{table.id: event.values.get(table.id, f"{table.prefix}{number}")})
        for number, event in enumerate(ordered, start=1)
    ]


def plan_dirt(table: Table, events: Iterable[Event], rng: Random) -> dict[str, Delivery]:
    """Which event, by id, is delivered with which kind of dirt."""
    ids = [str(event.values[table.id]) for event in events if not event.clean and not event.loaded]
    rng.shuffle(ids)
    kinds = [kind for name, kind in KINDS.items() for _ in range(table.dirt.get(name, 0))]
    return dict(zip(ids, kinds, strict=False))


# Local times that a clock showed twice (autumn, north) or skipped (spring, south): nobody can say
# which UTC they are.
CLOCK_CHANGES = (
    ("Australia/Sydney", datetime(2025, 10, 5, 2, 30), 4),
    ("Europe/London", datetime(2025, 10, 26, 1, 20), 6),
    ("America/New_York", datetime(2025, 11, 2, 1, 40), 6),
    # the hours beside them are fine
    ("Europe/London", datetime(2025, 10, 26, 2, 5), 4),
    ("America/New_York", datetime(2025, 11, 2, 0, 50), 4),
    ("Australia/Sydney", datetime(2025, 10, 5, 3, 10), 4),
)


def clock_change_rows(rng: Random) -> Iterator[Row]:
    """Sessions in the hours of clock changes, as rows, since their true time is not known."""
    for zone, local, count in CLOCK_CHANGES:
        for step in range(count):
            number = rng.choice(FOUNDERS)
            about = local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
            yield {
                "session_id": f"c{local.month}-{zone[0]}{local.hour}-{step + 1}",
                "customer_id": number,
                "device_id": f"d{number}",
                "ip": "81.20.1.7",
                "started_at_local": (local + timedelta(minutes=3 * step)).isoformat(),
                "zone": zone,
                "loaded_at": utc_text(about + timedelta(minutes=75 + step)),
            }


TABLES = (
    Table(
        "customer_events",
        "event_id,customer_id,event,occurred_at,loaded_at",
        "occurred_at",
        shifted,
        few(3) | {"late": 0, "unplaceable": 0},
        prefix="ce",
    ),
    Table(
        "account_events",
        "event_id,account_id,customer_id,kind,event,occurred_at,loaded_at",
        "occurred_at",
        amend_account,
        few(4) | {"late": 12},
        prefix="ae",
    ),
    Table(
        "sessions",
        "session_id,customer_id,device_id,ip,started_at_local,zone,loaded_at",
        "started_at_local",
        amend_session,
        few(8)
        | {"late": 100, "redelivered": 90, "corrected": 20, "unplaceable": 60, "repaired": 15},
        prefix="s",
    ),
    Table(
        "card_payments",
        "payment_id,customer_id,account_id,merchant_id,category,amount,device_id,ip,"
        "paid_at_local,zone,status,loaded_at",
        "paid_at_local",
        amend_card_payment,
        few(12) | {"late": 90, "redelivered": 70, "corrected": 60, "unplaceable": 45},
        prefix="p",
    ),
    Table(
        "loan_payments",
        "loan_payment_id,customer_id,application_id,due_on,paid_at,amount,loaded_at",
        "paid_at",
        amend_amount,
        few(5) | {"late": 35, "redelivered": 30, "corrected": 15},
        prefix="lp",
    ),
    Table(
        "loan_applications",
        "application_id,customer_id,device_id,ip,amount,applied_at,loaded_at",
        "applied_at",
        amend_amount,
        few(4) | {"unplaceable": 0, "clock_ahead": 0},
    ),
    Table(
        "loan_outcomes",
        "application_id,outcome,occurred_at,loaded_at",
        "occurred_at",
        amend_outcome,
        few(3) | {"late": 12, "redelivered": 10, "clock_ahead": 0},
    ),
)


def write_seed(folder: Path, table: Table, rows: Sequence[Row]) -> Path:
    """Write one table as a seed file and return its path."""
    path = folder / f"raw_{table.name}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, table.columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def main(arguments: Sequence[str] | None = None) -> None:
    """Write all seeds into the folder named on the command line."""
    parser = argparse.ArgumentParser(description="Write the demo lender's raw events as dbt seeds.")
    parser.add_argument("folder", type=Path, help="the project's seeds folder")
    folder = parser.parse_args(arguments).folder
    if not folder.is_dir():
        parser.error(f"no folder {folder}. Name the project's seeds folder.")
    world = build_world()
    for table in TABLES:
        rows = deliver(table, getattr(world, table.name))
        path = write_seed(folder, table, rows)
        print(f"{path}: {len(rows)} rows", file=sys.stderr)


if __name__ == "__main__":
    main()
