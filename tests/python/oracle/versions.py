"""What was known of an event, and when: rule 2 of the design."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Generic, TypeVar

C = TypeVar("C", bound=tuple[Any, ...])  # what an event says: a NamedTuple in the columns' order


@dataclass(frozen=True)
class Delivery(Generic[C]):
    """One delivered row that can be placed in time."""

    event: str
    content: C
    occurred_at: datetime
    loaded_at: datetime


@dataclass(frozen=True)
class Version(Generic[C]):
    """What an event was known to be from one moment until the next version became known."""

    event: str
    content: C
    occurred_at: datetime
    known_from: datetime
    known_until: datetime | None

    def visible(self, t: datetime) -> bool:
        """Whether a feature at `t` may use this: it has happened, is known, and still stands."""
        return (
            self.occurred_at <= t
            and self.known_from <= t
            and (self.known_until is None or self.known_until > t)
        )

    @property
    def first_visible(self) -> datetime | None:
        """When this was first visible; None if it was replaced before anyone could see it."""
        first = max(self.occurred_at, self.known_from)
        return first if self.visible(first) else None


def versions_of(deliveries: Iterable[Delivery[C]], settle: timedelta) -> Iterator[Version[C]]:
    """Yield the versions of every event, whatever the order of the deliveries."""
    by_event: defaultdict[str, list[Delivery[C]]] = defaultdict(list)
    for delivery in deliveries:
        by_event[delivery.event].append(delivery)
    for event, delivered in by_event.items():
        in_order = sorted(delivered, key=lambda d: (d.loaded_at, _order(d)))
        # The same content again says nothing new; the same content after another does (A, B, A).
        new = [next(same) for _, same in groupby(in_order, lambda d: (d.content, d.occurred_at))]
        for one, after in zip(new, [*new[1:], None], strict=True):
            yield Version(
                event=event,
                content=one.content,
                occurred_at=one.occurred_at,
                known_from=one.loaded_at + settle,
                known_until=after.loaded_at + settle if after else None,
            )


def _order(delivery: Delivery[C]) -> list[tuple[bool, Any]]:
    """Order two contents with one load stamp: column by column, null last, then by time."""
    return [(value is None, value) for value in (*delivery.content, delivery.occurred_at)]
