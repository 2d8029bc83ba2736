"""A small online store, written as the push writes it: the tests' hand on Redis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import redis
from encoded import encoded

from provender import FeatureReader
from provender.encoding import encode_tombstone
from provender.instants import MICROSECOND, to_us
from provender.keys import EntityKey, KeySpace
from provender.records import (
    FeatureColumn,
    KeyColumn,
    OwnerRecord,
    ServiceFeature,
    ServiceRecord,
    ViewRecord,
    ViewRef,
)
from provender.registry import OWNER_FIELD, VERSION_FIELD, service_field, view_field

NAMESPACE = "lender.prod"
KEYS = KeySpace(NAMESPACE)
T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
SLA, TTL = timedelta(minutes=5), timedelta(hours=1)

ACTIVITY = ViewRecord(
    view="customer_activity",
    version=1,
    entity="customer",
    keys=(KeyColumn("customer_id", "bigint"),),
    features=(
        FeatureColumn("days_since_last_purchase", "integer", 30, "default"),
        FeatureColumn("favourite_shop", "varchar", "none", "null"),
    ),
    layout=1,
    layouts={1: (("days_since_last_purchase", "integer"), ("favourite_shop", "varchar"))},
    ttl_us=TTL // MICROSECOND,
    sla_us=SLA // MICROSECOND,
    otherwise="default",
    classification="internal",
    owner="risk",
    fingerprint="f" * 16,
    run_as_of_us=to_us(T0),
    generation=7,
    readable_at_us=to_us(T0),
)
SHOP = replace(
    ACTIVITY,
    view="shop_volume",
    entity="shop",
    keys=(KeyColumn("shop", "varchar"), KeyColumn("opened_on", "date")),
    features=(FeatureColumn("volume", "decimal(18,2)", None, "null"),),
    layouts={1: (("volume", "decimal(18,2)"),)},
)


def service_over(name: str, *views: ViewRecord) -> ServiceRecord:
    return ServiceRecord(
        service=name,
        owner="risk",
        latency_budget_ms=20,
        views=tuple(ViewRef(view.view, view.version) for view in views),
        features=tuple(
            ServiceFeature(column.name, view.view, view.version, column.name)
            for view in views
            for column in view.features
        ),
        keys=tuple(dict.fromkeys(key for view in views for key in view.keys)),
    )


@dataclass
class Clock:
    """A wall clock and a monotonic one that move when told to."""

    now: datetime = T0
    seconds: float = 0.0

    def __call__(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, step: timedelta) -> None:
        self.now += step
        self.seconds += step.total_seconds()


@dataclass
class Store:
    client: redis.Redis
    clock: Clock = field(default_factory=Clock)
    versions: int = 0

    def open(self, *views: ViewRecord) -> "Store":
        """Write owner, views, and a service `credit_risk` over them."""
        self.put(OWNER_FIELD, OwnerRecord("lender", "prod").to_json())
        for view in views:
            self.publish(view)
        self.put(service_field("credit_risk"), service_over("credit_risk", *views).to_json())
        return self

    def publish(self, view: ViewRecord) -> None:
        self.put(view_field(view.view, view.version), view.to_json())

    def put(self, name: str, record: str) -> None:
        """Change a field of the registry, and its version."""
        self.versions += 1
        version = str(self.versions)
        self.client.hset(KEYS.registry, mapping={name: record, VERSION_FIELD: version})
        self.client.set(KEYS.version, version)

    def key(self, view: ViewRecord, **keys: object) -> str:
        entity = EntityKey([(key.name, key.type) for key in view.keys]).encode(keys)
        return KEYS.row(view.view, view.version, view.generation, entity)

    def write(
        self,
        view: ViewRecord,
        values: Sequence[object],
        as_of: datetime = T0,
        *,
        layout: int | None = None,
        **keys: object,
    ) -> str:
        number = layout or view.layout
        key = self.key(view, **keys)
        row = encoded(view.view, number, view.layouts[number], values, to_us(as_of))
        self.client.set(key, row)
        return key

    def bury(self, view: ViewRecord, as_of: datetime = T0, **keys: object) -> None:
        self.client.set(self.key(view, **keys), encode_tombstone(to_us(as_of)))

    def reader(self) -> FeatureReader:
        return FeatureReader(
            self.client,
            namespace=NAMESPACE,
            clock=self.clock,
            monotonic=self.clock.monotonic,
        )


def commands(client: redis.Redis) -> Mapping[str, int]:
    """How often the server ran each command."""
    stats: dict[str, Any] = client.info("commandstats")
    return {name.removeprefix("cmdstat_"): entry["calls"] for name, entry in stats.items()}
