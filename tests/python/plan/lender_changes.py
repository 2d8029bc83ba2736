"""Single changes to the demo lender, and what a plan has to say of each."""

from collections.abc import Collection
from dataclasses import dataclass

import lender_edits as do
from lender_edits import Apply, edit, edits

from provender_ops.plan.planned import Plan

BREAKS, FITS = "breaking", "compatible"
Told = tuple[str, str, str]  # subject, kind, verdict

RISK, GROWTH = {"risk"}, {"growth"}
BOTH = RISK | GROWTH
SETS = {"credit_risk_training"}
LOAN_PAYMENTS = "Loan instalments paid.\n        config: {meta: {source_contract: {settle: "
SESSIONS = "App sessions, on the device's own clock.\n        config: "
OF_PAYMENTS = (
    "customer_activity@1",
    "customer_category_affinity@1",
    "customer_engagement@1",
    "customer_spend@1",
    "customer_spend@2",
    "device_activity@1",
    "ip_activity@1",
    "merchant_activity@1",
)
BORN_OF_EVENTS = ("customer", "customer_category")
SEEN_IN_PAYMENTS = ("customer_category", "device", "ip", "merchant")


@dataclass(frozen=True)
class Case:
    """One change to the files, and all that the plan has to tell.

    `services`, `owners` and `training_sets` are those of what breaks, together; `says` are parts of
    its sentences, and with `violates` the contract check says that too.
    """

    name: str
    apply: Apply
    told: Collection[Told]
    services: Collection[str] = ()
    owners: Collection[str] = ()
    training_sets: Collection[str] = ()
    says: Collection[str] = ()
    violates: str = ""


def breaks(subject: str, kind: str) -> Told:
    return subject, kind, BREAKS


def fits(subject: str, kind: str) -> Told:
    return subject, kind, FITS


EVERYBODY = {
    "services": {"account_closure", "credit_risk", "product_recommendations"},
    "owners": BOTH,
    "training_sets": SETS,
}
ACTIVITY = {"services": {"credit_risk", "product_recommendations"}, "owners": BOTH}
TRAINED = {**ACTIVITY, "training_sets": SETS}
SPENT = {"services": {"credit_risk"}, "owners": RISK, "training_sets": SETS}
LENT = {"services": {"account_closure", "credit_risk"}, "owners": BOTH, "training_sets": SETS}
SHOPS = {"services": {"product_recommendations"}, "owners": GROWTH}

VIEWS = [
    Case("a view added", do.add_view, [fits("merchant_rush@1", "view added")]),
    Case(
        "a version added",
        do.add_version,
        [fits("customer_spend@3", "version added")],
    ),
    Case(
        "a view removed",
        do.remove_view,
        [
            breaks("ip_activity@1", "view removed"),
            breaks("service credit_risk", "features dropped"),
            breaks("service credit_risk", "keys changed"),
        ],
        **SPENT,
    ),
    Case(
        "a version removed",
        do.remove_version,
        [
            breaks("customer_spend@1", "view removed"),
            breaks("service account_closure", "served from another view"),
            fits("service account_closure", "features added"),
        ],
        services={"account_closure"},
        owners=BOTH,
        says=["shadow"],
    ),
    Case(
        "a view renamed",
        do.rename_view,
        [
            breaks("merchant_activity@1", "view renamed"),
            breaks("service product_recommendations", "served from another view"),
        ],
        **SHOPS,
        says=["shop_activity@1"],
    ),
    Case(
        "another owner",
        edit(f"{do.MERCHANT}.yml", "group: growth", "group: risk"),
        [fits("merchant_activity@1", "owner changed")],
    ),
    Case(
        "access narrowed",
        edit(f"{do.ACTIVITY}.yml", "access: public", "access: protected"),
        [breaks("customer_activity@1", "access narrowed")],
        **TRAINED,
    ),
    Case(
        "another cadence",
        edits(
            (f"{do.DEVICE}.yml", "tags: [minutes]", "tags: [hourly]"),
            ("snapshots/device_activity_history.yml", "tags: [minutes]", "tags: [hourly]"),
        ),
        [breaks("device_activity@1", "tags dropped")],
        **SPENT,
    ),
    Case(
        "deprecated",
        edit(
            f"{do.MERCHANT}.yml", "    config:\n", "    deprecation_date: 2026-12-31\n    config:\n"
        ),
        [fits("merchant_activity@1", "deprecated")],
    ),
    Case(
        "an announced end moved forward",
        edit(f"{do.SPEND}.yml", "2026-12-31", "2026-06-30"),
        [breaks("customer_spend@1", "deprecation moved forward")],
        services={"account_closure"},
        owners=BOTH,
    ),
    Case(
        "an announced end put off",
        edit(f"{do.SPEND}.yml", "2026-12-31", "2027-06-30"),
        [fits("customer_spend@1", "deprecation put off")],
    ),
    Case(
        "a test left out",
        edit(f"{do.CREDIT}.yml", "data_tests: [not_null, unique]", "data_tests: [not_null]"),
        [fits("customer_credit@1", "tests dropped")],
        says=["Nothing checks unique_customer_credit_customer_id any more."],
    ),
    Case(
        "documentation",
        edit(
            f"{do.DEVICE}.yml", "Every card payment counts.", "Every card payment counts, always."
        ),
        [fits("device_activity@1", "documented")],
    ),
]

