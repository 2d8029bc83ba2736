"""A published definition as the online store needs it: exact types, default values, policies."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, DecimalException
from typing import Any, cast

from provender.data_types import Value, codec_for
from provender.errors import UnservableValue, WrongKey, WrongValue
from provender.records import POLICIES, FeatureColumn, KeyColumn, ViewRecord
from provender.type_names import normalise_type
from provender_ops.catalog import Definition, Run
from provender_ops.errors import Refused
from provender_ops.lua import READABLE_AT
from provender_ops.row_keys import RowKeys

Layout = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Declared:
    """Columns and policies of one view version, checked."""

    keys: tuple[KeyColumn, ...]
    features: tuple[FeatureColumn, ...]
    row_keys: RowKeys
    ttl_us: int
    sla_us: int
    otherwise: str
    log_values: bool  # else decisions are logged with keyed hashes of them

    @property
    def layout(self) -> Layout:
        """The columns of a row's payload, in order."""
        return tuple((feature.name, feature.type) for feature in self.features)


def declared(definition: Definition, log_values: bool) -> Declared:
    """Return what a definition declares; raise UnservableValue or Refused, naming the view."""
    view, policies = definition.view, definition.policies
    otherwise = policies.get("otherwise")
    if otherwise not in POLICIES:
        raise Refused(f"View {view!r} declares `otherwise: {otherwise}`. Run `dbt build`.")
    try:
        keys = tuple(KeyColumn(key.name, normalise_type(key.type)) for key in definition.keys)
        row_keys = RowKeys(view, keys)
    except (WrongKey, WrongValue) as error:
        raise UnservableValue(f"View {view!r}: {error}") from None
    return Declared(
        keys=keys,
        features=tuple(_feature(view, feature) for feature in definition.features),
        row_keys=row_keys,
        ttl_us=_microseconds(view, policies, "ttl_seconds"),
        sla_us=_microseconds(view, policies, "freshness_sla_seconds"),
        otherwise=str(otherwise),
        log_values=log_values,
    )


def view_record(
    declared_view: Declared, definition: Definition, run: Run, generation: int, layout: int
) -> ViewRecord:
    """Return the record of a push; the script that writes it fills in when it became readable."""
    return ViewRecord(
        view=definition.view,
        version=definition.version,
        entity=definition.entity,
        keys=declared_view.keys,
        features=declared_view.features,
        layout=layout,
        layouts={layout: declared_view.layout},
        ttl_us=declared_view.ttl_us,
        sla_us=declared_view.sla_us,
        otherwise=declared_view.otherwise,
        classification=str(definition.policies.get("classification", "")),
        log_values=declared_view.log_values,
        owner=definition.owner,
        fingerprint=run.fingerprint,
        run_as_of_us=run.as_of_us,
        generation=generation,
        readable_at_us=READABLE_AT,
    )


def _feature(view: str, feature: Mapping[str, Any]) -> FeatureColumn:
    name = str(feature["name"])
    try:
        data_type = normalise_type(str(feature["type"]))
    except WrongValue as error:
        raise UnservableValue(f"View {view!r}, column {name!r}: {error}") from None
    try:
        default = _default(data_type, feature.get("default"))
    except (ValueError, TypeError, DecimalException):
        raise UnservableValue(
            f"View {view!r}, column {name!r}: the default {feature.get('default')!r} is no valid"
            f" {data_type}. Correct it in the view's YAML and run `dbt build`."
        ) from None
    return FeatureColumn(name, data_type, default, str(feature.get("null_is") or "null"))


def _default(data_type: str, declared_default: object) -> Value:
    """Return a default as YAML writes it as a value of its type; raise WrongValue, ValueError."""
    codec = codec_for(data_type)
    value = declared_default
    if data_type.startswith("decimal") and isinstance(value, int | float | str):
        value = Decimal(str(value)) if not isinstance(value, bool) else value
    elif data_type == "timestamp" and isinstance(value, str):
        value = datetime.fromisoformat(value.removesuffix("Z"))
    elif data_type == "date" and isinstance(value, str):
        value = date.fromisoformat(value)
    elif isinstance(value, str):
        return codec.decode(value)  # text, and the NaN and infinities of JSON
    return codec.decode(codec.encode(cast("Value", value)))


def _microseconds(view: str, policies: Mapping[str, Any], name: str) -> int:
    seconds = policies.get(name)
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds <= 0:
        raise Refused(
            f"View {view!r} has no valid {name} ({seconds!r}), and no value is served for ever."
            " Declare its durations and run `dbt build`."
        )
    return round(seconds * 1_000_000)
