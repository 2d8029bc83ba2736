"""How values move between two definitions, where each row is known."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from compared_shop import AT, CUSTOMERS, ComparedShop, orders
from scipy import stats

from provender_ops.definitions.declarations import Column, Declarations
from provender_ops.errors import CouldNotRun, NoBuild, Refused, UnknownSelection
from provender_ops.plan.diff_text import as_json, headline, remarks, verdict
from provender_ops.plan.values import Moved, Values

SPEND = "models/spend.sql"
YEARS = "models/spend.yml"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> ComparedShop:
    return ComparedShop.make(tmp_path_factory.mktemp("compared") / "shop")


@pytest.fixture(scope="module")
def shorter(shop: ComparedShop) -> Declarations:
    """The shop with a window of six days: the order of 6.5 days ago counts no more."""
    return shop.after((SPEND, "'7d', 'spine.as_of'", "'6d', 'spine.as_of'"))


def by_name(values: Values) -> dict[str, Moved]:
    return {each.name: each for each in values.features}


def test_each_row_that_moves_is_counted(shop: ComparedShop, shorter: Declarations) -> None:
    values = shop.compare(after=shorter)

    assert (values.living, values.keys, values.rows) == (41, 41, 41)
    assert (values.only_old, values.only_new, values.is_refactor) == (0, 0, False)
    count, spend = by_name(values)["orders_7d"], by_name(values)["spend_7d"]
    assert (count.changed, count.up, count.down) == (10, 0, 10)
    assert count.share == pytest.approx(10 / 41)
    assert count.mean_delta == pytest.approx(-10 / 41)
    assert (spend.changed, spend.down, spend.largest_delta) == (10, 10, 100)
    assert (spend.old_nulls, spend.new_nulls) == (1, 1)
    assert spend.mean_delta == pytest.approx(-1000 / 40)
    first = count.examples[0]
    assert (len(count.examples), first.keys, first.as_of) == (2, {"customer_id": "c00"}, AT)
    assert (first.old, first.new) == (2, 1)


def test_distances_are_those_of_drift(shop: ComparedShop, shorter: Declarations) -> None:
    moved = by_name(shop.compare(after=shorter))["spend_7d"]

    old = [number + 1 + (100 if number % 4 == 0 else 0) for number in range(40)]
    new = [number + 1 for number in range(40)]
    assert moved.d == pytest.approx(stats.ks_2samp(old, new).statistic)
    assert moved.psi is not None
    assert moved.psi > 0


def test_a_sample_is_the_keys_of_the_smallest_hash(
    shop: ComparedShop, shorter: Declarations
) -> None:
    """So that of fewer keys each is among more, and the same tomorrow."""

    def place(key: str) -> tuple[str, str]:
        return hashlib.md5(f"{len(key)}:{key}".encode()).hexdigest()[:8], key

    chosen = sorted([*CUSTOMERS, "gone"], key=place)[:7]
    moved = [name for name in chosen if name in CUSTOMERS[::4]]

    values = shop.compare(after=shorter, keys=7, examples=50)

    assert (values.living, values.keys, values.rows) == (41, 7, 7)
    found = [each.keys["customer_id"] for each in by_name(values)["orders_7d"].examples]
    assert sorted(found) == sorted(moved)


def test_several_moments_are_compared_together(shop: ComparedShop, shorter: Declarations) -> None:
    """A day before, the order was of 5.5 days ago: it counted in both."""
    values = shop.compare(after=shorter, moments=(AT - timedelta(days=1), AT))
    assert values.rows == 10 + 1 + 41
    assert by_name(values)["orders_7d"].changed == 10


def test_only_a_refactor_is_a_fact(shop: ComparedShop) -> None:
    """Another way to the same values: all is computed, and nothing differs."""
    after = shop.after(
        (SPEND, "count(orders.order_id)", "count(*) filter (where orders.order_id is not null)"),
        (SPEND, "left join orders", "left outer join orders"),
        ("models/stg_orders.sql", "select *", "select order_id, * exclude (order_id)"),
    )

    values = shop.compare(after=after)

    assert values.is_refactor
    assert verdict(values) == ("Only a refactor: no value of 2 features differs in any of 41 rows.")
    assert "41 rows compared, of 41 keys (all), as of 2026-03-02 08:00:00" in headline(values)


def test_a_staging_model_counts_though_it_was_never_built(shop: ComparedShop) -> None:
    end = "['shop', 'orders']\n) }}"
    after = shop.after(("models/stg_orders.sql", end, f"{end} as versions where amount < 100"))

    values = shop.compare(after=after)

    assert by_name(values)["orders_7d"].changed == 10
    assert (values.living, values.rows) == (41, 41)


def test_a_null_that_becomes_a_value_is_a_shift_of_nulls(shop: ComparedShop) -> None:
    after = shop.after((SPEND, "sum(orders.amount)", "coalesce(sum(orders.amount), 0)"))
    moved = by_name(shop.compare(after=after))["spend_7d"]

    assert (moved.changed, moved.old_nulls, moved.new_nulls) == (1, 1, 0)
    assert (moved.up, moved.down, moved.mean_delta) == (0, 0, 0)
    assert (moved.examples[0].keys, moved.examples[0].old) == ({"customer_id": "gone"}, None)


def test_a_renamed_feature_is_found_by_its_values(shop: ComparedShop) -> None:
    after = shop.after(
        (SPEND, "as orders_7d", "as order_count"),
        (YEARS, "name: orders_7d", "name: order_count"),
    )
    values = shop.compare(after=after)

    assert by_name(values)["order_count"].old_name == "orders_7d"
    assert by_name(values)["order_count"].changed == 0
    assert (values.removed, values.added, values.is_refactor) == ((), (), False)
    assert "orders_7d is order_count now: the same values in all 41 rows." in list(remarks(values))


def test_a_tolerance_and_the_last_digits_count_as_equal(shop: ComparedShop) -> None:
    after = shop.after((SPEND, "sum(orders.amount)", "sum(orders.amount) + 0.05"))
    view = after.views["spend@1"]
    features = tuple(replace(each, tolerance=0.1) for each in view.features)
    tolerant = replace(after, views={"spend@1": replace(view, features=features)})

    assert by_name(shop.compare(after=after))["spend_7d"].changed == 40
    assert shop.compare(after=tolerant).is_refactor


def test_several_rows_for_one_key_are_refused(shop: ComparedShop) -> None:
    keys = "group by spine.customer_id, spine.as_of"
    after = shop.after((SPEND, keys, f"{keys}, orders.order_id"))
    with pytest.raises(Refused, match="now gives several rows for 10 of the keys"):
        shop.compare(after=after)


def test_views_of_other_keys_are_not_compared(shop: ComparedShop) -> None:
    view = shop.before.views["spend@1"]
    other = replace(view, keys=(Column("visitor", "varchar"),))
    with pytest.raises(UnknownSelection, match="other keys"):
        shop.compare(after=replace(shop.before, views={"spend@1": other}))


def test_json_has_what_json_can_hold(shop: ComparedShop, shorter: Declarations) -> None:
    found = as_json(shop.compare(after=shorter))
    assert (found["rows"], found["refactor"]) == (41, False)
    example = found["features"][1]["examples"][0]
    assert example == {
        "keys": {"customer_id": "c00"},
        "as_of": "2026-03-02T08:00:00.000000Z",
        "old": "101.00",
        "new": "1.00",
    }


@pytest.fixture
def orderless(shop: ComparedShop) -> Iterator[None]:
    shop.project.execute("drop table shop.orders")
    yield
    shop.project.write("shop.orders", orders())


def test_a_source_that_is_gone_is_named(
    shop: ComparedShop, shorter: Declarations, orderless: None
) -> None:
    with pytest.raises(CouldNotRun, match=r"reads source\.provender\.shop\.orders.*does not exist"):
        shop.compare(after=shorter)


def test_a_file_that_a_build_holds_is_said_to_be_held(
    shop: ComparedShop, shorter: Declarations
) -> None:
    holder = (
        "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True);"
        " sys.stdin.read()"
    )
    from subprocess import PIPE, Popen  # noqa: PLC0415
    from sys import executable  # noqa: PLC0415

    arguments = [executable, "-c", holder, str(shop.project.database)]
    with Popen(arguments, stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(CouldNotRun, match="a dbt run holds it"):
            shop.compare(after=shorter)
        process.communicate()


def test_no_build_is_said(shop: ComparedShop, shorter: Declarations, tmp_path: Path) -> None:
    file = replace(shop.file, path=tmp_path / "none.duckdb")
    with pytest.raises(NoBuild, match="dbt build"), file.reading():
        pass


def test_the_file_is_only_read(shop: ComparedShop, shorter: Declarations) -> None:
    before = shop.project.database.read_bytes()
    shop.compare(after=shorter)
    assert shop.project.database.read_bytes() == before
    with duckdb.connect(str(shop.project.database)) as connection:
        assert connection.execute("select count(*) from shop.orders").fetchall() == [(51,)]