POLICIES = [
    Case(
        "a ttl lost",
        edit(f"{do.ACTIVITY}.yml", "          ttl: 1h\n", ""),
        [breaks("customer_activity@1", "ttl dropped")],
        **TRAINED,
        violates="customer_activity@1: `ttl` is missing",
    ),
    Case(
        "a ttl loosened",
        edit(f"{do.ACTIVITY}.yml", "ttl: 1h", "ttl: 2h"),
        [breaks("customer_activity@1", "ttl loosened")],
        **TRAINED,
    ),
    Case(
        "a ttl lost to a folder default",
        edits(
            (f"{do.ACTIVITY}.yml", "          ttl: 1h\n", ""),
            ("dbt_project.yml", "lag: 2m}", "lag: 2m, ttl: 12h}"),
        ),
        [breaks("customer_activity@1", "ttl loosened")],
        **TRAINED,
        says=["It comes from vars: models/features."],
    ),
    Case(
        "a ttl in the folder default",
        edits(
            (f"{do.ACTIVITY}.yml", "          ttl: 1h\n", ""),
            ("dbt_project.yml", "lag: 2m}", "lag: 2m, ttl: 1h}"),
        ),
        [fits("customer_activity@1", "ttl declared elsewhere")],
    ),
    Case(
        "a stricter ttl",
        edit(f"{do.CREDIT}.yml", "ttl: 48h", "ttl: 30h"),
        [fits("customer_credit@1", "ttl tightened")],
    ),
    Case(
        "a looser SLA",
        edit(f"{do.DEVICE}.yml", "freshness_sla: 30m", "freshness_sla: 45m"),
        [breaks("device_activity@1", "freshness_sla loosened")],
        **SPENT,
    ),
    Case(
        "a stricter SLA",
        edit(f"{do.DEVICE}.yml", "freshness_sla: 30m", "freshness_sla: 10m"),
        [fits("device_activity@1", "freshness_sla tightened")],
    ),
    Case(
        "a lower classification",
        edit(f"{do.IP}.yml", "classification: pii", "classification: internal"),
        [
            breaks("ip_activity@1", "classification lowered"),
            breaks("ip_activity@1", "log_values switched on"),
        ],
        **SPENT,
    ),
    Case(
        "a higher classification",
        edit(f"{do.DEVICE}.yml", "ttl: 1h", "ttl: 1h\n          classification: pii"),
        [
            fits("device_activity@1", "classification raised"),
            breaks("device_activity@1", "log_values switched off"),
        ],
        **SPENT,
    ),
    Case(
        "an error instead of a default",
        edit(f"{do.DEVICE}.yml", "ttl: 1h", "ttl: 1h\n          otherwise: fail"),
        [breaks("device_activity@1", "otherwise changed")],
        **SPENT,
    ),
    Case(
        "a shorter lag",
        edit(f"{do.CREDIT}.yml", "lag: 30m", "lag: 5m"),
        [breaks("customer_credit@1", "lag loosened")],
        **LENT,
    ),
    Case(
        "a longer lag",
        edit(f"{do.CREDIT}.yml", "lag: 30m", "lag: 1h"),
        [fits("customer_credit@1", "lag tightened")],
    ),
    Case(
        "no backfill",
        edit(
            f"{do.MERCHANT}.yml",
            "ttl: 4h",
            "ttl: 4h\n          backfill: none\n          backfill_reason: the past is gone",
        ),
        [
            breaks("merchant_activity@1", "backfill dropped"),
            fits("merchant_activity@1", "backfill_reason documented"),
        ],
        **SHOPS,
    ),
    Case(
        "a retention",
        edit(f"{do.MERCHANT}.yml", "ttl: 4h", "ttl: 4h\n          retention: 90d"),
        [breaks("merchant_activity@1", "retention shortened")],
        **SHOPS,
    ),
    Case(
        "values not logged",
        edit(f"{do.MERCHANT}.yml", "ttl: 4h", "ttl: 4h\n          log_values: false"),
        [breaks("merchant_activity@1", "log_values switched off")],
        **SHOPS,
    ),
]

