"""Decisions as `land-decisions` writes them, for tests of what reads them."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

VIEW = (
    "struct(view varchar, version integer, fingerprint varchar, generation bigint, as_of timestamp,"
    " age_us bigint, status varchar, cached boolean, role varchar, names varchar[],"
    " features varchar[],"
    ' types varchar[], "values" varchar[], statuses varchar[], is_default boolean[],'
    " hashed boolean)"
)
COLUMNS = {
    **{"stream_id": "varchar", "decision_id": "varchar", "namespace": "varchar"},
    **{"writer": "varchar", "number": "bigint", "refused": "bigint"},
    **{"service": "varchar", "model_version": "varchar"},
    **{"decided_at": "timestamp", "read_at": "timestamp"},
    **{"read_us": "bigint", "waited_for": "varchar"},
    **{"keys": "varchar", "request": "varchar", "decision": "varchar", "outside": "varchar"},
    **{"views": f"{VIEW}[]", "landed_at": "timestamp", "mac": "varchar"},
}


@dataclass(frozen=True)
class ServedView:
    """What one view gave: feature -> (type, value), and how the row came about."""

    view: str
    as_of: datetime | None
    features: Mapping[str, tuple[str, Any]]
    version: int = 1
    generation: int = 1
    status: str = "ok"
    statuses: Mapping[str, str] = field(default_factory=dict)
    hashed: bool = False
    fingerprint: str = "f"
    role: str = "decides"
    defaults: Collection[str] = ()  # features for which the declared default stood in


@dataclass(frozen=True)
class LoggedDecision:
    """One decision; landed five minutes after it was made unless said otherwise."""

    decision_id: str
    decided_at: datetime
    keys: Mapping[str, Any]
    views: Iterable[ServedView]
    service: str = "offers"
    model_version: str = "m1"
    landed_at: datetime | None = None
    read_us: int = 150
    waited_for: str | None = None
    outside: Mapping[str, Any] | None = None
    writer: str = "w"
    number: int = 1


def land(folder: Path, name: str, decisions: Iterable[LoggedDecision]) -> None:
    """Write one landed file; `folder` is the project's."""
    day = folder / "landing/dev/decision_log/day=2026-03-02"
    day.mkdir(parents=True, exist_ok=True)
    rows = [_row(number, decision) for number, decision in enumerate(decisions, 1)]
    with duckdb.connect() as connection:
        types = ", ".join(f"{column}: '{kind}'" for column, kind in COLUMNS.items())
        text = folder / f".{name}.json"
        text.write_text("\n".join(json.dumps(row, default=str) for row in rows))
        connection.execute(
            f"copy (from read_json('{text}', format='newline_delimited', columns={{{types}}}))"
            f" to '{day / name}.parquet' (format parquet)"
        )
        text.unlink()


def land_push(folder: Path, view: str, run: datetime, generation: int) -> None:
    """Write the record of a push of version 1 that was readable two minutes after its run."""
    pushes = folder / "landing/dev/push_log"
    pushes.mkdir(parents=True, exist_ok=True)
    duckdb.sql(
        f"select '{run:%s}000-0' as stream_id, 'provender.dev' as namespace, 'f' as fingerprint,"
        f" 'provender' as project, 'dev' as target, '{view}' as view, 1 as version,"
        f" timestamp '{run}' as run_as_of, {generation} as generation,"
        f" timestamp '{run + timedelta(minutes=2)}' as readable_at,"
        " 'full' as mode, 1 as rows, 0 as tombstones"
    ).write_parquet(str(pushes / f"{view}-{run:%Y%m%dT%H%M}.parquet"))


def _row(number: int, one: LoggedDecision) -> dict[str, Any]:
    return {
        **{
            "stream_id": f"{number}-0",
            "decision_id": one.decision_id,
            "namespace": "provender.dev",
        },
        **{"writer": one.writer, "number": one.number, "refused": 0},
        **{"service": one.service, "model_version": one.model_version},
        **{"decided_at": one.decided_at, "read_at": one.decided_at},
        **{"read_us": one.read_us, "waited_for": one.waited_for},
        **{"keys": json.dumps(one.keys), "request": None, "decision": '{"outcome": "yes"}'},
        "outside": None if one.outside is None else json.dumps(one.outside),
        "views": [_view(one, view) for view in one.views],
        "landed_at": one.landed_at or one.decided_at + timedelta(minutes=5),
        "mac": None,
    }


def _view(one: LoggedDecision, served: ServedView) -> dict[str, Any]:
    names = list(served.features)
    age = None if served.as_of is None else one.decided_at - served.as_of
    return {
        **{"view": served.view, "version": served.version},
        **{"fingerprint": served.fingerprint, "generation": served.generation},
        "as_of": served.as_of,
        "age_us": None if age is None else age // timedelta(microseconds=1),
        **{"status": served.status, "cached": False, "role": served.role},
        **{"names": names, "features": names},
        "types": [kind for kind, _ in served.features.values()],
        "values": [json_of(value) for _, value in served.features.values()],
        "statuses": [served.statuses.get(name, served.status) for name in names],
        "is_default": [name in served.defaults for name in names],
        "hashed": served.hashed,
    }


def json_of(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return json.dumps(value.isoformat(timespec="microseconds"))
    return json.dumps(str(value) if isinstance(value, date | Decimal) else value)
