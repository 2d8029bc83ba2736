"""How many reads a second one HTTP worker serves: `python -m benchmarks.online.http`.

The worker has a core of its own; Redis and the load share another, so that neither is in its way.
The load is a process of its own on raw sockets with requests made before, and looks at each answer.
"""

import asyncio
import json
import os
import random
import re
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import uvloop
from redis import Redis

from provender.http.api_keys import entry
from provender.instants import to_us
from provender.keys import EntityKey, KeySpace
from provender.records import (
    FeatureColumn,
    KeyColumn,
    OwnerRecord,
    ServiceFeature,
    ServiceRecord,
    ViewRecord,
    ViewRef,
)
from provender.registry import OWNER_FIELD, VERSION_FIELD, service_field, view_field
from provender.type_names import parse_type
from provender_ops.embedded_redis import EmbeddedRedis
from provender_ops.row_encoding import RowEncoder, arrow_type

NAMESPACE, SERVICE, FEATURES = "bench.http", "credit_risk", 30
VIEWS = ("customer_activity", "customer_spend", "customer_credit")
TYPES = {
    "score": "integer",
    "open_loans": "integer",
    "late_payments": "bigint",
    "balance": "decimal(18,2)",
    "credit_limit": "decimal(18,2)",
    "utilisation": "double",
    "mean_payment": "double",
    "segment": "varchar",
    "is_salaried": "boolean",
    "last_login_at": "timestamp",
}
DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Load:
    """What the load saw: seconds by its clock, and milliseconds an answer took."""

    requests: int
    errors: int
    seconds: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True)
class HttpFigures:
    """What was measured; `cpu_us` is the worker's processor time for one read."""

    load: Load
    connections: int
    cpu_us: float

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.load.requests / self.load.seconds

    @property
    def per_cpu_second(self) -> float:
        """Answers in a second of processor time: what a core of the worker's own would give."""
        return 1e6 / self.cpu_us


def measure_http(*, seconds: float = 10.0, connections: int = 48, keys: int = 5_000) -> HttpFigures:
    """Serve single-key reads of 30 features over 3 views from one worker on one core."""
    worker_core, other_core = _two_cores()
    with tempfile.TemporaryDirectory(prefix="pv-") as name, _redis(Path(name)) as url:
        _fill(url, keys)
        key = secrets.token_urlsafe(32)
        (Path(name) / "keys.toml").write_text(entry("bench", [SERVICE], key))
        with _worker(url, Path(name) / "keys.toml", worker_core) as (pid, port):
            _load(other_core, port, key, connections, keys, min(seconds, 2.0))  # warm
            before = _cpu(pid)
            load = _load(other_core, port, key, connections, keys, seconds)
            return HttpFigures(load, connections, (_cpu(pid) - before) / load.requests * 1e6)


def _two_cores() -> tuple[int, int]:
    cores = sorted(os.sched_getaffinity(0))
    return cores[0], cores[-1]


@contextmanager
def _redis(folder: Path) -> Iterator[str]:
    server = EmbeddedRedis(folder)
    server.start()
    try:
        assert server.pid is not None
        os.sched_setaffinity(server.pid, {_two_cores()[1]})
        yield server.url
    finally:
        server.stop()


def _fill(url: str, keys: int) -> None:
    """Write the views, the service over them, and a row for each key and view."""
    now_us = to_us(datetime.now(UTC))
    views = [_view(name, now_us) for name in VIEWS]
    space = KeySpace(NAMESPACE)
    fields = {OWNER_FIELD: OwnerRecord("bench", "http").to_json()}
    fields |= {view_field(view.view, view.version): view.to_json() for view in views}
    fields[service_field(SERVICE)] = _service(views).to_json()
    with Redis.from_url(url) as client, client.pipeline(transaction=False) as pipeline:
        pipeline.hset(space.registry, mapping={**fields, VERSION_FIELD: "1"})
        pipeline.set(space.version, "1")
        for view in views:
            pipeline.mset(_rows(space, view, keys, now_us))
        pipeline.execute()


def _view(name: str, now_us: int) -> ViewRecord:
    columns = tuple(FeatureColumn(f"{name}_{each}", kind) for each, kind in TYPES.items())
    return ViewRecord(
        view=name,
        version=1,
        entity="customer",
        keys=(KeyColumn("customer_id", "bigint"),),
        features=columns,
        layout=1,
        layouts={1: tuple((column.name, column.type) for column in columns)},
        ttl_us=30 * DAY_US,
        sla_us=DAY_US,
        otherwise="default",
        classification="internal",
        owner="risk",
        fingerprint=f"{name:f<16}"[:16],
        run_as_of_us=now_us,
        generation=1,
        readable_at_us=now_us,
    )


def _service(views: Sequence[ViewRecord]) -> ServiceRecord:
    return ServiceRecord(
        service=SERVICE,
        owner="risk",
        latency_budget_ms=None,
        views=tuple(ViewRef(view.view, view.version) for view in views),
        features=tuple(
            ServiceFeature(column.name, view.view, view.version, column.name)
            for view in views
            for column in view.features
        ),
        keys=views[0].keys,
    )