FEATURES = [
    Case(
        "a feature added",
        do.add_feature,
        [
            fits("customer_spend@2.settled_payments_30d", "feature added"),
            fits("service credit_risk", "features added"),
        ],
    ),
    Case(
        "a feature added by a join",
        do.add_joined_feature,
        [
            fits("customer_credit@1.open_accounts", "feature added"),
            fits("service account_closure", "features added"),
            fits("service credit_risk", "features added"),
        ],
    ),
    Case(
        "a feature removed",
        do.remove_feature,
        [
            breaks("merchant_activity@1.merchant_amount_24h", "feature removed"),
            breaks("service product_recommendations", "features dropped"),
        ],
        **SHOPS,
    ),
    Case(
        "a renamed column with the same values",
        do.rename_feature,
        [
            breaks("customer_activity@1.payments_7d", "feature renamed"),
            fits("customer_engagement@1", "computed the same"),
            breaks("service credit_risk", "features dropped"),
            fits("service credit_risk", "features added"),
            breaks("service product_recommendations", "features dropped"),
            fits("service product_recommendations", "features added"),
        ],
        **TRAINED,
        says=["card_payments_7d", "alias"],
    ),
    Case(
        "a feature retyped",
        do.retype_feature,
        [
            breaks("customer_activity@1.payments_7d", "feature retyped"),
            fits("customer_engagement@1", "computed the same"),
        ],
        **TRAINED,
    ),
    Case(
        "another default",
        edit(f"{do.ACTIVITY}.yml", "default: 30, null_is", "default: 31, null_is"),
        [breaks("customer_activity@1.days_since_last_purchase", "default changed")],
        **TRAINED,
    ),
    Case(
        "another null rule",
        edit(f"{do.ACTIVITY}.yml", "default: 30, null_is: default", "default: 30, null_is: 'null'"),
        [breaks("customer_activity@1.days_since_last_purchase", "null rule changed")],
        **TRAINED,
    ),
    Case(
        "more nulls allowed",
        edit(f"{do.ACTIVITY}.yml", "max_null_ratio: 0.3", "max_null_ratio: 0.6"),
        [breaks("customer_activity@1.days_since_last_purchase", "max_null_ratio loosened")],
        **TRAINED,
    ),
    Case(
        "fewer nulls allowed",
        edit(f"{do.ACTIVITY}.yml", "max_null_ratio: 0.3", "max_null_ratio: 0.1"),
        [fits("customer_activity@1.days_since_last_purchase", "max_null_ratio tightened")],
    ),
    Case(
        "a tolerance",
        edit(f"{do.CREDIT}.yml", "default: 1.0,", "default: 1.0, tolerance: 0.1,"),
        [breaks("customer_credit@1.on_time_share_90d", "tolerance loosened")],
        **LENT,
    ),
    Case(
        "another order of columns",
        do.reorder_columns,
        [
            fits("device_activity@1", "features reordered"),
            breaks("service credit_risk", "features reordered"),
        ],
        services={"credit_risk"},
        owners=RISK,
    ),
]

