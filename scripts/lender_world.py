"""The demo lender's true story: who lived, paid, applied for loans and repaid them, in true UTC.

`build_world` tells it, the same on every run. How it reaches the warehouse, with real-world dirt,
is the business of `lender_data`.

Whether a loan defaults depends on what could be observed when it was asked for
(`log_odds_of_default`), and what a customer does afterwards depends on the outcome: instalments
come late, purchases stop. So a model can learn, and one that sees the future looks too good.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from random import Random

SEED = "oats"
FOUNDED = datetime(2025, 9, 15, tzinfo=UTC)
STORY_START = datetime(2025, 11, 20, tzinfo=UTC)
TODAY = datetime(2026, 3, 2, tzinfo=UTC)
STORY_END = TODAY + timedelta(hours=13)
WEEK_END = TODAY + timedelta(days=6)  # by then the last morning's loans show how they go

CUSTOMERS = 300
FOUNDERS = range(101, 112)  # customers from the first days
NEW_TODAY = range(291, 301)  # join on the last morning and have bought nothing
NEVER_BOUGHT = range(281, 291)  # joined in February, looked around, bought nothing
TIED = range(266, 281)  # two or three favourite categories, equally often
EDGE = range(262, 266)  # their payments and sessions lie exactly on window edges
UNKNOWN_YET = range(258, 262)  # live today, but word of their joining is days late
LEFT = range(228, 243)
RETURNED = range(243, 258)
LAPSED = range(190, 228)  # stopped buying weeks ago
# Four people behind one device and one address.
RINGS = [range(first, first + 4) for first in range(150, 190, 4)]

ZONES = ("America/New_York", "Europe/London", "Asia/Kolkata", "Australia/Sydney")
CATEGORIES = (
    "groceries", "dining", "fuel", "pharmacy", "clothing", "travel", "electronics", "gambling",
)  # fmt: skip
ODD_DEVICES = (
    "d:17", "{d-88}", "pixel 8 / anna", "téléphone-é",
    "设备-7", 'tab,let "2"', "100%-phone", "a:{b}:c",
)  # fmt: skip
ODD_MERCHANTS = {
    1: "café {rio}", 7: "m:7", 12: "Zürich Bäckerei",
    18: "o'brien:fuel", 23: "पुस्तक घर", 31: "{{m31}}",
}  # fmt: skip

# A run's as_of and the widths of windows that features use: events lie exactly on these edges.
EDGE_RUNS = tuple(TODAY + timedelta(hours=hour) for hour in (6, 8, 10, 12))
EDGE_WINDOWS = (
    timedelta(minutes=10),
    timedelta(minutes=60),
    timedelta(hours=24),
    timedelta(days=7),
    timedelta(days=30),
    timedelta(days=90),
)
MICROSECOND = timedelta(microseconds=1)
# Must equal `settle` of the source tables in models/staging/_sources.yml.
SETTLE = {"sessions": timedelta(minutes=1), "card_payments": timedelta(minutes=2)}

Value = str | int | None
Row = dict[str, Value]


@dataclass(frozen=True)
class Event:
    """What truly happened: when (UTC), on a clock in which zone, with which content.

    `clean` events reach the warehouse once and in time. `loaded` fixes that moment.
    """

    at: datetime
    values: Row
    zone: str = "UTC"
    clean: bool = False
    loaded: datetime | None = None


@dataclass
class Customer:
    """Who lives in the demo: where, since when, with what, and how they behave."""

    id: int
    zone: str
    joined: datetime
    devices: list[str]
    ips: list[str]
    accounts: list[str]
    tastes: list[str]
    lateness: float
    gone_from: datetime | None = None
    gone_until: datetime | None = None
    buys_until: datetime = WEEK_END
    in_default: bool = False

    def active(self, at: datetime) -> bool:
        """Whether they were a customer at that moment."""
        away = (
            self.gone_from
            and at >= self.gone_from
            and (not self.gone_until or at < self.gone_until)
        )
        return at >= self.joined and not away

    def buys(self, at: datetime) -> bool:
        """Whether they would go shopping at that moment."""
        return self.active(at) and at < self.buys_until


@dataclass(frozen=True)
class Loan:
    """A loan paid out: to whom, when, how much, and how it will end."""

    number: str
    customer: Customer
    at: datetime
    amount: float
    defaulted: bool


@dataclass
class World:
    """Everything that truly happened, a list of events per source table."""

    customers: dict[int, Customer]
    loans: list[Loan] = field(default_factory=list)
    customer_events: list[Event] = field(default_factory=list)
    account_events: list[Event] = field(default_factory=list)
    sessions: list[Event] = field(default_factory=list)
    card_payments: list[Event] = field(default_factory=list)
    loan_payments: list[Event] = field(default_factory=list)
    loan_applications: list[Event] = field(default_factory=list)
    loan_outcomes: list[Event] = field(default_factory=list)


def stream(name: str) -> Random:
    """Random numbers for one part of the world: a change in one part leaves the others alone."""
    return Random(f"{SEED}:{name}")


# --- who there is ------------------------------------------------------------------------------


def build_customers() -> dict[int, Customer]:
    """Customers with devices, addresses and accounts, each in the role its id gives it."""
    rng = stream("customers")
    ips = address_pool(rng)
    customers = {number: new_customer(number, ips, rng) for number in range(1, CUSTOMERS + 1)}
    give_odd_devices(customers)
    for ring in RINGS:
        share_device_and_address([customers[number] for number in ring])
    return customers


def new_customer(number: int, ips: Sequence[str], rng: Random) -> Customer:
    """One customer, perhaps with a second device; some addresses (offices) are popular."""
    devices = [f"d{number}"] + ([f"d{number + CUSTOMERS}"] if rng.random() < 0.3 else [])
    return Customer(
        id=number,
        zone=rng.choice(ZONES),
        joined=joining_time(number, rng),
        devices=devices,
        ips=[ips[int(len(ips) * rng.random() ** 4)], rng.choice(ips)],
        accounts=[f"a{number}"] + ([f"a{number + CUSTOMERS}"] if rng.random() < 0.35 else []),
        tastes=rng.sample(CATEGORIES, 3),
        lateness=rng.choice((0.02, 0.05, 0.1, 0.5, 0.8)),
        gone_from=leaving_time(number, rng),
        gone_until=returning_time(number, rng),
        buys_until=TODAY - timedelta(days=rng.uniform(21, 45)) if number in LAPSED else WEEK_END,
    )


def joining_time(number: int, rng: Random) -> datetime:
    """Founders in autumn, most over the winter, the newest on the last morning."""
    if number in FOUNDERS:
        return FOUNDED + rng.random() * timedelta(days=15)
    if number in NEW_TODAY:
        return TODAY + timedelta(hours=5, seconds=rng.randrange(3 * 3600))
    if number in NEVER_BOUGHT or number in UNKNOWN_YET:
        return TODAY - timedelta(days=rng.uniform(2, 20))
    if number in EDGE or number % 3:
        return FOUNDED + rng.random() * (STORY_START - FOUNDED)
    return STORY_START + rng.random() * timedelta(days=80)


def leaving_time(number: int, rng: Random) -> datetime | None:
    """When they leave: for good, or for a while."""
    if number in LEFT or number in RETURNED:
        return TODAY - timedelta(days=rng.uniform(12, 20))
    return None


def returning_time(number: int, rng: Random) -> datetime | None:
    """When they come back; some on the last morning."""
    if number not in RETURNED:
        return None
    if number % 3 == 0:
        return TODAY + timedelta(hours=6, seconds=rng.randrange(4 * 3600))
    return TODAY - timedelta(days=rng.uniform(1, 10))


def address_pool(rng: Random) -> list[str]:
    """Some 200 addresses, a few of them IPv6."""
    v4 = [
        f"{rng.choice((81, 98, 103, 203))}.{rng.randrange(4, 250)}.{rng.randrange(250)}.7"
        for _ in range(192)
    ]
    return v4 + [f"2001:db8::{number:x}" for number in range(9, 17)]


def give_odd_devices(customers: dict[int, Customer]) -> None:
    """Device ids as vendors really write them: with colons, braces, spaces, any script."""
    for number, device in zip(range(41, 41 + 4 * len(ODD_DEVICES), 4), ODD_DEVICES, strict=True):
        customers[number].devices[0] = device


def share_device_and_address(members: Sequence[Customer]) -> None:
    """A ring: several customers behind one device and one address."""
    for member in members[1:]:
        member.devices = members[0].devices[:1]
        member.ips = members[0].ips[:1]


# --- routine -----------------------------------------------------------------------------------


def moments(rng: Random, count: int, start: datetime, end: datetime) -> Iterator[datetime]:
    """Moments between two times, one in eight with microseconds."""
    for _ in range(count):
        at = (start + rng.random() * (end - start)).replace(microsecond=0)
        yield at + rng.randrange(1, 10**6) * MICROSECOND if rng.random() < 0.125 else at


def add_lives(world: World) -> None:
    """Joining, leaving and returning; accounts opened with the first and a few closed."""
    rng = stream("lives")
    for customer in world.customers.values():
        late = timedelta(days=rng.uniform(25, 30)) if customer.id in UNKNOWN_YET else None
        world.customer_events.append(customer_event(customer, "joined", customer.joined, late))
        if customer.gone_from:
            world.customer_events.append(customer_event(customer, "left", customer.gone_from))
        if customer.gone_until:
            world.customer_events.append(customer_event(customer, "returned", customer.gone_until))
        add_accounts(world, customer, rng)


def customer_event(
    customer: Customer, event: str, at: datetime, late: timedelta | None = None
) -> Event:
    """A change in a customer's life; the last ones' are clean, as newcomers must be known live."""
    at = at.replace(microsecond=0)
    clean = customer.id > 140
    loaded = at + late if late else None
    return Event(at, {"customer_id": customer.id, "event": event}, clean=clean, loaded=loaded)


def add_accounts(world: World, customer: Customer, rng: Random) -> None:
    """Open a current account and perhaps savings, of which one in four is closed again."""
    for account, kind in zip(customer.accounts, ("current", "savings"), strict=False):
        content: Row = {"account_id": account, "customer_id": customer.id, "kind": kind}
        opened = customer.joined.replace(microsecond=0) + timedelta(minutes=rng.randrange(2, 240))
        world.account_events.append(Event(opened, {**content, "event": "opened"}))
        if kind == "savings" and rng.random() < 0.25:
            closed = opened + rng.random() * (STORY_END - opened)
            world.account_events.append(
                Event(closed.replace(microsecond=0), {**content, "event": "closed"})
            )


def session(customer: Customer, at: datetime, rng: Random, **fixed: Value) -> Event:
    """The customer opens the app; one in ten while travelling, so on a clock of another zone."""
    content: Row = {
        "customer_id": customer.id,
        "device_id": rng.choice(customer.devices),
        "ip": rng.choice(customer.ips),
        **fixed,
    }
    return Event(at, content, zone=rng.choice(ZONES) if rng.random() < 0.1 else customer.zone)


def card_payment(customer: Customer, at: datetime, rng: Random, **fixed: Value) -> Event:
    """The customer pays by card: from a device, or in a shop, with neither device nor address."""
    category = str(fixed.get("category") or rng.choice([*customer.tastes, customer.tastes[0]]))
    in_shop = rng.random() < 0.3
    content: Row = {
        "customer_id": customer.id,
        "account_id": customer.accounts[0],
        "merchant_id": None if rng.random() < 0.04 else merchant(category, rng),
        "category": category,
        "amount": money(rng.lognormvariate(3.2, 0.8)),
        "device_id": None if in_shop else rng.choice(customer.devices),
        "ip": None if in_shop else rng.choice(customer.ips),
        "status": "settled",
        **fixed,
    }
    return Event(at, content, zone=customer.zone)


def merchant(category: str, rng: Random) -> str:
    """One of the five merchants of a category."""
    number = CATEGORIES.index(category) * 5 + rng.randrange(5) + 1
    return ODD_MERCHANTS.get(number, f"m{number}")


def money(amount: float) -> str:
    """An amount with two decimals."""
    return f"{amount:.2f}"


def add_routine(world: World) -> None:
    """Everyday sessions and payments: thin in winter, dense on the last morning."""
    rng = stream("routine")
    month_ago, morning = TODAY - timedelta(days=30), TODAY + timedelta(hours=5)
    spans = (
        (STORY_START, month_ago, 400, 380),
        (month_ago, morning, 720, 740),
        (morning, STORY_END, 1280, 480),
    )
    for start, end, sessions, payments in spans:
        for at in moments(rng, sessions, start, end):
            if customer := someone(world, Customer.active, at, rng):
                world.sessions.append(session(customer, at, rng))
        for at in moments(rng, payments, start, end):
            if customer := someone(world, Customer.buys, at, rng):
                world.card_payments.append(card_payment(customer, at, rng))


def someone(
    world: World, able: Callable[[Customer, datetime], bool], at: datetime, rng: Random
) -> Customer | None:
    """A customer who does this at that moment; the last ids have events of their own."""
    customer = world.customers[rng.randrange(1, EDGE[0])]
    return customer if able(customer, at) else None


# --- loans -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asking:
    """Somebody about to apply: plainly, after a burst of payments, or as one of a ring."""

    at: datetime
    customer: Customer
    manner: str


def add_loans(world: World) -> None:
    """Applications in order of time, since each one's outcome shapes what follows it."""
    rng = stream("loans")
    for asking in sorted(askings(world, rng), key=lambda asking: (asking.at, asking.customer.id)):
        if asking.customer.active(asking.at) and not asking.customer.in_default:
            add_application(world, asking, rng)


