"""What stands in the registry and in the push stream, to JSON and back.

A record without a ttl is refused rather than read as "never expires".
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Self

from provender.data_types import Value, codec_for
from provender.errors import WrongValue
from provender.json_objects import (
    boolean,
    dump,
    duration,
    elements,
    instant,
    integer,
    load,
    member,
    one_of,
    text,
)

FORMAT = 3
DECISION_FORMAT = 3  # of what the decision log writes
POLICIES = ("default", "fail")
MODES = ("incremental", "full")
NULL_RULES = ("null", "default")
STAGES = ("shadow", "canary", "all")
WHOLE = 1_000_000  # parts, of which a canary has a share


@dataclass(frozen=True, slots=True)
class OwnerRecord:
    """The one project and target that pushes into a namespace."""

    project: str
    target: str
    format: int = FORMAT

    def to_json(self) -> str:
        """Return the record as it stands in Redis."""
        return dump(asdict(self))

    @classmethod
    def from_json(cls, raw: bytes | str) -> Self:
        """Read the record; raise WrongValue when it is malformed."""
        record = load(raw)
        return cls(text(record, "project"), text(record, "target"), integer(record, "format"))


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """One column of an entity's key."""

    name: str
    type: str

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Read one element of a `keys` list."""
        return cls(text(record, "name"), text(record, "type"))


@dataclass(frozen=True, slots=True)
class FeatureColumn:
    """One feature of a view; `default` is a Python value of its type, or None."""

    name: str
    type: str
    default: Value = None
    null_is: str = "null"

    def to_record(self) -> dict[str, Any]:
        """Return one element of a `features` list; raise WrongValue if the default is not of it."""
        return {**asdict(self), "default": codec_for(self.type).encode(self.default)}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Read one element of a `features` list."""
        data_type = text(record, "type")
        default = codec_for(data_type).decode(member(record, "default"))
        return cls(text(record, "name"), data_type, default, one_of(record, "null_is", NULL_RULES))


@dataclass(frozen=True, slots=True)
class ViewRecord:
    """One view version as it is online: columns, layouts in use, policies and watermark."""

    view: str
    version: int
    entity: str
    keys: tuple[KeyColumn, ...]
    features: tuple[FeatureColumn, ...]
    layout: int
    layouts: Mapping[int, tuple[tuple[str, str], ...]] = field(hash=False)
    ttl_us: int
    sla_us: int
    otherwise: str
    classification: str
    owner: str
    fingerprint: str
    run_as_of_us: int
    generation: int
    readable_at_us: int
    log_values: bool = True  # else decisions are logged with keyed hashes of them

    def to_json(self) -> str:
        """Return the record as it stands in Redis."""
        features = [feature.to_record() for feature in self.features]
        return dump({**asdict(self), "features": features})

    @classmethod
    def from_json(cls, raw: bytes | str) -> Self:
        """Read the record; raise WrongValue when it is malformed."""
        record = load(raw)
        return cls(
            view=text(record, "view"),
            version=integer(record, "version"),
            entity=text(record, "entity"),
            keys=tuple(map(KeyColumn.from_record, elements(record, "keys"))),
            features=tuple(map(FeatureColumn.from_record, elements(record, "features"))),
            layout=integer(record, "layout"),
            layouts=_layouts(record),
            ttl_us=duration(record, "ttl_us"),
            sla_us=duration(record, "sla_us"),
            otherwise=one_of(record, "otherwise", POLICIES),
            classification=text(record, "classification"),
            owner=text(record, "owner"),
            fingerprint=text(record, "fingerprint"),
            run_as_of_us=instant(record, "run_as_of_us"),
            generation=integer(record, "generation"),
            readable_at_us=instant(record, "readable_at_us"),
            log_values=boolean(record, "log_values"),
        )


@dataclass(frozen=True, slots=True)
class ViewRef:
    """A view version by name; `removed_on` is the day from which it may be gone, if it says one.

    From the day `deprecated_from` on its readers are warned.
    """

    view: str
    version: int
    deprecated_from: str | None = None
    removed_on: str | None = None

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Read one element of a `views` list."""
        days = (record.get(name) for name in ("deprecated_from", "removed_on"))
        return cls(text(record, "view"), integer(record, "version"), *map(_day, days))


@dataclass(frozen=True, slots=True)
class ServiceFeature:
    """A feature under the name the service knows it by.

    One that was renamed answers to its `old_name` as well, for a while; where that is its name, the
    service still lists it so.
    """

    name: str
    view: str
    version: int
    feature: str
    old_name: str | None = None

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Read one element of a `features` list."""
        name, view = text(record, "name"), text(record, "view")
        old_name = None if record.get("old_name") is None else text(record, "old_name")
        return cls(name, view, integer(record, "version"), text(record, "feature"), old_name)


