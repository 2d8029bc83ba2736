"""Pushing in this process, and what is online afterwards."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, cast

import redis
from published_catalog import PublishedProject, View

from provender import FeatureReader
from provender.encoding import TOMBSTONE, RowDecoder, decode_header
from provender.instants import from_us
from provender.keys import EntityKey, KeySpace
from provender_ops.catalog import Catalog
from provender_ops.decisions.log_key import ChainKey
from provender_ops.notes import look
from provender_ops.online_store import OnlineStore
from provender_ops.push import Summary, push
from provender_ops.push_view import Options, ViewOutcome

LOG_KEY = ChainKey.of("the key of these tests")


@contextmanager
def silent(_label: str, _total: int | None) -> Iterator[Any]:
    """Progress that nobody looks at."""
    yield lambda _count: None


class Pusher:
    """Pushes one project into one namespace of one Redis."""

    def __init__(
        self, project: PublishedProject, client: redis.Redis, namespace: str | None = None
    ) -> None:
        self.project, self.client = project, client
        self.namespace = namespace or project.namespace
        self.keys = KeySpace(self.namespace)

    def push(self, *select: str, **options: Any) -> Summary:
        with Catalog.open(self.project.catalog) as catalog:
            store = OnlineStore(self.client, self.namespace, *catalog.store())
            return push(catalog, store, Options(select=select, **options), silent)

    def push_one(self, **options: Any) -> ViewOutcome:
        """Push a project of one view, and return what became of it."""
        (outcome,) = self.push(**options).views
        return outcome

    def online(self, view: View) -> dict[str, tuple[datetime, dict[str, Any]]]:
        """Return entity key -> (as_of, values) of what readers see; tombstones are absences."""
        record = look(self.client, self.keys, view.name, view.version).record
        assert record is not None
        decoder = RowDecoder(record.layouts[record.layout])
        prefix = self.keys.row_prefix(view.name, view.version, record.generation)
        rows = {}
        for key in cast("list[bytes]", self.client.keys(f"{prefix}{{*")):
            raw = cast("bytes", self.client.get(key))
            as_of_us, layout = decode_header(raw)
            if layout != TOMBSTONE:
                at = from_us(as_of_us).replace(tzinfo=None)
                values = dict(zip(decoder.names, decoder.decode(raw)[1], strict=True))
                rows[key.decode().removeprefix(prefix)] = (at, values)
        return rows

    def generations(self, view: View) -> set[int]:
        """Return the generations that any row is of."""
        prefix = self.keys.view(view.name, view.version)
        keys = cast("list[bytes]", self.client.keys(f"{prefix}*{{*"))
        return {int(key.decode().removeprefix(prefix).split("{")[0]) for key in keys}

    def pushes(self) -> list[dict[str, Any]]:
        """Return the push records, oldest first."""
        entries = cast("list[Any]", self.client.xrange(self.keys.pushes))
        return [json.loads(fields[b"record"]) for _, fields in entries]

    def everything(self) -> dict[bytes, bytes | None]:
        """Return all of Redis, to see whether anything changed."""
        keys = cast("list[bytes]", self.client.keys("*"))
        return {key: self.client.dump(key) for key in keys}

    def reader(
        self, now: datetime | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> FeatureReader:
        clock = (now or datetime(2026, 3, 2, 12)).replace(tzinfo=UTC)
        return FeatureReader(
            self.client, namespace=self.namespace, clock=lambda: clock, monotonic=monotonic
        )


def in_history(view: View, run: datetime) -> dict[str, tuple[datetime, dict[str, Any]]]:
    """Return what must be online after a push of `run`, from the states alone, not from history.

    A row's as_of is the first run of the unbroken stretch of runs in which it was the same.
    """
    entity = EntityKey(list(view.keys.items()))
    runs = [as_of for as_of in view.runs if as_of <= run]
    expected = {}
    for key, values in view.states[run].items():
        since = run
        for as_of in reversed(runs):
            if view.states[as_of].get(key) != values:
                break
            since = as_of
        named = dict(zip(view.features, values, strict=True))
        expected[f"{{{entity.encode_row(key)}}}"] = (since, named)
    return expected
