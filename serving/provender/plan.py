"""How one service is read, worked out once per registry: keys, layouts, features in order."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import repeat
from operator import itemgetter
from types import MappingProxyType

from provender.data_types import Value
from provender.encoding import LAYOUT, TOMBSTONE, RowDecoder, corrupt, decode_header
from provender.errors import (
    CorruptValue,
    FeatureUnavailable,
    UnknownFeature,
    WrongKey,
    WrongValue,
)
from provender.features import HAS_VALUE, FeatureValue, Plain, Row, ServedFeatures, Status
from provender.keys import EntityKey, KeySpace, nearest, view_label
from provender.records import FeatureColumn, KeyColumn, ServiceFeature, ServiceRecord, ViewRecord
from provender.registry import Registry
from provender.row_cache import CachedRow
from provender.served_record import ServedView, ViewText, in_detail

_REMEDY = {
    Status.MISSING: "Check the key, or declare `otherwise: default`.",
    Status.NOT_COMPUTED: "Run `dbt build` and `push-online` for the view.",
    Status.EXPIRED: "Run `dbt build` and `push-online` for the view, and see why they stopped.",
    Status.UNAVAILABLE: "See whether Redis is up and can be reached.",
}
_NO_LAYOUT: tuple[int, RowDecoder | None] = (TOMBSTONE, None)
_new: Callable[..., FeatureValue] = tuple.__new__
_make_row = partial(tuple.__new__, Row)
_make_view = partial(tuple.__new__, ServedView)


class ViewPlan:
    """Where the rows of one view version are, and how to read what a service wants of them."""

    def __init__(
        self,
        keys: KeySpace,
        record: ViewRecord,
        wanted: Sequence[tuple[str, FeatureColumn]],
    ) -> None:
        """Take the record; raise WrongValue or WrongKey for a type it should not hold."""
        self.record = record
        self._run_as_of_us = record.run_as_of_us
        self._sla_us, self._ttl_us = record.sla_us, record.ttl_us
        self.key_names = tuple(key.name for key in record.keys)
        self.prefix = keys.row_prefix(record.view, record.version, record.generation)
        self._decoders = {id_: RowDecoder(columns) for id_, columns in record.layouts.items()}
        self._layouts = {
            id_.to_bytes(2, "big"): (id_, decoder) for id_, decoder in self._decoders.items()
        }
        self._names = [name for name, _ in wanted]
        self._columns = [column for _, column in wanted]
        self._pick = {id_: self._picker(decoder) for id_, decoder in self._decoders.items()}
        self._defaulted = [
            index for index, column in enumerate(self._columns) if column.null_is == "default"
        ]
        self._text: ViewText | None = None  # made when a decision is logged

    def is_settled(self, raw: bytes | None) -> bool:
        """Return whether this registry suffices: a row is there, and its layout is known."""
        return raw is not None and raw[LAYOUT] in self._layouts

    def row(
        self, redis_key: str, raw: bytes | None, now_us: int, cached: CachedRow | None = None
    ) -> Row:
        """Return what the view answered, or what it had answered when a row was cached.

        Raise CorruptValue.
        """
        record, watermark_us = self.record, self._run_as_of_us
        if cached is not None:
            raw, record, watermark_us = cached.raw, cached.record, cached.record.run_as_of_us
        if raw is None:
            return Row(record, Status.MISSING, watermark_us, now_us - watermark_us)
        layout, decoder = self._layouts.get(raw[LAYOUT], _NO_LAYOUT)
        if decoder is None:
            as_of_us = max(self._gone_at(redis_key, raw), watermark_us)
            age_us, is_cached = now_us - as_of_us, cached is not None
            return Row(record, Status.MISSING, as_of_us, age_us, is_cached=is_cached)
        try:
            as_of_us, values = decoder.decode(raw)
        except WrongValue as error:
            raise self._corrupt(redis_key, error) from None
        as_of_us = max(as_of_us, watermark_us)
        age_us = now_us - as_of_us
        if age_us <= self._sla_us:
            status = Status.OK
        else:
            status = Status.STALE if age_us <= self._ttl_us else Status.EXPIRED
        is_cached = cached is not None
        return _make_row((record, status, as_of_us, age_us, layout, values, is_cached))

    def unavailable(self) -> Row:
        """Return what stands for a row that could not be asked for."""
        return Row(self.record, Status.UNAVAILABLE, None, None)

    def serve(self, row: Row) -> list[FeatureValue]:
        """Apply the rules of absence to each wanted feature."""
        pick = self._pick.get(row.layout)
        if row.values is None or row.status is Status.EXPIRED or pick is None:
            return list(map(partial(self._absent_or_not, row), self._names, self._columns))
        values = pick(row.values)
        fields = (self._names, values, repeat(row.status), repeat(False), self._columns)
        features = list(map(_new, repeat(FeatureValue), zip(*fields, repeat(row), strict=False)))
        for index in self._defaulted:
            if values[index] is None:
                name, column = self._names[index], self._columns[index]
                features[index] = FeatureValue(name, column.default, row.status, True, column, row)
        return features

    def plain(self, row: Row) -> Plain:
        """Return the values and statuses that serve() gives, without the rest."""
        pick = self._pick.get(row.layout)
        if row.values is None or row.status is Status.EXPIRED or pick is None:
            features = self.serve(row)
            return [each.value for each in features], [each.status for each in features]
        values = pick(row.values)
        if self._defaulted and None in values:
            values = list(values)
            for index in self._defaulted:
                if values[index] is None:
                    values[index] = self._columns[index].default
        return values, [row.status] * len(self._names)

    def logged(self, row: Row) -> ServedView:
        """Return what serve() gives, for the decision log; no object for each feature."""
        text = self._text
        if text is None:
            text = self._text = ViewText(self.record, self._names, self._columns)
        pick = self._pick.get(row.layout)
        if row.values is None or row.status is Status.EXPIRED or pick is None:
            return ServedView(text, row, *in_detail(row, self.serve(row)))
        values = pick(row.values)
        defaults = [index for index in self._defaulted if values[index] is None]
        if defaults:
            values = list(values)
            for index in defaults:
                values[index] = self._columns[index].default
        return _make_view((text, row, values, None, defaults))

    def refuses(self, row: Row) -> bool:
        """Return whether the view says `fail` and some wanted feature has no value."""
        has_values = row.status in HAS_VALUE and self._pick.get(row.layout) is not None
        return self.record.otherwise == "fail" and not has_values

    def _picker(self, decoder: RowDecoder) -> Callable[[Sequence[Value]], Sequence[Value]] | None:
        """Return what picks the wanted values from those of a layout; None where one is missing."""
        at = {name: index for index, name in enumerate(decoder.names)}
        if any(column.name not in at for column in self._columns):
            return None
        places = [at[column.name] for column in self._columns]
        if places == list(range(len(decoder.names))):
            return _all
        return itemgetter(*places) if len(places) > 1 else lambda values: [values[places[0]]]

    def _absent_or_not(self, row: Row, name: str, column: FeatureColumn) -> FeatureValue:
        """One feature of a row that does not have all of them, or whose values do not count."""
        names = self._decoders[row.layout].names if row.layout else []
        if row.values is None:
            return FeatureValue(name, column.default, row.status, True, column, row)
        if column.name not in names:
            return FeatureValue(name, column.default, Status.NOT_COMPUTED, True, column, row)
        value = row.values[names.index(column.name)]
        if row.status is Status.EXPIRED or (value is None and column.null_is == "default"):
            return FeatureValue(name, column.default, row.status, True, column, row)
        return FeatureValue(name, value, row.status, False, column, row)

    def _gone_at(self, redis_key: str, raw: bytes) -> int:
        """Return the time of a tombstone, which is all that a row of no layout may be."""
        try:
            as_of_us, layout = decode_header(raw)
            if layout != TOMBSTONE:
                raise WrongValue(f"the registry has no layout {layout}")
        except WrongValue as error:
            raise self._corrupt(redis_key, error) from None
        return as_of_us

    def _corrupt(self, redis_key: str, reason: object) -> CorruptValue:
        return corrupt(redis_key, reason, self.record.view)


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


class ServicePlan:
    """A service over its views; raise UnknownView or UnknownFeature when one is not online."""

    def __init__(self, keys: KeySpace, registry: Registry, service: ServiceRecord) -> None:
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
            self._view(keys, registry.view(*ref), features) for ref, features in by_view.items()
        ]
        self._rows = [(view.prefix, view.key_names) for view in self._views]
        self._entities = {view.key_names for view in self._views}
        self._may_refuse = any(record.otherwise == "fail" for record in self.records)
        by_name = [feature.name for features in by_view.values() for feature in features]
        self._names = [feature.name for feature in service.features]
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

    def redis_keys_of(self, many: Sequence[Mapping[str, object]]) -> list[list[str]]:
        """Return redis_keys() of each; raise WrongKey that says which of them it is."""
        if len(many) == 1:
            return [self.redis_keys(many[0])]
        return [self._numbered_redis_keys(at, keys) for at, keys in enumerate(many)]

    def is_settled(
        self,
        raws: Sequence[bytes | None],
        redis_keys: Sequence[str] = (),
        cached: Mapping[str, CachedRow] = MappingProxyType({}),
    ) -> bool:
        """Return whether nothing is missing and each layout is known, but for what is cached."""
        if not cached:
            return all(map(ViewPlan.is_settled, self._views, raws))
        rows = zip(self._views, redis_keys, raws, strict=True)
        return all(key in cached or view.is_settled(raw) for view, key, raw in rows)

    def rows(
        self,
        redis_keys: Sequence[str],
        raws: Sequence[bytes | None] | None,
        cached: Mapping[str, CachedRow],
        now_us: int,
    ) -> list[Row]:
        """Return what each view answered; where `raws` is None Redis could not be asked.

        What is `cached` goes before. Raise CorruptValue.
        """
        if raws is not None and not cached:
            return list(map(ViewPlan.row, self._views, redis_keys, raws, repeat(now_us)))
        rows = []
        for view, key, raw in zip(self._views, redis_keys, raws or repeat(None), strict=False):
            if raws is None and key not in cached:
                rows.append(view.unavailable())
            else:
                rows.append(view.row(key, raw, now_us, cached.get(key)))
        return rows

    def serve(
        self,
        keys: Mapping[str, object],
        rows: Sequence[Row],
        now: datetime,
        read_us: int,
        waited_for: str | None,
    ) -> ServedFeatures:
        """Return what was served at `now`; raise FeatureUnavailable where a view says `fail`."""
        if self._may_refuse and any(map(ViewPlan.refuses, self._views, rows)):
            self._refuse_absent(self.features(rows))
        answer = _Answer(self, keys, rows)
        return ServedFeatures(self.service.service, now, self._names, answer, read_us, waited_for)

    def features(self, rows: Sequence[Row]) -> list[FeatureValue]:
        """Return each feature of the service, in its order."""
        served: list[FeatureValue] = []
        for view, row in zip(self._views, rows, strict=True):
            served += view.serve(row)
        return [served[index] for index in self._order] if self._order else served

    def plain(self, rows: Sequence[Row]) -> Plain:
        """Return the values and statuses that features() has."""
        values: list[Value] = []
        statuses: list[Status] = []
        for view, row in zip(self._views, rows, strict=True):
            some, of_some = view.plain(row)
            values += some
            statuses += of_some
        if self._order:
            order = self._order
            return [values[index] for index in order], [statuses[index] for index in order]
        return values, statuses

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
        self, keys: KeySpace, record: ViewRecord, features: Sequence[ServiceFeature]
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
            keys, record, [(wanted.name, columns[wanted.feature]) for wanted in features]
        )

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


def _all(values: Sequence[Value]) -> Sequence[Value]:
    return values


def _pairs(columns: Sequence[KeyColumn]) -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in columns]
