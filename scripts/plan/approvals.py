"""Who agreed to a breaking change, as the YAML records it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provender_ops.definitions.declarations import Declarations


@dataclass(frozen=True, slots=True)
class Approval:
    """One entry of `approvals` in the YAML of a view or service; `where` it stands."""

    change: str
    by: str
    reason: str
    where: str


def approvals(state: Declarations) -> list[Approval]:
    """Return all that a state records.

    They count wherever they stand: what is removed has no YAML any more.
    """
    found: list[Approval] = []
    for label, view in sorted(state.views.items()):
        found += _read(view.meta, label)
    for name, service in sorted(state.services.items()):
        found += _read(service.meta, f"service {name}")
    return list({(each.change, each.by): each for each in reversed(found)}.values())[::-1]


def _read(meta: Mapping[str, Any], where: str) -> Iterator[Approval]:
    """Yield what is well-formed; the contract check tells of the rest."""
    declared = meta.get("approvals")
    for entry in declared if isinstance(declared, list) else ():
        if isinstance(entry, Mapping) and {"change", "by"} <= entry.keys():
            reason = str(entry.get("reason") or "")
            yield Approval(str(entry["change"]), str(entry["by"]), reason, where)