def askings(world: World, rng: Random) -> Iterator[Asking]:
    """Who applies when: some 200 over the winter, some 150 on the last morning."""
    ordinary = [
        world.customers[number] for number in range(1, RETURNED[-1] + 1) if number not in LEFT
    ]
    newcomers = [world.customers[number] for number in (*NEW_TODAY[:6], *NEVER_BOUGHT[:3])]
    for at in moments(rng, 225, STORY_START + timedelta(days=6), TODAY - timedelta(hours=6)):
        yield Asking(at, rng.choice(ordinary), manner(rng))
    morning = (TODAY + timedelta(hours=6, minutes=10), TODAY + timedelta(hours=12, minutes=30))
    today = [*rng.sample(ordinary, 145), world.customers[42]]
    for at, customer in zip(moments(rng, len(today), *morning), today, strict=True):
        yield Asking(at, customer, manner(rng))
    for at, customer in zip(
        moments(rng, len(newcomers), TODAY + timedelta(hours=9), morning[1]), newcomers, strict=True
    ):
        yield Asking(at, customer, "plain")
    yield from ring_askings(world, rng)
    yield from awkward_askings(world)


def manner(rng: Random) -> str:
    """How one applies: one in five after a burst of payments."""
    return "burst" if rng.random() < 0.2 else "plain"


