"""The newcomer's hour, line by line as docs/first-hour.md tells it, and what follows from it."""

import contextlib
import json
import os
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from forked import run_fork
from redis_server import RedisServer
from sqlfluff.core import FluffConfig, Linter
from support import REPO
from test_yaml_schemas import violations
from typer.testing import CliRunner

from provender_ops import cli

PAGE = REPO / "docs/first-hour.md"
FILE = re.compile(r"^`([^`\n]+)`\n\n```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINES = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
DIFF = re.compile(r"In `([^`]+)`[^`]*```diff\n(.*?)^```", re.MULTILINE | re.DOTALL)
TOLD = re.compile(r"^```\n(feature .*?)^```", re.MULTILINE | re.DOTALL)
# Another project gets the whole package; without the registry no build is done.
WHOLE = os.environ.get("PROVENDER_SCAFFOLD") == "whole"
PACKAGE = ("macros", "models" if WHOLE else "models/registry", "seeds", "dbt_project.yml")


class Shop:
    """The folder of the page, beside a package; `said` is what each line of it printed."""

    def __init__(self, folder: Path, redis_url: str) -> None:
        self.folder = folder / "shop"
        self.package = folder / "provender"
        self.folder.mkdir()
        for part in PACKAGE:
            copy = shutil.copytree if (REPO / part).is_dir() else shutil.copy
            (self.package / part).parent.mkdir(parents=True, exist_ok=True)
            copy(REPO / part, self.package / part)
        self.url = redis_url
        self.said: dict[str, str] = {}

    def follow(self, page: str) -> None:
        """Make the files, then run the lines; the SQL is edited after the first of `new view`."""
        for path, text in FILE.findall(page):
            self.path(path).parent.mkdir(parents=True, exist_ok=True)
            self.path(path).write_text(text)
        for block in LINES.findall(page):
            for line in block.splitlines():
                code, self.said[line] = self.run(line)
                assert code == 0, f"{line}\n{self.said[line]}"
                if line.startswith("provender new view"):
                    self.edit(*DIFF.findall(page)[0])

    def run(self, line: str) -> tuple[int, str]:
        """Run a line: dbt as a fork, our commands in this process."""
        program, *arguments = shlex.split(line)
        if program == "dbt":
            return run_fork(self.folder, [*arguments, "--profiles-dir", "."])
        said = arguments if program == "provender" else [program, *arguments]
        environment = {"PROVENDER_REDIS_URL": self.url}
        with contextlib.chdir(self.folder):
            result = CliRunner().invoke(cli.app, said, env=environment, prog_name="provender")
        assert result.exception is None or isinstance(result.exception, SystemExit), line
        return result.exit_code, result.output

    def edit(self, path: str, diff: str) -> None:
        """Put what a diff adds after the line that stands before it."""
        before, added = (line[1:] + "\n" for line in diff.splitlines())
        text = self.path(path).read_text()
        assert text.count(before) == 1
        self.path(path).write_text(text.replace(before, before + added))

    def path(self, name: str) -> Path:
        return self.folder / name


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, page: str) -> Iterator[Shop]:
    redis = RedisServer()
    shop = Shop(tmp_path_factory.mktemp("hour"), redis.url)
    shop.follow(page)
    yield shop
    redis.remove()


def test_what_is_read_is_what_the_page_tells(shop: Shop, page: str) -> None:
    read = [said for line, said in shop.said.items() if line.startswith("provender read")]
    assert [_features(said) for said in read] == [_features(told) for told in TOLD.findall(page)]
    assert [len(_features(said)) for said in read] == [2, 2]


def _features(table: str) -> list[list[str]]:
    return [line.split() for line in table.splitlines() if "customer_payments@1" in line]


def test_all_that_was_written_is_tested_and_passed(shop: Shop) -> None:
    """Contract check, contracts, schema tests and unit tests are part of the build."""
    results = json.loads((shop.folder / "target/run_results.json").read_text())["results"]
    status = {result["unique_id"].split(".", 2)[2]: result["status"] for result in results}
    assert set(status.values()) == {"pass", "success", "no-op"}  # a service is only declared
    for name in (
        "customer",
        "customer_payments",
        "customer_payments_history",
        "customer.customer_lives_from_when_it_was_first_known",
        *(f"customer_payments.customer_payments_at_the_edges_of_{edge}" for edge in EDGES),
        *(f"customer_payments.largest_payment_30d_at_the_edges_of_{edge}" for edge in EDGES[1:]),
    ):
        assert name in status
    assert len([name for name in status if "provender_history_intervals_" in name]) == 1


