"""`make bench` at a hundredth of its size: the answers agree, the page is whole. Never a time."""

import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from support import REPO

from benchmarks.growth import Growth
from benchmarks.measure import Contest, Taken, Task, run
from benchmarks.storage import published_row
from benchmarks.store import refuse_other_answer

FIGURE = re.compile(r"[\d,.]+( million| GB|%)?( \([\d.]+ to [\d.]+\))?")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a whole run, which compares every answer with that of the SQL by hand."""
    folder = tmp_path_factory.mktemp("bench")
    command = ["benchmarks", "--scale", "0.01", "--repeats", "1"]
    done = subprocess.run(
        [sys.executable, "-m", *command, "--work", folder, "--docs", folder / "docs"],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def tables(page: str) -> list[list[str]]:
    return [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("|")]


def test_the_page_has_every_figure_and_the_plot(bench: Path) -> None:
    page = (bench / "docs/benchmarks.md").read_text()
    assert not re.search(r"[{}]|nan|inf\b", page)
    lines = [line for line in tables(page) if "---" not in line[0]]
    names = [line[0].strip() for line in lines if line[0].strip(" |")]
    assert len([name for name in names if "by hand" in name]) == 4
    assert len([name for name in names if name.startswith("`point_in_time_join")]) == 3
    assert {"hourly", "nightly", "rows of spine", "rows of history"} <= set(names)
    for line in lines:
        if re.match("by hand|`|strategy", line[0]):
            assert FIGURE.fullmatch(line[1]), line
    assert (bench / "docs/benchmarks.svg").read_text().rstrip().endswith("</svg>")


def test_the_page_in_docs_was_written_by_this_benchmark() -> None:
    template, page = (
        [line for line in path.read_text().splitlines() if line.startswith(("#", "|  |", "| cad"))]
        for path in (REPO / "benchmarks/page.md", REPO / "docs/benchmarks.md")
    )
    assert page == template


def test_the_joined_rows_meet_what_a_plain_join_gets_wrong(bench: Path) -> None:
    """Keys nobody has, keys that are gone for a while, nulls, and runs not pushed yet."""
    answer = f"'{bench}/join/answer_joined.parquet'"
    (counts,) = duckdb.sql(f"""
        select
            count(*),
            count(*) filter (where scores__status = 'ok'),
            count(*) filter (where scores__status = 'missing' and customer_id < 0),
            count(*) filter (where scores__status = 'missing' and customer_id >= 0),
            count(*) filter (where scores__status = 'ok' and utilisation is null),
            count(*) filter (where scores__as_of < date_trunc('hour', as_of))
        from {answer}
    """).fetchall()
    assert counts[0] == 10_000
    assert min(counts) > 0, counts


def test_a_file_drawn_for_a_cadence_is_as_large_as_one_that_was_published(bench: Path) -> None:
    published = max((bench / "store/published/dev/scores_history").glob("as_of=*.parquet"))
    ((opened,),) = duckdb.sql(
        f"select count(*) from '{published}' where valid_to is null"
    ).fetchall()
    with duckdb.connect() as connection:
        connection.execute(f"attach '{bench}/store/store.duckdb' as store (read_only)")
        drawn = published_row(connection, opened, bench) * opened
    assert drawn == pytest.approx(published.stat().st_size, rel=0.15)


@pytest.mark.parametrize(
    ("ours", "floor"),
    [
        ("select 1 as n union all select 1", "select 1 as n"),
        ("select 1 as n", "select 2 as n"),
        ("select null::integer as n", "select 0 as n"),
        ("select 1 as n", "select 1::bigint as n"),
        ("select 1 as n where false", "select 1 as n"),
    ],
)
def test_another_answer_ends_the_benchmark(ours: str, floor: str) -> None:
    refuse_other_answer("ours", f"({ours})", f"({ours})")
    with pytest.raises(SystemExit, match="ours: "):
        refuse_other_answer("ours", f"({ours})", f"({floor})")


def test_a_statement_that_fails_ends_the_benchmark() -> None:
    with pytest.raises(SystemExit, match="no_such_table"):
        run(Task(["from no_such_table"]))


def test_a_ratio_is_taken_within_a_turn() -> None:
    """The machine was ten times slower in the second turn: ours is twice as slow all the same."""
    contest = Contest({"ours": [Taken(2), Taken(20)], "floor": [Taken(1), Taken(10)]})
    assert contest.slower("ours", "floor").median == 2


def test_the_exponent_of_what_doubles_with_its_rows_is_one() -> None:
    contests = [Contest({"ours": [Taken(seconds)]}) for seconds in (1.0, 2.0, 4.0)]
    assert Growth("spine", [10, 20, 40], contests).exponent("ours", "seconds") == pytest.approx(1)
