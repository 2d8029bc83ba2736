"""How one service is read, worked out once per registry: keys, layouts, features in order."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import chain, repeat
from operator import itemgetter
from types import MappingProxyType

from provender.data_types import Value
from provender.encoding import LAYOUT, TOMBSTONE, RowDecoder, corrupt, decode_header
from provender.errors import CorruptValue, FeatureUnavailable, UnknownFeature, WrongValue
from provender.features import HAS_VALUE, FeatureValue, Row, ServedFeatures, Status
from provender.instants import FIRST_US, LAST_US, to_us
from provender.keys import EntityKey, KeySpace, nearest, view_label
from provender.records import FeatureColumn, KeyColumn, ServiceFeature, ServiceRecord, ViewRecord
from provender.registry import Registry

_REMEDY = {
    Status.MISSING: "Check the key, or declare `otherwise: default`.",
    Status.NOT_COMPUTED: "Run `dbt build` and `push-online` for the view.",
    Status.EXPIRED: "Run `dbt build` and `push-online` for the view, and see why they stopped.",
    Status.UNAVAILABLE: "See whether Redis is up and can be reached.",
}
_make = partial(tuple.__new__, FeatureValue)


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
        self._key_names = [key.name for key in record.keys]
        self._prefix = keys.row_prefix(record.view, record.version, record.generation)
        self._decoders = {id_: RowDecoder(columns) for id_, columns in record.layouts.items()}
        self._layouts = {id_.to_bytes(2, "big") for id_ in self._decoders}
        self._names = [name for name, _ in wanted]
        self._columns = [column for _, column in wanted]
        self._pick = {id_: self._picker(decoder) for id_, decoder in self._decoders.items()}
        self._defaulted = [
            index for index, column in enumerate(self._columns) if column.null_is == "default"
        ]

    def redis_key(self, texts: Mapping[str, str]) -> str:
        """Return the key of the row for key columns as text."""
        return f"{self._prefix}{{{','.join([texts[name] for name in self._key_names])}}}"

    def is_settled(self, raw: bytes | None) -> bool:
        """Return whether this registry suffices: a row is there, and its layout is known."""
        return raw is not None and raw[LAYOUT] in self._layouts

    def row(self, redis_key: str, raw: bytes | None, now_us: int) -> Row:
        """Return what the view answered; raise CorruptValue."""
        if raw is None:
            return self._absent(self.record.run_as_of_us, now_us)
        as_of_us, layout = self._header(redis_key, raw)
        if layout == TOMBSTONE:
            return self._absent(as_of_us, now_us)
        if layout not in self._decoders:
            raise self._corrupt(redis_key, f"the registry has no layout {layout}")
        decoder = self._decoders[layout]
        try:
            values = decoder.decode(raw)
        except WrongValue as error:
            raise self._corrupt(redis_key, error) from None
        as_of_us = max(as_of_us, self.record.run_as_of_us)
        age_us = now_us - as_of_us
        if age_us <= self.record.sla_us:
            status = Status.OK
        else:
            status = Status.STALE if age_us <= self.record.ttl_us else Status.EXPIRED
        return Row(self.record, status, as_of_us, age_us, layout, values)

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
        features = list(map(_make, zip(*fields, repeat(row))))
        for index in self._defaulted:
            if values[index] is None:
                name, column = self._names[index], self._columns[index]
                features[index] = FeatureValue(name, column.default, row.status, True, column, row)
        return features

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

    def _absent(self, as_of_us: int, now_us: int) -> Row:
        as_of_us = max(as_of_us, self.record.run_as_of_us)
        return Row(self.record, Status.MISSING, as_of_us, now_us - as_of_us)

    def _header(self, redis_key: str, raw: bytes) -> tuple[int, int]:
        try:
            as_of_us, layout = decode_header(raw)
            if not FIRST_US <= as_of_us <= LAST_US:
                raise WrongValue("its as_of is no date")
        except WrongValue as error:
            raise self._corrupt(redis_key, error) from None
        return as_of_us, layout

    def _corrupt(self, redis_key: str, reason: object) -> CorruptValue:
        return corrupt(redis_key, reason, self.record.view)


class ServicePlan:
    """A service over its views; raise UnknownView or UnknownFeature when one is not online."""

    def __init__(self, keys: KeySpace, registry: Registry, service: ServiceRecord) -> None:
        """Look up each view the service's features come from."""
        self.service = service
        if not service.features:
            raise UnknownFeature(
                f"Service {service.service!r} has no feature online. Run `push-online`."
            )
        self._keys = EntityKey(_pairs(service.keys))
        by_view: dict[tuple[str, int], list[ServiceFeature]] = {}
        for feature in service.features:
            by_view.setdefault((feature.view, feature.version), []).append(feature)
        self._views = [
            self._view(keys, registry.view(*ref), features) for ref, features in by_view.items()
        ]
        by_name = [feature.name for features in by_view.values() for feature in features]
        in_order = [feature.name for feature in service.features]
        self._order = None if by_name == in_order else [by_name.index(name) for name in in_order]

    @property
    def records(self) -> list[ViewRecord]:
        """The view records this plan was made from."""
        return [view.record for view in self._views]

    def redis_keys(self, keys: Mapping[str, object]) -> list[str]:
        """Return the key of each view's row; raise WrongKey."""
        texts = self._keys.texts(keys, f"Service {self.service.service!r}")
        return [view.redis_key(texts) for view in self._views]

    def redis_keys_of(self, many: Sequence[Mapping[str, object]]) -> list[list[str]]:
        """Return redis_keys() of each."""
        return [self.redis_keys(keys) for keys in many]

    def is_settled(self, raws: Sequence[bytes | None]) -> bool:
        """Return whether nothing is missing and each layout is known."""
        return all(map(ViewPlan.is_settled, self._views, raws))

    def serve(
        self,
        keys: Mapping[str, object],
        redis_keys: Sequence[str],
        raws: Sequence[bytes | None] | None,
        now: datetime,
    ) -> ServedFeatures:
        """Return what was served at `now`; `raws` is None when Redis could not be asked.

        Raise CorruptValue, and FeatureUnavailable where a view says `fail`.
        """
        now_us = to_us(now)
        if raws is None:
            rows = [view.unavailable() for view in self._views]
        else:
            rows = list(map(ViewPlan.row, self._views, redis_keys, raws, repeat(now_us)))
        served = list(chain.from_iterable(map(ViewPlan.serve, self._views, rows)))
        if any(map(ViewPlan.refuses, self._views, rows)):
            self._refuse_absent(served)
        if self._order:
            served = [served[index] for index in self._order]
        return ServedFeatures(self.service.service, partial(self._plain, keys), now, served)

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

    def _plain(self, keys: Mapping[str, object]) -> Mapping[str, Value]:
        return MappingProxyType(self._keys.plain(keys))

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
