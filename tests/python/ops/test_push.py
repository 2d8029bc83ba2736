"""What a push brings online is what history says was live at the run, whichever way it went."""

from datetime import date, datetime
from decimal import Decimal
from random import Random

import pyarrow as pa
import pytest
from published_catalog import PublishedProject, State, View, minute
from pushing import Pusher, in_history

from provender.errors import NamespaceOwned
from provender_ops import generations, history
from provender_ops import rows as rows_module
from provender_ops.catalog import Catalog
from provender_ops.online_store import OnlineStore
from provender_ops.rows import Rows


def test_first_push_brings_every_key_with_its_value_and_type(
    project: PublishedProject, pusher: Pusher
) -> None:
    view = project.view(
        "everything",
        keys={"customer_id": "bigint", "device": "varchar"},
        features={
            "count": "integer",
            "ratio": "double",
            "amount": "decimal(18,2)",
            "name": "varchar",
            "flag": "boolean",
            "day": "date",
            "at": "timestamp",
        },
        defaults={"count": 30, "amount": 0.5, "day": "2026-01-01", "at": "2026-01-01 00:00:00"},
    )
    filled = (1, 0.1, Decimal("12.30"), "Zoë, {x}", True, date(2026, 1, 2), datetime(2026, 1, 2, 3))
    state: State = {(1, "a,b"): filled, (2, ""): (None,) * 7, (-3, "é"): (2**31 - 1, *filled[1:])}
    project.build(view, minute(1), state)

    outcome = pusher.push_one()

    assert (outcome.status, outcome.mode, outcome.rows) == ("pushed", "full", 3)
    assert pusher.online(view) == in_history(view, minute(1))
    served = pusher.reader(minute(2)).get_view("everything", 1, customer_id=1, device="a,b")
    assert tuple(served.to_dict().values()) == filled
    assert [type(value) for value in served.to_dict().values()] == [type(v) for v in filled]
    absent = pusher.reader(minute(2)).get_view("everything", 1, customer_id=9, device="a")
    assert absent["amount"].value == Decimal("0.50")
    assert absent["at"].value == datetime(2026, 1, 1)


@pytest.mark.parametrize("seed", range(4))
def test_incremental_pushes_equal_a_full_one_and_a_replay(
    project: PublishedProject, activity: View, pusher: Pusher, seed: int
) -> None:
    """Whatever runs and pushes alternate: keys come, change, go and return."""
    random = Random(seed)
    modes = set()
    for number in range(1, 12):
        state = {
            key: (random.randrange(3), random.choice([None, "a", "é"]))
            for key in range(12)
            if random.random() < 0.7
        }
        project.build(activity, minute(number), state)
        if random.random() < 0.6:
            modes.add(pusher.push_one().mode)
            assert pusher.online(activity) == in_history(activity, minute(number))
    pusher.push_one()
    replay = Pusher(project, pusher.client, "replay")
    replay.push_one()

    assert modes == {"full", "incremental"}
    assert pusher.online(activity) == replay.online(activity) == in_history(activity, minute(11))
    pusher.push_one(full=True)
    assert pusher.online(activity) == replay.online(activity)


def test_a_key_that_is_gone_leaves_a_tombstone_and_may_return(
    project: PublishedProject, activity: View, pusher: Pusher
) -> None:
    project.build(activity, minute(1), {1: (1, "a"), 2: (1, "b")})
    pusher.push()
    project.build(activity, minute(2), {2: (1, "b")})
    outcome = pusher.push_one()

    assert (outcome.mode, outcome.rows, outcome.tombstones) == ("incremental", 0, 1)
    gone = pusher.reader(minute(3)).get_view("customer_activity", 1, customer_id=1)
    assert (gone["payments"].status, gone["payments"].value) == ("missing", 0)

    project.build(activity, minute(3), {1: (1, "a"), 2: (1, "b")})
    pusher.push()
    back = pusher.reader(minute(3)).get_view("customer_activity", 1, customer_id=1)
    assert (back["payments"].status, back["payments"].value) == ("ok", 1)


