"""dbt groups: who answers for what is new."""

from collections.abc import Mapping

from provender.keys import nearest
from provender_ops.errors import BadInput
from provender_ops.scaffold import style
from provender_ops.scaffold.asking import Questions
from provender_ops.scaffold.changes import Change
from provender_ops.scaffold.checkout import Checkout
from provender_ops.scaffold.names import check_name
from provender_ops.scaffold.service import added
from provender_ops.scaffold.yaml_text import text


def group_of(
    checkout: Checkout, ask: Questions, group: str | None, email: str | None
) -> tuple[str, list[Change]]:
    """Return the owner's group, and the file that declares it where it is new; raise BadInput.

    With an email a group that is not there is made.
    """
    known: Mapping[str, object] = checkout.groups
    if group in known or (group is None and known):
        return ask.choice("--group", group, known, "Which group answers for it?"), []
    name = ask.text("--group", group, "What is the group called that answers for it?")
    if known and email is None:
        raise BadInput(
            f"There is no group {name!r}.{nearest(name, known)} There are: {', '.join(known)}. With"
            " --owner-email it is made."
        )
    address = ask.text("--owner-email", email, f"What is the address of {name or 'that group'}?")
    if not name or not address:
        return "", []
    check_name("group", name)
    item = f"- name: {name}\n  owner:\n    name: {text(_title(name))}\n    email: {text(address)}"
    return name, [added(checkout, style.groups_file(checkout), ["groups"], item)]


def owner_of(
    checkout: Checkout, ask: Questions, group: str | None, email: str | None
) -> tuple[str, str]:
    """Return (name, email) of a service's owner: a group's, or the address that was given."""
    if group is None and email is not None:
        return "", email
    if not checkout.groups:
        return "", ask.text("--owner-email", email, "What is the address of its owner?")
    name = ask.choice("--group", group, checkout.groups, "Which group answers for it?")
    owner = (checkout.groups.get(name) or {}).get("owner") or {}
    return str(owner.get("name") or ""), email or str(owner.get("email") or "")


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()
