"""Skew: what was served, beside what history holds and what the events give, is found or is none.

The damage is done in what the log says was served, to one service each: it was given that, whatever
the reason. All are watched by the same run.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from audited_shop import MONITORS, Change, Shop, at
from landed_log import LoggedDecision, ServedView, land, land_push
from typer.testing import CliRunner

from provender_ops.cli import app

pytestmark = pytest.mark.xdist_group("audited")


def changed(name: str, value: Callable[[Any], Any], since: datetime, **how: Any) -> Change:
    """Give another value of one feature from then on."""

    def change(decision: LoggedDecision, view: ServedView) -> ServedView:
        if decision.decided_at < since or view.status == "missing":
            return view
        kind, was = view.features[name]
        return replace(view, features={**view.features, name: (kind, value(was))}, **how)

    return change


def of_c1(**how: Any) -> Change:
    """Give the row of c1 otherwise, from 11:00 on."""

    def change(decision: LoggedDecision, view: ServedView) -> ServedView:
        is_it = decision.keys["customer_id"] == "c1" and decision.decided_at >= at(11)
        return replace(view, **how) if is_it else view

    return change


def given_to_nobody(decision: LoggedDecision, view: ServedView) -> ServedView:
    return replace(view, status="ok") if view.status == "missing" else view


SERVED: dict[str, Change] = {
    "honest": lambda _, view: view,
    "doubled": changed("orders_7d", lambda was: 2 * was, at(10, 40)),
    "log10": changed("spend_7d", lambda was: (was.log10()).quantize(Decimal("0.01")), at(9)),
    "nearly": changed("spend_7d", lambda was: was + Decimal("0.50"), at(9)),
    "null": changed("orders_7d", lambda _: None, at(11)),
    "deleted": of_c1(status="missing"),
    "extra": given_to_nobody,
    "of_no_run": of_c1(as_of=at(10, 30)),
    "not_computed": of_c1(statuses={"orders_7d": "not_computed"}),
    "expired": of_c1(status="expired"),
    "hashed": changed("orders_7d", lambda _: "d41d8cd98f00", at(9), hashed=True),
    "repaired": changed("orders_7d", lambda was: 2 * was, at(10, 40), generation=0),
}
EACH = 69  # decisions of each service


@pytest.fixture(scope="module")
def shop(built_shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    shop = built_shop.copy(tmp_path_factory.mktemp("skew") / "project")
    for service, change in SERVED.items():
        land(shop.project.folder, service, shop.decisions(service, change, at(12)))
    land_push(shop.project.folder, "spend", at(8), generation=1)
    shop.build("path:models/registry", "trained", as_of=at(12, 30))
    shop.build("path:models/decisions", *MONITORS, as_of=at(13))
    return shop


def test_nothing_is_found_where_nothing_is_wrong(shop: Shop) -> None:
    """Nor for what differs within the tolerance, was absent by its age, or repaired since."""
    quiet = {"honest", "nearly", "not_computed", "expired", "hashed", "repaired"}
    assert {name for name in SERVED if not shop.found(name)} == quiet


def test_all_is_compared(shop: Shop) -> None:
    told = shop.rows("service = 'honest'")
    assert [(row["feature"], row["decisions"], row["compared"]) for row in told] == [
        ("orders_7d", EACH, EACH),
        ("spend_7d", EACH, EACH),
        (None, EACH, EACH),
    ]
    assert {row["recomputed"] for row in told} == {EACH * 2 // 3}


def test_a_wrong_value_is_named_with_its_start_and_size(shop: Shop) -> None:
    (found,) = shop.found("doubled")
    assert (found["view"], found["version"], found["feature"]) == ("spend", 1, "orders_7d")
    assert (found["since"], found["since_run"], found["owner"]) == (at(10, 40), at(10), "shop")
    assert (found["online_wrong"], found["history_wrong"]) == (16, 0)
    assert found["largest_difference"] == 2
    assert found["finding"].startswith("16 of 69 decisions were served another value than history")
    assert "push-online --full --select spend@1" in found["what_to_do"]


def test_another_formula_online_is_found(shop: Shop) -> None:
    (found,) = shop.found("log10")
    assert (found["feature"], found["since"]) == ("spend_7d", at(9))


def test_a_null_for_a_value_is_found(shop: Shop) -> None:
    (found,) = shop.found("null")
    assert (found["feature"], found["online_wrong"]) == ("orders_7d", 12)
    assert found["largest_difference"] is None


@pytest.mark.parametrize(
    ("service", "counts"),
    [("deleted", (6, 0, 0)), ("extra", (0, 23, 0)), ("of_no_run", (0, 0, 6))],
)
def test_a_wrong_row_is_told_of_the_rows_as_a_whole(
    shop: Shop, service: str, counts: tuple[int, int, int]
) -> None:
    (found,) = shop.found(service)
    assert found["feature"] is None
    assert (found["missing"], found["extra"], found["of_no_run"]) == counts


def test_hashes_are_not_compared_but_their_rows_are(shop: Shop) -> None:
    (whole,) = shop.rows("service = 'hashed' and feature is null")
    assert whole["decisions"] == EACH
    assert whole["compared"] < EACH


def test_a_training_set_that_holds_it_says_so(shop: Shop, tmp_path: Path) -> None:
    """It holds orders_7d alone; a whole row that is wrong is wrong in each of its features."""
    held = "select feature, services, since from training_set_skew where finding is not null"
    services = "deleted, doubled, extra, null, of_no_run"
    assert shop.project.query(held) == [("orders_7d", services, at(8, 10))]
    to = str(tmp_path / "trained.parquet")
    folder = str(shop.project.folder)
    told = CliRunner().invoke(app, ["export", "trained", "--to", to, "--project-dir", folder])
    assert told.exit_code == 0, told.output
    assert "Careful: It holds orders_7d of spend@1, which has open skew" in told.output


def test_the_next_run_adds_what_landed_since(shop: Shop) -> None:
    """And a past that was changed behind the back of history is told apart from wrong serving."""
    orders = shop.project.query("select * from shop.orders")
    shop.project.execute("update shop.orders set amount = amount + 5 where order_id = '2'")
    later = [
        one for one in shop.decisions("late", SERVED["honest"], at(14)) if one.decided_at > at(13)
    ]
    land(shop.project.folder, "late", [replace(one, landed_at=at(14)) for one in later])
    shop.build("path:models/decisions", *MONITORS, as_of=at(15))
    shop.project.execute("update shop.orders set amount = amount - 5 where order_id = '2'")
    assert shop.project.query("select * from shop.orders") == orders

    (found,) = shop.found("late")
    assert (found["feature"], found["online_wrong"], found["history_wrong"]) == ("spend_7d", 0, 5)
    assert "late_data" in found["what_to_do"]
    assert [row["decisions"] for row in shop.rows("service = 'doubled'")] == [EACH] * 3
    assert shop.found("honest") == []


def test_what_is_older_than_the_retention_leaves_the_models_too(shop: Shop) -> None:
    """And what is published of them; but not what landed since, however old it was."""
    kept = {"decision_log": {"retention": "3d"}}
    models = ("decisions", "decision_views", "decision_witnesses")
    by_age = "count(distinct decision_id) filter (where service {} 'came_late')"
    young, old = by_age.format("="), by_age.format("<>")
    count = " union all ".join(f"select {old}, {young} from {model}" for model in models[::2])
    before, after = (at(8) + timedelta(days=3, hours=hours) for hours in (15, 16))
    late = shop.decisions("came_late", SERVED["honest"], at(14))[:1]
    land(shop.project.folder, "came_late", [replace(late[0], landed_at=before)])
    shop.build(*models, as_of=before, provender=kept)
    assert all(gone > 0 for gone, _ in shop.project.query(count))
    shop.build(*models, as_of=after, provender=kept)
    assert shop.project.query(count) == shop.project.published(count) == [(0, 1), (0, 1)]
