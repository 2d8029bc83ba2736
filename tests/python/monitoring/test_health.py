"""Trouble is found within one run: the right view or feature, since when, and nothing else."""

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from health_shop import BUDGET_MS, Decision, Finding, Shop, at, make_shop, order
from redis_server import RedisServer
from relay import REPLIES, Relay
from support import DbtRun

from provender import FeatureReader

CUSTOMERS = 20
ORDERS = [
    order(n, f"c{n % CUSTOMERS}", "10.00", at(6) + n * timedelta(minutes=1)) for n in range(105)
]
SPEND_LATE = ("freshness", "spend@1", None, at(8, 2))


@pytest.fixture(scope="module")
def module_redis() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.remove()


@dataclass(frozen=True)
class Clean:
    shop: Shop
    run: DbtRun


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory, module_redis: RedisServer) -> Clean:
    """The morning when all is well, and what the monitors said of it."""
    shop = make_shop(tmp_path_factory.mktemp("health") / "shop", module_redis.url)
    shop.project.write("shop.orders", ORDERS)
    shop.land([Decision(at(7, 5) + n * timedelta(seconds=30)) for n in range(80)])
    assert shop.build(at(7)).code == 0
    assert shop.push(at(7, 2)).exit_code == 0
    assert shop.build(at(7, 30), "spend", "spend_history").code == 0
    assert shop.push(at(7, 32), "tag:minutes").exit_code == 0
    return Clean(shop, shop.monitor(at(7, 50)))


@pytest.fixture(scope="module")
def shop(clean: Clean) -> Shop:
    assert clean.run.code == 0, clean.run.output
    return clean.shop


def logged(name: str) -> tuple[str, ...]:
    """Return the SQL that makes a table of a landed log, for more to land in."""
    return (
        f"alter view main_provender.{name} rename to landed_{name}",
        f"create table main_provender.{name} as from main_provender.landed_{name}",
    )


def pushed(run: datetime, readable: datetime, view: str = "spend") -> str:
    return (
        "insert into main_provender.push_log by name select '99-0' as stream_id, 'provender.dev' as"
        f" namespace, 'provender' as project, 'dev' as target, '{view}' as view, 1 as version,"
        f" timestamp '{run}' as run_as_of, timestamp '{readable}' as readable_at"
    )


def attempted(moment: datetime, outcome: str, message: str = "why", view: str = "spend") -> str:
    return (
        "insert into main_provender.push_attempts by name select 'a' || random() as attempt_id,"
        f" 'provender.dev' as namespace, 'provender' as project, 'dev' as target, '{view}' as view,"
        f" 1 as version, timestamp '{moment}' as started_at, timestamp '{moment}' as ended_at,"
        f" '{outcome}' as outcome, '{message}' as message"
    )


def built(moment: datetime, status: str = "success", message: str = "", view: str = "spend") -> str:
    return (
        f"insert into main_provender.build_log by name select '{view}' as view, 1 as version,"
        f" timestamp '{moment}' as as_of, timestamp '{moment}' as finished_at,"
        f" 'i' as invocation_id, '{status}' as status, nullif('{message}', '') as message"
    )


def ran(moment: datetime, view: str = "spend") -> str:
    """Return the SQL that logs a run which changed nothing."""
    return (
        "insert into main_provender.run_log by name select * replace (timestamp"
        f" '{moment}' as as_of, timestamp '{moment}' as ended_at) from main_provender.run_log"
        f" where view = '{view}' order by as_of desc limit 1"
    )


def ordered(occurred: datetime, loaded: datetime) -> str:
    return (
        "insert into shop.orders by name select 'o' || random() as order_id, 'c1' as customer_id,"
        f" 1 as amount, timestamp '{occurred}' as occurred_at, timestamp '{loaded}' as loaded_at"
    )


# a clean day


