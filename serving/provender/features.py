"""What is served: values that say how they came about, and the rules when there is none."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias, overload

from provender.data_types import Value
from provender.deprecation import warn_of_old_name
from provender.errors import FeatureUnavailable, UnknownFeature
from provender.instants import from_us
from provender.keys import nearest
from provender.records import FeatureColumn, ViewRecord

if TYPE_CHECKING:
    import pandas

    from provender.served_record import ServedView


class Status(StrEnum):
    """How a value came about; only the first two are values that were computed."""

    OK = "ok"
    STALE = "stale"  # past the freshness SLA, within the ttl: served
    MISSING = "missing"  # the key is not in the view
    NOT_COMPUTED = "not_computed"  # the row was written before the feature was declared
    EXPIRED = "expired"  # past the ttl
    UNAVAILABLE = "unavailable"  # Redis could not be asked


HAS_VALUE = frozenset({Status.OK, Status.STALE})


class Row(NamedTuple):
    """What one view answered, values of a layout or none, at a time; and what that is worth now.

    The run that wrote the watermark confirmed every row it did not change, so the served as_of is
    the later of the two. `as_of_us` and `age_us` are None only when Redis could not be asked.
    `is_cached` says that it comes from the reader's cache.
    """

    record: ViewRecord
    status: Status
    as_of_us: int | None
    age_us: int | None
    layout: int = 0
    values: Sequence[Value] | None = None
    is_cached: bool = False


class FeatureValue(NamedTuple):
    """One feature as it was served.

    An expired value is not served, but its `as_of` and `age` are told. `is_default` says that
    `value` is the declared default, whether for an absence or for a null.
    """

    name: str
    value: Value
    status: Status
    is_default: bool
    column: FeatureColumn
    row: Row

    @property
    def as_of(self) -> datetime | None:
        """The latest run known to confirm the value, or the absence of the key (aware, UTC)."""
        return None if self.row.as_of_us is None else from_us(self.row.as_of_us)

    @property
    def age(self) -> timedelta | None:
        """`read_at - as_of`, an upper bound."""
        return None if self.row.age_us is None else timedelta(microseconds=self.row.age_us)

    @property
    def view(self) -> str:
        """The view it comes from."""
        return self.row.record.view

    @property
    def version(self) -> int:
        """The version of the view."""
        return self.row.record.version

    @property
    def fingerprint(self) -> str:
        """The definition that computed it."""
        return self.row.record.fingerprint

    @property
    def generation(self) -> int:
        """The generation it was read from."""
        return self.row.record.generation

    @property
    def is_cached(self) -> bool:
        """Whether it comes from the reader's cache, and not from Redis just now."""
        return self.row.is_cached

    @property
    def data_type(self) -> str:
        """Its declared type."""
        return self.column.type

    @property
    def feature(self) -> str:
        """Its name in the view, where the service calls it otherwise."""
        return self.column.name

    def __repr__(self) -> str:
        """Return what one asks of a value first."""
        return (
            f"FeatureValue({self.name}={self.value!r}, status={self.status.value},"
            f" age={self.age}, view={self.view}@{self.version})"
        )


Plain: TypeAlias = tuple[Sequence[Value], Sequence[Status]]


class Answer(Protocol):
    """What ServedFeatures tells when it is asked for."""

    def keys(self) -> Mapping[str, Value]:
        """Return the entity keys, as plain values."""

    def plain(self) -> Plain:
        """Return the values and their statuses, in the service's order."""

    def features(self) -> Sequence[FeatureValue]:
        """Return the features, in the service's order."""

    def by_view(self) -> "Sequence[ServedView]":
        """Return what the decision log writes down."""


class Kept(NamedTuple):
    """An answer that was asked for before, without what gave it."""

    kept_keys: dict[str, Value]
    kept_plain: Plain
    kept_features: tuple[FeatureValue, ...]
    role: str

    def keys(self) -> Mapping[str, Value]:
        """Return the entity keys."""
        return self.kept_keys

    def plain(self) -> Plain:
        """Return the values and their statuses."""
        return self.kept_plain

    def features(self) -> Sequence[FeatureValue]:
        """Return the features."""
        return self.kept_features

    def by_view(self) -> "Sequence[ServedView]":
        """Return what the decision log writes down."""
        from provender.served_record import by_row  # noqa: PLC0415 - seldom; it imports plans' parts

        return by_row(self.kept_features, self.role)


