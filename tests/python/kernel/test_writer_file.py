"""The writer's file has one writer; a build that cannot have it says who does."""

import subprocess
import sys
from pathlib import Path

from support import DbtProject

HOLD = """
import sys, duckdb
held = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


def test_a_file_that_another_process_holds_is_refused_in_a_sentence(tmp_path: Path) -> None:
    project = DbtProject(Path(__file__).parent / "project", tmp_path / "project")
    impatient = "provender: {target: dev, outputs: {dev: {type: duckdb, path: store.duckdb}}}"
    (project.folder / "profiles.yml").write_text(impatient)
    project.write("shop.switch", [{"test_fails": False, "history_fails": False}])
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(project.database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        refused = project.build(as_of="2026-03-02T08:00:00Z")
        holder.communicate()
    assert refused.code == 2
    assert "Could not set lock on file" in refused.output
    assert f"(PID {holder.pid})" in refused.output
    assert project.dump("spend_history") is None
