"""The features that are deployed as a list: which there are, and which a text finds."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

from provender.keys import nearest
from provender_ops.definitions.declarations import Declarations, Feature, View
from provender_ops.definitions.lineage import Lineage, Origin
from provender_ops.errors import UnknownSelection


@dataclass(frozen=True, slots=True)
class Listed:
    """One feature of a view version, as a list shows it."""

    feature: str
    view: str
    type: str
    entity: str
    owner: str
    tags: tuple[str, ...]
    services: tuple[str, ...]
    description: str
    sources: tuple[str, ...]


COLUMNS = ("feature", "view", "type", "entity", "owner", "tags", "services", "description")


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; None is everything. A view may be named without its version."""

    view: str | None = None
    entity: str | None = None
    owner: str | None = None
    service: str | None = None
    tag: str | None = None


def list_features(declarations: Declarations, filters: Filters) -> list[Listed]:
    """Return the features that pass all filters, by view; raise UnknownSelection, naming near ones.

    What a feature comes from is left out: `search_features` looks for it.
    """
    _refuse_unknown(declarations, filters)
    return [
        _listed(declarations, view, feature)
        for view, feature in _features(declarations)
        if _passes(declarations, view, filters)
    ]


def search_features(declarations: Declarations, text: str) -> list[Listed]:
    """Return the features whose names, words or sources hold every word of a text.

    Those that are called so come first, then those whose description says so, then those that are
    made of something called so.
    """
    words = text.lower().split()
    lineage = Lineage(declarations)
    found: list[tuple[int, Listed]] = []
    for view, feature in _features(declarations):
        sources = _sources(lineage, view, feature)
        where = [
            f"{feature.name} {view.label}".lower(),
            f"{feature.description} {view.description} {view.entity} {view.owner}".lower(),
            " ".join(sources).lower(),
        ]
        rank = _rank(words, where)
        if rank is not None:
            found.append((rank, _listed(declarations, view, feature, sources)))
    return [listed for _, listed in sorted(found, key=lambda pair: pair[0])]


def as_rows(listed: Iterable[Listed]) -> list[dict[str, object]]:
    """Return features as rows of a table for people."""
    return [
        {
            **asdict(one),
            "tags": ", ".join(one.tags),
            "services": ", ".join(one.services),
            "description": " ".join(one.description.split()),
            "sources": ", ".join(one.sources),
        }
        for one in listed
    ]


def source_name(unique_id: str) -> str:
    """Return what people call a source: `source.table`, and a seed by its name."""
    return ".".join(unique_id.split(".")[2:])


def origin_name(origin: Origin) -> str:
    """Return `source.table.column`."""
    return f"{source_name(origin.unique_id)}.{origin.column}"


def _features(declarations: Declarations) -> Iterator[tuple[View, Feature]]:
    for label in sorted(declarations.views):
        view = declarations.views[label]
        for feature in view.features:
            yield view, feature


def _listed(
    declarations: Declarations, view: View, feature: Feature, sources: Sequence[str] = ()
) -> Listed:
    return Listed(
        feature=feature.name,
        view=view.label,
        type=feature.type,
        entity=view.entity,
        owner=view.owner,
        tags=view.tags,
        services=tuple(
            name
            for name, service in sorted(declarations.services.items())
            if (view.label, feature.name) in service.features
        ),
        description=feature.description,
        sources=tuple(sources),
    )


def _sources(lineage: Lineage, view: View, feature: Feature) -> list[str]:
    derived = lineage.derived(view.unique_id, feature.name)
    return sorted({origin_name(origin) for origin in derived.value | derived.conditions})


def _rank(words: Sequence[str], where: Sequence[str]) -> int | None:
    """Return the last place that is needed to find every word; None where one is nowhere."""
    places = [next((at for at, text in enumerate(where) if word in text), None) for word in words]
    known = [place for place in places if place is not None]
    return max(known, default=0) if len(known) == len(words) else None


def _passes(declarations: Declarations, view: View, filters: Filters) -> bool:
    readers = declarations.readers[view.label]
    return (
        filters.view in (None, view.name, view.label)
        and filters.entity in (None, view.entity)
        and filters.owner in (None, view.owner)
        and (filters.service is None or filters.service in readers)
        and (filters.tag is None or filters.tag in view.tags)
    )


def _refuse_unknown(declarations: Declarations, filters: Filters) -> None:
    views = declarations.views.values()
    known = {
        "view": {name for view in views for name in (view.name, view.label)},
        "entity": set(declarations.entities),
        "owner": {view.owner for view in views},
        "service": set(declarations.services),
        "tag": {tag for view in views for tag in view.tags},
    }
    for kind, names in known.items():
        asked = getattr(filters, kind)
        if asked is not None and asked not in names:
            raise UnknownSelection(
                f"There is no {kind} {asked!r}.{nearest(asked, sorted(names))}"
                f" Known: {', '.join(sorted(names)) or 'none'}."
            )
