"""A shop of two views and a monitor on four cadences, run by `provender run` into a real Redis.

Each cadence has one slot, which no clock ends: what a test does, it does within that slot.
"""

import json
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from decision_records import KEYS
from loaded_push import Ended, LoadedPush, PushProcess
from redis_server import RedisServer
from support import DbtProject

from provender.instants import to_text, utc_now
from provender_ops.catalog import Catalog
from provender_ops.decisions import ledger
from provender_ops.decisions.ledger import Ledger
from provender_ops.decisions.log_key import chain_key

KERNEL = Path(__file__).parents[1] / "kernel/project"
CADENCES = ("minutes", "hourly", "nightly", "weekly")
VIEWS = ("spend", "visits")
ORDERED = datetime(2026, 3, 2)
SCHEDULES = {
    cadence: {"every": "3650d", "monitor": cadence == "nightly"} for cadence in CADENCES
} | {"monitor": {"every": "3650d"}}
MONITOR = (
    "{{ config(tags=['monitor']) }} select count(*) as orders from {{ source('shop', 'orders') }}"
)


def orders(count: int) -> list[dict[str, Any]]:
    return [
        {
            "order_id": str(number),
            "customer_id": f"c{number % 7}",
            "amount": Decimal("10.00"),
            "occurred_at": ORDERED + timedelta(minutes=number),
            "loaded_at": ORDERED + timedelta(minutes=number),
        }
        for number in range(count)
    ]


@dataclass
class Shop:
    """The project and its Redis."""

    project: DbtProject
    redis: RedisServer
    loaded: LoadedPush

    @property
    def notes(self) -> Path:
        return self.project.folder / ".provender/run"

    def start(self, cadence: str, *options: str) -> PushProcess:
        """Start `provender run`, struck where the options begin by saying so."""
        strike = options[:3] if options[:1] == ("--strike",) else ()
        return self.loaded.start(
            *strike, "--cadence", cadence, "--project-dir", str(self.project.folder),
            "--target", "dev", "--redis-url", self.redis.url, "--namespace", KEYS.namespace,
            "--json", *options[len(strike):],
        )  # fmt: skip

    def run(self, cadence: str, *options: str) -> "Done":
        return Done(self.start(cadence, *options).wait())

    def strike(self, cadence: str, when: str, step: str) -> "Done":
        """Run until it is killed there."""
        done = self.run(cadence, "--strike", when, step)
        assert done.code == -signal.SIGKILL, done.output
        return done

    def wait_for(self, process: PushProcess, words: str) -> None:
        """Wait until a run has said something; it must not have ended before."""
        while words not in process.said:
            assert not process.has_ended, process.said
            time.sleep(0.01)

    def kill(self, process: PushProcess, *, with_dbt: bool) -> int:
        """Kill a run, and what it started; return the process id of its dbt, 0 for none."""
        lock = self.notes / "lock"
        dbt = 0
        if lock.exists() and lock.stat().st_size:
            told, _ = json.JSONDecoder().raw_decode(lock.read_text())
            dbt = told["step_pid"] or 0
        process.kill()
        assert process.wait().code in (0, -signal.SIGKILL)  # it may have ended just now
        if with_dbt and dbt:
            with suppress(ProcessLookupError):
                os.kill(dbt, signal.SIGKILL)
        return dbt

    def runs(self) -> dict[str, list[datetime]]:
        """Return the published runs of each view."""
        if not self.project.catalog.exists():
            return {view: [] for view in VIEWS}
        with Catalog.open(self.project.catalog) as catalog:
            rows = catalog.rows("select view, as_of from runs order by as_of")
        return {view: [row["as_of"] for row in rows if row["view"] == view] for view in VIEWS}

    def pushes(self) -> dict[str, list[int]]:
        """Return the runs that were pushed, of each view, in the order in which they were."""
        with self.redis.client() as client:
            records = [json.loads(entry[b"record"]) for _, entry in client.xrange(KEYS.pushes)]
        return {
            view: [record["run_as_of_us"] for record in records if record["view"] == view]
            for view in VIEWS
        }

    def landed(self) -> list[int]:
        """Return the numbers of the decisions that landed, each as often as it did.

        What was made compact is counted once: by the files that the ledger says are valid.
        """
        landing = self.project.folder / "landing/dev"
        state = Ledger(landing, chain_key(self.project.folder, make=False)).open(to_text(utc_now()))
        files = [str(landing / ledger.FOLDER / file.file) for file in state.current]
        return sorted(pq.read_table(files, columns=["number"])["number"].to_pylist())

    def monitored(self) -> int:
        """Return how often the monitor was built."""
        return int(self.project.query("select count(*) from main_provender.monitor_log")[0][0])

    def switch(self, *, history_fails: bool) -> None:
        """Let the history of visits fail, or mend it."""
        self.project.write("shop.switch", [{"test_fails": False, "history_fails": history_fails}])


@dataclass(frozen=True)
class Done:
    """A run that ended."""

    ended: Ended

    @property
    def code(self) -> int:
        return self.ended.code

    @property
    def output(self) -> str:
        return self.ended.output

    @property
    def summary(self) -> dict[str, Any]:
        """What it printed on stdout, after all that was told on stderr."""
        text = self.output[self.output.index('{\n  "cadence"') :]
        summary, _ = json.JSONDecoder().raw_decode(text)
        assert isinstance(summary, dict)
        return summary

    @property
    def states(self) -> dict[str, str]:
        return {step["step"]: step["state"] for step in self.summary["steps"]}

    @property
    def dbt_runs(self) -> int:
        """How often dbt was started."""
        return self.output.count("Running with dbt=")


def make_shop(folder: Path, redis: RedisServer, loaded: LoadedPush) -> Shop:
    """Declare everything; nothing is built."""
    project = DbtProject(KERNEL, folder, registry=False)
    for view, tag in (("spend", "minutes"), ("visits", "nightly")):
        for path in (f"models/{view}.yml", f"snapshots/{view}_history.yml"):
            project.edit(path, f"tags: [{tag}]", f"tags: [{', '.join(CADENCES)}]")
    (folder / "models/counted.sql").write_text(MONITOR)
    with (folder / "dbt_project.yml").open("a") as file:
        file.write(f"vars: {json.dumps({'provender': {'schedules': SCHEDULES}})}\n")
    project.write("shop.orders", orders(40))
    shop = Shop(project, redis, loaded)
    shop.switch(history_fails=False)
    return shop