def test_a_clean_day_finds_nothing(clean: Clean) -> None:
    assert clean.run.code == 0, clean.run.output
    tests = {name for name, status in clean.run.status.items() if status != "success"}
    assert {clean.run.status[name] for name in tests} == {"pass"}
    assert {"views_are_fresh", "pushes_happen", "reads_are_within_budget"} <= tests
    assert clean.shop.project.published("from alerts") == []


def test_a_clean_day_stays_clean_while_the_schedule_runs(shop: Shop) -> None:
    """Each half hour a run, a push, orders and reads, until the evening."""
    damage = [*logged("push_log"), *logged("push_attempts")]
    for moment in (at(8) + n * timedelta(minutes=30) for n in range(24)):
        readable = moment + timedelta(minutes=2)
        damage += [ran(moment), built(moment), pushed(moment, readable)]
        damage += [attempted(readable, "pushed"), ordered(moment, moment + timedelta(minutes=2))]
    for hour in (9, 12, 19):
        assert shop.findings(at(hour, 31), *damage) == set()


# the stories, in the compiled SQL


def test_a_view_that_is_not_refreshed_is_late_two_minutes_past_its_sla(shop: Shop) -> None:
    assert shop.findings(at(8, 2)) == set()
    assert shop.findings(at(8, 2, 1)) == {SPEND_LATE}
    with shop.asked(at(8, 10)) as asked:
        row = asked.row("from freshness where view = 'spend'")
    assert (row["behind"], row["age_seconds"], row["is_expired"]) == ("build", 2400, False)
    assert row["finding"] == (
        "Readers get the run of 2026-03-02 07:30:00 UTC, 40 min old; the SLA is 30 min."
        " No build has computed it since 2026-03-02 07:30:00 UTC."
    )
    assert row["owner"] == "shop"


def test_a_build_that_fails_is_told_with_its_message(shop: Shop) -> None:
    damage = (
        built(at(8), "failed", "spend error: no such column"),
        built(at(8, 5), "failed", "again"),
    )
    assert shop.findings(at(8, 2), *damage) == set()  # the last good values are fresh enough
    with shop.asked(at(8, 10), *damage) as asked:
        assert asked.findings() == {SPEND_LATE}
        row = asked.row("from freshness where view = 'spend'")
    assert "Its builds fail since 2026-03-02 08:00:00 UTC (again)." in row["finding"]
    assert (row["behind"], row["last_build_status"]) == ("build", "failed")


def test_a_push_that_never_came_is_found_and_is_what_is_behind(shop: Shop) -> None:
    damage = (ran(at(8)), built(at(8)))
    with shop.asked(at(8, 10), *damage) as asked:
        assert asked.findings() == {SPEND_LATE}
        row = asked.row("from freshness where view = 'spend'")
    assert row["behind"] == "push"
    assert "The run of 2026-03-02 08:00:00 UTC is not online." in row["finding"]
    assert "push-online --select spend@1" in row["what_to_do"]
    never = ("push_health", "spend@1", None, at(8))
    assert shop.findings(at(8, 32), *damage) == {SPEND_LATE}
    assert shop.findings(at(8, 32, 1), *damage) == {SPEND_LATE, never}
    # later runs that are not pushed either do not make it younger
    more = (*damage, ran(at(8, 30)), built(at(8, 30)))
    assert shop.findings(at(8, 40), *more) == {SPEND_LATE, never}


def test_a_push_that_failed_is_found_until_a_good_one(shop: Shop) -> None:
    land = logged("push_attempts")
    failed = (*land, attempted(at(7, 35), "failed", "Redis cannot be reached."))
    since = ("push_health", "spend@1", None, at(7, 35))
    with shop.asked(at(7, 50), *failed) as asked:
        assert asked.findings() == {since}
        row = asked.row("from push_health where view = 'spend'")
    assert row["finding"] == "Its last push was not done: Redis cannot be reached."
    assert (row["attempts_24h"], row["success_rate_24h"]) == (3, pytest.approx(2 / 3))

    again = (*failed, attempted(at(7, 40), "refused", "Its last build failed."))
    assert shop.findings(at(7, 50), *again) == {since}
    assert shop.findings(at(7, 50), *again, attempted(at(7, 45), "up to date")) == set()
    elsewhere = (*again, *logged("push_log"), pushed(at(7, 30), at(7, 45)))
    assert shop.findings(at(7, 50), *elsewhere) == set()