def ring_askings(world: World, rng: Random) -> Iterator[Asking]:
    """A ring's members apply within minutes of each other: five in winter, seven today.

    Today's do so around a run, so that the run sees some of them and others are judged by it.
    """
    winter = moments(rng, 5, STORY_START + timedelta(days=20), TODAY - timedelta(days=2))
    today = [
        TODAY + timedelta(minutes=30 * half_hour - 4) for half_hour in (13, 16, 17, 19, 20, 23, 24)
    ]
    for first, ring in zip([*winter, *today], [*RINGS[:5], *RINGS[3:10]], strict=True):
        for place, number in enumerate(ring):
            at = first + timedelta(seconds=100 * place + rng.randrange(60))
            yield Asking(at, world.customers[number], "ring")


def awkward_askings(world: World) -> Iterator[Asking]:
    """Applications at the very moment of a run, and the same one sent twice."""
    for hour, number in ((8, 257), (10, 5), (12, 17), (12, 17), (9, 11), (9, 11)):
        yield Asking(TODAY + timedelta(hours=hour), world.customers[number], "plain")


def add_application(world: World, asking: Asking, rng: Random) -> None:
    """One application: what precedes it, itself, its outcome, what follows."""
    customer, at = asking.customer, asking.at
    device, ip = customer.devices[0], customer.ips[0]
    add_prelude(world, asking, rng)
    number = f"l{len(world.loan_applications) + 1}"
    amount = rng.choice((100, 150, 200, 300, 500, 800, 1200, 2000))
    content: Row = {
        "application_id": number,
        "customer_id": customer.id,
        "device_id": device,
        "ip": ip,
        "amount": money(amount),
    }
    odds = log_odds_of_default(world, customer, at, device, ip)
    defaulted = rng.random() < 1 / (1 + math.exp(-odds))
    world.loan_applications.append(Event(at, content, clean=at >= TODAY))
    add_outcome(world, number, at, defaulted, rng)
    world.loans.append(Loan(number, customer, at, amount, defaulted))
    add_instalments(world, world.loans[-1], rng)
    add_aftermath(world, customer, at, defaulted, rng)


