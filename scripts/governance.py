"""What may be done with the values of a view, by its classification and its waivers."""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, Self, get_args

from provender_ops.errors import Refused

ALWAYS, NEVER, PRIVATE = "always", "never", "private"
Use = Literal["log", "push", "export"]


@dataclass(frozen=True, slots=True)
class Uses:
    """Of each use: always, never, private, or the last day (UTC) on which a waiver allows it.

    A view that is not declared any more may be used for nothing.
    """

    classification: str = "nothing"
    log: str = NEVER
    push: str = NEVER
    export: str = NEVER

    @classmethod
    def of(cls, classification: str, allowed: str) -> Self:
        """Read what the registry says; raise ValueError or TypeError when it is malformed."""
        record: dict[str, Any] = json.loads(allowed)
        return cls(classification, *(_said(record.get(use)) for use in get_args(Use)))

    def allow(self, use: Use, on: date) -> bool:
        """Return whether a use is allowed on a day."""
        said: str = getattr(self, use)
        return said == ALWAYS or (not self.are_closed(use) and on <= date.fromisoformat(said))

    def are_closed(self, use: Use) -> bool:
        """Return whether a use was never allowed: there is no waiver, not even one that ended."""
        return getattr(self, use) in (NEVER, PRIVATE)

    def refuse(self, use: Use, on: date, what: str) -> None:
        """Raise Refused, with what mends it, unless a use of `what` is allowed on a day."""
        if self.allow(use, on):
            return
        said: str = getattr(self, use)
        if said == PRIVATE:
            raise Refused(
                f"{what} is private: dbt lets no service read it, so it stays offline. Say"
                " `access: protected` if a service is to read it."
            )
        why = "and has no waiver" if said == NEVER else f"and its waiver ended with {said}"
        raise Refused(
            f"{what} is classified {self.classification}, {why}. Whoever may allow it adds"
            f" one to the view's YAML, `waivers: [{{use: {use}, until: …, reason: …}}]`."
        )


def _said(value: object) -> str:
    if value in (ALWAYS, NEVER, PRIVATE):
        return str(value)
    return date.fromisoformat(str(value)).isoformat()
