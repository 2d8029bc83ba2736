"""What is done to the files of the demo lender, change by change."""

from collections.abc import Callable
from pathlib import PurePosixPath

from planned_lender import PlannedLender

ACTIVITY = "models/features/customer/customer_activity"
CREDIT = "models/features/customer/customer_credit"
SPEND = "models/features/customer/customer_spend"
ENGAGEMENT = "models/features/customer/customer_engagement"
AFFINITY = "models/features/customer_category/customer_category_affinity"
DEVICE = "models/features/device/device_activity"
IP = "models/features/ip/ip_activity"
MERCHANT = "models/features/merchant/merchant_activity"
EXPOSURES = "models/services/_exposures.yml"
SOURCES = "models/staging/_sources.yml"
PAYMENTS = "models/staging/stg_lender__card_payments.sql"
BASE_PAYMENTS = "models/staging/base/base_lender__card_payments.sql"
TRAINING = "models/training/credit_risk_training"

Apply = Callable[[PlannedLender], None]

AMOUNT_24H = """      - name: merchant_amount_24h
        data_type: decimal(18,2)
        description: Sum of their amounts; 0 when there is none.
        config: {meta: {feature: {default: 0}}}
"""
COUNT = """      - name: settled_payments_30d
        data_type: integer
        description: Settled card payments in the 30 days up to `as_of`.
        config: {meta: {feature: {default: 0}}}
"""


def edit(path: str, old: str, new: str) -> Apply:
    """Replace what stands in one file once."""
    return lambda lender: lender.edit(path, old, new)


def edits(*changes: tuple[str, str, str]) -> Apply:
    """Replace in several files."""

    def apply(lender: PlannedLender) -> None:
        for path, old, new in changes:
            lender.edit(path, old, new)

    return apply


def roll_out(stage: str) -> Apply:
    """Lead a service that reads version 1 to version 2."""
    old = (
        "      - ref('customer_spend', v=1)\n    config:\n"
        "      enabled: \"{{ project_name == 'provender' }}\"\n"
        "      meta:\n        feature_service:\n"
    )
    both = old.replace("v=1)\n", "v=1)\n      - ref('customer_spend', v=2)\n")
    back = "roll_back_when: {differing: 0.05, decisions: 100}"
    rollout = f"{{customer_spend: {{from: 1, to: 2, stage: {stage}, {back}}}}}"
    return edit(EXPOSURES, old, f"{both}          rollouts: {rollout}\n")


def variable(name: str, value: str) -> Apply:
    """Give dbt a var."""
    return lambda lender: lender.variables.update({name: value})


def rename_model(lender: PlannedLender, path: str, new: str) -> None:
    """Give a view, its YAML and its history another name."""
    old = PurePosixPath(path).name
    other = path.removesuffix(old) + new
    lender.moved(f"{path}.sql", f"{other}.sql", {})
    lender.moved(f"{path}.yml", f"{other}.yml", {old: new})
    history = "snapshots/{}_history.yml"
    lender.moved(history.format(old), history.format(new), {old: new})


def without(text: str, start: str, end: str) -> str:
    """Return text without what stands from `start` up to `end`."""
    before, _, rest = text.partition(start)
    assert end in rest, start
    return before + rest[rest.index(end) :]


def add_view(lender: PlannedLender) -> None:
    other = "models/features/merchant/merchant_rush"
    lender.copied(f"{MERCHANT}.sql", f"{other}.sql", {"'24h'": "'1h'", "_24h": "_1h"})
    names = {"merchant_activity": "merchant_rush", "_24h": "_1h"}
    lender.copied(f"{MERCHANT}.yml", f"{other}.yml", names)
    history = "snapshots/{}_history.yml"
    lender.copied(
        history.format("merchant_activity"),
        history.format("merchant_rush"),
        {"merchant_activity": "merchant_rush"},
    )


def add_version(lender: PlannedLender) -> None:
    lender.copied(f"{SPEND}_v2.sql", f"{SPEND}_v3.sql", {"'30d'": "'31d'"})
    third = "      - v: 3\n        description: A day more.\n"
    lender.edit(f"{SPEND}.yml", "      - v: 2\n", f"{third}      - v: 2\n")
    lender.copied(
        "snapshots/customer_spend_v2_history.yml",
        "snapshots/customer_spend_v3_history.yml",
        {"customer_spend_v2": "customer_spend_v3", "v=2": "v=3"},
    )


