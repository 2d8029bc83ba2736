"""A rollout that goes up has to be approved; one that begins, goes back or ends has not."""

from dataclasses import replace

import pytest
from hand_made import ACTIVITY, CREDIT, SHOP, planned, told

from provender.records import WHOLE, Rollout
from provender_ops.definitions.declarations import Declarations

BREAKS, FITS = "breaking", "compatible"
SECOND = replace(ACTIVITY, version=2, unique_id="model.shop.activity.v2")
MODELS = {
    **SHOP.models,
    SECOND.unique_id: replace(SHOP.models[ACTIVITY.unique_id], unique_id=SECOND.unique_id),
}
VIEWS = {"activity@1": ACTIVITY, "activity@2": SECOND}
ON_SECOND = tuple(("activity@2", feature) for _, feature in CREDIT.features)


def shop(stage: str = "", share: float = 0, **changes: object) -> Declarations:
    """The service on its way from 1 to 2; without a stage, on 1 alone."""
    rollout = Rollout("activity", 1, 2, stage, round(share * WHOLE), ())
    credit = replace(CREDIT, rollouts=(rollout,) if stage else (), **changes)  # type: ignore[arg-type]
    return replace(SHOP, views=VIEWS, models=MODELS, services={"credit": credit})


@pytest.mark.parametrize(
    ("was", "becomes", "kind", "verdict"),
    [
        (shop(), shop("shadow"), "rollout begun", FITS),
        (shop("shadow"), shop("canary", 0.1), "rollout goes up", BREAKS),
        (shop(), shop("canary", 0.1), "rollout goes up", BREAKS),
        (shop("canary", 0.1), shop("canary", 0.2), "rollout goes up", BREAKS),
        (shop("canary", 0.2), shop("all", 1), "rollout goes up", BREAKS),
        (shop("canary", 1), shop("all", 1), "rollout of another stage", FITS),
        (shop("canary", 0.2), shop("shadow"), "rollout goes back", FITS),
        (shop("all", 1), shop(), "rollout withdrawn", FITS),
    ],
)
def test_a_step(was: Declarations, becomes: Declarations, kind: str, verdict: str) -> None:
    plan = planned(becomes, was)
    assert told(plan) == [("service credit", kind, verdict)]
    assert plan.changes[0].blast.services == ("credit",)
    assert plan.changes[0].blast.owners == (("Growth",) if verdict == BREAKS else ())


def test_a_rollout_that_reached_all_ends_without_a_word_on_another_view() -> None:
    after = shop(features=ON_SECOND, views=("activity@2",))
    ended = ("service credit", "rollout ended", FITS)
    jumped = ("service credit", "served from another view", BREAKS)
    assert told(planned(after, shop("all", 1))) == [ended]
    assert sorted(told(planned(after, shop("canary", 0.5)))) == sorted([jumped, ended])


def test_each_step_is_approved_by_itself() -> None:
    ids = {
        planned(shop("canary", share), shop("shadow")).changes[0].change.id for share in (0.1, 0.2)
    }
    assert len(ids) == 2
