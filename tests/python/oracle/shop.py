"""The store of the property tests of time: who lives at a moment, and every feature of every view.

`Shop(orders, customer_events, place_events)` of raw deliveries, then `shop.live("customer", t)`
and `shop.features(("spend", 1), (7,), t)`.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

from oracle.life import alive
from oracle.times import DAY, HOUR, MINUTE
from oracle.versions import Delivery, Version, versions_of

Key = tuple[Any, ...]
ViewId = tuple[str, int]
SETTLE = 10 * MINUTE


class Order(NamedTuple):
    """What an order says, in the order of the columns."""

    customer_id: int | None
    region: str | None
    code: str | None
    amount: Decimal | None
    note: str | None


class CustomerEvent(NamedTuple):
    """A customer comes (in) or goes (out); null says nothing of that."""

    customer_id: int
    status: str | None


class PlaceEvent(NamedTuple):
    """A place opens (in) or closes (out)."""

    region: str
    code: str
    status: str | None


class Shop:
    """What can be known of the shop, at any moment."""

    entity: ClassVar[dict[ViewId, str]] = {
        ("spend", 1): "customer",
        ("recent", 1): "customer",
        ("place_load", 1): "place",
        ("tier", 1): "customer",
        ("tier", 2): "customer",
    }

    def __init__(
        self,
        orders: Iterable[Delivery[Order]],
        customer_events: Iterable[Delivery[CustomerEvent]],
        place_events: Iterable[Delivery[PlaceEvent]],
    ) -> None:
        self.orders = list(versions_of(orders, SETTLE))
        self._customers = list(versions_of(customer_events, SETTLE))
        self._places = list(versions_of(place_events, SETTLE))

    def live(self, entity: str, t: datetime) -> set[Key]:
        """Return the keys of the spine at `t`."""
        if entity == "customer":
            return alive(self._customers, lambda e: (e.customer_id,), _lives, t)
        return alive(self._places, lambda e: (e.region, e.code), _lives, t)

    def state(self, view: ViewId, t: datetime) -> dict[Key, dict[str, Any]]:
        """Return what a run as of `t` computes."""
        return {key: self.features(view, key, t) for key in self.live(self.entity[view], t)}

    def features(self, view: ViewId, key: Key, t: datetime) -> dict[str, Any]:
        """Return what a view says of a key at `t`, alive or not."""
        if self.entity[view] == "customer":
            mine = [v for v in self.orders if v.visible(t) and v.content.customer_id == key[0]]
        else:
            mine = [
                v for v in self.orders if v.visible(t) and (v.content.region, v.content.code) == key
            ]
        rule = {
            ("spend", 1): spend,
            ("recent", 1): recent,
            ("place_load", 1): place_load,
            ("tier", 1): tier_v1,
            ("tier", 2): tier_v2,
        }[view]
        return rule(mine, t)


def _lives(event: CustomerEvent | PlaceEvent) -> bool | None:
    return None if event.status is None else event.status == "in"


Orders = list[Version[Order]]


def spend(mine: Orders, t: datetime) -> dict[str, Any]:
    hour = [v for v in mine if t - v.occurred_at < HOUR]
    return {
        "orders_1h": len(hour),
        "amount_1d": _sum([v for v in mine if t - v.occurred_at < DAY]),
        "largest_1h": max(_amounts(hour), default=None),
    }


def recent(mine: Orders, t: datetime) -> dict[str, Any]:
    if not mine:
        return {"amount": None, "note": None, "happened_at": None}
    latest = max(mine, key=lambda v: (v.occurred_at, v.event))
    return {
        "amount": latest.content.amount,
        "note": latest.content.note,
        "happened_at": latest.occurred_at,
    }


def place_load(mine: Orders, t: datetime) -> dict[str, Any]:
    hour = [v for v in mine if t - v.occurred_at < HOUR]
    total, amounts = _sum(hour), _amounts(hour)
    return {
        "orders_1h": len(hour),
        "mean_1h": None if total is None else float(total) / len(amounts),
        "is_busy": len(hour) > 1,
    }


def tier_v1(mine: Orders, t: datetime) -> dict[str, Any]:
    return {"level": len(mine)}


def tier_v2(mine: Orders, t: datetime) -> dict[str, Any]:
    base = spend(mine, t)
    amount = base["amount_1d"]
    level = None if amount is None or amount <= 0 else 2 if amount > 10 else 1
    return {"level": level, "pace": base["orders_1h"] * 24}


def _amounts(orders: Orders) -> list[Decimal]:
    return [v.content.amount for v in orders if v.content.amount is not None]


def _sum(orders: Orders) -> Decimal | None:
    amounts = _amounts(orders)
    return sum(amounts, Decimal("0.00")) if amounts else None
