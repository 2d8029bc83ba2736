"""The key of the decision log, and what is derived from it."""

import hmac
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any

from provender.errors import DecisionNotLogged
from provender.log_key import CHAIN, VARIABLE, LogKey, ValueHash
from provender_ops.console import tell
from provender_ops.errors import BadInput
from provender_ops.parquet_files import to_disk

MAC_BYTES = 16
MODULUS = 2**256


@dataclass(frozen=True, slots=True, repr=False)
class ChainKey:
    """Subkeys: of a row's mac, of a ledger entry's, and of the sum over a file's rows."""

    rows: bytes
    entries: bytes
    sums: bytes
    # the HMAC of a row, begun: begun anew for each it takes a quarter longer
    _inner: Any = field(init=False, compare=False)
    _outer: Any = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Begin the digests, as RFC 2104 has it."""
        block = self.rows.ljust(sha256().block_size, b"\0")
        object.__setattr__(self, "_inner", sha256(bytes(byte ^ 0x36 for byte in block)))
        object.__setattr__(self, "_outer", sha256(bytes(byte ^ 0x5C for byte in block)))

    @classmethod
    def of(cls, log_key: str) -> "ChainKey":
        """Derive them; raise BadInput for a key that is too short."""
        chain = _key(log_key).subkey(CHAIN)
        rows, entries, sums = (
            hmac.digest(chain, name, "sha256") for name in (b"row", b"entry", b"sum")
        )
        return cls(rows, entries, sums)

    @property
    def name(self) -> str:
        """Tells one key from another, and nothing about it."""
        return hmac.digest(self.entries, b"name", "sha256")[:8].hex()

    def row_mac(self, stream_id: bytes, record: bytes) -> str:
        """Return the keyed digest of an entry of the stream."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(stream_id + b"\0")
        inner.update(record)
        outer.update(inner.digest())
        return str(outer.hexdigest()[: 2 * MAC_BYTES])

    def entry_mac(self, text: bytes) -> str:
        """Return the keyed digest of an entry of the ledger."""
        return hmac.digest(self.entries, text, "sha256").hex()

    def add(self, total: int, macs: Iterable[str]) -> int:
        """Add rows to the keyed sum over a file's rows: the same rows in any order, one sum."""
        for mac in macs:
            digest = blake2b(mac.encode(), key=self.sums, digest_size=32).digest()
            total += int.from_bytes(digest)
        return total % MODULUS


def chain_key(root: Path, *, make: bool = True) -> ChainKey:
    """Return the key of the log's chain; see key_text()."""
    return ChainKey.of(key_text(root, make=make))


def value_hash(root: Path) -> ValueHash:
    """Return what hashes personal values as the log does; see key_text()."""
    return ValueHash(_key(key_text(root, make=False)))


def key_text(root: Path, *, make: bool = True) -> str:
    """Return the key of the environment, else that of the project's key file.

    `make` the file where there is none; else raise BadInput.
    """
    given = os.environ.get(VARIABLE)
    if given:
        return given
    path = root / ".provender" / "log_key"
    if not path.exists():
        if not make:
            raise BadInput(
                f"There is no key of the decision log: neither {VARIABLE} nor {path}."
                " Set the one that the log was written with."
            )
        _make(path)
    return path.read_text(encoding="ascii").strip()


def _key(text: str) -> LogKey:
    try:
        return LogKey(text)
    except DecisionNotLogged as error:
        raise BadInput(str(error)) from None


def _make(path: Path) -> None:
    """Make a key file, whole from the moment it has its name; one that is there stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    aside.unlink(missing_ok=True)
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_hex(32))
    to_disk(aside)
    try:
        os.link(aside, path)
    except FileExistsError:
        return
    finally:
        aside.unlink()
    to_disk(path.parent)
    tell(
        f"Made a key for the decision log's chain: {path}. Who can write it can rewrite the log"
        f" unnoticed: in production set {VARIABLE} and keep the key elsewhere."
    )
