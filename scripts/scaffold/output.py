"""What the commands print, and write."""

from collections.abc import Sequence
from typing import Any

import typer

from provender_ops.console import print_json, tell
from provender_ops.errors import Refused
from provender_ops.scaffold.changes import Change, write
from provender_ops.scaffold.checkout import Checkout
from provender_ops.scaffold.generate import Generated


def done(
    checkout: Checkout,
    changes: Sequence[Change],
    found: Generated,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Write, print what was written, and tell what was found; raise Refused for contradictions."""
    if not dry_run:
        write(checkout.root, changes)
    if as_json:
        print_json(
            {
                "dry_run": dry_run,
                "files": [change.as_json() for change in changes],
                "findings": [finding.label for finding in found.findings],
                "notes": found.notes,
            }
        )
    else:
        for change in changes:
            _print(change, dry_run)
    for note in dict.fromkeys(found.notes):
        tell(note)
    if found.findings:
        raise Refused(_contradictions(found))


def _print(change: Change, dry_run: bool) -> None:
    if not dry_run:
        typer.echo(str(change.path))
        return
    typer.echo(f"{'new' if change.is_new else 'added to'}: {change.path}\n")
    typer.echo((change.text if change.is_new else change.added).rstrip() + "\n")


def _contradictions(found: Generated) -> str:
    lines = [
        f"- {finding.label}: gives {_values(finding.given.own)}, and by the rule"
        f" {_values(finding.expected.own)}"
        for finding in found.findings
    ]
    return (
        "On these edges the view does not do as the rules of time say, and no test of them was"
        " written:\n" + "\n".join(lines) + "\nUse provender.known_at and provender.in_window there."
    )


def _values(rows: Sequence[Sequence[Any]]) -> str:
    if not rows:
        return "no row"
    return " and ".join("(" + ", ".join(str(value) for value in row) + ")" for row in rows)
