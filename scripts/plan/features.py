"""What changed of the features of a view version."""

from collections.abc import Callable, Iterator
from typing import Any

from provender_ops.definitions.declarations import Feature, View
from provender_ops.plan.change import Change, same_type, shown

MAX_NULL_RATIO = 0.05  # what the monitors hold a feature to that declares none
SameFeature = Callable[[str, str], bool]  # whether an old feature is computed as a new one is


def feature_changes(old: View, new: View, is_same: SameFeature) -> Iterator[Change]:
    """Yield what was removed, renamed, added, and what is declared otherwise."""
    before = {feature.name: feature for feature in old.features}
    after = {feature.name: feature for feature in new.features}
    gone = [feature for name, feature in before.items() if name not in after]
    come = [feature for name, feature in after.items() if name not in before]
    renamed = dict(_renamed(gone, come, is_same))
    for feature in gone:
        yield (
            _renaming(new, feature, renamed[feature.name])
            if feature.name in renamed
            else (_removal(new, feature))
        )
    for feature in come:
        if feature.name not in renamed.values():
            yield _addition(new, feature)
    for name, feature in after.items():
        if name in before:
            yield from _declared(new, before[name], feature)


def _renamed(
    gone: list[Feature], come: list[Feature], is_same: SameFeature
) -> Iterator[tuple[str, str]]:
    """Pair each feature that went with one that came and has the same type and computation."""
    free = {feature.name: feature for feature in come}
    for feature in gone:
        for name, other in free.items():
            if same_type(feature.type, other.type) and is_same(feature.name, name):
                yield feature.name, name
                del free[name]
                break


def _of(view: View, feature: str, kind: str, is_breaking: bool, why: str, **more: Any) -> Change:
    return Change(
        subject=f"{view.label}.{feature}",
        kind=kind,
        is_breaking=is_breaking,
        why=why,
        views=(view.label,),
        features=frozenset({(view.label, feature)}),
        **more,
    )


def _removal(view: View, feature: Feature) -> Change:
    why = "Who reads it, or trained on it, finds it no more."
    hint = f"Leave it out in a new version, beside {view.label}; retire this when nobody reads it."
    return _of(
        view,
        feature.name,
        "feature removed",
        True,
        why,
        old=feature.type,
        is_felt_downstream=True,
        hint=hint,
    )


def _renaming(view: View, feature: Feature, name: str) -> Change:
    why = f"The same is computed as `{name}` now, and who reads `{feature.name}` finds it no more."
    hint = f"Let `{feature.name}` stay as an alias of `{name}` until nobody reads it."
    return _of(
        view,
        feature.name,
        "feature renamed",
        True,
        why,
        old=feature.name,
        new=name,
        is_felt_downstream=True,
        hint=hint,
    )


def _addition(view: View, feature: Feature) -> Change:
    why = (
        f"Until the next run is pushed it is not computed, and earlier runs never have it: its"
        f" default is {shown(feature.default)}."
    )
    return _of(view, feature.name, "feature added", False, why, new=feature.type)


def _declared(view: View, old: Feature, new: Feature) -> Iterator[Change]:
    """Yield what changed of one feature's own declaration."""
    name = new.name
    if not same_type(old.type, new.type):
        why = "History, training sets and models hold the old type; a build refuses the new one."
        hint = "A column of another type is a new version of the view."
        yield _of(
            view,
            name,
            "feature retyped",
            True,
            why,
            old=old.type,
            new=new.type,
            is_felt_downstream=True,
            hint=hint,
        )
    if old.default != new.default:
        why = "Readers and training sets get another value wherever there is none."
        yield _of(view, name, "default changed", True, why, old=old.default, new=new.default)
    if old.null_is != new.null_is:
        becomes = "its default" if new.null_is == "default" else "null"
        why = f"A computed null reaches models as {becomes}."
        yield _of(view, name, "null rule changed", True, why, old=old.null_is, new=new.null_is)
    yield from _bounds(view, old, new)
    if old.description != new.description:
        yield _of(view, name, "documented", False, "Words only.")


def _bounds(view: View, old: Feature, new: Feature) -> Iterator[Change]:
    ratios = _ratio(old), _ratio(new)
    if ratios[0] != ratios[1]:
        is_looser = ratios[1] > ratios[0]
        why = f"Nobody is told of nulls until they are more than {ratios[1]:.4g} of the rows."
        kind = f"max_null_ratio {'loosened' if is_looser else 'tightened'}"
        yield _of(view, new.name, kind, is_looser, why, old=ratios[0], new=ratios[1])
    tolerances = old.tolerance or 0, new.tolerance or 0
    if tolerances[0] != tolerances[1]:
        is_looser = tolerances[1] > tolerances[0]
        why = f"A value counts as rightly served when it is within {tolerances[1]:.4g} of history."
        kind = f"tolerance {'loosened' if is_looser else 'tightened'}"
        yield _of(view, new.name, kind, is_looser, why, old=tolerances[0], new=tolerances[1])


def _ratio(feature: Feature) -> float:
    return MAX_NULL_RATIO if feature.max_null_ratio is None else feature.max_null_ratio
