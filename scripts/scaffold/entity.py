"""A new entity: who lives when, by when it was first seen or by events that tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provender.type_names import INTEGER_RANGES, normalise_type
from provender_ops.errors import BadInput
from provender_ops.scaffold import style
from provender_ops.scaffold.bench import key_values, leading_key
from provender_ops.scaffold.changes import Change, new_file
from provender_ops.scaffold.checkout import VERSION_TIMES, Checkout, Node
from provender_ops.scaffold.expression import thing
from provender_ops.scaffold.names import check_name
from provender_ops.scaffold.yaml_text import described, flow, flow_list, indented

_OWN = ("group", "meta")
_END_TOLD = "When it was known to have ended, UTC; null while alive."
_KINDS = ("varchar", "boolean", "date", "timestamp", *INTEGER_RANGES)


@dataclass(frozen=True)
class NewEntity:
    """What is decided of a new entity. `keys` are typed.

    `alive` is a condition on an event of the one source, true where it says that the key lives;
    without it a key lives from when it was first seen.
    """

    name: str
    keys: Mapping[str, str]
    sources: Sequence[Node]
    alive: str | None
    group: str
    description: str | None


def key_types(keys: Sequence[str], sources: Sequence[Node]) -> dict[str, str]:
    """Return the keys (`NAME`, or `NAME:TYPE`) typed as the sources declare them; else BadInput."""
    found = {}
    for text in keys:
        name, _, given = text.partition(":")
        check_name("key", name)
        types = {source.columns.get(name) for source in sources if name in source.columns} - {None}
        for source in sources:
            if name not in source.columns:
                raise BadInput(
                    f"--key {name}: {source.name} declares no such column. It has:"
                    f" {', '.join(source.columns) or 'none'}."
                )
        if not given and len(types) != 1:
            told = " and ".join(sorted(map(str, types))) or "no type"
            raise BadInput(f"--key {name} is declared with {told}. Say which: --key {name}:TYPE.")
        found[name] = _key_type(name, given or str(*types))
    return found


def entity_changes(checkout: Checkout, entity: NewEntity) -> list[Change]:
    """Return the files of an entity; raise BadInput."""
    folder = style.entity_folder(checkout)
    yaml = _yaml(checkout, entity)
    return [
        new_file(checkout.root, folder / f"{entity.name}.sql", entity_sql(entity)),
        new_file(checkout.root, folder / f"{entity.name}.yml", yaml),
    ]


def entity_sql(entity: NewEntity) -> str:
    """Return the lives as a SELECT."""
    return _told(entity) if entity.alive else _first_seen(entity)


def _told(entity: NewEntity) -> str:
    (source,) = entity.sources
    keys = ", ".join(f"'{key}'" for key in entity.keys)
    alive = str(entity.alive).replace("\\", "\\\\").replace('"', '\\"')
    return f"""with events as (

    select * from {{{{ ref('{source.name}') }}}}

),

final as (

    select *
    from {{{{ provender.life_intervals(
        'events', keys=[{keys}], alive="{alive}"
    ) }}}}

)

select * from final
"""


def _first_seen(entity: NewEntity) -> str:
    keys = list(entity.keys)
    known = "\n        and ".join(f"{key} is not null" for key in keys)
    where = f"where {known}" if len(keys) == 1 else f"where\n        {known}"
    things = [thing(source) for source in entity.sources]
    names = things if len(set(things)) == len(things) else [s.name for s in entity.sources]
    imports = "".join(
        f"""{name} as (

    select * from {{{{ ref('{source.name}') }}}}
    {where}

),

"""
        for name, source in zip(names, entity.sources, strict=True)
    )
    columns = ",\n".join(f"        {column}" for column in [*keys, *VERSION_TIMES])
    sightings = "\n\n    union all\n\n".join(
        f"    select\n{columns}\n    from {name}" for name in names
    )
    picked = "".join(f"        {key},\n" for key in keys)
    return f"""with {imports}sightings as (

{sightings}

),

final as (

    -- alive from the moment it was first seen and known, for ever
    select
{picked}        min(greatest(occurred_at, known_from)) as live_from,
        cast(null as timestamp) as live_until
    from sightings
    where known_until is null or known_until > greatest(occurred_at, known_from)
    group by {", ".join(keys)}

)

