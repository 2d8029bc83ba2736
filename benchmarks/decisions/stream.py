"""What the stream of decisions holds."""

import json
import random
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from redis import Redis

NAMESPACE = "bench.dev"
TYPES = {
    "integer": lambda some: some.randrange(1000),
    "bigint": lambda some: some.randrange(2**40),
    "double": lambda some: some.random() * 1000,
    "decimal(18,2)": lambda some: f"{some.randrange(10**7) / 100:.2f}",
    "varchar": lambda some: some.choice(["Bern", "Paris", "Rome", "Graz"]),
    "boolean": lambda some: some.random() < 0.5,
    "timestamp": lambda some: f"2026-03-02T08:00:00.{some.randrange(10**6):06}",
    "smallint": lambda some: some.randrange(30),
    "float": lambda some: round(some.random(), 6),
    "date": lambda some: f"2026-0{some.randrange(1, 10)}-01",
}


def last_line(client: Redis, stream: str) -> bytes:
    """Return the bytes of the newest record."""
    newest: Any = client.xrevrange(stream, count=1)
    line: bytes = newest[0][1][b"record"]
    return line


def records(decisions: int) -> Iterator[bytes]:
    """Yield decisions of one day as the writer writes them; the same each time."""
    some = random.Random(0)
    for number in range(1, decisions + 1):
        second = number * 86_400 // (decisions + 1)
        at = f"2026-03-02T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
        record = {
            "format": 3,
            "writer": "0123456789ab",
            "number": number,
            "refused": 0,
            "decision_id": UUID(int=some.getrandbits(128)).hex,
            "model_version": "2026-02",
            "decided_at": f"{at}.{some.randrange(10**6):06}Z",
            "request": {"amount": some.randrange(10_000), "months": 24},
            "decision": {"approved": some.random() < 0.5, "score": some.random()},
            "outside": None,
            "service": "bench_model",
            "read_at": f"{at}.000000Z",
            "read_us": some.randrange(100, 400),
            "waited_for": None,
            "keys": {"customer_id": some.randrange(500_000)},
            "views": [_view(some, name, at) for name in ("activity", "spend", "devices")],
        }
        yield json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


def _view(some: random.Random, name: str, at: str) -> dict[str, Any]:
    names = [f"{name}_{kind.partition('(')[0]}" for kind in TYPES]
    return {
        "view": name,
        "version": 1,
        "fingerprint": f"{hash_of(name):032x}",
        "generation": 2,
        "role": "decides",
        "names": names,
        "features": names,
        "types": list(TYPES),
        "hashed": False,
        "as_of": f"{at[:-5]}00:00.000000Z",
        "age_us": some.randrange(10**9),
        "status": "ok",
        "cached": False,
        "values": [make(some) for make in TYPES.values()],
        "statuses": None,
        "defaults": [],
    }


def hash_of(name: str) -> int:
    """Return a number that is the name's in each process."""
    return int.from_bytes(name.encode()[:8])
