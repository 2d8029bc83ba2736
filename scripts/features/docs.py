"""dbt's documentation with the contract cards in it.

The site reads `manifest.json` for the description of each model. A copy of the site gets the card
of each view put behind it; dbt's own files stay as they are, since others compare them (`--state`).
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from provender_ops.errors import BadInput, CouldNotRun

SITE = ("index.html", "catalog.json")
MANIFEST = "manifest.json"


def write_docs(target: Path, to: Path, cards: Mapping[str, str]) -> int:
    """Copy the site that `dbt docs generate` wrote, with cards (Markdown, by unique id) in it.

    Return how many nodes have one. Raise CouldNotRun when there is no site, BadInput when `to` is
    dbt's own folder.
    """
    missing = [name for name in (*SITE, MANIFEST) if not (target / name).is_file()]
    if missing:
        raise CouldNotRun(f"{target} has no {', '.join(missing)}. Run `dbt docs generate` first.")
    if to.resolve() == target.resolve():
        raise BadInput(f"{to} is dbt's own folder. Write the site elsewhere with --to.")
    manifest = json.loads((target / MANIFEST).read_text(encoding="utf-8"))
    described = [node for unique_id, node in manifest["nodes"].items() if unique_id in cards]
    for node in described:
        node["description"] = f"{node['description']}\n\n{cards[node['unique_id']]}".strip()
    to.mkdir(parents=True, exist_ok=True)
    for name in SITE:
        shutil.copy(target / name, to / name)
    (to / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return len(described)
