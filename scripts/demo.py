"""The whole job on the demo lender, told as it goes: `make demo`.

One simulated morning, 2026-03-02: a nightly build, then a build every half hour, each pushed online;
between them a model service reads features and decides loan applications; in the end the decisions
land, a training set is built, and one decision is audited. Nothing here is special: `dbt build`,
`push-online` and SQL. It works in the dbt target `demo`, and starts anew each time.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from provender_ops.console import print_table, reported, tell
from provender_ops.demo_service import Service
from provender_ops.demo_store import Store

NIGHT = datetime(2026, 3, 2, 2, tzinfo=UTC)
FIRST, LAST, STEP = NIGHT.replace(hour=7), NIGHT.replace(hour=12), timedelta(minutes=30)
PUSHED_AFTER = timedelta(minutes=2)
OUTCOMES_KNOWN = datetime(2026, 3, 8, tzinfo=UTC)

HONESTY = """
    select
        count(*) as training_rows,
        round(100.0 * count(*) filter (where customer_activity__status in ('ok', 'stale')
            and device_activity__status in ('ok', 'stale', 'missing')
            and ip_activity__status in ('ok', 'stale', 'missing')) / count(*), 1) as percent_within_ttl,
        round(100.0 * count(*) filter (where
            (training.payments_7d, training.spend_30d, training.days_since_last_purchase)
            is distinct from (activity.payments_7d, spend.spend_30d,
                coalesce(activity.days_since_last_purchase, 30))
        ) / count(*), 1) as percent_unlike_today
    from credit_risk_training as training
    left join customer_activity_history as activity
        on training.customer_id = activity.customer_id and activity.valid_to is null
    left join customer_spend_v2_history as spend
        on training.customer_id = spend.customer_id and spend.valid_to is null
"""

AUDIT = """
    select served.name, served.value as served, history.payments_7d as in_history
    from decision_features as served
    join decisions on decisions.decision_id = served.decision_id
    join customer_activity_history as history
        on history.customer_id = cast(decisions.keys ->> 'customer_id' as integer)
        and history.valid_from <= served.as_of
        and (history.valid_to is null or history.valid_to > served.as_of)
    where served.decision_id = $decision and served.name = 'payments_7d'
"""


@reported
def main() -> None:
    """Run the demo in the current folder, which must be the project's."""
    store = Store(Path.cwd())
    store.start_anew()
    morning(store)
    training(store)
    audit(store)
    tell(NEXT)


def morning(store: Store) -> None:
    """Build, push and serve through the simulated morning."""
    tell("\n1. A nightly build of everything, then the views tagged `minutes` every half hour (hourly ones")
    tell("   on the hour). Each run is pushed online; a model service decides what applies in between.\n")
    store.build(NIGHT)
    store.push(NIGHT + PUSHED_AFTER)
    with Service(store) as service:
        rows = []
        at = FIRST
        while at <= LAST:
            tags = ["tag:minutes", "tag:hourly"] if at.minute == 0 else ["tag:minutes"]
            store.build(at, *tags)
            pushed = store.push(at + PUSHED_AFTER)
            decided = service.decide_until(at + PUSHED_AFTER, at + STEP + PUSHED_AFTER)
            rows.append({"run": f"{at:%H:%M}", **pushed, **decided})
            tell(f"   {at:%H:%M} {' '.join(tags)}: {pushed['rows']} rows online, {decided['decided']} decisions")
            at += STEP
        print_table(list(rows[0]), rows)
        tell("\n   What the service read for one of the last applications:\n")
        print_table(["feature", "value", "status", "age", "as_of", "view"], service.last_read())


def training(store: Store) -> None:
    """Build the training set once outcomes are known, and set it beside today's values."""
    tell("\n2. Days later the outcomes are known. The decisions land as a dbt source; the training set joins each")
    tell("   application to what was online at that moment.\n")
    store.land()
    store.build(OUTCOMES_KNOWN, "tag:training", "decisions", "decision_features", "run_availability")
    facts = store.query(HONESTY)
    print_table(list(facts[0]), facts)
    tell("\n   percent_unlike_today: rows that a join to today's values would have got wrong.")


def audit(store: Store) -> None:
    """Show what the model saw when it declined somebody, from the log and from history."""
    tell("\n3. Why was this application declined?\n")
    decision = store.query(
        "select decision_id, decided_at, request ->> 'application_id' as application, decision ->> 'outcome' as outcome"
        " from decisions where decision ->> 'outcome' = 'declined' order by decided_at, decision_id limit 1"
    )[0]
    print_table(list(decision), [decision])
    store.audit(str(decision["decision_id"]))
    tell("\n   The same is plain SQL over the published catalog:")
    tell(AUDIT.replace("$decision", f"'{decision['decision_id']}'"))
    print_table(["name", "served", "in_history"], store.query(AUDIT, decision=decision["decision_id"]))


NEXT = """
Try next:
  .venv/bin/provender read credit_risk customer_id=42 device_id=d42 ip=81.223.13.7 --target demo --now 2026-03-02T12:10:00Z
  .venv/bin/dbt build            # the same store by today's clock, target dev; then .venv/bin/push-online --target dev
  .venv/bin/python -c "import duckdb; duckdb.connect('published/demo/catalog.duckdb', read_only=True).sql('show tables').show()"
  .venv/bin/provender redis stop # the demo's Redis keeps running until then
"""

if __name__ == "__main__":
    main()
