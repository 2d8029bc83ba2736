"""The decision log: exactly what was served, and what was decided on it.

A decision goes to a Redis Stream, and with Redis away to a local spool that is sent later, in
order. The id makes a decision sent twice the same decision. docs/decisions/12-decision-log.md tells
what is promised, and under which settings of Redis.
"""

import os
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypedDict, Unpack

from provender.connection import DEFAULT_TIMEOUT, Client, connect
from provender.errors import DecisionNotLogged
from provender.features import ServedFeatures
from provender.instants import to_text, utc_now
from provender.json_text import json_text
from provender.keys import KeySpace
from provender.log_key import LogKey, ValueHash
from provender.log_sender import FIELD
from provender.log_writer import LogWriter, Promise
from provender.served_record import ServedRecord, served_record

__all__ = ["BOUND", "FIELD", "SPOOL_BYTES", "UNLANDED", "DecisionLog", "Keeping"]

BOUND = 0.05  # seconds
SPOOL_BYTES = 256 << 20
UNLANDED = 1_000_000  # decisions
CLOSING = 2.0  # seconds


class Keeping(TypedDict, total=False):
    """How decisions are kept; each has a default.

    `bound`: seconds that record() may wait for Redis, 0.05. `spool`: a local folder, none.
    `journal`: each decision goes to the spool first, and stays there until it is landed.
    `spool_bytes`: the most the spool may hold, 256 MiB. `unlanded`: how many decisions the stream
    may hold, a million. `log_key`: the secret under which personal values are hashed, else that
    of PROVENDER_LOG_KEY.
    """

    bound: float
    spool: str | os.PathLike[str] | None
    journal: bool
    spool_bytes: int
    unlanded: int
    log_key: str | None


_forked = threading.Lock()


