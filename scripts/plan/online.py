"""What is online of a state of definitions: how many rows, and by which definition."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from provender.connection import Client, asking
from provender.errors import CorruptValue, UnknownView
from provender.keys import KeySpace, view_label
from provender.records import ViewRecord
from provender.registry import Registry, read_registry
from provender_ops.catalog import Definition, Run
from provender_ops.connection import open_redis
from provender_ops.definitions.declarations import Column, Declarations, Feature, View
from provender_ops.embedded_redis import EmbeddedRedis
from provender_ops.plan.planned import Behind

SCAN_BATCH = 10_000  # keys that Redis looks at before it answers others


@contextmanager
def redis_if_there(url: str | None, root: Path) -> Iterator[Client | None]:
    """Connect for the block, by the URL or to the project's own Redis; none is started."""
    if url is None and not EmbeddedRedis(root).is_running():
        yield None
        return
    with open_redis(url, root) as client:
        yield client


@dataclass(frozen=True, slots=True)
class OnlineViews:
    """The view versions that readers are given, by label, and those that were retired."""

    records: Mapping[str, ViewRecord]
    retired: frozenset[str]

    @classmethod
    def read(cls, client: Client, keys: KeySpace, labels: Collection[str]) -> "OnlineViews":
        """Read the registry; `labels` are those of whom it is asked whether they were retired."""
        registry = read_registry(client, keys) or Registry(keys.registry, {})
        records = {}
        for ref in registry.views():
            with suppress(CorruptValue, UnknownView):  # what cannot be read is not served
                records[view_label(*ref)] = registry.view(*ref)
        retired = {label for label in labels if registry.is_retired(*_ref(label))}
        return cls(records, frozenset(retired))


def count_rows(client: Client, keys: KeySpace, records: Collection[ViewRecord]) -> dict[str, int]:
    """Return how many rows readers have of each view version, by label: its keys are counted."""
    counts = {}
    for record in records:
        prefix = keys.row_prefix(record.view, record.version, record.generation)
        with asking("count rows"):
            found = client.scan_iter(match=f"{prefix}{{*", count=SCAN_BATCH)
            counts[view_label(record.view, record.version)] = len(set(found))
    return counts


def behind(online: OnlineViews, runs: Mapping[tuple[str, int], Run]) -> tuple[Behind, ...]:
    """Return which view versions online are not by the definition of their last published run."""
    found = []
    for ref, run in sorted(runs.items()):
        label = view_label(*ref)
        record = online.records.get(label)
        if label in online.retired:
            continue
        if record is None:
            found.append(Behind(label, "not online: `push-online` brings it there"))
        elif record.fingerprint != run.fingerprint:
            how = (
                f"online by another definition ({record.fingerprint[:12]}) than that of its last"
                f" run ({run.fingerprint[:12]}): `push-online`"
            )
            found.append(Behind(label, how))
    gone = sorted(online.records.keys() - {view_label(*ref) for ref in runs})
    found += [
        Behind(label, f"online, and not published: `provender retire {label}`") for label in gone
    ]
    return tuple(found)


def as_online(
    published: Declarations,
    online: OnlineViews,
    definitions: Mapping[str, Definition],
    sql: Mapping[str, str],
) -> Declarations:
    """Return what readers are given: the views that are online, as their run declared them.

    `definitions` and `sql` are by fingerprint. The models that a view is made of, and services, are
    as published: Redis does not know them.
    """
    views, models = {}, dict(published.models)
    for label, record in online.records.items():
        if label in published.views:
            view = published.views[label]
            views[label] = _as_pushed(view, definitions.get(record.fingerprint))
            if record.fingerprint in sql and view.unique_id in models:
                pushed = replace(models[view.unique_id], sql=sql[record.fingerprint])
                models[view.unique_id] = pushed
    return replace(published, views=views, models=models)


def _as_pushed(view: View, definition: Definition | None) -> View:
    if definition is None:
        return view
    words = {feature.name: feature.description for feature in view.features}
    return replace(
        view,
        entity=definition.entity,
        keys=tuple(Column(key.name, key.type) for key in definition.keys),
        features=tuple(_feature(each, words) for each in definition.features),
        policies={**view.policies, **definition.policies},
    )


def _feature(declared: Mapping[str, object], words: Mapping[str, str]) -> Feature:
    known = {name: declared[name] for name in Feature.__slots__ if name in declared}
    return Feature(**{"description": words.get(str(declared["name"]), ""), **known})  # type: ignore[arg-type]


def _ref(label: str) -> tuple[str, int]:
    view, _, version = label.rpartition("@")
    return view, int(version)
