"""The online half of `make bench`: right answers, whole pages, and percentiles. Never a time."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from benchmarks.data import KEY
from benchmarks.online.fresh import call
from benchmarks.online.latency import Latency, Race
from benchmarks.online.published import NIGHTS, Published
from benchmarks.online.push import push
from benchmarks.online.pushing import push_once
from benchmarks.online.rate import Rate, fewest
from benchmarks.online.reading import Shift, read_steadily
from benchmarks.online.server import Server, redis_server
from benchmarks.online.stream import rows_online, send
from benchmarks.online.workload import draw
from benchmarks.online.world import VIEWS, views

pytestmark = pytest.mark.xdist_group("bench")

KEYS = 300
HEADER = re.compile(r"\| (---|processes|layout)")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    return Published(tmp_path_factory.mktemp("published") / "project", KEYS)


@pytest.fixture(scope="module")
def online(published: Published) -> Iterator[Server]:
    with redis_server() as server:
        push(published.folder, server)
        yield server


def test_the_page_has_every_figure(bench: Path) -> None:
    page = (bench / "docs/benchmarks-online.md").read_text()
    assert not re.search(r"[{}]|\bnan\b|\binf\b", page.replace("{<entity>}", ""))
    lines = [line.split(" | ") for line in page.splitlines() if re.match(r"\| \S", line)]
    figures = {name: cells[0] for name, *cells in lines if not HEADER.match(name)}
    for name in ("`get`", "`get_many`", "`push-online`", "hashes of 100", "seen by a reader"):
        assert name in " ".join(figures)
    for name, figure in figures.items():
        assert re.match(r"[\d,.]+( [(|]|$)", figure), name


def test_histories_are_what_runs_would_have_left(published: Published) -> None:
    """Each key has one row that is open, and each row ends where the next begins."""
    with duckdb.connect(str(published.catalog), read_only=True) as catalog:
        assert catalog.sql("select count(*) from runs").fetchall() == [(len(VIEWS) * (NIGHTS + 1),)]
        for view in views():
            ((wrong, live),) = catalog.sql(f"""
                select
                    count(*) filter (where valid_to is distinct from next_from),
                    count(*) filter (where valid_to is null)
                from (
                    select
                        *,
                        lead(valid_from) over (partition by {KEY} order by valid_from) as next_from
                    from {view.history}
                )
            """).fetchall()
            assert (wrong, live) == (0, KEYS)


def test_another_value_than_that_of_history_ends_the_benchmark(
    published: Published, online: Server
) -> None:
    workload = draw(published, online)
    (one, other) = (request.rows[0] for request in workload.requests[:2])
    with online.client() as client:
        kept = client.get(one)
        client.copy(other, one, replace=True)
        with pytest.raises(SystemExit, match="history"):
            draw(published, online)
        client.delete(one)
        with pytest.raises(SystemExit, match="history"):
            draw(published, online)
        client.set(one, kept)
    assert len(draw(published, online).requests) == KEYS


def test_all_rows_are_found_for_the_stream(online: Server) -> None:
    with online.client() as client:
        for view in VIEWS:
            assert sum(map(len, rows_online(client, view))) == KEYS


def test_a_stream_that_redis_refuses_ends_the_benchmark(online: Server) -> None:
    with pytest.raises(SystemExit, match="unknown command"):
        send(online, [(b"*1\r\n$4\r\nNOPE\r\n", 1)])


def test_a_read_counts_from_when_it_was_due(published: Published, online: Server) -> None:
    workload = draw(published, online)
    hour_ago = Shift(begin=time.monotonic() - 3600, every=0.001, reads=20)
    worked = read_steadily(online.unix, workload, hour_ago, 0)
    assert len(worked.waited) == 20
    assert min(worked.waited) > 3500


def test_what_fails_elsewhere_ends_the_benchmark() -> None:
    with pytest.raises(SystemExit, match=r"push_once failed[^$]*no_such_folder"):
        call(push_once, Path("/no_such_folder"), "redis://localhost:1")


def test_percentiles() -> None:
    assert Latency.of([*range(100), 1000]) == Latency(50, 99)


def test_a_ratio_is_taken_within_a_round() -> None:
    """The machine was ten times slower in the second round."""
    race = Race([Latency(2, 4), Latency(20, 40)], [Latency(1, 2), Latency(10, 20)])
    assert race.slower == Latency(2, 2)


def test_the_fewest_processes_are_those_that_kept_up_and_were_fast() -> None:
    late = Rate(1, 8000, Latency(0.9, 1.2), 1)
    slow = Rate(2, 10_000, Latency(0.001, 0.006), 1)
    good, more = (Rate(n, 9_950, Latency(0.001, 0.004), 1) for n in (3, 4))
    assert fewest([late, slow, good, more], 10_000) == good
    assert fewest([late, slow], 10_000) is None
