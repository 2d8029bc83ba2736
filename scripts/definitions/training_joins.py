"""A training set as it was written: its spine, joined to views.

What `point_in_time_join` compiles to reads histories and logs of this store, and what is in them:
it differs between a checkout and what is deployed, also when both ask for the same.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from provender.keys import view_label

_JOIN = re.compile(
    r"\(\s*/\* provender:training (\{.*?\}) \*/.*?"
    r"/\* provender:training_spine \*/(.*?)/\* provender:end_training_spine \*/.*?"
    r"/\* provender:end_training \*/\s*\)",
    re.DOTALL,
)
_ASKED = ("view", "version", "policy", "max_age")


def joins_plainly(sql: str | None, views: Mapping[str, str]) -> str | None:
    """Return a definition with each `point_in_time_join` as a plain join of views to its spine.

    What it was asked for beyond that stands in a condition, as a literal that is always there.
    `views` maps labels to unique ids.
    """
    if sql is None:
        return None
    return _JOIN.sub(lambda found: _plain_join(json.loads(found[1]), found[2], views), sql)


def _plain_join(call: Mapping[str, Any], spine: str, views: Mapping[str, str]) -> str:
    read = sorted(call["views"], key=lambda view: (str(view["as"]), str(view["view"])))
    columns = ", ".join(["spine.*", *(column for view in read for column in _columns(view))])
    joins = "\n    ".join(_join(view, call["as_of"], views) for view in read)
    asked = {"source": call["source"], "views": [{key: v[key] for key in _ASKED} for v in read]}
    literal = json.dumps(asked, sort_keys=True).replace("'", "''")
    return (
        f"(\n    select {columns}\n    from {spine.strip()} as spine\n    {joins}\n"
        f"    where '{literal}' is not null\n)"
    )


def _columns(view: Mapping[str, Any]) -> list[str]:
    alias = view["as"]
    return [
        *(f"{alias}.{feature} as {name}" for feature, name in view["columns"].items()),
        f"{alias}.as_of as {alias}__as_of",
        f"cast(null as interval) as {alias}__age",
        *(f"cast(null as varchar) as {alias}__{said}" for said in ("status", "not_computed")),
    ]


def _join(view: Mapping[str, Any], as_of: str, views: Mapping[str, str]) -> str:
    alias, label = view["as"], view_label(view["view"], view["version"])
    keys = [f"{alias}.{key} = spine.{column}" for key, column in view["keys"].items()]
    conditions = " and ".join([*keys, f"{alias}.as_of <= spine.{as_of}"])
    return f'left join "{views.get(label, label)}" as {alias} on {conditions}'
