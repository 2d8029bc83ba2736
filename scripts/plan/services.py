"""What changed of what a model service is served."""

from collections.abc import Iterator, Mapping

from provender_ops.definitions.declarations import Column, Declarations, Service
from provender_ops.plan.change import Change, named, of_service
from provender_ops.plan.rollouts import is_decided, rollout_changes
from provender_ops.plan.views import column_list, same_columns

Pair = tuple[str, str]  # view label, feature


def service_changes(old: Declarations, new: Declarations) -> Iterator[Change]:
    """Yield what changed of the feature services."""
    for name, service in old.services.items():
        if name not in new.services:
            why = "Who asks for it is told that there is no such service."
            yield of_service(service.name, "service removed", True, why, old=[*service.views])
    for name, service in new.services.items():
        if name not in old.services:
            yield of_service(
                service.name, "service added", False, "Nobody reads it yet.", new=[*service.views]
            )
        else:
            yield from _served(old.services[name], service)
            yield from rollout_changes(old.services[name], service)
            yield from _keys(old, new, name)
            yield from _promised(old.services[name], service)
            yield from _training(old.services[name], service)


def _by_name(service: Service) -> Mapping[str, Pair]:
    """Return what is served, by the name it is served under."""
    names = service.names or tuple(feature for _, feature in service.features)
    return dict(zip(names, service.features, strict=True))


def _served(old: Service, new: Service) -> Iterator[Change]:
    before, after = _by_name(old), _by_name(new)
    gone = [name for name in before if name not in after]
    come = [name for name in after if name not in before]
    other = {
        pair: name for name, pair in after.items() if name not in before
    }  # served before, under another name
    renamed = {name: other[before[name]] for name in gone if before[name] in other}
    for name, becomes in renamed.items():
        why = f"What was served as `{name}` is served as `{becomes}`: two features of one name."
        yield of_service(new.name, "served under another name", True, why, old=name, new=becomes)
    dropped = [name for name in gone if name not in renamed]
    if dropped:
        why = f"The model is not given {named(dropped)} any more."
        yield of_service(new.name, "features dropped", True, why, old=dropped)
    added = [name for name in come if name not in renamed.values()]
    if added:
        why = f"The model is given {named(added)} too."
        yield of_service(new.name, "features added", False, why, new=added)
    yield from _other_versions(old, new)
    both = before.keys() & after.keys()
    places = [[name for name in names if name in both] for names in (before, after)]
    moved = [(was, becomes) for was, becomes in zip(*places, strict=True) if was != becomes]
    if moved:
        why = "A model that takes the values by their place is given others."
        old_order, new_order = map(list, zip(*moved, strict=True))
        yield of_service(new.name, "features reordered", True, why, old=old_order, new=new_order)


def _other_versions(old: Service, new: Service) -> Iterator[Change]:
    """Yield the views that features come from now; a rollout that reached all has told of it."""
    before, after = _by_name(old), _by_name(new)
    moved: dict[tuple[str, str], list[str]] = {}
    for name, (label, _) in before.items():
        if name in after and after[name][0] != label:
            moved.setdefault((label, after[name][0]), []).append(name)
    for (was, becomes), names in moved.items():
        if is_decided(old, was, becomes):
            continue
        why = f"{named(names)} of {becomes} instead of {was}: the model was trained on the latter."
        hint = f"Serve {becomes} as a shadow first, and to a share of the requests then."
        yield of_service(
            new.name,
            "served from another view",
            True,
            why,
            old=was,
            new=becomes,
            hint=hint,
        )


def _keys(old: Declarations, new: Declarations, name: str) -> Iterator[Change]:
    before, after = _asked_by(old, name), _asked_by(new, name)
    if not same_columns(before, after):
        why = "Who asks with the old keys is refused: a read names exactly the keys of the service."
        yield of_service(
            new.services[name].name,
            "keys changed",
            True,
            why,
            old=column_list(before),
            new=column_list(after),
        )


def _asked_by(state: Declarations, service: str) -> list[Column]:
    """Return the keys that a read of a service names, in an order of their own."""
    views = (state.views.get(label) for label in state.services[service].views)
    keys = {key.name: Column(key.name, key.type) for view in views if view for key in view.keys}
    return [keys[name] for name in sorted(keys)]


def _promised(old: Service, new: Service) -> Iterator[Change]:
    was, becomes = old.latency_budget_ms, new.latency_budget_ms
    shown = {"old": _ms(was), "new": _ms(becomes)}
    if was != becomes and becomes is None:
        why = "Nobody is told any more that reads are slow."
        yield of_service(new.name, "latency_budget dropped", True, why, **shown)
    elif was is not None and becomes is not None and becomes > was:
        why = f"A read may take {_ms(becomes)} before it is given up, and before anybody is told."
        yield of_service(new.name, "latency_budget loosened", True, why, **shown)
    elif was != becomes:
        why = f"A read that takes longer than {_ms(becomes)} is given up: `unavailable`."
        yield of_service(new.name, "latency_budget tightened", False, why, **shown)
    if old.owner != new.owner:
        why = f"From now on {new.owner} answers for it."
        yield of_service(new.name, "owner changed", False, why, old=old.owner, new=new.owner)


def _ms(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else f"{milliseconds}ms"


def _training(old: Service, new: Service) -> Iterator[Change]:
    for version, was in old.training_sets.items():
        becomes = new.training_sets.get(version)
        if becomes is None:
            why = f"Nothing says any more what {version} was trained on: its drift is not watched."
            yield of_service(new.name, "training set dropped", True, why, old=[version, was])
        elif becomes != was:
            why = f"Drift of {version} is told against other data than it was trained on."
            yield of_service(
                new.name,
                "training set changed",
                True,
                why,
                old=[version, was],
                new=[version, becomes],
            )
    for version in new.training_sets:
        if version not in old.training_sets:
            why = f"Drift of {version} is watched."
            dataset = [version, new.training_sets[version]]
            yield of_service(new.name, "training set added", False, why, new=dataset)
