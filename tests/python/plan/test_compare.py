"""What is classified, whom it reaches and who must agree, on states made by hand."""

from dataclasses import replace
from datetime import date

import pytest
from hand_made import (
    ACTIVITY,
    CREDIT,
    SHOP,
    SQL,
    STAGING,
    planned,
    told,
    with_policies,
    with_service,
    with_sql,
    with_view,
)

from provender_ops.definitions.declarations import Column, Declarations, Feature
from provender_ops.plan.as_json import as_json
from provender_ops.plan.markdown import markdown
from provender_ops.plan.planned import Behind
from provender_ops.plan.text import lines

BREAKS, FITS = "breaking", "compatible"


def test_nothing_changed_is_nothing_told() -> None:
    plan = planned(SHOP)
    assert (plan.changes, plan.is_refused) == ((), False)
    assert "changes nothing" in "\n".join(lines(plan))


@pytest.mark.parametrize(
    ("policy", "value", "kind", "verdict"),
    [
        ("ttl_seconds", None, "ttl dropped", BREAKS),
        ("ttl_seconds", 7200, "ttl loosened", BREAKS),
        ("ttl_seconds", 3599, "ttl tightened", FITS),
        ("freshness_sla_seconds", None, "freshness_sla dropped", BREAKS),
        ("freshness_sla_seconds", 1801, "freshness_sla loosened", BREAKS),
        ("freshness_sla_seconds", 600, "freshness_sla tightened", FITS),
        ("lag_seconds", 60, "lag loosened", BREAKS),
        ("lag_seconds", 180, "lag tightened", FITS),
        ("lag_seconds", None, "lag dropped", BREAKS),
        ("retention_seconds", 86400, "retention shortened", BREAKS),
        ("otherwise", "fail", "otherwise changed", BREAKS),
        ("otherwise", None, "otherwise dropped", BREAKS),
        ("classification", "public", "classification lowered", BREAKS),
        ("classification", "pii", "classification raised", FITS),
        ("classification", None, "classification dropped", BREAKS),
        ("log_values", False, "log_values switched off", BREAKS),
        ("backfill", "none", "backfill dropped", BREAKS),
        ("backfill_reason", "so", "backfill_reason documented", FITS),
    ],
)
def test_a_policy(policy: str, value: object, kind: str, verdict: str) -> None:
    assert told(planned(with_policies(**{policy: value}))) == [("activity@1", kind, verdict)]


@pytest.mark.parametrize(
    ("policy", "was", "becomes", "kind", "verdict"),
    [
        ("retention_seconds", 86400, None, "retention lengthened", FITS),
        ("retention_seconds", 86400, 172800, "retention lengthened", FITS),
        ("retention_seconds", 172800, 86400, "retention shortened", BREAKS),
        ("ttl_seconds", None, 60, "ttl tightened", FITS),
        ("classification", "pii", "pci", "classification changed", BREAKS),
        ("log_values", False, True, "log_values switched on", BREAKS),
        ("backfill", "none", "recompute", "backfill allowed", FITS),
    ],
)
def test_a_policy_that_was_another(
    policy: str, was: object, becomes: object, kind: str, verdict: str
) -> None:
    old, new = with_policies(**{policy: was}), with_policies(**{policy: becomes})
    assert told(planned(new, old)) == [("activity@1", kind, verdict)]


@pytest.mark.parametrize(
    ("was", "becomes", "classification", "kind", "verdict"),
    [
        ("public", "private", "internal", "access narrowed", BREAKS),
        ("private", "public", "internal", "access widened", FITS),
        ("private", "public", "pii", "access widened", BREAKS),
    ],
)
def test_access(was: str, becomes: str, classification: str, kind: str, verdict: str) -> None:
    state = with_policies(classification=classification)
    old, new = with_view(state, access=was), with_view(state, access=becomes)
    assert told(planned(new, old)) == [("activity@1", kind, verdict)]