def add_prelude(world: World, asking: Asking, rng: Random) -> None:
    """A session on the same device and address minutes before; perhaps a burst of payments."""
    customer = asking.customer
    here: dict[str, Value] = {"device_id": customer.devices[0], "ip": customer.ips[0]}
    before = asking.at - timedelta(seconds=rng.randrange(240, 540))
    world.sessions.append(replace(session(customer, before, rng, **here), clean=True))
    if asking.manner != "burst" or not customer.buys(asking.at):
        return
    for at in moments(
        rng,
        rng.randrange(2, 5),
        asking.at - timedelta(minutes=50),
        asking.at - timedelta(minutes=3),
    ):
        world.card_payments.append(card_payment(customer, at, rng, **here))


def log_odds_of_default(
    world: World, customer: Customer, at: datetime, device: str, ip: str
) -> float:
    """Log-odds of default, from what could be observed before the application.

    Payments from the device in the last hour, people on the address in the last ten minutes, the
    share of earlier instalments paid late, and days since the last purchase.
    """
    hour = [
        e
        for e in between(world.card_payments, at - timedelta(hours=1), at)
        if e.values["device_id"] == device
    ]
    near = between(world.sessions, at - timedelta(minutes=10), at)
    people = {e.values["customer_id"] for e in near if e.values["ip"] == ip}
    return (
        -3.0
        + 0.5 * min(len(hour), 4)
        + 0.8 * (min(len(people), 4) - 1)
        + 2.5 * share_late(world, customer, at)
        + 0.05 * days_since_purchase(world, customer, at)
    )