select * from final
"""


def _yaml(checkout: Checkout, entity: NewEntity) -> str:
    own = [n for n in checkout.entities.values() if n.raw["package_name"] == checkout.package]
    config = style.shared_config(checkout, "models", own, _OWN)
    lines = [
        "models:",
        f"  - name: {entity.name}",
        described(entity.description or _description(entity), 4),
        "    config:",
        f"      group: {entity.group}",
        *style.config_lines(config, "      "),
        f"      meta: {{entity: {{keys: {flow_list(list(entity.keys))}}}}}",
        "    columns:",
    ]
    for key, type_ in entity.keys.items():
        lines += [f"      - name: {key}", f"        data_type: {type_}"]
        lines += [described(_words(entity, key), 8), "        data_tests: [not_null]"]
    lines += [
        "      - name: live_from",
        "        data_type: timestamp",
        "        description: When it began to live, as known, UTC.",
        "        data_tests: [not_null]",
        "      - name: live_until",
        "        data_type: timestamp",
        f"        description: {_END_TOLD if entity.alive else 'Always null.'}",
    ]
    if entity.alive is None:
        lines += ["", "unit_tests:", indented(_unit_test(checkout, entity), 2)]
    return "\n".join(lines) + "\n"


def _description(entity: NewEntity) -> str:
    name = entity.name.replace("_", " ")
    if entity.alive:
        return f"One row per interval of life of a {name}, as known: while `{entity.alive}`."
    things = " or ".join(thing(source).replace("_", " ") for source in entity.sources)
    return f"One row per {name} ever seen in {things}; alive from when it was first seen and known."


def _words(entity: NewEntity, key: str) -> str:
    for source in entity.sources:
        if source.described(key):
            return source.described(key)
    return f"Key of {entity.name}."


def _unit_test(checkout: Checkout, entity: NewEntity) -> str:
    """Return the test of lives by first sight; what is expected is what the rule says."""
    day = "2026-03-01"
    seen: dict[str, list[tuple[str | None, ...]]] = {
        "seen twice": [("10:00", "10:05", None), ("09:00", "09:30", None)],
        "seen late": [("08:00", "12:00", None)],
        "seen before it happened": [("11:00", "10:00", None)],
        "taken back in time": [("11:00", "10:00", "10:30"), ("11:30", "10:30", None)],
    }
    first = {"seen twice": "09:30", "seen late": "12:00"}
    first |= {"seen before it happened": "11:00", "taken back in time": "11:30"}
    given, expected = [], []
    key = leading_key(entity.keys)
    for number, (label, rows) in enumerate(seen.items()):
        keys = key_values(entity.keys, number, label)
        told = "" if keys[key] == label else f"  # {label}"
        for times in rows:
            stamps = {
                name: f"{day} {time}:00"
                for name, time in zip(VERSION_TIMES, times, strict=True)
                if time
            }
            given.append(f"        - {flow({**keys, **stamps})}{told}")
        life: dict[str, Any] = {"live_from": f"{day} {first[label]}:00", "live_until": None}
        expected.append(f"      - {flow({**keys, **life})}{told}")
    nobody = {**key_values(entity.keys, 0, "seen twice"), key: None}
    stamps = dict.fromkeys(VERSION_TIMES[:2], f"{day} 09:00:00")
    given.append(f"        - {flow({**nobody, **stamps})}")
    others = [
        line
        for source in entity.sources[1:]
        for line in (f"    - input: {source.ref(checkout.package)}", "      rows: []")
    ]
    return "\n".join(
        [
            f"- name: {entity.name}_lives_from_when_it_was_first_known",
            "  description: A version that was replaced before it happened was never true.",
            f"  model: {entity.name}",
            "  given:",
            f"    - input: {entity.sources[0].ref(checkout.package)}",
            "      rows:",
            *given,
            *others,
            "  expect:",
            "    rows:",
            *expected,
        ]
    )


def _key_type(name: str, type_: str) -> str:
    kind = normalise_type(type_)
    if kind not in _KINDS:
        raise BadInput(
            f"--key {name}: a {type_} is no key. It can be an integer, varchar, boolean, date or"
            " timestamp."
        )
    return type_
