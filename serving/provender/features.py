"""What is served: values that say how they came about, and the rules when there is none."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from provender.data_types import Value
from provender.errors import UnknownFeature
from provender.instants import MICROSECOND, from_us
from provender.keys import nearest
from provender.records import FeatureColumn, ServiceFeature, ViewRecord


class Status(StrEnum):
    """How a value came about; only the first two are values that were computed."""

    OK = "ok"
    STALE = "stale"  # past the freshness SLA, within the ttl: served
    MISSING = "missing"  # the key is not in the view
    NOT_COMPUTED = "not_computed"  # the row was written before the feature was declared
    EXPIRED = "expired"  # past the ttl
    UNAVAILABLE = "unavailable"  # Redis could not be asked


@dataclass(frozen=True, slots=True)
class FeatureValue:
    """One feature as it was served.

    `as_of` (aware, UTC) is the latest run known to confirm the value, or the absence of the key;
    `age` is `read_at - as_of`, an upper bound. Both are None only when Redis could not be asked.
    An expired value is not served, but its `as_of` and `age` are told. `is_default` says that
    `value` is the declared default, whether for an absence or for a null.
    """

    name: str
    value: Value
    status: Status
    age: timedelta | None
    as_of: datetime | None
    view: str
    version: int
    fingerprint: str
    generation: int
    is_default: bool
    data_type: str
    feature: str


@dataclass(frozen=True, slots=True)
class ServedFeatures:
    """All features of a service for one set of keys, as they were served at `read_at` (UTC)."""

    service: str
    keys: Mapping[str, Value]
    read_at: datetime
    features: Mapping[str, FeatureValue] = field(repr=False)

    def __getitem__(self, name: str) -> FeatureValue:
        """Return one feature; raise UnknownFeature (a KeyError) when it was not served."""
        if name not in self.features:
            raise UnknownFeature(
                f"Service {self.service!r} has no feature {name!r}."
                f"{nearest(name, self.features)} It serves {', '.join(self.features)}."
            )
        return self.features[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names, in the service's order."""
        return iter(self.features)

    def __len__(self) -> int:
        """Return how many features were served."""
        return len(self.features)

    def to_dict(self) -> dict[str, Value]:
        """Return name -> value, in the service's order."""
        return {name: feature.value for name, feature in self.features.items()}


@dataclass(frozen=True, slots=True)
class Row:
    """What Redis answered for one view: values at a time, or no values for a missing key."""

    as_of_us: int
    values: Mapping[str, Value] | None


def serve_feature(
    wanted: ServiceFeature,
    column: FeatureColumn,
    view: ViewRecord,
    row: Row | None,
    now: datetime,
) -> FeatureValue:
    """Apply the rules of absence to one feature; `row` is None when Redis could not be asked.

    The run that wrote the watermark confirmed every row it did not change, so the served as_of is
    the later of the two.
    """
    as_of = from_us(max(row.as_of_us, view.run_as_of_us)) if row else None
    age = now - as_of if as_of else None
    status = _status(column.name, view, row, age)
    value, is_default = _value(status, column, row)
    return FeatureValue(
        name=wanted.name,
        value=value,
        status=status,
        age=age,
        as_of=as_of,
        view=view.view,
        version=view.version,
        fingerprint=view.fingerprint,
        generation=view.generation,
        is_default=is_default,
        data_type=column.type,
        feature=column.name,
    )


def has_value(status: Status) -> bool:
    """Return whether a computed value is served (a null is one)."""
    return status in (Status.OK, Status.STALE)


def _status(name: str, view: ViewRecord, row: Row | None, age: timedelta | None) -> Status:
    if row is None or age is None:
        return Status.UNAVAILABLE
    if row.values is None:
        return Status.MISSING
    if name not in row.values:
        return Status.NOT_COMPUTED
    if age // MICROSECOND > view.ttl_us:
        return Status.EXPIRED
    return Status.STALE if age // MICROSECOND > view.sla_us else Status.OK


def _value(status: Status, column: FeatureColumn, row: Row | None) -> tuple[Value, bool]:
    if not has_value(status) or row is None or row.values is None:
        return column.default, True
    value = row.values[column.name]
    if value is None and column.null_is == "default":
        return column.default, True
    return value, False
