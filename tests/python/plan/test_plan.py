"""`provender plan` on the demo lender: each single change, whom it breaks, who must agree.

Each change is made to the files and compiled as the command compiles a checkout. A few are always
tried, all of them with PROVENDER_PLAN.
"""

import os
from collections.abc import Iterator

import pytest
from lender_changes import CASES, QUICK, Case, check
from planned_lender import PlannedLender

pytestmark = pytest.mark.xdist_group("plan")
TRIED = [case for case in CASES if case.name in QUICK or os.environ.get("PROVENDER_PLAN")]


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
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names) >= 40
    assert set(names) >= QUICK
