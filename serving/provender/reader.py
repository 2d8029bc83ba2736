"""Features for a service, read from Redis in one round trip."""

from collections.abc import Callable, Mapping
from datetime import datetime
from time import monotonic as _monotonic
from types import TracebackType
from typing import Self

from provender.connection import DEFAULT_TIMEOUT, Client, checked, connect, read_many
from provender.errors import StoreUnavailable
from provender.features import Row, ServedFeatures
from provender.instants import as_utc, utc_now
from provender.keys import KeySpace, view_label
from provender.plan import ServicePlan
from provender.records import ServiceFeature, ServiceRecord, ViewRef
from provender.registry import Registry, RegistryCache

Find = Callable[[Registry], ServiceRecord]


class FeatureReader:
    """Reads what `push-online` wrote; needs a Redis client and a namespace, nothing else.

    The registry is cached for a second and survives an outage: once it was read, a lost Redis
    means `unavailable` features under each view's policy, and not an error. One reader serves
    any number of threads.
    """

    def __init__(
        self,
        client: Client,
        *,
        namespace: str,
        clock: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = _monotonic,
    ) -> None:
        """Keep the client, which close() closes; nothing is read yet.

        `clock` tells the time that ages are measured at; `monotonic` (seconds) ages the registry.
        """
        self._client = checked(client)
        self._keys = KeySpace(namespace)
        self._clock = clock
        self._registry = RegistryCache(client, self._keys, monotonic=monotonic)
        self._plans: dict[str, tuple[Registry, ServicePlan]] = {}

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        namespace: str,
        clock: Callable[[], datetime] = utc_now,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> Self:
        """Return a reader with a client of its own; `timeout` in seconds, see connection.py."""
        return cls(connect(url, timeout), namespace=namespace, clock=clock)

    def get(self, service: str, /, **keys: object) -> ServedFeatures:
        """Return the features of `service` for these entity keys.

        Raise UnknownService and WrongKey for what the caller got wrong, FeatureUnavailable where a
        view says `otherwise: fail`, CorruptValue for a damaged row, StoreUnavailable when Redis
        refuses permission or was never reached, UnknownNamespace when nothing was pushed.
        """
        return self._serve(service, lambda registry: registry.service(service), keys)

    def get_view(self, view: str, version: int, /, **keys: object) -> ServedFeatures:
        """Return all features of one view version, as a service `<view>@<version>` would."""
        name = view_label(view, version)
        return self._serve(name, lambda registry: _whole_view(registry, view, version), keys)

    def close(self) -> None:
        """Close the client's connections."""
        self._client.close()

    def __enter__(self) -> Self:
        """Return the reader; leaving closes it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the client's connections."""
        self.close()

    def _serve(self, name: str, find: Find, keys: Mapping[str, object]) -> ServedFeatures:
        try:
            plan, rows = self._read(name, find, keys)
        except StoreUnavailable as error:
            # A missing permission is a mistake in the set-up; a default would hide it for good.
            if error.refused or self._registry.last is None:
                raise
            plan, rows = self._plan(name, find, self._registry.last), None
        now = as_utc(self._clock())  # after the read: no age comes out too small
        return plan.serve(plan.check(keys), rows, now)

    def _read(
        self, name: str, find: Find, keys: Mapping[str, object]
    ) -> tuple[ServicePlan, list[Row]]:
        plan = self._plan(name, find, self._registry.get())
        redis_keys, raws = self._fetch(plan, keys)
        if not plan.is_settled(redis_keys, raws):
            # The generation may have been swapped since, or a layout added.
            fresh = self._plan(name, find, self._registry.refresh())
            if fresh.records != plan.records:
                # Its newer watermark says nothing about rows read before it: read them again.
                plan = fresh
                redis_keys, raws = self._fetch(plan, keys)
        return plan, plan.decode(redis_keys, raws)

    def _fetch(
        self, plan: ServicePlan, keys: Mapping[str, object]
    ) -> tuple[list[str], list[bytes | None]]:
        redis_keys = plan.redis_keys(plan.check(keys))
        return redis_keys, read_many(self._client, redis_keys)

    def _plan(self, name: str, find: Find, registry: Registry) -> ServicePlan:
        made_from, plan = self._plans.get(name, (None, None))
        if plan is None or made_from is not registry:
            plan = ServicePlan(self._keys, registry, find(registry))
            self._plans[name] = (registry, plan)
        return plan


def _whole_view(registry: Registry, view: str, version: int) -> ServiceRecord:
    record = registry.view(view, version)
    return ServiceRecord(
        service=view_label(view, version),
        owner=record.owner,
        latency_budget_ms=None,
        views=(ViewRef(view, version),),
        features=tuple(
            ServiceFeature(column.name, view, version, column.name) for column in record.features
        ),
        keys=record.keys,
    )
