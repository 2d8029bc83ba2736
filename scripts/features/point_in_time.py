"""Second question: what it knows at a moment, and whether it knows too much."""

import json
from collections.abc import Iterator

from sqlglot import exp

from provender_ops.catalog import Row
from provender_ops.definitions.declarations import Declarations, Service
from provender_ops.definitions.lineage import Origin
from provender_ops.definitions.parsed import parsed
from provender_ops.features.answers import Answer, Subject, answer, lines, seconds
from provender_ops.features.listed import origin_name, source_name
from provender_ops.standing import said_at


def answers(subject: Subject) -> list[Answer]:
    """Return what an as_of means for it, what of the past can be asked, and what labels say."""
    view = subject.view
    keys = ", ".join(key.name for key in view.keys)
    return [
        answer("One row per", f"{view.entity} ({keys}) alive at `as_of`, computed as of it"),
        _known_from(subject),
        lines("Looks back", _intervals(subject), "its SQL names no interval"),
        _past(subject),
        _late(subject),
        lines("Training sets", _training_sets(subject), "none was built with it"),
        lines("Labels", _labels(subject), "no service reads it"),
    ]


def _known_from(subject: Subject) -> Answer:
    declarations = subject.known.declarations
    above = declarations.ancestors(subject.view.unique_id)
    return lines(
        "A source row is known",
        (
            f"{source_name(one)}: {seconds(declarations.sources[one].settle_seconds)} after its"
            " load stamp"
            for one in above
            if one in declarations.sources
        ),
        "it has no source",
    )


def _intervals(subject: Subject) -> list[str]:
    model = subject.known.declarations.models.get(subject.view.unique_id)
    tree = parsed(model.sql) if model and model.sql else None
    if tree is None:
        return []
    named = {
        f"{one.this.name} {one.text('unit').lower()}".strip()
        for one in tree.find_all(exp.Interval)
        if one.this is not None
    }
    return [", ".join(sorted(named))] if named else []


def _past(subject: Subject) -> Answer:
    policies = subject.view.policies
    runs = subject.known.runs.get(subject.view.label, ())
    kept = policies["retention_seconds"]
    history = (
        f"history of {len(runs)} run{'s' if len(runs) != 1 else ''} since"
        f" {said_at(runs[0]['as_of'])}"
        if runs
        else "no history"
    )
    backfill = f"backfill: {policies['backfill'] or 'not declared'}"
    if policies["backfill_reason"]:
        backfill += f" ({policies['backfill_reason']})"
    return answer(
        "The past",
        f"{history}, kept {'for ever' if kept is None else seconds(kept)}",
        f"{backfill}, readable {seconds(policies['lag_seconds'])} after its as_of",
    )


def _late(subject: Subject) -> Answer:
    rows = subject.rows(subject.known.late_data)
    if not rows:
        return answer("Late data", "no run was computed again yet")
    wrong = [row for row in rows if row["is_different"]]
    runs = sorted({row["as_of"] for row in wrong})
    if not wrong:
        return answer("Late data", "each past run that was computed again gives its history")
    return answer(
        "Late data",
        f"{len(runs)} of its past runs would give another value today, the first of"
        f" {said_at(runs[0])}",
    )


def _training_sets(subject: Subject) -> Iterator[str]:
    for built in subject.known.training_sets:
        views = json.loads(built["options"] or "{}").get("views", ())
        if any(_holds(view, subject) for view in views):
            yield f"{built['training_set']}: {_built(built)}"


def _built(row: Row) -> str:
    return (
        f"{row['row_count']} rows, built {said_at(row['built_at'])} as of {said_at(row['as_of'])}"
    )


def _holds(view: Row, subject: Subject) -> bool:
    is_of = (view["view"], view["version"]) == (subject.view.name, subject.view.version)
    return is_of and any(feature.name in view["columns"] for feature in subject.features)


def _labels(subject: Subject) -> Iterator[str]:
    for service in subject.services:
        yield f"{service.name}: {_label_of(service, subject)}"


def _label_of(service: Service, subject: Subject) -> str:
    declared = service.meta.get("label")
    if not isinstance(declared, dict) or not {"model", "column"} <= declared.keys():
        return "declares no label, so that nobody can tell whether this follows from it"
    lineage, view = subject.known.lineage, subject.view
    model = _model_called(subject.known.declarations, str(declared["model"]))
    label = lineage.derived(model, str(declared["column"])).value if model else frozenset()
    name = f"label {declared['model']}.{declared['column']}"
    if not label:
        return f"{name}, which comes from no column that is known"
    shared: set[Origin] = set()
    for feature in subject.features:
        derived = lineage.derived(view.unique_id, feature.name)
        shared |= label & (derived.value | derived.conditions)
    if shared:
        return f"{name}; SHARES {', '.join(map(origin_name, sorted(shared)))} with it"
    return f"{name}; shares no source column with it"


def _model_called(declarations: Declarations, name: str) -> str | None:
    return next(
        (model.unique_id for model in declarations.models.values() if model.name == name), None
    )
