"""The asyncio twin of the reader, over the same core."""

from collections.abc import Callable, Iterable
from datetime import datetime
from time import monotonic as _monotonic
from types import TracebackType
from typing import Self

from provender.connection import DEFAULT_TIMEOUT, AsyncClient, ask_async, checked, connect_async
from provender.errors import StoreUnavailable
from provender.features import ServedBatch, ServedFeatures
from provender.instants import utc_now
from provender.keys import KeySpace
from provender.reading import Keys, Reading, Steps


class AsyncFeatureReader:
    """As FeatureReader, with methods to await; for any number of tasks of one loop."""

    def __init__(
        self,
        client: AsyncClient,
        *,
        namespace: str,
        clock: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = _monotonic,
    ) -> None:
        """Keep the client, which close() closes; nothing is read yet."""
        self._client = checked(client)
        self._reading = Reading(KeySpace(namespace), clock, monotonic)

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        namespace: str,
        clock: Callable[[], datetime] = utc_now,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> Self:
        """Return a reader with a client of its own; `timeout` in seconds, see connection.py."""
        return cls(connect_async(url, timeout), namespace=namespace, clock=clock)

    async def get(self, service: str, /, **keys: object) -> ServedFeatures:
        """Return the features of `service` for these entity keys; raise as its twin does."""
        return (await self._run(self._reading.service(service, [keys])))[0]

    async def get_many(self, service: str, keys: Iterable[Keys], /) -> ServedBatch:
        """Return the features of `service` for each mapping of entity keys, in one round trip."""
        many = [dict(each) for each in keys]  # the caller's may change before they are logged
        return ServedBatch(await self._run(self._reading.service(service, many)) if many else [])

    async def get_view(self, view: str, version: int, /, **keys: object) -> ServedFeatures:
        """Return all features of one view version, as a service `<view>@<version>` would."""
        return (await self._run(self._reading.view(view, version, [keys])))[0]

    async def close(self) -> None:
        """Close the client's connections."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        """Return the reader; leaving closes it."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the client's connections."""
        await self.close()

    async def _run(self, steps: Steps[list[ServedFeatures]]) -> list[ServedFeatures]:
        try:
            wanted = next(steps)
            while True:
                try:
                    answer = await ask_async(self._client, wanted.command, wanted.keys)
                except StoreUnavailable as error:
                    wanted = steps.throw(error)
                else:
                    wanted = steps.send(answer)
        except StopIteration as done:
            served: list[ServedFeatures] = done.value
            return served
