"""Read features as a service does, and show how each came about."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from provender.connection import Client
from provender.data_types import Value, codec_for
from provender.errors import WrongKey, WrongValue
from provender.features import FeatureValue, ServedFeatures
from provender.instants import to_text, utc_now
from provender.keys import KeySpace
from provender.reader import FeatureReader
from provender.records import KeyColumn
from provender.registry import Registry, RegistryCache, read_registry
from provender.type_names import INTEGER_RANGES, normalise_type
from provender_ops.errors import BadInput

COLUMNS = ("feature", "value", "status", "age", "as_of", "view", "default")


def read(
    client: Client, namespace: str, name: str, pairs: Sequence[str], now: datetime | None
) -> ServedFeatures:
    """Return the features of a service, or of a view version written `<view>@<version>`.

    `pairs` are `key=value`, each value in the form of its declared type. Raise what
    FeatureReader.get() raises, and BadInput for a pair that is none.
    """
    space = KeySpace(namespace)
    registry = RegistryCache(space).keep(read_registry(client, space), asked_at=0)
    view = re.fullmatch(r"(.+)@(\d+)", name)
    declared = _keys(registry, name, view)
    keys = _parse(pairs, {key.name: key.type for key in declared})
    clock = utc_now if now is None else lambda: now
    reader = FeatureReader(client, namespace=namespace, clock=clock)
    return reader.get_view(view[1], int(view[2]), **keys) if view else reader.get(name, **keys)


def as_row(feature: FeatureValue) -> dict[str, Any]:
    """Return one line of the table."""
    return {
        "feature": feature.name,
        "value": _shown(feature.value),
        "status": feature.status.value,
        "age": feature.age,
        "as_of": None if feature.as_of is None else to_text(feature.as_of),
        "view": f"{feature.view}@{feature.version}",
        "default": "default" if feature.is_default else "",
    }


def as_json(served: ServedFeatures) -> dict[str, Any]:
    """Return everything that was served, each value as JSON holds its type."""
    return {
        "service": served.service,
        "keys": {name: _plain(value) for name, value in served.keys.items()},
        "read_at": to_text(served.read_at),
        "features": [
            {
                "name": feature.name,
                "value": codec_for(feature.data_type).encode(feature.value),
                "status": feature.status.value,
                "is_default": feature.is_default,
                "age_seconds": None if feature.age is None else feature.age.total_seconds(),
                "as_of": None if feature.as_of is None else to_text(feature.as_of),
                "view": feature.view,
                "version": feature.version,
                "fingerprint": feature.fingerprint,
                "generation": feature.generation,
                "data_type": feature.data_type,
            }
            for feature in served.values()
        ],
    }


def _keys(registry: Registry, name: str, view: re.Match[str] | None) -> tuple[KeyColumn, ...]:
    return registry.view(view[1], int(view[2])).keys if view else registry.service(name).keys


def _parse(pairs: Sequence[str], types: Mapping[str, str]) -> dict[str, object]:
    keys: dict[str, object] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            wanted = " ".join(f"{name}=…" for name in types)
            raise BadInput(f"{pair!r} is not key=value. Write {wanted}.")
        if name in keys:
            raise BadInput(f"Key {name!r} is given twice. Give it once.")
        # A name that is not declared is the reader's to refuse: it knows the nearest one.
        keys[name] = _value(name, types[name], text) if name in types else text
    return keys


def _value(name: str, data_type: str, text: str) -> Value:
    kind = normalise_type(data_type)
    try:
        if kind in INTEGER_RANGES:
            return int(text)
        if kind == "boolean":
            return {"true": True, "false": False}[text.lower()]
        if kind == "timestamp":
            return datetime.fromisoformat(text.removesuffix("Z"))
        return codec_for(kind).decode(text)
    except (ValueError, KeyError, WrongValue):
        raise WrongKey(f"Key {name!r} is a {kind}, and {text!r} is none. Correct it.") from None


def _shown(value: Value) -> str:
    words = {None: "null", True: "true", False: "false"}
    return words[value] if value is None or isinstance(value, bool) else str(value)


def _plain(value: Value) -> Any:
    return value if isinstance(value, bool | int | str) else str(value)
