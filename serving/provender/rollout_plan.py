"""How a service is read while a view of it is rolled out: both versions, and one of them decides.

Rows of both come with one question. Which version decides depends on the entity alone, so that a
customer stays on one side, and on a share that a push changes; what does not decide is the shadow.
Nothing that is wrong with the shadow keeps a decision from being made.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from typing import NamedTuple

from provender.encoding import Raws
from provender.errors import CorruptValue, UnknownFeature, UnknownName
from provender.features import KeptAnswers, ReadTime, ServedBatch, ServedFeatures
from provender.instants import to_us
from provender.keys import KeySpace, view_label
from provender.plan import ServicePlan
from provender.records import WHOLE, Rollout, ServiceFeature, ServiceRecord
from provender.registry import Registry
from provender.row_cache import CachedRow
from provender.served_record import DECIDES, SHADOW

Version = tuple[str, int]
Choice = tuple[bool, ...]  # for each rollout, whether the version that it leads to decides


def plan_of(keys: KeySpace, registry: Registry, service: ServiceRecord) -> ServicePlan:
    """Return the plan of a service; raise UnknownView or UnknownFeature for what is not online."""
    if not service.rollouts:
        return ServicePlan(keys, registry, service)
    return RolloutPlan(keys, registry, service)


def is_chosen(service: str, rollout: Rollout, entity: str) -> bool:
    """Return whether `to_version` decides for an entity, by its key as row keys have it.

    docs/formats.md has the formula: whoever reads in another language has to agree.
    """
    if rollout.share_ppm in (0, WHOLE):
        return rollout.share_ppm == WHOLE
    text = f"{service}:{rollout.view}@{rollout.to_version}:{entity}"
    number = int.from_bytes(sha256(text.encode()).digest()[:8], "big")
    return number % WHOLE < rollout.share_ppm


class _Side(NamedTuple):
    """What reads some of the views, and where their rows are among those of all."""

    plan: ServicePlan
    places: Sequence[int]

    def among(self, redis_keys: Sequence[str], raws: Raws | None) -> tuple[list[str], Raws | None]:
        return (
            [redis_keys[at] for at in self.places],
            None if raws is None else [raws[at] for at in self.places],
        )


class RolloutPlan(ServicePlan):
    """A service of which some views are rolled out."""

    def __init__(self, keys: KeySpace, registry: Registry, service: ServiceRecord) -> None:
        """Look up both versions; one that decides for nobody need not be online."""
        self._online = {
            ref for each in service.rollouts for ref in _readable(service, registry, each)
        }
        own = [each for each in service.features if not _rollout_of(service, each)]
        rolled = [
            feature
            for each in service.rollouts
            for ref, features in _versions(service, each)
            for feature in features
            if ref in self._online or _decides(each, ref)
        ]
        super().__init__(keys, registry, replace(service, features=(*own, *rolled)))
        self.service, self._keyspace = service, keys
        self._arms: dict[Choice, tuple[_Side, _Side | None]] = {}
        self._places = {(each.view, each.version): at for at, each in enumerate(self.records)}

    def serve(
        self,
        keys: Mapping[str, object],
        redis_keys: Sequence[str],
        raws: Raws | None,
        cached: Mapping[str, CachedRow],
        read: ReadTime,
    ) -> ServedFeatures:
        """Return what was served, with its shadow; raise as ServicePlan does of what decides."""
        decides, beside = self._arm(self._choice(redis_keys))
        served = decides.plan.serve(keys, *decides.among(redis_keys, raws), cached, read)
        if beside is not None:
            with suppress(CorruptValue):
                at_us = to_us(read.at)
                rows = beside.plan.rows_of(*beside.among(redis_keys, raws), cached, at_us)
                served.shadow = beside.plan.served(keys, rows, read)
                served.shadow.role = SHADOW
        return served

    def serve_many(
        self,
        many: Sequence[Mapping[str, object]],
        redis_keys: Sequence[str],
        raws: Raws | None,
        cached: Mapping[str, CachedRow],
        read: ReadTime,
    ) -> ServedBatch:
        """Return what serve() does for each of many keys."""
        width = len(self.records)
        served = []
        for number, keys in enumerate(many):
            own = slice(number * width, (number + 1) * width)
            rows = None if raws is None else raws[own]
            served.append(self.serve(keys, redis_keys[own], rows, cached, read))
        names = [feature.name for feature in self.service.features]
        return ServedBatch(names, KeptAnswers(served))

    def _choice(self, redis_keys: Sequence[str]) -> Choice:
        return tuple(
            is_chosen(self.service.service, each, self._entity(each, redis_keys))
            for each in self.service.rollouts
        )

    def _entity(self, rollout: Rollout, redis_keys: Sequence[str]) -> str:
        """Return the entity's key, which a row's key ends with, in braces."""
        place = self._places.get((rollout.view, rollout.to_version))
        return "" if place is None else redis_keys[place].partition("{")[2][:-1]

    def _arm(self, choice: Choice) -> tuple[_Side, _Side | None]:
        arm = self._arms.get(choice)
        if arm is None:
            shadows = [
                feature
                for each, is_to in zip(self.service.rollouts, choice, strict=True)
                for ref, features in _versions(self.service, each)
                for feature in features
                if ref in self._online and (ref[1] == each.from_version) is is_to
            ]
            decides = self._side(_deciding(self.service, choice), DECIDES)
            arm = self._arms[choice] = (decides, self._side(shadows, SHADOW) if shadows else None)
        return arm

    def _side(self, features: Sequence[ServiceFeature], role: str) -> _Side:
        narrowed = replace(self.service, features=tuple(features))
        plan = ServicePlan(self._keyspace, self.registry, narrowed, role)
        return _Side(plan, [self._places[each.view, each.version] for each in plan.records])


def _rollout_of(service: ServiceRecord, feature: ServiceFeature) -> Rollout | None:
    """Return the rollout that begins at the version of this feature's view."""
    for each in service.rollouts:
        if (each.view, each.from_version) == (feature.view, feature.version):
            return each
    return None


