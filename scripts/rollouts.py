"""What becomes of a rollout when it is rolled back, and of that when the project is pushed again.

The YAML is the truth of where a rollout should be; a rollback is the word of somebody at night that
it should not be there. So a push never undoes one: the version that was rolled back decides nothing
until the exposure has said `stage: shadow` and that was pushed; then the rollout may go up again.
Nor does a rollback go on in silence: `provender status` calls it trouble until the exposure agrees.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from provender.instants import from_us, to_text, to_us
from provender.keys import nearest, view_label
from provender.records import WHOLE, RolledBack, Rollout, ServiceRecord
from provender_ops.errors import Refused, UnknownSelection
from provender_ops.standing import Trouble


@dataclass(frozen=True, slots=True)
class Agreed:
    """A service as it is declared and as rollbacks have it; `held` says why it cannot be both."""

    service: ServiceRecord
    held: str = ""


def agreed(declared: ServiceRecord, rolled_back: Iterable[Rollout]) -> Agreed:
    """Return what may be online of a declared service, with what was rolled back before."""
    service, held = declared, []
    for old in rolled_back:
        new = _same(declared, old)
        if new is not None and new.stage != "shadow":
            service = _with(service, replace(stopped(new), rolled_back=old.rolled_back))
        elif new is None and _decides(declared, old.view, old.to_version):
            held.append(
                f"{view_label(old.view, old.to_version)} was rolled back {_at(old)}: declare the"
                " rollout again with `stage: shadow`, push, and go on from there"
            )
    return Agreed(service, "; ".join(held))


def rolled_back_of(online: ServiceRecord | None) -> list[Rollout]:
    """Return the rollouts of a service that were rolled back."""
    return [each for each in (online.rollouts if online else ()) if each.rolled_back]


def roll_back(service: ServiceRecord, view: str, at: datetime, reason: str) -> ServiceRecord:
    """Return a service whose rollout of a view decides nothing any more.

    Raise UnknownSelection when it has none, Refused when it decides nothing as it is.
    """
    named = {each.view: each for each in service.rollouts}
    if view not in named:
        under_way = ", ".join(map(told, service.rollouts)) or "none"
        raise UnknownSelection(
            f"Service {service.service!r} has no rollout of {view!r}.{nearest(view, named)}"
            f" Under way: {under_way}. Where a rollout is over, its exposure names the version."
        )
    rollout = named[view]
    if rollout.share_ppm == 0:
        why = f"was rolled back {_at(rollout)}" if rollout.rolled_back else "is a shadow"
        label = view_label(view, rollout.to_version)
        raise Refused(f"{label} {why}, and decides nothing for {service.service}.")
    note = RolledBack(to_us(at.replace(tzinfo=UTC)), rollout.stage, rollout.share_ppm, reason)
    return _with(service, replace(stopped(rollout), rolled_back=note))


def stopped(rollout: Rollout) -> Rollout:
    """Return a rollout that decides nothing; what it reads goes on being compared."""
    return replace(rollout, stage="shadow", share_ppm=0)


def told(rollout: Rollout) -> str:
    """Return where a rollout is, in a few words."""
    share = f" {100 * rollout.share_ppm / WHOLE:g} %" if 0 < rollout.share_ppm < WHOLE else ""
    back = f", rolled back {_at(rollout)}" if rollout.rolled_back else ""
    return (
        f"{view_label(rollout.view, rollout.from_version)} to @{rollout.to_version},"
        f" {rollout.stage}{share}{back}"
    )


def troubles(online: Iterable[ServiceRecord], declared: Iterable[ServiceRecord]) -> list[Trouble]:
    """Return the rollbacks that the exposures do not know of."""
    named = {service.service: service for service in declared}
    return [
        _trouble(service, each, named.get(service.service))
        for service in online
        for each in rolled_back_of(service)
    ]


def _trouble(service: ServiceRecord, rollout: Rollout, declared: ServiceRecord | None) -> Trouble:
    note = rollout.rolled_back
    assert note is not None
    new = _same(declared, rollout) if declared else None
    stage = f"`stage: {new.stage}`" if new else "otherwise"
    because = f" ({note.reason})" if note.reason else ""
    agrees = new is not None and new.stage == "shadow"
    todo = (
        "Run `push-online`: the exposure agrees by now."
        if agrees
        else "Declare `stage: shadow` in the exposure, or go back to"
        f" @{rollout.from_version} alone; build and push. Then it may go up again."
    )
    said = "" if agrees else f" The exposure says {stage}."
    return Trouble(
        monitor="rollouts",
        subject=service.service,
        finding=f"{view_label(rollout.view, rollout.to_version)} was rolled back{because}, and"
        f" @{rollout.from_version} decides.{said}",
        what_to_do=todo,
        owner=service.owner,
        since=from_us(note.at_us).replace(tzinfo=None),
    )


def _same(service: ServiceRecord, rollout: Rollout) -> Rollout | None:
    """Return the declared rollout between the same versions."""
    ends = (rollout.view, rollout.from_version, rollout.to_version)
    for each in service.rollouts:
        if (each.view, each.from_version, each.to_version) == ends:
            return each
    return None


def _decides(service: ServiceRecord, view: str, version: int) -> bool:
    own = [(each.view, each.version) for each in service.features]
    to = [(each.view, each.to_version) for each in service.rollouts if each.share_ppm]
    return (view, version) in [*own, *to]


def _with(service: ServiceRecord, rollout: Rollout) -> ServiceRecord:
    others = {each.view: each for each in service.rollouts}
    others[rollout.view] = rollout
    return replace(service, rollouts=tuple(others.values()))


def _at(rollout: Rollout) -> str:
    assert rollout.rolled_back is not None
    return f"at {to_text(from_us(rollout.rolled_back.at_us))}"
