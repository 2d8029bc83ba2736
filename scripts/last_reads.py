"""Who read a view version lately, by the decision log: what must be known before it is retired.

The log is asked where it has landed. That it has landed whole is known from Redis, which holds what
has not, and from the mark that each landing moves on; where neither says so, nobody can tell.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from provender.connection import Client, asking
from provender.keys import KeySpace, view_label
from provender_ops.catalog import Catalog
from provender_ops.errors import Refused
from provender_ops.selection import ViewVersion
from provender_ops.standing import landed_rows, said, said_at

LANDED_WITHIN = timedelta(hours=1)  # of now: what the mark may lag behind
NOBODY_LOGS = "No decision was ever logged here: that nobody reads it, the exposures alone say."


@dataclass(frozen=True, slots=True)
class LastReads:
    """The decision log of one namespace, as far as it has landed in a folder; `now` naive UTC."""

    catalog: Catalog
    landing: Path
    client: Client
    keys: KeySpace
    now: datetime

    def check_unread(self, ref: ViewVersion, unread_for: timedelta) -> str | None:
        """Return what to tell beside the retirement; raise Refused where somebody may have read it.

        Raise StoreUnavailable or UnreadableCatalog.
        """
        label = view_label(*ref)
        readers = self._readers(ref, self.now - unread_for)
        if readers:
            raise Refused(
                f"{label} was read by {readers}. It can be retired once no decision has read it for"
                f" {said(unread_for)}; a shorter --unread-for says that you know better."
            )
        waiting, was_landed = self._in_redis()
        until = landed_until(self.catalog, self.landing, self.keys.namespace)
        if not waiting and not was_landed and until is None:
            return NOBODY_LOGS
        if waiting or until is None or until < self.now - LANDED_WITHIN:
            known = (
                "nothing has landed here" if until is None else f"it landed until {said_at(until)}"
            )
            wait = f", and {waiting} decisions wait in Redis" if waiting else ""
            raise Refused(
                f"Nobody can tell whether {label} was read: of the decision log {known}{wait}."
                " Run `provender land-decisions`, into the folder that all are landed into, and"
                " retire it then."
            )
        return None

    def _readers(self, ref: ViewVersion, since: datetime) -> str:
        rows = landed_rows(
            self.catalog,
            self.landing / "decision_log",
            "select service, string_agg(distinct model_version, ', ' order by model_version) as"
            " models, max(decided_at) as last from (select service, model_version, decided_at,"
            " unnest(views) as read from {files} where namespace = ? and decided_at > ?) where"
            " read.view = ? and read.version = ? group by service order by service",
            [self.keys.namespace, since, *ref],
        )
        return "; ".join(
            f"{row['service']} ({row['models']}), last at {said_at(row['last'])}" for row in rows
        )

    def _in_redis(self) -> tuple[int, bool]:
        """Return how many decisions wait to be landed, and whether any was ever landed."""
        with asking("look at the decision log"):
            return self.client.xlen(self.keys.decisions), bool(self.client.exists(self.keys.landed))


def landed_until(catalog: Catalog, landing: Path, namespace: str) -> datetime | None:
    """Return until when all decisions that were logged are in files (naive UTC), if any are."""
    rows = landed_rows(
        catalog,
        landing / "landed",
        "select max(landed_until) as until from {files} where log = 'decision_log' and"
        " namespace = ?",
        [namespace],
    )
    return rows[0]["until"] if rows else None
