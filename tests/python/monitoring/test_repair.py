"""Somebody writes to Redis: found within one run, repaired by a full push, its decisions listed.

All of it is real: the pushes, the rows that are overwritten, the reader that is given them, the
log, the landing, the monitors. What they found before the damage is theirs to keep finding.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis
from audited_shop import Shop, at
from encoded import encoded
from redis_server import RedisServer
from typer.testing import CliRunner, Result

from provender import DecisionLog, FeatureReader
from provender.encoding import RowDecoder
from provender.keys import KeySpace
from provender_ops.cli import app

pytestmark = pytest.mark.xdist_group("audited")
NAMESPACE = "provender.dev"
COLUMNS = (("orders_7d", "integer"), ("spend_7d", "decimal(18,2)"))
Alert = tuple[str, str, str | None, datetime | None]


class Service:
    """A shop whose service reads, decides and logs by a clock of its own."""

    def __init__(self, shop: Shop, redis_url: str) -> None:
        self.shop, self.url, self.now = shop, redis_url, at(10)
        self._reader = FeatureReader.from_url(
            redis_url, namespace=NAMESPACE, clock=lambda: self.now.replace(tzinfo=UTC), timeout=5
        )
        self._log = DecisionLog.from_url(redis_url, namespace=NAMESPACE, bound=5)

    def decide(self, *minutes: int) -> None:
        """Decide for both customers at each of these minutes after ten."""
        for minute in minutes:
            self.now = at(10, minute)
            for who in ("c1", "c2"):
                self._log.record(
                    self._reader.get("offers", customer_id=who),
                    model_version="m1",
                    decision={"outcome": "yes"},
                    decision_id=f"{who}-{minute}",
                    decided_at=self.now.replace(tzinfo=UTC),
                )

    def push(self, minute: int, *options: str) -> None:
        done = self.run("push-online", "--now", _said(minute), "--redis-url", self.url, *options)
        assert done.exit_code == 0, done.output

    def monitor(self, minute: int) -> set[Alert]:
        """Land what was decided, watch, and return all alerts."""
        done = self.run("land-decisions", "--now", _said(minute), "--redis-url", self.url)
        assert done.exit_code == 0, done.output
        chosen = ("path:models/decisions", "path:models/registry", "path:models/monitoring")
        self.shop.build(*chosen, as_of=at(10, minute))
        return set(self.shop.project.query("select monitor, subject, feature, since from alerts"))

    def run(self, *arguments: str) -> Result:
        folder = ("--project-dir", str(self.shop.project.folder))
        return CliRunner().invoke(app, [*arguments, *folder], prog_name="provender")

    def close(self) -> None:
        self._reader.close()
        self._log.close()


def _said(minute: int) -> str:
    return f"{at(10, minute).isoformat()}Z"


@pytest.fixture
def service(built_shop: Shop, tmp_path: Path, own_redis: RedisServer) -> Iterator[Service]:
    service = Service(built_shop.copy(tmp_path / "project"), own_redis.url)
    service.push(2)
    yield service
    service.close()


def overwrite(client: redis.Redis, who: str, change: Callable[[list[Any]], list[Any]]) -> None:
    """Change what one row of spend says, as a script with a bug would: by whatever is there."""
    key = KeySpace(NAMESPACE).row("spend", 1, 1, who)
    raw = client.get(key)
    assert isinstance(raw, bytes)
    as_of_us, values = RowDecoder(COLUMNS).decode(raw)
    layout = int.from_bytes(raw[9:11], "big")
    client.set(key, encoded("spend", layout, COLUMNS, change(list(values)), as_of_us))


def test_a_formula_that_was_another_online_is_found_repaired_and_its_decisions_listed(
    service: Service, own_redis: RedisServer
) -> None:
    """Offline it is a sum; somebody wrote its log10 over the row of c1."""
    service.decide(5, 6)
    before = service.monitor(8)
    with own_redis.client() as client:
        overwrite(client, "c1", lambda row: [row[0], row[1].log10().quantize(row[1])])
    service.decide(10, 11)

    assert service.monitor(15) - before == {
        ("skew", "spend@1", "spend_7d", at(10, 10)),
    }

    service.push(16, "--full", "--select", "spend")
    service.decide(18, 19)
    assert service.monitor(20) - before == set()
    listed = service.run("wrong-decisions", "spend", "--json")
    assert [
        (one["decision_id"], one["feature"], one["served"], one["should_have_been"])
        for one in json.loads(listed.stdout)
    ] == [(f"c1-{minute}", "spend_7d", '"1.17"', '"14.75"') for minute in (10, 11)]
