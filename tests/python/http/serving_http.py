"""An HTTP server over a small online store: in the test's process, or in one of its own."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
from online_store import NAMESPACE

from provender.http.api_keys import ApiKeys, Caller
from provender.http.app import build_app
from provender.http.settings import Settings

PATIENCE = 20.0
KEY, OTHER_KEY = "pv_test", "pv_other"
SECRET = "s" * 32
AUTHORIZATION = {"authorization": f"Bearer {KEY}"}
READ, READ_MANY = "/v1/services/credit_risk/read", "/v1/services/credit_risk/read-many"
API_KEYS = ApiKeys(
    {
        sha256(KEY.encode()).digest(): Caller("credit", frozenset({"credit_risk"})),
        sha256(OTHER_KEY.encode()).digest(): Caller("other", frozenset({"pricing"})),
    }
)
ONE_KEY = ApiKeys({sha256(KEY.encode()).digest(): Caller("credit", frozenset({"credit_risk"}))})


def settings(url: str, **changes: Any) -> Settings:
    """What most tests run with: one key, receipts, and patience, whatever else the machine does."""
    base = Settings(url, NAMESPACE, ONE_KEY, None, SECRET.encode(), timedelta(hours=1), PATIENCE)
    return replace(base, **changes)


@asynccontextmanager
async def asking(settings: Settings, key: str | None = KEY) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application in this process."""
    app = build_app(settings)
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=transport, base_url="http://provender", headers=headers
        ) as client,
    ):
        yield client


def key_file(folder: Path) -> Path:
    """Write the file that the server's process reads."""
    path = folder / "keys.toml"
    path.write_text(
        f'[credit]\nsha256 = "{sha256(KEY.encode()).hexdigest()}"\nservices = ["credit_risk"]\n'
    )
    return path


def environment(url: str, keys: Path, **more: str) -> dict[str, str]:
    """The server's environment: ours, and its settings."""
    return {
        **os.environ,
        "PROVENDER_REDIS_URL": url,
        "PROVENDER_NAMESPACE": NAMESPACE,
        "PROVENDER_API_KEYS": str(keys),
        "PROVENDER_RECEIPT_SECRET": SECRET,
        "PROVENDER_REDIS_TIMEOUT": f"{PATIENCE:.0f}s",
        **more,
    }


@contextmanager
def serving(environment: Mapping[str, str], workers: int = 1) -> Iterator[httpx.Client]:
    """A client of a uvicorn of its own; ended with its workers."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "--factory", "provender.http:create_app"]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--workers", str(workers)],
        env=environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    try:
        _wait_for(process, workers)
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers=AUTHORIZATION,
            timeout=30,
            transport=httpx.HTTPTransport(retries=8),  # it listens a moment after it says so
        ) as client:
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


def _wait_for(process: "subprocess.Popen[str]", workers: int) -> None:
    """Read what uvicorn says until each worker is there."""
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if sum("startup complete" in each for each in said) == workers:
            return
    raise AssertionError("uvicorn ended:\n" + "".join(said))
