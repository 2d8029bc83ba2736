"""The training sets under test: calls of point_in_time_join over four spines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from oracle.shop import Shop, ViewId
from oracle.times import MINUTE
from oracle.training import Source

KEYS = {"customer": {"customer_id": "integer"}, "place": {"region": "varchar", "code": "varchar"}}
CONTENT = {**KEYS["customer"], **KEYS["place"], "amount": "decimal(18,2)", "note": "varchar"}


@dataclass(frozen=True)
class Spine:
    """A relation of rows that are asked about."""

    relation: str  # as a model writes it
    columns: Mapping[str, str]
    as_of: str = "as_of"
    keys: Mapping[str, str] | None = None  # a view's key to the spine's column


RENAMED = {"customer_id": "buyer", "region": "area", "code": "spot"}
ASKED = {
    **{"n": "integer", "decision_id": "varchar"},
    **{**KEYS["customer"], **KEYS["place"], "as_of": "timestamp"},
    **{"amount": "decimal(18,2)", "level": "integer"},  # two features are called so, too
}
OF_ORDERS = {
    **{"order_id": "varchar", **CONTENT, "occurred_at": "timestamp"},
    **{"known_from": "timestamp", "known_until": "timestamp", "as_of": "timestamp"},
}
SPINES = {
    "asked": Spine("source('labels', 'asked')", ASKED),
    "renamed": Spine(
        "ref('asked_renamed')",
        {{**RENAMED, "as_of": "asked_at"}.get(name, name): type_ for name, type_ in ASKED.items()},
        as_of="asked_at",
        keys=RENAMED,
    ),
    "before_order": Spine("provender.events_spine(ref('stg_orders'))", OF_ORDERS),
    "with_order": Spine(
        "provender.events_spine(ref('stg_orders'), including_self=true)", OF_ORDERS
    ),
}


@dataclass(frozen=True)
class Training:
    """One training set, by what its call gives."""

    name: str
    views: Sequence[str]
    source: Source | list[Source] = "history"
    policy: Literal["now", "then"] = "now"
    max_age: str | None = None  # in minutes
    metadata: bool = True
    features: Sequence[str] | None = None
    over: str = "asked"

    @property
    def sql(self) -> str:
        """The model, as an analyst would write it: what is left out has its default."""
        given = {
            "views": list(self.views),
            "keys": {key: self.spine.keys[key] for key in self._keys} if self.spine.keys else None,
            "as_of": self.spine.as_of,
            "source": self.source,
            "policy": self.policy,
            "max_age": self.max_age,
            "metadata": self.metadata,
            "features": self.features,
        }
        default = {"as_of": "as_of", "source": "history", "policy": "now", "metadata": True}
        options = [f"{name}={one!r}" for name, one in given.items() if one != default.get(name)]
        call = f"provender.point_in_time_join({self.spine.relation}, {', '.join(options)})"
        return f"select * from {{{{ {call} }}}} as training\n"

    @property
    def spine(self) -> Spine:
        """Who asks."""
        return SPINES[self.over]

    @property
    def ids(self) -> list[ViewId]:
        """Name and version of each view."""
        parts = [label.partition("@") for label in self.views]
        return [(name, int(version or 1)) for name, _, version in parts]

    @property
    def sources(self) -> list[Source]:
        """Where values come from, in order of preference."""
        return self.source if isinstance(self.source, list) else [self.source]

    @property
    def oldest(self) -> timedelta:
        """max_age as a duration."""
        return int(self.max_age.removesuffix("m")) * MINUTE if self.max_age else timedelta.max

    @property
    def _keys(self) -> list[str]:
        return [
            key for entity in {Shop.entity[view]: 0 for view in self.ids} for key in KEYS[entity]
        ]


TRAININGS = {
    training.name: training
    for training in [
        Training("one_view", ["spend"]),
        Training(
            "many_views", ["spend", "recent", "place_load", "tier@1", "tier@2"], over="renamed"
        ),
        Training("as_declared_then", ["spend", "recent", "tier@2"], policy="then", max_age="50m"),
        Training("recomputed", ["recent", "place_load", "tier@2"], "recompute"),
        Training("as_served", ["spend", "recent"], ["served", "history"], policy="then"),
        Training("filled", ["spend", "place_load"], ["history", "backfill"]),
        Training("only_filled", ["recent", "spend"], "backfill", max_age="120m", over="renamed"),
        Training("only_served", ["place_load"], "served"),
        Training(
            *("by_any_source", ["spend", "tier@1"]),
            ["served", "history", "backfill", "recompute"],
            max_age="90m",
        ),
        Training(
            "values_alone", ["tier@2", "spend"], features=["level", "largest_1h"], metadata=False
        ),
        Training("before_each_order", ["spend"], "recompute", over="before_order"),
        Training("with_each_order", ["spend", "place_load"], ["recompute"], over="with_order"),
    ]
}
