"""The columns of landed decisions: one row per entry of the stream."""

import pyarrow as pa

from provender.records import DECISION_FORMAT

FORMAT = DECISION_FORMAT
SCALARS = {
    "writer": "VARCHAR",
    "number": "BIGINT",
    "refused": "BIGINT",
    "decision_id": "VARCHAR",
    "model_version": "VARCHAR",
    "decided_at": "VARCHAR",
    "service": "VARCHAR",
    "read_at": "VARCHAR",
    "read_us": "BIGINT",
    "waited_for": "VARCHAR",
}
"""What a record says beside its objects, with the type it is read as."""
TEXTS = ("keys", "request", "decision", "outside")
"""What stays the JSON text that was written; those of OPTIONAL may be null."""
OPTIONAL = ("request", "outside")

_TIME = pa.timestamp("us")
_NAMES = pa.list_(pa.string())
VIEW = pa.struct(
    [
        ("view", pa.string()),
        ("version", pa.int32()),
        ("fingerprint", pa.string()),
        ("generation", pa.int64()),
        ("as_of", _TIME),
        ("age_us", pa.int64()),
        ("status", pa.string()),
        ("cached", pa.bool_()),
        ("role", pa.string()),
        ("names", _NAMES),
        ("features", _NAMES),
        ("types", _NAMES),
        ("values", _NAMES),
        ("statuses", _NAMES),
        ("is_default", pa.list_(pa.bool_())),
        ("hashed", pa.bool_()),
    ]
)
DECISION_LOG = pa.schema(
    [
        ("stream_id", pa.string()),
        ("decision_id", pa.string()),
        ("namespace", pa.string()),
        ("writer", pa.string()),
        ("number", pa.int64()),
        ("refused", pa.int64()),
        ("service", pa.string()),
        ("model_version", pa.string()),
        ("decided_at", _TIME),
        ("read_at", _TIME),
        ("read_us", pa.int64()),
        *[(name, pa.string()) for name in ("waited_for", *TEXTS)],
        ("views", pa.list_(VIEW)),
        ("landed_at", _TIME),
        ("mac", pa.string()),
    ]
)
