"""Third question: how old it may be, and what is offline beside what is online."""

from provender_ops.features.answers import Answer, Subject, answer, lines, seconds
from provender_ops.features.computation import declared_json
from provender_ops.standing import said, said_at


def answers(subject: Subject) -> list[Answer]:
    """Return what is declared of its age and absence, and where it stands on both sides."""
    view = subject.view
    return [
        answer("Computed", f"by the schedule of {', '.join(view.tags) or 'no tag'}"),
        answer("Fresh up to (SLA)", seconds(view.policies["freshness_sla_seconds"])),
        answer("Expires after (ttl)", seconds(view.policies["ttl_seconds"])),
        lines("When absent", _absence(subject), "no feature"),
        _offline(subject),
        _online(subject),
        _age(subject),
        _skew(subject),
    ]


def _absence(subject: Subject) -> list[str]:
    if subject.view.policies["otherwise"] == "fail":
        return ["an error online, null in training"]
    said_lines = []
    for feature in subject.features:
        default = declared_json(feature.default)
        null = ", also for a computed null" if feature.null_is == "default" else ""
        name = "" if subject.feature else f"{feature.name}: "
        said_lines.append(f"{name}{default}{null}")
    return said_lines


def _offline(subject: Subject) -> Answer:
    runs = subject.known.runs.get(subject.view.label, ())
    if not runs:
        return answer("Offline", "never built")
    last = runs[-1]
    return answer(
        "Offline",
        f"{last['history']}: last run of {said_at(last['as_of'])}, {last['row_count']} rows",
    )


def _online(subject: Subject) -> Answer:
    standing = subject.known.standings[subject.view.label]
    if standing.online_run is None:
        return answer("Online", f"not in {subject.known.namespace}, as far as pushes have landed")
    return answer(
        "Online",
        f"{subject.known.namespace}: readers get the run of {said_at(standing.online_run)}",
    )


def _age(subject: Subject) -> Answer:
    standing = subject.known.standings[subject.view.label]
    age = "" if standing.age is None else f", {said(standing.age)} old"
    return answer(f"At {said_at(subject.known.now)}", f"{standing.state}{age}")


def _skew(subject: Subject) -> Answer:
    found = [trouble.finding for trouble in subject.troubles("skew")]
    ran_at = subject.known.monitors_ran_at
    none = f"no open skew at {said_at(ran_at)}" if ran_at else "nobody looked for skew"
    return lines("Served is what history has", found, none)
