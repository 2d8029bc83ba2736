"""What a push of one view version finds: here, and online."""

from dataclasses import dataclass

from provender_ops.catalog import Catalog, Definition, Run
from provender_ops.declared import Declared
from provender_ops.history import History
from provender_ops.notes import Online
from provender_ops.online_store import OnlineStore


@dataclass(frozen=True, slots=True)
class Situation:
    """A view version as it is declared and computed here, and as it is online."""

    catalog: Catalog
    store: OnlineStore
    run: Run
    definition: Definition
    declared: Declared
    history: History
    online: Online
    servers: tuple[str, ...]
