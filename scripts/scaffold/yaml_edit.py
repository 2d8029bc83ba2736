"""Adds items to lists in somebody's YAML and takes some out, and leaves every other byte as it is.

The place is where YAML's own parser says that a list or an item ends. The result is parsed again:
it has to hold what the file held, with that change and no other. So a file that is written in a way
that we do not expect is refused, never spoilt.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import yaml

from provender_ops.errors import BadInput
from provender_ops.scaffold.yaml_text import indented

Step = str | Mapping[str, Any]
"""A key of a mapping, or what identifies an item of a list, like {"name": "customer_spend"}."""


class CannotAddError(Exception):
    """A list that is not written line by line."""


def add_item(text: str, path: Sequence[Step], item: str, where: str) -> str:
    """Return YAML with an item (a block, `- ` at its margin) at the end of the list at `path`.

    The last keys of the path are added when they are not there. `where` names the file. Raise
    BadInput when it cannot be added without touching anything else.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.replace("\r\n", "\n")
    try:
        added = _added(lines, path, item)
        _check(lines, added, path, item)
    except (CannotAddError, yaml.YAMLError):
        raise BadInput(
            f"{where} is written in a way that nothing can be added to safely. Add this to"
            f" {' / '.join(map(_shown, path))} yourself:\n{item.rstrip()}"
        ) from None
    return added.replace("\n", newline)


def without_items(text: str, key: str, names: Collection[str], where: str) -> str:
    """Return YAML without the items of these names in the list of a key of the file; else BadInput.

    The key goes with the last of them.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.replace("\r\n", "\n")
    expected = yaml.safe_load(lines) or {}
    kept = [item for item in expected.get(key) or () if item.get("name") not in names]
    if len(kept) == len(expected.get(key) or ()):
        return text
    expected = {**expected, key: kept} if kept else {k: v for k, v in expected.items() if k != key}
    try:
        shorter = _without(lines, key, names, whole=not kept)
        if (yaml.safe_load(shorter) or {}) != expected:
            raise CannotAddError
    except (CannotAddError, yaml.YAMLError):
        raise BadInput(
            f"{where} is written in a way that nothing can be taken out of safely. Delete"
            f" {', '.join(names)} yourself."
        ) from None
    return shorter.replace("\n", newline)


def _without(text: str, key: str, names: Collection[str], *, whole: bool) -> str:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise CannotAddError
    (node,) = (value for k, value in root.value if k.value == key)
    lines = text.split("\n")
    gone: set[int] = set()
    for item in node.value:
        if any(k.value == "name" and value.value in names for k, value in item.value):
            end = _last_line(item, lines)
            gone |= set(range(item.start_mark.line, end + 1))
            gone |= {end + 1} if end + 1 < len(lines) and not lines[end + 1].strip() else set()
    if whole:
        (head,) = (k.start_mark.line for k, _ in root.value if k.value == key)
        gone.add(head)
    left = [line for number, line in enumerate(lines) if number not in gone]
    return "\n".join(left).rstrip("\n") + "\n"


def _added(text: str, path: Sequence[Step], item: str) -> str:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if root is None:
        return _appended(text, _nested(path, item))
    node, rest = _find(root, path)
    if not isinstance(node, yaml.CollectionNode) or node.flow_style:
        raise CannotAddError
    if isinstance(node, yaml.MappingNode):
        block = _nested(rest, item)
        margin = node.value[0][0].start_mark.column
    elif isinstance(node, yaml.SequenceNode) and not rest:
        block, margin = item, node.start_mark.column
    else:
        raise CannotAddError
    if node is root:
        return _appended(text, block)
    lines = text.split("\n")
    end = _last_line(node, lines) + 1
    blank = [""] if _stand_apart(node, lines, at_top=len(path) == 1) else []
    return "\n".join([*lines[:end], *blank, *indented(block, margin).split("\n"), *lines[end:]])


def _find(root: yaml.Node, path: Sequence[Step]) -> tuple[yaml.Node, Sequence[Step]]:
    """Follow the path as far as it goes; return where it ends, and what is left of it."""
    node = root
    for depth, step in enumerate(path):
        found = _child(node, step)
        if found is None:
            return node, path[depth:]
        node = found
    return node, ()


def _child(node: yaml.Node, step: Step) -> yaml.Node | None:
    if isinstance(step, str) and isinstance(node, yaml.MappingNode):
        values: dict[str, yaml.Node] = {key.value: value for key, value in node.value}
        return values.get(step)
    if isinstance(step, Mapping) and isinstance(node, yaml.SequenceNode):
        items: list[yaml.Node] = node.value
        for item in items:
            held = {key.value: _plain(value) for key, value in item.value}
            if all(held.get(key) == str(value) for key, value in step.items()):
                return item
    raise CannotAddError


def _plain(node: yaml.Node) -> Any:
    return node.value if isinstance(node, yaml.ScalarNode) else None


def _nested(path: Sequence[Step], item: str) -> str:
    """Return the item under the keys that are still to be written."""
    block = item.rstrip("\n")
    for step in reversed(path):
        if not isinstance(step, str):
            raise CannotAddError
        block = f"{step}:\n{indented(block, 2)}"
    return block


def _appended(text: str, block: str) -> str:
    body = text.rstrip("\n")
    return f"{body}\n\n{block}\n" if body else f"{block}\n"


def _last_line(node: yaml.Node, lines: Sequence[str]) -> int:
    """Return the number of the last line that belongs to a node: no comment, not blank."""
    line = node.end_mark.line
    if node.end_mark.column == 0 or not lines[line][: node.end_mark.column].strip():
        line -= 1
    while not lines[line].strip() or lines[line].lstrip().startswith("#"):
        line -= 1
    return line


def _stand_apart(node: yaml.Node, lines: Sequence[str], *, at_top: bool) -> bool:
    """Return whether a blank line stands between the items of a list; of one item, by its place."""
    if not isinstance(node, yaml.SequenceNode):
        return False
    if len(node.value) < 2:
        return at_top
    return not lines[_last_line(node.value[0], lines) + 1].strip()


def _check(before: str, after: str, path: Sequence[Step], item: str) -> None:
    """Raise CannotAddError unless the item is all that is new."""
    expected = yaml.safe_load(before) or {}
    target: Any = expected
    for depth, step in enumerate(path):
        if isinstance(step, str):
            last = depth == len(path) - 1
            target = target.setdefault(step, [] if last else {})
        else:
            target = next(i for i in target if all(i.get(k) == v for k, v in step.items()))
    target.extend(yaml.safe_load(item))
    if yaml.safe_load(after) != expected:
        raise CannotAddError


def _shown(step: Step) -> str:
    return step if isinstance(step, str) else ", ".join(str(value) for value in step.values())
