"""Answers that a command cannot know: from options, else the only choice there is, else asked."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field

import typer

from provender.keys import nearest
from provender_ops.console import tell
from provender_ops.errors import BadInput


@dataclass
class Questions:
    """Asks on a terminal; elsewhere collects what is missing and tells it all at once."""

    on_terminal: bool = field(default_factory=lambda: sys.stdin.isatty() and sys.stderr.isatty())
    missing: list[str] = field(default_factory=list)

    def choice(self, option: str, given: str | None, choices: Iterable[str], question: str) -> str:
        """Return one of the choices; raise BadInput for another. Empty while it is missing."""
        known = list(dict.fromkeys(choices))
        if given is not None:
            return _one_of(option, given, known)
        if len(known) == 1:
            return known[0]
        if self.on_terminal and known:
            return _prompted(question, known)
        told = f" {', '.join(known)}" if known else ""
        self.missing.append(f"{option} ({question[0].lower()}{question[1:]}{told})")
        return ""

    def text(self, option: str, given: str | None, question: str) -> str:
        """Return what was given or typed. Empty while it is missing."""
        if given is not None:
            return given
        if self.on_terminal:
            return str(typer.prompt(question, err=True))
        self.missing.append(f"{option} ({question[0].lower()}{question[1:]})")
        return ""

    def settle(self) -> None:
        """Raise BadInput for what is missing."""
        if self.missing:
            raise BadInput(f"What cannot be known has to be said: {'; '.join(self.missing)}.")


def _prompted(question: str, known: list[str]) -> str:
    """Ask until the answer is one of them."""
    while True:
        answer = str(typer.prompt(f"{question} ({', '.join(known)})", err=True)).strip()
        if answer in known:
            return answer
        tell(f"There is no {answer!r}.{nearest(answer, known)}")


def _one_of(option: str, given: str, known: list[str]) -> str:
    if given not in known:
        raise BadInput(
            f"{option}: there is no {given!r}.{nearest(given, known)} There are:"
            f" {', '.join(known) or 'none'}."
        )
    return given
