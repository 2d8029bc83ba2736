"""Decisions served by another definition than the model was trained on are found, and told.

`spend` is built at ten, with other SQL at noon, and with another ttl at two. The training set is
built at 10:40 and again at 12:30. What a model version has seen is what stood before it decided.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import pytest
from audited_shop import SERVICE, TRAINED, Shop, at, spend_of
from landed_log import LoggedDecision, ServedView, land

pytestmark = pytest.mark.xdist_group("audited")
RECOMPUTED = TRAINED.replace("2026-03-02 10:30", "2026-03-02 12:20").replace(
    "views=", "source='recompute', views="
)
READ = ("run_availability", "definitions")  # by a training set
SETS = (
    "training_sets: {m1: trained, m2: recomputed, m3: trained, seeded: stg_orders},"
    " same_as_trained: {%s: ttl only}"
)


class Judged(NamedTuple):
    """What the model says of some decisions."""

    decisions: int
    is_as_trained: bool | None
    differs_in: str | None
    since: datetime | None


@pytest.fixture(scope="module")
def judged(built_shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> dict[Any, Judged]:
    """(model version, view, run) -> what is said of what was served of that run."""
    shop = built_shop.copy(tmp_path_factory.mktemp("trained") / "project")
    folder = shop.project.folder
    (folder / "models/recomputed.sql").write_text(RECOMPUTED)
    shop.build("trained", *READ, as_of=at(10, 40))
    shop.project.edit("models/spend.sql", "cast(sum(orders.amount)", "cast(2 * sum(orders.amount)")
    shop.build("tag:minutes", as_of=at(12))
    (folder / "models/trained.sql").write_text(TRAINED.replace("10:30'", "12:20'"))
    shop.build("trained", "recomputed", as_of=at(12, 30))
    shop.project.edit("models/spend.yml", "ttl: 1h", "ttl: 2h")
    shop.build("tag:minutes", as_of=at(14))
    runs = fingerprints(shop)
    declared = SERVICE.replace("20ms}", f"20ms, {SETS % runs['spend', at(14)]}}}")
    (folder / "models/exposures.yml").write_text(declared)
    land(folder, "decided", decisions(runs))
    watched = ("path:models/registry", "path:models/decisions", "path:models/monitoring")
    run = shop.project.build(
        *("--select", *watched, "--exclude", "resource_type:test"), as_of=at(15).isoformat()
    )
    assert run.code == 0, run.output
    stamps = {fingerprint: ref for ref, fingerprint in runs.items()}
    found = shop.project.query(
        "select model_version, fingerprint, decisions, is_as_trained, differs_in, since from"
        " served_definitions"
    )
    Told.alerts = shop.project.query(
        "select subject, owner, finding, what_to_do from alerts where monitor ="
        " 'served_definitions' order by since, finding"
    )
    return {(model, *stamps[by]): Judged(*rest) for model, by, *rest in found}


class Told:
    """The alerts of the fixture."""

    alerts: Sequence[tuple[Any, ...]] = ()


def fingerprints(shop: Shop) -> dict[tuple[str, datetime], str]:
    rows = shop.project.query(
        "select view, as_of, fingerprint from main_provender.run_log order by as_of"
    )
    return {(view, as_of): fingerprint for view, as_of, fingerprint in rows}


def decisions(runs: dict[tuple[str, datetime], str]) -> list[LoggedDecision]:
    def served(model: str, decided_at: datetime, run: datetime, **how: Any) -> LoggedDecision:
        by = runs["spend", run]
        view = ServedView("spend", run, spend_of(1, 0), fingerprint=by, **how)  # type: ignore[arg-type]
        name = f"{model}-{decided_at:%H%M}"
        return LoggedDecision(name, decided_at, {"customer_id": "c1"}, [view], model_version=model)

    typed = ServedView(
        "typed", at(10), {"count": ("integer", 3)}, fingerprint=runs["typed", at(10)]
    )
    return [
        served("m1", at(10, 50), at(10)),
        served("m1", at(11, 50), at(10)),
        LoggedDecision("typed", at(11), {"customer_id": "c1"}, [typed], model_version="m1"),
        served("m1", at(12, 10), at(12)),
        served("m1", at(12, 20), at(12)),
        served("m1", at(13), at(12), status="missing"),  # of no definition: a default
        served("m1", at(14, 10), at(14)),
        served("m2", at(12, 40), at(10)),
        served("m2", at(12, 50), at(12)),
        served("m3", at(13, 10), at(10)),
        served("m3", at(13, 20), at(12)),
        served("m9", at(13, 30), at(12)),
        served("seeded", at(13, 40), at(12)),
    ]


def test_what_the_training_set_saw_is_fine(judged: dict[Any, Judged]) -> None:
    assert judged["m1", "spend", at(10)] == Judged(2, True, None, None)
    assert judged["m2", "spend", at(12)] == Judged(1, True, None, None)  # recomputed by it


def test_another_definition_is_found_since_the_first_decision_on_it(
    judged: dict[Any, Judged],
) -> None:
    assert judged["m1", "spend", at(12)] == Judged(2, False, "SQL", at(12, 10))
    assert judged["m2", "spend", at(10)] == Judged(1, False, "SQL", at(12, 40))


def test_a_set_built_anew_counts_for_models_that_began_later(judged: dict[Any, Judged]) -> None:
    """m1 decided before 12:30, so it cannot have been trained on what was built then."""
    assert judged["m3", "spend", at(12)] == Judged(1, True, None, None)
    assert judged["m3", "spend", at(10)].is_as_trained


def test_what_the_exposure_says_is_the_same_is_no_finding(judged: dict[Any, Judged]) -> None:
    assert judged["m1", "spend", at(14)] == Judged(1, True, None, None)


def test_what_cannot_be_told_is_no_finding(judged: dict[Any, Judged]) -> None:
    for model, view, run in [
        ("m9", "spend", at(12)),
        ("seeded", "spend", at(12)),
        ("m1", "typed", at(14)),  # built by the same each time
    ]:
        assert judged[model, view, run].is_as_trained is None
        assert judged[model, view, run].since is None


def test_the_alert_names_service_model_view_how_many_and_what_differs(
    judged: dict[Any, Judged],
) -> None:
    assert judged
    (first, second) = Told.alerts
    assert (first[0], first[1]) == ("spend@1", "Shop")
    assert first[2].startswith("offers m1 was served spend@1 as ")
    assert " in 2 decisions, and was trained on trained, which has spend@1 as " in first[2]
    assert first[2].endswith(": its SQL differs.")
    assert "same_as_trained: {" in first[3]
    assert second[2].startswith("offers m2 ")
