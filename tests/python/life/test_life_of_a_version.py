"""The life of a version, from the shadow to the end of the one before; with one rollback.

Each stage is played once, in order, and what was seen is kept; the tests then look at it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

import duckdb
import pytest
from redis_server import RedisServer
from rolling_shop import (
    CUSTOMERS,
    MONITORS,
    RIGHT,
    WRONG,
    Shop,
    at,
    exposure,
    rollout,
)

from provender import ServedFeatures, UnknownView

COMPILED = "target/compiled/provender/models/monitoring/version_comparison.sql"
VIEWS = ("stg_orders", "customer", "tag:minutes")
Served = dict[str, ServedFeatures]


@dataclass
class Seen:
    """What was seen of the story, by the name of the moment."""

    shop: Shop
    served: dict[str, Served] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    redis = RedisServer()
    try:
        seen = Seen(Shop(tmp_path_factory.mktemp("life") / "project", redis))
        for stage in (shadow, canary, rolled_back, all_of_it, over, retired):
            stage(seen)
        yield seen
    finally:
        redis.remove()


def shadow(seen: Seen) -> None:
    shop = seen.shop
    shop.declare(exposure([1, 2], **rollout("shadow")), RIGHT)
    shop.build(at(8), *VIEWS, "run_availability", "definitions", "trained_1", "trained_2")
    shop.push(at(8, 1))
    seen.told["removal"] = shop.warnings_of(at(8, 2), "spend_7d")
    seen.served["shadow"] = shop.decide(at(8, 5))


def canary(seen: Seen) -> None:
    """The canary begins, and with it somebody changes what version 2 computes for some."""
    shop = seen.shop
    shop.declare(exposure([1, 2], **rollout("canary", share=0.5)), WRONG)
    shop.build(at(8, 30), *VIEWS, *MONITORS)
    seen.told["shadow"] = compared(shop)
    seen.told["sql"] = (shop.project.folder / COMPILED).read_text()
    shop.push(at(8, 31))
    seen.served["canary"] = shop.decide(at(8, 35))
    shop.build(at(8, 40), *MONITORS)
    seen.told["canary"] = compared(shop)


def compared(shop: Shop) -> dict[str, tuple[Any, ...]]:
    """Return what the comparison says of each feature."""
    found = shop.rows(
        "select feature, stage, compared, decided_by_to, share_differing, share_higher, more_nulls,"
        " finding, since, what_to_do from version_comparison"
    )
    return {name: tuple(rest) for name, *rest in found}


def rolled_back(seen: Seen) -> None:
    """One command back; then pushes, first as declared, then as the exposure should say."""
    shop = seen.shop
    back = ("roll-back", "offers", "spend")
    told = shop.run(*back, "--reason", "c5 spent a hundredfold", "--now", "2026-03-02T08:42:00Z")
    seen.told["rolled back"] = told.stderr
    seen.served["rolled back"] = shop.decide(at(8, 43))
    shop.push(at(8, 44))
    seen.served["pushed again"] = {each: shop.read(at(8, 45), each) for each in CUSTOMERS}
    seen.told["status"] = shop.status(at(8, 46), code=1)
    shop.declare(exposure([1, 2], **rollout("shadow")), RIGHT)
    shop.build(at(9), *VIEWS)
    shop.push(at(9, 1))
    seen.told["status after"] = shop.status(at(9, 2), code=1)
    seen.served["shadow again"] = shop.decide(at(9, 5))


def all_of_it(seen: Seen) -> None:
    shop = seen.shop
    shop.declare(exposure([1, 2], **rollout("all")), RIGHT)
    shop.build(at(9, 30), *VIEWS, *MONITORS)
    seen.told["shadow again"] = compared(shop)
    shop.push(at(9, 31))
    seen.served["all"] = shop.decide(at(9, 35), model="m2")


def over(seen: Seen) -> None:
    """The exposure names version 2 alone; the old name of a feature is answered still."""
    shop = seen.shop
    shop.declare(exposure([2]), RIGHT)
    shop.build(at(10), *VIEWS, *MONITORS, "served_definitions", "deprecations")
    shop.push(at(10, 1))
    seen.told["old name"] = shop.warnings_of(at(10, 2), "spend_7d")
    seen.served["over"] = {each: shop.read(at(10, 2), each) for each in CUSTOMERS}
    seen.told["trained"] = shop.rows(
        "select model_version, version, decisions, is_as_trained, differs_in from"
        " served_definitions order by all"
    )
    seen.told["deprecations"] = shop.rows(
        "select service, version, is_declared, cast(ceil(days_left) as integer), owner, finding"
        " from deprecations"
    )


def retired(seen: Seen) -> None:
    shop = seen.shop
    retire = ("retire", "spend@1")
    seen.told["refused"] = shop.run(*retire, "--now", "2026-03-02T10:15:00Z", code=1).stderr
    seen.told["not landed"] = shop.run(*retire, "--now", "2026-04-20T11:15:00Z", code=1).stderr
    shop.run("land-decisions", "--now", "2026-04-20T11:14:00Z")
    seen.told["retired"] = shop.run(*retire, "--now", "2026-04-20T11:15:00Z").stderr


def versions(served: Served) -> dict[str, int]:
    """Return for each customer which version decided."""
    return {customer: features["orders_7d"].version for customer, features in served.items()}


def values(served: Served, name: str = "spend_7d") -> dict[str, Any]:
    return {customer: features[name].value for customer, features in served.items()}


def chosen(customer: str, share: float) -> bool:
    digest = sha256(f"offers:spend@2:{customer}".encode()).hexdigest()
    return int(digest[:16], 16) % 1_000_000 < share * 1_000_000


HONEST = {customer: Decimal(number + 1) for number, customer in enumerate(CUSTOMERS)}


def test_a_shadow_is_logged_and_compared_and_decides_nothing(seen: Seen) -> None:
    assert set(versions(seen.served["shadow"]).values()) == {1}
    assert values(seen.served["shadow"]) == HONEST
    said = seen.told["shadow"]
    assert {*said} == {"orders_7d", "spend_7d"}
    for figures in said.values():  # 40 decisions, none by version 2, none otherwise
        assert figures == ("canary", 40, 0, 0, 0, 0, None, None, None)
    logged = "select role, version, count(*) from decision_views where decision_id like '0805-%'"
    both = sorted(seen.shop.rows(f"{logged} group by all"))
    assert both == [("decides", 1, 40), ("shadow", 2, 40)]
    extra = "select count(*) from decision_features where feature = 'largest_7d' and role ="
    assert seen.shop.rows(f"{extra} 'shadow' and decision_id like '0805-%'") == [(40,)]


def test_a_canary_decides_for_the_customers_that_the_formula_names(seen: Seen) -> None:
    served = seen.served["canary"]
    assert versions(served) == {each: 2 if chosen(each, 0.5) else 1 for each in CUSTOMERS}
    for customer, value in values(served).items():  # under the old name, from either version
        is_wrong = chosen(customer, 0.5) and customer.endswith("5")
        assert value == HONEST[customer] * (100 if is_wrong else 1)
    assert any(chosen(each, 0.5) and each.endswith("5") for each in CUSTOMERS)


def test_the_criterion_finds_what_went_wrong_and_names_it(seen: Seen) -> None:
    """Also of the customers for whom version 1 decided: what is wrong is seen in the shadow."""
    said = seen.told["canary"]["spend_7d"]
    stage, count, by_to, differing, higher, _, finding, since, todo = said
    assert (stage, count, differing, higher, since) == ("canary", 40, 0.1, 0.1, at(8, 35))
    assert by_to == sum(chosen(each, 0.5) for each in CUSTOMERS)
    assert finding == (
        "Of 40 decisions of offers, spend@2 beside @1 (canary of 50.0 %):"
        " it differs in 10.0 %, above 5.0 %."
    )
    assert todo.startswith("`provender roll-back offers spend`")
    assert seen.told["canary"]["orders_7d"][6] is None


def test_one_command_back_takes_effect_at_once(seen: Seen) -> None:
    assert "offers decides on spend@1 again; @2 stays its shadow." in seen.told["rolled back"]
    served = seen.served["rolled back"]
    assert set(versions(served).values()) == {1}
    assert values(served) == HONEST
    assert all(each.shadow is not None for each in served.values())


def test_a_push_does_not_undo_it_and_status_calls_it_trouble(seen: Seen) -> None:
    assert set(versions(seen.served["pushed again"]).values()) == {1}
    trouble, found = seen.told["status"]["wrong"]
    assert (found["monitor"], found["subject"]) == ("version_comparison", "spend@2")
    assert (found["feature"], found["owner"]) == ("spend_7d", "Offers")
    assert (trouble["monitor"], trouble["subject"]) == ("rollouts", "offers")
    assert trouble["finding"] == (
        "spend@2 was rolled back (c5 spent a hundredfold), and @1 decides."
        " The exposure says `stage: canary`."
    )
    assert trouble["since"] == "2026-03-02T08:42:00.000000Z"
    (under_way,) = seen.told["status"]["rollouts"]
    assert (under_way["stage"], under_way["share_ppm"]) == ("shadow", 0)


def test_once_the_exposure_says_shadow_the_way_up_is_open_again(seen: Seen) -> None:
    (wrong,) = seen.told["status after"]["wrong"]
    assert wrong["monitor"] == "version_comparison"  # until it looks again
    (under_way,) = seen.told["status after"]["rollouts"]
    assert under_way["rolled_back"] is None
    # it is what it was at eight; what it was in between is not held against it
    assert seen.told["shadow again"]["spend_7d"][1:4] == (80, 0, 0)
    assert set(versions(seen.served["all"]).values()) == {2}
    assert values(seen.served["all"]) == HONEST


def test_a_renamed_feature_answers_to_its_old_name_for_a_while(seen: Seen) -> None:
    assert {*seen.served["over"]["c1"].to_dict()} == {"orders_7d", "spent_7d", "largest_7d"}
    assert values(seen.served["over"], "spent_7d") == HONEST
    assert seen.told["old name"] == [
        "Service 'offers' reads 'spend_7d', which is called 'spent_7d' now. Use the new name: the"
        " old one is answered for a while only."
    ]


def test_decisions_on_what_the_model_was_not_trained_on_are_found(seen: Seen) -> None:
    found = [(model, version, known, how) for model, version, _, known, how in seen.told["trained"]]
    assert {each for each in found if each[0] == "m2"} == {("m2", 2, True, None)}
    assert {each for each in found if each[0] == "m1"} == {
        ("m1", 1, True, None),
        ("m1", 2, False, "version"),  # the canary
    }


def test_who_still_reads_what_is_to_go_is_told(seen: Seen) -> None:
    assert seen.told["removal"] == [
        "Service 'offers' reads spend@1, which may be gone from 2026-03-20 on, in 18 days. Let its"
        " exposure name another version, build and push."
    ]
    ((service, version, is_declared, days, owner, finding),) = seen.told["deprecations"]
    assert (service, version, is_declared, days, owner) == ("offers", 1, False, 18, "Offers")
    assert finding.startswith("offers read spend@1, as the decision log has it, which may be gone")


def test_it_is_retired_when_the_log_shows_no_reader_and_history_stays(seen: Seen) -> None:
    assert re.search(r"spend@1 was read by offers \(m1, m2\), last at 2026-03-02 09:35:00 UTC",
                     seen.told["refused"])  # fmt: skip
    assert "Nobody can tell" in seen.told["not landed"]
    assert "is offline, and its rows are deleted. Its history stays." in seen.told["retired"]
    shop = seen.shop
    with pytest.raises(UnknownView, match="was retired"):
        shop.reader.get_view("spend", 1, customer_id="c1")
    assert shop.rows("select count(distinct customer_id) from spend_v1_history") == [(40,)]
    audited = shop.run("audit", "0835-c1", "--json")
    assert '"spend_7d"' in audited.stdout
    first = datetime.fromisoformat("2026-03-02T08:00:00")
    assert shop.rows(
        "select min(as_of) from main_provender.run_log where view = 'spend' and version = 1"
    ) == [(first,)]


Said = tuple[str | None, str]  # a value as JSON text, and its status


def of_decisions(*pairs: tuple[Said, Said], old: int = 0) -> list[str]:
    """Return rows of decision_features: what versions 1 and 2 said, decision by decision.

    The first `old` decisions are by a definition of version 2 that is mended since.
    """
    rows = []
    for number, both in enumerate(pairs):
        for version, (value, status) in enumerate(both, 1):
            role, feature = ("decides", "spend_7d") if version == 1 else ("shadow", "spent_7d")
            told = "null" if value is None else f"'{value}'"
            rows.append(
                f"('offers', timestamp '{at(8)}' + interval {number} second, 'd{number}',"
                f" '{role}', 'spend', {version}, 'f{int(number < old)}', '{feature}', {told},"
                f" try_cast(trim({told}, '\"') as double), '{status}', false)"
            )
    return rows


def judged(seen: Seen, rows: list[str]) -> tuple[int, float, float, float, str | None]:
    """Return what the comparison, as it was compiled at the canary, says of other decisions."""
    names = "service, decided_at, decision_id, role, view, version, fingerprint, feature, value"
    names += ", value_number, status, is_default"
    with duckdb.connect(str(seen.shop.project.database)) as store:
        store.begin()
        store.execute(
            f"create or replace view main.decision_features as from (values {', '.join(rows)})"
            f" as t({names})"
        )
        (row,) = store.execute(
            "select compared, share_differing, more_nulls, more_absent, finding"
            f" from ({seen.told['sql']}) where feature = 'spend_7d'"
        ).fetchall()
        store.rollback()
    return row


SAME: tuple[Said, Said] = (('"3.00"', "ok"), ('"3.00"', "ok"))
OTHER: tuple[Said, Said] = (('"3.00"', "ok"), ('"4.00"', "ok"))


@pytest.mark.parametrize(
    ("other", "figures", "words"),
    [
        ((("3", "ok"), ('"3.00"', "stale")), (0, 0, 0), None),  # another type, the same number
        ((('"NaN"', "ok"), ('"NaN"', "ok")), (0, 0, 0), None),
        (((None, "ok"), (None, "ok")), (0, 0, 0), None),
        (OTHER, (0.1, 0, 0), "it differs in 10.0 %, above 5.0 %."),
        ((('"NaN"', "ok"), ("3", "ok")), (0.1, 0, 0), "it differs in 10.0 %"),
        ((("3", "ok"), ('"Infinity"', "ok")), (0.1, 0, 0), "it differs in 10.0 %"),
        ((("0", "ok"), ('"0.00"', "ok")), (0, 0, 0), None),
        ((("3", "ok"), (None, "ok")), (0.1, 0.1, 0), "10.0 % more are null, above 1.0 %."),
        (((None, "ok"), ("3", "ok")), (0.1, -0.1, 0), "it differs in 10.0 %, above 5.0 %."),
        ((("3", "ok"), ("0", "missing")), (0.1, 0, 0.1), "it differs in 10.0 %, above 5.0 %."),
    ],
)
def test_what_counts_as_a_difference(
    seen: Seen, other: tuple[Said, Said], figures: tuple[float, ...], words: str | None
) -> None:
    said = judged(seen, of_decisions(*[other] * 4, *[SAME] * 36))
    assert said[:4] == (40, *figures)
    assert (said[4] is None) == (words is None)
    assert words is None or words in str(said[4])


def test_too_few_decisions_and_those_of_a_mended_definition_are_not_judged(seen: Seen) -> None:
    assert judged(seen, of_decisions(*[OTHER] * 29))[4] is None
    assert judged(seen, of_decisions(*[OTHER] * 30))[4] is not None
    assert judged(seen, of_decisions(*[OTHER] * 30, *[SAME] * 40, old=30))[:2] == (40, 0)
