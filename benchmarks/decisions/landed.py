"""Decisions as they land: what the store's history has of each key, made by SQL."""

from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from benchmarks.data import KEY, SCORES

TEXTS = {
    **{"balance": "'\"' || balance || '\"'", "credit_limit": "'\"' || credit_limit || '\"'"},
    "segment": "cast(to_json(segment) as varchar)",
    "last_login_at": "strftime(last_login_at, '\"%Y-%m-%dT%H:%M:%S.%f\"')",
}
TYPES = {
    **{"credit_score": "integer", "open_loans": "integer", "late_payments": "bigint"},
    **{"balance": "decimal(18,2)", "credit_limit": "decimal(18,2)", "utilisation": "double"},
    **{"mean_payment": "double", "segment": "varchar", "is_salaried": "boolean"},
    "last_login_at": "timestamp",
}


def land_decisions(database: Path, folder: Path, run: datetime, decisions: int, days: int) -> None:
    """Write decisions on the state of a run, as many each day, from the run's day on."""
    each_day = decisions // days
    with duckdb.connect() as connection:
        connection.execute(f"attach '{database}' as store (read_only); set threads = 2")
        for day in range(days):
            first = day * each_day
            path = folder / f"day={run + timedelta(days=day):%Y-%m-%d}/bench.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            connection.execute(
                f"copy ({_decisions(run, first, each_day, run + timedelta(days=day))})"
                f" to '{path}' (format parquet, compression zstd, row_group_size 10240)"
            )


def _decisions(run: datetime, first: int, count: int, begin: datetime) -> str:
    names = ", ".join(f"'{name}'" for name in SCORES)
    texts = ", ".join(TEXTS.get(name, f"cast({name} as varchar)") for name in SCORES)
    types = ", ".join(f"'{TYPES[name]}'" for name in SCORES)
    each = f"list_transform([{names}], lambda name: {{0}})"
    return f"""
        with made as (
            select
                md5('decision ' || n) as decision_id,
                timestamp '{begin}' + to_microseconds(n % {count} * {43_200_000_000 // count})
                    as decided_at,
                hash(n, 'key') % (select count(*) from store.main.customer) as {KEY},
                n
            from range({first}, {first + count}) as numbers(n)
        )

        select
            (1767225600000 + n) || '-0' as stream_id,
            decision_id,
            'provender.dev' as namespace,
            'bench' as writer,
            n + 1 as number,
            0::bigint as refused,
            'credit_risk' as service,
            'v1' as model_version,
            decided_at,
            decided_at as read_at,
            150::bigint as read_us,
            null::varchar as waited_for,
            '{{"{KEY}": ' || made.{KEY} || '}}' as keys,
            null::varchar as request,
            '{{"outcome": "accepted"}}' as decision,
            null::varchar as outside,
            [{{
                'view': 'scores', 'version': 1::integer, 'fingerprint': 'bench',
                'generation': 1::bigint, 'as_of': timestamp '{run}',
                'age_us': epoch_us(decided_at) - epoch_us(timestamp '{run}'),
                'status': 'ok', 'cached': false, 'role': 'decides',
                'names': [{names}], 'features': [{names}], 'types': [{types}],
                'values': [{texts}],
                'statuses': {each.format("'ok'")}, 'is_default': {each.format("false")},
                'hashed': false
            }}] as views,
            decided_at + interval 1 minute as landed_at,
            md5('mac ' || n) as mac
        from made
        inner join store.main.scores_history as history
            on made.{KEY} = history.{KEY} and history.valid_from <= timestamp '{run}'
                and (history.valid_to is null or history.valid_to > timestamp '{run}')
        order by decision_id
    """
