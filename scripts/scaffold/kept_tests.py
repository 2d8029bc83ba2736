"""The tests of a view that is there, added to its YAML."""

import yaml

from provender_ops.errors import BadInput
from provender_ops.scaffold.changes import Change, read_text
from provender_ops.scaffold.checkout import Checkout, Node
from provender_ops.scaffold.edges import LIFE_ENDS
from provender_ops.scaffold.generate import PROMISES, Generated, generate
from provender_ops.scaffold.subject import Named, Subject, subject_of
from provender_ops.scaffold.unit_tests import as_yaml, name_of_test
from provender_ops.scaffold.yaml_edit import add_item, without_items


def changes_of_tests(
    checkout: Checkout, view: Node, compiled: str, change: Change | None, *, anew: bool
) -> tuple[Change, Generated]:
    """Return the view's YAML with tests of its compiled SQL, and what they found; raise BadInput.

    `change` is what is added to that file already, for another version. With `anew` they take the
    place of those that were written before.
    """
    if view.yaml is None:
        raise BadInput(f"{view.label} is declared in no YAML. Declare it first.")
    entity = checkout.entity_of(view)
    keys = checkout.keys(entity)
    features = [column for column in view.columns if column not in keys and column != "as_of"]
    named = Named(view.name, view.version, entity, features)
    subject = subject_of(checkout, named, compiled)
    found = generate(subject)
    before = read_text(checkout.root, view.yaml)
    text = change.text if change else before
    if anew:
        ours = [name_of_test(subject, kind, None) for kind in PROMISES]
        text = without_items(text, "unit_tests", ours, str(view.yaml))
    text, added = with_tests(text, subject, found, None)
    both = f"{change.added}\n{added}" if change else added
    return Change(view.yaml, text, before, both), found


def with_tests(
    text: str, subject: Subject, found: Generated, feature: str | None
) -> tuple[str, str]:
    """Return YAML with these tests at its end, and what was added.

    Raise BadInput for a test that is there.
    """
    declared = yaml.safe_load(text) or {}  # a manifest parsed in part may still hold deleted tests
    known = {test.get("name") for test in declared.get("unit_tests") or ()}
    added = []
    for test in found.tests:
        if feature and test.kind == LIFE_ENDS:
            continue  # of the view's rows, whatever features they have
        name = name_of_test(subject, test.kind, feature)
        if name in known:
            raise BadInput(f"There is a unit test {name} already. With --anew it is written anew.")
        item = as_yaml(subject, test, feature)
        text = add_item(text, ["unit_tests"], item, f"The YAML of {subject.name}")
        added.append(item)
    return text, "\n".join(added)
