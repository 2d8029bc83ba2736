"""The plan for programs."""

from typing import Any

from provender_ops.plan.planned import Plan, Planned


def as_json(plan: Plan) -> dict[str, Any]:
    """Return the plan; `online_keys` and `behind` are null where Redis was not asked."""
    return {
        "against": plan.against,
        "breaking": len(plan.breaking),
        "refused": plan.is_refused,
        "changes": [_change(each) for each in plan.changes],
        "violations": list(plan.violations),
        "stale_approvals": [
            {"change": each.change, "by": each.by, "where": each.where} for each in plan.stale
        ],
        "behind": None
        if plan.behind is None
        else [{"view": each.label, "how": each.how} for each in plan.behind],
    }


def _change(planned: Planned) -> dict[str, Any]:
    change, blast = planned.change, planned.blast
    return {
        "id": change.id,
        "subject": change.subject,
        "kind": change.kind,
        "verdict": change.verdict,
        "why": change.why,
        "old": change.old,
        "new": change.new,
        "causes": list(change.causes),
        "features": None
        if change.features is None
        else sorted(f"{label}.{name}" for label, name in change.features),
        "services": list(blast.services),
        "views": list(blast.views),
        "models": list(blast.models),
        "training_sets": list(blast.training_sets),
        "online_keys": blast.online_keys,
        "must_approve": list(blast.owners),
        "approved_by": [{"by": each.by, "reason": each.reason} for each in planned.approved],
        "not_approved_by": list(planned.missing),
        "blocks": planned.is_blocking,
        "hint": change.hint,
    }