def between(events: Iterable[Event], start: datetime, end: datetime) -> list[Event]:
    """Events after the start and before the end."""
    return [event for event in events if start < event.at < end]


def share_late(world: World, customer: Customer, at: datetime) -> float:
    """Share of the customer's instalments so far that came late; 0 when there are none."""
    paid = [e for e in world.loan_payments if e.values["customer_id"] == customer.id and e.at < at]
    late = [e for e in paid if e.at.date() > date.fromisoformat(str(e.values["due_on"]))]
    return len(late) / len(paid) if paid else 0.0


def days_since_purchase(world: World, customer: Customer, at: datetime) -> float:
    """Days since the customer's last purchase, at most 30; 30 when there is none."""
    bought = [
        e.at for e in world.card_payments if e.values["customer_id"] == customer.id and e.at < at
    ]
    return min(30.0, (at - max(bought)) / timedelta(days=1)) if bought else 30.0


def add_outcome(world: World, number: str, at: datetime, defaulted: bool, rng: Random) -> None:
    """Repaid or defaulted, 1 to 40 hours after the application; a few are still open."""
    if rng.random() < 0.02:
        return
    known = (at + timedelta(hours=rng.uniform(1, 40))).replace(microsecond=0)
    content: Row = {"application_id": number, "outcome": "defaulted" if defaulted else "repaid"}
    world.loan_outcomes.append(Event(known, content))


def add_instalments(world: World, loan: Loan, rng: Random) -> None:
    """The instalments that were paid before the story ended."""
    for payment in instalments(loan, rng):
        if payment.at > STORY_END:
            return
        world.loan_payments.append(payment)


def instalments(loan: Loan, rng: Random) -> Iterator[Event]:
    """Daily instalments. A missed one has no row; who defaults pays one or two, days late."""
    planned = rng.randrange(4, 8)
    for day in range(1, planned + 1):
        due = loan.at.date() + timedelta(days=day)
        late = loan.defaulted or rng.random() < loan.customer.lateness
        paid = datetime(due.year, due.month, due.day, tzinfo=UTC) + timedelta(
            days=rng.randrange(1, 6) if late else 0, seconds=rng.randrange(1, 86_000)
        )
        if loan.defaulted and day > 2:
            return
        content: Row = {
            "customer_id": loan.customer.id,
            "application_id": loan.number,
            "due_on": due.isoformat(),
            "amount": money(loan.amount * 1.04 / planned),
        }
        yield Event(paid, content)


