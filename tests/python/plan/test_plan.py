"""`provender plan` on the demo lender: each single change, whom it breaks, who must agree.

Each change is made to the files and compiled as the command compiles a checkout. A dozen are always
tried, all with PROVENDER_PLAN=all.
"""

import os
from collections.abc import Iterator

import lender_changes
import lender_edits as do
import pytest
from lender_changes import Case, check
from planned_lender import PlannedLender, approve

pytestmark = pytest.mark.xdist_group("plan")
TRIED = [case for case in lender_changes.CASES if case.is_quick or os.environ.get("PROVENDER_PLAN")]


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> PlannedLender:
    return PlannedLender.copy(tmp_path_factory.mktemp("plan") / "lender")


@pytest.fixture
def lender(copied: PlannedLender) -> Iterator[PlannedLender]:
    yield copied
    copied.reset()


@pytest.mark.parametrize("case", TRIED, ids=[case.name for case in TRIED])
def test_a_single_change_is_planned(case: Case, lender: PlannedLender) -> None:
    case.apply(lender)

    check(case, lender.plan())


def test_there_are_enough_changes() -> None:
    names = [case.name for case in lender_changes.CASES]
    assert len(set(names)) == len(names) >= 40


def test_what_all_who_are_reached_approved_may_ship(lender: PlannedLender) -> None:
    """An approval counts for its change and its owner; one of no change is told, and no error."""
    ttl = "          ttl: 1h\n"
    lender.edit(f"{do.ACTIVITY}.yml", ttl, ttl.replace("1h", "2h"))
    plan = lender.plan()
    (change,) = [planned.change for planned in plan.changes]
    assert plan.is_refused

    path = f"{do.ACTIVITY}.yml"
    entries = [(change.id, "risk"), (change.id, "growth@lender.example"), ("0123456789ab", "risk")]
    lender.rewrite(
        path, lambda text: text.replace("ttl: 2h", f"ttl: 2h\n          {approve(*entries)}")
    )
    agreed = lender.plan()

    assert not agreed.violations
    assert [each.by for each in agreed.breaking[0].approved] == ["risk", "growth@lender.example"]
    assert agreed.breaking[0].missing == ()
    assert not agreed.is_refused
    assert [each.change for each in agreed.stale] == ["0123456789ab"]
