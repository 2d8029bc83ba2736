"""The key of a decision log: personal values are logged as keyed hashes under it.

One key serves several purposes, each by a subkey of its own, so that none tells of another.
"""

import hmac
import os
from collections.abc import Mapping
from hashlib import sha256

from provender.errors import DecisionNotLogged

VARIABLE = "PROVENDER_LOG_KEY"
SHORTEST = 16  # characters
VALUES, CHAIN = b"provender pii 1", b"provender chain 1"


class LogKey:
    """A secret text; whoever audits needs the same."""

    def __init__(self, text: str) -> None:
        """Take the text; raise DecisionNotLogged when it is short enough to be guessed."""
        if len(text) < SHORTEST:
            raise DecisionNotLogged(
                f"The log key has {len(text)} characters, and one that is hard to guess has"
                f" {SHORTEST} or more. Make one with `openssl rand -hex 32`."
            )
        self._key = text.encode(errors="surrogateescape")

    @classmethod
    def find(
        cls, text: str | None = None, environment: Mapping[str, str] = os.environ
    ) -> "LogKey | None":
        """Return the key given, else that of PROVENDER_LOG_KEY, else None."""
        found = text if text is not None else environment.get(VARIABLE)
        return cls(found) if found else None

    def subkey(self, purpose: bytes) -> bytes:
        """Return the key for one purpose."""
        return hmac.digest(self._key, purpose, sha256)


class ValueHash:
    """Keyed hashes of values: equal for equal values under one key, and telling nothing else.

    `name` stands before each, and tells that key from another.
    """

    def __init__(self, key: LogKey) -> None:
        """Derive the subkey."""
        self._subkey = key.subkey(VALUES)
        self.name = self._digest("name")[:8]  # `name` is no JSON: it is no value's hash

    def __call__(self, text: str) -> str:
        """Return the name and the HMAC-SHA256, in hex, of a value's JSON text."""
        return f"{self.name}:{self._digest(text)}"

    def made(self, hashed: str) -> bool:
        """Return whether a hash is of this key; nothing can be said of another's."""
        return hashed.startswith(f"{self.name}:")

    def _digest(self, text: str) -> str:
        return hmac.digest(self._subkey, text.encode(), "sha256").hex()
