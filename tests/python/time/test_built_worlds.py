"""Twenty worlds through real `dbt build` and snapshots: history, availability and training sets.

Each has keys and events of its own; they share one store, its runs and its pushes. On the way a
feature is added, and a ttl is changed and changed back.
"""

import random
import shutil
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import expecting
import pytest
from checking import compare
from compiled import add_trainings, new_project, write_sources
from making import Maker
from oracle.point_in_time import Push
from oracle.shop import Shop, ViewId
from oracle.times import HOUR, MINUTE
from oracle.training import Declared, Run, available_run
from support import DbtProject
from tables import alias, logs_of, sources_of
from trainings import KEYS, TRAININGS
from world import OWN, TODAY, World

WORLDS = 20
NOON = datetime(2026, 3, 2, 12)
BUILDS = [NOON, NOON + 30 * MINUTE, NOON + HOUR, NOON + 3 * HOUR]
SPEND, PLACE_LOAD = ("spend", 1), ("place_load", 1)


def declared_at(view: ViewId, build: int) -> Declared:
    """What the YAML said then: a feature came with the second build, the third had another ttl."""
    today = TODAY[view]
    if view == SPEND and build == 0:
        return replace(today, features=dict(list(today.features.items())[:2]))
    return replace(today, ttl=40 * MINUTE) if view == SPEND and build == 2 else today


@dataclass(frozen=True)
class Built:
    """The store after its last build, and all that happened to it."""

    project: DbtProject
    world: World

    def rows(self, table: str) -> tuple[list[tuple[str, str]], list[tuple[Any, ...]]]:
        """Return a table whole, whatever its order."""
        with duckdb.connect(str(self.project.database), read_only=True) as db:
            cursor = db.execute(f"select * from main.{table}")
            return [(one[0], str(one[1])) for one in cursor.description or []], cursor.fetchall()


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Built:
    project = new_project(tmp_path_factory.mktemp("worlds") / "project")
    world = union()
    for n, as_of in enumerate(BUILDS):
        write_sources(project, sources_of(known(world, as_of)))
        declare(project, n)
        if as_of == BUILDS[-1]:
            land(project, world)
            add_trainings(project)
        run = project.build(
            *("--exclude", "resource_type:test"),
            as_of=as_of.isoformat(),
            allow_shrink=[name for name, _ in TODAY],
        )
        assert run.code == 0, run.output
    return Built(project, world)


def union() -> World:
    """Twenty worlds of one history of builds and pushes."""
    world = World(list(TRAININGS.values()))
    for view in TODAY:
        runs = [Run(as_of, as_of, declared_at(view, n)) for n, as_of in enumerate(BUILDS)]
        world.runs[view] = runs
    world.pushes = [
        (SPEND, Push(BUILDS[0], NOON + 10 * MINUTE, 8), OWN),
        (SPEND, Push(BUILDS[1], NOON + 50 * MINUTE, 9), OWN),
        (SPEND, Push(BUILDS[0], NOON + 50 * MINUTE, 10), OWN),  # back at once
        (SPEND, Push(BUILDS[2], NOON + 70 * MINUTE, 11), OWN),
        (PLACE_LOAD, Push(BUILDS[1], NOON + HOUR, 12), OWN),
        (("recent", 1), Push(BUILDS[0], NOON + HOUR, 13), "loadtest"),
    ]
    for number in range(WORLDS):
        maker = Maker(random.Random(number), NOON, number)
        maker.happen(world)
        maker.reads = moments(world)
        decision = f"d{number}"
        world.decisions[decision] = maker.decision(list(TODAY))
        world.spine += [
            replace(row, n=100 * number + row.n)
            for row in maker.spine(12, [decision])
            if row.t is None or row.t <= BUILDS[-1]
        ]
    return world


def moments(world: World) -> list[datetime]:
    """When what readers get may change."""
    found = {push.readable_at for _, push, _ in world.pushes}
    for runs in world.runs.values():
        for run in runs:
            ages = (0 * HOUR, run.declared.freshness_sla, run.declared.ttl, HOUR)
            found |= {run.as_of + age for age in ages}
    return sorted(found)


