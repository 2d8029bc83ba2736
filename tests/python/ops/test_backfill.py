"""A backfill says what a run at each past moment would have said, and disturbs nothing.

One store is driven through a backfill that is killed, continued, repeated and widened by a new
feature. After each command the test keeps what stood in the writer's file.
"""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from oracle.life import alive
from oracle.times import HOUR, MINUTE
from oracle.versions import Delivery, Version, versions_of
from support import DbtProject, Dump
from typer.testing import CliRunner, Result

from provender_ops import backfill, cli

KERNEL = Path(__file__).parents[1] / "kernel/project"
START = datetime(2026, 3, 1)
END = START + 40 * HOUR
BUILT, PRESENT = "2026-03-03T00:00:00Z", "2026-03-03T06:00:00Z"
VARS = json.dumps({"as_of": PRESENT, "rehearsal": True})
KEYS = ("customer_id", "shop")
UNTOUCHED = ("loyalty_history", "spend_history", "main_provender.run_log", "loyalty")
FILLED = ("loyalty_backfill", "main_provender.backfill_log")

VIEW = """
select
    spine.customer_id,
    spine.shop,
    spine.as_of,
    cast(count(orders.order_id) as integer) as orders_6h,
    cast(sum(orders.amount) as decimal(18, 2)) as amount_6h
from {{ provender.spine('regular') }} as spine
left join {{ ref('stg_orders') }} as orders
    on spine.customer_id = orders.customer_id
    and spine.shop = orders.shop
    and {{ provender.known_at('orders', 'spine.as_of') }}
    and {{ provender.in_window('orders.occurred_at', '6h', 'spine.as_of') }}
group by spine.customer_id, spine.shop, spine.as_of
"""
WIDER_VIEW = VIEW.replace(
    "\nfrom {{ provender.spine", ",\n    max(orders.amount) as largest_6h\nfrom {{ provender.spine"
)
FEATURES = {"orders_6h": "integer", "amount_6h": "decimal(18,2)"}
ENTITY = """
{{ config(materialized='table', tags=['minutes']) }}
select * from {{ provender.life_intervals(
    ref('stg_orders'), keys=['customer_id', 'shop'], alive='amount > 0'
) }}
"""
ENTITY_YAML = """
models:
  - name: regular
    config: {meta: {entity: {keys: [customer_id, shop]}}}
    columns:
      - {name: customer_id, data_type: varchar}
      - {name: shop, data_type: varchar}
"""
RANGE = {"version": None, "start": "2026-03-01", "end": "2026-03-02", "step": "1h", "features": []}
REFUSALS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "declared none": (
        {"view": "declined"},
        ["it declares `backfill: none` (the till keeps no past)."],
    ),
    "unknown feature": (
        {"view": "loyalty", "features": ["orders_6"]},
        ["unknown feature 'orders_6'. Did you mean `orders_6h`?"],
    ),
    "in the future": (
        {"view": "loyalty", "end": "2026-03-03T06:00:00.000001Z"},
        ["end 2026-03-03 06:00:00.000001 is in the future: it is 2026-03-03 06:00:00.000000"],
    ),
    "too many slots": ({"view": "loyalty", "step": "1m", "start": "2025-12-01"}, ["131040 slots"]),
    "never built": ({"view": "unbuilt"}, ["no stored definition. Build it first: dbt build"]),
    "built in part": ({"view": "visits"}, ["it was last built with --empty or --sample."]),
    "not built since": (
        {"view": "loyalty"},
        ["feature 'largest_6h' is not in the definition that was last built. Build the view first"],
    ),
    "of a past it cannot see, or was moved": (
        {"view": "spend"},
        [
            "it reads 'customer', which was last built with --empty or --sample.",
            "column 'orders_7d' of spend_backfill is bigint and the view now has integer.",
            "spend_backfill has no column 'spend_7d', but backfill_log says that it was filled.",
        ],
    ),
    "later than what it reads": (
        {"view": "loyalty", "features": ["orders_6h"], "end": "2026-03-03T00:00:00.000001Z"},
        ["it reads 'regular', which is stored and knows nothing later than the last run"],
    ),
    "nothing": (
        {"view": "loyalty", "features": ["orders_6h"], "end": "2026-03-03T05:30:00+05:30"},
        [],
    ),
}
COMMIT = "{%- do adapter.commit() -%}"
STALL = """
{%- if run_query('select count(*) from main_provender.backfill_log')[0][0] > 50 -%}
    {%- do log('about to commit', info=true) -%}
    {%- do run_query('select sum(hash(n)) from range(1000000000000) as t(n)') -%}
{%- endif -%}
"""
PRINT_REFUSALS = """
{% macro print_refusals(asked) %}
    {% for arguments in asked %}
        {% do print(tojson(provender._backfill_errors(provender._backfill_request(**arguments)))) %}
    {% endfor %}
{% endmacro %}
"""


