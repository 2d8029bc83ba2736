"""What was served, as JSON: values by declared type, as the decision log has them."""

import json
from typing import Any

import orjson
from starlette.responses import Response

from provender.data_types import codec_for
from provender.decision_log import json_keys
from provender.features import Row, ServedFeatures
from provender.http.failures import JSON
from provender.instants import from_us, to_text
from provender.keys import view_label


def answer(served: ServedFeatures) -> dict[str, Any]:
    """Return the answer to a read; what is the same for all of a view is said once."""
    views: dict[str, dict[str, Any]] = {}
    labels: dict[int, str] = {}
    features = {}
    for feature in served.values():
        row = feature.row
        label = labels.get(id(row))
        if label is None:
            label = labels[id(row)] = view_label(row.record.view, row.record.version)
            views[label] = _view(row)
        features[feature.name] = {
            "value": codec_for(feature.column.type).encode(feature.value),
            "status": feature.status,
            "is_default": feature.is_default,
            "view": label,
        }
    return {
        "service": served.service,
        "read_at": to_text(served.read_at),
        "keys": json_keys(served),
        "features": features,
        "views": views,
    }


def _view(row: Row) -> dict[str, Any]:
    return {
        "as_of": None if row.as_of_us is None else to_text(from_us(row.as_of_us)),
        "age_us": row.age_us,
        "fingerprint": row.record.fingerprint,
        "generation": row.record.generation,
    }


def response(body: dict[str, Any], status: int = 200) -> Response:
    """Return a JSON response; integers of any size come out exactly."""
    try:
        raw = orjson.dumps(body)
    except TypeError:  # more than 64 bits, which orjson refuses: a hugeint, or a key that is one
        raw = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    return Response(raw, status, media_type=JSON)
