"""The head of the ledger, `<sequence>:<mac>`: kept in Redis and wherever its keeper notes it.

A ledger alone cannot show that nothing was cut off its end; a head kept elsewhere can.
"""

import re
from dataclasses import dataclass
from typing import Self, cast

from provender.connection import Client, asking
from provender.keys import KeySpace
from provender_ops.decisions.ledger import Ledger
from provender_ops.decisions.state import State
from provender_ops.errors import BadInput

_TEXT = re.compile(r"([1-9]\d{0,15}):([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Head:
    """The number of an entry, and its mac."""

    sequence: int
    mac: str

    @classmethod
    def of(cls, text: str) -> Self:
        """Read a head; raise BadInput."""
        found = _TEXT.fullmatch(text.strip())
        if not found:
            raise BadInput(
                f"{text!r} is no head of a log. It looks like 17:ab12…, as `provender"
                " land-decisions` prints it."
            )
        return cls(int(found[1]), found[2])

    def __str__(self) -> str:
        """Return it as it is kept."""
        return f"{self.sequence}:{self.mac}"


def head_text(state: State) -> str:
    """Return the head of a ledger."""
    return f"{state.sequence}:{state.mac}"


def stored_head(client: Client, keys: KeySpace) -> str | None:
    """Return the head that Redis keeps, None when it has none; raise StoreUnavailable."""
    with asking("read the head of the ledger"):
        stored = cast("bytes | None", client.get(keys.log_head))
    return None if stored is None else stored.decode(errors="replace")


def told_by_head(ledger: Ledger, stored: str | None, moment: str) -> list[str]:
    """Open the ledger and return what is amiss with it by the head that Redis keeps.

    That is written into the ledger too: the head is about to move on, and then only the entry says
    so. Decisions land all the same.
    """
    head = _readable(stored)
    ledger.expect(head.sequence if head else 0)
    state = ledger.open(moment)
    if head is None:
        if state.sequence > 1:
            ledger.append("head", moment, found=stored)
        return []
    if state.mac_of(head.sequence) == head.mac:
        return []
    ledger.append("head", moment, found=stored)
    return [
        "The ledger of the landed decisions is not the one that Redis knows: entry"
        f" {head.sequence} is gone or another. Was the landing folder put back from a copy, or"
        " begun anew? `provender verify-log` says so from now on."
    ]


def _readable(stored: str | None) -> Head | None:
    try:
        return None if stored is None else Head.of(stored)
    except BadInput:
        return None