class Order(NamedTuple):
    """What an order says; an amount below zero ends the life of its customer in its shop."""

    customer_id: str
    amount: Decimal
    shop: str


def deliveries() -> list[Delivery[Order]]:
    """Orders that arrive up to a day late; some are corrected, some delivered twice."""
    chance = random.Random(3)
    made = []
    for number in range(220):
        occurred_at = START + chance.randrange(-600, 2880) * MINUTE
        loaded_at = occurred_at + chance.choice([1, 9, 50, 600, 1500]) * MINUTE
        for _ in range(chance.choice([1, 1, 2, 3])):
            order = Order(
                chance.choice(["a", "a|b", "o'h", "d"]),
                Decimal(chance.choice([-100, 250, 1075, 4000])) / 100,
                chance.choice(["b|c", "c"]),
            )
            made.append(Delivery(str(number), order, occurred_at, loaded_at))
            made += [made[-1]] * chance.choice([0, 0, 1])
            loaded_at += chance.choice([0, 30, 700]) * MINUTE
    chance.shuffle(made)
    return made


@dataclass
class World:
    """The naive truth: what a view says of each key alive at a moment."""

    versions: list[Version[Order]] = field(
        default_factory=lambda: list(versions_of(deliveries(), MINUTE))
    )

    def at(self, t: datetime) -> dict[tuple[str, str], dict[str, Any]]:
        live = alive(self.versions, lambda o: (o.customer_id, o.shop), lambda o: o.amount > 0, t)
        return {key: self._features(key, t) for key in live}

    def _features(self, key: tuple[str, str], t: datetime) -> dict[str, Any]:
        amounts = [
            v.content.amount
            for v in self.versions
            if v.visible(t)
            and (v.content.customer_id, v.content.shop) == key
            and t - 6 * HOUR < v.occurred_at
        ]
        return {
            "orders_6h": len(amounts),
            "amount_6h": sum(amounts) if amounts else None,
            "largest_6h": max(amounts, default=None),
        }


@dataclass(frozen=True)
class Step:
    """What one command did, and what then stood in the writer's file."""

    code: int
    said: str
    tables: dict[str, Dump | None]

    def rows(self, table: str) -> list[dict[str, Any]]:
        dump = self.tables[table]
        assert dump is not None
        return [dict(zip([name for name, _ in dump[0]], row, strict=True)) for row in dump[1]]

    def cells(self, feature: str) -> dict[tuple[Any, ...], Any]:
        """Return what was filled of a feature: {(key, …, slot): value} at the slots logged."""
        slots = self.slots(feature)
        return {
            (row["customer_id"], row["shop"], row["as_of"]): row[feature]
            for row in self.rows("loyalty_backfill")
            if row["as_of"] in slots
        }

    def slots(self, feature: str) -> dict[datetime, int]:
        """Return the slots logged for a feature, with their count of rows."""
        log = self.rows("main_provender.backfill_log")
        return {row["as_of"]: row["row_count"] for row in log if row["feature"] == feature}


