"""One push of a view version at a time.

A lock is a note in Redis with a lease, by the clock of Redis, which its holder renews while it
works. Its token fences: what makes a push readable looks at it in the same atomic step, so that one
that slept, and whose lock another has taken since, changes nothing that is read.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Self, cast
from uuid import uuid4

from provender.connection import Client, asking
from provender.errors import ProvenderError, StoreUnavailable
from provender.keys import KeySpace, view_label
from provender_ops import lua
from provender_ops.errors import Refused
from provender_ops.notes import lock_field

LEASE_US = 60_000_000
RENEW_AFTER = 10.0  # seconds


class ViewLock:
    """A lock that is held; `token` is what the atomic steps ask for."""

    def __init__(
        self,
        client: Client,
        keys: KeySpace,
        view: str,
        version: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep where it is; use held()."""
        self._client, self._writer = client, keys.writer
        self._label, self.field = view_label(view, version), lock_field(view, version)
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        self._monotonic, self._renewed_at = monotonic, monotonic()
        self.token = ""

    @contextmanager
    def held(self) -> Iterator[Self]:
        """Hold the lock for the block; raise Refused when another push has it."""
        lock = self._take("")
        if not self.token and _has_died(lock):
            lock = self._take(lock)
        if not self.token:
            raise self._refused(lock)
        ending = threading.Event()
        keeping = threading.Thread(target=self._keep, args=(ending,), daemon=True)
        keeping.start()
        try:
            yield self
        finally:
            ending.set()
            keeping.join()
            with suppress(StoreUnavailable), asking("release the lock"):  # else its lease ends
                self._client.eval(lua.UNLOCK, 1, self._writer, self.field, self.token)

    def renew(self) -> None:
        """Go on holding it, if some time has passed; raise Refused when another has taken it."""
        now = self._monotonic()
        if now - self._renewed_at < RENEW_AFTER:
            return
        with asking("renew the lock"):
            arguments = (self.field, self.token, str(LEASE_US), self._holder)
            is_ours = self._client.eval(lua.RENEW, 1, self._writer, *arguments)
        if not is_ours:
            raise Refused(
                f"{self._label}: this push was too slow, and another has taken its place."
                " Nothing that is read was changed."
            )
        self._renewed_at = now

    def _keep(self, ending: threading.Event) -> None:
        """Renew it also while nothing is sent; what fails is told to who sends next."""
        while not ending.wait(RENEW_AFTER):
            with suppress(ProvenderError):
                self.renew()

    def _take(self, dead: str) -> str:
        """Try once, taking over from a `dead` one; return whose lock it is otherwise."""
        with asking("take the lock"):
            arguments = (self.field, str(LEASE_US), self._holder, dead)
            answer = self._client.eval(lua.LOCK, 1, self._writer, *arguments)
        token, lock = cast("tuple[bytes, bytes]", answer)
        self.token = token.decode()
        return lock.decode()

    def _refused(self, lock: str) -> Refused:
        host, pid, _ = _holder(lock)
        return Refused(
            f"Another push of it is under way, by process {pid} on {host}. Wait for it; one that"
            f" has died there loses its place within {LEASE_US // 1_000_000} seconds."
        )


def _holder(lock: str) -> tuple[str, str, str]:
    host, pid, nonce = [*lock.split(" ", 2)[-1].rsplit(":", 2), "", ""][:3]
    return host, pid, nonce


def _has_died(lock: str) -> bool:
    host, pid, _ = _holder(lock)
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False  # it lives, and is another user's
    return False
