"""YAML as people write it here: plain where it can be, one flow mapping a row, comments kept."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from textwrap import wrap
from typing import Any

import yaml

WIDTH = 110


def scalar(value: Any) -> str:
    """Return a value as it stands in a flow mapping."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return f'"{value}"' if value.time() != datetime.min.time() else str(value.date())
    if isinstance(value, int | Decimal | date):
        return str(value)
    if isinstance(value, float):
        return repr(value) if abs(value) < 1e15 else f'"{value!r}"'
    return text(str(value))


def text(value: str, around: str = "[{}]") -> str:
    """Return text plain where YAML reads it back as it is in this place, else in double quotes."""
    try:
        is_plain = yaml.safe_load(around.format(value)) in ([value], {"key": value})
    except yaml.YAMLError:
        is_plain = False
    is_plain = is_plain and "\n" not in value
    return value if is_plain and " #" not in value else json.dumps(value, ensure_ascii=False)


def flow(row: Mapping[str, Any]) -> str:
    """Return a mapping on one line."""
    return "{" + ", ".join(f"{name}: {scalar(value)}" for name, value in row.items()) + "}"


def flow_list(values: Sequence[Any]) -> str:
    """Return a list on one line."""
    return "[" + ", ".join(scalar(value) for value in values) + "]"


def described(words: str, indent: int) -> str:
    """Return `description:` with these words, folded where they are long."""
    space = " " * indent
    line = f"{space}description: {text(words, 'key: {}')}"
    if len(line) <= WIDTH:
        return line
    folded = wrap(words, WIDTH - indent - 2, break_long_words=False, break_on_hyphens=False)
    return "\n".join([f"{space}description: >", *(f"{space}  {part}" for part in folded)])


def indented(block: str, indent: int) -> str:
    """Return a block moved to the right; empty lines stay empty."""
    space = " " * indent
    return "\n".join(f"{space}{line}" if line else line for line in block.splitlines())