def test_push_lag_counts_from_the_end_of_the_run(shop: Shop) -> None:
    with shop.asked(at(7, 50)) as asked:
        row = asked.row("from push_health where view = 'spend'")
    assert (row["pushes_in_window"], row["push_lag_p50_seconds"]) == (2, 120)
    assert (row["last_outcome"], row["declared_lag_seconds"]) == ("pushed", 120)


def test_a_source_that_stopped_is_found_and_the_views_are_not_accused(shop: Shop) -> None:
    """Its freshness allows an hour; the views are built and pushed all the while."""
    kept = (*logged("push_log"), ran(at(8, 40)), built(at(8, 40)), pushed(at(8, 40), at(8, 42)))
    assert shop.findings(at(8, 44), *kept) == set()
    late = ("source_lag", "shop.orders", None, at(8, 44))
    with shop.asked(at(8, 54), *kept) as asked:
        assert asked.findings() == {late}
        source = asked.row("from source_lag")
        views = asked.rows("from freshness order by view")
    assert source["owner"] == "shop"
    assert "70 min ago" in source["finding"]
    assert "it feeds spend@1, visits@1" in source["finding"]
    assert [(view["behind"], view["late_sources"]) for view in views] == [
        ("source", "shop.orders")
    ] * 2


def test_a_source_whose_rows_come_hours_late_is_found_though_it_never_stopped(shop: Shop) -> None:
    def arriving(lag: timedelta) -> tuple[str, ...]:
        moments = (at(7, 30) + n * timedelta(minutes=1) for n in range(20))
        return tuple(ordered(moment - lag, moment) for moment in moments)

    kept = ("delete from shop.orders where loaded_at > timestamp '2026-03-02 06:50'",)
    with shop.asked(at(7, 50), *kept, *arriving(timedelta(hours=3))) as asked:
        assert asked.findings() == {("source_lag", "shop.orders", None, at(7, 31))}
        row = asked.row("from source_lag")
    assert (row["recent_rows"], row["recent_lag_p50_seconds"]) == (21, 3 * 3600 + 60)
    assert (row["lag_p50_seconds"], row["lag_max_seconds"]) == (180, 3 * 3600 + 60)
    assert shop.findings(at(7, 50), *kept, *arriving(timedelta(minutes=50))) == set()


def test_a_null_flood_names_the_feature_and_its_first_run(shop: Shop) -> None:
    """At 07:50 two of twenty customers have a null, where 5 % are allowed; at 07:40 one had."""

    def nulls(moment: datetime, *customers: str) -> tuple[str, ...]:
        names = ", ".join(f"'{name}'" for name in customers)
        live = f"customer_id in ({names}) and valid_to is null"
        return (
            f"create or replace temp table opened as select * replace (null as spend_7d, timestamp"
            f" '{moment}' as valid_from) from main.spend_history where {live}",
            f"update main.spend_history set valid_to = timestamp '{moment}' where {live}",
            "insert into main.spend_history select * from opened",
            ran(moment),
            built(moment),
        )

    some, flood = nulls(at(7, 35), "c1"), nulls(at(7, 40), "c2", "c3")
    assert shop.findings(at(7, 36), *some) == set()
    with shop.asked(at(7, 50), *some, *flood, ran(at(7, 45)), built(at(7, 45))) as asked:
        assert asked.findings() == {("null_ratios", "spend@1", "spend_7d", at(7, 40))}
        row = asked.row("from null_ratios where feature = 'spend_7d'")
    assert (row["null_count"], row["row_count"], row["null_ratio"]) == (3, 20, 0.15)
    assert "15.0 % of its 20 keys" in row["finding"]


