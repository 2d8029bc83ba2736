"""What changed of a service's rollouts: which version of a view decides, and for how many."""

from collections.abc import Iterator

from provender.keys import view_label
from provender.records import WHOLE, Rollout
from provender_ops.definitions.declarations import Service
from provender_ops.plan.change import Change, of_service

Ends = tuple[str, str]  # labels: from which version, to which


def rollout_changes(old: Service, new: Service) -> Iterator[Change]:
    """Yield what changed of the rollouts of a service that both states have.

    Going up is breaking: the model decides on values that it was not trained on. Going back is not.
    """
    before, after = _by_ends(old), _by_ends(new)
    for ends, rollout in after.items():
        was = before.get(ends)
        if was is None or was.share_ppm != rollout.share_ppm or was.stage != rollout.stage:
            yield _moved(new, ends, was, rollout)
    for ends, rollout in before.items():
        if ends not in after:
            yield _ended(new, ends, rollout)


def is_decided(service: Service, was: str, becomes: str) -> bool:
    """Return whether a version of a view decides for all already, in a rollout from another."""
    rollout = _by_ends(service).get((was, becomes))
    return rollout is not None and rollout.share_ppm == WHOLE


def _by_ends(service: Service) -> dict[Ends, Rollout]:
    return {
        (view_label(each.view, each.from_version), view_label(each.view, each.to_version)): each
        for each in service.rollouts
    }


def _moved(service: Service, ends: Ends, was: Rollout | None, becomes: Rollout) -> Change:
    first, second = ends
    share = was.share_ppm if was else 0
    if becomes.share_ppm > share:
        kind = "rollout goes up"
        why = (
            f"{second} decides for {_percent(becomes.share_ppm)} of the entities instead of"
            f" {_percent(share)}: the model was trained on {first}."
        )
    elif becomes.share_ppm < share:
        kind = "rollout goes back"
        why = f"{first} decides again, but for {_percent(becomes.share_ppm)} of the entities."
    else:
        kind = "rollout begun" if was is None else "rollout of another stage"
        why = f"{second} decides for {_percent(share)} of the entities; who decides stays."
    return _of(service, kind, becomes.share_ppm > share, why, ends, was, becomes)


def _ended(service: Service, ends: Ends, was: Rollout) -> Change:
    first, second = ends
    if second in (label for label, _ in service.features):
        why = f"{second} is served alone, and {first} is no shadow any more."
        return _of(service, "rollout ended", False, why, ends, was, None)
    why = f"{first} decides for all, as it did for {_percent(WHOLE - was.share_ppm)}."
    return _of(service, "rollout withdrawn", False, why, ends, was, None)


def _of(  # noqa: PLR0913, PLR0917 - what a change is made of
    service: Service,
    kind: str,
    is_breaking: bool,
    why: str,
    ends: Ends,
    was: Rollout | None,
    becomes: Rollout | None,
) -> Change:
    old, new = was and _told(ends, was), becomes and _told(ends, becomes)
    return of_service(service.name, kind, is_breaking, why, old=old, new=new)


def _told(ends: Ends, rollout: Rollout) -> str:
    return f"{' to '.join(ends)}, {rollout.stage} {_percent(rollout.share_ppm)}"


def _percent(ppm: int) -> str:
    return f"{100 * ppm / WHOLE:g} %"
