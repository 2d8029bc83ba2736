"""A world as tables: the sources of the project, and the logs that hooks and landings write."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from oracle.shop import Shop, ViewId
from oracle.training import Declared
from oracle.versions import Delivery
from trainings import ASKED, CONTENT, KEYS
from world import OWN, TODAY, TYPES, World

from provender.data_types import codec_for

Row = tuple[Any, ...]

DELIVERED = {"occurred_at": "timestamp", "loaded_at": "timestamp"}
SOURCES = {
    "shop.orders": {"order_id": "varchar", **CONTENT, **DELIVERED},
    "shop.customer_events": {
        **{"event_id": "varchar", **KEYS["customer"], "status": "varchar", **DELIVERED}
    },
    "shop.place_events": {
        **{"event_id": "varchar", **KEYS["place"], "status": "varchar", **DELIVERED}
    },
    "labels.asked": ASKED,
}


@dataclass(frozen=True)
class Rows:
    """Rows of a table, in some of its columns."""

    columns: str
    rows: list[Row]


def alias(view: ViewId) -> str:
    """The name of a view's table."""
    name, version = view
    return f"{name}_v{version}" if name == "tier" else name


def view_columns(view: ViewId) -> list[str]:
    """Keys, as_of, features."""
    return [*KEYS[Shop.entity[view]], "as_of", *TODAY[view].features]


def sources_of(world: World) -> dict[str, Rows]:
    """The rows of every source."""
    rows = {
        "shop.orders": _delivered(world.orders),
        "shop.customer_events": _delivered(world.customer_events),
        "shop.place_events": _delivered(world.place_events),
        "labels.asked": [row.cells for row in world.spine],
    }
    return {table: Rows(" ".join(SOURCES[table]), rows[table]) for table in SOURCES}


def logs_of(world: World) -> dict[str, Rows]:
    """The rows of every log, in the columns that are read."""
    landed = [("decision_log", OWN, datetime(1, 1, 1)), ("push_log", "other", datetime(1, 1, 1))]
    if world.landed_until:
        landed.append(("push_log", OWN, world.landed_until))
    return {
        "run_log": Rows("view version fingerprint as_of ended_at columns", _runs(world)),
        "definition_log": Rows(
            "view version fingerprint features policies recorded_at", _definitions(world)
        ),
        "push_log": Rows(
            "stream_id namespace project target view version run_as_of readable_at", _pushes(world)
        ),
        "landed": Rows("log namespace landed_until", landed),
        "cut_log": Rows(
            "view version kept_from", [(*view, at) for view, at in world.kept_from.items()]
        ),
        "backfill_log": Rows("view version feature as_of step_seconds", _slots(world)),
        "decision_log": Rows("stream_id decision_id views landed_at", _decisions(world)),
    }


def _delivered(deliveries: Iterable[Delivery[Any]]) -> list[Row]:
    return [(d.event, *d.content, d.occurred_at, d.loaded_at) for d in deliveries]


def _runs(world: World) -> list[Row]:
    return [
        (
            *(*view, _fingerprint(view, run.declared), run.as_of, run.ended_at),
            json.dumps(list(run.declared.features)),
        )
        for view, runs in world.runs.items()
        for run in runs
    ]


def _definitions(world: World) -> list[Row]:
    """Each definition twice, as it is logged again after another stood between."""
    every = {
        (view, _fingerprint(view, run.declared)): run.declared
        for view, runs in world.runs.items()
        for run in runs
    }
    return [
        (*view, fingerprint, _features(declared), _policies(declared), datetime(2026, 1, day))
        for (view, fingerprint), declared in every.items()
        for day in (1, 2)
    ]


def _fingerprint(view: ViewId, declared: Declared) -> str:
    return f"{view} {declared}"


def _features(declared: Declared) -> str:
    return json.dumps(
        [
            {
                "name": feature.name,
                "type": TYPES[feature.name],
                "default": _plain(feature.default),
                "null_is": feature.null_is,
            }
            for feature in declared.features.values()
        ]
    )


def _plain(value: Any) -> Any:
    """Return a default as YAML would give it to JSON."""
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat(sep=" ") if isinstance(value, datetime) else value


def _policies(declared: Declared) -> str:
    return json.dumps(
        {
            "ttl_seconds": declared.ttl // timedelta(seconds=1),
            "freshness_sla_seconds": declared.freshness_sla // timedelta(seconds=1),
            "otherwise": declared.otherwise,
        }
    )


def _pushes(world: World) -> list[Row]:
    """Landed twice, as may happen."""
    return [
        (
            *(f"1772452800000-{push.number}", namespace, "provender", "dev"),
            *(*view, push.run_as_of, push.readable_at),
        )
        for view, push, namespace in world.pushes
        for _ in range(2)
    ]


def _slots(world: World) -> list[Row]:
    return [
        (*view, slot.feature, slot.as_of, slot.step // timedelta(seconds=1))
        for view, slots in world.slots.items()
        for slot in slots
    ]


def _decisions(world: World) -> list[Row]:
    """Landed twice, as may happen."""
    logged = {
        decision: [one for view in views for one in _logged(view, views[view])]
        for decision, views in world.decisions.items()
    }
    return [
        (f"{copy}-0", decision, views, datetime(1, 1, 1))
        for decision, views in logged.items()
        for copy in (1, 2)
    ]


def _logged(view: ViewId, features: dict[str, Any]) -> list[dict[str, Any]]:
    """What was computed, and apart from it what was not, as of nothing."""
    missing = {name for name, served in features.items() if served.status == "not_computed"}
    return [
        _logged_view(view, part)
        for part in (
            {name: served for name, served in features.items() if name not in missing},
            {name: served for name, served in features.items() if name in missing},
        )
        if part
    ]


def _logged_view(view: ViewId, features: dict[str, Any]) -> dict[str, Any]:
    one = next(iter(features.values()))
    names = list(features)
    return {
        **{"view": view[0], "version": view[1], "fingerprint": "f", "generation": 1},
        "as_of": one.as_of,
        "age_us": None if one.age is None else one.age // timedelta(microseconds=1),
        **{"status": one.status, "cached": False, "role": "decides"},
        **{"names": names, "features": names, "types": [TYPES[name] for name in names]},
        "values": [_json(TYPES[name], served.value) for name, served in features.items()],
        "statuses": [served.status for served in features.values()],
        **{"is_default": [False] * len(names), "hashed": False},
    }


def _json(data_type: str, value: Any) -> str | None:
    return None if value is None else json.dumps(codec_for(data_type).encode(value))
