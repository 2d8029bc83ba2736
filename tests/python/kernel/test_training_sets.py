"""A training set says what it was built from, can be built again, and refuses what it cannot know.

One store, trained at noon; then the world goes on, and it is trained again as it was at noon.
"""

import json
import shutil
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import md5
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support import REPO, DbtProject, DbtRun, Row
from typer.testing import CliRunner

from provender_ops.cli import app

DAY = datetime(2026, 3, 2)
PROJECT = Path(__file__).parent / "project"
TRAINING = """
{{% set spine = ref('{spine}') %}}
select * from {{{{ provender.point_in_time_join(
    spine=spine, views=['spend', 'visits'], keys={{'customer_id': 'who'}}
) }}}} as training
"""
MODELS = {
    "labels": "select * from {{ provender.events_spine(source('shop', 'labels'),"
    " at='asked_at', known_from='label_known_from', including_self=true) }} as labels",
    "late_labels": "select 'c1' as who, timestamp '2026-03-02 13:45:00' as as_of",
    "training": TRAINING.format(spine="labels"),
    "too_late": TRAINING.format(spine="late_labels"),
    "periodic": "select * from {{ provender.periodic_spine('customer',"
    " start='2026-03-02T07:00:00Z', end='2026-03-02T10:30:00Z', step='30m') }} as spine",
    "decided": "select * from {{ provender.decisions_spine('offers') }} as spine",
    "decided_on_spend": "select * from {{ provender.decisions_spine('offers', view='spend') }}"
    " as spine",
    "tenth": "select * from {{ provender.sampled_spine(ref('many'), by=['n'], share=0.1) }} as s",
    "third": "select * from {{ provender.sampled_spine(ref('many'), by=['n'], share=0.3) }} as s",
    "many": "select unnest(range(10000)) as n",
}
SERVICE = """
exposures:
  - name: offers
    type: ml
    owner: {name: Shop}
    depends_on: [ref('spend')]
    config: {meta: {feature_service: {latency_budget: 20ms}}}
"""


def at(hour: int, minute: int = 0) -> datetime:
    return DAY + timedelta(hours=hour, minutes=minute)


LABELS = [
    (0, "c1", at(8, 30), at(9)),
    (1, "c1", at(10, 15), at(11)),
    (2, "c1", at(10, 15), at(11)),
    (3, "c2", at(11), at(11, 30)),
    (4, None, at(11), at(11, 30)),
    (5, "c2", at(10, 20), at(12, 30)),  # nobody knew it at noon
]
ORDERS = [("1", "c1", "10.50", at(7)), ("2", "c2", "3.00", at(7)), ("3", "c1", "4.25", at(9, 30))]


@dataclass
class Story:
    """The project, and each build's record and rows."""

    project: DbtProject
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    runs: dict[str, DbtRun] = field(default_factory=dict)

    def train(self, name: str, *models: str, **variables: object) -> None:
        run = self.project.dbt("run", "--select", *(models or ("labels", "training")), **variables)
        self.runs[name] = run
        newest = "select * from training_sets where training_set = 'training'"
        record = f"{newest} order by built_at desc, invocation_id limit 1"
        with duckdb.connect(self.project.database, read_only=True) as store:
            cursor = store.execute(record)
            names = [column[0] for column in cursor.description or ()]
            values = cursor.fetchone()
            assert values is not None, run.output
            self.records[name] = dict(zip(names, values, strict=True))
            self.rows[name] = store.execute("from training order by all").fetchall()


def write_orders(project: DbtProject, *more: tuple[str, str, str, datetime]) -> None:
    """Write orders; each became known an hour after it was made, the first ones at once."""
    project.write(
        "shop.orders",
        [
            {
                "order_id": order_id,
                "customer_id": who,
                "amount": Decimal(amount),
                "occurred_at": known if known < at(12) else known - timedelta(hours=4),
                "loaded_at": known,
            }
            for order_id, who, amount, known in (*ORDERS, *more)
        ],
    )


def land(project: DbtProject, name: str, until: datetime, *pushes: Row) -> None:
    """Land pushes (view, run, readable at), and say how far the log has landed."""
    landing = project.folder / "landing/dev"
    (landing / "landed").mkdir(parents=True, exist_ok=True)
    duckdb.sql(
        "select 'push_log' as log, 'provender.dev' as namespace,"
        f" timestamp '{until}' as landed_until"
    ).write_parquet(str(landing / "landed/push_log__provender.dev.parquet"))
    if pushes:
        (landing / "push_log").mkdir(exist_ok=True)
        rows = ", ".join(
            f"('{readable:%s}{n}-0', 'provender.dev', 'provender', 'dev', '{view}', 1, 'f',"
            f" timestamp '{run}', 1, timestamp '{readable}', 'full', 1, 0)"
            for n, (view, run, readable) in enumerate(pushes)
        )
        columns = "stream_id, namespace, project, target, view, version, fingerprint, run_as_of,"
        columns += " generation, readable_at, mode, rows, tombstones"
        duckdb.sql(f"select * from (values {rows}) as pushed({columns})").write_parquet(
            str(landing / f"push_log/{name}.parquet")
        )


