"""A training set is held to what readers were given: two data tests that a project puts on it."""

from datetime import timedelta
from typing import Any

import pytest
from watched_shop import LABELS, Watched, at

pytestmark = pytest.mark.xdist_group("watched")
CELL = ("at", "feature", "got", "known", "why")
SHARE = ("view", "status", "row_count", "share", "max_share")


def cells(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in CELL) for row in rows]


@pytest.mark.parametrize(
    "test",
    [
        "honest_set",
        "bare_set",  # the same without our metadata
        "then_set",
        "recomputed_set",
        "mixed_set",
        "tampered_elsewhere",  # `where` leaves the tampered row out
    ],
)
def test_an_honest_training_set_passes(watched: Watched, test: str) -> None:
    assert watched.run.status[test] == "pass", watched.run.message[test]


def test_history_that_changed_since_is_no_reason_to_fail(watched: Watched) -> None:
    """The past was changed before the sets were built; what was served then was not."""
    assert {name: watched.project.dump(name) for name in watched.history} == watched.history


def test_a_naive_join_is_caught_in_every_cell_it_did_not_know(watched: Watched) -> None:
    """Today's values beside yesterday's labels: right only where nothing has changed since."""
    assert watched.run.status["naive_set"] == "fail"
    found = watched.failures("naive_set")
    unlike_today = [n for n in range(len(LABELS)) if n not in (4, 5, 6)]
    expected = [
        (LABELS[n][1], feature)
        for n in unlike_today
        for feature in ("spend__orders_7d", "spend_7d")
    ]
    assert sorted((row["at"], row["feature"]) for row in found) == sorted(expected)
    early = [row for row in found if row["at"] == at(8, 20)]
    assert {row["view"] for row in early} == {"spend@1"}
    assert {row["key"] for row in early} == {"customer_id=c1"}
    assert cells(early) == [
        (
            *(at(8, 20), "spend_7d", "14.75", "10.50"),
            "2026-03-02 08:00:00, which was available then, says otherwise",
        ),
        (
            *(at(8, 20), "spend__orders_7d", "2", "1"),
            "2026-03-02 08:00:00, which was available then, says otherwise",
        ),
    ]
    assert {(row["at"], row["key"]): row["why"] for row in found if row not in early} == {
        (at(7), "customer_id=c1"): "nothing was available then",
        (at(8, 50), "customer_id=c1"): early[0]["why"],
        (at(9, 50), "customer_id=c1"): "2026-03-02 08:00:00, which was available then, had expired",
        (
            at(10, 20),
            "customer_id=c9",
        ): "the key was not in 2026-03-02 10:00:00, which was available then",
        (at(10, 20), "customer_id=null"): "the key was not in 2026-03-02 10:00:00, which was"
        " available then",
        (
            at(11, 30),
            "customer_id=c2",
        ): "2026-03-02 10:00:00, which was available then, had expired",
    }


def test_one_tampered_cell_is_named(watched: Watched) -> None:
    (cell,) = cells(watched.failures("tampered_set"))
    assert cell[:4] == (at(10, 10), "spend_7d", "999.00", "14.75")


def test_a_value_of_a_later_run_is_caught_with_the_run_it_names(watched: Watched) -> None:
    assert sorted(cells(watched.failures("later_set"))) == [
        (
            *(at(8, 50), "spend__as_of", "2026-03-02 10:00:00", "2026-03-02 08:00:00"),
            "2026-03-02 08:00:00, which was available then, says otherwise",
        ),
        (
            *(at(8, 50), "spend__orders_7d", "2", "1"),
            "2026-03-02 08:00:00, which was available then, says otherwise",
        ),
    ]


def test_an_expired_value_presented_as_ok_is_caught(watched: Watched) -> None:
    assert at(9, 50) - at(8) > timedelta(hours=1)
    why = "2026-03-02 08:00:00, which was available then, had expired"
    assert sorted(cells(watched.failures("expired_set"))) == [
        (at(9, 50), "spend__orders_7d", "1", "0", why),
        (at(9, 50), "spend__status", "ok", "expired", why),
    ]


def test_a_set_is_judged_by_the_policy_and_age_it_was_joined_by(watched: Watched) -> None:
    """At 08:50 its max_age of 25 minutes had passed: absent there, by the ttl still a value."""
    found = watched.failures("then_set_as_now")
    assert {row["at"] for row in found} == {at(8, 50)}
    assert {row["feature"] for row in found} == {"spend__status", "spend__orders_7d", "spend_7d"}


def test_recomputed_values_are_not_history(watched: Watched) -> None:
    found = watched.failures("recomputed_set_as_history")
    assert {"visits__as_of", "visits__age", "orders_ever"} <= {row["feature"] for row in found}


def test_a_backfilled_cell_is_held_to_its_slot(watched: Watched) -> None:
    (cell,) = cells(watched.failures("mixed_set_tampered"))
    assert cell == (
        *(at(7), "spend_7d", "6.50", "5.50"),
        "2026-03-02 06:30:00, which was available then, says otherwise",
    )


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ("refused_source", ["it has 'spend__source', so it was joined from several sources"]),
        ("refused_columns", ["it has no column 'asked'", "it has no column 'customer_id'"]),
        ("refused_options", ["policy: now", "got 'never'", "max_age: a duration", "got 'soon'"]),
        ("refused_view", ["it has no feature of 'visits@1': orders_ever"]),
        (
            "shares_refused",
            ["max_missing: a share from 0 to 1, got 1.5", "max_expired", "got -0.1"],
        ),
        (
            "shares_not_declared",
            ["it declares no share. Give one of max_missing, max_not_computed"],
        ),
        ("shares_without_status", ["no <view>__status columns", "leave metadata=false out"]),
        ("shares_of_another_view", ["the model has no 'spend__status'; it has visits__status"]),
    ],
)
def test_what_cannot_be_tested_is_refused_in_a_sentence(
    watched: Watched, test: str, said: list[str]
) -> None:
    assert watched.run.status[test] == "error"
    for part in said:
        assert part in watched.run.message[test]


def shares(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return sorted(tuple(row[name] for name in SHARE) for row in rows)


def test_a_share_at_the_limit_passes_and_one_above_it_is_named(watched: Watched) -> None:
    """Of ten rows; three more than the first have a feature that their run did not have yet."""
    assert watched.run.status["shares_at_the_limit"] == "pass"
    assert watched.run.status["shares_above"] == "fail"
    assert shares(watched.failures("shares_above")) == [
        ("spend", "expired", 10, 0.2, 0.19),
        ("spend", "missing", 10, 0.2, 0.19),
        ("spend", "not_computed", 10, 0.4, 0.39),
    ]


def test_a_limit_may_be_for_some_of_the_views(watched: Watched) -> None:
    assert watched.run.status["shares_of_one_view"] == "pass"


def test_backfilled_rows_have_a_limit_of_their_own(watched: Watched) -> None:
    assert shares(watched.failures("shares_of_backfill")) == [
        ("spend", "backfilled", 10, 0.1, 0.09)
    ]
