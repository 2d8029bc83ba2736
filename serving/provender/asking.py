"""What asks Redis on behalf of a reader: the waiting side of reading.py."""

import asyncio
import os
from collections.abc import Awaitable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, cast
from weakref import WeakKeyDictionary

from redis import ConnectionPool, Redis, ResponseError
from redis import exceptions as redis_errors
from redis.asyncio.cluster import RedisCluster as AsyncRedisCluster
from redis.cluster import RedisCluster
from redis.sentinel import SentinelConnectionPool

from provender.connection import FAILURES, AsyncClient, Client, checked, unavailable
from provender.reading import MOST_ROWS, Ask

_WHAT = {"HGETALL": "read the registry", "MGET": "read feature rows"}


class _Kept:
    """Connections of a client that are open and idle; those of a parent process are not ours."""

    def __init__(self) -> None:
        self.idle: list[Any] = []
        self.process = os.getpid()


_kept: WeakKeyDictionary[Client, _Kept] = WeakKeyDictionary()


class Asker:
    """Asks through one client, from any number of threads.

    An ordinary client's connections stay out of its pool once they were opened, for all readers
    with that client: to hand one back and take it again costs redis-py more than to ask.
    """

    def __init__(self, client: Client) -> None:
        """Keep the client; nothing is sent yet. Raise WrongClient."""
        self._client = checked(client)
        self.is_cluster = isinstance(client, RedisCluster)
        self._kept = _kept.setdefault(client, _Kept())
        self._is_direct = is_ordinary(client)
        self._mget = client.mget_nonatomic if isinstance(client, RedisCluster) else client.mget
        self._most_kept = self._pool.max_connections // 2 if self._is_direct else 0

    def ask(self, ask: Ask) -> Any:
        """Send HGETALL of one key, or MGET: in a Cluster one to each node, together."""
        try:
            if self._is_direct:
                answer = self._converse(ask.command, ask.keys)
                return _mapping(answer) if ask.command == "HGETALL" else answer
            if ask.command == "HGETALL":
                return self._client.hgetall(ask.keys[0])
            return self._mget(ask.keys)
        except FAILURES as error:
            raise unavailable(_WHAT[ask.command], error) from None

    def close(self) -> None:
        """Close the connections."""
        while self._kept.idle:
            self._pool.release(self._kept.idle.pop())
        self._client.close()

    @property
    def _pool(self) -> ConnectionPool:
        return cast("Redis", self._client).connection_pool

    def _converse(self, command: str, keys: Sequence[str]) -> Any:
        connection = self._borrow()
        try:
            try:
                connection.send_command(command, *keys)
                return connection.read_response()
            except redis_errors.ConnectionError:  # dropped while it was idle: once more, at once
                connection.disconnect()
                connection.send_command(command, *keys)
                return connection.read_response()
        except ResponseError:
            raise
        except BaseException:
            connection.disconnect()  # an answer that comes late must not be taken for another
            raise
        finally:
            self._give_back(connection)

    def _borrow(self) -> Any:
        kept = self._kept
        if kept.process != os.getpid():  # a fork
            kept.idle, kept.process = [], os.getpid()
        try:
            return kept.idle.pop()
        except IndexError:
            return self._pool.get_connection()

    def _give_back(self, connection: Any) -> None:
        """Keep it, unless the pool may need it for others."""
        if len(self._kept.idle) < self._most_kept:
            self._kept.idle.append(connection)
        else:
            self._pool.release(connection)


def _mapping(answer: Any) -> Any:
    """Return a hash as a mapping, as which RESP 3 sends it and RESP 2 does not."""
    return answer if isinstance(answer, dict) else dict(zip(answer[::2], answer[1::2], strict=True))


def is_ordinary(client: Client) -> bool:
    """Return whether the client does no more than ask: a Sentinel's looks up who is master."""
    if type(client) is not Redis:
        return False
    return not isinstance(client.connection_pool, SentinelConnectionPool)


class AsyncAsker:
    """Asks through one client, for any number of tasks of one loop.

    What tasks ask for while the loop comes round once goes out together: one HGETALL, and one MGET
    for each service or view (another's rows may be forbidden to this user).
    """

    def __init__(self, client: AsyncClient) -> None:
        """Keep the client; nothing is sent yet. Raise WrongClient."""
        self._client = checked(client)
        self.is_cluster = isinstance(client, AsyncRedisCluster)
        self._waiting: dict[tuple[str, str], list[_Waiting]] = {}
        self._sent: set[asyncio.Task[None]] = set()

    async def ask(self, ask: Ask, together: str) -> Any:
        """As Asker.ask(); rows asked for at once and `together` go in one MGET."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(ask.keys, loop.create_future())
        lane = (ask.command, together if ask.command == "MGET" else ask.keys[0])
        if lane not in self._waiting:
            self._waiting[lane] = []
            loop.call_soon(self._send, lane)
        self._waiting[lane].append(waiting)
        try:
            return await waiting.answer
        except FAILURES as error:
            raise unavailable(_WHAT[ask.command], error) from None

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _send(self, lane: tuple[str, str]) -> None:
        command, key = lane
        waiting = self._waiting.pop(lane)
        if command == "HGETALL":
            self._start(self._hgetall(key, waiting))
            return
        for group in _groups(waiting):
            self._start(self._mget(group))

    def _start(self, sending: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(sending)
        self._sent.add(task)  # the loop itself would let it be collected
        task.add_done_callback(self._sent.discard)

    async def _hgetall(self, key: str, together: "Sequence[_Waiting]") -> None:
        with _told(together):
            answer = await cast("Awaitable[Any]", self._client.hgetall(key))
            for waiting in together:
                waiting.tell(answer)

    async def _mget(self, together: "Sequence[_Waiting]") -> None:
        keys = [key for waiting in together for key in waiting.keys]
        with _told(together):
            rows = await self._ask_for(keys)
            at = 0
            for waiting in together:
                waiting.tell(rows[at : at + len(waiting.keys)])
                at += len(waiting.keys)

    async def _ask_for(self, keys: Sequence[str]) -> Any:
        if not isinstance(self._client, AsyncRedisCluster):
            return await cast("Awaitable[Any]", self._client.mget(keys))
        try:
            return await self._client.mget_nonatomic(keys)
        except AttributeError as error:  # redis-py, of a connection that its node has just closed
            raise redis_errors.ConnectionError(
                f"a node has closed its connection: {error}"
            ) from None


class _Waiting(NamedTuple):
    """A task that waits for the answer about some keys."""

    keys: Sequence[str]
    answer: "asyncio.Future[Any]"

    def tell(self, answer: Any) -> None:
        if not self.answer.done():  # else whoever asked has gone
            self.answer.set_result(answer)


@contextmanager
def _told(together: Sequence[_Waiting]) -> Iterator[None]:
    """Tell each that waits of an error: nobody else would."""
    try:
        yield
    except BaseException as error:
        for waiting in together:
            if isinstance(error, Exception) and not waiting.answer.done():
                waiting.answer.set_exception(error)
            waiting.answer.cancel()
        if not isinstance(error, Exception):
            raise


def _groups(together: Sequence[_Waiting]) -> Iterator[list[_Waiting]]:
    """Yield those that fit one MGET."""
    group: list[_Waiting] = []
    rows = 0
    for waiting in together:
        if group and rows + len(waiting.keys) > MOST_ROWS:
            yield group
            group, rows = [], 0
        group.append(waiting)
        rows += len(waiting.keys)
    yield group
