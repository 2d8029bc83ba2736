"""A contract card as text, Markdown and JSON."""

import textwrap
from collections.abc import Iterator
from typing import Any

from provender_ops.features.card import Card

_WIDTH = 100
_LABEL = 28


def as_text(card: Card) -> str:
    """Return a card for a terminal."""
    return "\n".join(_text_lines(card))


def as_markdown(card: Card, level: int = 2) -> str:
    """Return a card for a page, its definition at the end; `level` is that of its heading."""
    return "\n".join(_markdown_lines(card, "#" * level)) + "\n"


def as_json(card: Card) -> dict[str, Any]:
    """Return a card for a program."""
    return {
        "name": card.name,
        "about": card.about,
        "questions": [
            {
                "question": part.question,
                "answers": {one.what: list(one.says) for one in part.answers},
            }
            for part in card.parts
        ],
        "definition_sql": card.sql,
    }


def _text_lines(card: Card) -> Iterator[str]:
    yield card.name
    yield from textwrap.wrap(card.about, _WIDTH)
    for part in card.parts:
        yield ""
        yield part.question
        for one in part.answers:
            for at, line in enumerate(one.says):
                label = f"  {one.what:<{_LABEL}}" if at == 0 else " " * (_LABEL + 2)
                yield from textwrap.wrap(
                    line,
                    _WIDTH,
                    initial_indent=label,
                    subsequent_indent=" " * (_LABEL + 2),
                    break_on_hyphens=False,
                    break_long_words=False,
                )


def _markdown_lines(card: Card, heading: str) -> Iterator[str]:
    yield f"{heading} {card.name}"
    yield ""
    yield card.about
    for part in card.parts:
        yield ""
        yield f"{heading}# {part.question}"
        yield ""
        yield "| | |"
        yield "|---|---|"
        for one in part.answers:
            yield f"| {_cell(one.what)} | {'<br>'.join(map(_cell, one.says))} |"
    if card.sql:
        yield ""
        yield f"{heading}# Definition"
        yield ""
        yield "```sql"
        yield card.sql
        yield "```"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
