"""What a table of the page is: columns, and rows of cells that are text already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

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
