"""A model's SQL with the models that it is made of inside, as CTEs of their unique ids."""

from collections.abc import Callable

from provender_ops.definitions.declarations import Declarations


def inlined(
    state: Declarations, unique_id: str, stays: Callable[[str], bool] = lambda _: False
) -> str | None:
    """Return one query over what `stays`, seeds, snapshots and sources; None without some SQL.

    A name that stays stands in it as a unique id in double quotes, like a source. A spine that is
    cut out stays cut out.
    """
    model = state.models.get(unique_id)
    if model is None or model.sql is None:
        return None
    ctes = []
    for parent in _in_order(state, unique_id, stays):
        sql = state.models[parent].sql
        if sql is not None:  # seeds and snapshots have none: they are read as they are
            ctes.append(f'"{parent}" as (\n{sql}\n)')
    within = f"with {', '.join(ctes)}\n" if ctes else ""
    return f"{within}select * from (\n{model.sql}\n) as inlined"


def _in_order(state: Declarations, unique_id: str, stays: Callable[[str], bool]) -> list[str]:
    """Return what a model reads and does not stay, each after what it reads itself."""
    ordered: dict[str, None] = {}

    def visit(name: str) -> None:
        for parent in state.models[name].parents if name in state.models else ():
            if parent in state.models and parent not in ordered and not stays(parent):
                visit(parent)
                ordered[parent] = None

    visit(unique_id)
    return list(ordered)
