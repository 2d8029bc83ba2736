"""A view version is retired once the decision log shows that nobody reads it, and knows it whole.

Decisions are of 08:00 on, in a rehearsal; each test takes the exposure away first.
"""

from collections.abc import Callable

import pytest
from decision_records import log_some
from published_catalog import PublishedProject
from pushing import Pusher
from test_commands import Run, pushed, refused, run

__all__ = ["pushed", "run"]  # fixtures
NOON = ("--now", "2026-03-02T12:00:00Z")
RETIRE = ("retire", "customer_activity@1")
Landed = Callable[[], None]


@pytest.fixture
def read_at_eight(project: PublishedProject, pushed: Pusher, run: Run) -> None:
    """Two decisions read it just after 08:00, and wait in Redis; no exposure names it."""
    project.services.clear()
    project.publish()
    log_some(pushed.client, [1, 2])


def land(run: Run, now: str) -> None:
    assert run("land-decisions", "--now", now).exit_code == 0


@pytest.mark.usefixtures("read_at_eight")
def test_what_has_not_landed_may_have_read_it(run: Run) -> None:
    refused(run(*RETIRE, *NOON), 1, "nothing has landed here, and 2 decisions wait in Redis")


@pytest.mark.usefixtures("read_at_eight")
def test_a_reader_of_the_stated_time_refuses_it_and_one_before_does_not(run: Run) -> None:
    land(run, "2026-03-02T11:50:00Z")
    refused(
        run(*RETIRE, *NOON), 1,
        "customer_activity@1 was read by credit_risk (m1), last at 2026-03-02 08:00:02 UTC",
        "for 30 days",
    )  # fmt: skip
    refused(run(*RETIRE, "--unread-for", "4h", *NOON), 1, "was read by")
    retired = run(*RETIRE, "--unread-for", "3h", *NOON)
    assert (retired.exit_code, retired.stdout) == (0, "")
    assert "its rows are deleted" in retired.stderr


@pytest.mark.usefixtures("read_at_eight")
def test_a_log_that_landed_too_long_ago_or_elsewhere_tells_nothing(
    project: PublishedProject, run: Run
) -> None:
    land(run, "2026-03-02T10:50:00Z")
    late = run(*RETIRE, "--unread-for", "1h", *NOON)
    refused(late, 1, "Nobody can tell", "it landed until 2026-03-02 10:50:00 UTC.")
    (project.root / "landing").rename(project.root / "elsewhere")
    refused(run(*RETIRE, *NOON), 1, "Nobody can tell", "nothing has landed here.")


def test_where_nobody_logs_that_is_told(
    project: PublishedProject, pushed: Pusher, run: Run
) -> None:
    project.services.clear()
    project.publish()
    retired = run(*RETIRE)
    assert retired.exit_code == 0
    assert "No decision was ever logged here" in retired.stderr


def test_a_duration_that_is_none_is_told(pushed: Pusher, run: Run) -> None:
    refused(run(*RETIRE, "--unread-for", "a month"), 2, "Write it like 30d")
