"""What it takes to read features, without the waiting: the core of both readers.

A read is a generator of *steps*: it yields what to ask Redis and is sent the answer, or the
StoreUnavailable that came instead; it returns what is served. Who drives it, waits.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias, TypeVar

from provender.errors import StoreUnavailable
from provender.features import ServedFeatures
from provender.instants import as_utc
from provender.keys import KeySpace, view_label
from provender.plan import ServicePlan
from provender.records import ServiceFeature, ServiceRecord, ViewRef
from provender.registry import Registry, RegistryCache, registry_of

REST = 1.0  # seconds for which a Redis that did not answer in time is not asked again


class Ask(NamedTuple):
    """A command and its keys: HGETALL of one hash, or MGET of rows."""

    command: str
    keys: Sequence[str]


Answer: TypeAlias = "Mapping[bytes, bytes] | Sequence[bytes | None]"
Keys: TypeAlias = Mapping[str, object]
T = TypeVar("T")
Steps: TypeAlias = Generator[Ask, Answer, T]
Find: TypeAlias = Callable[[Registry], ServiceRecord]
Found: TypeAlias = tuple[ServicePlan, list[list[str]], list[Sequence[bytes | None]]]


class Reading:
    """The registry as it was last read, the plans made from it, and the steps of a read."""

    def __init__(
        self, keys: KeySpace, clock: Callable[[], datetime], monotonic: Callable[[], float]
    ) -> None:
        """Begin with nothing."""
        self._keys, self._clock, self._monotonic = keys, clock, monotonic
        self._registry = RegistryCache(keys, monotonic=monotonic)
        self._plans: dict[str, tuple[Registry, ServicePlan]] = {}
        self._resting_until: float | None = None

    def service(self, service: str, many: Sequence[Keys]) -> Steps[list[ServedFeatures]]:
        """Read a service for each of these keys, together."""
        return self._serve(service, lambda registry: registry.service(service), many)

    def view(self, view: str, version: int, many: Sequence[Keys]) -> Steps[list[ServedFeatures]]:
        """Read all features of one view version, as a service `<view>@<version>` would."""
        name = view_label(view, version)
        return self._serve(name, lambda registry: _whole_view(registry, view, version), many)

    def _serve(self, name: str, find: Find, many: Sequence[Keys]) -> Steps[list[ServedFeatures]]:
        raws: Sequence[Sequence[bytes | None] | None]
        try:
            plan, redis_keys, raws = yield from self._read(name, find, many)
        except StoreUnavailable as error:
            # A missing permission is a mistake in the set-up; a default would hide it for good.
            if error.refused or self._registry.last is None:
                raise
            plan = self._plan(name, find, self._registry.last)
            redis_keys, raws = plan.redis_keys_of(many), [None] * len(many)
        now = as_utc(self._clock())  # after the read: no age comes out too small
        return [
            plan.serve(keys, names, found, now)
            for keys, names, found in zip(many, redis_keys, raws, strict=True)
        ]

    def _read(self, name: str, find: Find, many: Sequence[Keys]) -> Steps[Found]:
        plan = self._plan(name, find, self._registry.fresh or (yield from self._refresh()))
        found = yield from self._fetch(plan, many)
        if not all(map(plan.is_settled, found[2])):
            # The generation may have been swapped since, or a layout added.
            fresh = self._plan(name, find, (yield from self._refresh()))
            if fresh.records != plan.records:
                # Its newer watermark says nothing about rows read before it: read them again.
                found = yield from self._fetch(fresh, many)
        return found

    def _fetch(self, plan: ServicePlan, many: Sequence[Keys]) -> Steps[Found]:
        redis_keys = plan.redis_keys_of(many)
        raws = yield from self._ask("MGET", [key for keys in redis_keys for key in keys])
        assert not isinstance(raws, Mapping)
        width = len(plan.records)
        by_keys = [raws[at : at + width] for at in range(0, len(raws), width)]
        return plan, redis_keys, by_keys

    def _refresh(self) -> Steps[Registry]:
        asked_at = self._monotonic()
        raw = yield from self._ask("HGETALL", [self._keys.registry])
        assert isinstance(raw, Mapping)
        return self._registry.keep(registry_of(self._keys, raw), asked_at)

    def _ask(self, command: str, keys: Sequence[str]) -> Steps[Answer]:
        """Ask, unless Redis timed out a moment ago; after that moment one read tries it first."""
        until, now = self._resting_until, self._monotonic()
        if until is not None:
            if now < until:
                raise StoreUnavailable(
                    "Redis did not answer in time, and is asked again a second later."
                    " Check its load and the network, or raise `timeout`."
                )
            self._resting_until = now + REST
        try:
            answer = yield Ask(command, keys)
        except StoreUnavailable as error:
            self._resting_until = self._monotonic() + REST if error.timed_out else None
            raise
        self._resting_until = None
        return answer

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
