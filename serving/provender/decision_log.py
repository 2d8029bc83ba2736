"""The decision log: exactly what was served, and what was decided on it.

A decision goes to a Redis Stream. With Redis away it goes to a local spool, which is sent, in
order, before the next decision. The id makes a decision sent twice the same decision.
"""

import json
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from types import TracebackType
from typing import Any, Self, cast
from uuid import uuid4

from provender.connection import DEFAULT_TIMEOUT, Client, asking, connect
from provender.data_types import Json, Value, codec_for
from provender.errors import DecisionNotLogged, StoreUnavailable
from provender.features import FeatureValue, ServedFeatures
from provender.instants import MICROSECOND, to_text, utc_now
from provender.keys import KeySpace
from provender.spool import Spool

FIELD = "record"
_logger = logging.getLogger("provender")


class DecisionLog:
    """Appends decisions durably: `record` returns when one is in Redis or on the local disk."""

    def __init__(
        self,
        client: Client,
        *,
        namespace: str,
        spool: str | os.PathLike[str] | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Keep the client, which close() closes, and make the spool ready.

        Raise DecisionNotLogged when the spool cannot be written: better now than in an outage.
        """
        self._client = client
        self._stream = KeySpace(namespace).decisions
        self._spool = None if spool is None else _ready(Spool(spool))
        self._clock = clock

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        namespace: str,
        spool: str | os.PathLike[str] | None = None,
        clock: Callable[[], datetime] = utc_now,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> Self:
        """Return a log with a client of its own; `timeout` in seconds, see connection.py."""
        return cls(connect(url, timeout), namespace=namespace, spool=spool, clock=clock)

    def record(  # noqa: PLR0913 - keyword-only, each a part of the decision
        self,
        features: ServedFeatures,
        *,
        model_version: str,
        decision: Mapping[str, Any],
        request: Mapping[str, Any] | None = None,
        decision_id: str | None = None,
        decided_at: datetime | None = None,
    ) -> str:
        """Log one decision and return its id, a fresh one unless given.

        `decision` and `request` are mappings that JSON can hold; a naive `decided_at` means UTC.
        Raise DecisionNotLogged when they are not, or when neither Redis nor the spool took it.
        """
        return self.record_served(
            served_record(features),
            model_version=model_version,
            decision=decision,
            request=request,
            decision_id=decision_id,
            decided_at=decided_at,
        )

    def record_served(  # noqa: PLR0913 - as record()
        self,
        served: Mapping[str, Any],
        *,
        model_version: str,
        decision: Mapping[str, Any],
        request: Mapping[str, Any] | None = None,
        decision_id: str | None = None,
        decided_at: datetime | None = None,
    ) -> str:
        """Log one decision as record() does, on what served_record() wrote down when it was served.

        For those who serve in one place and log in another; vouching for `served` between the two
        is theirs.
        """
        identity = uuid4().hex if decision_id is None else str(decision_id)
        line = _line(
            {
                "decision_id": identity,
                "service": served["service"],
                "model_version": str(model_version),
                "decided_at": to_text(decided_at or self._clock()),
                "read_at": served["read_at"],
                "keys": served["keys"],
                "request": None if request is None else _checked("request", request),
                "decision": _checked("decision", decision),
                "features": served["features"],
            }
        )
        try:
            self._try_to_flush()
            self._send([line])
        except StoreUnavailable as error:
            self._keep(line, error)
        return identity

    def flush_spool(self) -> int:
        """Send what waits in the spool and return how many; raise StoreUnavailable.

        Raise DecisionNotLogged when the spool cannot be read.
        """
        if self._spool is None:
            return 0
        try:
            return self._spool.drain(self._send)
        except OSError as error:
            raise DecisionNotLogged(
                f"The spool {os.fspath(self._spool.path)!r} cannot be emptied: {error.strerror}."
                " Make it readable and writable; what it holds is not lost."
            ) from error

    def _try_to_flush(self) -> None:
        """Send what waits first; a spool that cannot be emptied must not cost the next decision."""
        try:
            self.flush_spool()
        except DecisionNotLogged as error:
            _logger.warning("%s", error)

    def close(self) -> None:
        """Close the client's connections; what waits in the spool stays there."""
        self._client.close()

    def __enter__(self) -> Self:
        """Return the log; leaving closes it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the client's connections."""
        self.close()

    def _send(self, lines: Sequence[bytes]) -> None:
        with asking("log a decision"), self._client.pipeline(transaction=False) as pipeline:
            for line in lines:
                pipeline.xadd(self._stream, {FIELD: line})
            pipeline.execute()

    def _keep(self, line: bytes, cause: StoreUnavailable) -> None:
        if self._spool is None:
            raise DecisionNotLogged(
                f"The decision is not logged, and there is no spool. {cause}"
                " Pass `spool=` a local file, or record it again."
            ) from cause
        try:
            self._spool.append(line)
        except OSError as error:
            raise DecisionNotLogged(
                f"The decision is not logged: the spool {os.fspath(self._spool.path)!r} cannot be"
                f" written ({error.strerror}). {cause} Mend one of the two and record it again."
            ) from error
        _logger.warning("A decision waits in the spool. %s", cause)


def served_record(features: ServedFeatures) -> dict[str, Any]:
    """Return what a decision's record says about what was served: a mapping that JSON can hold."""
    return {
        "service": features.service,
        "read_at": to_text(features.read_at),
        "keys": json_keys(features),
        "features": [_feature(feature) for feature in features.values()],
    }


def json_keys(features: ServedFeatures) -> dict[str, Json]:
    """Return the entity keys as JSON holds them."""
    return {name: _plain(value) for name, value in features.keys.items()}


def _feature(feature: FeatureValue) -> dict[str, Any]:
    return {
        "name": feature.name,
        "feature": feature.feature,
        "view": feature.view,
        "version": feature.version,
        "fingerprint": feature.fingerprint,
        "generation": feature.generation,
        "as_of": None if feature.as_of is None else to_text(feature.as_of),
        "age_us": None if feature.age is None else feature.age // MICROSECOND,
        "status": feature.status.value,
        "is_default": feature.is_default,
        "data_type": feature.data_type,
        "value": codec_for(feature.data_type).encode(feature.value),
    }


def _plain(value: Value) -> Json:
    """Return a key as JSON; the reader already made it an int, a bool, text, a date or a time."""
    if isinstance(value, datetime):
        return codec_for("timestamp").encode(value)
    if isinstance(value, date):
        return codec_for("date").encode(value)
    return cast("Json", value)


def _ready(spool: Spool) -> Spool:
    try:
        spool.prepare()
    except OSError as error:
        raise DecisionNotLogged(
            f"The spool {os.fspath(spool.path)!r} cannot be written: {error.strerror}."
            " Pass a path this process may write to."
        ) from error
    return spool


def _checked(name: str, mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Return the mapping if JSON can hold it; one bad value must not cost the whole record."""
    if not isinstance(mapping, Mapping):
        raise DecisionNotLogged(
            f"`{name}` is a {type(mapping).__name__}, not a mapping."
            " Pass a dict of names to values."
        )
    try:
        _line(dict(mapping))
    except (TypeError, ValueError, RecursionError) as error:
        raise DecisionNotLogged(
            f"`{name}` holds what JSON cannot: {error}."
            " Turn it into text, numbers, lists and mappings first."
        ) from None
    return dict(mapping)


def _line(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
