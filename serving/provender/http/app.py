"""The application: parts put together, routes, and what OpenAPI says of them."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from provender.async_reader import AsyncFeatureReader
from provender.connection import DEFAULT_TIMEOUT, connect, connect_async
from provender.decision_log import BOUND, DecisionLog
from provender.http import schemas
from provender.http.answers import response
from provender.http.endpoints import MAX_KEYS, Endpoints
from provender.http.failures import told
from provender.http.metrics import Metrics
from provender.http.readiness import Readiness
from provender.http.receipts import Receipts
from provender.http.settings import Settings

_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class DirectRoute(APIRoute):
    """A route whose endpoint gets the request and gives the response, and nothing in between.

    FastAPI's dependencies and validation cost as much as half a read. What the routes declare here
    is for OpenAPI; the endpoints check themselves.
    """

    def __init__(self, path: str, endpoint: Callable[[Request], Any], **declared: Any) -> None:
        """Declare as any route does, and put the endpoint in the place of FastAPI's handler."""
        super().__init__(path, endpoint, **declared)
        self.app = _direct(endpoint)


def _direct(endpoint: Callable[[Request], Any]) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = await endpoint(Request(scope, receive))
        await response(scope, receive, send)

    return app


class Server:
    """One worker's clients and parts."""

    def __init__(self, settings: Settings) -> None:
        """Make them; where decisions can be logged, Redis is asked whether it keeps them.

        Raise StoreUnavailable for a URL that cannot be read, DecisionNotLogged for a spool that
        cannot be written, and for a Redis that does not keep decisions.
        """
        url, namespace = settings.redis_url, settings.namespace
        timeout = settings.redis_timeout or DEFAULT_TIMEOUT
        self.settings = settings
        self.metrics = Metrics()
        self.client = connect_async(url, timeout)
        self.reader = AsyncFeatureReader.from_url(
            url, namespace=namespace, timeout=settings.redis_timeout
        )
        self.log = DecisionLog(
            connect(url, timeout),
            namespace=namespace,
            spool=settings.spool,
            journal=settings.journal,
            log_key=settings.log_key,
            bound=settings.redis_timeout or BOUND,
        )
        if settings.receipt_secret is not None:
            self.log.check()
        self.readiness = Readiness(self.client, namespace, settings.api_keys.services)
        self.endpoints = Endpoints(
            reader=self.reader,
            log=self.log,
            api_keys=settings.api_keys,
            receipts=Receipts(
                settings.receipt_secret,
                namespace,
                settings.receipt_max_age,
                write_down=self.log.served,
            ),
            metrics=self.metrics,
        )

    @asynccontextmanager
    async def running(self, _: FastAPI) -> AsyncIterator[None]:
        """Close everything in the end; what waits in the spool is sent before, if it can be."""
        try:
            yield
        finally:
            await self.reader.close()
            await self.client.aclose()
            await run_in_threadpool(self.log.close)
            self.metrics.close()

    async def live(self, _: Request) -> Response:
        """Say that the process answers."""
        return response({"status": "alive"})

    async def ready(self, _: Request) -> Response:
        """Ask Redis now, and say whether reads can be served."""
        problem = await self.readiness.problem()
        if problem is None:
            return response({"status": "ready"})
        return told(503, "NotReady", problem)

    async def figures(self, _: Request) -> Response:
        """Give Prometheus its figures."""
        problem = await self.readiness.problem()
        self.metrics.state(ready=problem is None, spool_bytes=self.log.waiting_bytes)
        return Response(self.metrics.page(), media_type=_METRICS_TYPE)


def build_app(settings: Settings) -> FastAPI:
    """Return the application; raise StoreUnavailable and DecisionNotLogged as Server does."""
    server = Server(settings)
    app = FastAPI(
        title="Provender",
        summary="Features from the online store, and the decisions taken on them.",
        version="1",
        docs_url=None,  # they load scripts from elsewhere; the schema needs nobody
        redoc_url=None,
        redirect_slashes=False,
        lifespan=server.running,
    )
    app.router.route_class = DirectRoute
    _add_v1(app, server.endpoints)
    _add_state(app, server)
    app.add_exception_handler(HTTPException, _not_a_path)
    app.add_exception_handler(Exception, _not_foreseen)
    return app


def _add_v1(app: FastAPI, endpoints: Endpoints) -> None:
    service = {"name": "service", "in": "path", "required": True, "schema": {"type": "string"}}

    def add(path: str, endpoint: Callable[..., Any], body: type[BaseModel], **rest: Any) -> None:
        app.add_api_route(
            f"/v1{path}",
            endpoint,
            methods=["POST"],
            dependencies=[Depends(HTTPBearer())],  # for OpenAPI; the endpoints ask for the key
            responses=_errors(401, 403, 404, 413, 422, 500, 503),
            openapi_extra={
                "parameters": [service] if "{service}" in path else [],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": body.model_json_schema()}},
                },
            },
            **rest,
        )

    add(
        "/services/{service}/read",
        endpoints.read,
        schemas.ReadBody,
        response_model=schemas.ReadAnswer,
        operation_id="read",
    )
    add(
        "/services/{service}/read-many",
        endpoints.read_many,
        schemas.ReadManyBody,
        response_model=schemas.ReadManyAnswer,
        operation_id="read_many",
        description=f"At most {MAX_KEYS} sets of keys, in one round trip.",
    )
    add(
        "/decisions",
        endpoints.decide,
        schemas.DecisionBody,
        response_model=schemas.DecisionAnswer,
        operation_id="log_decision",
        status_code=201,
    )


def _add_state(app: FastAPI, server: Server) -> None:
    app.add_api_route("/livez", server.live, response_model=schemas.State)
    app.add_api_route("/readyz", server.ready, response_model=schemas.State, responses=_errors(503))
    app.add_api_route("/metrics", server.figures, include_in_schema=False)


def _errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": schemas.Error} for status in statuses}


async def _not_a_path(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        message = f"This path does not take {request.method}. See /openapi.json."
        return told(405, "MethodNotAllowed", message, error.headers)
    if error.status_code == 404:
        return told(404, "UnknownPath", "There is no such path. See /openapi.json.")
    return told(error.status_code, "Refused", f"{error.detail}.", error.headers)


async def _not_foreseen(_: Request, __: Exception) -> Response:
    return told(
        500,
        "InternalError",
        "The server failed in a way nobody foresaw. Its log has the traceback.",
    )
