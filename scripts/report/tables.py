"""What tables and charts of the page are: text and drawings already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from markupsafe import Markup

Tone = Literal["", "bad", "warn", "ok", "quiet"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One value as it is shown; `tone` colours it."""

    text: str
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `columns` maps a key to its heading, `numbers` stand to the right."""

    name: str
    caption: str
    columns: Mapping[str, str]
    rows: Sequence[Mapping[str, Cell]]
    numbers: frozenset[str] = field(default_factory=frozenset)


def cells(**values: str | Cell) -> dict[str, Cell]:
    """Return a row."""
    return {name: v if isinstance(v, Cell) else Cell(v) for name, v in values.items()}


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with its heading and what it says in words."""

    svg: Markup
    title: str
    about: str
    badge: str = ""
    tone: Tone = ""
