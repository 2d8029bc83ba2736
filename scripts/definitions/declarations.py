"""One state of a project's definitions: what a checkout declares, or what is deployed.

Both are read from the same tables of the registry, so that one comparison serves both. SQL is as
definitions keep it: the spine cut out, relations as dbt unique ids in double quotes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from provender.keys import view_label
from provender.records import Rollout


@dataclass(frozen=True, slots=True)
class Column:
    """A column and its type as declared; None where it is not."""

    name: str
    type: str | None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature as its view declares it, effective values filled in.

    `not_duplicate_of` maps features it looks like to the reason why it is another one.
    """

    name: str
    type: str
    default: Any = None
    null_is: str = "null"
    max_null_ratio: float | None = None
    tolerance: float | None = None
    description: str = ""
    not_duplicate_of: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Model:
    """A model that a feature, entity, training set or label is made of, or is.

    `parents` are unique ids of models, seeds, snapshots and sources, those of an ephemeral model in
    its place; `sql` is None where the model was never compiled. In the SQL of a training set, its
    join stands as a plain join of views to a spine (see `training_joins`). `checksum` is of the
    code as written, and `macros` are the unique ids of those that it calls, or that those call.
    `relation` stands for it in SQL, in the target it was read for.
    """

    unique_id: str
    name: str
    sql: str | None
    parents: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    checksum: str | None = None
    macros: tuple[str, ...] = ()
    relation: str | None = None


@dataclass(frozen=True)
class View:
    """A feature view version. `policies` are the registry's, durations in seconds.

    `owner` is a dbt group; `access` dbt's word; `meta` is `config.meta.feature_view` as effective,
    and `declared_in` says of each of its keys where it was declared, `model` being the view itself.
    `tests` are dbt's, data and unit, of it and its history, with their severity.
    """

    unique_id: str
    name: str
    version: int
    entity: str
    keys: tuple[Column, ...]
    features: tuple[Feature, ...]
    policies: Mapping[str, Any]
    owner: str
    access: str = "protected"
    tags: tuple[str, ...] = ()
    description: str = ""
    deprecation_date: date | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    declared_in: Mapping[str, str] = field(default_factory=dict)
    tests: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """`name@version`."""
        return view_label(self.name, self.version)


@dataclass(frozen=True)
class Entity:
    """What a spine is drawn from."""

    unique_id: str
    name: str
    keys: tuple[Column, ...]


@dataclass(frozen=True)
class Service:
    """A feature service. `features` are (view label, feature) in the order they are served.

    `names` are what they are served as, `()` where each has the feature's own name. `owner` is the
    exposure's; `meta` is `config.meta.feature_service`; `training_sets` maps model versions to
    unique ids; `rollouts` are under way, each with both versions declared.
    """

    name: str
    owner: str
    views: tuple[str, ...]
    features: tuple[tuple[str, str], ...]
    latency_budget_ms: int | None = None
    training_sets: Mapping[str, str] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    rollouts: tuple[Rollout, ...] = ()


@dataclass(frozen=True)
class Source:
    """A source table: declared columns, `settle` in seconds, who answers for it."""

    unique_id: str
    columns: tuple[Column, ...] = ()
    settle_seconds: int | None = None
    freshness: Mapping[str, Any] = field(default_factory=dict)
    owner: str | None = None
    relation: str | None = None


@dataclass(frozen=True)
class Declarations:
    """A whole state. Mappings are by label (views), name (entities, services) or unique id.

    `macros` are checksums of what macros say; `vars` the values of the vars that models and macros
    name; `groups` what else the owner of a dbt group is called; `violations` the sentences of the
    contract check.
    """

    views: Mapping[str, View]
    entities: Mapping[str, Entity]
    services: Mapping[str, Service]
    sources: Mapping[str, Source]
    models: Mapping[str, Model]
    macros: Mapping[str, str] = field(default_factory=dict)
    vars: Mapping[str, Any] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    violations: tuple[str, ...] = ()

    def ancestors(self, unique_id: str) -> tuple[str, ...]:
        """Return what a node is made of, up to the sources, sorted; without itself."""
        found: set[str] = set()
        to_do = [unique_id]
        while to_do:
            model = self.models.get(to_do.pop())
            new = set(model.parents if model else ()) - found
            found |= new
            to_do.extend(new)
        return tuple(sorted(found))

    @cached_property
    def readers(self) -> Mapping[str, tuple[str, ...]]:
        """View label -> names of the services that read it."""
        return {
            label: tuple(name for name, service in self.services.items() if label in service.views)
            for label in self.views
        }
