"""Class by class: what may be logged, pushed and exported, with a waiver, after it, and without."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import duckdb
import pytest
import redis
from published_catalog import POLICIES, PublishedProject, View, minute
from pushing import Pusher
from typer.testing import CliRunner

from provender import DecisionLog
from provender_ops.cli import app

LOG_KEY = "the key of the hashes in these tests"
WAIVED, ENDED = "2026-03-02", "2026-03-01"  # the runs are of 2026-03-02
# As macros/governance/_allowed_uses.sql has it; tests/python/governance holds the macro to it.
TABLE = {
    "public": {"log": "always", "push": "always", "export": "always"},
    "internal": {"log": "always", "push": "always", "export": "always"},
    "pii": {"log": "never", "push": "always", "export": "never"},
    "pci": {"log": "never", "push": "never", "export": "never"},
}


@dataclass(frozen=True)
class Shop:
    """A view of one classification, built once and not pushed."""

    project: PublishedProject
    view: View
    pusher: Pusher

    def logged(self, client: redis.Redis) -> bool:
        """Whether a decision is logged with the values; else it is with hashes of them."""
        log = DecisionLog(client, namespace=self.pusher.namespace, log_key=LOG_KEY)
        served = self.pusher.reader(minute(3)).get("scores", customer_id=1)
        log.record(served, model_version="1", decision={}, decided_at=minute(3))
        ((_, entry),) = client.xrange(self.pusher.keys.decisions)  # type: ignore[union-attr,misc]
        (view,) = json.loads(entry[b"record"])["views"]
        assert view["hashed"] == (view["values"] != [7, "Rome"])
        return not view["hashed"]

    def exported(self, *options: str) -> tuple[int, list[str], str]:
        """Exit code, columns of the file and what the command said."""
        file = self.project.root / "set.parquet"
        command = ["export", "trained", "--to", str(file), "--project-dir", str(self.project.root)]
        done = CliRunner().invoke(app, [*command, "--now", f"{WAIVED}T12:00:00Z", *options])
        columns = duckdb.sql(f"describe from '{file}'").fetchall() if file.exists() else []
        return done.exit_code, [column[0] for column in columns], done.output


@pytest.fixture
def shop(
    request: pytest.FixtureRequest, project: PublishedProject, redis_client: redis.Redis
) -> Shop:
    """Of the classification and the uses that the test is given."""
    classification, allowed = request.param
    view = project.view(
        "activity",
        keys={"customer_id": "bigint"},
        features={"payments": "integer", "city": "varchar"},
        policies={**POLICIES, "classification": classification},
        allowed_uses=allowed,
    )
    project.service("scores", view)
    project.build(view, minute(1), {1: (7, "Rome")})
    asked = {"view": "activity", "version": 1, "as": "activity", "columns": {"payments": "paid"}}
    options = json.dumps({"views": [asked]})
    project.copy("trained", "select 5 as customer_id, 1 as label, 7 as paid")
    project.table(
        "training_sets",
        f"select 'trained' as training_set, '{options}' as options, 'x' as invocation_id,"
        " timestamp '2026-03-02' as built_at",
    )
    return Shop(project, view, Pusher(project, redis_client))


def cells(use: str, said: str | None = None) -> list[Any]:
    """(classification, uses) of each class; `said` is of the use, None what the class says."""
    return [
        pytest.param((name, {**row, use: said or row[use]}), id=f"{name}-{said or row[use]}")
        for name, row in TABLE.items()
        if said is None or row[use] == "never"
    ]


@pytest.mark.parametrize(
    "shop", [*cells("push"), *cells("push", WAIVED), *cells("push", ENDED)], indirect=True
)
def test_pushed(shop: Shop) -> None:
    said = shop.view.allowed_uses["push"]
    outcomes = shop.pusher.push().views
    if said == "never":
        assert outcomes == ()  # nobody meant it to be online
        (outcome,) = shop.pusher.push("activity").views
        assert (outcome.status, "has no waiver" in outcome.reason) == ("refused", True)
    elif said == ENDED:
        assert [outcome.status for outcome in outcomes] == ["refused"]
        assert f"its waiver ended with {ENDED}" in outcomes[0].reason
    else:
        assert [outcome.status for outcome in outcomes] == ["pushed"]
    assert bool(shop.pusher.generations(shop.view)) == (said in ("always", WAIVED))


@pytest.mark.parametrize("shop", cells("push", "private"), indirect=True)
def test_what_is_private_stays_offline(shop: Shop) -> None:
    assert shop.pusher.push().views == ()
    (outcome,) = shop.pusher.push("activity@1").views
    assert (outcome.status, "is private" in outcome.reason) == ("refused", True)
    assert shop.pusher.everything() == {} or not shop.pusher.generations(shop.view)


@pytest.mark.parametrize(
    "shop", [*cells("log"), *cells("log", WAIVED), *cells("log", ENDED)], indirect=True
)
def test_logged(shop: Shop, redis_client: redis.Redis) -> None:
    said = shop.view.allowed_uses["log"]
    shop.view.allowed_uses["push"] = "always"
    shop.project.publish()
    shop.pusher.push()
    assert shop.logged(redis_client) == (said in ("always", WAIVED))


@pytest.mark.parametrize(
    "shop", [*cells("export"), *cells("export", WAIVED), *cells("export", ENDED)], indirect=True
)
def test_exported(shop: Shop) -> None:
    said = shop.view.allowed_uses["export"]
    code, columns, output = shop.exported()
    if said in ("always", WAIVED):
        assert (code, columns) == (0, ["customer_id", "label", "paid"]), output
        return
    assert (code, columns) == (1, []), output
    assert ("ended with" if said == ENDED else "has no waiver") in output.replace("\n", " ")
    code, columns, output = shop.exported("--allowed-only")
    assert (code, columns) == (0, ["label"]), output


@pytest.mark.parametrize("shop", [("pii", TABLE["pii"])], indirect=True)
def test_a_key_stays_that_an_allowed_view_has_too(shop: Shop) -> None:
    other = shop.project.view("open", keys={"customer_id": "bigint"}, features={"visits": "bigint"})
    asked = [
        {"view": "activity", "version": 1, "as": "activity", "columns": {"payments": "paid"}},
        {"view": other.name, "version": 1, "as": "open", "columns": {"visits": "visits"}},
    ]
    options = json.dumps({"views": asked})
    shop.project.copy("trained", "select 5 as customer_id, 1 as label, 7 as paid, 2 as visits")
    shop.project.table(
        "training_sets",
        f"select 'trained' as training_set, '{options}' as options, 'x' as invocation_id,"
        " timestamp '2026-03-02' as built_at",
    )
    code, columns, output = shop.exported("--allowed-only")
    assert (code, columns) == (0, ["customer_id", "label", "visits"]), output


@pytest.mark.parametrize("shop", [("pii", TABLE["pii"])], indirect=True)
def test_a_renamed_column_cannot_be_left_out(shop: Shop) -> None:
    shop.project.copy("trained", "select 1 as label, 7 as renamed")
    code, columns, output = shop.exported("--allowed-only")
    assert (code, columns, "paid of 'trained'" in output) == (1, [], True), output


@pytest.mark.parametrize("shop", [("pii", TABLE["pii"])], indirect=True)
def test_of_a_view_that_is_not_declared_any_more_nothing_is_exported(shop: Shop) -> None:
    shop.project.views.clear()
    shop.project.publish()
    assert shop.exported()[0] == 1


def test_a_waiver_counts_to_the_end_of_its_last_day(
    project: PublishedProject, activity: View, pusher: Pusher
) -> None:
    activity.policies["classification"] = "pci"
    activity.allowed_uses = dict.fromkeys(("log", "push", "export"), WAIVED)
    for at, status in [
        (datetime(2026, 3, 2, 23, 59, 59, 999999), "pushed"),
        (datetime(2026, 3, 3), "refused"),
    ]:
        project.build(activity, at, {1: (1, "Rome")})
        assert pusher.push_one().status == status
    renewed = replace(activity, allowed_uses={**activity.allowed_uses, "push": "2026-03-03"})
    project.views["customer_activity", 1] = renewed
    project.publish()
    assert pusher.push_one().status == "pushed"
