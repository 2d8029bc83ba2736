"""How decisions reach Redis within a time: by a command on an open connection, or not at all.

A new connection costs several answers, and a Cluster's or Sentinel's client may ask several nodes;
so both happen on another thread, and whoever waits leaves when the time is up.
"""

import inspect
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from time import monotonic
from typing import Any, Protocol, cast

from redis import Connection, ReadOnlyError, Redis, ResponseError
from redis import exceptions as redis_errors
from redis.cluster import RedisCluster

from provender.asking import is_ordinary
from provender.connection import FAILURES, Client, unavailable
from provender.errors import StoreUnavailable

FIELD = "record"
WHAT = "log a decision"
THREADS = 8  # that may wait for a Cluster at once
_HAS_TIMEOUT = "timeout" in inspect.signature(Connection.read_response).parameters


class Sender(Protocol):
    """Sends commands to the server that has the decisions."""

    def execute(self, seconds: float, *command: Any) -> Any:
        """Return what Redis answers within so many seconds; raise StoreUnavailable.

        What was not answered in time may have been carried out all the same.
        """

    def add(self, seconds: float, line: bytes) -> None:
        """Append a record to the stream of decisions, as execute() does."""

    def close(self) -> None:
        """Close the connections."""


def sender_for(client: Client, key: str, check: Callable[[Any], None] | None) -> Sender:
    """Return what sends through a client; `key` is where decisions go.

    `check` is given what INFO persistence says, before a connection is used, and may raise; None:
    that is not asked.
    """
    if is_ordinary(client):
        return _Direct(cast("Redis", client), key, check)
    return _Through(client, key, check)


class _Direct:
    """Sends on connections that stay out of the client's pool once they were opened."""

    def __init__(self, client: Redis, key: str, check: Callable[[Any], None] | None) -> None:
        name = key.encode()
        self._adding = b"*5\r\n$4\r\nXADD\r\n$%d\r\n%b\r\n$1\r\n*\r\n" % (len(name), name)
        self._client, self._check = client, check
        self._pool: Any = client.connection_pool  # redis-py has few types
        self._idle: list[Any] = []
        self._most_idle = max(1, self._pool.max_connections // 2)
        self._is_closed = False

    def execute(self, seconds: float, *command: Any) -> Any:
        return self._execute(seconds, lambda connection: connection.send_command(*command))

    def add(self, seconds: float, line: bytes) -> None:
        packed = b"%b$6\r\nrecord\r\n$%d\r\n%b\r\n" % (self._adding, len(line), line)
        self._execute(seconds, lambda each: each.send_packed_command((packed,), check_health=False))

    def close(self) -> None:
        self._is_closed = True
        while self._idle:
            self._pool.release(self._idle.pop())
        self._client.close()

    def _execute(self, seconds: float, send: Callable[[Any], None]) -> Any:
        until = monotonic() + seconds
        try:
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self._opened(until)
                return self._converse(connection, until, send)
            try:
                return self._converse(connection, until, send)
            except redis_errors.ConnectionError:  # dropped while it was idle: once more, at once
                return self._converse(self._opened(until), until, send)
        except FAILURES as error:
            raise _unavailable(error) from None

    def _converse(self, connection: Any, until: float, send: Callable[[Any], None]) -> Any:
        try:
            send(connection)
            answer = _answer(connection, max(0.0, until - monotonic()))
        except BaseException as error:
            # An answer that comes late must not be taken for another; and where a replica answers,
            # the name may lead to the master by now.
            if isinstance(error, ResponseError) and not isinstance(error, ReadOnlyError):
                self._give_back(connection)
            else:
                connection.disconnect()
                self._pool.release(connection)
            raise
        self._give_back(connection)
        return answer

    def _opened(self, until: float) -> Any:
        """Return a new connection; one that comes too late is kept for the next."""
        opening: Future[Any] = Future()
        threading.Thread(target=self._open, args=(opening,), daemon=True).start()
        try:
            return opening.result(max(0.0, until - monotonic()))
        except FutureTimeout:
            opening.add_done_callback(self._keep_late)
            raise redis_errors.TimeoutError("no connection in time") from None

    def _open(self, opening: "Future[Any]") -> None:
        try:
            connection: Any = self._pool.get_connection()
        except BaseException as error:
            opening.set_exception(error)
            return
        try:
            if self._check is not None:
                connection.send_command("INFO", "persistence")
                self._check(connection.read_response())
        except BaseException as error:
            connection.disconnect()
            self._pool.release(connection)
            opening.set_exception(error)
            return
        opening.set_result(connection)

    def _keep_late(self, opening: "Future[Any]") -> None:
        if opening.exception() is None:
            self._give_back(opening.result())

    def _give_back(self, connection: Any) -> None:
        if len(self._idle) < self._most_idle and not self._is_closed:
            self._idle.append(connection)
        else:
            self._pool.release(connection)


def _answer(connection: Any, seconds: float) -> Any:
    if _HAS_TIMEOUT:
        return connection.read_response(timeout=seconds)
    if not connection.can_read(seconds):
        raise redis_errors.TimeoutError("no answer in time")
    return connection.read_response()


def _unavailable(error: Exception) -> StoreUnavailable:
    if isinstance(error, redis_errors.TimeoutError):
        return StoreUnavailable(
            f"Could not {WHAT}: Redis did not answer in time. Check its load and the network, or"
            " allow more by `bound=`.",
            timed_out=True,
        )
    return unavailable(WHAT, error)


class _Through:
    """Sends through the client itself, on threads that are left behind when the time is up."""

    def __init__(self, client: Client, key: str, check: Callable[[Any], None] | None) -> None:
        self._client: Any = client
        self._is_cluster = isinstance(client, RedisCluster)
        self._key, self._check = key, check
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="provender-log")
        self._is_checked = check is None

    def execute(self, seconds: float, *command: Any) -> Any:
        try:
            running = self._threads.submit(self._run, command)
        except RuntimeError:  # closed, or the interpreter ends
            raise StoreUnavailable(f"Could not {WHAT}: the log is closed.") from None
        try:
            return running.result(seconds)
        except FutureTimeout:
            running.cancel()
            raise _unavailable(redis_errors.TimeoutError("no answer in time")) from None
        except FAILURES as failure:
            self._is_checked = self._check is None  # the next may be another server
            raise _unavailable(failure) from None

    def add(self, seconds: float, line: bytes) -> None:
        self.execute(seconds, "XADD", self._key, "*", FIELD, line)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def _run(self, command: Sequence[Any]) -> Any:
        if not self._is_checked and self._check is not None:
            self._check(self._persistence())
            self._is_checked = True
        return self._client.execute_command(*command)

    def _persistence(self) -> Any:
        client = self._client
        if self._is_cluster:
            node = client.get_node_from_key(self._key)
            return client.execute_command("INFO", "persistence", target_nodes=node)
        return client.execute_command("INFO", "persistence")
