"""Worlds at random, made so that moments collide.

All lie on a grid of ten minutes, as every duration of the shop does, or one microsecond beside it.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from oracle.point_in_time import Feature, Push
from oracle.shop import SETTLE, CustomerEvent, Order, PlaceEvent, ViewId
from oracle.times import MINUTE
from oracle.training import Declared, Run, Served, Slot
from oracle.versions import Delivery
from trainings import TRAININGS
from world import BACKFILLED, OWN, TODAY, Ask, World

T = TypeVar("T")
TICK = timedelta(microseconds=1)
STEP = 10 * MINUTE

ZONES = ["UTC", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"]
NOONS = [
    datetime(2026, 3, 2, 12),
    datetime(2026, 3, 8, 7),  # clocks go forward in New York
    datetime(2026, 11, 1, 6),  # and back
    datetime(2026, 4, 4, 14),  # and back in Auckland
    datetime(1, 1, 3),
    datetime(9999, 12, 29),
]
FAR = [datetime(1, 1, 1), datetime(1969, 12, 31, 23, 59, 59, 999_999), datetime(9999, 12, 30, 23)]

CUSTOMERS = [1, 2, 3]
PLACES = [("a|b", "c"), ("a", "b|c"), ("a", "bc"), ("", "a'b")]
NOTES = [None, "", "x", "it's none"]
AMOUNTS = [None, *(Decimal(text) for text in ("0.00", "-2.50", "3.10", "8.00", "10.00", "99.99"))]


def make_world(rng: random.Random) -> World:
    """Make a world; the same draws make the same world."""
    return Maker(rng).world()


class Maker:
    """Draws everything from one source of chance, so that hypothesis can shrink it."""

    def __init__(self, rng: random.Random, noon: datetime | None = None, number: int = 0) -> None:
        self.rng = rng
        self.number = number  # worlds of other numbers have other keys
        self.customers = [10 * number + n for n in CUSTOMERS]
        self.places = [(f"{number or ''}{region}", code) for region, code in PLACES]
        self.noon = noon or self.one_of(NOONS)
        self.events: list[datetime] = []  # moments when something happens in the shop
        self.reads: list[datetime] = []  # and when what readers get may change

    def world(self) -> World:
        one_of, some = self.one_of, self.some
        first = one_of(list(TRAININGS.values()))
        second = one_of([other for other in TRAININGS.values() if other is not first])
        world = World(
            trainings=[first, second],
            zone=one_of(ZONES),
            threads=one_of([1, 2, 3, 4]),
            order=self.rng.randrange(100),
        )
        self.happen(world)
        for view in world.views_asked:
            world.runs[view] = self.runs(one_of([0, 1, 2, 3, 3, 4]), TODAY[view])
            world.pushes += self.pushes(view, world.runs[view])
            if world.runs[view] and self.rarely():
                world.kept_from[view] = self.near(one_of(world.runs[view]).as_of)
            world.slots[view] = self.slots(view)
        if self.rarely():
            world.landed_until = self.moment(range(6, 24))
        for n in range(some(3)):
            world.decisions[f"d{n}"] = self.decision(world.views_asked)
        world.spine = self.spine(4 + some(12), list(world.decisions))
        return world

    def happen(self, world: World) -> None:
        """Fill the shop: who lives, and what is ordered."""
        world.orders += self.deliveries(self.some(8), "o", self.order)
        world.customer_events += self.deliveries(
            self.some(4), "c", self.customer_event, self.customers
        )
        world.place_events += self.deliveries(self.some(3), "p", self.place_event, self.places)

    # chance

    def one_of(self, values: Sequence[T]) -> T:
        return values[self.rng.randrange(len(values))]

    def some(self, most: int) -> int:
        return self.rng.randrange(most + 1)

    def rarely(self) -> bool:
        return self.rng.randrange(8) == 7

    def often(self) -> bool:
        return self.rng.randrange(4) != 3

    # moments

    def moment(self, steps: Sequence[int]) -> datetime:
        return self.near(self.noon + self.one_of(steps) * STEP)

    def near(self, moment: datetime) -> datetime:
        return moment + self.one_of([0, 0, 0, 0, 1, -1]) * TICK

    # events

    def deliveries(
        self, events: int, prefix: str, content: Callable[..., Any], keys: Sequence[Any] = ()
    ) -> list[Delivery[Any]]:
        """Each event once, twice or three times: repeated, corrected, or moved in time."""
        made = []
        for n in range(events + len(keys)):
            first = keys[n] if n < len(keys) else None
            for copy in range(self.one_of([1, 1, 1, 2, 3])):
                if copy and self.rng.randrange(3) == 0:
                    said, occurred_at = made[-1].content, made[-1].occurred_at
                else:
                    said = content(first)
                    early = [-144, -12, -7, -6] if first and not copy else []
                    occurred_at = self.moment(early or [-144, -12, -7, -6, -3, 0, 3, 6, 9])
                if self.often():
                    loaded_at = occurred_at + self.one_of([0, 0, 1, 2, 6]) * STEP
                else:
                    loaded_at = self.moment([-144, -6, 0, 3, 6])
                self.events += [occurred_at, loaded_at + SETTLE]
                made.append(Delivery(f"{prefix}{self.number}.{n}", said, occurred_at, loaded_at))
        return made

    def order(self, _: None) -> Order:
        region, code = self.one_of([*self.places, (None, "c")])
        customer = self.one_of([*self.customers, self.customers[0], None])
        return Order(customer, region, code, self.one_of(AMOUNTS), self.one_of(NOTES))

    def customer_event(self, key: int | None) -> CustomerEvent:
        return CustomerEvent(
            key or self.one_of(self.customers), self.status(is_first=key is not None)
        )

    def place_event(self, key: tuple[str, str] | None) -> PlaceEvent:
        return PlaceEvent(*(key or self.one_of(self.places)), self.status(is_first=key is not None))

    def status(self, *, is_first: bool) -> str | None:
        return self.one_of(["in", "in", "in", "out"] if is_first else ["in", "out", "out", None])

    # what the store did

    def runs(self, most: int, today: Declared) -> list[Run]:
        """Later runs end later; two may end at one moment, or be a microsecond apart."""
        starts = sorted({self.moment(range(-3, 10)) for _ in range(most)})
        first, then = self.changed(today), self.changed(today)
        made: list[Run] = []
        for start in starts:
            end = start + self.one_of([0 * STEP, TICK, STEP, 3 * STEP])
            end = max(end, made[-1].ended_at if made else end)
            declared = self.one_of([first, then, today])
            self.reads += [end, end + MINUTE, start + declared.ttl, start + declared.freshness_sla]
            self.reads += [start + today.ttl, start + today.freshness_sla]
            if made and len(made[-1].declared.features) > len(declared.features):
                declared = today  # a feature is never removed
            made.append(Run(start, end, declared))
        return made

    def changed(self, today: Declared) -> Declared:
        """Change what may change under one version, and perhaps lack the last feature."""
        features = [self.redeclared(feature) for feature in today.features.values()]
        if len(features) > 1 and self.rng.randrange(2):
            features.pop()
        sla = self.one_of([1, 3, 6]) * STEP
        return Declared(
            {feature.name: feature for feature in features},
            ttl=sla + self.one_of([0, 3, 6]) * STEP,
            freshness_sla=sla,
            otherwise=self.one_of(["default", "fail"]),
        )

    def redeclared(self, feature: Feature) -> Feature:
        if self.rng.randrange(2):
            return feature
        others: dict[type, Any] = {
            int: 41,
            bool: False,
            Decimal: Decimal("4.10"),
            str: "other",
            float: 0.1,
        }
        default = others.get(type(feature.default), self.noon)
        return replace(feature, default=default, null_is=self.one_of(["null", "default"]))

    def pushes(self, view: ViewId, runs: list[Run]) -> list[tuple[ViewId, Push, str]]:
        """In time, late, several at one moment, to an older run, into another store; or none."""
        if not runs or self.rng.randrange(3) == 0:
            return []
        made = []
        for number in range(8, 8 + self.some(4)):  # text order would put 10 before 9
            run = self.one_of(runs)
            after = run.ended_at if self.often() else self.one_of(runs).ended_at
            readable_at = max(after, run.ended_at) + self.one_of([0, 0, 1, 6]) * STEP
            self.reads += [readable_at, readable_at + MINUTE]
            store = OWN if self.often() else "loadtest"
            made.append((view, Push(run.as_of, readable_at, number), store))
        return made

    def slots(self, view: ViewId) -> list[Slot]:
        """Slots at a step of half an hour or an hour, with holes; of one group, the same."""
        made = []
        for group in BACKFILLED.get(view, []):
            step = self.one_of([3, 6])
            every = [self.noon + n * step * STEP for n in range(-2, 4)]
            filled = [as_of for as_of in every if self.rng.randrange(3) == 0]
            for as_of in filled:
                self.reads += [as_of + after * STEP for after in (1, 2, 7, 8)]
                made += [Slot(feature, as_of, step * STEP) for feature in group]
        return made

    def decision(self, views: list[ViewId]) -> dict[ViewId, dict[str, Served]]:
        """What was served need not be what history says: that is what a log is for."""
        read_at = self.moment(range(13))
        return {view: self.served(view, read_at) for view in views if self.often()}

    def served(self, view: ViewId, read_at: datetime) -> dict[str, Served]:
        age = self.one_of([1, 3, 7]) * STEP + TICK
        status = self.one_of(["ok", "stale", "expired", "missing", "unavailable"])
        if status in ("missing", "unavailable"):
            whole = Served(None, None, None, status)
        else:
            whole = Served(None, read_at - age, age, status)
        logged = {}
        for name, feature in TODAY[view].features.items():
            if self.rng.randrange(12) == 0:
                continue  # the service did not read it
            if self.rng.randrange(8) == 0:
                logged[name] = Served(feature.default, None, None, "not_computed")
            else:
                value = self.one_of([feature.default, None])
                logged[name] = replace(whole, value=value)
        return logged

    # who asks

    def spine(self, rows: int, decisions: list[str]) -> list[Ask]:
        """Moments at which something happens, or just before or after; some rows twice."""
        made: list[Ask] = []
        for n in range(rows):
            if made and self.rng.randrange(10) == 0:
                made.append(self.one_of(made))
                continue
            region, code = self.one_of([*self.places, *self.places, (None, "c"), ("x", "y")])
            made.append(
                Ask(
                    n,
                    self.asked_at(),
                    self.one_of([*self.customers, *self.customers, self.customers[0], None, 9]),
                    region,
                    code,
                    self.one_of([*decisions, None, "unknown"]),
                )
            )
        return made

    def asked_at(self) -> datetime | None:
        kind = self.rng.randrange(20)
        if kind == 0:
            return None
        if kind == 1:
            return self.one_of(FAR)
        if kind < 4 or not self.reads:
            return self.near(self.noon + self.one_of(range(-7, 20)) * STEP)
        return self.near(self.one_of(self.events if kind < 7 and self.events else self.reads))
