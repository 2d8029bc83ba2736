"""The plan: each change with its blast radius and its approvals."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from provender_ops.definitions.declarations import Declarations
from provender_ops.plan.approvals import Approval, approvals
from provender_ops.plan.blast import Blast, Radius
from provender_ops.plan.change import Change
from provender_ops.plan.compare import compare


@dataclass(frozen=True, slots=True)
class Planned:
    """A change, whom it reaches, who agreed, and which owners did not yet."""

    change: Change
    blast: Blast
    approved: tuple[Approval, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def is_blocking(self) -> bool:
        """Whether it breaks somebody who has not agreed; with no owner at all, too."""
        return self.change.is_breaking and (bool(self.missing) or not self.approved)


@dataclass(frozen=True, slots=True)
class Behind:
    """A view version online that is not what was last published, and how."""

    label: str
    how: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a checkout would change of what it is compared with (`against`, as a sentence has it).

    `violations` are the sentences of the contract check; `stale` are approvals of no change;
    `behind` is None where Redis was not asked.
    """

    against: str
    changes: tuple[Planned, ...]
    violations: tuple[str, ...] = ()
    stale: tuple[Approval, ...] = ()
    behind: tuple[Behind, ...] | None = None

    @property
    def breaking(self) -> tuple[Planned, ...]:
        """The changes that break somebody, approved or not."""
        return tuple(each for each in self.changes if each.change.is_breaking)

    @property
    def is_refused(self) -> bool:
        """Whether it may not ship as it is."""
        return bool(self.violations) or any(each.is_blocking for each in self.changes)


def make_plan(  # noqa: PLR0913 - keyword-only, each a part of the plan
    old: Declarations,
    new: Declarations,
    *,
    against: str,
    now: datetime,
    online: Mapping[str, int] | None = None,
    behind: tuple[Behind, ...] | None = None,
) -> Plan:
    """Return what `new` changes of `old`; `online` counts rows by view label."""
    radius = Radius(old, new, online)
    recorded = approvals(new)
    changes = tuple(_planned(each, radius, recorded) for each in compare(old, new, now))
    ids = {each.change.id for each in changes}
    leaving = old.views.keys() - new.views
    return Plan(
        against=against,
        changes=changes,
        violations=new.violations,
        stale=tuple(each for each in recorded if each.change not in ids),
        behind=behind and tuple(each for each in behind if each.label not in leaving),
    )


def _planned(change: Change, radius: Radius, recorded: list[Approval]) -> Planned:
    blast = radius.of(change)
    approved = tuple(each for each in recorded if each.change == change.id)
    missing = tuple(
        owner
        for owner in blast.owners
        if not any(radius.same_owner(owner, each.by) for each in approved)
    )
    return Planned(change, blast, approved, missing)
