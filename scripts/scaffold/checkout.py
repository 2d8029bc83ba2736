"""The nodes of a checkout, as `provender new` needs them: names, files, columns, style."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from provender.keys import nearest, view_label
from provender_ops.dbt_profile import PROJECT_FILE
from provender_ops.errors import BadInput, UnknownSelection
from provender_ops.scaffold.dbt import Dbt

VERSION_TIMES = ("occurred_at", "known_from", "known_until")


@dataclass(frozen=True)
class Node:
    """A model, seed, snapshot or source table, as the manifest has it."""

    raw: Mapping[str, Any]

    @property
    def unique_id(self) -> str:
        """dbt's id."""
        return str(self.raw["unique_id"])

    @property
    def name(self) -> str:
        """Its name, without a version."""
        return str(self.raw["name"])

    @property
    def version(self) -> int | None:
        """The version of a versioned model."""
        version = self.raw.get("version")
        return None if version is None else int(version)

    @property
    def label(self) -> str:
        """`name@version`."""
        return view_label(self.name, self.version or 1)

    @property
    def path(self) -> Path:
        """Its file, from the project's folder."""
        return Path(self.raw["original_file_path"])

    @property
    def yaml(self) -> Path | None:
        """The file that declares it, from the project's folder."""
        patch = self.raw.get("patch_path")
        return Path(patch.partition("://")[2]) if patch else None

    @property
    def relation(self) -> str:
        """Its name in compiled SQL."""
        return str(self.raw["relation_name"])

    @property
    def columns(self) -> dict[str, str | None]:
        """Declared columns and their types, None where it is not said."""
        return {
            str(column["name"]): column.get("data_type") for column in self.raw["columns"].values()
        }

    @property
    def meta(self) -> Mapping[str, Any]:
        """`config.meta`."""
        return self.raw["config"].get("meta") or {}

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags, those of its folder too."""
        return tuple(self.raw.get("tags") or ())

    @property
    def is_stored(self) -> bool:
        """Whether a build stores it, so that a schedule has to build it anew."""
        kind = self.raw["config"].get("materialized")
        return self.raw["resource_type"] == "model" and kind not in ("view", "ephemeral")

    @property
    def parents(self) -> tuple[str, ...]:
        """Unique ids of what it reads."""
        return tuple((self.raw.get("depends_on") or {}).get("nodes") or ())

    @property
    def defaults(self) -> dict[str, Any]:
        """Features and their declared defaults."""
        metas = {
            name: ((column.get("config") or {}).get("meta") or {}).get("feature") or {}
            for name, column in self.raw["columns"].items()
        }
        return {name: meta["default"] for name, meta in metas.items() if "default" in meta}

    def described(self, column: str) -> str:
        """What a column is said to be; empty where nothing is."""
        return str(self.raw["columns"].get(column, {}).get("description") or "")

    def ref(self, package: str) -> str:
        """What a dbt unit test of a package calls it."""
        if self.raw["resource_type"] == "source":
            return f"source('{self.raw['source_name']}', '{self.name}')"
        names = [self.name]
        if self.raw["package_name"] != package:
            names.insert(0, str(self.raw["package_name"]))
        version = "" if self.version is None else f", v={self.version}"
        return f"ref({', '.join(repr(name) for name in names)}{version})"


@dataclass(frozen=True)
class Checkout:
    """A project's folder and what dbt says is in it."""

    root: Path
    dbt: Dbt
    manifest: Mapping[str, Any]

    @classmethod
    def read(cls, root: Path, target: str = "dev") -> "Checkout":
        """Parse the project; raise CouldNotRun when dbt cannot."""
        dbt = Dbt(root, target)
        return cls(root, dbt, dbt.manifest())

    @property
    def package(self) -> str:
        """The project's name."""
        return str(self.manifest["metadata"]["project_name"])

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        """Models, seeds, snapshots and sources by unique id."""
        kept = ("model", "seed", "snapshot")
        named = [node for node in self.manifest["nodes"].values() if node["resource_type"] in kept]
        found = [Node(node) for node in [*named, *self.manifest["sources"].values()]]
        return {node.unique_id: node for node in found}

    @cached_property
    def models(self) -> Sequence[Node]:
        """All models, by unique id."""
        return [node for key, node in sorted(self.nodes.items()) if key.startswith("model.")]

    @cached_property
    def views(self) -> Sequence[Node]:
        """Feature view versions of the project itself."""
        return [node for node in self._own(self.models) if "feature_view" in node.meta]

    @cached_property
    def entities(self) -> Mapping[str, Node]:
        """Entities by name, each as its latest version."""
        return {
            node.name: node
            for node in self.models
            if "entity" in node.meta and node.version == node.raw.get("latest_version")
        }

    @cached_property
    def histories(self) -> Sequence[Node]:
        """Snapshots of the project itself that keep a view's history."""
        views = {view.unique_id for view in self.views}
        own = self._own([n for key, n in sorted(self.nodes.items()) if key.startswith("snapshot.")])
        return [node for node in own if views & set(node.parents)]

    @cached_property
    def services(self) -> Sequence[Node]:
        """Exposures that are feature services, of the project itself."""
        found = [Node(exposure) for _, exposure in sorted(self.manifest["exposures"].items())]
        return [
            n for n in self._own(found) if n.raw["type"] == "ml" and "feature_service" in n.meta
        ]

    @cached_property
    def groups(self) -> Mapping[str, Mapping[str, Any]]:
        """dbt groups by name, of the project itself."""
        groups = self.manifest["groups"].values()
        return {g["name"]: g for g in groups if g["package_name"] == self.package}

    @cached_property
    def taken(self) -> Mapping[str, str]:
        """Every name a node of the project or its packages has, and the file it stands in."""
        found = {node.name: str(node.path) for node in self.nodes.values()}
        for exposure in self.manifest["exposures"].values():
            found[exposure["name"]] = str(exposure["original_file_path"])
        return found

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """dbt_project.yml as it stands there."""
        loaded = yaml.safe_load((self.root / PROJECT_FILE).read_text(encoding="utf-8"))
        return loaded if isinstance(loaded, dict) else {}

    @property
    def model_folder(self) -> Path:
        """The first of `model-paths`."""
        return Path(self.settings.get("model-paths", ["models"])[0])

    @property
    def snapshot_folder(self) -> Path:
        """The first of `snapshot-paths`."""
        return Path(self.settings.get("snapshot-paths", ["snapshots"])[0])

    def keys(self, entity: Node) -> dict[str, str]:
        """Return the keys of an entity and their types; raise BadInput where one has none."""
        keys = {str(key): entity.columns.get(key) for key in entity.meta["entity"].get("keys", ())}
        untyped = [key for key, type_ in keys.items() if type_ is None]
        if untyped or not keys:
            raise BadInput(
                f"Entity {entity.name!r} declares no type of {', '.join(untyped) or 'any key'}."
                f" Write its data_type in {entity.yaml or entity.path}."
            )
        return {key: str(type_) for key, type_ in keys.items()}

    def view(self, label: str) -> Node:
        """Return the view of `VIEW`, its latest version, or `VIEW@VERSION`.

        Raise UnknownSelection.
        """
        name, _, version = label.partition("@")
        for view in self.views:
            wanted = version or str(view.raw.get("latest_version") or 1)
            if view.name == name and str(view.version or 1) == wanted:
                return view
        labels = [view.label for view in self.views]
        raise UnknownSelection(
            f"There is no feature view {label!r} in this project.{nearest(label, labels)} Its views"
            f" are: {', '.join(labels) or 'none; `provender new view` writes one'}."
        )

    def entity_of(self, view: Node) -> Node:
        """Return the entity that a view is about; raise BadInput when there is none."""
        name = view.meta["feature_view"].get("entity")
        if name not in self.entities:
            raise BadInput(
                f"{view.label} is about {name!r}, and there is no such entity. `dbt build` tells"
                " what to mend."
            )
        return self.entities[name]

    def with_versions(self) -> Sequence[Node]:
        """Return the models that hold versions of events: what a view may read."""
        return [
            node
            for node in self.models
            if {"occurred_at", "known_from"} <= set(node.columns)
            and "feature_view" not in node.meta
        ]

    def event_id(self, node: Node) -> str | None:
        """Return the column that identifies an event of a model; None when nothing tells it."""
        said = re.search(r"event_id\s*=\s*\[?\s*['\"](\w+)['\"]", node.raw.get("raw_code") or "")
        columns = list(node.columns)
        if said and said[1] in columns:
            return said[1]
        keys = {key for entity in self.entities.values() for key in entity.columns}
        is_first = columns and columns[0] not in {*keys, *VERSION_TIMES}
        return columns[0] if is_first else None

    def ancestors(self, unique_id: str) -> set[str]:
        """Return what a node is made of, up to the sources, without itself."""
        found: set[str] = set()
        to_do = [unique_id]
        while to_do:
            node = self.nodes.get(to_do.pop())
            new = set(node.parents if node else ()) - found
            found |= new
            to_do.extend(new)
        return found

    def _own(self, nodes: Sequence[Node]) -> list[Node]:
        return [node for node in nodes if node.raw["package_name"] == self.package]
