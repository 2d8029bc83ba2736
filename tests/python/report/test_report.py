"""`provender report`: one file that shows what the tables hold, whatever these hold."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import page_text
import pytest
import shown_tables
from many_views import many_views
from page_text import Element
from published_catalog import PublishedProject, View, minute
from reported_shop import MARKUP, MONITORED_AT, ReportedShop, make_shop
from typer.testing import CliRunner, Result

from provender_ops import cli
from provender_ops.catalog import Catalog
from provender_ops.project import find_project
from provender_ops.report import commands
from provender_ops.report.distributions import read_distributions
from provender_ops.report.facts import gather_facts
from provender_ops.report.lineage import read_lineages
from provender_ops.report.svg import plain
from provender_ops.report.timeline import STEPS, Timeline

Run = Callable[..., Result]
CSS = Path(commands.__file__).parent / "page.css"


def reported(folder: Path, now: datetime, *options: str) -> Result:
    arguments = ["report", "--project-dir", str(folder), "--now", f"{now.isoformat()}Z", *options]
    result = CliRunner().invoke(cli.app, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


def page_of(folder: Path, now: datetime) -> tuple[str, Element]:
    result = reported(folder, now)
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{folder}/target/report.html\n"
    html = (folder / "target/report.html").read_text()
    return html, page_text.read(html)


# of a shop that was built


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> ReportedShop:
    return make_shop(tmp_path_factory.mktemp("report") / "shop", days=2)


@pytest.fixture(scope="module")
def html(shop: ReportedShop) -> str:
    return page_of(shop.project.folder, MONITORED_AT)[0]


@pytest.fixture(scope="module")
def page(html: str) -> Element:
    return page_text.read(html)


def test_the_page_shows_what_the_tables_hold(shop: ReportedShop, page: Element) -> None:
    shown_tables.check(page, shop.project)


def test_the_page_asks_nobody_and_runs_nothing(html: str, page: Element) -> None:
    for tag in ("script", "link", "img", "iframe", "object", "base", "form"):
        assert not list(page.all(tag)), tag
    for each in page.all():
        for name, value in each.attributes.items():
            assert not name.startswith("on"), each
            if name in ("href", "src", "xlink:href", "action"):
                assert (value or "").startswith("#"), each
    assert "://" not in html
    assert "@import" not in html
    assert set(re.findall(r"url\(.", html)) <= {"url(#"}
    assert "default-src 'none'" in html


def test_what_a_value_or_a_description_holds_is_shown_and_is_not_html(page: Element) -> None:
    (contract,) = page.all("details", data_contract="profile@1")
    assert f"Who a customer is. {MARKUP}" in contract.text
    assert f"How long we know them. {MARKUP}" in contract.text
    labels = [text.text for svg in page.all("svg") for text in svg.all("text")]
    assert plain(MARKUP, 17) in labels


def test_names_are_there_once_and_what_refers_to_one_finds_it(html: str, page: Element) -> None:
    names = [each.attributes["id"] for each in page.all() if "id" in each.attributes]
    assert len(names) == len(set(names))
    referred = set(re.findall(r'(?:url\(|href="|labelledby=")#?([\w-]+)', html))
    assert referred <= set(names)


def test_a_chart_takes_its_colours_from_the_page_and_says_what_it_is(page: Element) -> None:
    drawn = list(page.all("svg"))
    said = [str(svg.attributes["aria-label"]) for svg in drawn]
    for view in ("spend@1", "profile@1", "visits@1"):
        assert f"Age of {view} over time, beside its SLA and ttl" in said
    for feature in ("orders_7d", "spend_7d", "segment", "score"):
        assert f"Values of {feature}: trained on, and served now" in said
    assert {svg.attributes["role"] for svg in drawn} == {"img"}
    for svg in drawn:
        held = " ".join(str(value) for each in svg.all() for value in each.attributes.values())
        assert not re.search(r"#[0-9a-fA-F]{6}", held)
        assert "var(--" in held
    for title in ("figcaption", "caption", "summary"):
        assert all(each.text for each in page.all(title))


def test_values_are_counted_as_they_are_in_the_log_and_in_the_training_set(
    shop: ReportedShop,
) -> None:
    with Catalog.open(shop.project.catalog) as catalog:
        found = {
            each.drift["feature"]: each
            for each in read_distributions(catalog, catalog.rows("from drift"))
        }
    segment = found["segment"]
    trained = dict(
        shop.project.published(
            "select segment, count(*) from credit_training where segment is not null group by all"
        )
    )
    total = sum(trained.values())
    assert dict(zip(segment.labels, segment.trained, strict=True)) == pytest.approx(
        {value: count / total for value, count in trained.items()}
    )
    scores = [
        float(value)
        for (value,) in shop.project.published(
            "select value from decision_features where name = 'score'"
        )
    ]
    edges = found["score"].edges
    held = [0] * (len(edges) - 1)
    for score in scores:
        place = sum(score >= edge for edge in edges[1:-1])
        held[place] += 1
    assert found["score"].served == pytest.approx([count / len(scores) for count in held])


def test_values_that_are_not_logged_are_not_drawn(shop: ReportedShop) -> None:
    """The training set has them, and the page has no business to show them."""
    with Catalog.open(shop.project.catalog) as catalog:
        catalog.rows(
            "create temp view feature_views as select * replace (view <> 'profile' as log_values)"
            " from catalog.main.feature_views"
        )
        found = read_distributions(catalog, catalog.rows("from drift"))
    assert {each.drift["feature"] for each in found} == {"orders_7d", "spend_7d"}


def test_ages_over_time_are_those_of_the_run_that_readers_got(shop: ReportedShop) -> None:
    facts = gather_facts(find_project(shop.project.folder), MONITORED_AT)
    line = next(each for each in facts.timelines if each.view == "spend")
    changes = [(run + timedelta(minutes=2), run) for run in shop.runs]
    check_ages(line, changes, MONITORED_AT)
    assert line.within_sla == pytest.approx(2 * 28 / (28 * 60 - 2), rel=1e-6)


def check_ages(line: Timeline, changes: list[tuple[datetime, datetime]], now: datetime) -> None:
    """Fail where a step's worst age is not that at its end, or just before a change in it."""
    assert len(line.points) == STEPS
    starts = [changes[0][0], *(at for at, _ in line.points)]
    for started, (ended, worst) in zip(starts, line.points, strict=False):
        moments = [ended, *(at for at, _ in changes if started < at < ended)]
        ages = []
        for moment in moments:
            run = next((run for at, run in reversed(changes) if at < moment), None)
            if run:
                ages.append((moment - run).total_seconds())
        assert worst == pytest.approx(max(ages), abs=1e-3)
    assert line.points[-1][0] == now