def land_decision(project: DbtProject) -> None:
    folder = project.folder / "landing/dev/decision_log"
    folder.mkdir(parents=True)
    served = "{'view': 'spend', 'version': 1, 'as_of': timestamp '2026-03-02 10:00', 'status': 'ok'"
    served += ", 'fingerprint': 'f', 'generation': 1, 'age_us': 300000000, 'cached': false"
    served += ", 'names': ['orders_7d'], 'features': ['orders_7d'], 'types': ['integer']"
    served += ", 'values': ['2'], 'statuses': ['ok'], 'is_default': [false], 'hashed': false}"
    decision = {
        **{"stream_id": "'1-0'", "decision_id": "'d1'", "service": "'offers'"},
        **{"model_version": "'m1'", "decided_at": f"timestamp '{at(10, 5)}'"},
        **{"read_at": f"timestamp '{at(10, 5)}'", "namespace": "'provender.dev'"},
        **{"writer": "'w'", "number": "1", "refused": "0", "read_us": "150", "waited_for": "null"},
        **{"keys": """'{"customer_id": "c1"}'""", "request": "null", "decision": "'{}'"},
        **{"outside": "null", "views": f"[{served}]", "landed_at": f"timestamp '{at(11)}'"},
        "mac": "null",
    }
    columns = ", ".join(f"{value} as {name}" for name, value in decision.items())
    duckdb.sql(f"select {columns}").write_parquet(str(folder / "one.parquet"))


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    project = DbtProject(PROJECT, tmp_path_factory.mktemp("training") / "project")
    shutil.copytree(REPO / "models/decisions", project.folder / "models/decisions")
    for name, sql in MODELS.items():
        (project.folder / f"models/{name}.sql").write_text(sql)
    (project.folder / "models/exposures.yml").write_text(SERVICE)
    (project.folder / "models/published.yml").write_text(
        "models: [{name: training, config: {meta: {publish: true}}}]"
    )
    project.edit(
        "models/_sources.yml", "      - name: switch", "      - name: labels\n      - name: switch"
    )
    project.write("shop.switch", [{"test_fails": False, "history_fails": False}])
    project.write(
        "shop.labels",
        [
            dict(zip(("n", "who", "asked_at", "label_known_from"), row, strict=True))
            for row in LABELS
        ],
    )
    write_orders(project)
    story = Story(project)
    store = ["tag:minutes", "tag:nightly", "customer", "stg_orders", "path:models/registry"]
    for hour in (8, 10):
        run = project.build("--select", *store, as_of=at(hour).isoformat())
        assert run.code == 0, run.output
    land(project, "a", at(11, 30), ("spend", at(8), at(8, 2)), ("spend", at(10), at(10, 2)))
    land_decision(project)
    spines = ("periodic", "decided", "decided_on_spend", "tenth", "third", "many")
    models = ("labels", "training", *spines, "path:models/decisions")
    story.train("noon", *models, as_of=at(12).isoformat())
    assert story.runs["noon"].code == 0, story.runs["noon"].output

    write_orders(project, ("4", "c1", "100.00", at(12, 30)))  # made at 08:30, known at 12:30
    run = project.build("--select", *store, as_of=at(13).isoformat())
    assert run.code == 0, run.output
    pushes = [
        ("visits", at(13), at(13, 1)),
        ("spend", at(8), at(11, 45)),
        ("spend", at(13), at(13)),
    ]
    land(project, "b", at(13, 30), *pushes)
    later = ("labels", "training", "late_labels", "too_late")
    story.train("afternoon", *later, as_of=at(14).isoformat())
    pinned = project.dbt(
        "run", "--select", "labels", "training", "--vars", story.records["noon"]["rebuild_vars"]
    )
    assert pinned.code == 0, pinned.output
    return story


def test_what_a_training_set_was_built_from_is_recorded(story: Story) -> None:
    noon = story.records["noon"]
    assert noon["as_of"] == at(12)
    assert noon["pushes_landed_until"] == at(11, 30)
    assert noon["row_count"] == 5  # the label that nobody knew is not in it
    options = json.loads(noon["options"])
    assert [view["view"] for view in options["views"]] == ["spend", "visits"]
    defined = story.project.query(
        "select fingerprint from main_provender.definition_log"
        " where unique_id = 'model.provender.labels'"
    )
    assert defined == [(noon["spine_fingerprint"],)]
    assert story.records["afternoon"]["fingerprint"] == noon["fingerprint"]
    assert story.records["afternoon"]["spine_hash"] != noon["spine_hash"]


def test_shares_and_definitions_are_recorded_per_view(story: Story) -> None:
    noon = story.records["noon"]["invocation_id"]
    rows = story.project.query(
        "select view, row_count, share_ok, share_stale, share_missing, share_expired, first_run,"
        f" last_run, fingerprints from training_set_views where invocation_id = '{noon}'"
        " order by view"
    )
    fingerprints = dict(
        story.project.query("select view, any_value(fingerprint) from runs group by 1")
    )
    assert rows == [
        ("spend", 5, 0.6, 0.2, 0.2, 0.0, at(8), at(10), fingerprints["spend"]),
        ("visits", 5, 0.8, 0.0, 0.2, 0.0, at(8), at(10), fingerprints["visits"]),
    ]


