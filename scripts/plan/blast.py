"""Whom a change reaches: services, training sets, what is built on it, and who must agree."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from provender_ops.definitions.declarations import Declarations
from provender_ops.plan.change import Change


@dataclass(frozen=True, slots=True)
class Blast:
    """The blast radius of one change.

    `services` are names, `owners` the dbt groups and exposure owners who must approve it, `views`
    labels: those it changes, and those built on them where they feel it. `online_keys` counts the
    rows online of the views it changes; None where Redis could not be asked.
    """

    services: tuple[str, ...]
    owners: tuple[str, ...]
    training_sets: tuple[str, ...]
    views: tuple[str, ...]
    models: tuple[str, ...]
    online_keys: int | None


class Radius:
    """Works out blasts between two states; `online` counts rows by view label, None: not asked."""

    def __init__(
        self, old: Declarations, new: Declarations, online: Mapping[str, int] | None
    ) -> None:
        """Keep all; nothing is worked out yet."""
        self._states = (old, new)
        self._online = online
        self._new = new

    def of(self, change: Change) -> Blast:
        """Return whom a change reaches."""
        services = self._services(change)
        below = self._below(change)
        return Blast(
            services=services,
            owners=self._owners(change, services),
            training_sets=tuple(sorted(below & self._training_sets())) if change.views else (),
            views=tuple(sorted({*change.views, *self._views_in(below, change)})),
            models=self._models_in(below, change),
            online_keys=self._keys(change),
        )

    def same_owner(self, left: str, right: str) -> bool:
        """Return whether two names are of one owner: a dbt group, and its owner's name or email."""
        return bool(self._called(left) & self._called(right))

    def _called(self, owner: str) -> set[str]:
        names = {owner.casefold()}
        for state in self._states:
            for group, others in state.groups.items():
                known = {each.casefold() for each in (group, *others)}
                if owner.casefold() in known:
                    names |= known
        return names

    def _services(self, change: Change) -> tuple[str, ...]:
        found = set(change.services)
        for state in self._states:
            for name, service in state.services.items():
                if change.features is None:
                    is_read = bool({*change.views} & {*service.views})
                else:
                    is_read = bool(change.features & {*service.features})
                if is_read:
                    found.add(name)
        return tuple(sorted(found))

    def _owners(self, change: Change, services: Iterable[str]) -> tuple[str, ...]:
        """Return the owners of the views changed, then of the services reached, each once."""
        if not change.is_breaking:
            return ()
        owners: list[str] = []
        for state in self._states:
            found = [state.views[label].owner for label in change.views if label in state.views]
            found += [state.services[name].owner for name in services if name in state.services]
            owners += [self._group(owner) for owner in found if owner]
        return tuple(dict.fromkeys(owners))

    def _group(self, owner: str) -> str:
        """Return the dbt group that an owner is called by, or is; else the owner as written."""
        groups = (group for state in self._states for group in state.groups)
        return next((group for group in groups if self.same_owner(owner, group)), owner)

    def _below(self, change: Change) -> set[str]:
        """Return unique ids of what descends from the views of a change."""
        found = set()
        for state in self._states:
            changed = {
                state.views[label].unique_id for label in change.views if label in state.views
            }
            found |= {
                unique_id for unique_id in state.models if changed & {*state.ancestors(unique_id)}
            }
        return found

    def _training_sets(self) -> set[str]:
        return {
            unique_id
            for state in self._states
            for service in state.services.values()
            for unique_id in service.training_sets.values()
        }

    def _views_in(self, below: set[str], change: Change) -> Iterable[str]:
        if not change.is_felt_downstream:
            return ()
        views = (view for state in self._states for view in state.views.values())
        return (view.label for view in views if view.unique_id in below)

    def _models_in(self, below: set[str], change: Change) -> tuple[str, ...]:
        """Return names of other models: neither views, nor training sets, nor histories."""
        if not change.is_felt_downstream:
            return ()
        views = {view.unique_id for state in self._states for view in state.views.values()}
        others = {
            each
            for each in below - views - self._training_sets()
            if not each.startswith("snapshot.")
        }
        return tuple(
            sorted(
                {
                    state.models[each].name
                    for state in self._states
                    for each in others & {*state.models}
                }
            )
        )

    def _keys(self, change: Change) -> int | None:
        if self._online is None:
            return None
        return sum(self._online.get(label, 0) for label in change.views)
