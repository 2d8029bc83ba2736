"""A store in memory: a world's tables, and on them the SQL that dbt compiled."""

import random
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import duckdb
from compiled import Compiled
from oracle.shop import Shop, ViewId
from tables import Rows, alias, logs_of, sources_of, view_columns
from trainings import Training
from world import BACKFILLED, TODAY, World

Row = tuple[Any, ...]
Columns = list[tuple[str, str]]
DECISIONS = ("decisions", "decision_views", "decision_features")


class Store:
    """One in-memory DuckDB, filled anew with each world."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        self._db = duckdb.connect()
        self._types: dict[str, dict[str, str]] = {}
        self._db.execute(f"attach '{compiled.database}' as built (read_only)")
        self._db.execute("attach ':memory:' as store; use store")
        for relation in _relations():
            self._clone(relation)
        self._db.execute("detach built; create table main.moments (moment timestamp)")
        self._types["main.moments"] = {"moment": "timestamp"}
        self._db.execute(f"create view main.asked_renamed as {compiled.sql('asked_renamed')}")
        self._states = {view: compiled.over_moments(alias(view), "moments") for view in TODAY}

    def load(self, world: World) -> None:
        """Fill sources and logs, in an order of the world's own, and build what stands on them."""
        self._chance = random.Random(world.order)
        self._db.execute(f"set threads = {world.threads}; set TimeZone = '{world.zone}'; begin")
        for table, rows in sources_of(world).items():
            self._fill(table, rows)
        for log, rows in logs_of(world).items():
            self._fill(f"main_provender.{log}", rows)
        for model in _models(world):
            sql = self._compiled.sql(model)
            self._db.execute(f"truncate main.{model}; insert into main.{model} {sql}")
        self._db.execute("commit")

    def train(self, training: Training) -> tuple[Columns, list[Row]]:
        """Run a training set's SQL."""
        return self._fetch(self._compiled.sql(training.name))

    def compute(self, view: ViewId, moments: Iterable[datetime]) -> list[Row]:
        """Run a view's SQL over the entities alive at each moment: keys, as_of, features."""
        self._fill("main.moments", Rows("moment", [(one,) for one in set(moments)]))
        return self._fetch(self._states[view])[1]

    def keep_history(self, view: ViewId, rows: list[Row]) -> None:
        """Write a view's history: keys, as_of, features, valid_from, valid_to."""
        columns = " ".join([*view_columns(view), "valid_from", "valid_to"])
        self._fill(f"main.{alias(view)}_history", Rows(columns, rows))

    def keep_backfill(self, view: ViewId, rows: list[Row]) -> None:
        """Write a view's backfill: keys, as_of, features."""
        if view in BACKFILLED:
            self._fill(f"main.{alias(view)}_backfill", Rows(" ".join(view_columns(view)), rows))

    def _clone(self, relation: str) -> None:
        """Make an empty table like one of the built project."""
        schema = relation.partition(".")[0]
        self._db.execute(f"create schema if not exists {schema}")
        self._db.execute(f"create table {relation} as from built.{relation} limit 0")
        described = self._db.execute(f"describe {relation}").fetchall()
        self._types[relation] = {name: type_ for name, type_, *_ in described}

    def _fetch(self, sql: str) -> tuple[Columns, list[Row]]:
        cursor = self._db.execute(sql)
        columns = [(column[0], str(column[1])) for column in cursor.description or []]
        return columns, cursor.fetchall()

    def _fill(self, table: str, given: Rows) -> None:
        """Write rows in place of what the table held, in another order."""
        self._db.execute(f"truncate {table}")
        if given.rows:
            names = given.columns.split()
            types = [self._types[table][name] for name in names]
            lists = ", ".join(f"unnest(${n}::{type_}[])" for n, type_ in enumerate(types, 1))
            rows = self._chance.sample(given.rows, len(given.rows))
            columns = [list(column) for column in zip(*rows, strict=True)]
            insert = f"insert into {table} ({', '.join(names)}) select {lists}"
            self._db.execute(insert, columns)


def _relations() -> list[str]:
    """The tables that a world fills, and the models that are built for each world."""
    nothing = World([])
    return [
        *sources_of(nothing),
        *(f"main_provender.{log}" for log in logs_of(nothing)),
        *(f"main.{alias(view)}_history" for view in TODAY),
        *(f"main.{alias(view)}_backfill" for view in BACKFILLED),
        *(f"main.{model}" for model in ("stg_orders", "stg_customer_events", "stg_place_events")),
        *(f"main.{model}" for model in ("customer", "place", "definitions", "run_availability")),
        *(f"main.{model}" for model in DECISIONS),
    ]


def _models(world: World) -> list[str]:
    """The models that the world's training sets and views are built on, in their order."""
    sources = {source for training in world.trainings for source in training.sources}
    entities = {Shop.entity[view] for view in world.views_asked}
    return [
        "stg_orders",
        *(["stg_customer_events", "customer"] if "customer" in entities else []),
        *(["stg_place_events", "place"] if "place" in entities else []),
        *(["run_availability"] if "history" in sources else []),
        *(["definitions"] if any(t.policy == "then" for t in world.trainings) else []),
        *(DECISIONS if "served" in sources else ()),
    ]
