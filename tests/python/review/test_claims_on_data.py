"""What is claimed of SQL holds on data: the same has the same values, twins have others."""

import re
from datetime import timedelta
from typing import Any

import duckdb
import pytest
from bank import EVENT_COLUMNS, EVENTS, bank
from planted import HOLE, TWELVE, planted
from twins import twins
from ways import plants

from provender_ops.definitions.declarations import Declarations
from provender_ops.review.duplicates import SAME, find_duplicates

FLAGS = frozenset({"is_instant", "is_gift", "is_partial", "is_express", "succeeded"})
CHOSEN = {
    "country": "NL BE LU DE",
    "category": "food fuel fun",
    "status": "settled rejected cancelled reversed",
    "platform": "ios android web",
    "delivery": "pickup home",
    "page": "search product cart",
    "topic": "complaint question",
}


def drawn(column: str, amount: str) -> str:
    """SQL of a value for each event `i`: as good as random, and the same each time."""
    draw = f"hash('{column}' || i)"
    if column == amount:
        return f"case when {draw} % 50 > 0 then ({draw} % 40000 / 100)::decimal(18,2) end"
    if column.endswith("_id"):
        return f"case when {draw} % 9 > 0 then ({draw} % 8)::integer end"
    if column in FLAGS:
        return f"{draw} % 2 = 0"
    if column == "due_on":
        return f"(timestamp '2026-01-01' + to_days(({draw} % 120)::integer))::date"
    if column in ("due_amount", "reopened_times"):
        return f"({draw} % 4)::integer"
    texts = [f"'{text}'" for text in CHOSEN.get(column, "a b c").split()]
    return f"[{', '.join(texts)}, null][({draw} % {len(texts) + 1})::integer + 1]"


@pytest.fixture(scope="module")
def database() -> duckdb.DuckDBPyConnection:
    """Sources of a thousand events each, known a minute or days later, and a spine."""
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    for events in EVENTS:
        names = [*EVENT_COLUMNS[events.table].split(), events.amount, *events.texts]
        columns = ", ".join(f'{drawn(name, events.amount)} as "{name}"' for name in names)
        happened = "timestamp '2026-01-01' + to_seconds((hash('at' || i) % 10368000)::bigint)"
        loaded = f"{happened} + to_minutes(if(hash('late' || i) % 9 = 0, 7200, 1))"
        connection.execute(
            f'create table "source.bank.raw.{events.table}" as select'
            f" 'e' || i as {events.event}, {columns}, cast({happened} as varchar) as happened_at,"
            f" 'UTC' as zone, {loaded} as loaded_at from range(1500) as events(i)"
        )
    for name, model in bank().models.items():
        if "stg_" in name:
            connection.execute(f'create table "{name}" as {model.sql}')
    keys = sorted({key for events in EVENTS for key in events.of})
    connection.execute(
        f"create table {HOLE} as select {', '.join(f'k::integer as {key}_id' for key in keys)},"
        " timestamp '2026-02-01 12:00:00' + to_days(d::integer) as as_of"
        " from range(9) as entities(k), range(0, 90, 15) as days(d)"
    )
    return connection


def computed(database: duckdb.DuckDBPyConnection, state: Declarations, label: str) -> list[Any]:
    view, _, feature = label.rpartition(".")
    declared = state.views[view]
    for model in state.models.values():  # what a view reads beside the staging models
        if f'"{model.unique_id}"' in (state.models[declared.unique_id].sql or ""):
            database.execute(f'create table if not exists "{model.unique_id}" as {model.sql}')
    keys = ", ".join(key.name for key in declared.keys)
    sql = state.models[declared.unique_id].sql
    rows = database.execute(
        f"select spine.*, it.{feature} from (select distinct {keys}, as_of from {HOLE}) as spine"
        f" left join ({sql}) as it using ({keys}, as_of) order by {keys}, as_of"
    ).fetchall()
    return [round(float(r[-1]), 6) if _is_number(r[-1]) else r[-1] for r in rows]


def _is_number(it: Any) -> bool:
    return it is not None and not isinstance(it, str | timedelta)


@pytest.fixture(scope="module")
def bare() -> Declarations:
    from dataclasses import replace  # noqa: PLC0415

    state = bank()
    staging = {key: model for key, model in state.models.items() if "stg_" in key}
    return replace(state, views={}, models=staging)


@pytest.mark.parametrize("kind", plants())
def test_the_same_has_the_same_values(
    kind: str, database: duckdb.DuckDBPyConnection, bare: Declarations
) -> None:
    state = planted(bare, plants()[kind])
    values = {}
    for view in state.views.values():
        name = f"{view.label}.{view.features[0].name}"
        values[name] = computed(database, state, name)
        assert len(set(values[name])) > 1
    same = [each for each in find_duplicates(state) if each.kind == SAME]
    for each in same:
        assert values[each.feature] == values[each.of], (each.feature, each.of)


@pytest.mark.parametrize("name", twins())
def test_twins_have_other_values(
    name: str, database: duckdb.DuckDBPyConnection, bare: Declarations
) -> None:
    state = planted(bare, twins()[name])
    one, other = (computed(database, state, f"{each}@1.{each}") for each in ("one", "other"))
    assert one != other


@pytest.mark.parametrize("plant", TWELVE, ids=lambda plant: plant.view)
def test_a_plant_has_the_values_that_are_claimed(
    plant: Any, database: duckdb.DuckDBPyConnection
) -> None:
    state = planted(bank(), TWELVE)
    mine = computed(database, state, f"{plant.view}@1.{plant.feature}")
    there = computed(database, state, plant.of)
    assert len(set(there)) > 1
    if plant.kind == SAME:
        assert mine == there
    factor = re.fullmatch(r"multiplied by (\d+)", plant.says)
    if factor:
        assert mine == pytest.approx([it * float(factor[1]) for it in there])


def test_every_honest_view_computes(database: duckdb.DuckDBPyConnection) -> None:
    """All 200 run on data, and features of one entity have values of their own."""
    state = bank()
    seen: dict[tuple[str, tuple[Any, ...]], str] = {}
    alike = []
    for view in state.views.values():
        keys = ", ".join(key.name for key in view.keys)
        sql = state.models[view.unique_id].sql or ""
        cursor = database.execute(f"from ({sql}) order by {keys}, as_of")
        columns = list(zip(*cursor.fetchall(), strict=True))
        for feature, column in zip(view.features, columns[len(view.keys) + 1 :], strict=True):
            other = seen.setdefault((view.entity, column), feature.name)
            if other != feature.name:
                alike.append((feature.name, other))
    assert len(seen) > 800, alike[:5]
