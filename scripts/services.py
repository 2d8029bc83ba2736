"""Feature services online: a record is written once all that it names can be read."""

from dataclasses import dataclass
from typing import Literal

from provender.errors import ProvenderError
from provender.keys import view_label
from provender.records import ServiceFeature, ServiceRecord
from provender.registry import Registry, service_field
from provender_ops.catalog import Catalog
from provender_ops.errors import Refused
from provender_ops.online_store import OnlineStore
from provender_ops.rollouts import agreed, rolled_back_of

TRIES = 5  # at writing what others write too
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
    """Write the services that changed; one that lacks a view online keeps its last good record.

    What was rolled back stays so, also by somebody at this very moment; see rollouts.py.
    """
    for _ in range(TRIES):
        registry = store.registry()
        judged = [_judge(service, registry, dry_run) for service in catalog.services()]
        due = [service for service, outcome in judged if outcome.status == "written"]
        if store.write_services(due, registry):
            return tuple(outcome for _, outcome in judged)
    raise Refused("The services were written by others again and again. Run `push-online` again.")


def _judge(
    declared: ServiceRecord, registry: Registry, dry_run: bool
) -> tuple[ServiceRecord, ServiceOutcome]:
    name = declared.service
    service, held = _agreed(declared, registry)
    if registry.raw.get(service_field(name)) == service.to_json().encode():
        return service, ServiceOutcome(name, "up to date")
    lacking = _lacking(service, registry)
    if lacking:
        held = f"{', '.join(lacking)} is not online"
    if held:
        return service, ServiceOutcome(name, "waiting", f"{held}; the last good record stays")
    return service, ServiceOutcome(name, "would write" if dry_run else "written")


def _agreed(declared: ServiceRecord, registry: Registry) -> tuple[ServiceRecord, str]:
    try:
        online = registry.service(declared.service)
    except ProvenderError:  # there is none yet, or it cannot be read: the new one mends it
        return declared, ""
    found = agreed(declared, rolled_back_of(online))
    return found.service, found.held


def _lacking(service: ServiceRecord, registry: Registry) -> list[str]:
    online = {
        (ref.view, ref.version): _features(registry, ref.view, ref.version) for ref in service.views
    }
    views = [view_label(*ref) for ref, features in online.items() if features is None]
    features = [
        f"{view_label(wanted.view, wanted.version)}.{wanted.feature}"
        for wanted in (*service.features, *_rolled(service))
        if wanted.feature not in (online.get((wanted.view, wanted.version)) or {wanted.feature})
    ]
    return views + features


def _features(registry: Registry, view: str, version: int) -> set[str] | None:
    try:
        return {column.name for column in registry.view(view, version).features}
    except ProvenderError:
        return None


def _rolled(service: ServiceRecord) -> list[ServiceFeature]:
    return [feature for each in service.rollouts for feature in each.features]
