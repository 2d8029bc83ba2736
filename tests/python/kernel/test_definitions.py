"""A definition is the compiled SQL with a hole where the spine was; its hash is the fingerprint.

One project, built as it was, built after every kind of change, and built into another schema.
"""

import json
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support import DbtProject, DbtRun

DAY = datetime(2026, 3, 2)
BEFORE, AFTER, ELSEWHERE = "2026-03-02 08:00:00", "2026-03-02 09:00:00", "2026-03-02 10:00:00"

SQL = """{head}
with events as (
    select * from {{{{ ref('{staging}') }}}}
)

select
    spine.id,
    spine.as_of,
    cast(count(events.event) as integer) as {name}_count,
    cast(sum(events.amount * {weight}) as decimal(18, 2)) as {name}_sum
from {{{{ provender.spine('thing') }}}} as spine
left join events
    on spine.id = events.id
    and {{{{ provender.known_at('events', 'spine.as_of') }}}}
    and {{{{ provender.in_window('events.occurred_at', '{window}', 'spine.as_of') }}}}
group by spine.id, spine.as_of
"""
UPON = """
select
    spine.id,
    spine.as_of,
    other.by_sql_count as upon_count,
    cast(other.by_sql_sum + {{ weight() }} as decimal(18, 2)) as upon_sum
from {{ provender.spine('thing') }} as spine
left join {{ provender.features_of('by_sql') }} as other
    on spine.id = other.id and spine.as_of = other.as_of
"""
PLAIN = {"head": "", "staging": "stg_events", "weight": "1", "window": "3h"}
VIEWS: dict[str, dict[str, str]] = {
    "by_sql": {},
    "by_staging": {"staging": "stg_changing"},
    "by_var": {"staging": "stg_above_floor"},
    "by_macro": {"weight": "{{ weight() }}"},
    "by_policy": {},
    "by_default": {},
    "by_comment": {},
    "by_jinja_comment": {},
    "steady": {"staging": "stg_inlined"},
}

ELSEWHERE_TOO = ("by_staging", "by_var", "steady", "by_sql", "upon")


class Definitions:
    """The project, and what its log said after each of the three builds."""

    def __init__(self, folder: Path) -> None:
        self.project = DbtProject(Path(__file__).parent / "definitions", folder, registry=False)
        self._write_sources()
        for name in (*VIEWS, "upon"):
            self._write(f"snapshots/{name}.yml", _yaml("snapshots", _history(name)))
            self.view(name)
        self.before = self._built(self.project.build(as_of=BEFORE), "main")
        self.views_before = self.rows("main", *VIEWS, "upon")
        self._change()
        self.project.forked = False  # with a hash seed of its own
        self.after = self._built(self.project.build(as_of=AFTER, floor=2), "main")
        self.views_after = self.rows("main", *VIEWS, "upon")
        self.at_labels = self.project.query("select * from at_labels order by all")
        self.at_own_spine = self.project.query("select * from at_own_spine order by all")
        chosen = ["--target", "other", "--select", "thing", "staging", *ELSEWHERE_TOO]
        run = self.project.build(*chosen, as_of=ELSEWHERE, floor=2)
        self.elsewhere = self._built(run, "elsewhere")

    def view(self, name: str, *, ttl: str = "1h", default: int = 0, **changed: str) -> None:
        sql = (
            UPON
            if name == "upon"
            else SQL.format(**{**PLAIN, **VIEWS[name], "name": name, **changed})
        )
        self._write(f"models/views/{name}.sql", sql)
        self._write(f"models/views/{name}.yml", _yaml("models", _view(name, ttl, default)))

    def rows(self, schema: str, *views: str) -> dict[str, list[tuple[Any, ...]]]:
        return {view: self.project.query(f"from {schema}.{view} order by all") for view in views}

    def _change(self) -> None:
        self.view("by_sql", window="2h")
        self.view("by_policy", ttl="2h")
        self.view("by_default", default=7)
        self.view("by_comment", head="-- why this is so\n")
        self.view("by_jinja_comment", head="{# why this is so #}\n")
        self.project.edit("models/staging/stg_changing.sql", ">= 0", ">= 2")
        self.project.edit("own_macros/weight.sql", "1", "2")

    def _built(self, run: DbtRun, schema: str) -> dict[str, str]:
        """Fingerprint of each view, by the run log."""
        assert run.code == 0, run.output
        if schema == "elsewhere":  # views alone were built there
            sql = "select view, fingerprint from elsewhere_provender.definition_log where view > ''"
        else:
            sql = (
                "select view, arg_max(fingerprint, as_of) from main_provender.run_log group by view"
            )
        return dict(self.project.query(sql))

    def _write(self, path: str, text: str) -> None:
        file = self.project.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def _write_sources(self) -> None:
        things = [
            {"id": id_, "live_from": DAY + timedelta(hours=hour), "live_until": None}
            for id_, hour in (("a", 0), ("b", 5), ("c", 0), ("later", 20))
        ]
        events = [
            {
                "event": f"e{n}",
                "id": "abc"[n % 3],
                "amount": Decimal(n % 5),
                "occurred_at": DAY + timedelta(minutes=20 * n),
                "loaded_at": DAY + timedelta(minutes=20 * n + 7 * (n % 4)),
            }
            for n in range(30)
        ]
        labels = [
            {
                "subject": subject,
                "decided_at": datetime.fromisoformat(time) if time else None,
                "won": won,
            }
            for subject, time, won in (
                ("a", BEFORE, True),
                ("a", BEFORE, True),
                ("a", AFTER, False),
                ("b", BEFORE, None),
                ("nobody", BEFORE, True),
                (None, BEFORE, True),
                (None, BEFORE, True),
                ("c", None, False),
            )
        ]
        types = {"live_until": "timestamp"}
        self.project.write("lab.things", things, types)
        self.project.write("lab.events", events)
        self.project.write("lab.labels", labels)