def grid(start: datetime, end: datetime, step: timedelta) -> list[datetime]:
    return [start + n * step for n in range(-((start - end) // step))]


def expected(world: World, slots: list[datetime], feature: str) -> dict[tuple[Any, ...], Any]:
    return {(*key, t): values[feature] for t in slots for key, values in world.at(t).items()}


class Store:
    """The store, and every step it went through by name."""

    def __init__(self, folder: Path) -> None:
        self.project = DbtProject(KERNEL, folder, registry=False)
        self.steps: dict[str, Step] = {}
        self.refusals: list[list[str]] = []
        self.last_refusal = ""
        project = self.project
        project.write("shop.switch", [{"test_fails": False, "history_fails": False}])
        rows = [
            {
                "order_id": delivery.event,
                **delivery.content._asdict(),
                "occurred_at": delivery.occurred_at,
                "loaded_at": delivery.loaded_at,
            }
            for delivery in deliveries()
        ]
        project.write("shop.orders", rows)
        project.edit("models/stg_orders.sql", "'amount'", "'amount', 'shop'")
        project.edit(
            "dbt_project.yml",
            "profile: provender\n",
            "profile: provender\nvars: {provender: {project: provender, backfill_chunk_rows: 6}}\n",
        )
        self.put("models/regular.sql", ENTITY)
        self.put("models/regular.yml", ENTITY_YAML)
        self.put("macros/print_refusals.sql", PRINT_REFUSALS)
        self.put_view("loyalty", VIEW, FEATURES)

    def put(self, path: str, text: str) -> None:
        (self.project.folder / path).write_text(text)

    def put_view(self, name: str, sql: str, features: dict[str, str], **policies: str) -> None:
        """Add a view over `regular`, with its history."""
        columns = {"customer_id": "varchar", "shop": "varchar", "as_of": "timestamp"}
        view = {
            "name": name,
            "config": {
                "group": "shop",
                "tags": ["minutes"],
                "contract": {"enforced": True},
                "meta": {
                    "feature_view": {
                        **{"entity": "regular", "freshness_sla": "30m", "ttl": "1h"},
                        **{"otherwise": "default", "classification": "internal", "lag": "2m"},
                        **(policies or {"backfill": "recompute"}),
                    }
                },
            },
            "columns": [
                *({"name": key, "data_type": type_} for key, type_ in columns.items()),
                *(
                    {
                        "name": feature,
                        "data_type": type_,
                        "config": {"meta": {"feature": {"default": 0}}},
                    }
                    for feature, type_ in features.items()
                ),
            ],
        }
        history = {
            "name": f"{name}_history",
            "relation": f"ref('{name}')",
            "config": {"tags": ["minutes"], "unique_key": list(KEYS)},
        }
        self.put(f"models/{name}.sql", sql)
        self.put(f"models/{name}.yml", json.dumps({"models": [view]}))
        self.put(f"snapshots/{name}_history.yml", json.dumps({"snapshots": [history]}))

    def did(self, name: str, code: int, said: str) -> None:
        tables = {table: self.project.dump(table) for table in (*UNTOUCHED, *FILLED)}
        self.steps[name] = Step(code, said, tables)

    def command(self, name: str, *arguments: str) -> None:
        """Run `provender backfill` as its users do."""
        result = CliRunner().invoke(
            cli.app,
            ["backfill", *arguments, "--vars", VARS, "--project-dir", str(self.project.folder)],
            env={"DBT_PROFILES_DIR": str(self.project.folder), "PROVENDER_GIT_COMMIT": "abc"},
        )
        assert result.exception is None or isinstance(result.exception, SystemExit)
        self.did(name, result.exit_code, result.output)

    def kill(self, name: str, view: str) -> None:
        """Start a backfill by its macro, and kill it where a chunk is written, not committed."""
        fill_chunk = "macros/backfill/_fill_chunk.sql"
        self.project.edit(fill_chunk, COMMIT, STALL + COMMIT)
        arguments = {"view": view, "start": str(START), "end": str(END), "step": "30m"}
        process = self.project.start(
            *("run-operation", "provender.backfill", "--args", json.dumps(arguments)),
            as_of=PRESENT,
        )
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if "about to commit" in line:
                process.send_signal(signal.SIGKILL)
        process.communicate()
        self.project.edit(fill_chunk, STALL, "")
        self.did(name, process.returncode, "".join(said))

    def refuse(self) -> None:
        """Ask what would be refused, in a store prepared to have every reason."""
        project = self.project
        self.put_view("unbuilt", VIEW, FEATURES)
        self.put_view(
            "declined", VIEW, FEATURES, backfill="none", backfill_reason="the till keeps no past"
        )
        project.execute(
            "insert into main_provender.definition_log (unique_id, fingerprint, recorded_at)"
            " values ('model.provender.visits', 'partial', '2026-03-04'),"
            " ('model.provender.customer', 'partial', '2026-03-04');"
            "create table spend_backfill (customer_id varchar, as_of timestamp, orders_7d bigint);"
            "insert into main_provender.backfill_log (view, version, feature)"
            " values ('spend', 1, 'spend_7d')"
        )
        asked = [{**RANGE, **arguments} for arguments, _ in REFUSALS.values()]
        backwards = {**RANGE, "view": "loyalty", "end": "2026-03-01T00:00:00Z"}
        run = project.dbt(
            *(
                "run-operation",
                "print_refusals",
                "--args",
                json.dumps({"asked": [*asked, backwards]}),
            ),
            as_of=PRESENT,
        )
        self.last_refusal = run.output
        self.refusals += [json.loads(line) for line in run.output.splitlines() if line[:1] == "["]
        project.execute(
            "delete from main_provender.definition_log where fingerprint = 'partial';"
            "drop table spend_backfill;"
            "delete from main_provender.backfill_log where view = 'spend'"
        )
        for name in ("unbuilt", "declined"):
            for path in (
                f"models/{name}.sql",
                f"models/{name}.yml",
                f"snapshots/{name}_history.yml",
            ):
                (project.folder / path).unlink()

    def damage(self) -> None:
        """Have a definition stored that multiplies, loses a key and forgets the time."""
        self.project.execute(
            "update main_provender.definition_log set definition_sql = 'select * from ('"
            " || definition_sql || ') union all select null, as_of, orders_7d, spend_7d from ('"
            " || definition_sql || ') union all select customer_id, as_of + interval 1 minute,"
            " orders_7d, spend_7d from (' || definition_sql || ')' where view = 'spend'"
        )


def drive(store: Store) -> None:
    project = store.project
    half_hours = ("--from", "2026-03-01", "--to", "2026-03-02T16:00:00Z", "--step", "30m")
    built = project.build(as_of=BUILT)
    store.did("built", built.code, built.output)
    store.kill("killed", "loyalty")
    store.command("continued", "loyalty", *half_hours, "--json")
    store.command("again", "loyalty@1", *half_hours, "--json")

    store.put_view("loyalty", WIDER_VIEW, {**FEATURES, "largest_6h": "decimal(18,2)"})
    store.refuse()
    rebuilt = project.build(as_of=PRESENT)
    store.did("rebuilt", rebuilt.code, rebuilt.output)
    hours = ("--from", "2026-03-01T10:00:00Z", "--to", "2026-03-02", "--step", "1h")
    store.command("new feature", "loyalty", *hours, "--feature", "largest_6h", "--json")
    wider = ("--from", "2026-02-28T13:00:00Z", "--to", "2026-03-02T18:00:00Z", "--step", "30m")
    store.command("wider", "loyalty", *wider, "--json")

    store.damage()
    store.command("damaged", "spend", *hours)


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    made = Store(tmp_path_factory.mktemp("backfill") / "project")
    drive(made)
    for name in ("built", "continued", "again", "rebuilt", "new feature", "wider"):
        assert made.steps[name].code == 0, made.steps[name].said
    return made


HALF_HOURS = grid(START, END, 30 * MINUTE)
HOURS = grid(START + 10 * HOUR, START + 24 * HOUR, HOUR)
WIDER = grid(START - 11 * HOUR, END + 2 * HOUR, 30 * MINUTE)


@pytest.mark.parametrize(
    ("step", "feature", "slots"),
    [
        ("continued", "orders_6h", HALF_HOURS),
        ("continued", "amount_6h", HALF_HOURS),
        ("new feature", "orders_6h", HALF_HOURS),
        ("new feature", "largest_6h", HOURS),
        ("wider", "orders_6h", WIDER),
        ("wider", "amount_6h", WIDER),
        ("wider", "largest_6h", WIDER),
    ],
)
def test_every_cell_is_what_a_run_at_that_slot_would_have_computed(
    store: Store, world: World, step: str, feature: str, slots: list[datetime]
) -> None:
    done = store.steps[step]
    assert done.slots(feature) == {t: len(world.at(t)) for t in slots}
    assert done.cells(feature) == expected(world, slots, feature)
    keys = [tuple(row[name] for name in (*KEYS, "as_of")) for row in done.rows(FILLED[0])]
    assert len(keys) == len(set(keys))


def test_the_world_has_births_deaths_returns_and_nobody(world: World) -> None:
    lives = [set(world.at(t)) for t in WIDER]
    assert set() in lives
    assert len({frozenset(live) for live in lives}) > 20
    key = max(set().union(*lives), key=lambda k: len([1 for live in lives if k in live]))
    changes = "".join("x" if key in live else " " for live in lives)
    assert len(changes.split()) > 2


def test_killed_before_it_commits_it_leaves_whole_chunks_only(store: Store, world: World) -> None:
    killed = store.steps["killed"]
    assert killed.code == -signal.SIGKILL
    slots = list(killed.slots("orders_6h"))
    told = [line for line in killed.said.splitlines() if "slots filled" in line]
    assert f"loyalty@1: {len(slots)} of 80 slots filled" in told[-1]
    assert 0 < len(slots) < len(HALF_HOURS)
    assert {row["as_of"] for row in killed.rows("loyalty_backfill")} <= set(slots)
    for feature in FEATURES:
        assert killed.cells(feature) == expected(world, slots, feature)


def test_the_next_call_goes_on_where_it_was_killed(store: Store) -> None:
    killed, continued = store.steps["killed"], store.steps["continued"]
    before = len(killed.slots("orders_6h"))
    filled = len(HALF_HOURS) - before
    rows = len(continued.rows("loyalty_backfill")) - len(killed.rows("loyalty_backfill"))
    assert json.loads(continued.said) == {
        **{"view": "loyalty@1", "slots": 80, "filled_before": before},
        **{"to_fill": filled, "filled": filled, "rows": rows},
    }
    log = "main_provender.backfill_log"
    assert [row for row in killed.rows(log) if row not in continued.rows(log)] == []


def test_a_second_time_it_does_nothing(store: Store) -> None:
    again = store.steps["again"]
    assert again.tables == store.steps["continued"].tables
    assert json.loads(again.said) == {
        **{"view": "loyalty@1", "slots": 80, "filled_before": 80},
        **{"to_fill": 0, "filled": 0, "rows": 0},
    }


def test_a_new_feature_is_filled_alone(store: Store) -> None:
    before, after = store.steps["rebuilt"], store.steps["new feature"]
    for feature in FEATURES:
        assert after.cells(feature) == before.cells(feature)
    log = "main_provender.backfill_log"
    assert [row for row in after.rows(log) if row["feature"] != "largest_6h"] == before.rows(log)
    elsewhere = [row for row in after.rows("loyalty_backfill") if row["as_of"] not in HOURS]
    assert {row["largest_6h"] for row in elsewhere} == {None}


def test_slots_of_an_earlier_definition_stay_and_are_told(store: Store) -> None:
    wider, rebuilt = store.steps["wider"], store.steps["rebuilt"]
    assert "80 slots were filled by an earlier definition of the view, and stay" in wider.said
    for row in rebuilt.rows("main_provender.backfill_log"):
        assert row in wider.rows("main_provender.backfill_log")


def test_history_and_the_run_log_are_not_touched(store: Store) -> None:
    for before, after in pairwise(store.steps):
        if after != "rebuilt":
            for table in UNTOUCHED:
                assert store.steps[after].tables[table] == store.steps[before].tables[table]


def test_the_log_says_who_filled_a_slot(store: Store) -> None:
    runs = store.steps["built"].rows("main_provender.run_log")
    fingerprint = next(row["fingerprint"] for row in runs if row["view"] == "loyalty")
    told = [
        (row["step_seconds"], row["filled_at"], row["git_commit"], row["fingerprint"])
        for row in store.steps["continued"].rows("main_provender.backfill_log")
        if row["git_commit"] == "abc"
    ]
    assert set(told) == {(1800, datetime.fromisoformat(PRESENT[:-1]), "abc", fingerprint)}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_could_not_be_true_is_refused(store: Store, name: str) -> None:
    _, wanted = REFUSALS[name]
    said = store.refusals[list(REFUSALS).index(name)]
    assert len(said) == len(wanted), said
    for sentence, part in zip(said, wanted, strict=True):
        assert part in sentence


def test_slots_that_run_backwards_are_refused(store: Store) -> None:
    assert "start 2026-03-01 00:00:00.000000 is not before end" in store.last_refusal


def test_a_definition_that_multiplies_is_refused_and_nothing_is_written(store: Store) -> None:
    damaged = store.steps["damaged"]
    assert damaged.code == 1
    for part in (
        "backfill of spend@1 refused, what was filled before stays:",
        "rows with a key and as_of that another row has",
        "rows with a null key (customer_id)",
        "rows of another as_of than they were asked for",
    ):
        assert part in damaged.said
    assert "> in macro" not in damaged.said
    assert (
        damaged.tables["main_provender.backfill_log"]
        == (store.steps["wider"].tables["main_provender.backfill_log"])
    )
    kept = store.project.dump("spend_backfill")
    assert kept is None or kept[1] == []


# the command alone: dbt is a script that says what it is told to say

Say = Callable[..., Result]
ARGUMENTS = ("backfill", "spend", "--from", "2026-03-01", "--to", "2026-03-02", "--step", "1h")


def event(message: str, level: str = "info", **data: str) -> str:
    return json.dumps({"data": data, "info": {"level": level, "msg": message}})


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Run the command over a dbt that says these lines and ends with this code."""
    (tmp_path / "dbt_project.yml").write_text("name: shop\n")
    monkeypatch.chdir(tmp_path)

    def run(*lines: str, code: int = 0, arguments: tuple[str, ...] = ARGUMENTS) -> Result:
        script = tmp_path / "dbt.py"
        script.write_text(
            "import json, sys\n"
            "with open('argv', 'w') as file:\n    json.dump(sys.argv, file)\n"
            f"print({os.linesep.join(lines)!r})\nsys.exit({code})"
        )
        monkeypatch.setattr(backfill, "DBT", (sys.executable, str(script)))
        result = CliRunner().invoke(cli.app, list(arguments))
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return run


def test_a_summary_is_printed_and_what_needs_attention_told(say: Say) -> None:
    done = say(
        event("Running with dbt=1.12.0"),
        event("backfill spend@1: 24 slots, 20 filled before, 4 to fill"),
        event("backfill spend@1: 20 slots were filled by an earlier definition of the view"),
        event("backfill spend@1: 3 of 4 slots filled, 30 rows"),
        event("backfill spend@1: 4 of 4 slots filled, 41 rows"),
    )
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1].split() == ["spend@1", "24", "20", "4", "4", "41"]
    assert (
        done.stderr
        == "backfill spend@1: 20 slots were filled by an earlier definition of the view\n"
    )


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (
            "Compilation Error in macro backfill (b.sql)\n  backfill of spend@1 refused, nothing"
            " was changed:\n  - it declares `backfill: none`.\n  \n  > in macro _refuse (r.sql)",
            1,
            "backfill of spend@1 refused, nothing was changed:\n- it declares `backfill: none`.\n",
        ),
        (
            "Compilation Error in macro backfill (b.sql)\n  unknown feature view 'spnd'.",
            2,
            "unknown feature view 'spnd'.\nNothing more was filled. Mend that and run the command"
            " again.\n",
        ),
    ],
)
def test_an_error_of_dbt_is_a_sentence_and_an_exit_code(
    say: Say, error: str, code: int, told: str
) -> None:
    done = say(event("[ERROR]: " + error, "error", exc=error), code=1)
    assert (done.exit_code, done.stdout, done.stderr) == (code, "", told)


def test_what_dbt_says_before_it_can_log_is_told(say: Say) -> None:
    done = say("Error: Invalid value for '--vars'", code=2)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: Invalid value for '--vars'\n")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"spend": "spend@one"}, "'spend@one' is not a view. Write VIEW or VIEW@VERSION"),
        ({"2026-03-01": "yesterday"}, "--from 'yesterday' is not a time."),
    ],
)
def test_an_argument_that_cannot_be_read_starts_no_dbt(
    say: Say, changed: dict[str, str], told: str
) -> None:
    done = say(event("backfill started"), arguments=tuple(changed.get(a, a) for a in ARGUMENTS))
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(told)


def test_what_is_asked_reaches_the_macro(say: Say, tmp_path: Path) -> None:
    asked = (*ARGUMENTS, "--feature", "a", "--feature", "b", "--dry-run", "--target", "prod")
    assert say(event("done"), arguments=asked).exit_code == 0
    given = json.loads((tmp_path / "argv").read_text())
    assert given[given.index("--target") + 1] == "prod"
    assert "--vars" not in given
    assert given[given.index("run-operation") + 1] == "provender.backfill"
    assert json.loads(given[given.index("--args") + 1]) == {
        "view": "spend",
        "version": None,
        "start": "2026-03-01T00:00:00+00:00",
        "end": "2026-03-02T00:00:00+00:00",
        "step": "1h",
        "features": ["a", "b"],
        "dry_run": True,
    }


ENDLESS = """
import os, signal, sys
with open("started", "w") as started:
    started.write(str(os.getpid()))
signal.pause()
"""


def test_ctrl_c_ends_dbt_too(tmp_path: Path) -> None:
    (tmp_path / "dbt_project.yml").write_text("name: shop\n")
    (tmp_path / "dbt.py").write_text(ENDLESS)
    os.mkfifo(tmp_path / "started")
    command = (  # a shell starts what it runs in the background deaf to Ctrl-C
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
        " from provender_ops import backfill, cli;"
        " backfill.DBT = (sys.executable, 'dbt.py'); cli.main()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", command, *ARGUMENTS],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        dbt = int((tmp_path / "started").read_text())
        process.send_signal(signal.SIGINT)
        said, told = process.communicate()
    assert (process.returncode, said) == (130, "")
    assert told.startswith("Interrupted.")
    with pytest.raises(ProcessLookupError):
        os.kill(dbt, 0)
