"""What changed of the view versions themselves: there or not, whose, for whom, how often."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from provender_ops.definitions.declarations import Column, Declarations, View
from provender_ops.plan.change import Change, named, same_type

ACCESS = {"private": 0, "protected": 1, "public": 2}
PERSONAL = ("pii", "pci")


def is_unbuilt(view: View, state: Declarations) -> bool:
    """Return whether a state declares a view that nobody has built there yet."""
    model = state.models.get(view.unique_id)
    return model is not None and model.sql is None


def unbuilt(view: View) -> Change:
    """Return the one thing to tell of a view that was not built before."""
    return _of(
        view, "not built yet", False, "It was declared before, and nobody has a value of it."
    )


def added(view: View, old: Declarations) -> Change:
    """Return the change that a view version is new."""
    versions = [other.label for other in old.views.values() if other.name == view.name]
    kind = "version added" if versions else "view added"
    why = f"It stands beside {named(versions)}." if versions else "Nobody reads it yet."
    return _of(view, kind, False, why)


def removed(view: View, old: Declarations, now: datetime) -> Change:
    """Return the change that a view version is gone; `now` is naive UTC."""
    if is_unbuilt(view, old) and not old.readers[view.label]:
        return _of(view, "view removed", False, "It was never built, and no service reads it.")
    announced = view.deprecation_date
    if announced is not None and announced <= now.date() and not old.readers[view.label]:
        why = f"Its end was announced for {announced:%Y-%m-%d}, and no service reads it."
        return _of(view, "view removed", False, why)
    why = "It is not computed any more; what is online of it only grows older."
    hint = (
        "Give it a deprecation_date, move its readers to another version, and remove it after that"
        " day."
    )
    return _of(view, "view removed", True, why, is_felt_downstream=True, hint=hint)


def renamed(old: View, new: View) -> Change:
    """Return the change that a view has another name, all else being equal."""
    why = (
        f"The same is {new.label} now: another history, which begins empty, and other keys online;"
        f" who reads {old.label} finds it no more."
    )
    hint = f"Let {old.label} stand beside it until nobody reads it."
    return _of(
        old,
        "view renamed",
        True,
        why,
        old=old.label,
        new=new.label,
        is_felt_downstream=True,
        hint=hint,
    )


def own_changes(old: View, new: View, moved_entities: Iterable[str]) -> Iterator[Change]:
    """Yield what changed of entity, keys, owner, access, tags, deprecation, tests and words.

    The keys of `moved_entities` changed, and say so themselves.
    """
    if old.entity != new.entity:
        yield _entity(old, new)
    elif new.entity not in moved_entities and not same_columns(old.keys, new.keys):
        yield _keys(old, new)
    if old.owner != new.owner:
        why = f"From now on {new.owner} answers for it."
        yield _of(new, "owner changed", False, why, old=old.owner, new=new.owner)
    if old.access != new.access:
        yield _access(old, new)
    yield from _tags(old, new)
    yield from _deprecation(old, new)
    yield from _tests(old, new)
    if old.description != new.description:
        yield _of(new, "documented", False, "Words only.")
    yield from _column_order(old, new)


def same_columns(left: Iterable[Column], right: Iterable[Column]) -> bool:
    """Return whether names, types and order are the same."""
    left, right = list(left), list(right)
    return len(left) == len(right) and all(
        a.name == b.name and same_type(a.type, b.type) for a, b in zip(left, right, strict=True)
    )


def column_list(columns: Iterable[Column]) -> list[str]:
    """Return columns as a change shows them."""
    return [f"{column.name} {column.type}" if column.type else column.name for column in columns]


def _of(view: View, kind: str, is_breaking: bool, why: str, **more: Any) -> Change:
    return Change(view.label, kind, is_breaking, why, views=(view.label,), **more)


def _entity(old: View, new: View) -> Change:
    why = "Its rows are about something else: other keys online, and a history that does not go on."
    hint = "A view of another entity is another view."
    return _of(
        new,
        "entity changed",
        True,
        why,
        old=old.entity,
        new=new.entity,
        is_felt_downstream=True,
        hint=hint,
    )


def _keys(old: View, new: View) -> Change:
    why = "Who asks by the old keys is refused, and history does not go on."
    return _of(
        new,
        "keys changed",
        True,
        why,
        old=column_list(old.keys),
        new=column_list(new.keys),
        is_felt_downstream=True,
        hint="Other keys make another entity, and another view.",
    )


def _access(old: View, new: View) -> Change:
    is_wider = ACCESS.get(new.access, 1) > ACCESS.get(old.access, 1)
    if not is_wider:
        why = (
            f"Other groups may not build on it any more: dbt refuses a ref to what is {new.access}."
        )
        return _of(new, "access narrowed", True, why, old=old.access, new=new.access)
    is_personal = new.policies.get("classification") in PERSONAL
    whose = f"and its values are {new.policies.get('classification')}" if is_personal else ""
    why = f"Other groups may build on it{', ' + whose if whose else ''}."
    return _of(new, "access widened", is_personal, why, old=old.access, new=new.access)


def _tags(old: View, new: View) -> Iterator[Change]:
    before, after = sorted(set(old.tags)), sorted(set(new.tags))
    gone = [tag for tag in before if tag not in after]
    if gone:
        why = f"What selects tag:{', tag:'.join(gone)} does not build, test or push it any more."
        yield _of(new, "tags dropped", True, why, old=before, new=after)
    elif before != after:
        yield _of(new, "tags added", False, "More schedules select it.", old=before, new=after)


def _deprecation(old: View, new: View) -> Iterator[Change]:
    was, becomes = old.deprecation_date, new.deprecation_date
    if was == becomes:
        return
    days: Mapping[str, Any] = {"old": _day(was), "new": _day(becomes)}
    if becomes is None:
        yield _of(new, "deprecation withdrawn", False, "It stays.", **days)
    elif was is None:
        why = f"It is to go after {_day(becomes)}; readers are warned."
        yield _of(new, "deprecated", False, why, **days)
    elif becomes < was:
        why = f"It goes on {_day(becomes)}, earlier than its readers were told."
        yield _of(new, "deprecation moved forward", True, why, **days)
    else:
        yield _of(new, "deprecation put off", False, "Its readers have longer.", **days)


def _tests(old: View, new: View) -> Iterator[Change]:
    gone, come = sorted(old.tests.keys() - new.tests), sorted(new.tests.keys() - old.tests)
    eased = sorted(
        name
        for name, severity in new.tests.items()
        if severity == "warn" and old.tests.get(name, "warn") != "warn"
    )
    if gone:
        why = f"Nothing checks {named(gone)} any more."
        yield _of(new, "tests dropped", False, why, old=gone)
    if eased:
        why = f"Where {named(eased)} fails, the build warns, and what it found is pushed."
        yield _of(new, "tests eased", False, why, old=eased)
    if come:
        yield _of(new, "tests added", False, f"The build checks {named(come)}.", new=come)


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _column_order(old: View, new: View) -> Iterator[Change]:
    before = [feature.name for feature in old.features]
    after = [feature.name for feature in new.features]
    common = [name for name in before if name in after]
    if common != [name for name in after if name in before]:
        why = "Readers get features by name. What a service is served is told of the service."
        yield _of(new, "features reordered", False, why, old=before, new=after)