def test_slow_reads_are_found_with_what_they_waited_for(shop: Shop) -> None:
    slow = shop.decided(
        [
            *[Decision(at(7, 46, n), 0.6 * BUDGET_MS) for n in range(10)],
            *[Decision(at(7, 47, n), 1.5 * BUDGET_MS, "retry") for n in range(2)],
            *[Decision(at(7, 48, n), 2 * BUDGET_MS) for n in range(4)],
        ]
    )
    with shop.asked(at(7, 50), slow) as asked:
        assert asked.findings() == {("read_latency", "credit", None, at(7, 47))}
        row = asked.row("from read_latency where period = 'last 24 hours'")
        day = asked.row("from read_latency where period = 'day'")
    assert (row["reads"], row["slow_reads"]) == (96, 6)
    assert row["slow_waited_for"] == "the answer 4, retry 2"
    assert row["p99_ms"] == 2 * BUDGET_MS
    assert (day["starts_at"], day["reads"], day["p50_ms"]) == (at(0), 96, 1)
    assert day["finding"] is None


def test_a_few_slow_reads_are_life(shop: Shop) -> None:
    few = shop.decided([Decision(at(7, 47, n), 2 * BUDGET_MS) for n in range(4)])
    assert shop.findings(at(7, 50), few) == set()


def test_reads_that_were_not_served_are_found_by_view(shop: Shop) -> None:
    bad = shop.decided(
        [
            Decision(at(7, 46), status="stale"),
            Decision(at(7, 46, 30), status="missing"),
            *[Decision(at(7, 47, n), status="unavailable") for n in range(5)],
            Decision(at(7, 48), status="expired"),
        ]
    )
    with shop.asked(at(7, 50), bad) as asked:
        assert asked.findings() == {("read_availability", "spend@1", None, at(7, 47))}
        row = asked.row("from read_availability where period = 'window'")
    assert (row["reads"], row["missing_reads"]) == (88, 1)
    assert row["availability"] == pytest.approx(81 / 87)
    assert row["sla_compliance"] == pytest.approx(80 / 87)


def test_chance_alone_is_no_finding_in_200_days(shop: Shop) -> None:
    """Half a hundredth of the reads is slow: clean by the rule of one in a hundred."""
    dice = random.Random(5)
    source = Path(__file__).parents[3] / "macros/monitoring/_too_many.sql"
    rule = source.read_text().split("-%}")[1].split("{%-")[0]
    rule = rule.replace("{{ bad }}", "bad").replace("{{ all }}", "reads")
    for reads in (100, 1_000, 10_000):
        days = [(sum(dice.random() < 0.005 for _ in range(reads)), reads) for _ in range(200)]
        values = ", ".join(map(str, days))
        found = duckdb.sql(
            f"select count(*) from (values {values}) as days(bad, reads) where {rule}"
        )
        assert found.fetchall()[0][0] <= 1


# edges


def test_a_view_that_was_never_built_has_no_age(shop: Shop) -> None:
    gone = [
        f"delete from main_provender.{log} where view = 'visits'"
        for log in ("run_log", "build_log")
    ]
    damage = (
        *logged("push_log"),
        "delete from main_provender.push_log where view = 'visits'",
        *gone,
    )
    damage = (*damage, "delete from main.visits_history")
    with shop.asked(at(7, 50), *damage) as asked:
        assert asked.findings() == set()
        row = asked.row("from freshness where view = 'visits'")
    assert (row["age_seconds"], row["is_late"], row["last_run"]) == (None, False, None)
    failing = (*damage, built(at(7, 40), "failed", "visits error", view="visits"))
    assert shop.findings(at(7, 50), *failing) == {("freshness", "visits@1", None, at(7, 40))}


