"""A new feature view: its SQL, its YAML, its history and its tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provender_ops.errors import BadInput
from provender_ops.scaffold import style
from provender_ops.scaffold.changes import Change, new_file
from provender_ops.scaffold.checkout import VERSION_TIMES, Checkout, Node
from provender_ops.scaffold.expression import Written
from provender_ops.scaffold.generate import Generated, generate
from provender_ops.scaffold.subject import Named, Subject, subject_of
from provender_ops.scaffold.unit_tests import as_yaml
from provender_ops.scaffold.yaml_text import described, flow, flow_list, indented

TIMES = ("freshness_sla", "ttl")
_POLICIES = ("freshness_sla", "ttl", "otherwise", "classification", "lag", "backfill")


@dataclass(frozen=True)
class NewView:
    """What is decided of a new view. `on` maps the entity's keys to columns of the model it reads.

    `config` is what its YAML says beside what every view says; `policies` are in the order in
    which they are written.
    """

    name: str
    entity: Node
    source: Node
    on: Mapping[str, str]
    features: Sequence[Written]
    window: str
    group: str
    cadence: str
    policies: Mapping[str, Any]
    config: Mapping[str, Any]
    description: str


def view_changes(checkout: Checkout, view: NewView) -> tuple[list[Change], Generated]:
    """Return the files of a view, and what its tests found; raise BadInput."""
    sql = view_sql(view)
    named = Named(view.name, None, view.entity, [feature.name for feature in view.features])
    subject = subject_of(checkout, named, checkout.dbt.compiled_text(sql))
    tests = generate(subject)
    folder = style.view_folder(checkout, view.entity.name)
    changes = [
        new_file(checkout.root, folder / f"{view.name}.sql", sql),
        new_file(checkout.root, folder / f"{view.name}.yml", _yaml(checkout, view, subject, tests)),
        new_file(checkout.root, history_path(checkout, view.name), _history(checkout, view)),
    ]
    return changes, tests


def history_path(checkout: Checkout, view: str) -> Path:
    """Return the file of a view's history."""
    return style.snapshot_folder(checkout) / f"{view}_history.yml"


def view_sql(view: NewView) -> str:
    """Return the SELECT over the spine."""
    alias = view.features[0].alias
    keys = list(view.on)
    columns = [*(f"spine.{key}" for key in keys), "spine.as_of"]
    picked = ",\n".join(f"        {column}" for column in [*columns, *_selected(view)])
    joined = "\n".join(
        f"            {'and ' if n else ''}spine.{key} = {alias}.{column}"
        for n, (key, column) in enumerate(view.on.items())
    )
    return f"""with {alias} as (

    select * from {{{{ ref('{view.source.name}') }}}}

),

final as (

    select
{picked}
    from {{{{ provender.spine('{view.entity.name}') }}}} as spine
    left join {alias}
        on
{joined}
            and {{{{ provender.known_at('{alias}', 'spine.as_of') }}}}
            and {{{{ provender.in_window('{alias}.occurred_at', '{view.window}', 'spine.as_of') }}}}
    group by {", ".join(columns)}

)

select * from final
"""


def _selected(view: NewView) -> list[str]:
    return [f"{feature.sql} as {feature.name}" for feature in view.features]


def _yaml(checkout: Checkout, view: NewView, subject: Subject, tests: Generated) -> str:
    config = [
        f"      group: {view.group}",
        f"      tags: {flow_list([view.cadence])}",
        *style.config_lines(view.config, "      "),
        "      contract: {enforced: true}",
        "      meta:",
        "        feature_view:",
        f"          entity: {view.entity.name}",
        *style.config_lines(view.policies, "          "),
    ]
    columns = [_key_column(view, key, type_) for key, type_ in checkout.keys(view.entity).items()]
    columns.append(AS_OF_COLUMN)
    columns += [feature_column(feature) for feature in view.features]
    lines = ["models:", f"  - name: {view.name}", described(view.description, 4), "    config:"]
    lines += [*config, "    columns:", *(indented(column, 6) for column in columns)]
    written_tests = "\n".join(as_yaml(subject, test) for test in tests.tests)
    if written_tests:
        lines += ["", "unit_tests:", indented(written_tests, 2)]
    return "\n".join(lines) + "\n"


AS_OF_COLUMN = """- name: as_of
  data_type: timestamp
  description: The moment the features speak of, UTC.
  data_tests: [not_null]"""


def _key_column(view: NewView, key: str, type_: str) -> str:
    tests = ["not_null", "unique"] if len(view.on) == 1 else ["not_null"]
    words = view.entity.described(key) or f"Key of {view.entity.name}."
    lines = [f"- name: {key}", f"  data_type: {type_}", described(words, 2)]
    return "\n".join([*lines, f"  data_tests: {flow_list(tests)}"])


