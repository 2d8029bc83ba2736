"""What the oracle expects of a training set: its columns, and every cell of every row."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from oracle.shop import Shop, ViewId
from oracle.training import Asked, SpineRow, View, answer
from trainings import Training
from world import TODAY, TYPES, World

Row = tuple[Any, ...]
Columns = list[tuple[str, str]]

METADATA = {"as_of": "timestamp", "age": "interval", "status": "varchar", "not_computed": "varchar"}
TICK = timedelta(microseconds=1)


def is_refused(training: Training, world: World) -> bool:
    """Whether a row asks for what is not yet known to have been readable."""
    until = world.landed_until
    return any(until and row.t and row.t > until for _, row in askers(training, world, "customer"))


def columns(training: Training) -> Columns:
    """Names and types, in order."""
    asked = asked_features(training)
    uses = Counter([*training.spine.columns, *(name for names in asked.values() for name in names)])
    found = dict(training.spine.columns)
    for (view, version), names in asked.items():
        own = f"{view}_v{version}" if view == "tier" else view
        # as a service that reads these views calls it
        clash = own if sum(other == view for other, _ in asked) > 1 else view
        found |= {f"{clash}__{name}" if uses[name] > 1 else name: TYPES[name] for name in names}
        found |= {f"{own}__{name}": type_ for name, type_ in _metadata(training).items()}
    return [(name, type_.upper()) for name, type_ in found.items()]


def rows(training: Training, world: World, views: Mapping[ViewId, View]) -> list[Row]:
    """Every row of the spine, with what each view says of it."""
    horizon = {"horizon": world.landed_until} if world.landed_until else {}
    found = [cells for cells, _ in askers(training, world, "customer")]
    for name, features in asked_features(training).items():
        asked = Asked(features, training.sources, training.policy, training.oldest, **horizon)
        for n, (_, asker) in enumerate(askers(training, world, Shop.entity[name])):
            said = answer(views[name], asked, asker)
            metadata = (said.as_of, said.age, said.status, said.not_computed, said.source)
            found[n] += (*said.values.values(), *metadata[: len(_metadata(training))])
    return found


def asked_features(training: Training) -> dict[ViewId, list[str]]:
    wanted = training.features
    return {
        view: [name for name in TODAY[view].features if wanted is None or name in wanted]
        for view in training.ids
    }


def askers(training: Training, world: World, entity: str) -> Iterator[tuple[Row, SpineRow]]:
    """Yield the cells of each row of the spine, and what it asks of an entity."""
    if training.over in ("asked", "renamed"):
        for row in world.spine:
            key = (row.customer,) if entity == "customer" else (row.region, row.code)
            yield row.cells, SpineRow(key, row.t, row.decision)
        return
    for order in world.shop.orders:
        before = TICK if training.over == "before_order" else timedelta(0)
        t = order.occurred_at - before
        said = order.content
        key = (said.customer_id,) if entity == "customer" else (said.region, said.code)
        cells = (order.event, *said, order.occurred_at, order.known_from, order.known_until, t)
        yield cells, SpineRow(key, t)


def _metadata(training: Training) -> dict[str, str]:
    if not training.metadata:
        return {}
    return {**METADATA, "source": "varchar"} if len(training.sources) > 1 else METADATA
