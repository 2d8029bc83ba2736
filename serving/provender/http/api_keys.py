"""API keys, each bound to the feature services it may read.

`python -m provender.http.api_keys NAME SERVICE...` makes one. The file holds SHA-256 of the keys
and never a key: a key has 256 bits of chance, so nothing slower is needed, and each read pays for
it.
"""

import argparse
import json
import re
import secrets
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Any

from provender.http.failures import WrongApiKeys
from provender.keys import nearest

_MEMBERS = ("sha256", "services")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the name of an API key, and its services; None is all of them."""

    name: str
    services: frozenset[str] | None

    def may_read(self, service: str) -> bool:
        """Return whether the key is bound to the service."""
        return self.services is None or service in self.services


ANYONE = Caller("", None)


class ApiKeys:
    """The keys this server knows; None where it asks for none."""

    def __init__(self, callers: Mapping[bytes, Caller] | None) -> None:
        """Take SHA-256 digest -> who that is."""
        self._callers = None if callers is None else tuple(callers.items())
        bound = [caller.services or frozenset() for caller in (callers or {}).values()]
        self.services = frozenset[str]().union(*bound)

    def caller(self, authorization: str | None) -> Caller | None:
        """Return who sent this `Authorization` header, or None for nobody we know."""
        if self._callers is None:
            return ANYONE
        scheme, _, key = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        digest = sha256(key.strip().encode("latin-1", "replace")).digest()
        found = None
        for known, caller in self._callers:  # all of them: the time tells nothing
            if compare_digest(known, digest):
                found = caller
        return found


def read_api_keys(path: Path) -> ApiKeys:
    """Return the keys in a TOML file; raise WrongApiKeys with everything that is wrong in it."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WrongApiKeys(f"{path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise WrongApiKeys(f"{path} is not TOML: {error}.") from None
    problems = [problem for name, table in tables.items() for problem in _problems(name, table)]
    if not tables:
        problems = [
            "it has no API key. Make one: `python -m provender.http.api_keys NAME SERVICE`."
        ]
    digests = [table["sha256"] for table in tables.values()] if not problems else []
    if len(set(digests)) < len(digests):
        problems = ["two names have the same sha256. Make a key for each."]
    if problems:
        raise WrongApiKeys("\n".join(f"{path}: {problem}" for problem in problems))
    return ApiKeys(
        {
            bytes.fromhex(table["sha256"]): Caller(name, frozenset(table["services"]))
            for name, table in tables.items()
        }
    )


def _problems(name: str, table: Any) -> list[str]:
    if not isinstance(table, dict):
        return [f"{name!r} stands in no table. Write [name], then sha256 and services."]
    problems = [
        f"[{name}] has {extra!r}, which means nothing here.{nearest(extra, _MEMBERS)}"
        for extra in table
        if extra not in _MEMBERS
    ]
    digest, services = table.get("sha256"), table.get("services")
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        problems.append(f"[{name}] needs `sha256`: 64 hexadecimal digits, in lower case.")
    if not isinstance(services, list) or not services or not _are_names(services):
        problems.append(f'[{name}] needs `services`: a list of names, as in ["credit_risk"].')
    return problems


def _are_names(services: Sequence[Any]) -> bool:
    return all(isinstance(service, str) and service for service in services)


def entry(name: str, services: Sequence[str], key: str) -> str:
    """Return what to add to the file for a key."""
    title = name if _BARE.fullmatch(name) else json.dumps(name)
    digest = sha256(key.encode()).hexdigest()
    return f'[{title}]\nsha256 = "{digest}"\nservices = {json.dumps(list(services))}\n'


def main() -> None:
    """Make a key: what to add to the file goes to stdout, the key, this once, to stderr."""
    parser = argparse.ArgumentParser(
        prog="python -m provender.http.api_keys",
        description="Make an API key. stdout: what to add to the file that PROVENDER_API_KEYS"
        " names. stderr: the key; nothing keeps it.",
    )
    parser.add_argument("name", help="whose key it is")
    parser.add_argument("service", nargs="+", help="a feature service it may read")
    asked = parser.parse_args()
    key = f"pv_{secrets.token_urlsafe(32)}"
    print(f"The key, shown this once: {key}", file=sys.stderr)
    print(entry(asked.name, asked.service, key), end="")


if __name__ == "__main__":
    main()
