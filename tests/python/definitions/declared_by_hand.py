"""Declarations written by hand: a source, models by their SQL, one view."""

from collections.abc import Mapping, Sequence

from provender_ops.definitions.declarations import (
    Column,
    Declarations,
    Feature,
    Model,
    Source,
    View,
)

SHOP = "source.shop.orders"


def declared(
    sql: str,
    features: Sequence[str] = ("f",),
    models: Mapping[str, str | None] | None = None,
    columns: Mapping[str, Sequence[str]] | None = None,
) -> Declarations:
    """Return a view `model.v` of this SQL over the spine of `id`, beside other models.

    `columns` are those that sources declare; any source may be read that declares none.
    """
    known = {"model.v": sql, **(models or {})}
    return Declarations(
        views={
            "v@1": View(
                unique_id="model.v",
                name="v",
                version=1,
                entity="thing",
                keys=(Column("id", "integer"),),
                features=tuple(Feature(name, "integer") for name in features),
                policies={},
                owner="us",
            )
        },
        entities={},
        services={},
        sources={
            unique_id: Source(unique_id, tuple(Column(name, None) for name in names))
            for unique_id, names in (columns or {}).items()
        },
        models={
            unique_id: Model(unique_id, unique_id.split(".")[1], text)
            for unique_id, text in known.items()
        },
    )