class DecisionLog:
    """Appends decisions durably: `record` returns when one is in Redis or on the local disk.

    One log serves any number of threads; a process forked off writes on under a name of its own.
    """

    def __init__(
        self,
        client: Client,
        *,
        namespace: str,
        clock: Callable[[], datetime] = utc_now,
        **keeping: Unpack[Keeping],
    ) -> None:
        """Keep the client, which close() closes, and make the spool ready.

        Raise DecisionNotLogged when the spool cannot be written: better now than in an outage. That
        Redis keeps what it is given is seen with the first decision, by check() before.
        """
        self._clock = clock
        key = LogKey.find(keeping.get("log_key"))
        self._hash = None if key is None else ValueHash(key)
        self._writer = LogWriter(client, KeySpace(namespace), _promise(keeping))

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        namespace: str,
        clock: Callable[[], datetime] = utc_now,
        **keeping: Unpack[Keeping],
    ) -> Self:
        """Return a log with a client of its own, see connection.py for the URL; and check() it."""
        timeout = max(DEFAULT_TIMEOUT, keeping.get("bound", BOUND))
        log = cls(connect(url, timeout), namespace=namespace, clock=clock, **keeping)
        try:
            log.check()
        except DecisionNotLogged:
            log.close(0)
            raise
        return log

    def check(self) -> None:
        """Ask Redis whether it keeps what it is given, which takes an append-only file.

        Raise DecisionNotLogged when it does not, or must not be asked; with a journal that does not
        matter. A Redis that is away is asked when it is back.
        """
        self._own().check()

    def record(  # noqa: PLR0913 - keyword-only, each a part of the decision
        self,
        features: ServedFeatures,
        *,
        model_version: str,
        decision: Mapping[str, Any],
        request: Mapping[str, Any] | None = None,
        outside: Mapping[str, Any] | None = None,
        decision_id: str | None = None,
        decided_at: datetime | None = None,
    ) -> str:
        """Log one decision and return its id, a fresh one unless given.

        `decision`, `request` and `outside` are mappings that JSON can hold; `outside` are features
        that did not come from the store, by name. A naive `decided_at` means UTC. Raise
        DecisionNotLogged when they are not, when neither Redis nor the spool took it, or when there
        is no key for personal values.
        """
        return self.record_served(
            self.served(features),
            model_version=model_version,
            decision=decision,
            request=request,
            outside=outside,
            decision_id=decision_id,
            decided_at=decided_at,
        )

    def served(self, features: ServedFeatures) -> ServedRecord:
        """Write down what was served, for record_served(); personal values become hashes here.

        Raise DecisionNotLogged when there is no key for them.
        """
        return served_record(features, self._hash)

    def record_served(  # noqa: PLR0913 - as record()
        self,
        served: ServedRecord,
        *,
        model_version: str,
        decision: Mapping[str, Any],
        request: Mapping[str, Any] | None = None,
        outside: Mapping[str, Any] | None = None,
        decision_id: str | None = None,
        decided_at: datetime | None = None,
    ) -> str:
        """Log one decision as record() does, on what served() wrote down when it was served.

        For those who serve in one place and log in another; vouching for `served` between the two
        is theirs.
        """
        identity = os.urandom(16).hex() if decision_id is None else str(decision_id)
        told = f'"{identity}"' if decision_id is None else _text("decision_id", identity)
        rest = (
            f'"decision_id":{told},"model_version":{_version(str(model_version))},'
            f'"decided_at":"{self._instant(decided_at)}",'
            f'"request":{"null" if request is None else _object("request", request)},'
            f'"decision":{_object("decision", decision)},'
            f'"outside":{"null" if outside is None else _object("outside", outside)},'
            f"{served.text}}}"
        )
        self._own().write(_bytes(rest, request, decision, outside))
        return identity

    def flush_spool(self) -> int:
        """Send what waits in the spool and return how many; raise StoreUnavailable.

        A thread does so by itself. Raise DecisionNotLogged when the spool cannot be read.
        """
        return self._own().flush()

    @property
    def waiting_bytes(self) -> int:
        """How many bytes of decisions wait in the spool."""
        return self._own().waiting_bytes

    def close(self, seconds: float = CLOSING) -> None:
        """Send what waits in the spool, for about so many seconds at most; close the connections.

        What still waits stays on disk, for the next log that has the folder.
        """
        self._own().close(seconds)

    def __enter__(self) -> Self:
        """Return the log; leaving closes it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def _own(self) -> LogWriter:
        """Return the writer of this process."""
        if self._writer.process != os.getpid():
            with _forked:  # the first threads of a child come at once
                if self._writer.process != os.getpid():
                    self._writer = self._writer.in_child()
        return self._writer

    def _instant(self, instant: datetime | None) -> str:
        try:
            return to_text(self._clock() if instant is None else instant)
        except (OverflowError, AttributeError, TypeError):
            raise DecisionNotLogged(
                f"`decided_at` is {instant!r}, which is no time in UTC. Pass a datetime."
            ) from None


def _promise(keeping: Keeping) -> Promise:
    spool = keeping.get("spool")
    promise = Promise(
        bound=keeping.get("bound", BOUND),
        spool=None if spool is None else Path(spool),
        journal=keeping.get("journal", False),
        spool_bytes=keeping.get("spool_bytes", SPOOL_BYTES),
        unlanded=keeping.get("unlanded", UNLANDED),
    )
    if promise.journal and spool is None:
        raise DecisionNotLogged("A journal needs a place. Pass `spool=` a local folder.")
    return promise


@lru_cache(maxsize=256)
def _version(text: str) -> str:
    return _text("model_version", text)


def _text(name: str, text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise DecisionNotLogged(
            f"`{name}` has half a surrogate pair, which is no text. Pass whole characters."
        ) from None
    return json_text(text)


def _object(name: str, mapping: Mapping[str, Any]) -> str:
    """Return a mapping as JSON, if JSON can hold it."""
    if not isinstance(mapping, Mapping):
        raise DecisionNotLogged(
            f"`{name}` is a {type(mapping).__name__}, not a mapping."
            " Pass a dict of names to values."
        )
    try:
        return json_text(mapping if type(mapping) is dict else dict(mapping))
    except (TypeError, ValueError, RecursionError) as error:
        raise _not_json(name, error) from None


def _bytes(rest: str, *parts: Mapping[str, Any] | None) -> bytes:
    try:
        return rest.encode()
    except UnicodeEncodeError as error:  # of the three mappings: all else was looked at
        for name, part in zip(("request", "decision", "outside"), parts, strict=True):
            try:
                json_text(part).encode()
            except UnicodeEncodeError:
                raise _not_json(name, error) from None
        raise


def _not_json(name: str, error: Exception) -> DecisionNotLogged:
    return DecisionNotLogged(
        f"`{name}` holds what JSON cannot: {error}."
        " Turn it into text, numbers, lists and mappings first."
    )