def test_a_view_that_was_never_pushed_is_trouble_only_where_a_service_reads_it(shop: Shop) -> None:
    nothing = (*logged("push_log"), "delete from main_provender.push_log")
    tomorrow = at(24 + 7, 1)
    with shop.asked(tomorrow, *nothing) as asked:
        found = {each for each in asked.findings() if each[0] != "source_lag"}
        row = asked.row("from push_health where view = 'spend'")
    assert found == {SPEND_LATE, ("push_health", "spend@1", None, at(7))}
    assert "nor any other; credit cannot read it." in row["finding"]
    with shop.asked(at(24 + 9), *nothing) as asked:  # a training view counts from its runs
        assert ("freshness", "visits@1", None, at(24 + 7, 2)) in asked.findings()
        assert asked.row("from push_health where view = 'visits'")["finding"] is None


def test_a_nightly_view_is_well_at_noon_and_the_whole_day(shop: Shop) -> None:
    for hour in (12, 23):
        assert "visits@1" not in {subject for _, subject, _, _ in shop.findings(at(hour))}
    late = ("freshness", "visits@1", None, at(31, 2))
    assert late in shop.findings(at(31, 3))


def test_nobody_waits_for_a_retired_view(shop: Shop) -> None:
    damage = (*logged("push_attempts"), attempted(at(7, 40), "retired"))
    found = shop.findings(at(12), *damage, ran(at(8)), built(at(8)))
    assert {subject for _, subject, _, _ in found} == {"shop.orders"}
    back = (*damage, attempted(at(7, 45), "pushed"))
    assert SPEND_LATE in shop.findings(at(12), *back)


def test_a_push_that_was_rolled_back_leaves_the_older_run(shop: Shop) -> None:
    with shop.asked(at(7, 50), *logged("push_log"), pushed(at(7), at(7, 45))) as asked:
        assert asked.findings() == {("freshness", "spend@1", None, at(7, 32))}
        row = asked.row("from freshness where view = 'spend'")
    assert (row["online_run"], row["online_since"], row["behind"]) == (at(7), at(7, 45), "push")


def test_a_push_into_another_namespace_is_not_ours(shop: Shop) -> None:
    damage = [*logged("push_log"), *logged("push_attempts")]
    damage += [pushed(at(7), at(7, 45)), attempted(at(7, 46), "failed")]
    for log, column in (("push_log", "readable_at"), ("push_attempts", "ended_at")):
        damage.append(
            f"update main_provender.{log} set namespace = 'elsewhere'"
            f" where {column} >= '{at(7, 45)}'"
        )
    assert shop.findings(at(7, 50), *damage) == set()


def test_without_a_decision_nothing_is_said_of_reads(shop: Shop) -> None:
    with shop.asked(at(7, 50), "delete from main.decisions") as asked:
        assert asked.findings() == set()
        latency = asked.rows("from read_latency order by period")
        use = asked.rows("from feature_use")
    assert [(row["period"], row["reads"], row["p99_ms"]) for row in latency] == [
        ("last 24 hours", 0, None),
        ("window", 0, None),
    ]
    assert {(row["view"], row["is_unread"]) for row in use} == {("spend", None), ("visits", None)}


def test_feature_use_tells_the_stores_share_and_who_is_unread(shop: Shop) -> None:
    outside = shop.decided(
        [Decision(at(7, 46, n), outside={"bureau": 7, "age": 40}) for n in range(20)]
    )
    with shop.asked(at(7, 50), outside) as asked:
        model = asked.row("from feature_use where service is not null")
        views = asked.rows("from feature_use where view is not null order by view")
    assert (model["model_version"], model["decisions"]) == ("v1", 100)
    assert (model["store_features"], model["outside_features"]) == (200, 40)
    assert model["share_from_store"] == pytest.approx(200 / 240)
    assert [(row["view"], row["services"], row["is_unread"]) for row in views] == [
        ("spend", "credit", False),
        ("visits", None, True),
    ]


