"""How a project writes things, so that a new one is written alike."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from provender_ops.scaffold.checkout import Checkout, Node
from provender_ops.scaffold.yaml_text import flow, scalar

SNAPSHOT_OWN = ("unique_key", "tags", "strategy", "meta")
VIEW_OWN = ("group", "tags", "contract", "meta")


def view_folder(checkout: Checkout, entity: str) -> Path:
    """Return where views of an entity lie: where one does already, else beside those of others."""
    of_entity = [v for v in checkout.views if v.meta["feature_view"].get("entity") == entity]
    if of_entity:
        return _commonest(node.path.parent for node in of_entity)
    features = checkout.model_folder / "features"
    return _commonest((v.path.parent.parent for v in checkout.views), features) / entity


def entity_folder(checkout: Checkout) -> Path:
    """Return where the project's entities lie."""
    own = [n for n in checkout.entities.values() if n.raw["package_name"] == checkout.package]
    return _commonest((node.path.parent for node in own), checkout.model_folder / "entities")


def snapshot_folder(checkout: Checkout) -> Path:
    """Return where the project's histories lie."""
    return _commonest((node.path.parent for node in checkout.histories), checkout.snapshot_folder)


def services_file(checkout: Checkout) -> Path:
    """Return the file that declares most feature services."""
    default = checkout.model_folder / "services" / "_exposures.yml"
    return _commonest((node.path for node in checkout.services), default)


def groups_file(checkout: Checkout) -> Path:
    """Return the file that declares most groups."""
    default = checkout.model_folder / "services" / "_groups.yml"
    paths = (Path(group["original_file_path"]) for group in checkout.groups.values())
    return _commonest(paths, default)


def shared_config(
    checkout: Checkout, kind: str, nodes: Sequence[Node], own: Sequence[str]
) -> dict[str, Any]:
    """Return what all of these say alike in the `config` of their YAML, but for what is their own.

    As written there, Jinja and all: the manifest has it rendered.
    """
    configs = [_written(checkout, kind, node).get("config") or {} for node in nodes]
    if not configs:
        return {}
    first, *rest = configs
    return {
        key: value
        for key, value in first.items()
        if key not in own and all(key in other and other[key] == value for other in rest)
    }


def config_lines(config: Mapping[str, Any], space: str) -> list[str]:
    """Return a mapping as YAML lines, its values in flow."""
    return [f"{space}{key}: {_value(value)}" for key, value in config.items()]


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return flow(value)
    if isinstance(value, list):
        return "[" + ", ".join(scalar(each) for each in value) + "]"
    return scalar(value)


def _written(checkout: Checkout, kind: str, node: Node) -> Mapping[str, Any]:
    """Return what a node's YAML file says of it; nothing where it says nothing."""
    path = node.yaml or node.path
    if path.suffix not in (".yml", ".yaml"):
        return {}
    document = yaml.safe_load((checkout.root / path).read_text(encoding="utf-8")) or {}
    found = [item for item in document.get(kind) or () if item.get("name") == node.name]
    return found[0] if found else {}


def _commonest(paths: Iterable[Path], default: Path = Path()) -> Path:
    counted = Counter(paths).most_common(1)
    return counted[0][0] if counted else default
