"""A world: everything that happened to a shop and its feature store, and who asks about it when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache, cached_property
from typing import Any

from oracle.point_in_time import Feature, Push
from oracle.shop import CustomerEvent, Order, PlaceEvent, Shop, ViewId
from oracle.times import DAY, HOUR, MINUTE
from oracle.training import Declared, Run, Served, Slot, View
from oracle.versions import Delivery
from trainings import Training


def declared(ttl: timedelta, sla: timedelta, otherwise: Any, *features: Feature) -> Declared:
    return Declared({feature.name: feature for feature in features}, ttl, sla, otherwise)


# What features.yml says.
TODAY: dict[ViewId, Declared] = {
    ("spend", 1): declared(
        *(HOUR, 30 * MINUTE, "default"),
        Feature("orders_1h", 0),
        Feature("amount_1d", Decimal("0.50"), "default"),
        Feature("largest_1h", Decimal("-1.00")),
    ),
    ("recent", 1): declared(
        *(2 * HOUR, HOUR, "fail"),
        Feature("amount", Decimal("0.00")),
        Feature("note", "it's none", "default"),
        Feature("happened_at", None),
    ),
    ("place_load", 1): declared(
        *(DAY, HOUR, "default"),
        Feature("orders_1h", 7),
        Feature("mean_1h", 1.25, "default"),
        Feature("is_busy", True),
    ),
    ("tier", 1): declared(HOUR, 30 * MINUTE, "fail", Feature("level", -3, "default")),
    ("tier", 2): declared(
        *(HOUR, 30 * MINUTE, "fail"), Feature("level", -3, "default"), Feature("pace", -4)
    ),
}
LAG = {view: (20 if view[0] == "recent" else 10) * MINUTE for view in TODAY}
TYPES = {
    **{"orders_1h": "integer", "amount_1d": "decimal(18,2)", "largest_1h": "decimal(18,2)"},
    **{"amount": "decimal(18,2)", "note": "varchar", "happened_at": "timestamp"},
    **{"mean_1h": "double", "is_busy": "boolean", "level": "integer", "pace": "integer"},
}

# Features of one list are filled at the same slots.
BACKFILLED = {
    ("spend", 1): [["amount_1d", "orders_1h"], ["largest_1h"]],
    ("recent", 1): [["amount", "happened_at", "note"]],
    ("place_load", 1): [["is_busy", "mean_1h", "orders_1h"]],
}
OWN = "provender.dev"  # the namespace of this store


@dataclass(frozen=True)
class Ask:
    """One row of the spine; its last two columns are called like features."""

    n: int
    t: datetime | None
    customer: int | None = None
    region: str | None = None
    code: str | None = None
    decision: str | None = None

    @property
    def cells(self) -> tuple[Any, ...]:
        """The row as it lies in the table."""
        keys = (self.customer, self.region, self.code)
        return (self.n, self.decision, *keys, self.t, Decimal("0.07"), 17)


@dataclass
class World:
    """What happened. Lists are in no order: the store shuffles them."""

    trainings: list[Training]
    orders: list[Delivery[Order]] = field(default_factory=list)
    customer_events: list[Delivery[CustomerEvent]] = field(default_factory=list)
    place_events: list[Delivery[PlaceEvent]] = field(default_factory=list)
    runs: dict[ViewId, list[Run]] = field(default_factory=dict)
    pushes: list[tuple[ViewId, Push, str]] = field(default_factory=list)  # with the namespace
    kept_from: dict[ViewId, datetime] = field(default_factory=dict)
    landed_until: datetime | None = None
    slots: dict[ViewId, list[Slot]] = field(default_factory=dict)
    decisions: dict[str, dict[ViewId, dict[str, Served]]] = field(default_factory=dict)
    spine: list[Ask] = field(default_factory=list)
    zone: str = "UTC"
    threads: int = 1
    order: int = 0

    @cached_property
    def shop(self) -> Shop:
        """What can be known of it."""
        return Shop(self.orders, self.customer_events, self.place_events)

    @property
    def views_asked(self) -> list[ViewId]:
        """The views of the training sets, each once."""
        return list(dict.fromkeys(view for training in self.trainings for view in training.ids))

    def views(self) -> Mapping[ViewId, View]:
        """Return the same world as the oracle reads it."""
        return {view: self._view(view) for view in self.views_asked}

    def _view(self, view: ViewId) -> View:
        own = [push for of, push, namespace in self.pushes if (of, namespace) == (view, OWN)]
        return View(
            declared=TODAY[view],
            lag=LAG[view],
            state=cache(lambda t: self.shop.state(view, t)),
            runs=self.runs.get(view, []),
            pushes=own,
            kept_from=self.kept_from.get(view),
            slots=self.slots.get(view, []),
            decisions={name: of.get(view, {}) for name, of in self.decisions.items()},
        )