@dataclass(frozen=True, slots=True)
class RolledBack:
    """A rollout was stopped at once: when, at which declared stage, and why."""

    at_us: int
    stage: str
    share_ppm: int
    reason: str

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Read the member `rolled_back` of a rollout."""
        stage = one_of(record, "stage", STAGES)
        share = integer(record, "share_ppm")
        return cls(instant(record, "at_us"), stage, share, text(record, "reason"))


@dataclass(frozen=True, slots=True)
class Rollout:
    """A service on its way from one version of a view to another; it reads both.

    `to_version` decides for `share_ppm` of a million entities, the other version for the rest; what
    does not decide is the shadow. `features` are what the service calls the features of
    `to_version`; those of `from_version` are among its own.
    """

    view: str
    from_version: int
    to_version: int
    stage: str
    share_ppm: int
    features: tuple[ServiceFeature, ...]
    rolled_back: RolledBack | None = None

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Read one element of a `rollouts` list; raise WrongValue when it is malformed."""
        share = integer(record, "share_ppm")
        if not 0 <= share <= WHOLE:
            raise WrongValue(f"'share_ppm' is {share}")
        rolled_back = record.get("rolled_back")
        return cls(
            view=text(record, "view"),
            from_version=integer(record, "from_version"),
            to_version=integer(record, "to_version"),
            stage=one_of(record, "stage", STAGES),
            share_ppm=share,
            features=tuple(map(ServiceFeature.from_record, elements(record, "features"))),
            rolled_back=None if rolled_back is None else RolledBack.from_record(rolled_back),
        )


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """What one model reads: features in stable order, and the keys they are read by."""

    service: str
    owner: str
    latency_budget_ms: float | None
    views: tuple[ViewRef, ...]
    features: tuple[ServiceFeature, ...]
    keys: tuple[KeyColumn, ...]
    rollouts: tuple[Rollout, ...] = ()

    def to_json(self) -> str:
        """Return the record as it stands in Redis."""
        return dump(asdict(self))

    @classmethod
    def from_json(cls, raw: bytes | str) -> Self:
        """Read the record; raise WrongValue when it is malformed."""
        record = load(raw)
        return cls(
            service=text(record, "service"),
            owner=text(record, "owner"),
            latency_budget_ms=record.get("latency_budget_ms"),
            views=tuple(map(ViewRef.from_record, elements(record, "views"))),
            features=tuple(map(ServiceFeature.from_record, elements(record, "features"))),
            keys=tuple(map(KeyColumn.from_record, elements(record, "keys"))),
            rollouts=tuple(map(Rollout.from_record, elements(record, "rollouts"))),
        )


@dataclass(frozen=True, slots=True)
class PushRecord:
    """One push that became readable: which run, in which generation, since when."""

    namespace: str
    project: str
    target: str
    view: str
    version: int
    fingerprint: str
    run_as_of_us: int
    generation: int
    readable_at_us: int
    mode: str
    rows: int
    tombstones: int

    def to_json(self) -> str:
        """Return the record as it stands in Redis."""
        return dump(asdict(self))

    @classmethod
    def from_json(cls, raw: bytes | str) -> Self:
        """Read the record; raise WrongValue when it is malformed."""
        record = load(raw)
        return cls(
            namespace=text(record, "namespace"),
            project=text(record, "project"),
            target=text(record, "target"),
            view=text(record, "view"),
            version=integer(record, "version"),
            fingerprint=text(record, "fingerprint"),
            run_as_of_us=instant(record, "run_as_of_us"),
            generation=integer(record, "generation"),
            readable_at_us=instant(record, "readable_at_us"),
            mode=one_of(record, "mode", MODES),
            rows=integer(record, "rows"),
            tombstones=integer(record, "tombstones"),
        )


def _day(value: object) -> str | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise WrongValue(f"{value!r} is not a day") from None


def _layouts(record: Mapping[str, Any]) -> dict[int, tuple[tuple[str, str], ...]]:
    try:
        return {
            int(layout): tuple((str(name), str(data_type)) for name, data_type in columns)
            for layout, columns in member(record, "layouts").items()
        }
    except (AttributeError, TypeError, ValueError):
        raise WrongValue("'layouts' is not a map of layout ids to columns") from None
