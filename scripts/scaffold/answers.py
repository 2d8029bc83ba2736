"""What the project itself answers, and what an answer has to fit."""

from collections.abc import Mapping, Sequence
from typing import Any

from provender.keys import nearest
from provender_ops.errors import BadInput
from provender_ops.project import settings
from provender_ops.scaffold.asking import Questions
from provender_ops.scaffold.checkout import Checkout, Node
from provender_ops.scaffold.expression import spelled, thing
from provender_ops.scaffold.names import check_name, seconds

_CADENCES = ("minutes", "hourly", "nightly")


def sources_of(checkout: Checkout) -> dict[str, Node]:
    """Return the models that hold versions of events, by name; raise BadInput where none does."""
    found = {node.name: node for node in checkout.with_versions()}
    if not found:
        raise BadInput(
            "No model here declares versions of events: columns occurred_at, known_from and"
            " known_until. Write one with provender.event_versions, and declare its columns."
        )
    return found


def cadence_of(checkout: Checkout, ask: Questions, given: str | None, nodes: Sequence[Node]) -> str:
    """Return the tag of a view: what is stored between source and view has to have it too."""
    ids = {i for node in nodes for i in (node.unique_id, *checkout.ancestors(node.unique_id))}
    stored = [node for key, node in sorted(checkout.nodes.items()) if key in ids and node.is_stored]
    known = dict.fromkeys([*(tag for view in checkout.views for tag in view.tags), *_CADENCES])
    fitting = [tag for tag in known if all(tag in node.tags for node in stored)]
    if given is None:
        return ask.choice("--cadence", None, fitting, "Which schedule builds it?")
    for node in stored:
        if given not in node.tags:
            raise BadInput(
                f"--cadence {given}: {node.name} is stored and lacks that tag, so the schedule"
                f" would not build it anew. It has: {', '.join(node.tags) or 'none'}. Take one of"
                " them, make it a view, or tag it."
            )
    schedules = settings(checkout.root).get("schedules") or {}
    named = {*schedules, *(tag for view in checkout.views for tag in view.tags)}
    if schedules and given not in named:
        raise BadInput(
            f"--cadence {given}: no schedule has that name, and no view that tag, so nothing would"
            f" build it.{nearest(given, named)} Schedules are: {', '.join(schedules)}. Declare"
            " another in `vars: provender: schedules:` of dbt_project.yml first."
        )
    return check_name("cadence", given)


def labels_of(checkout: Checkout) -> list[str]:
    """Return the views as name@version."""
    return [view.label for view in checkout.views]


def check_times(declared: Mapping[str, Any]) -> None:
    """Raise BadInput when a value would expire before it is late."""
    ttl, sla = declared.get("ttl"), declared.get("freshness_sla")
    if ttl and sla and seconds("--ttl", ttl) < seconds("--freshness-sla", sla):
        raise BadInput(
            f"--ttl {ttl} is below --freshness-sla {sla}: a value cannot expire before it is late."
            " Raise the one or lower the other."
        )


def view_words(entity: Node, source: Node, window: str) -> str:
    """Return what a view is, as far as that can be told."""
    words = thing(source).replace("_", " ")
    return (
        f"One row per living {entity.name.replace('_', ' ')}: {words} of the {spelled(window)} up"
        " to `as_of`, by what was known then."
    )
