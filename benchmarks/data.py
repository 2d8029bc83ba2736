"""What is measured: drawn from hashes, so that each run of the benchmark has the same."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

BEGIN = datetime(2026, 1, 1)  # of history and events
SPINE_FROM = datetime(2026, 2, 1)  # when a window of thirty days is full
SPINE_DAYS = 90
HISTORY_DAYS = 121
END = datetime(2026, 5, 2)  # of everything

KEY = "customer_id"
ROWS_PER_KEY = 100

# a feature: its value as SQL over a seed
SCORES = {
    "credit_score": "cast(300 + hash({0}, 1) % 600 as integer)",
    "open_loans": "cast(hash({0}, 2) % 5 as integer)",
    "late_payments": "cast(hash({0}, 3) % 40 as bigint)",
    "balance": "cast(hash({0}, 4) % 2000000 / 100 as decimal(18, 2))",
    "credit_limit": "cast(hash({0}, 5) % 50 * 500 as decimal(18, 2))",
    "utilisation": "case when hash({0}, 6) % 100 > 0 then hash({0}, 6) / 1.8e19 end",
    "mean_payment": "hash({0}, 7) % 1000000 / 700.0",
    "segment": "'segment ' || hash({0}, 8) % 50",
    "is_salaried": "hash({0}, 9) % 2 = 0",
    "last_login_at": "timestamp '2026-01-01' + to_seconds(cast(hash({0}, 10) % 2592000 as bigint))",
}
ASKED = ["credit_score", "late_payments", "balance", "utilisation", "segment"]


@dataclass(frozen=True)
class Size:
    """How much: rows of the spine, and keys, with a hundred rows of history (or events) each."""

    spine: int
    keys: int

    @property
    def history(self) -> int:
        """Rows of history, and as many events."""
        return self.keys * ROWS_PER_KEY


def values(names: Sequence[str], seed: str) -> str:
    """Return a select list of scores, drawn from a seed."""
    return ", ".join(f"{SCORES[name].format(seed)} as {name}" for name in names)


def write_join_files(folder: Path, size: Size) -> Mapping[str, Path]:
    """Write spine, history and the logs of its runs as Parquet; return the path of each."""
    files = {"spine": _spine(size), "history": _history(size), "run_log": _runs()}
    return _write(folder, {**files, "push_log": _pushes(), "landed": _landed()})


def write_event_files(folder: Path, size: Size) -> Mapping[str, Path]:
    """Write spine, payments and the lives of customers as Parquet; return the path of each."""
    files = {"spine": _spine(size), "payments": _payments(size), "customers": _lives(size)}
    return _write(folder, {**files, "landed": _landed()})


def _write(folder: Path, files: Mapping[str, str]) -> Mapping[str, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / f"{name}.parquet" for name in files}
    with duckdb.connect() as connection:
        for name, sql in files.items():
            connection.execute(f"copy ({sql}) to '{paths[name]}' (format parquet)")
    return paths


def _spine(size: Size) -> str:
    """One row in a hundred asks for a key that nobody has."""
    return f"""
        select
            n,
            case
                when hash(n, 'stranger') % 100 = 0 then -n
                else cast(hash(n, 'key') % {size.keys} as bigint)
            end as {KEY},
            {_some_moment(SPINE_FROM, SPINE_DAYS)} as as_of
        from range({size.spine}) as spine(n)
    """


def _history(size: Size) -> str:
    """A hundred versions a key, in the order in which hourly runs wrote them. One key in ten is
    gone for some hours ten times.
    """
    return f"""
        with versions as (
            select
                {KEY},
                version,
                {_opened("version")} as valid_from,
                {_opened("version + 1")} as next_from
            from range({size.keys}) as keys({KEY}), range({ROWS_PER_KEY}) as versions(version)
        )

        select
            {KEY},
            valid_from as as_of,
            {values(ASKED, f"{KEY}, version")},
            valid_from,
            case
                when {KEY} % 10 = 7 and version % 10 = 5 then valid_from + interval 1 hour
                when version < {ROWS_PER_KEY - 1} then next_from
            end as valid_to
        from versions
        order by valid_from, {KEY}
    """


def _opened(version: str) -> str:
    """Some hour within the version's own share of the days, the last two hours apart."""
    hours = HISTORY_DAYS * 24 // ROWS_PER_KEY
    within = f"hash({KEY}, {version}) % {hours - 1}"
    return f"timestamp '{BEGIN}' + to_hours(cast(({version}) * {hours} + {within} as integer))"


def _some_moment(begin: datetime, days: int) -> str:
    microseconds = f"cast(hash(n, 'time') % {days * 86_400_000_000} as bigint)"
    return f"timestamp '{begin}' + to_microseconds({microseconds})"


def _runs() -> str:
    """A run at each hour."""
    return f"""
        select
            'scores' as view,
            1 as version,
            'scores_history' as history,
            'fingerprint' as fingerprint,
            as_of,
            as_of + interval 1 minute as ended_at,
            cast(1 as bigint) as row_count,
            '{json.dumps(list(SCORES))}' as columns,
            'invocation' as invocation_id,
            'unknown' as git_commit
        from range(timestamp '{BEGIN}', timestamp '{END}', interval 1 hour) as hours(as_of)
    """


def _pushes() -> str:
    """Each run, readable two minutes after its as_of."""
    return f"""
        select
            epoch_ms(as_of + interval 2 minutes) || '-0' as stream_id,
            'provender.dev' as namespace,
            'provender' as project,
            'dev' as target,
            view,
            version,
            fingerprint,
            as_of as run_as_of,
            cast(1 as bigint) as generation,
            as_of + interval 2 minutes as readable_at,
            'incremental' as mode,
            cast(1 as bigint) as rows,
            cast(0 as bigint) as tombstones
        from ({_runs()})
    """


def _landed() -> str:
    return f"""
        select
            'push_log' as log,
            'provender.dev' as namespace,
            timestamp '{END}' as landed_until
    """


def _payments(size: Size) -> str:
    """Events in the order of their arrival; one in a hundred was taken back after an hour."""
    return f"""
        with events as (
            select
                n as payment_id,
                cast(hash(n, 'key') % {size.keys} as bigint) as {KEY},
                cast(hash(n, 'amount') % 50000 / 100 as decimal(18, 2)) as amount,
                {_some_moment(BEGIN, HISTORY_DAYS)} as occurred_at
            from range({size.history}) as events(n)
        )

        select
            *,
            occurred_at + interval 1 minute as known_from,
            case when payment_id % 100 = 0 then occurred_at + interval 1 hour end as known_until
        from events
        order by known_from
    """


def _lives(size: Size) -> str:
    return f"""
        select
            {KEY},
            timestamp '{BEGIN}' as live_from,
            cast(null as timestamp) as live_until
        from range({size.keys}) as keys({KEY})
    """
