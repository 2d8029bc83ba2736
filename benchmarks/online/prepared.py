"""A full push that is prepared and not sent: what each part takes, and its commands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Parts
from benchmarks.online.stream import Packed
from benchmarks.online.world import NAMESPACE
from provender.keys import KeySpace
from provender_ops.catalog import Catalog
from provender_ops.declared import declared
from provender_ops.history import History
from provender_ops.mset import pack
from provender_ops.online_store import FILLED_AT_ONCE
from provender_ops.project import find_project
from provender_ops.push_online import MEMORY, THREADS
from provender_ops.rows import RowMaker


@dataclass(frozen=True)
class Prepared:
    """`parts` are seconds of processor; `stream` are the commands of a first push."""

    parts: Mapping[str, float]
    stream: Sequence[Packed]


def prepare(folder: Path) -> Prepared:
    """Prepare the push of a project into an empty Redis, one part after the other."""
    parts, stream = Parts(), list[Packed]()
    with Catalog.open(find_project(folder).catalog, MEMORY, THREADS) as catalog:
        definitions = catalog.definitions()
        for run in catalog.last_runs().values():
            definition = definitions[run.fingerprint]
            with parts.part("history read"):
                batches = list(History(catalog, run, definition).state())
            with parts.part("rows made"):
                maker = RowMaker(declared(definition, True), run.view, 1)
                prefix = KeySpace(NAMESPACE).row_prefix(run.view, run.version, 1)
                made = [maker.rows(batch, prefix) for batch in batches]
            with parts.part("commands packed"):
                stream += [pack(rows, FILLED_AT_ONCE) for rows in made]
    return Prepared(parts.seconds, stream)