def remove_view(lender: PlannedLender) -> None:
    for path in (f"{IP}.sql", f"{IP}.yml", "snapshots/ip_activity_history.yml"):
        lender.remove(path)
    lender.edit(EXPOSURES, "      - ref('ip_activity')\n", "")
    lender.edit(f"{TRAINING}.sql", ", 'ip_activity'", "")
    lender.edit(f"{TRAINING}.yml", ", ip_activity]", "]")


def remove_version(lender: PlannedLender) -> None:
    lender.remove(f"{SPEND}_v1.sql")
    lender.remove("snapshots/customer_spend_v1_history.yml")
    first, second = "      - v: 1\n", "      - v: 2\n"
    lender.rewrite(f"{SPEND}.yml", lambda text: without(text, first, second))
    lender.edit(EXPOSURES, "ref('customer_spend', v=1)", "ref('customer_spend', v=2)")


def rename_view(lender: PlannedLender) -> None:
    rename_model(lender, MERCHANT, "shop_activity")
    lender.edit(EXPOSURES, "ref('merchant_activity')", "ref('shop_activity')")


def add_feature(lender: PlannedLender) -> None:
    counted = "        cast(count(payments.payment_id) as integer) as settled_payments_30d\n"
    largest = "as largest_payment_30d\n"
    lender.edit(f"{SPEND}_v2.sql", largest, f"as largest_payment_30d,\n{counted}")
    lender.edit(f"{SPEND}.yml", "    versions:\n", f"{COUNT}    versions:\n")
    left_out = "[largest_payment_30d, settled_payments_30d]"
    lender.edit(f"{SPEND}.yml", "[largest_payment_30d]", left_out)


def add_joined_feature(lender: PlannedLender) -> None:
    """Add a feature of another CTE, joined to what was there."""
    sql = f"{CREDIT}.sql"
    savings = "final as (\n"
    accounts = """open_accounts as (

    select
        customer_id,
        as_of,
        count(*) as open_accounts
    from account_states
    where event = 'opened'
    group by customer_id, as_of

),

"""
    lender.edit(sql, savings, accounts + savings)
    has = "open_savings.customer_id is not null as has_savings_account\n"
    count = "        cast(coalesce(open_accounts.open_accounts, 0) as integer) as open_accounts\n"
    lender.edit(sql, has, has.replace("\n", ",\n") + count)
    lender.edit(
        sql,
        "            and paid.as_of = open_savings.as_of\n",
        "            and paid.as_of = open_savings.as_of\n    left join open_accounts\n        on\n"
        "            paid.customer_id = open_accounts.customer_id\n"
        "            and paid.as_of = open_accounts.as_of\n",
    )
    feature = COUNT.replace("settled_payments_30d", "open_accounts")
    lender.rewrite(f"{CREDIT}.yml", lambda text: text + feature)


def remove_feature(lender: PlannedLender) -> None:
    lender.edit(f"{MERCHANT}.sql", "as merchant_payments_24h,\n", "as merchant_payments_24h\n")
    amount = (
        "        cast(coalesce(sum(payments.amount), 0) as decimal(18, 2)) as merchant_amount_24h\n"
    )
    lender.edit(f"{MERCHANT}.sql", amount, "")
    lender.edit(f"{MERCHANT}.yml", AMOUNT_24H, "")


def rename_feature(lender: PlannedLender) -> None:
    cast = "cast(counts.payments_7d as integer) as "
    lender.edit(f"{ACTIVITY}.sql", f"{cast}payments_7d", f"{cast}card_payments_7d")
    lender.edit(f"{ACTIVITY}.yml", "- name: payments_7d", "- name: card_payments_7d")
    lender.rewrite(
        f"{ACTIVITY}.yml", lambda text: text.replace(" payments_7d:", " card_payments_7d:")
    )


def rename_staged_column(lender: PlannedLender) -> None:
    """Give a column of staging another name, and read it by that."""
    path = "models/staging/stg_lender__loan_payments.sql"
    lender.edit(path, "select * from final", "select * rename (due_on as due_date) from final")
    yml = path.replace(".sql", ".yml")
    lender.edit(yml, "- name: due_on", "- name: due_date")
    lender.edit(f"{CREDIT}.sql", "loan_payments.due_on", "loan_payments.due_date")


def retype_feature(lender: PlannedLender) -> None:
    lender.edit(
        f"{ACTIVITY}.sql",
        "cast(counts.payments_7d as integer)",
        "cast(counts.payments_7d as bigint)",
    )
    name = "- name: payments_7d\n        data_type: "
    lender.edit(f"{ACTIVITY}.yml", f"{name}integer", f"{name}bigint")


