"""How one service is read, worked out once per registry: keys, layouts, features in order."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from provender.data_types import Value
from provender.encoding import Header, RowDecoder, corrupt, decode_header
from provender.errors import CorruptValue, FeatureUnavailable, UnknownFeature, WrongValue
from provender.features import FeatureValue, Row, ServedFeatures, Status, has_value, serve_feature
from provender.instants import from_us
from provender.keys import EntityKey, KeySpace, nearest, view_label
from provender.records import FeatureColumn, KeyColumn, ServiceFeature, ServiceRecord, ViewRecord
from provender.registry import Registry

_REMEDY = {
    Status.MISSING: "Check the key, or declare `otherwise: default`.",
    Status.NOT_COMPUTED: "Run `dbt build` and `push-online` for the view.",
    Status.EXPIRED: "Run `dbt build` and `push-online` for the view, and see why they stopped.",
    Status.UNAVAILABLE: "See whether Redis is up and can be reached.",
}


class ViewPlan:
    """Where the rows of one view version are, and how to read them."""

    def __init__(self, keys: KeySpace, record: ViewRecord) -> None:
        """Take the record; raise WrongValue or WrongKey for a type it should not hold."""
        self.record = record
        self.columns = {column.name: column for column in record.features}
        self._entity = EntityKey(_pairs(record.keys))
        self._prefix = keys.row_prefix(record.view, record.version, record.generation)
        self._decoders = {id_: RowDecoder(columns) for id_, columns in record.layouts.items()}

    def redis_key(self, keys: Mapping[str, Value]) -> str:
        """Return the key of the row for these entity keys."""
        return f"{self._prefix}{{{self._entity.encode(keys)}}}"

    def is_settled(self, redis_key: str, raw: bytes | None) -> bool:
        """Return whether this registry suffices: a row is there, and its layout is known."""
        return raw is not None and self._header(redis_key, raw).layout in self._decoders

    def decode(self, redis_key: str, raw: bytes | None) -> Row:
        """Return the row, without values when the key is missing; raise CorruptValue."""
        if raw is None:
            return Row(self.record.run_as_of_us, None)
        header = self._header(redis_key, raw)
        if header.is_tombstone:
            return Row(header.as_of_us, None)
        if header.layout not in self._decoders:
            raise self._corrupt(redis_key, f"the registry has no layout {header.layout}")
        try:
            return Row(header.as_of_us, self._decoders[header.layout].decode(raw))
        except WrongValue as error:
            raise self._corrupt(redis_key, error) from None

    def _header(self, redis_key: str, raw: bytes) -> Header:
        try:
            header = decode_header(raw)
            from_us(header.as_of_us)
        except WrongValue as error:
            raise self._corrupt(redis_key, error) from None
        except OverflowError:
            raise self._corrupt(redis_key, "its as_of is no date") from None
        return header

    def _corrupt(self, redis_key: str, reason: object) -> CorruptValue:
        return corrupt(redis_key, reason, self.record.view)


class ServicePlan:
    """A service over its views; raise UnknownView or UnknownFeature when one is not online."""

    def __init__(self, keys: KeySpace, registry: Registry, service: ServiceRecord) -> None:
        """Look up each view the service's features come from."""
        self.service = service
        refs = dict.fromkeys((feature.view, feature.version) for feature in service.features)
        self._views = {ref: ViewPlan(keys, registry.view(*ref)) for ref in refs}
        self._keys = EntityKey(_pairs(service.keys))
        self._columns = [(wanted, self._column(wanted)) for wanted in service.features]

    @property
    def records(self) -> list[ViewRecord]:
        """The view records this plan was made from."""
        return [view.record for view in self._views.values()]

    def check(self, keys: Mapping[str, object]) -> dict[str, Value]:
        """Return the keys as plain values; raise WrongKey."""
        return self._keys.check(keys, f"Service {self.service.service!r}")

    def redis_keys(self, keys: Mapping[str, Value]) -> list[str]:
        """Return the key of each view's row."""
        return [view.redis_key(keys) for view in self._views.values()]

    def is_settled(self, redis_keys: Sequence[str], raws: Sequence[bytes | None]) -> bool:
        """Return whether nothing is missing and each layout is known."""
        views = self._views.values()
        return all(map(ViewPlan.is_settled, views, redis_keys, raws))

    def decode(self, redis_keys: Sequence[str], raws: Sequence[bytes | None]) -> list[Row]:
        """Return each view's row; raise CorruptValue."""
        return list(map(ViewPlan.decode, self._views.values(), redis_keys, raws))

    def serve(
        self, keys: dict[str, Value], rows: Sequence[Row] | None, now: datetime
    ) -> ServedFeatures:
        """Apply the rules of absence; raise FeatureUnavailable where a view says `fail`.

        `rows` is None when Redis could not be asked.
        """
        by_view: dict[tuple[str, int], Row | None] = (
            dict.fromkeys(self._views)
            if rows is None
            else dict(zip(self._views, rows, strict=True))
        )
        features: dict[str, FeatureValue] = {}
        for wanted, column in self._columns:
            ref = (wanted.view, wanted.version)
            record = self._views[ref].record
            features[wanted.name] = serve_feature(wanted, column, record, by_view[ref], now)
        self._refuse_absent(features)
        served_keys = MappingProxyType(keys)
        return ServedFeatures(self.service.service, served_keys, now, MappingProxyType(features))

    def _column(self, wanted: ServiceFeature) -> FeatureColumn:
        columns = self._views[wanted.view, wanted.version].columns
        if wanted.feature not in columns:
            raise UnknownFeature(
                f"View {view_label(wanted.view, wanted.version)!r} has no feature"
                f" {wanted.feature!r} online, and service {self.service.service!r} reads it."
                f"{nearest(wanted.feature, columns)} Run `push-online --select {wanted.view}`."
            )
        return columns[wanted.feature]

    def _refuse_absent(self, features: Mapping[str, FeatureValue]) -> None:
        absent = [f for f in features.values() if not has_value(f.status) and self._fails(f)]
        if absent:
            names = ", ".join(
                f"{f.name} ({view_label(f.view, f.version)}) is {f.status}" for f in absent
            )
            raise FeatureUnavailable(
                f"Service {self.service.service!r} cannot be served: {names}, where the view"
                f" declares `otherwise: fail`. {_REMEDY[absent[0].status]}"
            )

    def _fails(self, feature: FeatureValue) -> bool:
        return self._views[feature.view, feature.version].record.otherwise == "fail"


def _pairs(columns: Sequence[KeyColumn]) -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in columns]
