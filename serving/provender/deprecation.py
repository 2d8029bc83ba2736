"""What a service reads that is to be removed or was renamed, and who is told: a process, once."""

import warnings
from datetime import date

from provender.keys import view_label
from provender.records import ServiceRecord, ViewRef

_told: set[tuple[str, str]] = set()


class DeprecatedFeatures(FutureWarning):
    """A service reads what will not be there for ever.

    A FutureWarning, since Python shows a DeprecationWarning to nobody who runs a service.
    """


def warn_of_removals(service: ServiceRecord, today: date) -> None:
    """Warn of each view version that the service reads and whose notice has begun."""
    for ref in service.views:
        if ref.removed_on and ref.deprecated_from and ref.deprecated_from <= today.isoformat():
            label = view_label(ref.view, ref.version)
            when = _when(date.fromisoformat(ref.removed_on), today)
            _tell(
                (service.service, label),
                f"Service {service.service!r} reads {label}, which {when}."
                " Let its exposure name another version, build and push.",
            )


def warn_of_old_names(service: ServiceRecord) -> None:
    """Warn of each feature that the service lists by the name it had."""
    for each in service.features:
        if each.old_name == each.name:
            warn_of_old_name(service.service, each.name, each.feature)


def warn_of_old_name(service: str, old_name: str, name: str) -> None:
    """Warn that a service asks for a feature by the name it had."""
    _tell(
        (service, old_name),
        f"Service {service!r} reads {old_name!r}, which is called {name!r} now."
        " Use the new name: the old one is answered for a while only.",
    )


def _when(removed_on: date, today: date) -> str:
    days = (removed_on - today).days
    if days <= 0:
        return f"may be gone since {removed_on}"
    return f"may be gone from {removed_on} on, in {days} day{'s' if days > 1 else ''}"


def first_removal(views: tuple[ViewRef, ...]) -> tuple[date, date] | None:
    """Return (deprecated from, may be gone from) of the view that goes first, if any does."""
    days = [
        (date.fromisoformat(ref.removed_on), date.fromisoformat(ref.deprecated_from))
        for ref in views
        if ref.removed_on and ref.deprecated_from
    ]
    removed_on, deprecated_from = min(days, default=(None, None))
    return None if removed_on is None or deprecated_from is None else (deprecated_from, removed_on)


def _tell(what: tuple[str, str], message: str) -> None:
    if what not in _told:
        _told.add(what)
        warnings.warn(message, DeprecatedFeatures, stacklevel=3)
