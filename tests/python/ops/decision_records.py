"""Decision records of format 3, written as our writer writes them, without a writer."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import redis

from provender.instants import to_text
from provender.keys import KeySpace

Record = dict[str, Any]
KEYS = KeySpace("lender.dev")
WRITER = "0123456789ab"


def a_view(name: str = "customer_activity", **changes: Any) -> Record:
    view = {
        "view": name,
        "version": 1,
        "fingerprint": "f00d",
        "generation": 2,
        "role": "decides",
        "names": ["payments", "city", "share"],
        "features": ["payments", "city", "share"],
        "types": ["integer", "varchar", "double"],
        "hashed": False,
        "as_of": "2026-03-02T07:58:00.000000Z",
        "age_us": 120_000_000,
        "status": "ok",
        "cached": False,
        "values": [3, "Bern", 0.25],
        "statuses": None,
        "defaults": [],
    }
    assert view.keys() >= changes.keys()
    return {**view, **changes}


def a_record(number: int = 1, at: datetime | None = None, **changes: Any) -> Record:
    """A decision in the order of members in which it is written."""
    decided_at = to_text(at or datetime(2026, 3, 2, 8, number // 60 % 60, number % 60))
    record = {
        "format": 3,
        "writer": WRITER,
        "number": number,
        "refused": 0,
        "decision_id": f"d{number}",
        "model_version": "m1",
        "decided_at": decided_at,
        "request": {"amount": "10.50"},
        "decision": {"outcome": "declined"},
        "outside": None,
        "service": "credit_risk",
        "read_at": decided_at,
        "read_us": 139,
        "waited_for": None,
        "keys": {"customer_id": number},
        "views": [a_view(), a_view("customer_spend", version=2)],
    }
    assert record.keys() >= changes.keys()
    return {**record, **changes}


def line(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def log(client: redis.Redis, records: Iterable[Mapping[str, Any] | bytes]) -> list[bytes]:
    """Put records into the stream; return the ids of the entries."""
    with client.pipeline(transaction=False) as pipeline:
        for each in records:
            raw = each if isinstance(each, bytes) else line(each)
            pipeline.xadd(KEYS.decisions, {"record": raw})
        return pipeline.execute()


def log_some(client: redis.Redis, numbers: Iterable[int], **changes: Any) -> list[bytes]:
    return log(client, [a_record(number, **changes) for number in numbers])
