"""How one service is read, worked out once per registry: keys, layouts, features in order."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, cycle, repeat
from types import MappingProxyType
from typing import TypeVar

from provender.data_types import Value
from provender.encoding import Raws
from provender.errors import FeatureUnavailable, UnknownFeature, WrongKey
from provender.features import (
    HAS_VALUE,
    FeatureValue,
    Plain,
    ReadTime,
    Row,
    ServedBatch,
    ServedFeatures,
    Status,
)
from provender.instants import to_us
from provender.keys import EntityKey, KeySpace, nearest, view_label
from provender.records import KeyColumn, ServiceFeature, ServiceRecord, ViewRecord
from provender.registry import Registry
from provender.row_cache import CachedRow
from provender.served_record import DECIDES, ServedView
from provender.view_plan import ViewPlan
from provender.view_rows import ViewRows

T = TypeVar("T")

_REMEDY = {
    Status.MISSING: "Check the key, or declare `otherwise: default`.",
    Status.NOT_COMPUTED: "Run `dbt build` and `push-online` for the view.",
    Status.EXPIRED: "Run `dbt build` and `push-online` for the view, and see why they stopped.",
    Status.UNAVAILABLE: "See whether Redis is up and can be reached.",
}


class _Answer:
    """What a plan found for some keys, told when it is asked for."""

    __slots__ = ("_keys", "_plan", "_rows")

    def __init__(
        self, plan: "ServicePlan", keys: Mapping[str, object], rows: Sequence[Row]
    ) -> None:
        self._plan, self._keys, self._rows = plan, keys, rows

    def keys(self) -> Mapping[str, Value]:
        return self._plan.plain_keys(self._keys)

    def plain(self) -> Plain:
        return self._plan.plain(self._rows)

    def features(self) -> Sequence[FeatureValue]:
        return self._plan.features(self._rows)

    def by_view(self) -> Sequence[ServedView]:
        return self._plan.logged(self._rows)


class _Answers:
    """What a plan found for many keys, told when it is asked for."""

    __slots__ = ("_answered", "_many", "_plan", "_read")

    def __init__(
        self,
        plan: "ServicePlan",
        many: Sequence[Mapping[str, object]],
        answered: Sequence[ViewRows],
        read: ReadTime,
    ) -> None:
        self._plan, self._many, self._answered, self._read = plan, many, answered, read

    def __len__(self) -> int:
        return len(self._many)

    def values(self) -> list[list[Value]]:
        by_view = map(ViewRows.values, self._answered)
        return self._plan.in_order(list(chain.from_iterable(by_view)))

    def statuses(self) -> list[list[Status]]:
        by_view = map(ViewRows.statuses, self._answered)
        return self._plan.in_order(list(chain.from_iterable(by_view)))

    def served(self) -> list[ServedFeatures]:
        rows = zip(*map(ViewRows.rows, self._answered), strict=True)
        each = zip(self._many, rows, strict=True)
        return [self._plan.served(keys, of_keys, self._read) for keys, of_keys in each]


class ServicePlan:
    """A service over its views; raise UnknownView or UnknownFeature when one is not online."""

    def __init__(
        self, keys: KeySpace, registry: Registry, service: ServiceRecord, role: str = DECIDES
    ) -> None:
        """Look up each view the service's features come from."""
        self.registry, self.version, self.service = registry, registry.version, service
        if not service.features:
            raise UnknownFeature(
                f"Service {service.service!r} has no feature online. Run `push-online`."
            )
        self._keys, self._whose = EntityKey(_pairs(service.keys)), f"Service {service.service!r}"
        by_view: dict[tuple[str, int], list[ServiceFeature]] = {}
        for feature in service.features:
            by_view.setdefault((feature.view, feature.version), []).append(feature)
        self._views = [
            self._view(keys, registry.view(*ref), features, role)
            for ref, features in by_view.items()
        ]
        self._rows = [(view.prefix, view.key_names) for view in self._views]
        self._entities = {view.key_names for view in self._views}
        self._may_refuse = any(record.otherwise == "fail" for record in self.records)
        by_name = [feature.name for features in by_view.values() for feature in features]
        self._names = [feature.name for feature in service.features]
        self._renamed = {
            each.old_name: each.name
            for each in service.features
            if each.old_name and each.old_name not in self._names
        }
        in_order = by_name == self._names
        self._order = None if in_order else [by_name.index(name) for name in self._names]

    @property
    def records(self) -> list[ViewRecord]:
        """The view records this plan was made from."""
        return [view.record for view in self._views]

    def redis_keys(self, keys: Mapping[str, object]) -> list[str]:
        """Return the key of each view's row; raise WrongKey."""
        texts = self._keys.texts(keys, self._whose)
        tags = {
            names: f"{{{','.join([texts[name] for name in names])}}}" for names in self._entities
        }
        return [prefix + tags[names] for prefix, names in self._rows]

    def redis_keys_of(self, many: Sequence[Mapping[str, object]]) -> list[str]:
        """Return redis_keys() of all, one after another; raise WrongKey that says of which."""
        if len(many) == 1:
            return self.redis_keys(many[0])
        texts = self._keys.texts_of(many)
        if texts is None:
            numbered = [self._numbered_redis_keys(at, keys) for at, keys in enumerate(many)]
            return list(chain.from_iterable(numbered))
        tags = {
            names: list(map(",".join, zip(*[texts[name] for name in names], strict=True)))
            for names in self._entities
        }
        redis_keys = [""] * (len(many) * len(self._rows))
        for at, (prefix, names) in enumerate(self._rows):
            redis_keys[at :: len(self._rows)] = [f"{prefix}{{{tag}}}" for tag in tags[names]]
        return redis_keys

    def is_settled(
        self,
        raws: Raws,
        redis_keys: Sequence[str],
        cached: Mapping[str, CachedRow],
    ) -> bool:
        """Return whether nothing is missing and each layout is known, but for what is cached."""
        rows = zip(cycle(self._views), redis_keys, raws, strict=False)
        return all(key in cached or view.is_settled(raw) for view, key, raw in rows)

    def serve(
        self,
        keys: Mapping[str, object],
        redis_keys: Sequence[str],
        raws: Raws | None,
        cached: Mapping[str, CachedRow],
        read: ReadTime,
    ) -> ServedFeatures:
        """Return what was served for these keys; `raws` None: Redis could not be asked.

        What is `cached` goes before. Raise CorruptValue, and FeatureUnavailable where a view says
        `fail`.
        """
        rows = self.rows_of(redis_keys, raws, cached, to_us(read.at))
        if self._may_refuse:
            self._refuse([rows])
        return self.served(keys, rows, read)

    def serve_many(
        self,
        many: Sequence[Mapping[str, object]],
        redis_keys: Sequence[str],
        raws: Raws | None,
        cached: Mapping[str, CachedRow],
        read: ReadTime,
    ) -> ServedBatch:
        """Return what serve() would for each of many keys; raise as it does."""
        now_us, width = to_us(read.at), len(self._views)
        answered = [
            ViewRows(
                view,
                redis_keys[at::width],
                None if raws is None else raws[at::width],
                cached,
                now_us,
            )
            for at, view in enumerate(self._views)
        ]
        if self._may_refuse and any(map(ViewRows.refuses, answered)):
            self._refuse(zip(*map(ViewRows.rows, answered), strict=True))
        return ServedBatch(self._names, _Answers(self, many, answered, read))

    def served(
        self, keys: Mapping[str, object], rows: Sequence[Row], read: ReadTime
    ) -> ServedFeatures:
        """Return what was served for one set of keys."""
        answer = _Answer(self, keys, rows)
        served = ServedFeatures(
            self.service.service, read.at, self._names, answer, read.us, read.waited_for
        )
        if self._renamed:
            served.renamed = self._renamed
        return served

    def features(self, rows: Sequence[Row]) -> list[FeatureValue]:
        """Return each feature of the service, in its order."""
        served: list[FeatureValue] = []
        for view, row in zip(self._views, rows, strict=True):
            served += view.serve(row)
        return self.in_order(served)

    def plain(self, rows: Sequence[Row]) -> Plain:
        """Return the values and statuses that features() has."""
        values: list[Value] = []
        statuses: list[Status] = []
        for view, row in zip(self._views, rows, strict=True):
            some, of_some = view.plain(row)
            values += some
            statuses += of_some
        return self.in_order(values), self.in_order(statuses)

    def in_order(self, by_view: list[T]) -> list[T]:
        """Return in the service's order what is one for each feature, view after view."""
        return [by_view[index] for index in self._order] if self._order else by_view

    def logged(self, rows: Sequence[Row]) -> list[ServedView]:
        """Return what each view served."""
        return list(map(ViewPlan.logged, self._views, rows))

    def plain_keys(self, keys: Mapping[str, object]) -> Mapping[str, Value]:
        """Return keys that redis_keys() accepts as plain Python values."""
        return MappingProxyType(self._keys.plain(keys))

    def _numbered_redis_keys(self, at: int, keys: Mapping[str, object]) -> list[str]:
        try:
            return self.redis_keys(keys)
        except WrongKey as error:
            raise WrongKey(f"Keys number {at + 1}: {error}") from None

    def _view(
        self, keys: KeySpace, record: ViewRecord, features: Sequence[ServiceFeature], role: str
    ) -> ViewPlan:
        columns = {column.name: column for column in record.features}
        for wanted in features:
            if wanted.feature not in columns:
                raise UnknownFeature(
                    f"View {view_label(record.view, record.version)!r} has no feature"
                    f" {wanted.feature!r} online, and service {self.service.service!r} reads it."
                    f"{nearest(wanted.feature, columns)} Run `push-online --select {record.view}`."
                )
        return ViewPlan(
            keys, record, [(wanted.name, columns[wanted.feature]) for wanted in features], role
        )

    def rows_of(
        self,
        redis_keys: Sequence[str],
        raws: Raws | None,
        cached: Mapping[str, CachedRow],
        now_us: int,
    ) -> list[Row]:
        """Return what each view answered for one set of keys; raise CorruptValue."""
        if raws is not None and not cached:
            return list(map(ViewPlan.row, self._views, redis_keys, raws, repeat(now_us)))
        is_asked = raws is not None
        return [
            view.answer(key, raw, now_us, cached.get(key), is_asked=is_asked)
            for view, key, raw in zip(self._views, redis_keys, raws or repeat(None), strict=False)
        ]

    def _refuse(self, many: Iterable[Sequence[Row]]) -> None:
        for rows in many:
            if any(map(ViewPlan.refuses, self._views, rows)):
                self._refuse_absent(self.features(rows))

    def _refuse_absent(self, served: Sequence[FeatureValue]) -> None:
        absent = [
            feature
            for feature in served
            if feature.status not in HAS_VALUE and feature.row.record.otherwise == "fail"
        ]
        names = ", ".join(
            f"{feature.name} ({view_label(feature.view, feature.version)}) is {feature.status}"
            for feature in absent
        )
        raise FeatureUnavailable(
            f"Service {self.service.service!r} cannot be served: {names}, where the view"
            f" declares `otherwise: fail`. {_REMEDY[absent[0].status]}"
        )


def _pairs(columns: Sequence[KeyColumn]) -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in columns]
