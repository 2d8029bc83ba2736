"""The worlds have teeth: each of these faults in the macros is caught by a few of them."""

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from checking import DisagreementError, check
from compiled import END, Compiled
from making import make_world
from store import Store
from support import DbtProject

pytestmark = pytest.mark.xdist_group("time")
WORLDS = 300
TESTED = [
    *(
        f"models/{folder}"
        for folder in ("staging", "entities", "features", "training", "decisions")
    ),
    *("run_availability", "definitions"),
]


@dataclass(frozen=True)
class Fault:
    """Text in a file of the project that stands there once, and what takes its place."""

    file: str
    text: str
    instead: str = ""


KNOWN_AT = "macros/time/known_at.sql"
HISTORY = "macros/point_in_time/_from_history.sql"
BACKFILL = "macros/point_in_time/_from_backfill.sql"
POLICIES = "macros/point_in_time/_policies.sql"
SPINE = "macros/point_in_time/_spine_ctes.sql"
AVAILABILITY = "models/registry/run_availability.sql"

FAULTS = {
    "an event counts only after its moment": Fault(
        KNOWN_AT, "{{ row }}.occurred_at <= {{ at }}", "{{ row }}.occurred_at < {{ at }}"
    ),
    "known_from dropped": Fault(KNOWN_AT, "and {{ row }}.known_from <= {{ at }}"),
    "known_until dropped": Fault(
        KNOWN_AT, "and ({{ row }}.known_until is null or {{ row }}.known_until > {{ at }})"
    ),
    "a replaced version stands a moment too long": Fault(
        KNOWN_AT, "{{ row }}.known_until > {{ at }}", "{{ row }}.known_until >= {{ at }}"
    ),
    "a window keeps its lower edge": Fault(
        "macros/time/in_window.sql", "{{ column }} > {{ at }} -", "{{ column }} >= {{ at }} -"
    ),
    "deliveries at one moment in any order": Fault(
        "macros/time/event_versions.sql",
        "order by loaded_at, {{ content | join(', ') }}",
        "order by loaded_at",
    ),
    "entity life ignored": Fault(
        "macros/spine/spine.sql",
        "where live_from <= {{ as_of }} and (live_until is null or live_until > {{ as_of }})",
        "where live_from <= {{ as_of }}",
    ),
    "entity life ignored by recompute": Fault(
        "macros/point_in_time/_from_recompute.sql",
        "and (life.live_until is null or life.live_until > asked.as_of)",
    ),
    "an event's spine sees the event": Fault(
        "macros/spine/events_spine.sql",
        "{% if not including_self %} - interval '1 microsecond'{% endif %}",
    ),
    "ttl dropped": Fault(HISTORY, " and ' ~ view.t ~ ' <= ' ~ run ~ '.expires_at'})", "'})"),
    "max_age ignored": Fault(
        POLICIES,
        "'least(' ~ ttl ~ ', ' ~ provender._seconds(view.max_age) ~ ')' if view.max_age else ttl",
        "ttl",
    ),
    "defaults skipped": Fault(
        POLICIES, "feature.default if view.policies.otherwise == 'default' else none", "none"
    ),
    "tombstones ignored": Fault(
        HISTORY, "and ({{ row }}.valid_to is null or {{ row }}.valid_to > {{ run }}.as_of)"
    ),
    "run log ignored: the state of today": Fault(
        HISTORY,
        """{{ row }}.valid_from <= {{ run }}.as_of
            and ({{ row }}.valid_to is null or {{ row }}.valid_to > {{ run }}.as_of)""",
        "{{ row }}.valid_to is null",
    ),
    "push log ignored": Fault(
        HISTORY,
        "case when runs.first_pushed_at <= (select known_until from horizon)"
        " then 'push' else 'run' end",
        "'run'",
    ),
    "pushes of any store": Fault(AVAILABILITY, "and namespace = '{{ provender._namespace() }}'"),
    "pushes at one moment in any order": Fault(
        AVAILABILITY,
        "order by available_from, pushed_ms, pushed_number, as_of",
        "order by available_from",
    ),
    "runs whose history was cut": Fault(
        AVAILABILITY, "and (cuts.kept_from is null or cuts.kept_from <= runs.as_of)"
    ),
    "backfill readable at once": Fault(
        BACKFILL, "as_of + {{ lag }} as available_from", "as_of as available_from"
    ),
    "horizon ignored": Fault(
        SPINE, "cast({{ as_of }} as timestamp) > (select known_until from horizon)", "false"
    ),
    "spine deduplicated": Fault(
        SPINE, "select * from /* provender:tr", "select distinct * from /* provender:tr"
    ),
    "one name for two columns": Fault(
        "macros/point_in_time/_labels.sql",
        "view.name ~ '__' ~ each.feature if is_taken else each.name",
        "each.name",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_the_macros_is_caught(
    built: DbtProject, name: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    store = Store(Compiled(faulty(built, FAULTS[name], tmp_path / "project")))
    for seed in range(WORLDS):
        try:
            check(store, make_world(random.Random(seed)))
        except DisagreementError:
            record_property("worlds", seed + 1)
            return
    pytest.fail(f"{WORLDS} worlds did not notice: {name}")


def faulty(built: DbtProject, fault: Fault, folder: Path) -> DbtProject:
    """Copy the built project, break it, compile it again."""
    shutil.copytree(built.folder, folder)
    shutil.rmtree(folder / "target/compiled")
    project = DbtProject.__new__(DbtProject)
    project.folder, project.database = folder, folder / built.database.name
    project.edit(fault.file, fault.text, fault.instead)
    run = project.dbt("compile", "--select", *TESTED, as_of=END)
    assert run.code == 0, run.output
    return project
