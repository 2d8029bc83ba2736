"""A relay to Redis that may stall, in both directions or one, be cut, and speak TLS."""

import asyncio
import ssl
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

REQUESTS, REPLIES = "requests", "replies"


class Relay:
    """Listens on a port of 127.0.0.1, and relays to the socket of a server."""

    def __init__(self, server: Path, tls: ssl.SSLContext | None = None) -> None:
        self._server, self._tls = server, tls
        self._loop = asyncio.new_event_loop()
        self._flows: dict[str, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._watch: Callable[[int], None] = lambda _: None
        self.sent = 0
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._listen())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def stall(self, *directions: str) -> None:
        """Forward nothing more in these directions; connections stay, and new ones are taken."""
        self._do(self._set(directions, False))

    def flow(self) -> None:
        """Forward what was held back, and all else."""
        self._do(self._set((REQUESTS, REPLIES), True))

    def cut(self) -> None:
        """Drop all connections, with what is on its way."""
        self._do(self._cut())

    def when_sent(self, count: int, strike: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Strike, once, when so many bytes of requests have been forwarded from now on."""
        until = self.sent + count

        def watch(sent: int) -> None:
            if sent >= until:
                self._watch = lambda _: None
                self._tasks.add(self._loop.create_task(strike()))

        self._watch = watch

    async def stalling(self, seconds: float, *directions: str) -> None:
        """Stall for a time: what when_sent() may strike with."""
        await self._set(directions, False)
        await asyncio.sleep(seconds)
        await self._set((REQUESTS, REPLIES), True)

    async def cutting(self) -> None:
        """Cut: what when_sent() may strike with."""
        await self._cut()

    def _do(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(timeout=30)

    async def _listen(self) -> None:
        self._flows = {REQUESTS: asyncio.Event(), REPLIES: asyncio.Event()}
        await self._set((REQUESTS, REPLIES), True)
        self._listener = await asyncio.start_server(self._relay, "127.0.0.1", 0, ssl=self._tls)
        self.port = int(self._listener.sockets[0].getsockname()[1])

    async def _set(self, directions: tuple[str, ...], flows: bool) -> None:
        for direction in directions:
            (self._flows[direction].set if flows else self._flows[direction].clear)()

    async def _cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _close(self) -> None:
        self._listener.close()
        await self._cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with suppress(OSError):
            from_server, to_server = await asyncio.open_unix_connection(str(self._server))
            self._writers.add(to_server)
            for pump in (
                self._pump(REQUESTS, reader, to_server),
                self._pump(REPLIES, from_server, writer),
            ):
                self._tasks.add(self._loop.create_task(pump))
            return
        writer.transport.abort()  # there is no server

    async def _pump(
        self, direction: str, source: asyncio.StreamReader, sink: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                await self._flows[direction].wait()
                sink.write(data)
                await sink.drain()
                if direction is REQUESTS:
                    self.sent += len(data)
                    self._watch(self.sent)
        sink.transport.abort()
        self._writers.discard(sink)
