"""The three verbs under /v1: read, read many, log a decision."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from time import perf_counter
from typing import Any

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from provender.async_reader import AsyncFeatureReader
from provender.decision_log import DecisionLog
from provender.errors import ProvenderError
from provender.features import ServedFeatures
from provender.http.answers import answer, notices, response
from provender.http.api_keys import ApiKeys, Caller
from provender.http.bodies import MAX_DEPTH, is_flat, json_object
from provender.http.failures import MalformedBody, NotBound, TooManyKeys, Unauthenticated, refusal
from provender.http.metrics import Metrics
from provender.http.python_keys import PythonKeys
from provender.http.receipts import Receipts
from provender.http.schemas import DecisionBody
from provender.instants import as_utc
from provender.records import ServiceRecord

MAX_KEYS = 500
MAX_NAMES, MAX_NAME = 32, 200
_BREATH = 20  # answers to make before other requests get their turn
_READ = ("keys", "receipt")
_DECISION = tuple(DecisionBody.model_fields)


class Call:
    """One request on its way: who asks, and for which service as far as that is known."""

    def __init__(self, request: Request) -> None:
        """Keep the request; nobody is let in yet."""
        self.request, self.service = request, ""


class Endpoints:
    """Answers requests with what reader and log say; raises nothing but what nobody foresaw."""

    def __init__(
        self,
        *,
        reader: AsyncFeatureReader,
        log: DecisionLog,
        api_keys: ApiKeys,
        receipts: Receipts,
        metrics: Metrics,
    ) -> None:
        """Keep the parts."""
        self._reader, self._log, self._python_keys = reader, log, PythonKeys()
        self._api_keys, self._receipts, self._metrics = api_keys, receipts, metrics

    async def read(self, request: Request) -> Response:
        """Read the features of a service for one set of keys."""
        return await self._answered("read", request, self._read)

    async def read_many(self, request: Request) -> Response:
        """Read the features of a service for several sets of keys, in one round trip."""
        return await self._answered("read-many", request, self._read_many)

    async def decide(self, request: Request) -> Response:
        """Log a decision on what a receipt says was served; it is durable once this answers."""
        return await self._answered("decisions", request, self._decide)

    async def _answered(
        self, endpoint: str, request: Request, work: Callable[[Call], Awaitable[Response]]
    ) -> Response:
        call, started, outcome = Call(request), perf_counter(), "InternalError"
        try:
            answered = await work(call)
            outcome = "ok"
        except ProvenderError as error:
            outcome = type(error).__name__
            answered = refusal(error)
        except asyncio.CancelledError:
            outcome = "Cancelled"
            raise
        finally:
            self._metrics.request(call.service, endpoint, outcome, perf_counter() - started)
        return answered

    async def _read(self, call: Call) -> Response:
        service, caller = call.request.path_params["service"], self._caller(call)
        self._let_in(call, caller, service)
        body = await json_object(call.request, _READ)
        wants_receipt = self._wants_receipt(body)
        record = await self._record(call, service)
        keys = self._python_keys.of(record, _keys(body.get("keys")))
        served = await self._reader.get(service, **keys)
        self._metrics.served([served])
        return response(self._told(served, caller, wants_receipt), headers=notices(record.views))

    async def _read_many(self, call: Call) -> Response:
        service, caller = call.request.path_params["service"], self._caller(call)
        self._let_in(call, caller, service)
        body = await json_object(call.request, _READ)
        wants_receipt, many = self._wants_receipt(body), _many(body.get("keys"))
        record = await self._record(call, service)
        keys = [self._python_keys.of(record, each) for each in many]
        batch = await self._reader.get_many(service, keys)
        self._metrics.served(batch)
        told = []
        for number, served in enumerate(batch, 1):
            told.append(self._told(served, caller, wants_receipt))
            if number % _BREATH == 0:
                await asyncio.sleep(0)  # other requests have their turn
        return response({"service": service, "results": told}, headers=notices(record.views))

    async def _decide(self, call: Call) -> Response:
        caller = self._caller(call)
        body = _decision(await json_object(call.request, _DECISION))
        served = self._receipts.take(body.receipt, caller.name)
        self._let_in(call, caller, served.service)
        call.service = served.service  # which a receipt of ours names
        identity = await run_in_threadpool(
            self._log.record_served,
            served,
            model_version=body.model_version,
            decision=body.decision,
            request=body.request,
            outside=body.outside,
            decision_id=body.decision_id,
            decided_at=_instant(body.decided_at),
        )
        return response({"decision_id": identity}, 201)

    def _caller(self, call: Call) -> Caller:
        caller = self._api_keys.caller(_authorization(call.request))
        if caller is None:
            raise Unauthenticated(
                "No API key of this server was sent."
                " Send one, as the header `Authorization: Bearer <key>`."
            )
        return caller

    def _let_in(self, call: Call, caller: Caller, service: str) -> None:
        """Raise NotBound, whether there is such a service or not."""
        if not caller.may_read(service):
            raise NotBound(
                f"API key {caller.name!r} is not bound to service {service!r}. Ask who runs this"
                " server to add it to the key's `services`, or correct the name."
            )
        if caller.services is not None:
            call.service = service

    async def _record(self, call: Call, service: str) -> ServiceRecord:
        record = await self._reader.service(service)
        # Names that nobody declared become no labels: each is kept for good.
        call.service = service
        return record

    def _wants_receipt(self, body: Mapping[str, Any]) -> bool:
        wanted = body.get("receipt", False)
        if not isinstance(wanted, bool):
            raise MalformedBody(
                "`receipt` is not true or false. Send one of them, or leave it out."
            )
        if wanted:
            self._receipts.check_on()
        return wanted

    def _told(self, served: ServedFeatures, caller: Caller, wants_receipt: bool) -> dict[str, Any]:
        told = answer(served)
        if wants_receipt:
            told["receipt"] = self._receipts.give(served, caller.name)
        return told


def _authorization(request: Request) -> str | None:
    """Return the header; looked up as bytes, since that is what each request pays for."""
    for name, value in request.scope["headers"]:
        if name == b"authorization":
            return str(value, "latin-1")
    return None


def _keys(keys: object) -> dict[str, object]:
    if not isinstance(keys, dict):
        raise MalformedBody('`keys` is not an object. Send {"keys": {"<name>": <value>}}.')
    # WrongKey tells each name that is wrong, with the nearest right one: that has to stay short.
    if len(keys) > MAX_NAMES or any(len(name) > MAX_NAME for name in keys):
        raise MalformedBody(
            f"`keys` has more than {MAX_NAMES} names, or one of more than {MAX_NAME} characters."
            " Send the service's entity keys."
        )
    return keys


def _many(many: object) -> list[dict[str, object]]:
    if not isinstance(many, list):
        raise MalformedBody('`keys` is not a list. Send {"keys": [{"<name>": <value>}]}.')
    if len(many) > MAX_KEYS:
        raise TooManyKeys(
            f"{len(many)} keys are asked for, and {MAX_KEYS} are read at once."
            " Send several requests."
        )
    return [_keys(keys) for keys in many]


def _decision(body: Mapping[str, Any]) -> DecisionBody:
    if not is_flat(body):
        raise MalformedBody(f"The body is nested deeper than {MAX_DEPTH}. Send it flatter.")
    try:
        return DecisionBody.model_validate(body)
    except ValidationError as error:
        told = "; ".join(
            f"`{'.'.join(map(str, each['loc']))}`: {each['msg']}"
            for each in error.errors(include_input=False, include_url=False)
        )
        raise MalformedBody(f"The decision cannot be read: {told}. Correct it.") from None


def _instant(text: str | None) -> datetime | None:
    try:
        return None if text is None else as_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise MalformedBody(
            '`decided_at` is not a time. Write it as "2026-03-02T08:00:00.000000Z".'
        ) from None