def _rows(space: KeySpace, view: ViewRecord, keys: int, now_us: int) -> dict[str, bytes]:
    columns = view.layouts[1]
    draw = random.Random(view.view)
    values = [_values(draw) for _ in range(keys)]
    arrays = [
        pa.array(column, arrow_type(parse_type(kind)))
        for (_, kind), column in zip(columns, zip(*values, strict=True), strict=True)
    ]
    batch = pa.RecordBatch.from_arrays(arrays, [name for name, _ in columns])
    encoder, entity = RowEncoder(view.view, 1, columns), EntityKey([("customer_id", "bigint")])
    names = [entity.encode({"customer_id": number}) for number in range(keys)]
    rows = encoder.encode(batch, np.full(keys, now_us), pa.array(names)).to_pylist()
    return {space.row(view.view, 1, 1, name): row for name, row in zip(names, rows, strict=True)}


def _values(draw: random.Random) -> tuple[object, ...]:
    return (
        *(draw.randrange(1000), draw.randrange(9), draw.randrange(2**40)),
        *(Decimal(draw.randrange(10**7)).scaleb(-2), Decimal(draw.randrange(10**7)).scaleb(-2)),
        *(draw.random(), draw.random() * 1000, draw.choice(("retail", "business", "private"))),
        *(draw.random() < 0.5, datetime(2026, 3, 1, draw.randrange(24), draw.randrange(60))),
    )


@contextmanager
def _worker(url: str, keys: Path, core: int) -> Iterator[tuple[int, int]]:
    command = [*(sys.executable, "-m", "uvicorn", "--factory", "provender.http:create_app")]
    process = subprocess.Popen(
        [*command, "--port", "0", "--no-access-log"],
        env={
            **os.environ,
            "PROVENDER_REDIS_URL": url,
            "PROVENDER_NAMESPACE": NAMESPACE,
            "PROVENDER_API_KEYS": str(keys),
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        os.sched_setaffinity(process.pid, {core})
        yield process.pid, _port(process)
    finally:
        process.terminate()
        process.communicate()


def _port(process: "subprocess.Popen[str]") -> int:
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if found := re.search(r"running on http://127\.0\.0\.1:([0-9]+)", line):
            return int(found[1])
    raise SystemExit("uvicorn does not start:\n" + "".join(said))


def _cpu(pid: int) -> float:
    """Return the seconds of processor time that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system = fields[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _load(core: int, *told: object) -> Load:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.online.http", "load"],
        input=json.dumps([core, *told]),
        capture_output=True,
        text=True,
        check=True,
    )
    return Load(**json.loads(ran.stdout))


async def _drive(port: int, key: str, connections: int, keys: int, seconds: float) -> Load:
    requests = [_request(key, number) for number in range(keys)]
    took: list[float] = []
    errors = [0]
    started = time.perf_counter()
    until = started + seconds
    await asyncio.gather(
        *(_connection(port, requests, number, until, took, errors) for number in range(connections))
    )
    spent = time.perf_counter() - started
    cuts = statistics.quantiles(took, n=100)
    return Load(len(took), errors[0], spent, cuts[49] * 1e3, cuts[98] * 1e3)


def _request(key: str, number: int) -> bytes:
    body = json.dumps({"keys": {"customer_id": number}})
    return (
        f"POST /v1/services/{SERVICE}/read HTTP/1.1\r\nhost: bench\r\n"
        f"authorization: Bearer {key}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n{body}"
    ).encode()


async def _connection(  # noqa: PLR0913, PLR0917 - one loop, kept lean
    port: int,
    requests: Sequence[bytes],
    number: int,
    until: float,
    took: list[float],
    errors: list[int],
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    draw = random.Random(number)
    while (asked_at := time.perf_counter()) < until:
        customer = draw.randrange(len(requests))
        writer.write(requests[customer])
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"content-length: ([0-9]+)", head)[1])  # type: ignore[index]
        body = await reader.readexactly(length)
        took.append(time.perf_counter() - asked_at)
        errors[0] += not _is_right(head, body, customer)
    writer.close()


def _is_right(head: bytes, body: bytes, customer: int) -> bool:
    """Status, key, and thirty values that are there; parsing each answer would starve the load."""
    return (
        head.startswith(b"HTTP/1.1 200")
        and b'"keys":{"customer_id":%d}' % customer in body
        and body.count(b'"status":"ok"') == FEATURES
    )


def main(arguments: Sequence[str]) -> None:
    """Print the figures; `load` is the load's own process."""
    if arguments == ["load"]:
        core, *rest = json.load(sys.stdin)
        os.sched_setaffinity(0, {core})
        print(json.dumps(asdict(uvloop.run(_drive(*rest)))))
        return
    print(_told(measure_http()))


def _told(figures: HttpFigures) -> str:
    load = figures.load
    return (
        f"{figures.per_second:,.0f} reads of {FEATURES} features a second from one worker"
        f" ({figures.connections} connections, {load.requests:,} reads, {load.errors} errors);"
        f" p50 {load.p50_ms:.1f} ms, p99 {load.p99_ms:.1f} ms;"
        f" {figures.cpu_us:.0f} µs of processor time each, which is"
        f" {figures.per_cpu_second:,.0f} a second of a core"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
