"""The traps of rule 5: one feature view each, with our history and dbt's own beside it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from support import DbtProject, DbtRun

RUNS = tuple(f"2026-03-02 {hour}:00" for hour in ("08", "09", "10", "11"))  # as_of of each build
Values = dict[str, Any]


def at(time: str) -> datetime:
    """Return that hour and minute of the day all this happens on."""
    return datetime.fromisoformat(f"2026-03-02 {time}")


def things(time: str = "07:00", **values: float | None) -> list[Values]:
    """Five rows, a to e, of value 1 and changed at 07:00; those named have other values."""
    named = {**dict.fromkeys("abcde", 1), **values}
    return [
        {"id": id_, "value": value, "changed_at": at(time if id_ in values else "07:00")}
        for id_, value in named.items()
    ]


def without(ids: str, rows: list[Values]) -> list[Values]:
    return [row for row in rows if row["id"] not in ids]


@dataclass(frozen=True)
class Trap:
    """A view, what it selects in each of three builds, and a stock snapshot to compare with."""

    rows: tuple[list[Values], list[Values], list[Values]]
    stock: dict[str, Any] | None = None
    columns: dict[str, str] = field(default_factory=lambda: {"value": "integer"})
    later: dict[str, str] | None = None  # its columns from the second build on
    folder: str = "views"  # which hooks the model has
    history: str = "ours"  # which hooks the snapshot has
    keys: tuple[str, ...] = ("id",)

    def columns_at(self, step: int) -> dict[str, str]:
        features = self.later if self.later and step else self.columns
        return {**dict.fromkeys(self.keys, "varchar"), "as_of": "timestamp", **features}


def same(rows: list[Values]) -> tuple[list[Values], list[Values], list[Values]]:
    return rows, rows, rows


# dbt's own snapshot reads the view through this: a feature view has one history
EPHEMERAL = "{{ config(materialized='ephemeral') }} "
BY_VALUE = {"strategy": "check", "check_cols": ["value"]}
BY_TIME = {"strategy": "timestamp", "updated_at": "changed_at"}
TIMED = {"value": "integer", "changed_at": "timestamp"}
LEFT = without("a", things())
PAIR = [
    {"id": "a|b", "part": "c", "value": 1},
    {"id": "a", "part": "b|c", "value": 1},
]

TRAPS = {
    "steady": Trap(same(things()), BY_VALUE),
    "late": Trap((things(), things("06:30", a=2), things("06:30", a=2)), BY_TIME, TIMED),
    "backwards": Trap(
        (things(), things("06:30", a=2), things("06:30", a=2)),
        {**BY_VALUE, "updated_at": "changed_at"},
        TIMED,
    ),
    "doubled": Trap((things(), things(f=1) + things(f=2)[-1:], things(f=1)), BY_VALUE),
    "doubled_at_first": Trap((things() + things()[:1], things(), things())),
    "null_key": Trap(
        (things(), *[[*things(), {**things()[0], "id": None}]] * 2),
        BY_VALUE,
    ),
    "widened": Trap(
        same([{**things()[0], "extra": 7}, *things()[1:]]),
        {"strategy": "check", "check_cols": "all", "updated_at": "as_of"},
        later={"value": "integer", "extra": "integer"},
    ),
    "leaving": Trap((things(), LEFT, LEFT), BY_VALUE),
    "returning": Trap((things(), LEFT, things()), BY_TIME, TIMED),
    "retyped": Trap((things(), things(a=1.5), things(a=1.5)), BY_VALUE, later={"value": "double"}),
    "rescaled": Trap(
        (things(), things(a=1.555), things(a=1.555)),
        BY_VALUE,
        {"value": "decimal(18,2)"},
        later={"value": "decimal(18,3)"},
    ),
    "paired": Trap(
        (PAIR, [{**PAIR[0], "value": 2}, PAIR[1]], [{**PAIR[0], "value": 2}, PAIR[1]]),
        BY_VALUE,
        keys=("id", "part"),
    ),
    "null_value": Trap((things(a=None), things(b=None), things(b=None))),
    # refusals that need no comparison
    "mixed": Trap((things(), [{**things()[0], "as_of": at("08:00")}, *things()[1:]], things())),
    "narrowed": Trap(
        same(things()), columns={"value": "integer", "extra": "integer"}, later={"value": "integer"}
    ),
    "emptied": Trap((things(), [], things())),
    "shrunk": Trap((things(), without("ab", things()), without("ab", things()))),
    "unlogged": Trap(same(things()), history="unlogged"),
    "detached": Trap(same(things()), history="detached"),
    "failing": Trap(same(things()), history="failing"),
    "undefined": Trap(same(things()), folder="undefined"),
    "forgotten": Trap(
        same(things()), folder="forgotten", later={"value": "integer", "extra": "integer"}
    ),
}


class TrapProject:
    """All traps in one dbt project, built together."""

    def __init__(self, folder: Path) -> None:
        self.project = DbtProject(Path(__file__).parent / "traps", folder, registry=False)
        for name, trap in TRAPS.items():
            self._write_yaml(f"snapshots/{trap.history}/{name}.yml", snapshots=[_ours(name, trap)])
            if trap.stock:
                self._write(
                    f"models/mirrors/{name}_mirror.sql",
                    f"{EPHEMERAL}select * from {{{{ ref('{name}') }}}}",
                )
                self._write_yaml(f"snapshots/stock/{name}.yml", snapshots=[_stock(name, trap)])

    def build(self, step: int, *args: str, **variables: object) -> DbtRun:
        """Write what every view selects in this step, and build it as of that step."""
        as_of = datetime.fromisoformat(RUNS[step])
        rows: list[Values] = []
        for name, trap in TRAPS.items():
            rows += [{"view": name, "as_of": as_of, **row} for row in trap.rows[min(step, 2)]]
            columns = trap.columns_at(step)
            entity = "pair" if len(trap.keys) == 2 else "thing"
            path = f"models/{trap.folder}/{name}"
            self._write(f"{path}.sql", f"{{{{ rows_of({columns}, '{entity}') }}}}")
            self._write_yaml(f"{path}.yml", models=[_view(name, entity, trap.keys, columns)])
        types = {"part": "varchar", "value": "decimal(18,3)", "extra": "integer"}
        self.project.write("lab.rows", rows, types)
        return self.project.build(*args, as_of=RUNS[step], **variables)

    def forget_definitions(self) -> None:
        """Take the hook that records definitions from one folder of models."""
        hook = """    forgotten:
      +materialized: table
      +post-hook: "{{ provender.record_definition() }}"