def test_a_view_may_go_after_its_announced_end_when_no_service_reads_it() -> None:
    unread = replace(SHOP, services={})
    ended = with_view(unread, deprecation_date=date(2026, 3, 1))
    to_end = with_view(unread, deprecation_date=date(2026, 3, 3))
    read = with_view(deprecation_date=date(2026, 3, 1))
    gone = replace(unread, views={})

    verdicts = [planned(gone, old).changes[0].change.verdict for old in (unread, ended, to_end)]
    assert verdicts == [BREAKS, FITS, BREAKS]
    assert ("activity@1", "view removed", BREAKS) in told(planned(gone, read))


def test_what_was_declared_and_never_built_breaks_nobody() -> None:
    """A merge published its declaration, and its own schedule has not come yet."""
    unbuilt = with_sql(None)
    other = with_policies(ttl_seconds=7200)
    gone = replace(SHOP, views={}, services={})
    unread = replace(unbuilt, services={})

    assert told(planned(other, unbuilt)) == [("activity@1", "not built yet", FITS)]
    assert told(planned(gone, unread)) == [("activity@1", "view removed", FITS)]
    assert ("activity@1", "view removed", BREAKS) in told(planned(gone, unbuilt))


def test_what_goes_is_not_asked_to_be_pushed() -> None:
    behind = (Behind("activity@1", "not online"), Behind("old@1", "online, and not published"))
    assert planned(SHOP, behind=behind).behind == behind
    assert planned(replace(SHOP, views={}), behind=behind).behind == behind[1:]


def test_a_type_spelt_otherwise_is_the_same_type() -> None:
    features = (Feature("payments", "int4", 0), Feature("spend", "numeric(18, 2)", 0))
    assert told(planned(with_view(features=features, keys=(Column("customer_id", "int"),)))) == []


def test_keys_of_the_view_changed_with_its_entity_are_told_once() -> None:
    keys = (Column("customer_id", "bigint"),)
    new = with_view(keys=keys)
    entity = replace(SHOP.entities["customer"], keys=keys)

    assert told(planned(new)) == [
        ("activity@1", "keys changed", BREAKS),
        ("service credit", "keys changed", BREAKS),
    ]
    assert told(planned(replace(new, entities={"customer": entity}))) == [
        ("entity customer", "keys changed", BREAKS),
        ("service credit", "keys changed", BREAKS),
    ]


def test_another_view_with_a_feature_of_the_same_name_changes_what_a_service_is_served() -> None:
    names = ("activity__payments", "spend", "visits__payments")
    features = (*CREDIT.features, ("visits@1", "payments"))
    visits = replace(ACTIVITY, name="visits", unique_id="model.shop.visits")
    new = with_service(names=names, features=features, views=("activity@1", "visits@1"))
    new = replace(new, views={**SHOP.views, "visits@1": visits})

    assert told(planned(new)) == [
        ("service credit", "served under another name", BREAKS),
        ("service credit", "features added", FITS),
        ("visits@1", "view added", FITS),
    ]


def test_a_training_set_of_another_name_or_of_none() -> None:
    other = with_service(training_sets={"v1": "model.shop.dashboard"})
    more = with_service(training_sets={**CREDIT.training_sets, "v2": "model.shop.dashboard"})

    assert told(planned(other)) == [("service credit", "training set changed", BREAKS)]
    assert told(planned(more)) == [("service credit", "training set added", FITS)]


def test_one_feature_of_two_is_computed_differently_and_reaches_who_reads_it() -> None:
    """A service that reads the other feature alone is not reached."""
    new = with_sql(SQL.replace("sum(payments.amount)", "max(payments.amount)"))
    other = replace(CREDIT, name="other", features=CREDIT.features[:1], names=("payments",))
    states = [replace(each, services={"credit": CREDIT, "other": other}) for each in (SHOP, new)]

    (change,) = planned(states[1], states[0]).changes

    assert change.change.features == {("activity@1", "spend")}
    assert change.blast.services == ("credit",)
    assert change.blast.training_sets == ("model.shop.credit_training",)
    assert change.blast.models == ("dashboard",)
    assert change.blast.owners == ("risk", "Growth")