def _yaml(kind: str, entry: dict[str, Any]) -> str:
    return json.dumps({kind: [entry]})  # JSON is YAML


def _history(name: str) -> dict[str, Any]:
    return {"name": f"{name}_history", "relation": f"ref('{name}')"}


def _view(name: str, ttl: str, default: int) -> dict[str, Any]:
    feature = {"meta": {"feature": {"default": default}}}
    return {
        "name": name,
        "config": {
            "group": "lab",
            "contract": {"enforced": True},
            "meta": {"feature_view": {"ttl": ttl}},
        },
        "columns": [
            {"name": "id", "data_type": "varchar"},
            {"name": "as_of", "data_type": "timestamp"},
            {"name": f"{name}_count", "data_type": "integer", "config": feature},
            {"name": f"{name}_sum", "data_type": "decimal(18,2)", "config": feature},
        ],
    }


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> Definitions:
    return Definitions(tmp_path_factory.mktemp("definitions") / "project")


@pytest.mark.parametrize(
    "view", ["by_sql", "by_staging", "by_macro", "by_var", "by_policy", "by_default"]
)
def test_a_change_of_meaning_changes_the_fingerprint(definitions: Definitions, view: str) -> None:
    """Of the SQL, a staging model, a macro, a var that staging uses, a policy, a default."""
    assert definitions.after[view] != definitions.before[view]


def test_a_change_of_a_view_is_a_change_of_the_views_built_on_it(definitions: Definitions) -> None:
    assert definitions.after["upon"] != definitions.before["upon"]


def test_a_rebuild_at_another_as_of_keeps_the_fingerprint(definitions: Definitions) -> None:
    assert definitions.after["steady"] == definitions.before["steady"]
    recorded = definitions.project.query(
        "select count(*) from main_provender.definition_log where view = 'steady'"
    )
    assert recorded == [(1,)]


def test_another_schema_keeps_the_fingerprint(definitions: Definitions) -> None:
    for view in ELSEWHERE_TOO:
        assert definitions.elsewhere[view] == definitions.after[view]


def test_a_comment_in_sql_is_part_of_the_definition_one_in_jinja_is_not(
    definitions: Definitions,
) -> None:
    """The hash is over the compiled text, where a SQL comment survives and a Jinja one does not."""
    assert definitions.after["by_comment"] != definitions.before["by_comment"]
    assert definitions.after["by_jinja_comment"] == definitions.before["by_jinja_comment"]


def test_views_of_the_same_sql_under_other_names_are_other_definitions(
    definitions: Definitions,
) -> None:
    assert len(set(definitions.before.values())) == len(definitions.before)


def test_a_stored_definition_knows_neither_its_run_nor_its_place(definitions: Definitions) -> None:
    stored = definitions.project.query(
        "select definition_sql from main_provender.definition_log where view is not null"
    )
    for (sql,) in stored:
        assert "2026" not in sql
        assert '"main"' not in sql
        assert "provender:spine" not in sql
        assert '"model.provender.stg_' in sql


def test_an_ephemeral_model_is_part_of_the_sql_that_reads_it(definitions: Definitions) -> None:
    """It has no relation to be replaced; a literal is left as it is."""
    ((sql,),) = definitions.project.query(
        "select definition_sql from main_provender.definition_log where view = 'steady'"
    )
    assert "event <> 'None'" in sql
    assert "model.provender.stg_inlined" not in sql


def test_features_of_is_the_view_itself_at_the_same_spine(definitions: Definitions) -> None:
    for views, weight in ((definitions.views_before, 1), (definitions.views_after, 2)):
        assert views["by_sql"]
        assert views["upon"] == [
            (id_, as_of, count, None if total is None else total + weight)
            for id_, as_of, count, total in views["by_sql"]
        ]


def test_features_at_its_own_spine_is_the_view_itself(definitions: Definitions) -> None:
    """For a view that is built on another; a view asked for by the name of a CTE."""
    assert definitions.at_own_spine == definitions.views_after["upon"]


def test_features_at_keeps_exactly_the_rows_of_its_spine(definitions: Definitions) -> None:
    """Duplicates, null keys, null times and unknown keys stay; other columns and key names too."""
    asked = definitions.project.query("from lab.labels")
    assert Counter(row[:3] for row in definitions.at_labels) == Counter(asked)


def test_features_at_a_past_moment_is_what_the_run_of_then_computed(
    definitions: Definitions,
) -> None:
    runs = definitions.views_before["steady"] + definitions.views_after["steady"]
    computed = {(id_, as_of): values for id_, as_of, *values in runs}
    assert len(computed) == len(runs)
    for subject, decided_at, _, *values in definitions.at_labels:
        if subject == "nobody":  # a key that never lived has no events
            assert values == [0, None]
        else:
            assert values == computed.get((subject, decided_at), [None, None])


def test_a_thing_that_joins_later_is_in_no_earlier_spine(definitions: Definitions) -> None:
    assert {row[0] for row in definitions.views_after["steady"]} == {"a", "b", "c"}
