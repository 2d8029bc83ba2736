"""What was served, as JSON: values by declared type, as the decision log has them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, time
from email.utils import format_datetime
from functools import lru_cache
from math import isfinite
from typing import Any

import orjson
from starlette.responses import Response

from provender.data_types import codec_for
from provender.deprecation import first_removal
from provender.features import FeatureValue, Row, ServedFeatures, Status
from provender.http.failures import JSON
from provender.instants import from_us, to_text
from provender.keys import view_label
from provender.records import ViewRef
from provender.served_record import json_keys

_STATUS = {status: status.value for status in Status}
_AS_IT_IS = frozenset({int, bool, str, type(None)})


def answer(served: ServedFeatures) -> dict[str, Any]:
    """Return the answer to a read; what is the same for all of a view is said once."""
    told = {
        "service": served.service,
        "read_at": to_text(served.read_at),
        "keys": json_keys(served),
        **_features(served),
    }
    return told if served.shadow is None else {**told, "shadow": _features(served.shadow)}


def _features(served: ServedFeatures) -> dict[str, Any]:
    views: dict[str, dict[str, Any]] = {}
    labels: dict[int, str] = {}
    features: dict[str, dict[str, Any]] = {}
    for feature in served.values():
        row = feature.row
        label = labels.get(id(row))
        if label is None:
            label = labels[id(row)] = view_label(row.record.view, row.record.version)
            views[label] = _view(row)
        features[feature.name] = {
            "value": _value(feature),
            "status": _STATUS[feature.status],
            "is_default": feature.is_default,
            "view": label,
        }
    for old, name in served.renamed.items():
        features[old] = {**features[name], "renamed_to": name}
    return {"features": features, "views": views}


def _value(feature: FeatureValue) -> Any:
    """Return the value as JSON; that it is of its type was seen when it was decoded."""
    value = feature.value
    kind = type(value)
    if kind in _AS_IT_IS or (kind is float and isfinite(value)):  # type: ignore[arg-type]
        return value
    return codec_for(feature.column.type).encode(value)


def _view(row: Row) -> dict[str, Any]:
    return {
        "as_of": None if row.as_of_us is None else _instant(row.as_of_us),
        "age_us": row.age_us,
        "fingerprint": row.record.fingerprint,
        "generation": row.record.generation,
    }


@lru_cache(maxsize=1024)  # most rows of a view are of its last run
def _instant(us: int) -> str:
    return to_text(from_us(us))


@lru_cache(maxsize=256)
def notices(views: tuple[ViewRef, ...]) -> dict[str, str]:
    """Return the headers that tell of the first removal among these views (RFC 9745, RFC 8594)."""
    days = first_removal(views)
    if days is None:
        return {}
    since, until = (datetime.combine(day, time(), UTC) for day in days)
    return {
        "Deprecation": f"@{since.timestamp():.0f}",
        "Sunset": format_datetime(until, usegmt=True),
    }


def response(
    body: dict[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a JSON response; integers of any size come out exactly."""
    try:
        raw = orjson.dumps(body)
    except TypeError:  # more than 64 bits, which orjson refuses: a hugeint, or a key that is one
        raw = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    return Response(raw, status, headers, media_type=JSON)
