"""The decisions' part of `make bench`: what is measured is what is claimed, the page is whole."""

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.decisions import record
from benchmarks.online.published import Published
from benchmarks.online.push import push
from benchmarks.online.requests import Workload
from benchmarks.online.server import redis_server
from benchmarks.online.workload import draw

pytestmark = pytest.mark.xdist_group("bench")


@pytest.fixture(scope="module")
def workload(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workload]:
    published = Published(tmp_path_factory.mktemp("published") / "project", 50)
    with redis_server("--appendonly", "yes") as server:
        push(published.folder, server)
        yield draw(published, server)


@pytest.fixture(autouse=True)
def loud() -> Iterator[None]:
    """The measurement silences a process that it has to itself; this one has other tests."""
    yield
    logging.disable(logging.NOTSET)


def test_the_floor_adds_the_bytes_of_a_record(
    workload: Workload, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    added: list[list[Any]] = []
    real = record.Redis.delete

    def look(client: Any, *keys: Any) -> Any:
        added.append([fields[b"record"] for _, fields in client.xrange(keys[0])])
        return real(client, *keys)

    monkeypatch.setattr(record.Redis, "delete", look)
    measured = record.measure_records(workload, "Unix socket", tmp_path, 50, 1)
    one_by_one = added[1]
    assert len(one_by_one) == 100
    assert {len(json.loads(line)["views"]) for line in one_by_one} == {3}
    sizes = [len(line) for line in one_by_one]
    assert max(sizes) - min(sizes) < 0.05 * measured.bytes
    assert len(set(one_by_one)) == 51  # the floor's is always the same
    assert measured.stored > measured.bytes


def test_the_page_has_every_figure(bench: Path) -> None:
    page = (bench / "docs/benchmarks-decisions.md").read_text()
    assert not re.search(r"[{}]|\bnan\b|\binf\b", page)
    lines = [line.split(" | ") for line in page.splitlines() if re.match(r"\| [^-| ]", line)]
    figures = {name: cells[0] for name, *cells in lines}
    for name in ("bare XADD", "`record`", "to the spool", "to the journal"):
        assert name in " ".join(figures)
    for name, figure in figures.items():
        assert re.match(r"[\d,.]+", figure), name
