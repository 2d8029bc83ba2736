"""What the server knows of the registry, for keys in JSON and for readiness.

JSON has no dates: a key that is one travels as text, and only the registry tells which those are.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from time import monotonic
from typing import cast

from provender.connection import AsyncClient, asking
from provender.data_types import Codec, codec_for
from provender.errors import ProvenderError, WrongKey, WrongValue
from provender.keys import KeySpace
from provender.records import ServiceRecord
from provender.registry import MAX_AGE, Registry, RegistryCache, registry_of, service_field

_TEXTUAL = {"date": "2026-03-02", "timestamp": "2026-03-02T08:00:00.000000"}


class Directory:
    """The registry as it was last read; reads never wait for it, except for the first."""

    def __init__(self, client: AsyncClient, namespace: str) -> None:
        """Keep the client, which is not ours to close; nothing is read yet."""
        self._client, self._keys = client, KeySpace(namespace)
        self._cache = RegistryCache(self._keys)
        self._looking: asyncio.Task[None] | None = None
        self._looked_at: float | None = None
        self._textual: dict[str, tuple[ServiceRecord, Mapping[str, Codec]]] = {}

    async def read(self) -> Registry:
        """Return the registry as it is now; raise StoreUnavailable, UnknownNamespace and such."""
        asked_at = monotonic()
        with asking("read the registry"):
            raw = await cast(
                "Awaitable[dict[bytes, bytes]]", self._client.hgetall(self._keys.registry)
            )
        return self._cache.keep(registry_of(self._keys, raw), asked_at)

    def knows(self, service: str) -> bool:
        """Return whether the service was online when the registry was last read."""
        last = self._cache.last
        return last is not None and service_field(service) in last.raw

    async def look(self) -> None:
        """Look, at most once a second; with Redis away nothing changes, and the reader tells it."""
        if self._cache.fresh is not None:
            return
        if self._looking is None and not self._looked_just_now():
            self._looked_at = monotonic()
            self._looking = asyncio.create_task(self._look())
        if self._looking is not None and self._cache.last is None:
            await asyncio.shield(self._looking)

    def close(self) -> None:
        """Leave off looking."""
        if self._looking is not None:
            self._looking.cancel()

    def python_keys(self, service: str, keys: Mapping[str, object]) -> dict[str, object]:
        """Return keys from JSON with dates and times in the place of their text; raise WrongKey."""
        python = dict(keys)
        for name, codec in self._textual_keys(service).items():
            if isinstance(python.get(name), str):
                python[name] = _decoded(name, codec, python[name])
        return python

    def _looked_just_now(self) -> bool:
        return self._looked_at is not None and monotonic() - self._looked_at < MAX_AGE

    async def _look(self) -> None:
        try:
            await self.read()
        except ProvenderError:
            pass
        finally:
            self._looking = None

    def _textual_keys(self, service: str) -> Mapping[str, Codec]:
        last = self._cache.last
        if last is None or not self.knows(service):
            return {}
        try:
            record = last.service(service)
            made_from, codecs = self._textual.get(service, (None, {}))
            if made_from is not record:
                codecs = _textual_codecs(record)
                self._textual[service] = record, codecs
        except WrongValue:
            return {}  # a damaged record: the reader says so
        return codecs


def _textual_codecs(record: ServiceRecord) -> dict[str, Codec]:
    codecs = {key.name: codec_for(key.type) for key in record.keys}
    return {name: codec for name, codec in codecs.items() if codec.name in _TEXTUAL}


def _decoded(name: str, codec: Codec, text: object) -> object:
    try:
        return codec.decode(text)
    except WrongValue:
        raise WrongKey(
            f'Key {name!r}: the text is no {codec.name}. Write it as "{_TEXTUAL[codec.name]}".'
        ) from None
