"""Fifth question: what is watched, and what was found."""

from collections.abc import Iterator

from provender_ops.features.answers import NEVER_WATCHED, Answer, Subject, answer, lines
from provender_ops.standing import said_at


def answers(subject: Subject) -> list[Answer]:
    """Return the tests on it, what the monitors found, and how its last build ended."""
    ran_at = subject.known.monitors_ran_at
    return [
        lines("Tests", _tests(subject), "none"),
        answer("Watched", f"at {said_at(ran_at)}" if ran_at else NEVER_WATCHED),
        lines("Nulls", _nulls(subject), "no run was looked at" if ran_at else NEVER_WATCHED),
        _pushes(subject),
        lines("Open alerts", _alerts(subject), "none"),
    ]


def _tests(subject: Subject) -> Iterator[str]:
    names = {feature.name for feature in subject.features}
    for row in subject.known.tests.get(subject.view.label, ()):
        if row["column_name"] is None or subject.feature is None or row["column_name"] in names:
            warns = ", warns only" if row["severity"] == "warn" else ""
            yield f"{row['test']} ({row['kind']}{warns})"


def _nulls(subject: Subject) -> Iterator[str]:
    for row in subject.rows(subject.known.null_ratios):
        name = "" if subject.feature else f"{row['feature']}: "
        share = row["null_ratio"] or 0
        yield f"{name}{share:.1%} of the run of {said_at(row['as_of'])}, {_bound(row)} allowed"


def _bound(row: dict[str, float]) -> str:
    return f"{row['max_null_ratio']:.0%}"


def _pushes(subject: Subject) -> Answer:
    rows = subject.known.pushes.get(subject.view.label, ())
    if not rows or rows[0]["last_pushed_at"] is None:
        return answer("Pushes", "none that has landed")
    row = rows[0]
    rate = row["success_rate_7d"]
    went_well = "" if rate is None else f"; {rate:.1%} of those in 7 days went well"
    return answer("Pushes", f"last {said_at(row['last_pushed_at'])}{went_well}")


def _alerts(subject: Subject) -> Iterator[str]:
    for trouble in subject.troubles():
        since = f" since {said_at(trouble.since)}" if trouble.since else ""
        what = f"{trouble.feature}: " if trouble.feature and not subject.feature else ""
        yield f"{trouble.monitor}: {what}{trouble.finding}{since}. To do: {trouble.what_to_do}"
