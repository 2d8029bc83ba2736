"""What stands in the registry and in the push stream, to JSON and back.

A record without a ttl is refused rather than read as "never expires".
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
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

FORMAT = 2
POLICIES = ("default", "fail")
MODES = ("incremental", "full")
NULL_RULES = ("null", "default")


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
    """A view version by name."""

    view: str
    version: int

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Read one element of a `views` list."""
        return cls(text(record, "view"), integer(record, "version"))


@dataclass(frozen=True, slots=True)
class ServiceFeature:
    """A feature under the name the service knows it by."""

    name: str
    view: str
    version: int
    feature: str

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Read one element of a `features` list."""
        view = ViewRef.from_record(record)
        return cls(text(record, "name"), view.view, view.version, text(record, "feature"))


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """What one model reads: features in stable order, and the keys they are read by."""

    service: str
    owner: str
    latency_budget_ms: float | None
    views: tuple[ViewRef, ...]
    features: tuple[ServiceFeature, ...]
    keys: tuple[KeyColumn, ...]

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


def _layouts(record: Mapping[str, Any]) -> dict[int, tuple[tuple[str, str], ...]]:
    try:
        return {
            int(layout): tuple((str(name), str(data_type)) for name, data_type in columns)
            for layout, columns in member(record, "layouts").items()
        }
    except (AttributeError, TypeError, ValueError):
        raise WrongValue("'layouts' is not a map of layout ids to columns") from None
