"""The plan for people at a terminal."""

from collections.abc import Iterator

from provender_ops.plan.change import Change, named, shown
from provender_ops.plan.planned import Plan, Planned

NOTHING = "nothing"


def lines(plan: Plan) -> Iterator[str]:
    """Yield the plan line by line."""
    yield headline(plan)
    for violation in plan.violations:
        yield ""
        yield f"contract violated: {violation}"
    for planned in plan.breaking:
        yield ""
        yield from _breaking(planned)
    for group in compatible(plan):
        yield ""
        yield from _compatible(group)
    yield from _hints(plan)
    if plan.behind is not None:
        yield ""
        yield from behind(plan)
    blocking = [each for each in plan.changes if each.is_blocking]
    if blocking:
        yield ""
        yield from todo(blocking[0])


def headline(plan: Plan) -> str:
    """Return the sum in a sentence."""
    breaking, others = len(plan.breaking), len(plan.changes) - len(plan.breaking)
    if not plan.changes:
        return f"This checkout changes nothing of {plan.against}."
    waiting = sum(each.is_blocking for each in plan.changes)
    agreed = f", {waiting} of them without approval" if waiting < breaking else ""
    broken = f"{_count(breaking, 'change')} break{'s' if breaking == 1 else ''} somebody{agreed}"
    rest = f"{_count(others, 'change')} {'is' if others == 1 else 'are'} compatible"
    return f"This checkout against {plan.against}: {broken}; {rest}."


def moved(change: Change) -> str:
    """Return old and new as `1h → 2h`; empty where the kind says it all, or they are hashes."""
    if change.kind in ("computed differently", "documented") or change.old == change.new:
        return ""
    sides = [_side(change.old), _side(change.new)]
    return " → ".join(sides) if None not in (change.old, change.new) else _one_side(change, sides)


def _one_side(change: Change, sides: list[str]) -> str:
    is_value = any(word in change.kind for word in ("dropped", "loosened", "tightened", "changed"))
    if is_value or (change.old is None and change.new is None):
        return " → ".join(sides)
    return sides[1] if change.old is None else sides[0]


def _side(value: object) -> str:
    if value is None:
        return NOTHING
    return ", ".join(map(shown, value)) if isinstance(value, list) else shown(value)


def reach(planned: Planned) -> str:
    """Return whom a change reaches, in a sentence."""
    blast, own = planned.blast, planned.change.views
    own_services = planned.change.services  # and that one
    told_views = [label for label in blast.views if (label,) != own]  # the subject says that one
    parts = [
        ("service", "services", [name for name in blast.services if name not in own_services]),
        ("view", "views", told_views),
        ("model", "models", blast.models),
        ("training set", "training sets", [_plain(each) for each in blast.training_sets]),
    ]
    told = [
        f"{singular if len(names) == 1 else plural} {', '.join(names)}"
        for singular, plural, names in parts
        if names
    ]
    if planned.change.views:
        known = blast.online_keys is not None
        told.append(
            f"{_count(blast.online_keys or 0, 'key')} online" if known else "keys online: unknown"
        )
    return "; ".join(told)


def _plain(unique_id: str) -> str:
    return ".".join(unique_id.split(".")[2:]) or unique_id


def agreement(planned: Planned) -> str:
    """Return who agreed and who has to."""
    agreed = [f"{each.by} ({each.reason})" for each in planned.approved]
    parts = [f"approved by {named(agreed)}"] if agreed else []
    if planned.missing:
        parts.append(f"not approved yet by {named(planned.missing)}")
    elif planned.is_blocking:
        parts.append("nobody owns it: name an owner")
    return "; ".join(parts)


def behind(plan: Plan) -> Iterator[str]:
    """Yield what is online and not what was published."""
    if not plan.behind:
        yield "Online is what was published."
        return
    yield "Online is not what was published:"
    for each in plan.behind:
        yield f"  {each.label}: {each.how}"


def todo(planned: Planned) -> Iterator[str]:
    """Yield what to do about changes that nobody approved, one as the example."""
    change = planned.change
    owner = (planned.missing or ("OWNER",))[0]
    yield "Put what breaks in a version beside the old one, or record in the YAML who agrees:"
    yield f"  approvals: [{{change: '{change.id}', by: {owner}, reason: …}}]"


def compatible(plan: Plan) -> list[list[Planned]]:
    """Return the changes that break nobody; those of one kind and reason are told together."""
    groups: dict[tuple[str, str], list[Planned]] = {}
    for planned in plan.changes:
        if not planned.change.is_breaking:
            said = (planned.change.kind, planned.change.why)
            groups.setdefault(said, []).append(planned)
    return list(groups.values())


def _breaking(planned: Planned) -> Iterator[str]:
    change = planned.change
    values = moved(change)
    told = f"{change.subject} {change.kind}{f': {values}' if values else ''}"
    yield f"breaking: {told}  [{change.id}]"
    yield f"  {change.why}"
    if told := reach(planned):
        yield f"  reaches {told}"
    yield f"  {agreement(planned)}"
    if change.hint and planned.is_blocking:
        yield f"  {change.hint}"


def _compatible(group: list[Planned]) -> Iterator[str]:
    first = group[0].change
    subjects = ", ".join(each.change.subject for each in group)
    values = moved(first) if len({moved(each.change) for each in group}) == 1 else ""
    yield f"compatible: {subjects} {first.kind}{f': {values}' if values else ''}"
    yield f"  {first.why}"


def _hints(plan: Plan) -> Iterator[str]:
    for approval in plan.stale:
        yield ""
        yield (
            f"hint: {approval.where} approves {approval.change} (by {approval.by}), and no change"
            " has that id any more. Remove it."
        )


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
