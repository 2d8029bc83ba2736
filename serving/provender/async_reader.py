"""The asyncio twin of the reader, over the same core."""

from collections.abc import Callable, Iterable
from datetime import datetime
from time import monotonic as _monotonic
from types import TracebackType
from typing import Self

from provender.asking import AsyncAsker
from provender.connection import DEFAULT_TIMEOUT, AsyncClient, connect_async
from provender.errors import StoreUnavailable
from provender.features import ServedBatch, ServedFeatures
from provender.instants import utc_now
from provender.keys import KeySpace, view_label
from provender.reading import Keys, Reading, Steps, T
from provender.records import ServiceRecord
from provender.row_cache import RowCache


class AsyncFeatureReader:
    """As FeatureReader, with methods to await; for any number of tasks of one loop.

    What tasks ask for at the same time goes to Redis together.
    """

    def __init__(
        self,
        client: AsyncClient,
        *,
        namespace: str,
        clock: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = _monotonic,
        cache: RowCache | None = None,
    ) -> None:
        """Keep the client, which close() closes, with its timeouts; nothing is read yet."""
        self._url: str | None = None
        asker = AsyncAsker(client)
        self._askers: dict[float | None, AsyncAsker] = {None: asker}
        self._reading = Reading(
            KeySpace(namespace), clock, monotonic, cache, is_versioned=not asker.is_cluster
        )

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        namespace: str,
        clock: Callable[[], datetime] = utc_now,
        timeout: float | None = None,
        cache: RowCache | None = None,
    ) -> Self:
        """Return a reader with clients of its own; `timeout` as its twin says."""
        client = connect_async(url, DEFAULT_TIMEOUT if timeout is None else timeout)
        reader = cls(client, namespace=namespace, clock=clock, cache=cache)
        reader._url, reader._reading.within_budget = url, timeout is None
        return reader

    async def get(self, service: str, /, **keys: object) -> ServedFeatures:
        """Return the features of `service` for these entity keys; raise as its twin does."""
        return await self._run(service, self._reading.service(service, keys))

    async def get_many(self, service: str, keys: Iterable[Keys], /) -> ServedBatch:
        """Return the features of `service` for each mapping of entity keys, in one round trip."""
        many = [dict(each) for each in keys]  # the caller's may change before they are logged
        return await self._run(service, self._reading.service_of_many(service, many))

    async def get_view(self, view: str, version: int, /, **keys: object) -> ServedFeatures:
        """Return all features of one view version, as a service `<view>@<version>` would."""
        label = view_label(view, version)
        return await self._run(label, self._reading.view(view, version, keys))

    async def service(self, name: str, /) -> ServiceRecord:
        """Return what a service reads; raise as its twin does."""
        return await self._run(name, self._reading.record(name))

    async def close(self) -> None:
        """Close the connections."""
        for asker in self._askers.values():
            await asker.close()

    async def __aenter__(self) -> Self:
        """Return the reader; leaving closes it."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self.close()

    async def _run(self, together: str, steps: Steps[T]) -> T:
        """Drive a read; rows that are asked for at once and `together` go in one MGET."""
        try:
            wanted = next(steps)
            while True:
                try:
                    answer = await self._asker(wanted.timeout).ask(wanted, together)
                except StoreUnavailable as error:
                    wanted = steps.throw(error)
                else:
                    wanted = steps.send(answer)
        except StopIteration as done:
            result: T = done.value
            return result

    def _asker(self, timeout: float | None) -> AsyncAsker:
        asker = self._askers.get(timeout)
        if asker is None:
            assert self._url is not None  # else no budget is looked at
            assert timeout is not None
            asker = self._askers[timeout] = AsyncAsker(connect_async(self._url, timeout))
        return asker
