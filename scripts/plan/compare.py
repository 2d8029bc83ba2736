"""All that one state of definitions changes of another."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from provender_ops.definitions.declarations import Declarations, View
from provender_ops.plan import views
from provender_ops.plan.change import Change
from provender_ops.plan.computed import Computations
from provender_ops.plan.features import feature_changes
from provender_ops.plan.policies import policy_changes
from provender_ops.plan.services import service_changes
from provender_ops.plan.sources import entity_changes, moved_entities, source_changes


def compare(old: Declarations, new: Declarations, now: datetime) -> list[Change]:
    """Return each change, what breaks first; `now` (naive UTC) tells whose announced end came."""
    computed = Computations(old, new)
    found = [
        *_views(old, new, computed, now),
        *computed.changes(),
        *service_changes(old, new),
        *entity_changes(old, new),
        *source_changes(old, new),
    ]
    return sorted(found, key=lambda each: (not each.is_breaking, each.subject, each.kind, each.id))


def _views(
    old: Declarations, new: Declarations, computed: Computations, now: datetime
) -> Iterator[Change]:
    gone = [view for label, view in old.views.items() if label not in new.views]
    come = [view for label, view in new.views.items() if label not in old.views]
    renamed = {was.label: becomes for was, becomes in _renamed(gone, come, computed)}
    for view in gone:
        if view.label in renamed:
            yield views.renamed(view, renamed[view.label])
        else:
            yield views.removed(view, old, now)
    for view in come:
        if view not in renamed.values():
            yield views.added(view, old)
    moved = moved_entities(old, new)
    for label in old.views.keys() & new.views.keys():
        was, becomes = old.views[label], new.views[label]
        if views.is_unbuilt(was, old):
            yield views.unbuilt(becomes)
            continue
        yield from views.own_changes(was, becomes, moved)
        yield from policy_changes(was, becomes)
        yield from feature_changes(was, becomes, partial(computed.is_same_feature, label))


def _renamed(
    gone: list[View], come: list[View], computed: Computations
) -> Iterator[tuple[View, View]]:
    """Pair each view that went with one that came under another name, and is the same."""
    free = list(come)
    for view in gone:
        for other in free:
            if other.name != view.name and computed.is_same_view(view, other):
                yield view, other
                free.remove(other)
                break
