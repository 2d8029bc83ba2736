"""Feature services online: a record is written once all that it names can be read."""

from dataclasses import dataclass
from typing import Literal

from provender.errors import ProvenderError
from provender.keys import view_label
from provender.records import ServiceRecord
from provender.registry import Registry, service_field
from provender_ops.catalog import Catalog
from provender_ops.online_store import OnlineStore

Status = Literal["written", "would write", "up to date", "waiting"]


@dataclass(frozen=True, slots=True)
class ServiceOutcome:
    """What became of one feature service."""

    service: str
    status: Status
    reason: str = ""


def push_services(
    catalog: Catalog, store: OnlineStore, dry_run: bool
) -> tuple[ServiceOutcome, ...]:
    """Write the services that changed; one that lacks a view online keeps its last good record."""
    registry = store.registry()
    judged = [(service, _judge(service, registry, dry_run)) for service in catalog.services()]
    store.write_services(service for service, outcome in judged if outcome.status == "written")
    return tuple(outcome for _, outcome in judged)


def _judge(service: ServiceRecord, registry: Registry, dry_run: bool) -> ServiceOutcome:
    raw = registry.raw.get(service_field(service.service))
    if raw == service.to_json().encode():
        return ServiceOutcome(service.service, "up to date")
    lacking = _lacking(service, registry)
    if lacking:
        reason = f"{', '.join(lacking)} is not online; the last good record stays"
        return ServiceOutcome(service.service, "waiting", reason)
    return ServiceOutcome(service.service, "would write" if dry_run else "written")


def _lacking(service: ServiceRecord, registry: Registry) -> list[str]:
    online = {
        (ref.view, ref.version): _features(registry, ref.view, ref.version) for ref in service.views
    }
    views = [view_label(*ref) for ref, features in online.items() if features is None]
    features = [
        f"{view_label(wanted.view, wanted.version)}.{wanted.feature}"
        for wanted in service.features
        if wanted.feature not in (online.get((wanted.view, wanted.version)) or {wanted.feature})
    ]
    return views + features


def _features(registry: Registry, view: str, version: int) -> set[str] | None:
    try:
        return {column.name for column in registry.view(view, version).features}
    except ProvenderError:
        return None