def test_built_again_it_has_the_same_content(story: Story) -> None:
    """After a later run, a rollback, the first push of a view, late data and a new label."""
    builds = story.project.query(
        "select content_hash, spine_hash, row_count from training_sets"
        " where training_set = 'training' order by built_at"
    )
    by_content = Counter(builds)
    noon = story.records["noon"]
    assert by_content[(noon["content_hash"], noon["spine_hash"], 5)] == 2
    assert len(by_content) == 2  # in the afternoon it was another
    assert story.project.query("from training order by all") == story.rows["noon"]
    assert story.rows["afternoon"] != story.rows["noon"]


def test_a_row_later_than_the_landed_push_log_is_refused(story: Story) -> None:
    run = story.runs["afternoon"]
    assert run.status["training"] == "success"
    assert run.status["too_late"] == "error"
    said = run.message["too_late"]
    assert "the spine asks for 2026-03-02 13:45:00" in said
    assert "known until 2026-03-02 13:30:00" in said
    assert "provender land-push-log" in said


def test_a_periodic_spine_has_each_entity_while_it_lives(story: Story) -> None:
    rows = story.project.query("select customer_id, as_of from periodic order by all")
    known = at(7, 1)  # loaded at 07:00, settled a minute later
    grid = [at(7) + n * timedelta(minutes=30) for n in range(7)]
    assert rows == [(who, slot) for who in ("c1", "c2") for slot in grid if slot >= known]


def test_a_decision_spine_is_at_the_reading_or_at_the_served_moment(story: Story) -> None:
    columns = "decision_id, customer_id, model_version, decided_at, as_of"
    asked = story.project.query(f"select {columns} from decided")
    assert asked == [("d1", "c1", "m1", at(10, 5), at(10, 5))]
    served = story.project.query(f"select {columns} from decided_on_spend")
    assert served == [("d1", "c1", "m1", at(10, 5), at(10))]


def test_a_sample_is_of_the_keys_and_always_the_same(story: Story) -> None:
    tenth = {n for (n,) in story.project.query("select n from tenth")}
    third = {n for (n,) in story.project.query("select n from third")}
    assert tenth < third
    assert 900 < len(tenth) < 1100
    assert 2850 < len(third) < 3150
    by_hash = {
        n for n in range(10000) if md5(f"{len(str(n))}:{n}".encode()).hexdigest() < "1999999a"
    }
    assert tenth == by_hash  # here and anywhere


def test_an_exported_set_says_what_it_is(story: Story, tmp_path: Path) -> None:
    file = tmp_path / "training.parquet"
    command = ["export", "training", "--project-dir", str(story.project.folder), "--to", str(file)]
    done = CliRunner().invoke(app, [*command, "--no-metadata"])
    assert done.exit_code == 0, done.output
    columns = [row[0] for row in duckdb.sql(f"describe from '{file}'").fetchall()]
    spine = ["n", "who", "asked_at", "label_known_from", "as_of"]
    assert columns == [*spine, "orders_7d", "spend_7d", "orders_ever"]
    note = duckdb.sql(f"select value from parquet_kv_metadata('{file}')").fetchall()[0][0]
    assert json.loads(note)["content_hash"] == story.records["noon"]["content_hash"]


@pytest.mark.parametrize(
    ("name", "to", "sentence"),
    [
        ("trainin", "x.parquet", "Did you mean 'training'?"),
        ("training", "nowhere/x.parquet", "is not a folder"),
        ("training", "", "training.parquet."),
    ],
)
def test_what_cannot_be_exported_is_said(story: Story, name: str, to: str, sentence: str) -> None:
    to = str(story.project.folder / to)
    command = ["export", name, "--project-dir", str(story.project.folder), "--to", to]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 2
    assert sentence in done.output


def test_history_is_cut_as_declared_and_says_so(story: Story) -> None:
    """Last in this file: it cuts the store that the others read."""
    project = story.project
    before = project.query("select count(*) from spend_history")
    kept = project.query("from visits_history order by all")
    project.edit("models/spend.yml", "ttl: 1h,", "ttl: 1h, retention: 3h,")
    vars_ = "{as_of: '2026-03-02 13:30:00', rehearsal: true}"
    done = project.dbt("run-operation", "provender.cut_history", "--vars", vars_)
    assert "spend@1: 1 rows cut, kept from 2026-03-02 10:30:00 on" in done.output, done.output
    assert project.query("select view, kept_from, rows_cut from main_provender.cut_log") == [
        ("spend", at(10, 30), 1)
    ]
    assert project.query("select count(*) from spend_history") == [(before[0][0] - 1,)]
    assert project.query("from visits_history order by all") == kept
    story.train("cut", "labels", "training", as_of=at(14).isoformat())
    statuses = project.query(
        "select distinct spend__status from training where as_of < '2026-03-02 11:40:00'"
    )
    assert statuses == [("not_computed",)]
