"""`provender new`: what it refuses, asks and infers, on the lender, before anything is written."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from provender_ops import cli
from provender_ops.scaffold import asking
from provender_ops.scaffold.checkout import Checkout, Node
from provender_ops.scaffold.dbt import Dbt
from provender_ops.scaffold.entity import NewEntity, entity_sql
from provender_ops.scaffold.lab import Lab

pytestmark = pytest.mark.xdist_group("scaffold")
Run = Callable[..., Result]
PAYMENTS = "stg_lender__card_payments"
VIEW = ["view", "v", "--entity", "customer", "--from", PAYMENTS, "--group", "risk"]
HOURLY = [*VIEW, "--cadence", "hourly"]


@pytest.fixture
def run(lender: Checkout, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `provender new` on the lender as it was parsed once."""
    monkeypatch.setattr(Checkout, "read", lambda *_: lender)

    def invoke(*arguments: str, typed: str | None = None) -> Result:
        before = set(lender.root.rglob("*"))
        said = ["new", *arguments, "--project-dir", str(lender.root), "--dry-run"]
        result = CliRunner().invoke(cli.app, said, prog_name="provender", input=typed)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        assert set(lender.root.rglob("*")) - before <= set((lender.root / ".provender").rglob("*"))
        return result

    return invoke


UNBOUND = '--feature x: Binder Error: Referenced column "amont"'
COUNTED = "count(card_payments.occurred_at)"
TWICE = ["--from", PAYMENTS, "--from", "stg_lender__sessions"]
WRONG: list[tuple[list[str], list[str]]] = [
    (["view", "Bad-Name"], ["'Bad-Name' is no name of a view", "small letter"]),
    (["view", "select"], ["is a word of SQL"]),
    (["view", "as_of"], ["is reserved"]),
    (["view", "customer_activity"], ["is taken", "customer_activity.sql"]),
    (["view", "credit_risk"], ["is taken", "_exposures.yml"]),
    (
        ["view", "v"],
        ["has to be said", "--entity", "--from", "--group", "--cadence", "risk, growth"],
    ),
    (["view", "v", "--entity", "custmer"], ["no 'custmer'", "Did you mean 'customer'?"]),
    (["view", "v", "--entity", "ip", "--from", "stg_lendr"], ["--from", "no 'stg_lendr'"]),
    ([*HOURLY, "--group", "rsk"], ["no group 'rsk'", "Did you mean 'risk'?", "--owner-email"]),
    ([*HOURLY, "--window", "30"], ["--window '30' is not a duration", "30d"]),
    ([*HOURLY, "--window", "0d"], ["is not a duration"]),
    ([*HOURLY, "--ttl", "forever"], ["--ttl 'forever' is not a duration"]),
    ([*HOURLY, "--ttl", "30m"], ["--ttl 30m is below --freshness-sla 90m"]),
    ([*HOURLY, "--classification", "secret"], ["no 'secret'", "public, internal, pii, pci"]),
    ([*VIEW, "--cadence", "At Noon"], ["no schedule has that name"]),
    ([*VIEW, "--cadence", "fortnightly"], ["Did you mean 'nightly'?", "minutes, hourly, nightly"]),
    ([*HOURLY, "--feature", "max(amount)"], ["is not NAME=EXPRESSION"]),
    (
        [*HOURLY, "--feature", "x=max(amont)"],
        [UNBOUND],
    ),
    ([*HOURLY, "--feature", "x=max(amount"], ["--feature x: Parser Error"]),
    ([*HOURLY, "--feature", "x=amount"], ["is no aggregate"]),
    (
        [*HOURLY, "--feature", "x=count(*)"],
        ["nothing happened", COUNTED],
    ),
    ([*HOURLY, "--feature", "x=list(amount)"], ["decimal(18,2)[]", "Make it a scalar"]),
    ([*HOURLY, "--feature", "as_of=max(amount)"], ["is reserved"]),
    ([*HOURLY, "--on", "customer_id"], ["is not KEY=COLUMN"]),
    ([*HOURLY, "--on", "id=customer_id"], ["'customer' has no such key"]),
    ([*HOURLY, "--on", "customer_id=payer"], ["no column 'payer'", "--on customer_id=COLUMN"]),
    (
        ["view", "v", "--entity", "ip", "--from", "stg_lender__loan_payments", *HOURLY[6:]],
        ["declares no column 'ip'", "--on ip=COLUMN", "loan_payment_id"],
    ),
    (["feature", "customer_spnd", "x", "1"], ["no feature view 'customer_spnd'", "customer_spend"]),
    (["feature", "customer_spend@7", "x", "1"], ["no feature view 'customer_spend@7'"]),
    (["feature", "customer_spend", "spend_30d", "1"], ["has a column 'spend_30d' already"]),
    (["tests", "nothing"], ["no feature view 'nothing'", "Its views are"]),
    (["service", "s", "--view", "nothing", "--group", "risk"], ["no feature view 'nothing'"]),
    (["service", "credit_risk", "--view", "ip_activity"], ["is taken"]),
    (["service", "s", "--view", "ip_activity"], ["--group", "risk, growth"]),
    (["service", "s", "--latency-budget", "soon"], ["'soon' is not a time"]),
    (
        [
            "service",
            "s",
            "--view",
            "customer_spend@1",
            "--view",
            "customer_spend@2",
            "--group",
            "risk",
        ],
        ["customer_spend@1 and customer_spend@2 both have a feature 'spend_30d'"],
    ),
    (
        ["service", "s", "--view", "ip_activity", "--view", "ip_activity@1", "--group", "risk"],
        ["names a view twice"],
    ),
    (["entity", "customer", "--key", "x", "--from", PAYMENTS], ["is taken"]),
    (["entity", "e", "--key", "x", "--from", PAYMENTS, "--group", "risk"], ["no such column"]),
    (
        ["entity", "e", "--key", "amount", "--from", PAYMENTS, "--group", "risk"],
        ["a decimal(18,2) is no key"],
    ),
    (
        *(
            [
                "entity",
                "e",
                "--key",
                "customer_id",
                "--from",
                PAYMENTS,
                "--from",
                "stg_lender__sessions",
            ],
        ),
        ["--group"],
    ),
    (
        [*["entity", "e", "--key", "customer_id", "--alive", "true", "--group", "risk"], *TWICE],
        ["--alive is about the events of one model"],
    ),
]


