"""Whether this server can serve, asked of Redis and not of its own memory."""

import asyncio
import logging
from collections.abc import Awaitable, Collection
from time import monotonic
from typing import Any, cast

from provender.connection import AsyncClient, asking
from provender.errors import ProvenderError
from provender.keys import KeySpace
from provender.registry import Registry, RegistryCache, registry_of

_logger = logging.getLogger("provender.http")
MAX_SECONDS = 0.75
KEPT = 0.25  # seconds; who asks more often is told the same, so that nobody can wear Redis out


class Readiness:
    """Asks Redis as a read does: the registry, then a row of each view that bound services read."""

    def __init__(
        self,
        client: AsyncClient,
        namespace: str,
        services: Collection[str],
    ) -> None:
        """Keep what to ask, and about which services; the client is not ours to close."""
        self._client, self._keys = client, KeySpace(namespace)
        self._registry = RegistryCache(self._keys)
        self._services = sorted(services)
        self._lock = asyncio.Lock()
        self._told: tuple[float, str | None] | None = None

    async def problem(self) -> str | None:
        """Return why the server is not ready, in a sentence; None when it is."""
        async with self._lock:
            if self._told is None or monotonic() - self._told[0] > KEPT:
                problem = await self._ask_in_time()
                self._log(problem)
                self._told = monotonic(), problem
            return self._told[1]

    def _log(self, problem: str | None) -> None:
        """Log a change, once: whoever is called at night reads the log."""
        before = self._told[1] if self._told else None
        if problem and not before:
            _logger.warning("Not ready. %s", problem)
        elif before and not problem:
            _logger.warning("Ready again.")

    async def _ask_in_time(self) -> str | None:
        try:
            async with asyncio.timeout(MAX_SECONDS):
                await self._ask()
        except TimeoutError:
            return f"Redis did not answer within {MAX_SECONDS:g} s. Check its load and the network."
        except ProvenderError as error:
            return str(error)
        return None

    async def _ask(self) -> None:
        with asking("read the registry"):
            raw = await cast("Awaitable[Any]", self._client.hgetall(self._keys.registry))
        registry = self._registry.keep(registry_of(self._keys, raw), monotonic())
        rows = self._rows(registry)
        with asking("read feature rows"):
            # One by one: in a Cluster they are on several nodes.
            for row in rows:
                await self._client.mget([row])

    def _rows(self, registry: Registry) -> list[str]:
        """Return a key of each view that is to be readable; raise UnknownService, UnknownView."""
        records = {
            registry.view(feature.view, feature.version)
            for service in self._services
            for feature in registry.service(service).features
        }
        # No entity has the empty key: it asks for permission, not for a row.
        return [
            self._keys.row(record.view, record.version, record.generation, "") for record in records
        ]
