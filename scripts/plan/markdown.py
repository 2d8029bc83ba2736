"""The plan as a comment on a pull request."""

from collections.abc import Iterable, Iterator, Sequence

from provender_ops.plan.planned import Plan, Planned
from provender_ops.plan.text import agreement, behind, compatible, headline, moved, reach, todo

COLUMNS = ("change", "was → becomes", "why", "reaches", "approval", "id")


def markdown(plan: Plan) -> str:
    """Return the plan as GitHub and GitLab show it."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: Plan) -> Iterator[str]:
    yield "## provender plan"
    yield ""
    yield _escaped(headline(plan))
    if plan.violations:
        yield from ("", "### The contract is violated", "")
        yield from (f"- {_escaped(each)}" for each in plan.violations)
    if plan.breaking:
        yield from ("", "### Breaking", "")
        yield from _table(map(_row, plan.breaking), COLUMNS)
        blocking = [each for each in plan.breaking if each.is_blocking]
        if blocking:
            told, example = todo(blocking[0])
            yield from ("", told, "", "```yaml", example.strip(), "```")
    others = compatible(plan)
    if others:
        count = sum(map(len, others))
        yield from ("", f"<details><summary>{count} compatible</summary>", "")
        yield from _table(map(_together, others), COLUMNS[:3])
        yield from ("", "</details>")
    if plan.stale:
        yield from ("", "### Approvals of no change", "")
        yield from (
            f"- `{each.change}` by {_escaped(each.by)}, in {each.where}" for each in plan.stale
        )
    if plan.behind is not None:
        head, *rest = behind(plan)
        yield from (
            "",
            _escaped(head),
            *(["", *(f"- {_escaped(each.strip())}" for each in rest)] if rest else []),
        )


def _row(planned: Planned) -> Sequence[str]:
    change = planned.change
    return (
        f"**{_escaped(change.subject)}** {_escaped(change.kind)}",
        _escaped(moved(change)),
        _escaped(change.why),
        _escaped(reach(planned)),
        _escaped(agreement(planned)),
        f"`{change.id}`",
    )


def _together(group: Sequence[Planned]) -> Sequence[str]:
    first = group[0].change
    subjects = ", ".join(each.change.subject for each in group)
    values = {moved(each.change) for each in group}
    return (
        f"**{_escaped(subjects)}** {_escaped(first.kind)}",
        _escaped(values.pop() if len(values) == 1 else ""),
        _escaped(first.why),
    )


def _table(rows: Iterable[Sequence[str]], columns: Sequence[str]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{' --- |' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _escaped(text: str) -> str:
    """Return text that no Markdown of its own, or HTML, breaks the table with."""
    for character in "\\|<>*_`[]":
        text = text.replace(character, f"\\{character}")
    return text.replace("\n", " ")
