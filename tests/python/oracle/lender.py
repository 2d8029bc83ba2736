"""Every feature of the demo lender, from the raw seeds.

`Lender.load(seeds)`, then `lender.live("customer", t)` for the keys of a spine at `t`, and
`lender.features("customer_spend", 2, (42,), t)` for what a view says of a key then.
"""

import csv
import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple, Self, TypeVar

from oracle.times import DAY, HOUR, MINUTE, utc, utc_from_local
from oracle.versions import C, Delivery, Version, versions_of

Value = int | float | Decimal | str | bool | None
Features = dict[str, Value]
Key = tuple[int | str, ...]
K = TypeVar("K")

# Every view version, and the entity it is drawn from; a view without versions is version 1.
VIEWS: dict[tuple[str, int], str] = {
    ("customer_activity", 1): "customer",
    ("customer_spend", 1): "customer",
    ("customer_spend", 2): "customer",
    ("customer_credit", 1): "customer",
    ("customer_engagement", 1): "customer",
    ("customer_category_affinity", 1): "customer_category",
    ("device_activity", 1): "device",
    ("ip_activity", 1): "ip",
    ("merchant_activity", 1): "merchant",
}


# What an event says, in the order of the staging model's columns (it decides between two versions
# with one load stamp).


class CustomerEvent(NamedTuple):
    """A customer joins, leaves or returns."""

    customer_id: int
    event: str


class AccountEvent(NamedTuple):
    """An account is opened or closed."""

    account_id: str
    customer_id: int
    kind: str
    event: str


class Session(NamedTuple):
    """A customer opens the app."""

    customer_id: int
    device_id: str | None
    ip: str | None


class CardPayment(NamedTuple):
    """A customer pays by card."""

    customer_id: int
    account_id: str
    merchant_id: str | None
    category: str | None
    amount: Decimal
    device_id: str | None
    ip: str | None
    status: str


class LoanPayment(NamedTuple):
    """A customer pays back a part of a loan."""

    customer_id: int
    application_id: str
    due_on: date
    amount: Decimal


class LoanApplication(NamedTuple):
    """A customer asks for a loan."""

    customer_id: int
    device_id: str | None
    ip: str | None
    amount: Decimal


class LoanOutcome(NamedTuple):
    """A loan ends."""

    outcome: str


Row = dict[str, str]
Payments = list[Version[CardPayment]]