def test_success_measures_are_those_of_counting_by_hand(shop: Shop) -> None:
    """80 decisions of the morning, and by the damage 20 with features from outside, 10 stale."""
    more = [Decision(at(7, 46, n), outside={"bureau": 7, "age": 40}) for n in range(20)]
    more += [Decision(at(7, 47, n), status="stale") for n in range(10)]
    more += [Decision(at(0) - timedelta(hours=9), status="expired")]  # on the day before
    with shop.asked(at(7, 50), shop.decided(more)) as asked:
        rows = asked.rows("from success_measures")
        use = asked.row("from feature_use where service is not null")
    measured = {
        (row["measure"], row["service"], row["period"], row["starts_at"]): (
            row["part"], row["whole"],
        )
        for row in rows
    }  # fmt: skip
    assert len(measured) == len(rows)
    store, sla = "features from the store", "reads within the SLA"
    for service in ("credit", None):
        assert measured[store, service, "day", at(0)] == (220, 260)
        assert measured[store, service, "day", at(0) - timedelta(days=1)] == (2, 2)
        assert measured[store, service, "window", at(7, 50) - timedelta(days=7)] == (222, 262)
        assert measured[sla, service, "day", at(0)] == (100, 110)
        assert measured[sla, service, "day", at(0) - timedelta(days=1)] == (0, 1)
        assert measured[sla, service, "window", at(7, 50) - timedelta(days=7)] == (100, 111)
    assert use["share_from_store"] == pytest.approx(222 / 262)
    # one went yesterday, one will go tomorrow, and one is not said to go
    assert measured["duplicate pipelines gone", None, "to date", None] == (1, 3)
    shares = {row["share"] for row in rows if row["measure"] == "duplicate pipelines gone"}
    assert shares == {1 / 3}


def test_without_decisions_there_is_no_share(shop: Shop) -> None:
    with shop.asked(at(7, 50), "delete from main.decisions") as asked:
        rows = asked.rows("from success_measures where measure <> 'duplicate pipelines gone'")
    assert {row["share"] for row in rows} == {None}


@pytest.mark.parametrize("seed", range(3))
def test_null_ratios_at_every_run_are_what_counting_gives(shop: Shop, seed: int) -> None:
    """One pass over history against the state at each run, counted key by key."""
    dice = random.Random(seed)
    moments = [at(0) + n * timedelta(minutes=7) for n in range(60)]
    rows, states = _random_history(dice, moments)
    values = ", ".join(
        f"('{key}', {'null' if null else 1}, timestamp '{begin}',"
        f" {'null' if end is None else f'''timestamp '{end}' '''}::timestamp)"
        for key, null, begin, end in rows
    )
    log = ", ".join(f"(timestamp '{moment}')" for moment in moments)
    damage = (
        "create temp table a_run as from main_provender.run_log where view = 'spend' limit 1",
        "delete from main_provender.run_log where view = 'spend'",
        "insert into main_provender.run_log select a_run.* replace (logged.moment as as_of) from"
        f" a_run, (values {log}) as logged(moment)",
        "delete from main.spend_history",
        "insert into main.spend_history by name select key as customer_id, 1 as orders_7d,"
        f" amount as spend_7d, begun as valid_from, ended as valid_to from (values {values}) as"
        " given(key, amount, begun, ended)",
    )
    for asked_at in dice.sample(range(len(moments)), 3):
        with shop.asked(moments[asked_at], *damage) as asked:
            row = asked.row("from null_ratios where feature = 'spend_7d'")
        nulls, keys = states[asked_at]
        assert (row["null_count"], row["row_count"]) == (nulls, keys)
        above = [nulls > 0.05 * keys for nulls, keys in states[: asked_at + 1]]
        began = len(above) - above[::-1].index(False) if False in above else 0
        assert row["since"] == (moments[began] if above[-1] else None)


def _random_history(
    dice: random.Random, moments: list[datetime]
) -> tuple[list[tuple[str, bool, datetime, datetime | None]], list[tuple[int, int]]]:
    """Return history rows (key, is null, from, to), and (nulls, keys) at each run."""
    live: dict[str, tuple[bool, datetime]] = {"k0": (False, moments[0])}
    rows: list[tuple[str, bool, datetime, datetime | None]] = []
    states = []
    rate = 0.03
    for moment in moments:
        if dice.random() < 0.1:
            rate = dice.choice([0.0, 0.03, 0.3])
        for key in (f"k{n}" for n in range(30)):
            if dice.random() > 0.3:
                continue  # not changed by this run
            if key in live and live[key][1] < moment:
                rows.append((key, live[key][0], live[key][1], moment))
                del live[key]
            if key not in live and (key == "k0" or dice.random() < 0.9):
                live[key] = (dice.random() < rate, moment)
        states.append((sum(null for null, _ in live.values()), len(live)))
    rows += [(key, null, begin, None) for key, (null, begin) in live.items()]
    return rows, states


