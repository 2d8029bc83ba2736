"""Fourth question: which version this is, who hangs on it, and what changed."""

import json
from collections.abc import Iterator

from provender_ops.features.answers import Answer, Subject, answer, lines
from provender_ops.standing import said_at


def answers(subject: Subject) -> list[Answer]:
    """Return its versions, its readers, its changes and the models trained on it."""
    view = subject.view
    ends = view.deprecation_date
    return [
        answer("Version", f"{view.version}{_rank(subject)}"),
        lines("Other versions", _others(subject), "none"),
        answer("Deprecated", f"from {said_at(ends)} on" if ends else "no date is declared"),
        lines("Read by", _readers(subject), "no declared service"),
        _last_read(subject),
        _changes(subject),
        lines("Models trained on it", _trained(subject), "no service names a training set of it"),
        *_approvals(subject),
    ]


def _rank(subject: Subject) -> str:
    versions = [
        view.version
        for view in subject.known.declarations.views.values()
        if view.name == subject.view.name
    ]
    if len(versions) == 1:
        return ", the only one"
    return ", the newest" if subject.view.version == max(versions) else ", not the newest"


def _others(subject: Subject) -> Iterator[str]:
    readers = subject.known.declarations.readers
    for label, view in sorted(subject.known.declarations.views.items()):
        if view.name == subject.view.name and label != subject.view.label:
            names = {feature.name for feature in view.features}
            lacks = [one.name for one in subject.features if one.name not in names]
            without = f"; has no {', '.join(lacks)}" if lacks else ""
            yield f"{label}: read by {', '.join(readers[label]) or 'no service'}{without}"


def _readers(subject: Subject) -> Iterator[str]:
    for service in subject.services:
        yield f"{service.name} (owner {service.owner or 'nobody'})"


def _last_read(subject: Subject) -> Answer:
    rows = subject.known.use.get(subject.view.label, ())
    last = max((row["last_read_at"] for row in rows if row["last_read_at"]), default=None)
    if last is None:
        return answer("Last read", "no landed decision read it, as far as the monitors looked")
    return answer("Last read", said_at(last))


def _changes(subject: Subject) -> Answer:
    recorded = subject.known.definitions.get(subject.view.label, ())
    if len(recorded) < 2:
        return answer("Definition changed", "never")
    dates = [said_at(row["recorded_at"]) for row in recorded[1:]]
    often = "once, at" if len(dates) == 1 else f"{len(dates)} times, last at"
    return answer("Definition changed", f"{often} {dates[-1]}")


def _trained(subject: Subject) -> Iterator[str]:
    """Say of each model version whether its training set was built before the last change."""
    recorded = subject.known.definitions.get(subject.view.label, ())
    changed = recorded[-1]["recorded_at"] if recorded else None
    built = {row["training_set"]: row for row in subject.known.training_sets}
    models = subject.known.declarations.models
    for service in subject.services:
        for model_version, unique_id in sorted(service.training_sets.items()):
            name = models[unique_id].name if unique_id in models else unique_id
            row = built.get(name)
            if row is None:
                said = "never built"
            else:
                said = f"built {said_at(row['built_at'])}"
                if changed and changed > row["built_at"]:
                    said += f", before the definition changed at {said_at(changed)}"
                if not _reads(row["options"], subject):
                    said += "; it does not hold this"
            yield f"{service.name} {model_version}: {name}, {said}"


def _reads(options: str | None, subject: Subject) -> bool:
    views = json.loads(options or "{}").get("views", [])
    own = (subject.view.name, subject.view.version)
    return any(
        (view["view"], view["version"]) == own
        and any(feature.name in view["columns"] for feature in subject.features)
        for view in views
    )


def _approvals(subject: Subject) -> list[Answer]:
    approvals = subject.view.meta.get("approvals") or []
    if not approvals:
        return []
    return [
        answer(
            "Approved changes",
            *(f"{one.get('change')} by {one.get('by')}: {one.get('reason')}" for one in approvals),
        )
    ]
