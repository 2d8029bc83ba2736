"""Declarations from the tables of the registry, wherever these were read."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from provender.keys import view_label
from provender.records import Rollout
from provender_ops.catalog import Row
from provender_ops.definitions.declarations import (
    Column,
    Declarations,
    Entity,
    Feature,
    Model,
    Service,
    Source,
    View,
)
from provender_ops.definitions.training_joins import joins_plainly

TABLES = (
    "feature_views",
    "features",
    "feature_services",
    "feature_entities",
    "feature_sources",
    "feature_models",
    "feature_tests",
    "feature_context",
)
POLICIES = (
    "ttl_seconds",
    "freshness_sla_seconds",
    "otherwise",
    "classification",
    "log_values",
    "lag_seconds",
    "backfill",
    "backfill_reason",
    "retention_seconds",
)


def declarations_of(
    tables: Mapping[str, Sequence[Row]],
    sql: Mapping[str, str | None],
    violations: Iterable[str] = (),
) -> Declarations:
    """Return what the rows of TABLES declare; `sql` is the definition of each model, by unique id.

    Raise KeyError or json.JSONDecodeError where the tables are not those of this version.
    """
    views = _views(tables["feature_views"], tables["features"], tables["feature_tests"])
    context = _context(tables["feature_context"])
    ids = {view.label: view.unique_id for view in views}
    return Declarations(
        views={view.label: view for view in views},
        entities={entity.name: entity for entity in map(_entity, tables["feature_entities"])},
        services={service.name: service for service in map(_service, tables["feature_services"])},
        sources={source.unique_id: source for source in map(_source, tables["feature_sources"])},
        models={
            row["unique_id"]: _model(
                row, joins_plainly(sql.get(row["unique_id"]), ids), context["macro"]
            )
            for row in tables["feature_models"]
        },
        macros={name: macro["checksum"] for name, macro in context["macro"].items()},
        vars=context["var"],
        groups={
            name: tuple(each for each in (owner["name"], owner["email"]) if each)
            for name, owner in context["group"].items()
        },
        violations=tuple(violations),
    )


def _context(rows: Iterable[Row]) -> dict[str, dict[str, Any]]:
    """Return what is known of each kind of context, by name."""
    found: dict[str, dict[str, Any]] = {"macro": {}, "var": {}, "group": {}}
    for row in rows:
        found[row["kind"]][row["name"]] = json.loads(row["value"])
    return found


def _views(rows: Iterable[Row], features: Iterable[Row], tests: Iterable[Row]) -> list[View]:
    features_of, tests_of = _by_view(features), _by_view(tests)
    refs = ((row, (row["view"], row["version"])) for row in rows)
    return [_view(row, features_of.get(ref, []), tests_of.get(ref, [])) for row, ref in refs]


def _by_view(rows: Iterable[Row]) -> dict[tuple[str, int], list[Row]]:
    found: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        found.setdefault((row["view"], row["version"]), []).append(row)
    return found


def _view(row: Row, features: Sequence[Row], tests: Sequence[Row]) -> View:
    in_order = sorted(features, key=lambda feature: int(feature["position"]))
    return View(
        unique_id=row["unique_id"],
        name=row["view"],
        version=row["version"],
        entity=row["entity"] or "",
        keys=_columns(row["keys"]),
        features=tuple(map(_feature, in_order)),
        policies={name: row[name] for name in POLICIES},
        owner=row["owner"] or "",
        access=row["access"] or "protected",
        tags=tuple(_list(row["tags"])),
        description=row["description"] or "",
        deprecation_date=row["deprecation_date"],
        meta=_object(row["meta"]),
        declared_in=_object(row["declared_in"]),
        tests={test["test"]: test["severity"] for test in tests},
    )


def _feature(row: Row) -> Feature:
    return Feature(
        name=row["feature"],
        type=row["data_type"] or "",
        default=json.loads(row["default_json"]),
        null_is=row["null_is"],
        max_null_ratio=row["max_null_ratio"],
        tolerance=row["tolerance"],
        description=row["description"] or "",
        not_duplicate_of=_excuses(row["not_duplicate_of"]),
    )


def _excuses(text: str | None) -> dict[str, str]:
    """Return feature -> reason; what is not written so, the contract check refuses."""
    listed = json.loads(text or "[]")
    entries = (
        [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    )
    return {str(each.get("feature")): str(each.get("reason")) for each in entries}


def _entity(row: Row) -> Entity:
    return Entity(row["unique_id"], row["entity"], _columns(row["keys"]))


def _service(row: Row) -> Service:
    return Service(
        name=row["service"],
        owner=row["owner"] or "",
        views=tuple(view_label(read["view"], read["version"]) for read in _list(row["views"])),
        features=tuple(
            (view_label(read["view"], read["version"]), read["feature"])
            for read in _list(row["features"])
        ),
        latency_budget_ms=row["latency_budget_ms"],
        training_sets=_object(row["training_sets"]),
        meta=_object(row["meta"]),
        names=tuple(read["name"] for read in _list(row["features"])),
        rollouts=tuple(map(Rollout.from_record, _list(row["rollouts"]))),
    )


def _source(row: Row) -> Source:
    return Source(
        unique_id=row["unique_id"],
        columns=_columns(row["columns"]),
        settle_seconds=row["settle_seconds"],
        freshness=_object(row["freshness"]),
        owner=row["owner"],
        relation=row["relation"],
    )


def _model(row: Row, sql: str | None, macros: Mapping[str, Any]) -> Model:
    return Model(
        unique_id=row["unique_id"],
        name=row["model"],
        sql=sql,
        parents=tuple(_list(row["built_on"])),
        columns=_columns(row["columns"]),
        checksum=row["checksum"],
        macros=_called(_list(row["macros"]), macros),
        relation=row["relation"],
    )


def _called(direct: Sequence[str], macros: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the unique ids of macros that are called, also by others, as far as they are known."""
    found: set[str] = set()
    to_do = list(direct)
    while to_do:
        name = to_do.pop()
        if name in macros and name not in found:
            found.add(name)
            to_do.extend(macros[name]["calls"])
    return tuple(sorted(found))


def _columns(text: str | None) -> tuple[Column, ...]:
    return tuple(
        Column(column["name"], column["type"], column.get("description") or "")
        for column in _list(text)
    )


def _list(text: str | None) -> list[Any]:
    return list(json.loads(text or "[]"))


def _object(text: str | None) -> dict[str, Any]:
    return dict(json.loads(text or "{}"))
