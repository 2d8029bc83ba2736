"""Redis clients from URLs, and Redis's failures as sentences.

`redis://`, `rediss://` (TLS) and `unix://` are one server. `redis+cluster://` and
`redis+sentinel://host:port,host:port/<service>` (and `rediss+…`) are a Cluster and a server that
Sentinels name. User, password and client options stand in the URL as the Redis client reads them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar, cast
from urllib.parse import unquote

from redis import Redis, exceptions
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.cluster import RedisCluster as AsyncRedisCluster
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError, Sentinel

from provender.errors import StoreUnavailable, WrongClient

Client: TypeAlias = Redis | RedisCluster
AsyncClient: TypeAlias = AsyncRedis | AsyncRedisCluster
AnyClient = TypeVar("AnyClient", bound=Client | AsyncClient)

DEFAULT_TIMEOUT = 0.5  # seconds
LEAST_TO_CONNECT = 0.1  # seconds: a new connection may cost more than an answer may
FAILURES = (exceptions.RedisError, exceptions.RedisClusterException, OSError)
_SENTINEL_PORT = 26379


_NO_CONNECTION_LEFT = (
    "all connections of this client are in use. Raise `max_connections` in the URL, or use fewer"
    " threads."
)
_CAUSES = {
    "Too many connections": _NO_CONNECTION_LEFT,
    "No connection available": _NO_CONNECTION_LEFT,
    "CERTIFICATE_VERIFY_FAILED": (
        "the certificate that Redis showed is not trusted, or is another host's. Name its"
        " authority in the URL (?ssl_ca_certs=<file>), or correct the host."
    ),
}


def connect(url: str, timeout: float = DEFAULT_TIMEOUT) -> Client:
    """Return a client; nothing is sent yet, except that a Cluster is asked for its slots.

    `timeout` is in seconds, for each reply, and for connecting unless that is less than
    LEAST_TO_CONNECT. A dropped connection is tried once more, at once: waiting longer is the
    caller's choice. Raise StoreUnavailable for a URL that cannot be read, and for a Cluster that
    cannot be reached.
    """
    retry = Retry(NoBackoff(), 1, supported_errors=(exceptions.ConnectionError,))
    options = {**_timeouts(timeout), "retry": retry}
    scheme = url.partition("://")[0]
    with asking("open the URL"):
        try:
            if scheme in {"redis+cluster", "rediss+cluster"}:
                return RedisCluster.from_url(url.replace("+cluster", "", 1), **options)
            if scheme in {"redis+sentinel", "rediss+sentinel"}:
                return _through_sentinels(url, options)
            return Redis.from_url(url, **options)
        except (ValueError, TypeError):
            raise _unreadable_url() from None


def connect_async(url: str, timeout: float = DEFAULT_TIMEOUT) -> AsyncClient:
    """Return an asyncio client; nothing is sent yet. One server, or a Cluster.

    Raise StoreUnavailable for a URL that cannot be read, or that names Sentinels.
    """
    retry = AsyncRetry(NoBackoff(), 1, supported_errors=(exceptions.ConnectionError,))
    options = {**_timeouts(timeout), "retry": retry}
    scheme = url.partition("://")[0]
    try:
        if scheme in {"redis+cluster", "rediss+cluster"}:
            return AsyncRedisCluster.from_url(url.replace("+cluster", "", 1), **options)
        return AsyncRedis.from_url(url, **options)
    except (ValueError, TypeError):
        raise _unreadable_url() from None


def checked(client: AnyClient) -> AnyClient:
    """Return `client`; raise WrongClient when it decodes replies, since rows are bytes."""
    if cast("Client", client).get_encoder().decode_responses:
        raise WrongClient(
            "This Redis client has decode_responses=True, and rows are bytes."
            " Pass a client of its own, without that option."
        )
    return client


@contextmanager
def asking(what: str, leaving: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Turn any failure of Redis inside the block into StoreUnavailable; `what` was tried.

    Errors that are `leaving` stay what they are.
    """
    try:
        yield
    except leaving:
        raise
    except FAILURES as error:
        # Not chained: what a client's error quotes is not ours to vouch for.
        raise unavailable(what, error) from None


def _timeouts(timeout: float) -> dict[str, Any]:
    connecting = max(timeout, LEAST_TO_CONNECT)
    return {"socket_timeout": timeout, "socket_connect_timeout": connecting}


def _unreadable_url() -> StoreUnavailable:
    # Not chained: their messages may quote a piece of the password.
    return StoreUnavailable(
        "The Redis URL cannot be read. Write redis://user:password@host:port/0 (or rediss,"
        " unix, redis+cluster, redis+sentinel) and percent-encode what is special in the"
        " password."
    )


def unavailable(what: str, error: Exception) -> StoreUnavailable:
    """Return the error that says why `what` could not be done, and what to do about it."""
    return StoreUnavailable(
        f"Could not {what}: {_sentence(error)}",
        refused=_refused(error),
        # Sentinels that stall are asked one after another, and then no master is found.
        timed_out=isinstance(error, exceptions.TimeoutError | MasterNotFoundError),
    )


def _refused(error: Exception) -> bool:
    return isinstance(
        error,
        exceptions.NoPermissionError
        | exceptions.AuthenticationError
        | exceptions.AuthorizationError,
    )


def _sentence(error: Exception) -> str:
    cause = str(error).rstrip(".")
    if isinstance(error, exceptions.NoPermissionError):
        return (
            f"the Redis user lacks a permission ({cause})."
            " Grant it the command and the key pattern, see docs/operations."
        )
    if isinstance(error, exceptions.AuthenticationError | exceptions.AuthorizationError):
        return "Redis did not accept the user name or password. Correct them in the URL."
    if isinstance(error, exceptions.TimeoutError):
        return "Redis did not answer in time. Check its load and the network, or raise `timeout`."
    if isinstance(error, exceptions.ResponseError):
        return f"Redis refused ({cause}). Check the server's state and what this URL points to."
    for words, sentence in _CAUSES.items():
        if words in cause:
            return sentence
    return f"Redis cannot be reached ({cause}). Start it, or correct host and port in the URL."


def _through_sentinels(url: str, options: dict[str, Any]) -> Redis:
    # Not by urlsplit: Pythons since 3.11.12 refuse an address in brackets that is not the first.
    scheme, _, rest = url.partition("://")
    place, _, path = rest.partition("?")[0].partition("/")
    credentials, _, hosts = place.rpartition("@")
    user, _, password = credentials.partition(":")
    # Sentinel has no type hints.
    sentinels = Sentinel(  # type: ignore[no-untyped-call]
        [_host_and_port(host) for host in hosts.split(",")],
        username=unquote(user) or None,
        password=unquote(password) or None,
        ssl=scheme.startswith("rediss"),
        sentinel_kwargs=options,  # else they are asked with the client's own, longer retries
        **options,
    )
    service = path.strip("/") or "mymaster"
    return cast("Redis", sentinels.master_for(service))  # type: ignore[no-untyped-call]


def _host_and_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":") if ":" in text else (text, "", "")
    return host, int(port or _SENTINEL_PORT)
