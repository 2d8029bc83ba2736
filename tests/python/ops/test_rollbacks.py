"""A rollback takes effect at once, and nothing but the exposure's word for the shadow undoes it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from published_catalog import PublishedProject, View, minute
from pushing import Pusher
from test_commands import Run, refused, run

from provender.errors import UnknownService
from provender.records import Rollout, ServiceFeature, ServiceRecord, ViewRef
from provender.registry import Registry, read_registry
from provender_ops.online_store import OnlineStore
from provender_ops.rollouts import agreed, roll_back, rolled_back_of, told

__all__ = ["run"]  # a fixture
BACK = ("roll-back", "credit_risk", "spend")
ALL = Rollout("spend", 1, 2, "all", 1_000_000, ())
OFFERED = ServiceRecord("credit_risk", "risk", 20, (), (), (), (ALL,))
NOTED = roll_back(OFFERED, "spend", minute(5), "it doubled")


def declared(**rollout: Any) -> ServiceRecord:
    """A service that reads spend@1, and has a rollout where one is given."""
    features = (ServiceFeature("amount", "spend", 1, "amount"),)
    rolling = (Rollout("spend", 1, 2, features=(), **rollout),) if rollout else ()
    views = (ViewRef("spend", 1), ViewRef("spend", 2))
    return ServiceRecord("credit_risk", "risk", 20, views, features, (), rolling)


def of_version(number: int) -> ServiceRecord:
    return replace(declared(), features=(ServiceFeature("amount", "spend", number, "amount"),))


@pytest.mark.parametrize(("stage", "share_ppm"), [("canary", 5), ("all", 1_000_000)])
def test_each_stage_that_decides_stays_rolled_back(stage: str, share_ppm: int) -> None:
    found = agreed(declared(stage=stage, share_ppm=share_ppm), rolled_back_of(NOTED))
    (rollout,) = found.service.rollouts
    assert (rollout.stage, rollout.share_ppm, found.held) == ("shadow", 0, "")
    assert rollout.rolled_back == NOTED.rollouts[0].rolled_back
    assert told(rollout) == "spend@1 to @2, shadow, rolled back at 2026-03-02T00:05:00.000000Z"


@pytest.mark.parametrize(
    "service",
    [
        declared(stage="shadow", share_ppm=0),
        declared(),
        of_version(3),
        replace(declared(), rollouts=(replace(ALL, to_version=3),)),
    ],
    ids=["the shadow", "the old version", "another", "a rollout to another"],
)
def test_what_agrees_with_it_ends_it(service: ServiceRecord) -> None:
    assert agreed(service, rolled_back_of(NOTED)) == agreed(service, [])


@pytest.mark.parametrize(
    "service",
    [of_version(2), replace(declared(), rollouts=(replace(ALL, from_version=3),))],
    ids=["the new version alone", "a rollout to it from elsewhere"],
)
def test_what_contradicts_it_is_held_back(service: ServiceRecord) -> None:
    found = agreed(service, rolled_back_of(NOTED))
    assert "spend@2 was rolled back at 2026-03-02T00:05:00.000000Z" in found.held


@pytest.fixture
def rolling(project: PublishedProject, pusher: Pusher) -> Pusher:
    """Two versions online, and a service at the canary."""
    views = [
        project.view("spend", number, keys={"customer_id": "bigint"}, features={"amount": "bigint"})
        for number in (1, 2)
    ]
    for view in views:
        project.build(view, minute(1), {1: (view.version,)})
    declare(project, views)
    pusher.push()
    return pusher


def declare(project: PublishedProject, views: list[View]) -> None:
    project.services.clear()
    project.service("credit_risk", *views)
    (service,) = project.services
    before, after = (
        [each for each in service["features"] if each["version"] == number] for number in (1, 2)
    )
    service["features"] = before
    ends = {"view": "spend", "from_version": 1, "to_version": 2}
    share = {"stage": "canary", "share_ppm": 500_000}
    service["rollouts"] = [{**ends, **share, "features": after}]
    project.publish()


def share(pusher: Pusher) -> int:
    registry = read_registry(pusher.client, pusher.keys)
    assert registry is not None
    return registry.service("credit_risk").rollouts[0].share_ppm


def test_a_rollback_in_the_midst_of_a_push_stands(
    rolling: Pusher, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The push has read the services, and is about to write them."""
    rolling.project.services[0]["owner"] = "others"  # so that it has something to write
    rolling.project.publish()
    write: Callable[..., bool] = OnlineStore.write_services
    tries = []

    def late(store: OnlineStore, services: Any, since: Registry) -> bool:
        tries.append(since)
        if len(tries) == 1:
            monkeypatch.setattr(OnlineStore, "write_services", write)
            assert run(*BACK).exit_code == 0
            monkeypatch.setattr(OnlineStore, "write_services", late)
        return write(store, services, since)

    monkeypatch.setattr(OnlineStore, "write_services", late)
    (outcome,) = rolling.push().services
    assert (len(tries), outcome.status, share(rolling)) == (2, "written", 0)


def test_it_is_told_what_cannot_be_rolled_back(rolling: Pusher, run: Run) -> None:
    refused(run("roll-back", "credit_rsk", "spend"), 2, "'credit_rsk' is not online", "credit_risk")
    refused(
        run("roll-back", "credit_risk", "spent"),
        2,
        "Did you mean 'spend'?",
        "spend@1 to @2, canary 50 %",
    )
    assert run(*BACK).exit_code == 0
    refused(run(*BACK), 1, "spend@2 was rolled back at")
    assert share(rolling) == 0


def test_a_rollout_waits_until_both_versions_are_online(
    project: PublishedProject, pusher: Pusher
) -> None:
    views = [
        project.view("spend", number, keys={"customer_id": "bigint"}, features={"amount": "bigint"})
        for number in (1, 2)
    ]
    project.build(views[0], minute(1), {1: (1,)})
    declare(project, views)
    (outcome,) = pusher.push().services
    assert (outcome.status, "spend@2" in outcome.reason) == ("waiting", True)
    registry = read_registry(pusher.client, pusher.keys)
    assert registry is not None
    with pytest.raises(UnknownService):
        registry.service("credit_risk")