def change_entity(lender: PlannedLender) -> None:
    """Draw a view from another entity of the same key."""
    lender.copied("models/entities/merchant.sql", "models/entities/shop.sql", {})
    lender.copied(
        "models/entities/merchant.yml", "models/entities/shop.yml", {"merchant\n": "shop\n"}
    )
    lender.edit(f"{MERCHANT}.sql", "spine('merchant')", "spine('shop')")
    lender.edit(f"{MERCHANT}.yml", "entity: merchant", "entity: shop")


def change_entity_keys(lender: PlannedLender) -> None:
    """Name the keys of an entity in another order."""
    keys = "[customer_id, category]"
    other = "[category, customer_id]"
    lender.edit("models/entities/customer_category.yml", f"keys: {keys}", f"keys: {other}")
    customer = """      - name: customer_id
        data_type: integer
        description: The lender's number of the customer.
        data_tests: [not_null]
"""
    category = """      - name: category
        data_type: varchar
        description: Merchant category.
        data_tests: [not_null]
"""
    lender.edit(f"{AFFINITY}.yml", customer + category, category + customer)
    columns = "        spine.customer_id,\n        spine.category,\n"
    lender.edit(f"{AFFINITY}.sql", columns, "        spine.category,\n        spine.customer_id,\n")
    history = "snapshots/customer_category_affinity_history.yml"
    lender.edit(history, f"unique_key: {keys}", f"unique_key: {other}")


def reorder_columns(lender: PlannedLender) -> None:
    count = "        cast(count(payments.payment_id) as integer) as device_payments_60m,\n"
    lender.edit(f"{DEVICE}.sql", count, "")
    amount = "as decimal(18, 2)) as device_amount_60m\n"
    last = count.rstrip(",\n") + "\n"
    lender.edit(f"{DEVICE}.sql", amount, amount.replace("\n", ",\n") + last)

    def swapped(text: str) -> str:
        head, first, second = text.partition("      - name: device_payments_60m")
        first, mark, second = (first + second).partition("      - name: device_amount_60m")
        return head + mark + second + first

    lender.rewrite(f"{DEVICE}.yml", swapped)


def reformat(lender: PlannedLender) -> None:
    """Write a query otherwise: line breaks, case, a comment, brackets, the name of a CTE."""

    def other(text: str) -> str:
        text = text.replace("with payments as (", "with settled_payments as ( -- those that stand")
        text = text.replace("left join payments", "LEFT JOIN settled_payments AS payments")
        text = text.replace("max(payments.amount)", "MAX((payments.amount))")
        return text.replace("\n\n", "\n")

    lender.rewrite(f"{SPEND}_v2.sql", other)


def reorder_ctes(lender: PlannedLender) -> None:
    """Put the two CTEs that do not read each other the other way round."""

    def other(text: str) -> str:
        head, _, rest = text.partition("counts as (")
        counts, _, rest = rest.partition("top_categories as (")
        categories, _, rest = rest.partition("final as (")
        return f"{head}top_categories as ({categories}counts as ({counts}final as ({rest}"

    lender.rewrite(f"{ACTIVITY}.sql", other)


def reformat_staging(lender: PlannedLender) -> None:
    lender.edit(
        PAYMENTS, "    where quarantine_reason is null", "    WHERE (quarantine_reason IS NULL)"
    )


def keep_zone(lender: PlannedLender) -> None:
    """Carry a column through the step before staging that nobody reads."""
    columns = "            'device_id', 'ip', 'status',\n"
    lender.edit(BASE_PAYMENTS, columns, columns.replace("'status',", "'status', 'zone',"))


def add_service(lender: PlannedLender) -> None:
    service = """
  - name: fraud
    type: ml
    owner: {name: Risk, email: risk@lender.example}
    depends_on:
      - ref('device_activity')
    config:
      enabled: "{{ project_name == 'provender' }}"
      meta:
        feature_service: {latency_budget: 20ms}
"""
    lender.rewrite(EXPOSURES, lambda text: text + service)


def remove_service(lender: PlannedLender) -> None:
    lender.rewrite(EXPOSURES, lambda text: text[: text.index("\n  - name: account_closure")] + "\n")


def choose_features(lender: PlannedLender) -> None:
    """Let a service name its features, all but one."""
    chosen = ["monthly_trend", "is_dormant", "late_loan_payments_90d", "has_savings_account"]
    lender.rewrite(
        EXPOSURES,
        lambda text: (
            text.rstrip() + f"\n          features: [{', '.join([*chosen, 'spend_30d'])}]\n"
        ),
    )


def lose_column(lender: PlannedLender) -> None:
    lender.edit(SOURCES, "          - {name: status, data_type: varchar}\n", "")
