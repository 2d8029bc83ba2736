"""What the environment says; each problem is told, and all of them at once."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from provender.errors import ProvenderError
from provender.http.api_keys import ApiKeys, read_api_keys
from provender.http.failures import WrongSettings
from provender.keys import check_namespace
from provender.log_key import VARIABLE, LogKey

_DURATION = re.compile(r"([0-9]{1,9})(ms|s|m|h|d)")
_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_SECRET_BYTES = 32
NO_KEYS = "none"
_WORDS = {"true": True, "false": False}
T = TypeVar("T")


CANNOT_START = (ProvenderError,)


@dataclass(frozen=True)
class Settings:
    """One server. `receipt_secret` None: no receipts. `spool` None: no spool.

    `redis_timeout` is in seconds; None leaves the reader to each service's latency budget, and the
    log to its bound. `journal`: decisions go to the spool first.
    """

    redis_url: str
    namespace: str
    api_keys: ApiKeys
    spool: Path | None = None
    receipt_secret: bytes | None = None
    receipt_max_age: timedelta = timedelta(hours=1)
    redis_timeout: float | None = None
    journal: bool = False
    log_key: str | None = None


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings; raise WrongSettings."""
    reading = _Reading(environment)
    settings = Settings(
        redis_url=reading.needed("PROVENDER_REDIS_URL", "such as redis://localhost:6379", str),
        namespace=reading.needed("PROVENDER_NAMESPACE", "such as lender.prod", check_namespace),
        api_keys=reading.needed(
            "PROVENDER_API_KEYS",
            f"a TOML file of API keys, or `{NO_KEYS}` where something in front asks for them",
            _api_keys,
        ),
        spool=reading.given("PROVENDER_SPOOL", Path, None),
        receipt_secret=reading.given("PROVENDER_RECEIPT_SECRET", _secret, None),
        receipt_max_age=reading.given("PROVENDER_RECEIPT_MAX_AGE", _duration, timedelta(hours=1)),
        redis_timeout=reading.given(
            "PROVENDER_REDIS_TIMEOUT",
            lambda text: _duration(text).total_seconds(),
            None,
        ),
        journal=reading.given("PROVENDER_JOURNAL", _yes_or_no, False),
        log_key=reading.given(VARIABLE, _log_key, None),
    )
    if settings.journal and settings.spool is None:
        reading.problems.append("PROVENDER_JOURNAL needs a place. Set PROVENDER_SPOOL: a folder.")
    if reading.problems:
        raise WrongSettings("\n".join(reading.problems))
    return settings


class _Reading:
    """Reads one variable after the other, and collects what is wrong."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment, self.problems = environment, list[str]()

    def needed(self, name: str, what: str, read: Callable[[str], T]) -> T:
        """Return a variable that must be set."""
        if not self._environment.get(name):
            self.problems.append(f"{name} is not set. Set it: {what}.")
        return self.given(name, read, None)  # type: ignore[return-value]  # never used, if missing

    def given(self, name: str, read: Callable[[str], T], default: T) -> T:
        """Return a variable, or the default where it is not set, or empty."""
        text = self._environment.get(name)
        if not text:
            return default
        try:
            return read(text)
        except (ValueError, ProvenderError) as error:
            self.problems.append(f"{name}: {error}")
            return default


def _api_keys(text: str) -> ApiKeys:
    return ApiKeys(None) if text == NO_KEYS else read_api_keys(Path(text))


def _yes_or_no(text: str) -> bool:
    if text not in _WORDS:
        raise ValueError(f"{text!r} is neither true nor false. Write one of them.")
    return _WORDS[text]


def _log_key(text: str) -> str:
    LogKey(text)
    return text


def _secret(text: str) -> bytes:
    secret = text.encode()
    if len(secret) < _SECRET_BYTES:
        raise ValueError(
            f"it has {len(secret)} bytes, and one that cannot be guessed has {_SECRET_BYTES} or"
            " more. Make it with `openssl rand -hex 32`, the same for every worker."
        )
    return secret


def _duration(text: str) -> timedelta:
    found = _DURATION.fullmatch(text)
    if not found or int(found[1]) == 0:
        raise ValueError(f"{text!r} is not a duration. Write 500ms, 30s, 5m, 1h or 1d.")
    try:
        return int(found[1]) * _UNITS[found[2]]
    except OverflowError:
        raise ValueError(f"{text!r} is too long. Write 500ms, 30s, 5m, 1h or 1d.") from None
