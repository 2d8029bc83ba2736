"""The SQL half of `make bench`: the answers agree, the pages are whole. Never a time."""

import re
from pathlib import Path

import duckdb
import pytest
from support import REPO

from benchmarks.growth import Growth
from benchmarks.measure import Contest, Taken, Task, run
from benchmarks.storage import published_row
from benchmarks.store import refuse_other_answer

pytestmark = pytest.mark.xdist_group("bench")

HEADER = re.compile(r"\|  \||\| (cadence|processes|layout) \|")
FIGURE = re.compile(r"[\d,.]+( million| GB|%)?( \([\d.]+ to [\d.]+\))?")


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


@pytest.mark.parametrize(
    ("template", "page"),
    [
        ("benchmarks/page.md", "docs/benchmarks.md"),
        ("benchmarks/online/page.md", "docs/benchmarks-online.md"),
        ("benchmarks/decisions/page.md", "docs/benchmarks-decisions.md"),
    ],
)
def test_the_pages_in_docs_were_written_by_this_benchmark(template: str, page: str) -> None:
    templated, written = (
        [line for line in text.splitlines() if line.startswith("#") or HEADER.match(line)]
        for text in ((REPO / path).read_text() for path in (template, page))
    )
    assert written == templated


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
    _, published, *_ = sorted((bench / "store/published/dev/scores_history").glob("as_of=*"))
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