class ReadTime(NamedTuple):
    """When something was read (UTC), in how many microseconds, and what a slow read waited for."""

    at: datetime
    us: int
    waited_for: str | None


class ServedFeatures:
    """All features of a service for one set of keys, as they were served at `read_at` (UTC).

    While a view is rolled out, `shadow` has what its other version says for the same keys, by the
    names of the service: to be compared, not to be decided on. The decision log takes both.
    """

    role = "decides"
    shadow: "ServedFeatures | None" = None
    renamed: Mapping[str, str] = MappingProxyType({})
    """Old name -> name of the features that answer to both for now."""

    def __init__(  # noqa: PLR0913, PLR0917 - called in one place
        self,
        service: str,
        read_at: datetime,
        names: Sequence[str],
        answer: Answer,
        read_us: int = 0,
        waited_for: str | None = None,
    ) -> None:
        """Keep what was served, of these names; the reader makes it.

        The read took `read_us` microseconds; `waited_for` is what it did beside its one question,
        see reading.py.
        """
        self.service, self.read_at = service, read_at
        self.read_us, self.waited_for = read_us, waited_for
        self._names, self._answer = names, answer
        self._values: tuple[FeatureValue, ...] | None = None

    @cached_property
    def keys(self) -> Mapping[str, Value]:
        """The entity keys."""
        return self._answer.keys()

    @cached_property
    def features(self) -> Mapping[str, FeatureValue]:
        """Name -> feature, in the service's order."""
        return MappingProxyType({value.name: value for value in self.values()})

    def values(self) -> tuple[FeatureValue, ...]:
        """Return the features, in the service's order."""
        if self._values is None:  # not a cached_property, which takes a lock in Python 3.11
            self._values = tuple(self._answer.features())
        return self._values

    def by_view(self) -> "Sequence[ServedView]":
        """Return each view's row and values, as the decision log writes them down."""
        decided = self._answer.by_view()
        return decided if self.shadow is None else [*decided, *self.shadow.by_view()]

    def __getitem__(self, name: str) -> FeatureValue:
        """Return one feature; raise UnknownFeature (a KeyError) when it was not served.

        One that was renamed answers to its old name too, and the process is warned, once.
        """
        if name in self.renamed:
            warn_of_old_name(self.service, name, self.renamed[name])
            return self.features[self.renamed[name]]
        if name not in self.features:
            raise UnknownFeature(
                f"Service {self.service!r} has no feature {name!r}."
                f"{nearest(name, self.features)} It serves {', '.join(self.features)}."
            )
        return self.features[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names, in the service's order."""
        return iter(self._names)

    def __len__(self) -> int:
        """Return how many features were served."""
        return len(self._names)

    def to_dict(self) -> dict[str, Value]:
        """Return name -> value, in the service's order."""
        return dict(zip(self._names, self.plain[0], strict=True))

    def statuses(self) -> dict[str, Status]:
        """Return name -> status, in the service's order."""
        return dict(zip(self._names, self.plain[1], strict=True))

    @cached_property
    def plain(self) -> Plain:
        """The values, and their statuses, in the service's order; no object for each."""
        return self._answer.plain()

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle what was served, without what served it."""
        kept = Kept(dict(self.keys.items()), self.plain, self.values(), self.role)
        made_of = (self.service, self.read_at, list(self._names), kept)
        made_of_all = (*made_of, self.read_us, self.waited_for)
        return (
            ServedFeatures,
            made_of_all,
            {
                **{"role": self.role, "shadow": self.shadow},
                "renamed": dict(self.renamed),
            },
        )

    def assert_max_age(self, max_age: timedelta, *names: str) -> None:
        """Raise FeatureUnavailable when any feature, or any of those named, is older than that.

        One whose age is not known, since Redis could not be asked, is older than anything.
        """
        asked = [self[name] for name in names] or self.values()
        old = [each for each in asked if each.age is None or each.age > max_age]
        if old:
            told = ", ".join(
                f"{each.name} ({each.view}@{each.version}): {each.age}" for each in old
            )
            raise FeatureUnavailable(
                f"Service {self.service!r}: older than {max_age}, or of unknown age: {told}."
                " Run `dbt build` and `push-online` for these views, or allow more."
            )

    def __repr__(self) -> str:
        """Return service, keys and when they were read."""
        return f"ServedFeatures({self.service}, {dict(self.keys)}, read_at={self.read_at})"


class Answers(Protocol):
    """What ServedBatch tells when it is asked for."""

    def __len__(self) -> int:
        """Return for how many sets of keys."""

    def values(self) -> Sequence[list[Value]]:
        """Return the values, feature by feature, in the service's order."""

    def statuses(self) -> Sequence[list[Status]]:
        """Return their statuses."""

    def served(self) -> Sequence[ServedFeatures]:
        """Return what was served for each set of keys."""


class KeptAnswers:
    """What was told for each set of keys, without what gave it."""

    def __init__(self, served: Sequence[ServedFeatures] = ()) -> None:
        """Keep it."""
        self._served = served

    def __len__(self) -> int:
        """Return for how many sets of keys."""
        return len(self._served)

    def values(self) -> Sequence[list[Value]]:
        """Return the values, feature by feature."""
        return list(map(list, zip(*[each.plain[0] for each in self._served], strict=True)))

    def statuses(self) -> Sequence[list[Status]]:
        """Return their statuses."""
        return list(map(list, zip(*[each.plain[1] for each in self._served], strict=True)))

    def served(self) -> Sequence[ServedFeatures]:
        """Return it."""
        return self._served


class ServedBatch(Sequence[ServedFeatures]):
    """What a service was served for several sets of keys, in the order asked for.

    Columns come straight from what was read; an object for each set of keys is made where one is
    asked for.
    """

    def __init__(self, names: Sequence[str], answers: Answers) -> None:
        """Keep what was served, of these names; the reader makes it."""
        self._names, self._answers = names, answers
        self._served: tuple[ServedFeatures, ...] | None = None

    def __len__(self) -> int:
        """Return for how many sets of keys."""
        return len(self._answers)

    @overload
    def __getitem__(self, at: int) -> ServedFeatures: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[ServedFeatures]: ...

    def __getitem__(self, at: int | slice) -> ServedFeatures | Sequence[ServedFeatures]:
        """Return what was served for one set of keys, or for some."""
        return self._objects()[at]

    def __iter__(self) -> Iterator[ServedFeatures]:
        """Iterate over what was served for each set of keys."""
        return iter(self._objects())

    def columns(self) -> dict[str, list[Value]]:
        """Return name -> values, one for each set of keys: the quickest way to all of them."""
        return dict(zip(self._names, self._answers.values(), strict=True))

    def statuses(self) -> dict[str, list[Status]]:
        """Return name -> statuses, one for each set of keys."""
        return dict(zip(self._names, self._answers.statuses(), strict=True))

    def to_pandas(self) -> "pandas.DataFrame":
        """Return a data frame, one row each: the keys, then the features, in the service's order.

        Features that are integers, booleans or text have pandas' nullable types, times are naive
        UTC; decimals, dates, lists and structs are Python objects. Needs pandas, which this
        package does not.
        """
        import pandas  # noqa: PLC0415 - only here, and not a dependency

        if not self:
            return pandas.DataFrame()
        columns: dict[str, object] = {
            name: [served.keys[name] for served in self] for name in self[0].keys
        }
        values = self.columns()
        for feature in self[0].values():
            dtype = _PANDAS.get(feature.data_type, "object")
            columns[feature.name] = pandas.Series(values[feature.name], dtype=dtype)
        return pandas.DataFrame(columns)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle what was served, without what served it."""
        return ServedBatch, (list(self._names), KeptAnswers(self._objects()))

    def __repr__(self) -> str:
        """Return what was served for each set of keys."""
        return f"ServedBatch({list(self._objects())})"

    def _objects(self) -> tuple[ServedFeatures, ...]:
        if self._served is None:
            self._served = tuple(self._answers.served())
        return self._served


_PANDAS = {
    **{"tinyint": "Int8", "smallint": "Int16", "integer": "Int32", "bigint": "Int64"},
    **{"utinyint": "UInt8", "usmallint": "UInt16", "uinteger": "UInt32", "ubigint": "UInt64"},
    **{"float": "float32", "double": "float64", "boolean": "boolean", "varchar": "string"},
    "timestamp": "datetime64[us]",
}