def test_settings_that_are_none_are_told_all_at_once(shop: Shop) -> None:
    settings = {
        "project": "provender",
        "health": {"windw": "7d", "unread_after": "soon", "window": 0},
    }
    parsed = shop.project.dbt("parse", "--target-path", "elsewhere", provender=settings)
    assert parsed.code == 2
    for part in (
        "unknown 'windw', did you mean window? It has window, unread_after, notice, monitors",
        "unread_after: a duration like 30d, got 'soon'",
        "window: a duration like 7d, got 0",
    ):
        assert part in parsed.output


# the damage really done, by dbt, push-online and Redis


@dataclass(frozen=True)
class Damaged:
    shop: Shop
    run: DbtRun
    push: Any


@pytest.fixture(scope="module")
def damaged(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Damaged:
    """From 07:45 the orders have no amount; at 08:02 Redis is away; then everything stops."""
    other = shop.copy(tmp_path_factory.mktemp("damaged") / "shop")
    for n in range(12):
        missing = order(500 + n, f"c{n}", None, at(7, 45))
        columns = ", ".join(
            f"{'null' if value is None else repr(str(value))} as {name}"
            for name, value in missing.items()
        )
        other.project.execute(f"insert into shop.orders by name select {columns}")
    other.project.edit(
        "dbt_project.yml",
        "{+severity: warn,",
        "{views_are_fresh: {+severity: error}, +severity: warn,",
    )
    assert other.build(at(8), "spend", "spend_history").code == 0
    push = other.push(at(8, 2), "tag:minutes", redis_url="unix:///nowhere/redis.sock")
    return Damaged(other, other.monitor(at(9, 10)), push)


DAMAGE: set[Finding] = {
    SPEND_LATE,
    ("null_ratios", "spend@1", "spend_7d", at(8)),
    ("push_health", "spend@1", None, at(8, 2)),
    ("source_lag", "shop.orders", None, at(8, 45)),
}


def test_one_run_finds_all_of_it_and_accuses_nothing_else(damaged: Damaged) -> None:
    assert damaged.push.exit_code == 2
    found = damaged.shop.project.published("select monitor, subject, feature, since from alerts")
    assert set(found) == DAMAGE


def test_findings_are_warnings_that_say_what_was_found(damaged: Damaged) -> None:
    """A monitor does not end a build by itself: what is late is pushed by what comes after it."""
    warned = {name for name, status in damaged.run.status.items() if status == "warn"}
    assert warned == {"null_ratios_are_as_declared", "pushes_happen", "sources_are_on_time"}
    assert (
        "null_ratios: spend@1.spend_7d: 60.0 % of its 20 keys are null at the run of 2026-03-02"
        " 08:00:00 UTC; 5.0 % is allowed. Since 2026-03-02 08:00:00 UTC. Owner: shop. See what"
    ) in damaged.run.output


def test_a_finding_as_an_error_neither_hides_the_alerts_nor_fails_a_view(damaged: Damaged) -> None:
    run = damaged.run
    assert (run.code, run.status["views_are_fresh"]) == (1, "fail")
    assert run.status["alerts"] == "success"
    builds = damaged.shop.project.published("select distinct view, status from builds")
    assert {status for _, status in builds} == {"success"}


def test_status_shows_it_and_ends_with_1(damaged: Damaged, module_redis: RedisServer) -> None:
    shop = damaged.shop
    url = ("--redis-url", module_redis.url)
    screen = shop.run("status", "--now", f"{at(9, 15).isoformat()}Z", *url)
    assert screen.exit_code == 1
    for part in ("spend@1", "expired", "1 above", "4 things are wrong", "shop.orders (source_lag"):
        assert part in screen.stdout
    well = shop.run("status", "--now", f"{at(7, 50).isoformat()}Z", *url)
    assert well.exit_code == 1  # what the monitors found later does not go away


def test_status_is_well_on_the_clean_day_and_not_when_all_has_stopped(
    clean: Clean, module_redis: RedisServer
) -> None:
    """The commonest trouble: nothing runs any more, the monitors neither."""
    url = ("--redis-url", module_redis.url, "--json")
    well = clean.shop.run("status", "--now", f"{at(7, 52).isoformat()}Z", *url)
    assert well.exit_code == 0, well.output
    assert '"is_well": true' in well.stdout
    stopped = clean.shop.run("status", "--now", f"{at(24 + 9).isoformat()}Z", *url)
    assert stopped.exit_code == 1
    for part in ("spend", "visits", "They last ran at 2026-03-02 07:50:00 UTC"):
        assert part in stopped.stdout


def test_a_slow_redis_is_found(shop: Shop, module_redis: RedisServer) -> None:
    """The answers wait in a relay for half as long again as the budget; the reads are real."""
    with (
        Relay(module_redis.socket) as relay,
        FeatureReader.from_url(
            f"redis://127.0.0.1:{relay.port}/0", namespace="provender.dev", timeout=10
        ) as reader,
    ):
        reader.get("credit", customer_id="c1")
        slow = [_slow_read(reader, relay) for _ in range(5)]
    assert min(slow) > BUDGET_MS
    damage = shop.decided([Decision(at(7, 47, n), ms) for n, ms in enumerate(slow)])
    assert shop.findings(at(7, 50), damage) == {("read_latency", "credit", None, at(7, 47))}


def _slow_read(reader: FeatureReader, relay: Relay) -> float:
    relay.stall(REPLIES)
    waking = threading.Timer(1.5 * BUDGET_MS / 1000, relay.flow)
    waking.start()
    began = time.perf_counter()
    reader.get("credit", customer_id="c1")
    took = 1000 * (time.perf_counter() - began)
    waking.join()
    return took


CLOCKS = {"right": 0, "fast": 90, "slow": -300, "queued": 0}  # writer -> seconds ahead of Redis


def test_a_clock_that_is_off_is_found_and_a_queue_is_not_called_one(shop: Shop) -> None:
    """In earnest: in a rehearsal nobody's clock is that of Redis.

    Of the decisions of the queue every third waits ten minutes in a spool.
    """
    done = shop.project.dbt(
        *("compile", "--select", "service_clocks", "--vars", "{as_of: 2026-03-02T12:00:00Z}")
    )
    assert done.code == 0, done.output
    compiled = shop.project.folder / "target/compiled/provender/models/monitoring"
    rows = [
        (writer, at(10, minute % 60) + timedelta(seconds=ahead), at(10, minute % 60), wait)
        for writer, ahead in CLOCKS.items()
        for minute in range(30)
        for wait in [600 if writer == "queued" and minute % 3 == 0 else 0.05]
    ]
    with duckdb.connect(str(shop.project.database)) as store:
        store.begin()
        store.execute("delete from main.decisions")
        store.executemany(
            "insert into main.decisions (service, writer, read_at, landed_at, stream_id) select"
            " 'credit', $1, $2, $3, epoch_ms($3 + to_milliseconds(cast(1000 * $4 as bigint)))"
            " || '-0'",
            rows,
        )
        found = store.execute(
            f"select writer, since, finding from ({(compiled / 'service_clocks.sql').read_text()})"
            " where finding is not null order by writer"
        ).fetchall()
        store.rollback()
    assert [(writer, since) for writer, since, _ in found] == [("fast", at(10)), ("slow", at(10))]
    assert "is 90 s ahead of that of Redis" in found[0][2]
    assert "is 5 min behind" in found[1][2]
