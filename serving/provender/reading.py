"""What it takes to read features, without the waiting: the core of both readers.

A read is a generator of *steps*: it yields what to ask Redis and is sent the answer, or the
StoreUnavailable that came instead; it returns what is served. Who drives it, waits.

What is served tells how long that took, and what the read did beside its one question: `registry`
(read anew), `retry` (registry and rows read again), `timeout` (of Redis), `resting` (Redis timed
out a moment ago, and was not asked), `cache` (all rows were fresh there).
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from datetime import datetime
from itertools import cycle
from typing import Any, NamedTuple, TypeAlias, TypeVar

from provender.deprecation import warn_of_old_names, warn_of_removals
from provender.encoding import Raws
from provender.errors import StoreUnavailable, UnknownName
from provender.features import KeptAnswers, ReadTime, ServedBatch, ServedFeatures
from provender.instants import as_utc
from provender.keys import KeySpace, view_label
from provender.plan import ServicePlan
from provender.records import ServiceFeature, ServiceRecord, ViewRecord, ViewRef
from provender.registry import Registry, RegistryCache, registry_of
from provender.rollout_plan import plan_of
from provender.row_cache import CachedRow, RowCache

MOST_REST = 1.0  # seconds for which a Redis that did not answer in time is not asked again
RESTS = 10  # times as long as was waited, so that waiting takes a tenth of the time at most
MOST_ROWS = 5_000  # in one MGET, which stops all else in Redis
TRIES = 3  # at reading rows and registry of one moment


class Ask(NamedTuple):
    """A command and its keys, HGETALL of one hash or MGET of rows; seconds to wait for it.

    Where `timeout` is None, as long as the client does by itself.
    """

    command: str
    keys: Sequence[str]
    timeout: float | None


Answer: TypeAlias = Any  # of HGETALL bytes to bytes; of MGET a row or None for each key
Keys: TypeAlias = Mapping[str, object]
T = TypeVar("T")
Steps: TypeAlias = Generator[Ask, Answer, T]
Find: TypeAlias = Callable[[Registry], ServiceRecord]


_NOTHING: Mapping[str, CachedRow] = {}


class Found(NamedTuple):
    """What a plan found for the keys asked for: the rows' Redis keys, and the rows, key after key.

    `raws` is None where Redis could not be asked; `cached` are rows it was not asked for; `version`
    is the registry's where it was asked for beside the rows. `is_cached`: Redis was not asked.
    """

    plan: ServicePlan
    redis_keys: list[str]
    raws: Raws | None
    cached: Mapping[str, CachedRow]
    version: bytes | None = None
    is_cached: bool = False

    def is_settled(self) -> bool:
        """Return whether no row that was asked for is missing, and each layout is known."""
        return self.plan.is_settled(self.raws or (), self.redis_keys, self.cached)


class Reading:
    """The registry as it was last read, the plans made from it, and the steps of a read."""

    def __init__(
        self,
        keys: KeySpace,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        cache: RowCache | None,
        *,
        is_versioned: bool,
    ) -> None:
        """Begin with nothing.

        `is_versioned`: rows and the registry's version are read in one step, as one server can;
        then no row is taken for one that the registry does not speak of, whatever became of Redis
        since the registry was read, and a registry is as good as new while its version stands.
        """
        self.within_budget = False  # whether to wait as long as the service's latency budget
        self._keys, self._clock, self._monotonic = keys, clock, monotonic
        self._version_key = keys.version
        self._cache, self._is_versioned = cache, is_versioned
        self._registry = RegistryCache(keys)
        self._plans: dict[str, tuple[Registry, ServicePlan]] = {}
        self._resting_until: dict[float | None, float] = {}

    def service(self, service: str, keys: Keys) -> Steps[ServedFeatures]:
        """Read a service for these keys."""
        return self._serve(service, lambda registry: registry.service(service), keys)

    def service_of_many(self, service: str, many: Sequence[Keys]) -> Steps[ServedBatch]:
        """Read a service for each of these keys, together."""
        if not many:
            return ServedBatch((), KeptAnswers())
        find: Find = lambda registry: registry.service(service)  # noqa: E731
        found, read = yield from self._find(service, find, many)
        return found.plan.serve_many(many, found.redis_keys, found.raws, found.cached, read)

    def view(self, view: str, version: int, keys: Keys) -> Steps[ServedFeatures]:
        """Read all features of one view version, as a service `<view>@<version>` would."""
        name = view_label(view, version)
        return self._serve(name, lambda registry: _whole_view(registry, view, version), keys)

    def record(self, service: str) -> Steps[ServiceRecord]:
        """Return what the registry says of a service; with Redis away, what it said last."""
        find: Find = lambda registry: registry.service(service)  # noqa: E731
        plan = self._ready(service, find, self._monotonic())
        if plan is None:
            try:
                plan = self._plan(service, find, (yield from self._refresh(service)))
            except StoreUnavailable:
                _, plan = self._plans.get(service, (None, None))
                if plan is None:
                    raise
        return plan.service

    def _serve(self, name: str, find: Find, keys: Keys) -> Steps[ServedFeatures]:
        found, read = yield from self._find(name, find, [keys])
        return found.plan.serve(keys, found.redis_keys, found.raws, found.cached, read)

    def _find(self, name: str, find: Find, many: Sequence[Keys]) -> Steps[tuple[Found, ReadTime]]:
        """Find the rows, of one moment with the registry, or what stands for them; and say when.

        That is after the read: no age comes out too small.
        """
        asked_at, waited_for = self._monotonic(), None
        try:
            plan = self._ready(name, find, asked_at)
            if plan is None:
                waited_for = "registry"
                plan = self._plan(name, find, (yield from self._refresh(name)))
            found = yield from self._fetch(plan, many)
            if not self._is_settled(found, asked_at):
                waited_for = "retry"
                found = yield from self._settle(name, find, many, found)
            elif found.is_cached:
                waited_for = waited_for or "cache"
        except StoreUnavailable as error:
            # A missing permission is a mistake in the set-up; a default would hide it for good.
            if error.refused or self._registry.last is None:
                raise
            found = self._without_redis(name, find, many, self._registry.last)
            waited_for = _why(error) or waited_for
        read_us = round((self._monotonic() - asked_at) * 1e6)
        return found, ReadTime(as_utc(self._clock()), read_us, waited_for)

    def _is_settled(self, found: Found, asked_at: float) -> bool:
        """Return whether rows and registry are of one moment, or at least nothing is missing."""
        plan = found.plan
        if not self._is_versioned or plan.version is None:
            return found.is_settled()
        if found.version != plan.version:
            return False
        if not found.cached:
            self._registry.confirm(plan.registry, asked_at)
        return True

    def _settle(self, name: str, find: Find, many: Sequence[Keys], found: Found) -> Steps[Found]:
        """Look again: the registry has changed, a generation was swapped, or Redis is another."""
        for _ in range(TRIES):
            asked_at = self._monotonic()
            fresh = self._plan(name, find, (yield from self._refresh(name)))
            has_version = self._is_versioned and fresh.version is not None
            if not has_version and fresh.records == found.plan.records:
                return found
            # Its newer watermark says nothing about rows read before it: read them again.
            found = yield from self._fetch(fresh, many)
            if self._is_settled(found, asked_at):
                break
        return found

    def _fetch(self, plan: ServicePlan, many: Sequence[Keys]) -> Steps[Found]:
        redis_keys = plan.redis_keys_of(many)
        if self._cache is not None:
            return (yield from self._fetch_through(self._cache, plan, redis_keys))
        raws, version = yield from self._rows(redis_keys, self._timeout(plan))
        return Found(plan, redis_keys, raws, _NOTHING, version)

    def _fetch_through(
        self, cache: RowCache, plan: ServicePlan, redis_keys: list[str]
    ) -> Steps[Found]:
        """Ask for what the cache has not, and keep it there."""
        asked_at = self._monotonic()
        records = _records(plan, redis_keys)
        cached = _readable(cache.fresh(redis_keys, asked_at), records)
        asked = {key: record for key, record in records.items() if key not in cached}
        if not asked:
            nothing: Raws = [None] * len(redis_keys)
            return Found(plan, redis_keys, nothing, cached, plan.version, is_cached=True)
        rows, version = yield from self._rows(list(asked), self._timeout(plan))
        raws = dict(zip(asked, rows, strict=True))
        if not self._is_versioned or version == plan.version:
            cache.keep(((key, raws[key], record) for key, record in asked.items()), asked_at)
        return Found(plan, redis_keys, list(map(raws.get, redis_keys)), cached, version)

    def _without_redis(self, name: str, find: Find, many: Sequence[Keys], last: Registry) -> Found:
        _, plan = self._plans.get(name, (None, None))
        plan = plan or self._plan(name, find, last)
        redis_keys = plan.redis_keys_of(many)
        if self._cache is None:
            return Found(plan, redis_keys, None, _NOTHING)
        kept = self._cache.kept(redis_keys, self._monotonic())
        return Found(plan, redis_keys, None, _readable(kept, _records(plan, redis_keys)))

    def _rows(
        self, redis_keys: list[str], timeout: float | None
    ) -> Steps[tuple[Raws, bytes | None]]:
        """Return the rows and, read with the last of them, the registry's version."""
        asked = [*redis_keys, self._version_key] if self._is_versioned else redis_keys
        if len(asked) <= MOST_ROWS:
            raws = yield from self._ask(Ask("MGET", asked, timeout))
        else:
            raws = []
            for at in range(0, len(asked), MOST_ROWS):
                raws += yield from self._ask(Ask("MGET", asked[at : at + MOST_ROWS], timeout))
        version = raws.pop() if self._is_versioned else None
        return raws, version

    def _refresh(self, name: str) -> Steps[Registry]:
        asked_at = self._monotonic()
        _, plan = self._plans.get(name, (None, None))
        timeout = self._timeout(plan)
        raw = yield from self._ask(Ask("HGETALL", [self._keys.registry], timeout))
        return self._registry.keep(registry_of(self._keys, raw), asked_at)

    def _ask(self, ask: Ask) -> Steps[Answer]:
        """Ask, unless Redis timed out a moment ago; after that moment one read tries it first."""
        resting = self._resting_until
        if resting:
            self._rest(ask.timeout)
        try:
            answer = yield ask
        except StoreUnavailable as error:
            resting.pop(ask.timeout, None)
            if error.timed_out:
                resting[ask.timeout] = self._monotonic() + _rest_after(ask.timeout)
            raise
        if resting:
            resting.pop(ask.timeout, None)
        return answer

    def _rest(self, timeout: float | None) -> None:
        until, now = self._resting_until.get(timeout), self._monotonic()
        if until is None:
            return
        if now < until:
            raise StoreUnavailable(
                "Redis did not answer in time, and is asked again a moment later."
                " Check its load and the network, or raise the latency budget or `timeout`.",
                resting=True,
            )
        self._resting_until[timeout] = now + _rest_after(timeout)

    def _timeout(self, plan: ServicePlan | None) -> float | None:
        budget_ms = plan.service.latency_budget_ms if plan and self.within_budget else None
        return budget_ms / 1000 if budget_ms else None

    def _plan(self, name: str, find: Find, registry: Registry) -> ServicePlan:
        made_from, plan = self._plans.get(name, (None, None))
        if plan is None or made_from is not registry:
            plan = self._plan_anew(find, registry, plan)
            self._plans[name] = (registry, plan)
        return plan

    def _ready(self, name: str, find: Find, now: float) -> ServicePlan | None:
        """Return the plan of a registry that need not be read again."""
        fresh = self._registry.fresh(now)
        try:
            return self._plan(name, find, fresh) if fresh else None
        except (UnknownName, StoreUnavailable):
            return None  # it may be there by now

    def _plan_anew(self, find: Find, registry: Registry, before: ServicePlan | None) -> ServicePlan:
        try:
            plan = plan_of(self._keys, registry, find(registry))
        except UnknownName as error:
            records = before.records if before else []
            if not records or any(registry.is_retired(each.view, each.version) for each in records):
                raise
            # Nobody took it away: Redis came back without it, and is being filled again.
            raise StoreUnavailable(f"What was online before is not there now. {error}") from None
        warn_of_removals(plan.service, as_utc(self._clock()).date())
        warn_of_old_names(plan.service)
        return plan


def _records(plan: ServicePlan, redis_keys: Sequence[str]) -> dict[str, ViewRecord]:
    """Return the record of the view of each row; a plan's rows go round its views."""
    return dict(zip(redis_keys, cycle(plan.records), strict=False))


def _readable(
    cached: Mapping[str, CachedRow], records: Mapping[str, ViewRecord]
) -> Mapping[str, CachedRow]:
    """Return the cached rows whose layouts are those of now: another life of Redis counts anew."""
    return {key: row for key, row in cached.items() if row.record.layouts == records[key].layouts}


def _why(error: StoreUnavailable) -> str | None:
    """Return what a read waited for, or did not wait for, that ended so."""
    if error.resting:
        return "resting"
    return "timeout" if error.timed_out else None


def _rest_after(timeout: float | None) -> float:
    return MOST_REST if timeout is None else min(MOST_REST, RESTS * timeout)


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
