"""What HTTP alone can refuse, and which status each error has.

A failure's name and sentence are the body: `{"error": "WrongKey", "message": "…"}`.
"""
# ruff: noqa: N818 - as in errors.py

from collections.abc import Mapping

import orjson
from starlette.responses import Response

from provender.errors import (
    DecisionNotLogged,
    FeatureUnavailable,
    ProvenderError,
    StoreUnavailable,
    UnknownFeature,
    UnknownFormat,
    UnknownNamespace,
    UnknownService,
    UnknownView,
    WrongKey,
)

JSON = "application/json"


class WrongSettings(ProvenderError):
    """The server cannot start as its environment says; a line for each setting."""


class WrongApiKeys(ProvenderError):
    """The file of API keys cannot be used; a line for each reason."""


class Unauthenticated(ProvenderError):
    """No API key, or one that is not known."""


class NotBound(ProvenderError):
    """A known API key, for a service that it is not bound to."""


class MalformedBody(ProvenderError):
    """A body that is not what the endpoint takes."""


class BodyTooLarge(ProvenderError):
    """A body of more bytes than the server takes."""


class BodyTooSlow(ProvenderError):
    """A body that did not arrive in time."""


class TooManyKeys(ProvenderError):
    """More keys in one request than the server reads at once."""


class WrongReceipt(ProvenderError):
    """A receipt that this server did not give, or not to this API key."""


class ExpiredReceipt(ProvenderError):
    """A receipt of a read that was too long ago."""


class ReceiptsOff(ProvenderError):
    """A receipt is asked for, or shown, and the server has no secret to sign with."""


STATUSES: Mapping[type[ProvenderError], int] = {
    Unauthenticated: 401,
    NotBound: 403,
    UnknownService: 404,
    UnknownView: 404,
    UnknownFeature: 404,
    BodyTooSlow: 408,
    BodyTooLarge: 413,
    MalformedBody: 422,
    TooManyKeys: 422,
    WrongKey: 422,
    WrongReceipt: 422,
    ExpiredReceipt: 422,
    ReceiptsOff: 501,
    DecisionNotLogged: 503,
    FeatureUnavailable: 503,
    StoreUnavailable: 503,
    UnknownFormat: 503,
    UnknownNamespace: 503,
}
"""Whatever is not listed is 500: the server's, or the store's, and not the caller's."""

_HEADERS: Mapping[type[ProvenderError], dict[str, str]] = {
    # What is still on its way is not read, so the connection is of no more use.
    Unauthenticated: {"www-authenticate": "Bearer", "connection": "close"},
    NotBound: {"connection": "close"},
    BodyTooLarge: {"connection": "close"},
    BodyTooSlow: {"connection": "close"},
}


def refusal(error: ProvenderError) -> Response:
    """Return the response that tells an error."""
    kind = type(error)
    return told(STATUSES.get(kind, 500), kind.__name__, str(error), _HEADERS.get(kind))


def told(
    status: int, error: str, message: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a response in the one shape that errors have."""
    body = orjson.dumps({"error": error, "message": message})
    return Response(body, status, headers, media_type=JSON)
