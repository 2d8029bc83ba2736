"""Bodies of requests: bounded in size and time, and JSON that is read exactly.

Python's own parser and not a faster one: it keeps integers of any size, where others make a float
of what does not fit 64 bits.
"""

import asyncio
import json
import math
from collections.abc import Sequence
from typing import Any, NoReturn

from starlette.requests import ClientDisconnect, Request

from provender.http.failures import BodyTooLarge, BodyTooSlow, MalformedBody
from provender.keys import nearest

MAX_BYTES = 1 << 20
MAX_SECONDS = 10.0
MAX_DEPTH = 64


async def json_object(request: Request, members: Sequence[str]) -> dict[str, Any]:
    """Return the body, an object with no other members than these.

    Raise BodyTooLarge, BodyTooSlow and MalformedBody.
    """
    body = _parsed(await _bytes(request))
    if not isinstance(body, dict):
        raise MalformedBody(f"The body is not a JSON object. Send one with {', '.join(members)}.")
    for name in body:
        if name not in members:
            raise MalformedBody(
                f"The body has {name[:80]!r}, which means nothing here.{nearest(name, members)}"
                f" It takes {', '.join(members)}."
            )
    return body


async def _bytes(request: Request) -> bytes:
    try:
        async with asyncio.timeout(MAX_SECONDS):
            return await _at_most(request, MAX_BYTES)
    except TimeoutError:
        raise BodyTooSlow(
            f"The body did not arrive within {MAX_SECONDS:g} s. Send it at once."
        ) from None
    except ClientDisconnect:
        raise MalformedBody("The connection ended before the body did. Send it again.") from None


async def _at_most(request: Request, limit: int) -> bytes:
    whole = b""
    async for chunk in request.stream():
        whole = whole + chunk if whole else chunk
        if len(whole) > limit:
            raise _too_large()
    return whole


def _too_large() -> BodyTooLarge:
    return BodyTooLarge(f"The body has more than {MAX_BYTES} bytes. Ask for fewer keys at once.")


def _parsed(raw: bytes) -> Any:
    try:
        text = raw.decode()
        value = _DECODER.decode(text)
        if "\\u" in text:  # half a surrogate pair can only be written so
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeDecodeError:
        raise MalformedBody("The body is not UTF-8. Send JSON in UTF-8.") from None
    except UnicodeEncodeError:
        raise MalformedBody("The body has half a surrogate pair. Send whole characters.") from None
    except json.JSONDecodeError as error:
        raise MalformedBody(
            f"The body is not JSON: {error.msg}, at character {error.pos}. Send a JSON object."
        ) from None
    except ValueError as error:
        raise MalformedBody(f"The body is not JSON that can be read exactly: {error}.") from None
    except RecursionError:
        raise MalformedBody("The body is nested too deeply. Send it flatter.") from None
    return value


def is_flat(value: object, depth: int = MAX_DEPTH) -> bool:
    """Return whether nothing is nested deeper than that."""
    if isinstance(value, dict):
        return depth > 0 and all(is_flat(each, depth - 1) for each in value.values())
    if isinstance(value, list):
        return depth > 0 and all(is_flat(each, depth - 1) for each in value)
    return True


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("an object has the same name twice")
    return members


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number is too large for a double")
    return number


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_each_once, parse_float=_finite, parse_constant=_no_constant
)
