"""Features for a service, read from Redis in one round trip."""

from collections.abc import Callable, Iterable
from datetime import datetime
from time import monotonic as _monotonic
from types import TracebackType
from typing import Self

from provender.asking import Asker
from provender.connection import DEFAULT_TIMEOUT, Client, connect
from provender.errors import StoreUnavailable
from provender.features import ServedBatch, ServedFeatures
from provender.instants import utc_now
from provender.keys import KeySpace
from provender.reading import Keys, Reading, Steps, T
from provender.records import ServiceRecord
from provender.row_cache import RowCache


class FeatureReader:
    """Reads what `push-online` wrote; needs a Redis client and a namespace, nothing else.

    The registry is kept while its version, read with each row, stands (in a Cluster, for a second),
    and survives an outage: once it was read, a lost Redis means rows from the cache, if there is
    one, else `unavailable` features under each view's policy, and not an error. One that does not
    answer in time is left alone for a moment, so that not every call waits. One reader serves any
    number of threads.
    """

    def __init__(
        self,
        client: Client,
        *,
        namespace: str,
        clock: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = _monotonic,
        cache: RowCache | None = None,
    ) -> None:
        """Keep the client, which close() closes, with its timeouts; nothing is read yet.

        `clock` tells the time that ages are measured at; `monotonic` (seconds) ages the registry
        and the cache.
        """
        self._url: str | None = None
        asker = Asker(client)
        self._askers: dict[float | None, Asker] = {None: asker}
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
        """Return a reader with clients of its own; see connection.py for the URL.

        An answer of Redis may take `timeout` seconds; if None, as long as the latency budget of
        the service, and half a second where it declares none.
        """
        client = connect(url, DEFAULT_TIMEOUT if timeout is None else timeout)
        reader = cls(client, namespace=namespace, clock=clock, cache=cache)
        reader._url, reader._reading.within_budget = url, timeout is None
        return reader

    def get(self, service: str, /, **keys: object) -> ServedFeatures:
        """Return the features of `service` for these entity keys.

        Raise UnknownService and WrongKey for what the caller got wrong, FeatureUnavailable where a
        view says `otherwise: fail`, CorruptValue for a damaged row, StoreUnavailable when Redis
        refuses permission or was never reached, UnknownNamespace when nothing was pushed.
        """
        return self._run(self._reading.service(service, keys))

    def get_many(self, service: str, keys: Iterable[Keys], /) -> ServedBatch:
        """Return the features of `service` for each mapping of entity keys, in one round trip.

        In the order asked for, one for each, repeated where asked for twice. Raise as get() does.
        """
        many = [dict(each) for each in keys]  # the caller's may change before they are logged
        return self._run(self._reading.service_of_many(service, many))

    def get_view(self, view: str, version: int, /, **keys: object) -> ServedFeatures:
        """Return all features of one view version, as a service `<view>@<version>` would."""
        return self._run(self._reading.view(view, version, keys))

    def service(self, name: str, /) -> ServiceRecord:
        """Return what a service reads: its keys and their types, features, views, latency budget.

        Raise UnknownService, StoreUnavailable when Redis was never reached, UnknownNamespace.
        """
        return self._run(self._reading.record(name))

    def close(self) -> None:
        """Close the connections."""
        for asker in self._askers.values():
            asker.close()

    def __enter__(self) -> Self:
        """Return the reader; leaving closes it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self.close()

    def _run(self, steps: Steps[T]) -> T:
        try:
            wanted = next(steps)
            while True:
                try:
                    answer = self._asker(wanted.timeout).ask(wanted)
                except StoreUnavailable as error:
                    wanted = steps.throw(error)
                else:
                    wanted = steps.send(answer)
        except StopIteration as done:
            result: T = done.value
            return result

    def _asker(self, timeout: float | None) -> Asker:
        asker = self._askers.get(timeout)
        if asker is None:
            assert self._url is not None  # else no budget is looked at
            assert timeout is not None
            asker = self._askers[timeout] = Asker(connect(self._url, timeout))
        return asker
