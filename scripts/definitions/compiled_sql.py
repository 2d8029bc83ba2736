"""Compiled SQL as definitions keep it: the macro `record_definition` in Python.

It has the spine cut out, relations as dbt unique ids, and no as_of of the run.
"""

import re
from collections.abc import Callable, Iterable, Mapping

HOLE = "__provender_spine__"
AS_OF = "__provender_as_of__"
_SPINE = re.compile(r"\(\s*/\* provender:spine \w+ \*/.*?/\* provender:end \*/\s*\)", re.DOTALL)
_NESTED = re.compile(
    r"(\( /\* provender:features_of (\S+) \*/ ).*?( /\* provender:end_of \2 \*/ \))", re.DOTALL
)
_RUN = re.compile(r"/\* provender:spine \w+ \*/.*?cast\('([^']+)' as timestamp\)", re.DOTALL)


def run_as_of(compiled: Iterable[str]) -> str | None:
    """Return the as_of of the run that compiled these, as its spines have it."""
    for sql in compiled:
        if found := _RUN.search(sql):
            return found[1]
    return None


def definition_of(
    compiled: str,
    relations: Mapping[str, str],
    as_of: str | None,
    nested: Callable[[str], str | None],
) -> str:
    """Return compiled SQL as its definition.

    `relations` maps the unique ids that it descends from to what stands for them in SQL. `nested`
    gives the definition of another view over the spine of this one, None where it is not known:
    dbt nests what it recorded last, and that may be older than this checkout, or nothing yet.
    """
    sql = _SPINE.sub(HOLE, compiled).strip()
    for unique_id in sorted(relations, reverse=True):  # a source before the seed that stands in
        sql = sql.replace(relations[unique_id], f'"{unique_id}"')
    if as_of is not None:
        sql = sql.replace(as_of, AS_OF)
    return _NESTED.sub(lambda found: _renested(found, nested(found[2])), sql)


def over_own_spine(definition: str, keys: Iterable[str]) -> str:
    """Return another view's definition over the spine of the view it is nested in.

    As the macro `features_of` writes it.
    """
    columns = ", ".join([*keys, "as_of"])
    return definition.replace(HOLE, f"(select distinct {columns} from {HOLE} as spine)")


def _renested(found: re.Match[str], definition: str | None) -> str:
    return found[0] if definition is None else f"{found[1]}{definition}{found[3]}"
