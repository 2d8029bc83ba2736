"""First question: what is computed, of what, and who answers for it."""

import json

from provender_ops.definitions.relations import Derived, Origins
from provender_ops.features.answers import Answer, Subject, answer, lines
from provender_ops.features.listed import origin_name, source_name
from provender_ops.standing import said_at


def answers(subject: Subject) -> list[Answer]:
    """Return what the SQL computes and reads, and whose it is."""
    view = subject.view
    return [
        *([_features(subject)] if subject.feature is None else [_type(subject)]),
        _definition(subject),
        *_origins(subject),
        answer("Owner", f"{view.owner or 'nobody'} (dbt group); access {view.access}"),
        _sources(subject),
        answer("Classification", _classified(subject)),
    ]


def _type(subject: Subject) -> Answer:
    return answer("Type", *(feature.type for feature in subject.features))


def _features(subject: Subject) -> Answer:
    return lines(
        "Features",
        (f"{one.name} {one.type}: {one.description}" for one in subject.features),
        "none",
    )


def _definition(subject: Subject) -> Answer:
    recorded = subject.rows(subject.known.definitions)
    if not recorded:
        return answer("Definition", f"{subject.view.unique_id}; never built")
    last = recorded[-1]
    return answer(
        "Definition",
        f"{subject.view.unique_id}, fingerprint {last['fingerprint']}, since"
        f" {said_at(last['recorded_at'])}",
        f"commit {last['git_commit']}",
    )


def _origins(subject: Subject) -> list[Answer]:
    lineage, view = subject.known.lineage, subject.view
    derived = {one.name: lineage.derived(view.unique_id, one.name) for one in subject.features}
    values = [_of(name, one, subject) for name, one in derived.items()]
    conditions: Origins = frozenset().union(*(one.conditions for one in derived.values()))
    unknown = sorted({why for one in derived.values() for why in one.unknown})
    return [
        lines("Value computed of", values, "nothing"),
        lines("Rows chosen by", [", ".join(map(origin_name, sorted(conditions)))], "nothing"),
        *([answer("Lineage cannot tell", *unknown)] if unknown else []),
    ]


def _of(name: str, derived: Derived, subject: Subject) -> str:
    columns = ", ".join(map(origin_name, sorted(derived.value)))
    told = columns or "how many rows there are, or whether there is one"
    return told if subject.feature else f"{name}: {told}"


def _sources(subject: Subject) -> Answer:
    declarations = subject.known.declarations
    above = declarations.ancestors(subject.view.unique_id)
    return lines(
        "Sources",
        (
            f"{source_name(one)}: {declarations.sources[one].owner or 'nobody answers for it'}"
            for one in above
            if one in declarations.sources
        ),
        "none",
    )


def _classified(subject: Subject) -> str:
    policies = subject.view.policies
    values = "the values themselves" if policies["log_values"] else "keyed hashes of the values"
    return f"{policies['classification']}; decisions are logged with {values}"


def declared_json(value: object) -> str:
    """Return a declared value as its YAML would have it."""
    return json.dumps(value, ensure_ascii=False)