EDGES = ("life", "windows", "knowledge")


def test_the_yaml_is_valid_by_dbts_own_schemas(shop: Shop) -> None:
    written = [*shop.folder.glob("models/*/**/*.yml"), *shop.folder.glob("snapshots/*.yml")]
    assert len(written) == 7
    for path in written:
        assert violations(path, "resources") == [], path


def test_the_sql_is_in_the_style_of_the_house(shop: Shop) -> None:
    """By .sqlfluff as configured, but for its templater: Jinja is made plain here."""
    config = FluffConfig.from_path(str(REPO), overrides={"templater": "raw"})
    for path in (*shop.folder.glob("models/entities/*.sql"), *shop.folder.glob(VIEW)):
        sql = re.sub(r"{{ ref\('(\w+)'\) }}", r"\1", path.read_text())
        sql = re.sub(r"{{ provender\.spine\('(\w+)'\) }}", r"\1", sql)
        sql = re.sub(r"{{ provender\.\w+\('(\w+)[^}]*}}", r"(spine.as_of >= \1.known_from)", sql)
        assert "{" not in sql
        found = Linter(config=config).lint_string(sql, fname=path.name).get_violations()
        assert [(v.rule_code(), v.line_no, v.desc()) for v in found] == [], sql


VIEW = "models/features/customer/*.sql"


def test_what_is_there_is_never_overwritten(shop: Shop) -> None:
    before = _files(shop.folder)
    for line in [line for line in shop.said if line.startswith("provender new")]:
        code, said = shop.run(line.replace(" --anew", ""))
        assert code == 2, line
        assert re.search(r"is taken|has a column|--anew", said), said
    assert _files(shop.folder) == before


def test_a_dry_run_shows_all_and_writes_nothing(shop: Shop) -> None:
    before = _files(shop.folder)
    options = "--from stg_shop__payments --cadence hourly --classification pii"
    code, said = shop.run(f"provender new view other {options} --dry-run --json")
    assert (code, _files(shop.folder)) == (0, before)
    told, end = json.JSONDecoder().raw_decode(said)
    assert said[end:].strip() == told["notes"][0] != ""  # on stderr: it chose the times
    files = {file["path"]: file["text"] for file in told["files"]}
    folder = "models/features/customer/"
    assert list(files) == [
        *(f"{folder}other.sql", f"{folder}other.yml", "snapshots/other_history.yml")
    ]
    declared = yaml.safe_load(files[f"{folder}other.yml"])["models"][0]["config"]
    assert declared["group"] == "shop"  # the only one
    policies = declared["meta"]["feature_view"]
    assert policies["classification"] == "pii"
    assert policies["ttl"] == "4h"  # as of the other hourly view


def _files(folder: Path) -> dict[Path, bytes]:
    parts = ("models", "snapshots")
    return {
        path: path.read_bytes()
        for part in parts
        for path in (folder / part).rglob("*")
        if path.is_file()
    }


FAULTS = {
    "the lower edge counts": ("time/in_window", "> {{ at }} -", ">= {{ at }} -"),
    "the upper edge does not": ("time/in_window", "<= {{ at }})", "< {{ at }})"),
    "known before it was": ("time/known_at", "and {{ row }}.known_from <= {{ at }}", ""),
    "not yet at its own moment": ("time/known_at", "occurred_at <=", "occurred_at <"),
    "not yet when it gets known": ("time/known_at", "known_from <=", "known_from <"),
    "stands a moment too long": ("time/known_at", "known_until >", "known_until >="),
    "alive at its end": ("spine/spine", "live_until > {{", "live_until >= {{"),
    "not alive at first": ("spine/spine", "live_from <= {{", "live_from < {{"),
}


@pytest.mark.parametrize("name", list(FAULTS)[: None if WHOLE else 1])
def test_dbt_itself_fails_on_a_wrong_macro(shop: Shop, name: str) -> None:
    """What test_edge_mutations.py shows of many mutants in DuckDB alone, with dbt."""
    macro, right, wrong = FAULTS[name]
    path = shop.package / "macros" / f"{macro}.sql"
    text = path.read_text()
    assert text.count(right) == 1
    tests = "dbt --quiet test --select test_type:unit"
    try:
        path.write_text(text.replace(right, wrong))
        code, said = shop.run(tests)
    finally:
        path.write_text(text)
    assert (code, "at_the_edges_of" in said) == (1, True), said