class Lender:
    """What the lender's systems knew, and the features that follow from it at any moment."""

    def __init__(self, seeds_dir: Path, shuffle: int) -> None:
        self.unplaceable: Counter[str] = Counter()  # delivered rows without a place, by table
        self._seeds_dir, self._shuffle = seeds_dir, shuffle

        self.customer_events = self._read(
            *("customer_events", "event_id", "occurred_at", MINUTE),
            lambda row: CustomerEvent(int(row["customer_id"]), row["event"]),
        )
        self.account_events = self._read(
            *("account_events", "event_id", "occurred_at", MINUTE),
            lambda row: AccountEvent(
                row["account_id"], int(row["customer_id"]), row["kind"], row["event"]
            ),
        )
        self.sessions = self._read(
            *("sessions", "session_id", "started_at_local", MINUTE),
            lambda row: Session(
                int(row["customer_id"]), row["device_id"] or None, row["ip"] or None
            ),
        )
        self.card_payments = self._read(
            *("card_payments", "payment_id", "paid_at_local", 2 * MINUTE),
            lambda row: CardPayment(
                int(row["customer_id"]),
                row["account_id"],
                row["merchant_id"] or None,
                row["category"] or None,
                Decimal(row["amount"]),
                row["device_id"] or None,
                row["ip"] or None,
                row["status"],
            ),
        )
        self.loan_payments = self._read(
            *("loan_payments", "loan_payment_id", "paid_at", 2 * MINUTE),
            lambda row: LoanPayment(
                int(row["customer_id"]),
                row["application_id"],
                date.fromisoformat(row["due_on"]),
                Decimal(row["amount"]),
            ),
        )
        self.loan_applications = self._read(
            *("loan_applications", "application_id", "applied_at", MINUTE),
            lambda row: LoanApplication(
                int(row["customer_id"]),
                row["device_id"] or None,
                row["ip"] or None,
                Decimal(row["amount"]),
            ),
        )
        self.loan_outcomes = self._read(
            *("loan_outcomes", "application_id", "occurred_at", 2 * MINUTE),
            lambda row: LoanOutcome(row["outcome"]),
        )

        # By key, for speed only: every use still asks what is visible.
        self._lives = _grouped(self.customer_events, lambda e: e.content.customer_id)
        self._accounts = _grouped(self.account_events, lambda e: e.content.account_id)
        self._by_customer = _grouped(self.card_payments, lambda p: p.content.customer_id)
        self._by_device = _grouped(self.card_payments, lambda p: p.content.device_id)
        self._by_ip = _grouped(self.card_payments, lambda p: p.content.ip)
        self._by_merchant = _grouped(self.card_payments, lambda p: p.content.merchant_id)
        self._instalments = _grouped(self.loan_payments, lambda p: p.content.customer_id)

    @classmethod
    def load(cls, seeds_dir: Path | str, shuffle: int = 0) -> Self:
        """Read the raw seeds; each `shuffle` reads their rows in another order."""
        return cls(Path(seeds_dir), shuffle)

    def _read(
        self, table: str, key: str, time: str, settle: timedelta, content: Callable[[Row], C]
    ) -> list[Version[C]]:
        with (self._seeds_dir / f"raw_{table}.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        random.Random(self._shuffle).shuffle(rows)
        deliveries = []
        for row in rows:
            # A table with a column for the zone is on local clocks, the others are in UTC.
            occurred_at = (
                utc_from_local(row[time], row["zone"]) if "zone" in row else utc(row[time])
            )
            loaded_at = utc(row["loaded_at"])
            if row[key] and occurred_at and loaded_at:
                deliveries.append(Delivery(row[key], content(row), occurred_at, loaded_at))
            else:
                self.unplaceable[table] += 1
        return list(versions_of(deliveries, settle))

    # The keys of a spine.

    def live(self, entity: str, t: datetime) -> set[Key]:
        """Return the keys of the entities that, as far as was known at `t`, live at `t`."""
        if entity == "customer":
            return {(customer,) for customer in self._lives if self._alive(customer, t)}
        if entity == "customer_category":
            return {
                (p.content.customer_id, p.content.category)
                for p in self.card_payments
                if p.content.category is not None
                and _seen(p, t)
                and self._alive(p.content.customer_id, t)
            }
        paid = [p.content for p in self.card_payments if _seen(p, t)]
        if entity == "merchant":
            return {(p.merchant_id,) for p in paid if p.merchant_id is not None}
        seen = [s.content for s in self.sessions if _seen(s, t)]
        if entity == "device":
            devices = {p.device_id for p in paid} | {s.device_id for s in seen}
            return {(device,) for device in devices if device is not None}
        if entity == "ip":
            addresses = {p.ip for p in paid} | {s.ip for s in seen}
            return {(ip,) for ip in addresses if ip is not None}
        raise KeyError(entity)

    def _alive(self, customer: int, t: datetime) -> bool:
        known = [e for e in self._lives[customer] if e.visible(t)]
        latest = max(known, key=lambda e: (e.occurred_at, e.known_from), default=None)
        return latest is not None and latest.content.event in ("joined", "returned")

    # What the views say of a key.

    def features(self, view: str, version: int, key: Key, t: datetime) -> Features:
        """Return what one version of a view says of a key at `t`, feature by feature."""
        rules: dict[tuple[str, int], Callable[..., Features]] = {
            ("customer_activity", 1): self._customer_activity,
            ("customer_spend", 1): self._customer_spend_1,
            ("customer_spend", 2): self._customer_spend_2,
            ("customer_credit", 1): self._customer_credit,
            ("customer_engagement", 1): self._customer_engagement,
            ("customer_category_affinity", 1): self._customer_category_affinity,
            ("device_activity", 1): self._device_activity,
            ("ip_activity", 1): self._ip_activity,
            ("merchant_activity", 1): self._merchant_activity,
        }
        return rules[view, version](*key, t)

    def _customer_activity(self, customer: int, t: datetime) -> Features:
        of_90d = _recent(self._by_customer[customer], 90 * DAY, t)
        of_30d = _recent(of_90d, 30 * DAY, t)
        last = max((p.occurred_at for p in of_90d), default=None)
        return {
            "payments_7d": len(_recent(of_30d, 7 * DAY, t)),
            "payments_30d": len(of_30d),
            "payments_90d": len(of_90d),
            "days_since_last_purchase": None if last is None else (t - last) // DAY,
            "top_category_30d": _top_category(of_30d),
        }

    def _customer_spend_1(self, customer: int, t: datetime) -> Features:
        return {"spend_30d": _amount(_recent(self._by_customer[customer], 30 * DAY, t))}

    def _customer_spend_2(self, customer: int, t: datetime) -> Features:
        of_30d = _recent(self._by_customer[customer], 30 * DAY, t)
        settled = [p for p in of_30d if p.content.status == "settled"]
        return {
            "spend_30d": _amount(settled),
            "largest_payment_30d": max((p.content.amount for p in settled), default=None),
        }

    def _customer_credit(self, customer: int, t: datetime) -> Features:
        of_90d = _recent(self._instalments[customer], 90 * DAY, t)
        late = sum(p.occurred_at.date() > p.content.due_on for p in of_90d)
        return {
            "late_loan_payments_90d": late,
            "on_time_share_90d": (len(of_90d) - late) / len(of_90d) if of_90d else None,
            "has_savings_account": self._has_savings_account(customer, t),
        }

    def _has_savings_account(self, customer: int, t: datetime) -> bool:
        for events in self._accounts.values():
            known = [e for e in events if e.visible(t)]
            if known:
                latest = max(known, key=lambda e: (e.occurred_at, e.known_from, e.event)).content
                if latest[1:] == (customer, "savings", "opened"):
                    return True
        return False

    def _customer_engagement(self, customer: int, t: datetime) -> Features:
        of_90d = _recent(self._by_customer[customer], 90 * DAY, t)
        of_30d = _recent(of_90d, 30 * DAY, t)
        return {
            "monthly_trend": 3 * len(of_30d) / len(of_90d) if of_90d else None,
            "is_dormant": not of_30d,
        }

    def _customer_category_affinity(self, customer: int, category: str, t: datetime) -> Features:
        of_30d = _recent(self._by_customer[customer], 30 * DAY, t)
        categorised = [p for p in of_30d if p.content.category is not None]
        here = sum(p.content.category == category for p in categorised)
        return {
            "category_payments_30d": here,
            "affinity_30d": math.log(here / len(categorised)) if here else None,
        }

    def _device_activity(self, device: str, t: datetime) -> Features:
        of_60m = _recent(self._by_device[device], 60 * MINUTE, t)
        return {"device_payments_60m": len(of_60m), "device_amount_60m": _amount(of_60m)}

    def _ip_activity(self, ip: str, t: datetime) -> Features:
        of_10m = _recent(self._by_ip[ip], 10 * MINUTE, t)
        return {
            "ip_payments_10m": len(of_10m),
            "ip_customers_10m": len({p.content.customer_id for p in of_10m}),
        }

    def _merchant_activity(self, merchant: str, t: datetime) -> Features:
        of_24h = _recent(self._by_merchant[merchant], 24 * HOUR, t)
        return {"merchant_payments_24h": len(of_24h), "merchant_amount_24h": _amount(of_24h)}


def _grouped(
    versions: Iterable[Version[C]], key: Callable[[Version[C]], K]
) -> defaultdict[K, list[Version[C]]]:
    groups: defaultdict[K, list[Version[C]]] = defaultdict(list)
    for version in versions:
        groups[key(version)].append(version)
    return groups


def _seen(version: Version[C], t: datetime) -> bool:
    """Whether this was visible at some moment up to `t`, though it may be superseded now."""
    return version.first_visible is not None and version.first_visible <= t


def _recent(versions: Iterable[Version[C]], window: timedelta, t: datetime) -> list[Version[C]]:
    """Return what is visible at `t` and lies in the half-open window `(t - window, t]`."""
    return [v for v in versions if v.occurred_at > t - window and v.visible(t)]


def _amount(payments: Payments) -> Decimal:
    return sum((p.content.amount for p in payments), Decimal("0.00"))


def _top_category(payments: Payments) -> str | None:
    """Return the category paid in most often; then most money, then first by code point."""
    count: Counter[str] = Counter()
    money: defaultdict[str, Decimal] = defaultdict(Decimal)
    for payment in payments:
        if payment.content.category is not None:
            count[payment.content.category] += 1
            money[payment.content.category] += payment.content.amount
    return min(count, key=lambda c: (-count[c], -money[c], c), default=None)