@pytest.mark.parametrize(
    ("sql", "features"),
    [
        (STAGING.replace("id is not null", "id > 'a'"), {"payments", "spend"}),
        (STAGING.replace("amount,", "amount * 2 as amount,"), {"spend"}),
        (STAGING.replace("amount,", "amount, currency,"), set()),
        (STAGING.replace("where", "WHERE /* known */"), set()),
    ],
)
def test_an_ancestor_reaches_the_features_that_are_made_of_it(sql: str, features: set[str]) -> None:
    plan = planned(with_sql(sql, "stg_payments"))

    (change,) = [each.change for each in plan.changes]
    assert change.is_breaking == bool(features)
    assert {name for _, name in change.features or ()} == features
    assert "stg_payments" in change.why


def test_what_cannot_be_parsed_counts_for_all_features() -> None:
    new = with_sql(SQL.replace("count(payments.id)", "count(payments.id) @@@ 1"))
    (change,) = [each.change for each in planned(new).changes]
    assert {name for _, name in change.features or ()} == {"payments", "spend"}


def test_the_macro_the_settle_or_the_var_that_made_it_is_named() -> None:
    def state(sql: str, **context: object) -> Declarations:
        changed = with_sql(sql)
        model = replace(
            changed.models["model.shop.activity"], checksum="1", macros=("macro.shop.window",)
        )
        models = {**changed.models, model.unique_id: model}
        return replace(changed, models=models, **context)  # type: ignore[arg-type]

    payments = "source.shop.raw.payments"
    later = replace(SHOP.sources[payments], settle_seconds=90)
    other = SQL.replace("<= spine", "< spine")
    old = state(SQL, macros={"macro.shop.window": "a"}, vars={"days": 7})

    by_macro = state(other, macros={"macro.shop.window": "b"}, vars={"days": 7})
    by_var = state(other, macros=old.macros, vars={"days": 8})
    by_settle = state(
        other, macros=old.macros, vars=old.vars, sources={**SHOP.sources, payments: later}
    )

    def why(new: Declarations) -> str:
        return next(
            p.change.why for p in planned(new, old).changes if p.change.subject == "activity@1"
        )

    assert why(by_macro).startswith("activity@1 reads otherwise through macro shop.window.")
    assert why(by_var).startswith("activity@1 reads otherwise through var days, 8 instead of 7.")
    assert "the settle of source raw.payments, 90s instead of 1m" in why(by_settle)


def test_a_renamed_feature_is_told_as_that_when_it_is_the_same() -> None:
    features = (Feature("card_payments", "integer", 0), ACTIVITY.features[1])
    same = with_sql(
        SQL.replace("as payments,", "as card_payments,"), state=with_view(features=features)
    )
    other = with_sql(
        SQL.replace("count(payments.id) as payments,", "max(payments.id) as card_payments,"),
        state=with_view(features=features),
    )

    assert ("activity@1.payments", "feature renamed", BREAKS) in told(planned(same))
    assert [kind for _, kind, _ in told(planned(other))] == ["feature removed", "feature added"]


def test_an_entity_that_lives_otherwise_reaches_its_views() -> None:
    customers = SHOP.models["model.shop.customer"].sql or ""
    plan = planned(with_sql(f"{customers} where live_until is null", "customer"))

    (change,) = plan.changes
    assert told(plan) == [("entity customer", "computed differently", BREAKS)]
    assert (change.blast.views, change.blast.services) == (("activity@1",), ("credit",))


def test_ids_are_of_the_change_alone() -> None:
    """An approval written today holds tomorrow, elsewhere, and beside other changes."""
    ttl = {"ttl_seconds": 7200}
    (alone,) = planned(with_policies(**ttl)).changes
    beside = planned(with_policies(**ttl, otherwise="fail")).breaking

    assert alone.change.id == "60004e527fc4"
    assert alone.change.id in {each.change.id for each in beside}
    assert len({each.change.id for each in beside}) == 2
    assert planned(with_policies(ttl_seconds=7201)).changes[0].change.id != alone.change.id


def test_an_id_does_not_change_with_the_layout_of_sql() -> None:
    other = SQL.replace("sum(payments.amount)", "max(payments.amount)")
    ids = {
        planned(with_sql(sql)).changes[0].change.id
        for sql in (other, other.replace("\n", "\n\n").replace("select", "SELECT"))
    }
    assert len(ids) == 1


