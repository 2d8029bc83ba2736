"""What a decision was made on: each value that was served, beside what history says was live.

The comparison is one SQL statement over the published catalog: what the command runs is what
`--sql` prints.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from provender.records import KeyColumn
from provender.type_names import normalise_type
from provender_ops.catalog import Catalog, Row, quoted, text_literal
from provender_ops.errors import UnknownSelection

COLUMNS = (
    "name",
    "served",
    "in_history",
    "agrees",
    "status",
    "is_default",
    "age_seconds",
    "as_of",
    "view",
    "owner",
    "fingerprint",
    "git_commit",
)
_NOT_SHOWN = ("features", "landed_at")
_LOGGED = ("request", "decision")


@dataclass(frozen=True, slots=True)
class Audit:
    """One decision, its features beside history, and the SQL that says so."""

    decision: Row
    features: list[Row]
    sql: str

    @property
    def disagreeing(self) -> list[str]:
        """The features whose served value is not what history says."""
        return [row["name"] for row in self.features if row["agrees"] is False]


def audit(catalog: Catalog, decision_id: str) -> Audit:
    """Return the audit; raise UnknownSelection for a decision that was not landed and built."""
    decision = _decision(catalog, decision_id)
    sql = audit_sql(catalog, decision_id)
    return Audit(decision, catalog.rows(sql), sql)


def audit_sql(catalog: Catalog, decision_id: str) -> str:
    """Return the statement that sets each served value beside history."""
    served = catalog.rows(
        "select distinct name, feature, view, version, fingerprint, data_type"
        " from decision_features where decision_id = ? order by view, name",
        [decision_id],
    )
    selects = [_feature_sql(catalog, decision_id, row) for row in served]
    return "\nunion all\n".join(selects) + "\norder by view, name"


def as_row(feature: Row) -> Row:
    """Return one line of the table."""
    agrees = {True: "yes", False: "NO", None: None}[feature["agrees"]]
    short = {name: (feature[name] or "")[:12] or None for name in ("fingerprint", "git_commit")}
    default = "default" if feature["is_default"] else ""
    return {**_plain(feature), **short, "agrees": agrees, "is_default": default}


def as_json(found: Audit) -> Row:
    """Return the whole audit; what is JSON in the catalog is JSON here."""
    return {
        "decision": {**_plain(found.decision), **_parsed(found.decision, "keys", *_LOGGED)},
        "features": [
            {**_plain(row), **_parsed(row, "served", "in_history")} for row in found.features
        ],
    }


def plain_decision(found: Audit) -> Row:
    """Return the decision as text."""
    return _plain(found.decision)


def _decision(catalog: Catalog, decision_id: str) -> Row:
    known = catalog.has("decisions") and catalog.has("decision_features")
    sql = "select * from decisions where decision_id = ?"
    found = catalog.rows(sql, [decision_id]) if known else []
    if not found:
        raise UnknownSelection(
            f"No decision {decision_id!r} is in the published catalog. Land and build first:"
            " `provender land-decisions`, then `dbt build --select decisions decision_features`."
        )
    return {name: value for name, value in found[0].items() if name not in _NOT_SHOWN}


def _feature_sql(catalog: Catalog, decision_id: str, served: Row) -> str:
    history = _history(catalog, served)
    column = _column(catalog, history, served["feature"])
    keys = _key_columns(catalog, served)
    joins = _join(history, keys) if history and keys else ""
    in_history = f"history.{column}" if joins and column else "null"
    return f"""select
    served.name,
    served.value as served,
    cast(to_json({in_history}) as varchar) as in_history,
    {_agrees(served, column) if joins else "null"} as agrees,
    served.status,
    served.is_default,
    served.age_seconds,
    served.as_of,
    served.view || '@' || served.version as view,
    definitions.owner,
    served.fingerprint,
    runs.git_commit
from decision_features as served
inner join decisions on served.decision_id = decisions.decision_id
left join definitions on served.fingerprint = definitions.fingerprint
left join runs
    on served.view = runs.view and served.version = runs.version and served.as_of = runs.as_of
{joins}where
    served.decision_id = {text_literal(decision_id)}
    and served.name = {text_literal(served["name"])}"""


def _join(history: str, keys: Sequence[KeyColumn]) -> str:
    equal = [
        f"history.{quoted(key.name)} ="
        f" cast(json_extract_string(decisions.keys, {text_literal(_path(key.name))})"
        f" as {normalise_type(key.type)})"
        for key in keys
    ]
    live = [
        "history.valid_from <= served.as_of",
        "(history.valid_to is null or history.valid_to > served.as_of)",
    ]
    return (
        f"left join {quoted(history)} as history\n    on " + "\n    and ".join(equal + live) + "\n"
    )


def _agrees(served: Row, column: str | None) -> str:
    """Return SQL: whether history bears out what was served, null where it has nothing to say."""
    if column is None:
        return "null"
    value = f"cast(json_extract_string(served.value, '$') as {normalise_type(served['data_type'])})"
    return f"""case
        when served.status = 'missing' then history.valid_from is null
        when served.status not in ('ok', 'stale') then null
        when history.valid_from is null then false
        when served.is_default then history.{column} is null
        else {value} is not distinct from history.{column}
    end"""


def _history(catalog: Catalog, served: Row) -> str | None:
    rows = catalog.rows(
        "select history from runs where view = ? and version = ? order by as_of desc limit 1",
        [served["view"], served["version"]],
    )
    return rows[0]["history"] if rows else None


def _column(catalog: Catalog, history: str | None, feature: str) -> str | None:
    sql = "select 1 from information_schema.columns where table_name = ? and column_name = ?"
    return quoted(feature) if history and catalog.rows(sql, [history, feature]) else None


def _key_columns(catalog: Catalog, served: Row) -> tuple[KeyColumn, ...]:
    definition = catalog.definitions().get(served["fingerprint"])
    return definition.keys if definition else ()


def _path(name: str) -> str:
    return '$."' + name.replace('"', '\\"') + '"'


def _plain(row: Row) -> Row:
    """Return a row with times as ISO 8601 text."""
    return {
        name: value.isoformat() + "Z" if isinstance(value, datetime) else value
        for name, value in row.items()
    }


def _parsed(row: Row, *names: str) -> Row:
    return {name: None if row[name] is None else json.loads(row[name]) for name in names}