@pytest.mark.parametrize(("arguments", "parts"), WRONG, ids=lambda value: " ".join(value)[:50])
def test_what_is_wrong_is_told_in_a_sentence(
    run: Run, arguments: list[str], parts: list[str]
) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    for part in parts:
        assert part in result.stderr, result.stderr
    assert "Traceback" not in result.stderr


def test_outside_a_project_it_says_so(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli.app, ["new", "tests", "v", "--project-dir", str(tmp_path)])
    assert (result.exit_code, "is not a dbt project" in result.stderr) == (2, True)


def test_an_empty_project_is_told_what_comes_first(
    run: Run, lender: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = {**lender.manifest, "nodes": {}, "sources": {}, "exposures": {}, "groups": {}}
    monkeypatch.setattr(Checkout, "read", lambda *_: Checkout(lender.root, lender.dbt, nothing))
    assert "provender new entity NAME" in run("view", "v").stderr
    assert "provender.event_versions" in run("entity", "e").stderr
    assert "provender new view" in run("tests", "v").stderr


def test_on_a_terminal_only_what_is_missing_is_asked(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asking.Questions
    monkeypatch.setattr(
        "provender_ops.scaffold.commands.Questions", lambda: asked(on_terminal=True)
    )
    result = run("service", "churn", "--group", "growth", typed="nonsense\nip_activity@1\n")
    assert result.exit_code == 0, result.output
    assert "Which view does it read?" in result.stderr
    assert "group" not in result.stderr
    assert "- ref('ip_activity')" in result.stdout


def test_a_service_is_written_as_its_neighbours_are(run: Run) -> None:
    options = ("--view", "customer_spend@1", "--view", "ip_activity", "--group", "growth", "--json")
    (file,) = json.loads(run("service", "churn", *options).stdout)["files"]
    assert (file["path"], file["new"]) == ("models/services/_exposures.yml", False)
    for line in (
        "    - ref('customer_spend', v=1)",
        """    enabled: "{{ project_name == 'provender' }}\"""",
        "    email: growth@lender.example",
        "        latency_budget: 50ms",
    ):
        assert line in file["text"].splitlines()


def test_a_view_says_what_all_views_say_and_no_more(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqls: list[str] = []
    monkeypatch.setattr(Dbt, "compiled_text", lambda _, sql: sqls.append(sql) or _compiled(sql))
    options = ("--feature", "most=max(amount)", "--feature", "n=sum(customer_id)", "--json")
    result = run(*HOURLY, *options)
    files = {file["path"]: file["text"] for file in json.loads(result.stdout)["files"]}
    sql = files["models/features/customer/v.sql"]
    assert sqls == [sql]
    assert "max(card_payments.amount) as most," in sql
    assert "cast(sum(card_payments.customer_id) as bigint) as n" in sql
    yaml = files["models/features/customer/v.yml"]
    head = yaml[: yaml.index("unit_tests:")]
    for line in (
        "      group: risk",
        "      tags: [hourly]",
        "      access: public",
        """      enabled: "{{ project_name == 'provender' }}\"""",
        "          freshness_sla: 90m",
        "        data_type: decimal(18,2)",
        "        config: {meta: {feature: {default: null}}}",
    ):
        assert line in head.splitlines()
    assert "classification" not in head  # a folder default says it
    assert "enabled" in files["snapshots/v_history.yml"]


def _compiled(sql: str) -> str:
    """Fill in what the macros write, for a view over the lender's customers."""
    moment = "cast('2026-03-02 10:30:00' as timestamp)"
    spine = (
        f'(select customer_id, {moment} as as_of from "memory"."main"."customer"'
        f" where live_from <= {moment} and (live_until is null or live_until > {moment}))"
    )
    sql = re.sub(r"{{ ref\('(\w+)'\) }}", r'"memory"."main"."\1"', sql)
    sql = re.sub(r"{{ provender\.spine\([^}]*}}", spine, sql)
    until = r"(\1.known_until is null or \1.known_until > \2)"
    known = rf"\1.occurred_at <= \2 and \1.known_from <= \2 and {until}"
    sql = re.sub(r"{{ provender\.known_at\('(\w+)', '([\w.]+)'\) }}", known, sql)
    within = r"(\1 > \2 - interval '30 days' and \1 <= \2)"
    return re.sub(r"{{ provender\.in_window\('([\w.]+)', '\w+', '([\w.]+)'\) }}", within, sql)


def test_lives_by_first_sight_are_what_the_written_test_says(lender: Checkout) -> None:
    """Its expectations are the rule's, so they are run here once, over two keys."""
    source = next(node for node in lender.models if node.name == PAYMENTS)
    entity = NewEntity(
        "pair", {"customer_id": "integer", "category": "varchar"}, [source], None, "r", None
    )
    sql = re.sub(r"{{ ref\('\w+'\) }}", source.relation, entity_sql(entity))
    columns = {name: str(type_) for name, type_ in source.columns.items()}
    lab = Lab({source.relation: columns})
    at = "2026-03-01 {}:00".format
    rows = [
        {"customer_id": 1, "category": "a", "occurred_at": at("10:00"), "known_from": at("10:05")},
        {"customer_id": 1, "category": "a", "occurred_at": at("09:00"), "known_from": at("09:30")},
        {"customer_id": 1, "category": None, "occurred_at": at("08:00"), "known_from": at("08:30")},
    ]
    (life,) = lab.run(sql, {source.relation: rows})
    assert (str(life["live_from"]), life["live_until"]) == (at("09:30"), None)


def test_the_event_id_is_what_staging_says(lender: Checkout) -> None:
    found = {node.name: lender.event_id(node) for node in lender.with_versions()}
    assert found["stg_lender__account_events"] == "event_id"
    assert found[PAYMENTS] == "payment_id"
    assert isinstance(lender.models[0], Node)
