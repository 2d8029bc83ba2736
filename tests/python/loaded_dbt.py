"""dbt commands as forks of one process that has loaded dbt.

Most of a small dbt command is the same every time: dbt's imports, what it derives from its own
classes when it first needs them, and the templates that it compiles of its macros and ours (dbt
knows one by its text: of a macro that a test changed, a command compiles what the test wrote).
Here `multiprocessing`'s fork server does that once, and each command is a fork of it: a process of
its own, with its own folder, environment, output and exit code, that can be killed. It shares with
the others what `dbtRunner` keeps from one command to the next, and the hash seed.
"""

import gc
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from unittest import mock

MACROS = Path(__file__).parents[2] / "macros"

# One of each thing that our projects are made of. dbt parses it, and connects to nothing.
PROJECT = {
    "dbt_project.yml": "{name: provender, profile: loaded, on-run-start: [select 1]}",
    "profiles.yml": "loaded: {target: dev, outputs: {dev: {type: duckdb, path: none.duckdb}}}",
    "macros/nothing.sql": "{% macro nothing() %}{% endmacro %}",
    "macros/nothing.yml": "macros: [{name: nothing}]",
    "models/one.sql": "select 1 as id",
    "models/one.yml": """
groups: [{name: us, owner: {name: us}}]
models: [{name: one, columns: [{name: id, data_type: integer, data_tests: [unique]}]}]
sources: [{name: lab, tables: [{name: rows, columns: [{name: id}]}]}]
exposures: [{name: seen, type: ml, owner: {name: us}, depends_on: [ref('one')]}]
""",
    "snapshots/was.sql": """
{% snapshot was %}
{{ config(strategy='check', unique_key='id', check_cols='all') }} select 1 as id
{% endsnapshot %}
""",
    "tests/none.sql": "select 1 where false",
}

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload([__name__])
_SERVER = "PROVENDER_TESTS_FORK_DBT"


class DbtProcess:
    """One dbt command, started: what tests need of a `Popen` whose stderr is in its stdout."""

    def __init__(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> None:
        # Not every Python lets the server import from where we import.
        ours = {"PYTHONPATH": str(Path(__file__).parent), _SERVER: "yes"}
        with mock.patch.dict(os.environ, ours):
            forkserver.ensure_running()
        outlet, inlet = _forks.Pipe(duplex=False)
        with outlet, inlet:
            asked = (list(arguments), folder, dict(environment), inlet)
            self._process = _forks.Process(target=_run, args=asked)
            self._process.start()
            self.stdout = os.fdopen(os.dup(outlet.fileno()), encoding="utf-8")

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for the signal that ended it; None while it runs."""
        return self._process.exitcode

    def communicate(self) -> tuple[str, None]:
        """Read the output to its end, and wait for the command."""
        with self.stdout:
            output = self.stdout.read()
        self._process.join()
        return output, None

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to a command that runs."""
        assert self._process.pid is not None
        os.kill(self._process.pid, number)


def _run(
    arguments: list[str], folder: Path, environment: dict[str, str], output: Connection
) -> None:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager  # noqa: PLC0415
    from dbt.cli.main import cli  # noqa: PLC0415

    with output:
        os.dup2(output.fileno(), sys.stdout.fileno())
        os.dup2(output.fileno(), sys.stderr.fileno())
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(folder)
    sys.argv = ["dbt", *arguments]
    try:
        cli()
    finally:
        DuckDBConnectionManager.close_all_connections()  # a fork ends without `atexit`


def _load_dbt() -> None:
    """Leave dbt as a first command leaves it, with no thread, which a fork would not have."""
    from dbt.cli.main import dbtRunner  # noqa: PLC0415
    from dbt.contracts.graph.manifest import Manifest  # noqa: PLC0415
    from dbt_common.clients.jinja import template_cache  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        shutil.copytree(MACROS, "macros")
        for name, text in PROJECT.items():
            Path(name).parent.mkdir(exist_ok=True)
            Path(name).write_text(text)
        # The static parser would start threads.
        options = "--quiet --no-static-parser --no-send-anonymous-usage-stats --log-level-file none"
        done = dbtRunner().invoke([*options.split(), "parse", "--profiles-dir", "."])
        os.chdir("/")
    assert done.success, done.exception
    assert isinstance(done.result, Manifest)
    for macro in done.result.macros.values():
        template_cache.get_node_template(macro)
    threads = Path("/proc/self/task")
    assert not threads.exists() or len(list(threads.iterdir())) == 1


if os.environ.get(_SERVER):
    _load_dbt()
    gc.freeze()  # what all forks share is not theirs to search for garbage
