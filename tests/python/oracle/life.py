"""Who was alive: rule 4 of the design."""

from collections.abc import Callable, Hashable, Iterable
from datetime import datetime
from typing import Any

from oracle.versions import C, Version


def alive(
    versions: Iterable[Version[C]],
    key: Callable[[C], Hashable],
    lives: Callable[[C], bool | None],
    t: datetime,
) -> set[Any]:
    """Return the keys of which the latest event known at `t` means life; None means neither."""
    known: dict[Hashable, list[tuple[datetime, datetime, bool]]] = {}
    for version in versions:
        means = lives(version.content)
        if version.visible(t) and means is not None:
            said = (version.occurred_at, version.known_from, means)
            known.setdefault(key(version.content), []).append(said)
    return {of_key for of_key, events in known.items() if max(events)[2]}