COMPUTED = [
    Case(
        "one feature computed differently",
        edit(f"{do.ACTIVITY}.sql", "'7d', 'as_of'", "'8d', 'as_of'"),
        [
            breaks("customer_activity@1", "computed differently"),
            fits("customer_engagement@1", "computed the same"),
        ],
        **TRAINED,
        says=["customer_activity@1 was edited.", "other values as payments_7d than"],
    ),
    Case(
        "a feature that another view reads computed differently",
        edit(
            f"{do.ACTIVITY}.sql",
            "count(payment_id) as payments_90d",
            "count(distinct payment_id) as payments_90d",
        ),
        [
            breaks("customer_activity@1", "computed differently"),
            breaks("customer_engagement@1", "computed differently"),
        ],
        **EVERYBODY,
        says=["other values as payments_90d than", "other values as monthly_trend than"],
    ),
    Case(
        "a staging model changed",
        edit(do.PAYMENTS, "quarantine_reason is null", "quarantine_reason is null and amount > 1"),
        [breaks(view, "computed differently") for view in OF_PAYMENTS]
        + [breaks(f"entity {name}", "computed differently") for name in SEEN_IN_PAYMENTS],
        **EVERYBODY,
        says=["stg_lender__card_payments was edited."],
    ),
    Case(
        "a step before staging carries a column more",
        do.keep_zone,
        [fits(view, "computed the same") for view in OF_PAYMENTS]
        + [fits(f"entity {name}", "computed the same") for name in SEEN_IN_PAYMENTS],
        says=["base_lender__card_payments was edited."],
    ),
    Case(
        "a macro changed",
        edit("macros/time/known_at.sql", "known_from <= {{ at }}", "known_from < {{ at }}"),
        [breaks(view, "computed differently") for view in (*OF_PAYMENTS, "customer_credit@1")]
        + [breaks(f"entity {name}", "computed differently") for name in BORN_OF_EVENTS],
        **EVERYBODY,
        says=["through macro provender.default__known_at"],
    ),
    Case(
        "a var changed",
        do.variable("credit_window", "60d"),
        [breaks("customer_credit@1", "computed differently")],
        **LENT,
        says=["through var credit_window, 60d instead of nothing"],
    ),
    Case(
        "an entity changed",
        edit("models/entities/merchant.sql", "merchant_id is not null", "merchant_id <> 'm1'"),
        [breaks("entity merchant", "computed differently")],
        **SHOPS,
        says=["merchant was edited.", "other rows"],
    ),
    Case(
        "a view of another entity",
        do.change_entity,
        [breaks("merchant_activity@1", "entity changed"), fits("entity shop", "entity added")],
        **SHOPS,
    ),
    Case(
        "other keys of an entity",
        do.change_entity_keys,
        [breaks("entity customer_category", "keys changed")],
        **SHOPS,
    ),
    Case(
        "a reformat",
        do.reformat,
        [fits("customer_spend@2", "reformatted")],
        says=["The fingerprint changes and the parsed SQL does not"],
    ),
    Case(
        "a reordered CTE",
        do.reorder_ctes,
        [fits("customer_activity@1", "reformatted"), fits("customer_engagement@1", "reformatted")],
    ),
    Case(
        "a reformatted staging model",
        do.reformat_staging,
        [fits(view, "reformatted") for view in OF_PAYMENTS]
        + [fits(f"entity {name}", "reformatted") for name in SEEN_IN_PAYMENTS],
    ),
    Case(
        "a column of staging renamed, and read by its new name",
        do.rename_staged_column,
        [breaks("customer_credit@1", "computed differently")],
        **LENT,
    ),
]

SERVICES = [
    Case("a service added", do.add_service, [fits("service fraud", "service added")]),
    Case(
        "a service removed",
        do.remove_service,
        [breaks("service account_closure", "service removed")],
        services={"account_closure"},
        owners=GROWTH,
    ),
    Case(
        "a service reads fewer features",
        do.choose_features,
        [
            breaks("service account_closure", "features dropped"),
            breaks("service account_closure", "features reordered"),
        ],
        services={"account_closure"},
        owners=GROWTH,
        says=["on_time_share_90d"],
    ),
    Case(
        "a service reads a view more",
        edit(
            do.EXPOSURES,
            "      - ref('customer_engagement')\n",
            "      - ref('customer_engagement')\n      - ref('customer_category_affinity')\n",
        ),
        [
            fits("service account_closure", "features added"),
            breaks("service account_closure", "keys changed"),
        ],
        services={"account_closure"},
        owners=GROWTH,
    ),
    Case(
        "a rollout begun",
        do.roll_out("shadow"),
        [fits("service account_closure", "rollout begun")],
    ),
    Case(
        "a rollout that decides",
        do.roll_out("canary, share: 0.1"),
        [breaks("service account_closure", "rollout goes up")],
        services={"account_closure"},
        owners=GROWTH,
        says=["customer_spend@2 decides for 10 % of the entities instead of 0 %"],
    ),
    Case(
        "a larger latency budget",
        edit(do.EXPOSURES, "latency_budget: 20ms", "latency_budget: 80ms"),
        [breaks("service credit_risk", "latency_budget loosened")],
        services={"credit_risk"},
        owners=RISK,
    ),
    Case(
        "a smaller latency budget",
        edit(do.EXPOSURES, "latency_budget: 20ms", "latency_budget: 10ms"),
        [fits("service credit_risk", "latency_budget tightened")],
    ),
    Case(
        "a training set forgotten",
        edit(
            do.EXPOSURES,
            "          training_sets:\n            rules-1: credit_risk_training\n",
            "",
        ),
        [breaks("service credit_risk", "training set dropped")],
        services={"credit_risk"},
        owners=RISK,
    ),
]