def feature_column(feature: Written) -> str:
    """Return a feature as an item of `columns`."""
    declared = flow({"default": feature.default})
    return "\n".join(
        [
            f"- name: {feature.name}",
            f"  data_type: {feature.type}",
            described(feature.description, 2),
            f"  config: {{meta: {{feature: {declared}}}}}",
        ]
    )


def told_nulls(features: Sequence[Written]) -> list[str]:
    """Return what there is to know of features that are null where nothing happened."""
    return [
        f"{feature.name} is null where nothing happened. More than 5 % nulls in a run are an alert:"
        " where they are to be expected, declare `max_null_ratio` beside its default."
        for feature in features
        if feature.default is None
    ]


def told_policies(declared: Mapping[str, Any], given: Mapping[str, str | None]) -> list[str]:
    """Return which times a view was given that nobody named."""
    chosen = [f"{key}: {declared[key]}" for key in TIMES if declared.get(key) != given.get(key)]
    if not chosen:
        return []
    return [f"{', '.join(chosen)}: chosen to suit the cadence. See what the model can bear."]


def _history(checkout: Checkout, view: NewView) -> str:
    words = (
        f"What each run computed for {view.name}. A row is valid on [valid_from, valid_to), by the"
        " runs' as_of."
    )
    config = style.shared_config(checkout, "snapshots", checkout.histories, style.SNAPSHOT_OWN)
    keys = flow_list(list(view.on))
    lines = [
        "snapshots:",
        f"  - name: {view.name}_history",
        described(words, 4),
        f"    relation: ref('{view.name}')",
        "    config:",
        f"      unique_key: {keys}",
        f"      tags: {flow_list([view.cadence])}",
        *style.config_lines(config, "      "),
        "    data_tests:",
        "      - provender.history_intervals:",
        "          arguments:",
        f"            keys: {keys}",
    ]
    return "\n".join(lines) + "\n"


def joined_on(
    checkout: Checkout, entity: Node, source: Node, given: Sequence[str]
) -> dict[str, str]:
    """Return the column of a model for each key of an entity, of that name or as `KEY=COLUMN` says.

    Raise BadInput where a key has none.
    """
    said = dict(_pair(text) for text in given)
    keys = checkout.keys(entity)
    unknown = [key for key in said if key not in keys]
    if unknown:
        raise BadInput(
            f"--on {unknown[0]}: {entity.name!r} has no such key. It has: {', '.join(keys)}."
        )
    found = {key: said.get(key, key) for key in keys}
    for key, column in found.items():
        if column not in source.columns:
            others = [name for name in source.columns if name not in VERSION_TIMES]
            raise BadInput(
                f"{source.name} declares no column {column!r} for the key {key!r} of"
                f" {entity.name}. Say which it is: --on {key}=COLUMN. It has: {', '.join(others)}."
            )
    return found


def _pair(text: str) -> tuple[str, str]:
    key, equals, column = text.partition("=")
    if not (key and equals and column):
        raise BadInput(f"--on {text!r} is not KEY=COLUMN, like customer_id=payer_id.")
    return key, column


def policies(
    checkout: Checkout, folder: Path, cadence: str, given: Mapping[str, str | None]
) -> dict[str, Any]:
    """Return what a view has to declare itself: what no folder default does, and what was given.

    Times are those of the project's other views of that cadence, else those that fit it.
    """
    defaults = _folder_defaults(checkout, folder)
    alike = [v.meta["feature_view"] for v in checkout.views if cadence in v.tags]
    fitting = {**_BY_CADENCE.get(cadence, _BY_CADENCE["hourly"]), **(alike[0] if alike else {})}
    fitting |= {"otherwise": "default", "backfill": "recompute"}
    found = {}
    for key in _POLICIES:
        if given.get(key) is not None:
            found[key] = given[key]
        elif key not in defaults and key in fitting:
            found[key] = fitting[key]
    return found


def declares(checkout: Checkout, folder: Path, key: str) -> bool:
    """Return whether a folder default declares a policy for the views of this folder."""
    return key in _folder_defaults(checkout, folder)


def _folder_defaults(checkout: Checkout, folder: Path) -> dict[str, Any]:
    block = (checkout.settings.get("vars") or {}).get("provender") or {}
    found: dict[str, Any] = {}
    if block.get("project", checkout.package) == checkout.package:
        for prefix, declared in (block.get("feature_view_defaults") or {}).items():
            if folder.is_relative_to(Path(str(prefix).strip("/"))):
                found |= declared
    return found


_BY_CADENCE = {
    "minutes": {"freshness_sla": "30m", "ttl": "1h", "lag": "2m"},
    "hourly": {"freshness_sla": "90m", "ttl": "4h", "lag": "5m"},
    "nightly": {"freshness_sla": "25h", "ttl": "48h", "lag": "30m"},
}