def known(world: World, as_of: datetime) -> World:
    """Return the world as its sources were loaded by then."""
    loaded = {
        name: [one for one in getattr(world, name) if one.loaded_at <= as_of]
        for name in ("orders", "customer_events", "place_events")
    }
    return replace(world, **loaded)


def declare(project: DbtProject, build: int) -> None:
    """Write the definition of that day."""
    for file in ("spend.sql", "features.yml"):
        path = f"models/features/{file}"
        shutil.copy(Path(__file__).parent / "project" / path, project.folder / path)
    sql, yml = "models/features/spend.sql", "models/features/features.yml"
    if build == 0:
        text = (project.folder / sql).read_text()
        added = text[text.index(",\n    cast(max(") : text.index(" as largest_1h")]
        project.edit(sql, f"{added} as largest_1h", "")
        project.edit(
            yml,
            "      - name: largest_1h\n        data_type: decimal(18,2)\n"
            "        config: {meta: {feature: {default: -1}}}\n",
            "",
        )
    elif build == 2:
        project.edit(yml, "ttl: 1h, otherwise: default", "ttl: 40m, otherwise: default")


def land(project: DbtProject, world: World) -> None:
    """Write the logs of the online store as they land: whole, where a build left them empty."""
    with duckdb.connect(str(project.database)) as db:
        for log in ("push_log", "decision_log"):
            given = logs_of(world)[log]
            names, holes = given.columns.split(), ", ".join("?" * len(given.columns.split()))
            db.execute(f"create temp table {log} as from main_provender.{log} limit 0")
            db.executemany(f"insert into {log} ({', '.join(names)}) values ({holes})", given.rows)
            folder = project.folder / "landing/dev" / log
            folder.mkdir(parents=True)
            db.execute(f"copy {log} to '{folder}/one.parquet'")


@pytest.mark.parametrize("view", TODAY, ids=str)
def test_history_holds_what_every_run_computed(worlds: Built, view: ViewId) -> None:
    """At each run exactly the keys alive then, with the values that were known then."""
    columns, history = worlds.rows(f"{alias(view)}_history")
    at = {name: n for n, (name, _) in enumerate(columns)}
    wanted = [*KEYS[Shop.entity[view]], *TODAY[view].features]
    state = worlds.world.views()[view].state
    for run in worlds.world.runs[view]:
        found = [
            tuple(row[at[name]] for name in wanted)
            for row in history
            if row[at["valid_from"]] <= run.as_of
            and (row[at["valid_to"]] is None or row[at["valid_to"]] > run.as_of)
        ]
        expected = [
            (*key, *(v if name in run.declared.features else None for name, v in values.items()))
            for key, values in state(run.as_of).items()
        ]
        assert len(expected) > WORLDS / 2
        compare(f"{view} at {run.as_of}", found, expected)


@pytest.mark.parametrize("training", TRAININGS)
def test_a_training_set_says_what_the_oracle_says(worlds: Built, training: str) -> None:
    asked, views = TRAININGS[training], worlds.world.views()
    columns, found = worlds.rows(training)
    assert columns == expecting.columns(asked)
    expected = expecting.rows(asked, worlds.world, views)
    assert len(expected) > WORLDS
    compare(training, found, expected, columns)


@pytest.mark.parametrize("view", TODAY, ids=str)
def test_the_available_run_is_that_of_the_oracle(worlds: Built, view: ViewId) -> None:
    """By pushes where this store was ever pushed to, else by the ends of runs; at any moment."""
    columns, rows = worlds.rows("run_availability")
    told = [dict(zip(dict(columns), row, strict=True)) for row in rows]
    truth = worlds.world.views()[view]
    counted_by = "push" if truth.pushes else "run"
    for t in moments(worlds.world):
        (found,) = [
            one["as_of"]
            for one in told
            if (one["view"], one["version"], one["counted_by"]) == (*view, counted_by)
            and one["available_from"] <= t
            and (one["available_until"] is None or one["available_until"] > t)
        ] or [None]
        run = available_run(truth, t)
        assert found == (run and run.as_of)


def test_views_of_every_kind_answered(worlds: Built) -> None:
    """The worlds are worth their builds: every status is there."""
    _, rows = worlds.rows("many_views")
    statuses = {value for row in rows for value in row if isinstance(value, str)}
    assert {"ok", "stale", "expired", "missing", "not_computed"} <= statuses