def test_what_is_built_on_what_starts_at_sources_and_ends_at_the_service(
    shop: ReportedShop,
) -> None:
    with Catalog.open(shop.project.catalog) as catalog:
        credit, visits = read_lineages(catalog)
    assert [(node.name, node.kind, node.layer) for node in credit.nodes] == [
        ("shop.orders", "source", 0),
        ("stg_orders", "model", 1),
        ("customer", "model", 2),
        ("profile@1", "view", 3),
        ("spend@1", "view", 3),
        ("credit", "service", 4),
    ]
    assert visits.name == "visits@1"  # no service reads it, and it is shown all the same


# of what is not there, and of much


@pytest.fixture
def run(project: PublishedProject, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(project.root)
    return lambda *options: reported(project.root, minute(3), *options)


def test_before_the_first_build_it_says_so(project: PublishedProject, run: Run) -> None:
    result = run()
    assert (result.exit_code, result.stdout) == (2, "")
    assert "No build yet" in result.stderr
    assert not (project.root / "target").exists()


def test_a_folder_that_is_not_there_is_a_sentence(
    activity: View, project: PublishedProject, run: Run
) -> None:
    project.build(activity, minute(1), {1: (1, "a")})
    result = run("--to", "nowhere/page.html")
    assert result.exit_code == 2
    assert "nowhere is not a folder" in result.stderr


def test_without_matplotlib_it_says_what_to_install(
    project: PublishedProject, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "find_spec", lambda _: None)
    result = run()
    assert result.exit_code == 2
    assert "pip install 'provender[report]'" in result.stderr


def test_the_other_commands_do_not_load_matplotlib() -> None:
    asked = "import sys, provender_ops.cli; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0


def test_one_view_and_no_monitor(activity: View, project: PublishedProject) -> None:
    """Each section says what is not there yet, and what brings it."""
    project.build(activity, minute(1), {1: (1, "a")})
    _, page = page_of(project.root, minute(3))
    said = {
        str(section.attributes["id"]): [each.text for each in section.all("p")]
        for section in page.all("section")
    }
    assert "The monitors never ran." in next(page.all("header")).text
    assert "nobody looks for nulls" in next(page.all("ol", data_list="alerts")).text
    for name in ("drift", "skew", "latency"):
        assert any("tag:monitor" in text for text in said[name]), name
    assert any("land-decisions" in text for text in said["decisions"])
    assert any("Run dbt build" in text for text in said["lineage"])
    assert [row["view"] for row in page_text.table(page, "views")] == ["customer_activity@1"]


def test_a_project_without_views(project: PublishedProject) -> None:
    project.publish()
    _, page = page_of(project.root, minute(3))
    assert "No feature view is declared." in next(page.all("section", id="contracts")).text


def test_a_rollback_makes_the_values_older_again(activity: View, project: PublishedProject) -> None:
    for at in (0, 10):
        project.build(activity, minute(at), {1: (at, "a")})
    changes = [(1, 0), (11, 10), (20, 0)]  # readable at, run: the last push goes back
    folder = project.root / "landing/dev/push_log"
    folder.mkdir(parents=True)
    for place, (at, of) in enumerate(changes):
        duckdb.sql(
            f"select '{place}-0' as stream_id, 'lender.dev' as namespace, 'customer_activity' as"
            f" view, 1 as version, timestamp '{minute(of)}' as run_as_of, timestamp '{minute(at)}'"
            " as readable_at"
        ).write_parquet(str(folder / f"{place}.parquet"))
    (line,) = gather_facts(find_project(project.root), minute(30)).timelines
    check_ages(line, [(minute(at), minute(of)) for at, of in changes], minute(30))
    assert line.points[-1][1] == 30 * 60


def test_many_views_are_folded(project: PublishedProject) -> None:
    """The page stays one that can be opened: what is well, and long, is folded."""
    many_views(project, 30)
    _, page = page_of(project.root, minute(3))
    assert len(page_text.table(page, "views")) == 30
    unfolded = [svg for section in page.all("section") for svg in unfolded_in(section)]
    assert len(unfolded) == 12
    assert len(list(page.all("svg"))) == 30


def unfolded_in(element: Element) -> Iterator[Element]:
    """Yield the charts that are seen before anybody unfolds anything."""
    for child in element.children:
        if child.tag == "svg":
            yield child
        elif child.tag != "details" or "open" in child.attributes:
            yield from unfolded_in(child)


# how it looks, as far as text tells


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read_on_what_is_behind_them(scheme: str) -> None:
    """By WCAG 2.2: 4.5 to 1 for text."""
    blocks = re.findall(r":root \{(.*?)\}", CSS.read_text(), re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[scheme == "dark"]))
    for text in ("ink", "muted", "now", "ok", "warn", "bad"):
        for behind in ("page", "surface"):
            assert contrast(colours[text], colours[behind]) >= 4.5, (text, behind)


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