def add_aftermath(
    world: World, customer: Customer, at: datetime, defaulted: bool, rng: Random
) -> None:
    """Who defaults stops buying and borrowing; who repays shops on, newcomers excepted."""
    if defaulted:
        customer.in_default = True
        customer.buys_until = min(customer.buys_until, at + timedelta(minutes=30))
        forget_purchases(world, customer)
        return
    if customer.id in NEVER_BOUGHT or customer.id in NEW_TODAY:
        return
    soon = (at + timedelta(minutes=4), min(at + timedelta(hours=6), STORY_END))
    lately = (max(at + timedelta(minutes=4), TODAY - timedelta(days=1)), STORY_END)
    for when in (*moments(rng, 1, *soon), *moments(rng, 1, *lately)):
        if customer.active(when):
            world.card_payments.append(card_payment(customer, when, rng))


def forget_purchases(world: World, customer: Customer) -> None:
    """Drop the routine purchases of somebody who turns out to have stopped buying by then."""
    world.card_payments = [
        event
        for event in world.card_payments
        if event.values["customer_id"] != customer.id or event.at < customer.buys_until
    ]


# --- cases made by hand ------------------------------------------------------------------------


def add_edges(world: World) -> None:
    """Events on the edges of windows before a run, a microsecond inside, and at the run."""
    rng = stream("edges")
    for run, number in zip(EDGE_RUNS, EDGE, strict=True):
        customer = world.customers[number]
        here: dict[str, Value] = {"device_id": customer.devices[0], "ip": customer.ips[0]}
        edges = [run - window for window in EDGE_WINDOWS]
        for at in (*edges, *(edge + MICROSECOND for edge in edges), run, run + MICROSECOND):
            world.sessions.append(replace(session(customer, at, rng, **here), clean=True))
            world.card_payments.append(replace(card_payment(customer, at, rng, **here), clean=True))
        add_known_at_run(world, customer, run, rng)


def add_known_at_run(world: World, customer: Customer, run: datetime, rng: Random) -> None:
    """Events that become known exactly at a run, and one microsecond after."""
    here: dict[str, Value] = {"device_id": customer.devices[0], "ip": customer.ips[0]}
    for after in (timedelta(0), MICROSECOND):
        at = run - timedelta(minutes=5)
        opened, paid = session(customer, at, rng, **here), card_payment(customer, at, rng, **here)
        loaded = {name: run - settle + after for name, settle in SETTLE.items()}
        world.sessions.append(replace(opened, clean=True, loaded=loaded["sessions"]))
        world.card_payments.append(replace(paid, clean=True, loaded=loaded["card_payments"]))


def add_ties(world: World) -> None:
    """Customers who bought in two or three categories equally often, within the last 30 days."""
    rng = stream("ties")
    for number in TIED:
        customer = world.customers[number]
        for category in customer.tastes[: 2 + number % 2] * 2:
            at = TODAY - timedelta(days=rng.randrange(1, 25), seconds=rng.randrange(86_400))
            world.card_payments.append(
                replace(card_payment(customer, at, rng, category=category), clean=True)
            )


def add_newcomers(world: World) -> None:
    """Customers without a purchase look around in the app."""
    rng = stream("newcomers")
    for number in (*NEVER_BOUGHT, *NEW_TODAY):
        customer = world.customers[number]
        for at in moments(
            rng, 3, customer.joined, min(customer.joined + timedelta(days=2), STORY_END)
        ):
            world.sessions.append(session(customer, at, rng))


def add_week(world: World) -> None:
    """The days after the story, in which the loans of the last morning show how they go.

    Instalments fall due, and people shop, unless they are in default. All of it arrives clean, and
    no run of the story knows of it.
    """
    rng = stream("week")
    for loan in world.loans:
        if loan.at >= TODAY:
            paid = [payment for payment in instalments(loan, rng) if payment.at < WEEK_END]
            world.loan_payments.extend(replace(payment, clean=True) for payment in paid)
    for at in moments(rng, 600, STORY_END, WEEK_END):
        if customer := someone(world, Customer.buys, at, rng):
            world.card_payments.append(replace(card_payment(customer, at, rng), clean=True))


def build_world() -> World:
    """The true story of the lender."""
    world = World(build_customers())
    add_lives(world)
    add_routine(world)
    add_newcomers(world)
    add_loans(world)
    add_edges(world)
    add_ties(world)
    add_week(world)
    return world
