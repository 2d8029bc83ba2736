"""`provender plan` and `provender diff` as one runs them: a build, a push, a change, a Redis."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis
import yaml
from compared_shop import AT, CUSTOMERS, PROJECT, orders
from redis_server import RedisServer
from support import REPO, DbtProject
from typer.testing import CliRunner, Result

from provender.keys import KeySpace
from provender_ops import cli
from provender_ops.catalog import Catalog
from provender_ops.plan.commands import _published
from provender_ops.plan.online import OnlineViews, behind
from provender_ops.plan.planned import Behind
from provender_ops.project import find_project

pytestmark = pytest.mark.xdist_group("plan")
Run = Callable[..., Result]
SERVICE = {
    "exposures": [
        {
            "name": "credit",
            "type": "ml",
            "owner": {"name": "Risk"},
            "depends_on": ["ref('spend')"],
            "config": {"meta": {"feature_service": {"latency_budget": "20ms"}}},
        }
    ]
}


@pytest.fixture(scope="module")
def store() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.remove()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, store: RedisServer) -> DbtProject:
    """Built and pushed once."""
    project = DbtProject(PROJECT, tmp_path_factory.mktemp("planned") / "shop")
    shutil.copytree(REPO / "analyses", project.folder / "analyses")
    macros = "macro-paths: [macros]"
    project.edit("dbt_project.yml", macros, f"{macros}\nanalysis-paths: [analyses]")
    (project.folder / "models/services.yml").write_text(yaml.safe_dump(SERVICE))
    project.write("shop.orders", orders())
    project.write("shop.switch", [{"test_fails": False, "history_fails": False}])
    built = project.build("--exclude", "resource_type:test", as_of=AT.isoformat())
    assert built.code == 0, built.output
    at = ("--now", f"{AT.isoformat()}Z", "--redis-url", store.url)
    pushed = CliRunner().invoke(cli.app, ["push-online", *at, *_in(project)])
    assert pushed.exit_code == 0, pushed.output
    return project


def _in(project: DbtProject) -> tuple[str, str]:
    return "--project-dir", str(project.folder)


@pytest.fixture
def run(shop: DbtProject, store: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("PROVENDER_REDIS_URL", store.url)

    def invoke(*arguments: str) -> Result:
        result = CliRunner().invoke(cli.app, [*arguments, *_in(shop)], prog_name="provender")
        assert result.exception is None or isinstance(result.exception, SystemExit)
        assert "Traceback" not in result.output
        return result

    return invoke


@pytest.fixture
def shorter(shop: DbtProject) -> Iterator[None]:
    """The checkout counts six days instead of seven."""
    windows = "'7d', 'spine.as_of'", "'6d', 'spine.as_of'"
    shop.edit("models/spend.sql", *windows)
    yield
    shop.edit("models/spend.sql", *reversed(windows))


def test_what_was_built_and_pushed_changes_nothing(run: Run) -> None:
    result = run("plan")
    assert result.exit_code == 0, result.output
    assert "This checkout changes nothing of what dev published." in result.stdout
    assert "Online is what was published." in result.stdout


def test_a_change_is_refused_and_its_reach_is_counted(run: Run, shorter: None) -> None:
    result = run("plan", "--json")

    assert result.exit_code == 1, result.output
    told = json.loads(result.stdout)
    (change,) = told["changes"]
    assert (change["subject"], change["kind"]) == ("spend@1", "computed differently")
    assert change["causes"] == ["spend@1 was edited"]
    assert change["features"] == ["spend@1.orders_7d", "spend@1.spend_7d"]
    assert change["services"] == ["credit"]
    assert change["must_approve"] == ["shop", "Risk"]
    assert change["online_keys"] == len(CUSTOMERS) + 1
    assert (told["refused"], told["behind"]) == (True, [])


def test_diff_shows_how_far_it_moves(run: Run, shorter: None) -> None:
    """As of the view's last run, in the file that dbt wrote, which stands as it was."""
    result = run("diff", "spend", "--examples", "1")

    assert result.exit_code == 1, result.output
    assert "spend@1 as dev published it and spend@1 as here: 41 rows compared" in result.stdout
    assert "as of 2026-03-02 08:00:00" in result.stdout
    assert "24.39 % (10)" in result.stdout
    assert "orders_7d: customer_id=c00 at 2026-03-02 08:00:00: 2 → 1" in result.stdout


def test_a_run_that_is_not_online_yet_is_told(
    shop: DbtProject, store: RedisServer, redis_client: redis.Redis
) -> None:
    project = find_project(shop.folder)
    with Catalog.open(project.catalog) as catalog:
        runs = catalog.last_runs()
    keys = KeySpace("provender.dev")
    with store.client() as client:
        online = OnlineViews.read(client, keys, ["spend@1", "visits@1"])
    newer = {ref: replace(run, fingerprint="another") for ref, run in runs.items()}
    spend = {ref: run for ref, run in runs.items() if ref[0] == "spend"}
    without = OnlineViews({"spend@1": online.records["spend@1"]}, frozenset())
    retired = replace(without, retired=frozenset({"visits@1"}))

    assert behind(online, runs) == ()
    assert [each.label for each in behind(online, newer)] == ["spend@1", "visits@1"]
    assert "another definition" in behind(online, newer)[0].how
    assert behind(online, spend) == (
        Behind("visits@1", "online, and not published: `provender retire visits@1`"),
    )
    assert [each.how for each in behind(without, runs)] == [
        "not online: `push-online` brings it there"
    ]
    assert behind(retired, runs) == ()


def test_what_is_online_is_compared_where_it_is_asked_for(
    shop: DbtProject, store: RedisServer
) -> None:
    project = find_project(shop.folder)
    published = _published(project, False, store.url, None)
    online = _published(project, True, store.url, None)

    assert online.called == "what is online as provender.dev"
    assert online.state.views.keys() == published.state.views.keys()
    assert online.state.models == published.state.models
    assert online.rows == published.rows == {"spend@1": 41, "visits@1": 41}


def test_without_redis_what_is_online_is_unknown(
    shop: DbtProject, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = find_project(shop.folder)
    gone = _published(project, False, f"unix://{tmp_path}/none.sock", None)
    assert (gone.rows, gone.behind) == (None, None)
    assert "What is online is not known." in capsys.readouterr().err
    assert _published(project, False, None, None).rows is None


def test_what_cannot_run_says_so_with_2(run: Run, shop: DbtProject, tmp_path: Path) -> None:
    for arguments, parts in (
        (("plan", "--state", str(tmp_path), "--against", "dev"), ("Give one",)),
        (("plan", "--state", str(tmp_path)), ("manifest.json does not exist", "dbt compile")),
        (("plan", "--against", "prod"), ("No build yet for target 'prod'", "dev")),
        (("plan", "--vars", "nothing"), ("--vars", "mapping")),
        (("plan", "--now", "soon"), ("--now 'soon' is not a time",)),
        (("diff", "spend", "--state", str(tmp_path)), ("manifest.json does not exist",)),
        (("diff", "spend", "visits", "--against", "dev"), ("Give one",)),
        (("diff", "spent"), ("no view 'spent'", "Did you mean 'spend'?")),
        (("diff", "spend@x"), ("'spend@x' is not a view",)),
        (("diff", "spend", "--as-of", "soon"), ("--as-of 'soon' is not a time",)),
        (("diff", "spend", "--target", "prod"), ("prod",)),
    ):
        result = run(*arguments)
        assert (result.exit_code, result.stdout) == (2, ""), arguments
        for part in parts:
            assert part in result.stderr, arguments
