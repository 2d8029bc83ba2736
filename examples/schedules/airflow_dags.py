"""Feature views on schedule, with Airflow 3: a DAG for each cadence, of one task.

Airflow decides how often `provender run` is called; what is due, dbt_project.yml says, with its
zone. So runs that Airflow missed are not caught up on, and a call that comes twice does nothing.
"""

from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

# DAG -> how often it is called, and what it runs
CALLS = {
    "features_minutes": (
        "*/5 * * * *",
        "cd /srv/features && .venv/bin/provender run --cadence minutes --wait 120",
    ),
    "features_nightly": (
        "*/15 * * * *",
        "cd /srv/features && .venv/bin/provender run --cadence nightly --wait 600",
    ),
}

for name, (schedule, command) in CALLS.items():
    with DAG(
        dag_id=name,
        schedule=schedule,
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
    ):
        BashOperator(
            task_id="run",
            bash_command=command,
            append_env=True,  # PROVENDER_REDIS_URL, PROVENDER_LOG_KEY
            retries=2,  # goes on with what failed
            retry_delay=timedelta(minutes=1),
            skip_on_exit_code=75,  # another run is under way: the next call does what is due
            pool="features",  # `airflow pools set features 1 "one dbt at a time"`
        )
