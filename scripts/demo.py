"""The whole job on the demo lender, told as it goes: `make demo`.

One simulated morning, 2026-03-02: a nightly build, then builds through the morning, each pushed
online; between them a model service reads features and decides loan applications. Six days later
the logs land, everything is built once more with a training set, a model shows what a leak would
do to it, and one decision is audited. Nothing here is special: `dbt build`, `push-online` and SQL.
It works in the dbt target `demo`, and starts anew each time.
"""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from provender_ops import demo_leak
from provender_ops.console import print_table, reported, tell
from provender_ops.demo_service import Service
from provender_ops.demo_store import Store

NIGHT = datetime(2026, 3, 2, 2, tzinfo=UTC)
MORNING = [NIGHT.replace(hour=hour) for hour in (6, 7)] + [
    NIGHT.replace(hour=8) + half * timedelta(minutes=30) for half in range(9)
]
PUSHED_AFTER = timedelta(minutes=2)
OUTCOMES_KNOWN = datetime(2026, 3, 8, tzinfo=UTC)

HONESTY = """
with rows as (
    select
        columns('__status$') in ('ok', 'stale'),
        (training.payments_7d, training.spend_30d, training.days_since_last_purchase)
        is distinct from (
            activity.payments_7d,
            spend.spend_30d,
            coalesce(activity.days_since_last_purchase, 30)
        ) as is_unlike_today
    from credit_risk_training as training
    left join customer_activity_history as activity
        on training.customer_id = activity.customer_id and activity.valid_to is null
    left join customer_spend_v2_history as spend
        on training.customer_id = spend.customer_id and spend.valid_to is null
)

select
    count(*) as training_rows,
    round(100 * avg(cast(
        customer_activity__status and customer_spend_v2__status and customer_credit__status
        and device_activity__status and ip_activity__status as integer
    )), 1) as percent_within_ttl,
    round(100 * avg(cast(is_unlike_today as integer)), 1) as percent_unlike_today
from rows
"""

DECLINED = """
select decision_id, decided_at, request ->> 'application_id' as application
from decisions
where decision ->> 'outcome' = 'declined'
order by decided_at, decision_id
limit 1
"""

AUDIT = """
select name, served, in_history, recomputed
from decision_audit($decision)
where name = 'late_loan_payments_90d'
"""

VARS = "--vars '{as_of: 2026-03-08T00:30:00Z, rehearsal: true}'"
NEXT = """
Try next:
  {read}
  .venv/bin/dbt build --target demo --select tag:minutes {vars}
  .venv/bin/push-online --target demo --dry-run
  .venv/bin/provender --help
  .venv/bin/provender redis stop        # the demo's Redis runs until then
"""


@reported
def main() -> None:
    """Run the demo in the current folder, which must be the project's."""
    store = Store(Path.cwd())
    store.start_anew()
    with Service(store) as service:
        morning(store, service)
        training(store)
        leak(store)
        audit(store)
        tell(NEXT.format(read=service.last_command(), vars=VARS))


def morning(store: Store, service: Service) -> None:
    """Build, push and serve through the simulated morning."""
    tell("\n1. Builds, pushes, decisions\n")
    tell(
        "At 02:00 everything is built; then the views tagged `minutes`, from 08:00 every half hour,"
    )
    tell(
        "and on the hour the `hourly` ones. Each run is pushed online, and a model service decides"
    )
    tell("the loan applications that come in until the next.\n")
    store.build(NIGHT)
    store.push(NIGHT + PUSHED_AFTER)
    rows = []
    for at, following in pairwise([*MORNING, MORNING[-1] + timedelta(minutes=30)]):
        store.build(at, "tag:minutes", *(["tag:hourly"] if at.minute == 0 else []))
        pushed = store.push(at + PUSHED_AFTER)
        decided = service.decide(after=at + PUSHED_AFTER, until=following + PUSHED_AFTER)
        rows.append({"run": f"{at:%H:%M}", **pushed, **decided})
        tell(f"  {at:%H:%M}  built, pushed, {decided['decided']} decisions")
    tell("")
    print_table(list(rows[0]), rows)
    tell("\nWhat the service read for its last application; nightly features keep their own age:\n")
    print_table(["feature", "value", "status", "age", "as_of", "view"], service.last_read())


def training(store: Store) -> None:
    """Build the training set once outcomes are known, and set it beside today's values."""
    tell("\n2. A training set\n")
    tell(
        "Six days later the outcomes are known. The logs land, and the next nightly build makes the"
    )
    tell(
        "training set: each application joined to what was online at that moment. A join to today's"
    )
    tell("values would get `percent_unlike_today` of the rows wrong.\n")
    store.land(OUTCOMES_KNOWN)
    store.build(OUTCOMES_KNOWN)
    facts = store.query(HONESTY)
    print_table(list(facts[0]), facts)


def leak(store: Store) -> None:
    """Train one model on what was online, and on what the tables say today."""
    tell("\n3. What a leak looks like\n")
    tell(
        "Who defaulted has paid late since, and bought nothing: today's values know the answer. The"
    )
    tell("same model, learning from either set, judged on customers it has not seen:\n")
    honest, today = store.query(demo_leak.HONEST), store.query(demo_leak.TODAY)
    rows = [
        {
            "trained on": score.trained_on,
            "tested on": score.tested_on,
            "accuracy": f"{score.accuracy:.2f}",
            "AUC": f"{score.auc:.2f}",
        }
        for score in demo_leak.scores(honest, today)
    ]
    print_table(list(rows[0]), rows)
    repaid = sum(not row["defaulted"] for row in honest) / len(honest)
    tell("\nThe leak looks like skill until the model is served what is online: the last line is")
    tell(f"what production gets, where accepting everybody is right for {repaid:.2f} of them.")


def audit(store: Store) -> None:
    """Show what the model saw when it declined somebody, from the log and from history."""
    tell("\n4. Why was this application declined?\n")
    decision = store.query(DECLINED)[0]
    print_table(list(decision), [decision])
    tell(f"\n$ provender audit {decision['decision_id']} --target demo\n")
    store.audit(str(decision["decision_id"]))
    tell("One of them as plain SQL over the published catalog:")
    tell(AUDIT.replace("$decision", f"'{decision['decision_id']}'"))
    found = store.query(AUDIT.replace("$decision", f"'{decision['decision_id']}'"))
    print_table(list(found[0]), found)


if __name__ == "__main__":
    main()
