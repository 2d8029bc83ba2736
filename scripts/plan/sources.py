"""What changed of sources and entities, which views are made of."""

from collections.abc import Iterator, Mapping
from typing import Any

from provender_ops.definitions.declarations import Declarations, Entity, Source
from provender_ops.plan.change import Change, duration, same_type
from provender_ops.plan.views import column_list, same_columns

PERIODS = {"minute": 60, "hour": 3_600, "day": 86_400}
LIMITS = ("warn_after", "error_after")


def source_changes(old: Declarations, new: Declarations) -> Iterator[Change]:
    """Yield what changed of the sources."""
    for unique_id, source in old.sources.items():
        fed = _fed_by(old, unique_id)
        if unique_id not in new.sources:
            why = "It is declared no more." + ("" if fed else " No view descended from it.")
            yield _of(source, "source removed", bool(fed), why, fed)
        else:
            changed = new.sources[unique_id]
            both = tuple(sorted({*fed, *_fed_by(new, unique_id)}))
            yield from _table(source, changed, both)
            yield from _columns(source, changed, both)
            yield from _promised(source, changed, both)
    for unique_id, source in new.sources.items():
        if unique_id not in old.sources:
            yield _of(source, "source added", False, "No view was made of it before.", ())


def entity_changes(old: Declarations, new: Declarations) -> Iterator[Change]:
    """Yield what changed of the entities; how they are computed is told elsewhere."""
    for name, entity in old.entities.items():
        views = tuple(sorted(view.label for view in old.views.values() if view.entity == name))
        if name not in new.entities:
            why = "Nothing says any more which of them live."
            yield _about(entity, "entity removed", bool(views), why, views)
        elif not same_columns(entity.keys, new.entities[name].keys):
            why = "Who asks by the old keys is refused, and no history of its views goes on."
            yield _about(
                entity,
                "keys changed",
                True,
                why,
                views,
                old=column_list(entity.keys),
                new=column_list(new.entities[name].keys),
            )
    for name, entity in new.entities.items():
        if name not in old.entities:
            yield _about(entity, "entity added", False, "No view was about it before.", ())


def moved_entities(old: Declarations, new: Declarations) -> frozenset[str]:
    """Return the names of those whose keys changed."""
    return frozenset(
        name
        for name, entity in old.entities.items()
        if name in new.entities and not same_columns(entity.keys, new.entities[name].keys)
    )


def source_name(unique_id: str) -> str:
    """Return a source as people name it: `lender.card_payments`."""
    return ".".join(unique_id.split(".")[2:]) or unique_id


def _fed_by(state: Declarations, unique_id: str) -> tuple[str, ...]:
    """Return the labels of the views that descend from a source."""
    return tuple(
        sorted(
            label
            for label, view in state.views.items()
            if unique_id in state.ancestors(view.unique_id)
        )
    )


def _of(
    source: Source, kind: str, is_breaking: bool, why: str, views: tuple[str, ...], **more: Any
) -> Change:
    return Change(
        subject=f"source {source_name(source.unique_id)}",
        kind=kind,
        is_breaking=is_breaking,
        why=why,
        views=views,
        is_felt_downstream=is_breaking,
        **more,
    )


def _about(
    entity: Entity, kind: str, is_breaking: bool, why: str, views: tuple[str, ...], **more: Any
) -> Change:
    return Change(
        subject=f"entity {entity.name}",
        kind=kind,
        is_breaking=is_breaking,
        why=why,
        views=views,
        is_felt_downstream=is_breaking,
        **more,
    )


def _table(old: Source, new: Source, fed: tuple[str, ...]) -> Iterator[Change]:
    """Yield that another table is read; database and schema are the target's."""
    was, becomes = _identifier(old), _identifier(new)
    if was != becomes and None not in (was, becomes):
        why = "What is made of it is made of the rows of another table."
        yield _of(new, "source table changed", bool(fed), why, fed, old=was, new=becomes)


def _identifier(source: Source) -> str | None:
    """Return the last part of the relation; None of a call, whose paths are the machine's."""
    relation = source.relation
    if relation is None or "(" in relation or "'" in relation:
        return None
    return relation.rpartition(".")[2].strip('"')


def _columns(old: Source, new: Source, fed: tuple[str, ...]) -> Iterator[Change]:
    before = {column.name: column.type for column in old.columns}
    after = {column.name: column.type for column in new.columns}
    for name, was in before.items():
        if name not in after:
            why = "What is made of it cannot be computed, or not as before."
            yield _of(new, "source column dropped", bool(fed), why, fed, old=[name, was])
        elif not same_type(was, after[name]) and was is not None:
            why = "What is made of it may compute otherwise, or not at all."
            types = {"old": [name, was], "new": [name, after[name]]}
            yield _of(new, "source column retyped", bool(fed), why, fed, **types)
    for name, becomes in after.items():
        if name not in before:
            column = [name, becomes]
            yield _of(new, "source column added", False, "Nothing was made of it.", fed, new=column)


def _promised(old: Source, new: Source, fed: tuple[str, ...]) -> Iterator[Change]:
    was, becomes = old.settle_seconds, new.settle_seconds
    settle = {"old": duration(was), "new": duration(becomes)}
    if was != becomes and (becomes is None or (was is not None and becomes < was)):
        why = (
            "Rows count as known before they were readable: the past sees what it did not know."
            if becomes is not None
            else "Nothing says when a row was readable."
        )
        kind = "settle dropped" if becomes is None else "settle shortened"
        yield _of(new, kind, True, why, fed, **settle)
    elif was != becomes:
        why = "Rows count as known later; what that changes is told of the views."
        yield _of(new, "settle lengthened", False, why, fed, **settle)
    for limit in LIMITS:
        yield from _freshness(limit, old, new, fed)
    if old.owner != new.owner:
        kind, why = "owner changed", f"From now on {new.owner or 'nobody'} answers for it."
        is_lost = new.owner is None
        yield _of(new, kind, is_lost, why, fed, old=old.owner, new=new.owner)


def _freshness(limit: str, old: Source, new: Source, fed: tuple[str, ...]) -> Iterator[Change]:
    was, becomes = _seconds(old.freshness, limit), _seconds(new.freshness, limit)
    shown = {"old": duration(was), "new": duration(becomes)}
    if was == becomes:
        return
    if becomes is None:
        why = "Nobody is told any more that its rows do not come."
        yield _of(new, f"freshness {limit} dropped", True, why, fed, **shown)
    elif was is not None and becomes > was:
        why = f"Its rows may be late by {duration(becomes)} before anybody is told."
        yield _of(new, f"freshness {limit} loosened", True, why, fed, **shown)
    else:
        why = f"Its rows are late after {duration(becomes)}."
        yield _of(new, f"freshness {limit} tightened", False, why, fed, **shown)


def _seconds(freshness: Mapping[str, Any], limit: str) -> int | None:
    """Return one limit of dbt's freshness in seconds."""
    declared = freshness.get(limit) or {}
    count, period = declared.get("count"), declared.get("period")
    return None if count is None else int(count) * PERIODS.get(str(period), 1)
