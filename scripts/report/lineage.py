"""From the sources to the model: what each feature service is built on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from provender.keys import view_label
from provender_ops.catalog import Catalog

Kind = Literal["source", "model", "view", "service"]


@dataclass(frozen=True, slots=True)
class Node:
    """One dbt node; `layer` is how many steps it stands from the sources."""

    unique_id: str
    name: str
    kind: Kind
    layer: int


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a service, or a view that no service reads, descends from; sources first."""

    name: str
    nodes: Sequence[Node]
    edges: Sequence[tuple[str, str]]  # what is built on, what is built


def read_lineages(catalog: Catalog) -> list[Lineage]:
    """Return one for each service, and for each view that none reads; none before a first build."""
    if not catalog.has("lineage"):
        return []
    parents: dict[str, list[str]] = {}
    for row in catalog.rows("from lineage order by node, built_on"):
        parents.setdefault(row["node"], []).append(row["built_on"])
    views = {
        row["unique_id"]: view_label(row["view"], row["version"])
        for row in catalog.rows("select unique_id, view, version from feature_views")
    }
    services = [node for node in parents if node.startswith("exposure.")]
    read = {view for service in services for view in parents[service]}
    return [_lineage(top, parents, views) for top in [*services, *sorted(views.keys() - read)]]


def _lineage(top: str, parents: Mapping[str, Sequence[str]], views: Mapping[str, str]) -> Lineage:
    edges: list[tuple[str, str]] = []
    layers: dict[str, int] = {}
    _place(top, parents, layers, edges)
    last = max((layers[node] for node in layers if node in views), default=0)
    for node in layers:  # views that feed no other one stand together, before the service
        if node in views and not any(
            built_on == node for built_on, built in edges if built in views
        ):
            layers[node] = last
    if top not in views:
        layers[top] = last + 1
    nodes = [_node(node, layer, views) for node, layer in layers.items()]
    nodes.sort(key=lambda node: (node.layer, node.name))
    return Lineage(_name(top, views), nodes, sorted(set(edges)))


def _place(
    node: str,
    parents: Mapping[str, Sequence[str]],
    layers: dict[str, int],
    edges: list[tuple[str, str]],
) -> int:
    if node not in layers:
        above = [_place(parent, parents, layers, edges) for parent in parents.get(node, ())]
        edges += [(parent, node) for parent in parents.get(node, ())]
        layers[node] = 1 + max(above, default=-1)
    return layers[node]


def _node(unique_id: str, layer: int, views: Mapping[str, str]) -> Node:
    kind: Kind = "model"
    if unique_id in views:
        kind = "view"
    elif unique_id.startswith(("source.", "seed.")):
        kind = "source"
    elif unique_id.startswith("exposure."):
        kind = "service"
    return Node(unique_id, _name(unique_id, views), kind, layer)


def _name(unique_id: str, views: Mapping[str, str]) -> str:
    """Return what people call a node: the end of its unique id."""
    return views.get(unique_id) or ".".join(unique_id.split(".")[2:])
