"""What today's values do to a model: the demo's data scientist, once honest and once not.

The lender gives the same applications and outcomes to two training sets: one of what was online at
each application, one of what the tables say today. After a default instalments come late and
purchases stop, and today's values know. The same model is trained on either, and judged on
customers it has not seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier  # type: ignore[import-untyped] # no stubs
from sklearn.metrics import accuracy_score, roc_auc_score  # type: ignore[import-untyped]
from sklearn.model_selection import StratifiedGroupKFold  # type: ignore[import-untyped]

SEED = 7
FOLDS = 5
TREES = 100
AT_A_LEAF = 3  # applications at least, as there are few

# What the model sees, and what stands where there is nothing: the declared defaults.
FEATURES = {
    "payments_7d": 0,
    "payments_30d": 0,
    "payments_90d": 0,
    "days_since_last_purchase": 30,
    "spend_30d": 0,
    "largest_payment_30d": 0,
    "late_loan_payments_90d": 0,
    "on_time_share_90d": 1,
    "has_savings_account": False,
    "device_payments_60m": 0,
    "device_amount_60m": 0,
    "ip_payments_10m": 0,
    "ip_customers_10m": 0,
}

HONEST = """
select * from credit_risk_training order by applied_at, application_id
"""

# The join that is written where nothing keeps history.
TODAY = """
select
    labels.application_id,
    labels.customer_id,
    labels.defaulted,
    activity.payments_7d,
    activity.payments_30d,
    activity.payments_90d,
    activity.days_since_last_purchase,
    spend.spend_30d,
    spend.largest_payment_30d,
    credit.late_loan_payments_90d,
    credit.on_time_share_90d,
    credit.has_savings_account,
    device.device_payments_60m,
    device.device_amount_60m,
    ip.ip_payments_10m,
    ip.ip_customers_10m
from credit_risk_training as labels
left join customer_activity_history as activity
    on labels.customer_id = activity.customer_id and activity.valid_to is null
left join customer_spend_v2_history as spend
    on labels.customer_id = spend.customer_id and spend.valid_to is null
left join customer_credit_history as credit
    on labels.customer_id = credit.customer_id and credit.valid_to is null
left join device_activity_history as device
    on labels.device_id = device.device_id and device.valid_to is null
left join ip_activity_history as ip
    on labels.ip = ip.ip and ip.valid_to is null
order by labels.applied_at, labels.application_id
"""

Rows = Sequence[Mapping[str, Any]]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Score:
    """How good a model looks: share of right answers, and area under the ROC curve."""

    trained_on: str
    tested_on: str
    accuracy: float
    auc: float


def scores(honest: Rows, today: Rows) -> tuple[Score, Score, Score]:
    """Return what honest training scores, what leaky training seems to, and what it then does.

    The two sets hold the same applications in the same order. Each is judged by a model that saw
    no application of the same customer; the third model is the second, served honest values.
    """
    assert [row["application_id"] for row in honest] == [row["application_id"] for row in today]
    then, now = _inputs(honest), _inputs(today)
    defaulted = np.array([row["defaulted"] for row in honest])
    customers = [row["customer_id"] for row in honest]
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
    splits = list(folds.split(then, defaulted, customers))

    def judged(name: str, learned: Numbers, asked_name: str, asked: Numbers) -> Score:
        risk = np.zeros(len(defaulted))
        for seen, unseen in splits:
            model = RandomForestClassifier(TREES, min_samples_leaf=AT_A_LEAF, random_state=SEED)
            model.fit(learned[seen], defaulted[seen])
            risk[unseen] = model.predict_proba(asked[unseen])[:, 1]
        accuracy = float(accuracy_score(defaulted, risk > 0.5))
        return Score(name, asked_name, accuracy, float(roc_auc_score(defaulted, risk)))

    return (
        judged("what was online then", then, "what was online then", then),
        judged("today's values", now, "today's values", now),
        judged("today's values", now, "what was online then", then),
    )


def _inputs(rows: Rows) -> Numbers:
    """Return a row per application and a column per feature."""
    return np.array(
        [
            [default if row[name] is None else row[name] for name, default in FEATURES.items()]
            for row in rows
        ],
        dtype=float,
    )