"""
        self.project.edit("dbt_project.yml", hook, "    forgotten: {+materialized: table}\n")

    def _write(self, path: str, text: str) -> None:
        file = self.project.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")

    def _write_yaml(self, path: str, **content: object) -> None:
        self._write(path, json.dumps(content))  # JSON is YAML


def _view(name: str, entity: str, keys: Iterable[str], columns: dict[str, str]) -> Values:
    listed: list[Values] = [
        {"name": column, "data_type": type_} for column, type_ in columns.items()
    ]
    for column in listed:
        if column["name"] not in (*keys, "as_of"):
            column["config"] = {"meta": {"feature": {"default": None}}}
    return {
        "name": name,
        "config": {
            "group": "lab",
            "contract": {"enforced": True},
            "meta": {"feature_view": {"entity": entity}},
        },
        "columns": listed,
    }


def _ours(name: str, trap: Trap) -> Values:
    return {
        "name": f"{name}_history",
        "relation": f"ref('{name}')",
        "config": {
            "strategy": "provender.feature",
            "unique_key": list(trap.keys),
            "hard_deletes": "invalidate",
            "snapshot_meta_column_names": {
                f"dbt_{column}": column
                for column in ("valid_from", "valid_to", "scd_id", "updated_at")
            },
        },
    }


def _stock(name: str, trap: Trap) -> Values:
    return {
        "name": f"{name}_stock",
        "relation": f"ref('{name}_mirror')",
        "config": {"unique_key": list(trap.keys), **(trap.stock or {})},
    }