SOURCES = [
    Case(
        "a source column dropped",
        do.lose_column,
        [breaks("source lender.card_payments", "source column dropped")],
        **EVERYBODY,
    ),
    Case(
        "a source column retyped",
        edit(do.SOURCES, "{name: amount, data_type: varchar}", "{name: amount, data_type: double}"),
        [breaks("source lender.card_payments", "source column retyped")],
        **EVERYBODY,
    ),
    Case(
        "a source that reads another table",
        edit(
            do.SOURCES,
            "- name: loan_payments\n",
            "- name: loan_payments\n        identifier: old_loans\n",
        ),
        [
            breaks("source lender.loan_payments", "source table changed"),
            fits("customer_credit@1", "reformatted"),  # a comment names the seed's table
        ],
        **LENT,
        says=["base_lender__loan_payments is compiled to other text."],
    ),
    Case(
        "a shorter settle",
        edit(do.SOURCES, f"{LOAN_PAYMENTS}2m", f"{LOAN_PAYMENTS}1m"),
        [
            breaks("source lender.loan_payments", "settle shortened"),
            breaks("customer_credit@1", "computed differently"),
        ],
        **LENT,
        says=["through the settle of source lender.loan_payments, 1m instead of 2m"],
    ),
    Case(
        "a longer settle",
        edit(do.SOURCES, f"{LOAN_PAYMENTS}2m", f"{LOAN_PAYMENTS}5m"),
        [
            fits("source lender.loan_payments", "settle lengthened"),
            breaks("customer_credit@1", "computed differently"),
        ],
        **LENT,
    ),
    Case(
        "a later freshness",
        edit(
            do.SOURCES,
            f"{SESSIONS}{{",
            f"{SESSIONS}{{freshness: {{warn_after: {{count: 2, period: day}}}}, ",
        ),
        [breaks("source lender.sessions", "freshness warn_after loosened")],
        services={"credit_risk"},
        owners=RISK,
        training_sets=SETS,
    ),
    Case(
        "another owner of a source",
        edit(do.SOURCES, "owner: app@lender.example", "owner: web@lender.example"),
        [fits("source lender.sessions", "owner changed")],
    ),
]

# Those that are always tried; the others with PROVENDER_PLAN.
QUICK = {
    "a version added",
    "a ttl lost",
    "a feature added",
    "a renamed column with the same values",
    "a staging model changed",
    "a macro changed",
    "a reformat",
    "a reordered CTE",
    "a source column dropped",
}
CASES = [*VIEWS, *POLICIES, *FEATURES, *COMPUTED, *SERVICES, *SOURCES]


def check(case: Case, plan: Plan) -> None:
    """The plan tells what the case expects, of whom, and refuses what breaks somebody."""
    found = [(p.change.subject, p.change.kind, p.change.verdict) for p in plan.changes]
    assert sorted(found) == sorted(case.told)
    breaking = plan.breaking
    assert {name for p in breaking for name in p.blast.services} == set(case.services)
    assert {name.casefold() for p in breaking for name in p.blast.owners} == set(case.owners)
    sets = {name.rsplit(".", 1)[-1] for p in breaking for name in p.blast.training_sets}
    assert sets == set(case.training_sets)
    sentences = "\n".join(f"{p.change.why} {p.change.hint}" for p in plan.changes)
    for part in case.says:
        assert part in sentences
    assert plan.is_refused == bool(breaking or case.violates)
    assert any(case.violates in each for each in plan.violations) or not case.violates
    assert case.violates or not plan.violations