def test_a_run_confirms_what_it_did_not_change(
    project: PublishedProject, activity: View, pusher: Pusher
) -> None:
    project.build(activity, minute(1), {1: (1, "a")})
    pusher.push()
    project.build(activity, minute(4), {1: (1, "a")})
    outcome = pusher.push_one()

    served = pusher.reader(minute(5)).get_view("customer_activity", 1, customer_id=1)
    assert outcome.rows == 0
    assert served["payments"].age is not None
    assert served["payments"].age.total_seconds() == 60


def test_the_same_run_again_writes_nothing(
    project: PublishedProject, activity: View, pusher: Pusher
) -> None:
    project.build(activity, minute(1), {1: (1, "a")})
    pusher.push()
    before = pusher.everything()

    outcome = pusher.push_one()

    assert (outcome.status, outcome.mode) == ("up to date", None)
    assert pusher.everything() == before


def test_each_push_is_recorded_with_the_time_it_became_readable(
    project: PublishedProject, activity: View, pusher: Pusher
) -> None:
    project.build(activity, minute(1), {1: (1, "a")})
    pusher.push()
    project.build(activity, minute(2), {1: (2, "a")})
    pusher.push(now=datetime.fromisoformat("2026-03-02T00:05:00Z"))
    first, second = pusher.pushes()

    seconds, _ = pusher.client.time()
    assert abs(first["readable_at_us"] // 1_000_000 - seconds) < 60
    assert second["readable_at_us"] == 1772409900_000_000
    assert (first["mode"], second["mode"]) == ("full", "incremental")
    assert {name: second[name] for name in ("namespace", "project", "target", "view", "rows")} == {
        "namespace": "lender.dev",
        "project": "lender",
        "target": "dev",
        "view": "customer_activity",
        "rows": 1,
    }


def test_a_lost_write_of_the_last_push_is_repaired_by_the_next(
    project: PublishedProject, activity: View, pusher: Pusher
) -> None:
    """One push of overlap, as after a failover that lost the last writes."""
    project.build(activity, minute(1), {1: (1, "a"), 2: (1, "b")})
    pusher.push()
    key = pusher.keys.row("customer_activity", 1, 1, "1")
    lost = pusher.client.get(key)
    project.build(activity, minute(2), {1: (2, "a"), 2: (1, "b")})
    pusher.push()
    pusher.client.set(key, lost)  # type: ignore[arg-type]
    project.build(activity, minute(3), {1: (2, "a"), 2: (2, "b")})

    assert pusher.push_one().mode == "incremental"
    assert pusher.online(activity) == in_history(activity, minute(3))


def some_rows(keys: list[str], values: list[bytes]) -> Rows:
    return Rows(pa.array(keys), pa.array(values, pa.large_binary()), [False] * len(keys))


def test_a_row_of_a_later_run_stays(
    project: PublishedProject, activity: View, pusher: Pusher
) -> None:
    """Compare-and-set by as_of, byte by byte: the header's bytes are no text of any locale."""
    project.build(activity, minute(1), {1: (1, "a")})
    store = OnlineStore(pusher.client, pusher.namespace, "lender", "dev")
    times = [-(2**62), -1, 0, 255, 256, 2**31, 2**32 - 1, 2**32, 1_772_409_900_000_000, 2**62]
    from provender.encoding import encode_tombstone  # noqa: PLC0415

    for last in times:
        for new in times:
            pusher.client.set("row", encode_tombstone(last))
            (written,) = store.merge(some_rows(["row"], [encode_tombstone(new)]))
            assert written == (new >= last)
            assert pusher.client.get("row") == encode_tombstone(max(last, new))


def test_a_row_that_redis_has_already_is_not_written_again(pusher: Pusher) -> None:
    """The overlap with the push before costs replicas and append-only files nothing."""
    store = OnlineStore(pusher.client, pusher.namespace, "lender", "dev")
    rows = some_rows(["old", "new"], [b"\x02" + bytes([1]) * 10] * 2)
    pusher.client.set("old", rows.values[0].as_py())

    def writes() -> int:
        return int(pusher.client.info("persistence")["rdb_changes_since_last_save"])

    before = writes()
    assert store.merge(rows) == [True, True]
    assert writes() == before + 1
    assert store.merge(rows) == [True, True]
    assert writes() == before + 1
    assert pusher.client.mget(rows.keys.to_pylist()) == rows.values.to_pylist()


def test_changes_of_any_size_are_all_pushed(
    project: PublishedProject, activity: View, pusher: Pusher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few batches wait in memory, the others in a file."""
    project.build(activity, minute(1), dict.fromkeys(range(5000), (1, "a")))
    pusher.push()
    monkeypatch.setattr(history, "BATCH", 1000)
    monkeypatch.setattr(rows_module, "HELD", 1)
    project.build(activity, minute(2), dict.fromkeys(range(5000), (2, "a")))
    outcome = pusher.push_one()
    assert (outcome.mode, outcome.rows) == ("incremental", 5000)
    assert pusher.online(activity) == in_history(activity, minute(2))


def test_damaged_rows_are_overwritten(pusher: Pusher) -> None:
    store = OnlineStore(pusher.client, pusher.namespace, "lender", "dev")
    pusher.client.set("short", b"\x01\xff")
    pusher.client.set("other format", b"\xff" * 20)
    pusher.client.lpush("list", "x")
    rows = some_rows(["short", "other format", "list", "new"], [b"\x01" + b"\x00" * 10] * 4)

    assert store.merge(rows) == [True] * 4


def test_new_columns_bring_a_new_layout_in_a_new_generation(
    project: PublishedProject, activity: View, pusher: Pusher
) -> None:
    project.build(activity, minute(1), {1: (1, "a"), 2: (1, "b")})
    pusher.push()
    reader = pusher.reader(minute(2), monotonic=lambda: 0.0)
    reader.get_view("customer_activity", 1, customer_id=1)
    activity.features["vip"] = "boolean"
    project.build(activity, minute(2), {1: (1, "a", True), 2: (1, "b", None)})
    outcome = pusher.push_one()

    assert (outcome.mode, outcome.reason, outcome.generation) == ("full", "its columns changed", 2)
    # Also by a reader whose registry is not old enough to be read again.
    fresh = reader.get_view("customer_activity", 1, customer_id=1)
    assert fresh.to_dict() == {"payments": 1, "city": "a", "vip": True}


def test_an_old_generation_is_deleted_once_no_reader_can_be_there(
    project: PublishedProject, activity: View, pusher: Pusher, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.build(activity, minute(1), {1: (1, "a")})
    pusher.push()
    pusher.push(full=True)
    pusher.push()
    assert pusher.generations(activity) == {1, 2}

    monkeypatch.setattr(generations, "GRACE_US", 0)
    pusher.push()
    assert pusher.generations(activity) == {2}
    assert pusher.online(activity) == in_history(activity, minute(1))


def test_rows_that_redis_lost_are_refilled(
    project: PublishedProject, activity: View, pusher: Pusher
) -> None:
    project.build(activity, minute(1), {key: (key, "a") for key in range(50)})
    pusher.push()
    for key in range(0, 50, 3):  # as when one node of a Cluster is lost
        pusher.client.delete(pusher.keys.row("customer_activity", 1, 1, str(key)))

    outcome = pusher.push_one()

    assert (outcome.mode, outcome.reason) == ("full", "rows are missing in Redis")
    assert pusher.online(activity) == in_history(activity, minute(1))


def test_an_empty_redis_is_filled_again(
    project: PublishedProject, activity: View, pusher: Pusher
) -> None:
    project.build(activity, minute(1), {1: (1, "a")})
    pusher.push()
    pusher.client.flushall()

    assert pusher.push_one().reason == "first push"
    assert pusher.online(activity) == in_history(activity, minute(1))


def test_rows_that_outlived_their_registry_are_not_read(
    project: PublishedProject, activity: View, pusher: Pusher
) -> None:
    """The number of a generation may come again, and its old rows must not."""
    project.build(activity, minute(1), {1: (1, "a"), 2: (2, "b")})
    pusher.push()
    pusher.client.delete(pusher.keys.registry, pusher.keys.writer)
    project.build(activity, minute(2), {2: (2, "b")})

    assert pusher.push_one().generation == 1
    assert pusher.online(activity) == in_history(activity, minute(2))


@pytest.mark.parametrize("lost", ["writer", "record"])
def test_what_cannot_be_trusted_is_written_anew(
    project: PublishedProject, activity: View, pusher: Pusher, lost: str
) -> None:
    project.build(activity, minute(1), {1: (1, "a")})
    pusher.push()
    if lost == "writer":
        pusher.client.delete(pusher.keys.writer)
    else:
        pusher.client.hset(pusher.keys.registry, "view:customer_activity@1", "{")
    project.build(activity, minute(2), {1: (2, "a")})

    assert pusher.push_one().mode == "full"
    assert pusher.online(activity) == in_history(activity, minute(2))


def test_a_history_that_began_again_is_not_merged_into_the_old_one(
    project: PublishedProject,
    activity: View,
    pusher: Pusher,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Same project, same times, other values: a restored or rebuilt database."""
    project.build(activity, minute(1), {1: (1, "a"), 2: (2, "b")})
    project.build(activity, minute(2), {1: (2, "a"), 2: (2, "b")})
    pusher.push()
    again = PublishedProject(tmp_path_factory.mktemp("again") / "lender")
    view = again.view("customer_activity", keys=activity.keys, features=activity.features)
    again.build(view, minute(1), {1: (7, "z"), 3: (3, "c")})
    again.build(view, minute(2), {1: (7, "z"), 3: (3, "c")})
    other = Pusher(again, pusher.client)

    assert other.push_one().reason == "Redis holds a run that history does not have"
    assert other.online(view) == in_history(view, minute(2))


def test_an_older_history_is_brought_back_by_a_full_push(
    project: PublishedProject,
    activity: View,
    pusher: Pusher,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """A backup was restored: Redis is ahead, and the older run is the truth now."""
    project.build(activity, minute(1), {1: (1, "a")})
    backup = tmp_path_factory.mktemp("backup")
    files = {path: path.read_bytes() for path in project.published.rglob("*") if path.is_file()}
    project.build(activity, minute(2), {1: (2, "a"), 2: (1, "b")})
    pusher.push()
    for path in project.published.rglob("*.parquet"):
        path.rename(backup / path.name) if path not in files else path.write_bytes(files[path])
    project.catalog.write_bytes(files[project.catalog])

    assert pusher.push_one().mode == "full"
    assert pusher.online(activity) == in_history(activity, minute(1))


def test_a_run_whose_rows_came_and_whose_history_went(
    project: PublishedProject, activity: View, pusher: Pusher
) -> None:
    """A push died while writing a run, and then history was restored without that run."""
    project.build(activity, minute(1), {1: (1, "a")})
    pusher.push()
    store = OnlineStore(pusher.client, pusher.namespace, "lender", "dev")
    with Catalog.open(project.catalog) as catalog:
        run = catalog.last_runs()["customer_activity", 1]
    lost = type(run)(**{**{name: getattr(run, name) for name in run.__slots__}, "as_of": minute(9)})
    store.announce(lost)
    project.build(activity, minute(2), {1: (1, "a")})

    assert pusher.push_one().reason == "an interrupted push wrote a run that history does not have"


def test_a_failed_build_is_not_pushed_and_the_others_are(
    project: PublishedProject, activity: View, pusher: Pusher
) -> None:
    spend = project.view("spend", keys={"customer_id": "bigint"}, features={"total": "double"})
    project.build(activity, minute(1), {1: (1, "a")})
    project.build(spend, minute(1), {1: (1.5,)})
    pusher.push()
    project.build(activity, minute(2), {1: (99, "a")}, "failed", "not_null_city fail")
    project.build(spend, minute(2), {1: (2.5,)})

    summary = pusher.push()

    outcomes = {view.view: view for view in summary.views}
    assert summary.is_refused
    assert outcomes["customer_activity"].status == "refused"
    assert "not_null_city fail" in outcomes["customer_activity"].reason
    assert "last good values stay" in outcomes["customer_activity"].reason
    assert pusher.online(activity) == in_history(activity, minute(1))
    assert pusher.online(spend) == in_history(spend, minute(2))

    project.build(activity, minute(3), {1: (3, "a")})
    pusher.push()
    assert pusher.online(activity) == in_history(activity, minute(3))


def test_a_run_whose_build_never_ended_is_not_pushed(
    project: PublishedProject, activity: View, pusher: Pusher
) -> None:
    """Its tests may not have run: dbt died between history and the end of the run."""
    project.build(activity, minute(1), {1: (1, "a")})
    pusher.push()
    project.build(activity, minute(2), {1: (2, "a")}, said=False)

    outcome = pusher.push_one()

    assert outcome.status == "refused"
    assert "never said how it ended" in outcome.reason
    assert pusher.online(activity) == in_history(activity, minute(1))


def test_a_view_without_a_run_is_refused_when_asked_for(
    project: PublishedProject, activity: View, pusher: Pusher
) -> None:
    project.log_build(activity, minute(1), "success")
    project.publish()

    (outcome,) = pusher.push("customer_activity").views

    assert (outcome.status, "no run yet" in outcome.reason) == ("refused", True)


def test_a_view_that_is_no_longer_declared_is_left_alone(
    project: PublishedProject, activity: View, pusher: Pusher
) -> None:
    project.build(activity, minute(1), {1: (1, "a")}, "failed", "broken for good")
    del project.views["customer_activity", 1]
    project.publish()

    assert pusher.push().views == ()


@pytest.mark.parametrize("full", [False, True])
def test_a_value_that_cannot_be_served_makes_nothing_of_its_view_visible(
    project: PublishedProject, pusher: Pusher, full: bool
) -> None:
    since = project.view(
        "customer_since", keys={"customer_id": "bigint"}, features={"since": "date"}
    )
    project.build(since, minute(1), dict.fromkeys(range(5), ("2026-01-01",)))
    pusher.push()
    before = pusher.online(since)
    dates = {key: ("2026-02-01" if key < 4 else "10000-01-01",) for key in range(5)}
    project.build(since, minute(2), dates)

    outcome = pusher.push_one(full=full)

    assert outcome.status == "refused"
    for part in ("customer_since", "'4'", "'since'"):
        assert part in outcome.reason
    assert pusher.online(since) == before
    assert pusher.generations(since) == {1}


def test_a_value_that_cannot_be_served_does_no_harm_once_its_key_is_gone(
    project: PublishedProject, pusher: Pusher
) -> None:
    since = project.view(
        "customer_since", keys={"customer_id": "bigint"}, features={"since": "date"}
    )
    project.build(since, minute(1), {1: ("2026-01-01",), 2: ("2026-01-02",)})
    pusher.push()
    project.build(since, minute(2), {1: ("2026-01-01",), 2: ("10000-01-01",)})
    assert pusher.push_one().status == "refused"
    project.build(since, minute(3), {1: ("2026-01-03",)})
    outcome = pusher.push_one()
    assert (outcome.status, outcome.mode, outcome.tombstones) == ("pushed", "incremental", 1)
    assert list(pusher.online(since)) == ["{1}"]


@pytest.mark.parametrize(("key", "value"), [("hugeint", "integer"), ("integer", "int128")])
def test_integers_of_128_bits_are_refused_since_parquet_has_none(
    project: PublishedProject, pusher: Pusher, key: str, value: str
) -> None:
    view = project.view("ledger", keys={"account": key}, features={"units": value})
    project.build(view, minute(1), {7: (2**30,), 1: (None,)})
    outcome = pusher.push_one()
    assert outcome.status == "refused"
    assert "double" in outcome.reason or "no hugeint" in outcome.reason


def test_a_column_of_another_type_than_declared_is_refused(
    project: PublishedProject, activity: View, pusher: Pusher
) -> None:
    activity.features["payments"] = "bigint"
    project.build(activity, minute(1), {1: (1, "a")})
    for definition in project.definitions.values():
        definition["features"][0]["type"] = "integer"
    project.publish()

    outcome = pusher.push_one()

    assert outcome.status == "refused"
    assert "column 'payments': history holds a int64, which is no integer" in outcome.reason


def test_a_null_key_is_refused_with_the_name_of_view_and_key(
    project: PublishedProject, activity: View, pusher: Pusher
) -> None:
    project.build(activity, minute(1), {None: (1, "a")})

    outcome = pusher.push_one()

    assert outcome.status == "refused"
    assert "'customer_activity'" in outcome.reason
    assert "'customer_id' is null" in outcome.reason


def test_another_target_cannot_overwrite_a_namespace(
    project: PublishedProject,
    activity: View,
    pusher: Pusher,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    project.build(activity, minute(1), {1: (1, "a")})
    pusher.push()
    before = pusher.everything()
    other = PublishedProject(tmp_path_factory.mktemp("other") / "lender", target="prod")
    view = other.view("customer_activity", keys=activity.keys, features=activity.features)
    other.build(view, minute(5), {1: (666, "z")})

    for options in ({}, {"full": True}, {"dry_run": True}):
        with pytest.raises(NamespaceOwned, match=r"belongs to lender\.dev"):
            Pusher(other, pusher.client, pusher.namespace).push(**options)
    assert pusher.everything() == before


def test_a_dry_run_writes_nothing_and_says_what_it_would(
    project: PublishedProject, activity: View, pusher: Pusher
) -> None:
    project.build(activity, minute(1), {1: (1, "a"), 2: (1, "b")})
    outcome = pusher.push_one(dry_run=True)
    assert (outcome.status, outcome.mode, outcome.rows) == ("would push", "full", 2)
    assert pusher.everything() == {}

    pusher.push()
    project.build(activity, minute(2), {1: (2, "a")})
    before = pusher.everything()
    outcome = pusher.push_one(dry_run=True)
    assert (outcome.mode, outcome.rows, outcome.tombstones) == ("incremental", 1, 1)
    assert pusher.everything() == before


def test_selectors_name_views_versions_and_tags(
    project: PublishedProject, activity: View, pusher: Pusher
) -> None:
    spend = {"keys": {"customer_id": "bigint"}, "features": {"total": "double"}}
    views = [activity, project.view("spend", 1, tags=["nightly"], **spend)]
    views.append(project.view("spend", 2, **spend))
    for view in views:
        project.build(view, minute(1), {1: (1, "a") if view is activity else (1.0,)})

    def pushed(*select: str) -> list[tuple[str, int]]:
        return [(view.view, view.version) for view in pusher.push(*select, dry_run=True).views]

    everything = [("customer_activity", 1), ("spend", 1), ("spend", 2)]
    assert pushed() == everything
    assert pushed("spend") == everything[1:]
    assert pushed("spend@2") == everything[2:]
    assert pushed("tag:minutes") == [everything[0], everything[2]]
    assert pushed("tag:nightly", "customer_activity") == everything[:2]


def test_a_service_comes_online_with_the_last_of_its_views(
    project: PublishedProject, activity: View, pusher: Pusher
) -> None:
    spend = project.view("spend", keys={"customer_id": "bigint"}, features={"total": "double"})
    project.service("credit_risk", activity, spend)
    project.build(activity, minute(1), {1: (1, "a")})
    project.build(spend, minute(1), {1: (1.5,)}, "failed")

    (waiting,) = pusher.push().services
    assert (waiting.status, "spend@1" in waiting.reason) == ("waiting", True)

    project.build(spend, minute(2), {1: (1.5,)})
    assert [service.status for service in pusher.push().services] == ["written"]
    assert [service.status for service in pusher.push().services] == ["up to date"]
    served = pusher.reader(minute(2)).get("credit_risk", customer_id=1)
    assert served.to_dict() == {"payments": 1, "city": "a", "total": 1.5}


def test_a_service_keeps_its_record_until_a_new_version_is_online(
    project: PublishedProject, activity: View, pusher: Pusher
) -> None:
    """v2 is declared and its build fails: the running service goes on with v1."""
    project.service("credit_risk", activity)
    project.build(activity, minute(1), {1: (1, "a")})
    pusher.push()
    second = project.view(
        "customer_activity", 2, keys=activity.keys, features={"payments": "double"}
    )
    project.services.clear()
    project.service("credit_risk", second)
    project.build(second, minute(2), {1: (1.5,)}, "failed")

    assert [service.status for service in pusher.push().services] == ["waiting"]
    served = pusher.reader(minute(2)).get("credit_risk", customer_id=1)
    assert served["payments"].version == 1


def test_a_deletion_that_was_killed_goes_on_at_the_next_push(
    project: PublishedProject, activity: View, pusher: Pusher, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.build(activity, minute(1), {1: (1, "a")})
    pusher.push()
    pusher.push(full=True)
    with monkeypatch.context() as patch:
        patch.setattr(generations, "GRACE_US", 0)
        patch.setattr(generations.Generations, "_sweep", _killed)
        with pytest.raises(KeyboardInterrupt):
            pusher.push()
    assert pusher.generations(activity) == {1, 2}

    pusher.push()
    assert pusher.generations(activity) == {2}


def _killed(*_: object) -> None:
    raise KeyboardInterrupt