def agreed(*entries: dict[str, str]) -> Declarations:
    new = with_policies(ttl_seconds=7200)
    return with_view(new, meta={"approvals": list(entries)})


def test_what_all_who_are_reached_approved_may_ship() -> None:
    """An owner counts by any of its names; an approval of no change is told, and no error."""
    change = planned(with_policies(ttl_seconds=7200)).changes[0].change.id
    risk = {"change": change, "by": "risk", "reason": "known"}
    growth = {"change": change, "by": "growth@shop.example", "reason": "known"}
    old_one = {"change": "0123456789ab", "by": "risk", "reason": "known"}
    groups = {"growth_team": ("Growth", "growth@shop.example")}

    assert planned(agreed(risk)).changes[0].missing == ("Growth",)
    assert planned(agreed(risk)).is_refused
    assert planned(agreed(risk, growth)).is_refused  # nobody says whose address that is
    plan = planned(replace(agreed(risk, growth, old_one), groups=groups))
    assert (plan.changes[0].missing, plan.is_refused) == ((), False)
    assert plan.changes[0].blast.owners == ("risk", "growth_team"), "the group, as in the YAML"
    assert [each.change for each in plan.stale] == ["0123456789ab"]
    assert "0123456789ab" in "\n".join(lines(plan))


def test_tests_that_went_came_or_only_warn_are_told() -> None:
    old = with_view(tests={"not_null_spend": "error", "spend_is_small": "error", "late": "warn"})
    new = with_view(tests={"spend_is_small": "warn", "late": "warn", "unit_edges": "error"})
    plan = planned(new, old)
    assert told(plan) == [
        ("activity@1", "tests added", FITS),
        ("activity@1", "tests dropped", FITS),
        ("activity@1", "tests eased", FITS),
    ]
    said = "\n".join(lines(plan))
    for sentence in (
        "The build checks unit_edges.",
        "Nothing checks not_null_spend any more.",
        "Where spend_is_small fails, the build warns, and what it found is pushed.",
    ):
        assert sentence in said


def test_what_breaks_and_nobody_owns_is_refused() -> None:
    old = replace(with_view(owner=""), services={})
    new = replace(with_view(with_policies(ttl_seconds=7200), owner=""), services={})
    plan = planned(new, old)
    assert (plan.changes[0].blast.owners, plan.is_refused) == ((), True)
    assert "name an owner" in "\n".join(lines(plan))


def test_a_violated_contract_is_refused_whatever_changed() -> None:
    plan = planned(replace(SHOP, violations=("activity@1: `ttl` is missing, got nothing.",)))
    assert plan.is_refused
    assert "`ttl` is missing" in "\n".join(lines(plan))
    assert "`ttl` is missing" in markdown(plan).replace("\\", "")


def test_text_json_and_markdown_tell_the_same() -> None:
    new = replace(with_policies(ttl_seconds=7200, otherwise="fail"), sources=SHOP.sources)
    plan = planned(
        new, online={"activity@1": 1234}, behind=(Behind("activity@1", "online by another"),)
    )
    ids = [each.change.id for each in plan.breaking]
    said = "\n".join(lines(plan))
    page = markdown(plan)
    data = as_json(plan)

    for change in ids:
        assert change in said
        assert f"`{change}`" in page
    assert [each["id"] for each in data["changes"] if each["blocks"]] == ids
    assert data["changes"][0]["online_keys"] == 1234
    assert data["changes"][0]["must_approve"] == ["risk", "Growth"]
    assert (data["refused"], data["breaking"]) == (True, 2)
    assert data["behind"] == [{"view": "activity@1", "how": "online by another"}]
    for part in ("1h → 2h", "1,234 keys online", "service credit", "online by another"):
        assert part in said
        assert part in page
    assert page.count("\n| **") == 2
    assert "unknown" in "\n".join(lines(planned(new)))


def test_a_table_of_markdown_survives_any_name() -> None:
    new = with_view(
        description="*", features=(*ACTIVITY.features, Feature("a|b<c>", "integer", "|"))
    )
    rows = [line for line in markdown(planned(new)).splitlines() if line.startswith("| ")]
    assert all(row.replace("\\|", "").count("|") == rows[0].count("|") for row in rows)