def _versions(
    service: ServiceRecord, rollout: Rollout
) -> list[tuple[Version, Sequence[ServiceFeature]]]:
    """Return both versions, each with the features that are read of it."""
    before = [each for each in service.features if _rollout_of(service, each) is rollout]
    return [
        ((rollout.view, rollout.from_version), before),
        ((rollout.view, rollout.to_version), rollout.features),
    ]


def _decides(rollout: Rollout, version: Version) -> bool:
    """Return whether a version decides for anybody."""
    return (
        rollout.share_ppm < WHOLE if version[1] == rollout.from_version else rollout.share_ppm > 0
    )


def _readable(service: ServiceRecord, registry: Registry, rollout: Rollout) -> list[Version]:
    """Return which of both versions are online with all that is read of them."""
    found = []
    for version, features in _versions(service, rollout):
        with suppress(UnknownName, CorruptValue):
            columns = {column.name for column in registry.view(*version).features}
            if columns.issuperset(each.feature for each in features):
                found.append(version)
    return found


def _deciding(service: ServiceRecord, choice: Choice) -> list[ServiceFeature]:
    """Return the features of the service, of the versions that decide; raise UnknownFeature."""
    chosen = dict(zip(service.rollouts, choice, strict=True))
    deciding = []
    for feature in service.features:
        rollout = _rollout_of(service, feature)
        if rollout is None or not chosen[rollout]:
            deciding.append(feature)
            continue
        same = [each for each in rollout.features if each.name == feature.name]
        if not same:
            raise UnknownFeature(
                f"{view_label(rollout.view, rollout.to_version)} has nothing that service"
                f" {service.service!r} calls {feature.name!r}. Run `dbt build` and `push-online`."
            )
        deciding += same
    return deciding
