"""`dbt compile` of a checkout, beside whatever else runs there.

It works in a folder of its own and, on DuckDB, on a database in memory: it waits for no lock, takes
none, and needs no build.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from provender_ops.dbt_command import DBT
from provender_ops.dbt_profile import PROFILES, find_profiles
from provender_ops.definitions.from_manifest import MANIFEST
from provender_ops.errors import BadInput, CouldNotRun

PARSED = "partial_parse.msgpack"
# Tests and monitors take as long to compile as all the rest, and define no feature.
SELECTED = ("resource_type:model", "contract_violations", "feature_context")
EXCLUDED = ("tag:monitor", "resource_type:test")
# What a DuckDB profile says of where data are, and of what reads them.
_OF_DATA = (
    "attach",
    "database",
    "extensions",
    "filesystems",
    "plugins",
    "remote",
    "secrets",
    "settings",
)


@contextmanager
def compiled(
    root: Path, target: str | None, variables: Mapping[str, Any], *also: str
) -> Iterator[Path]:
    """Yield the manifest of a checkout, compiled; raise CouldNotRun when it does not compile."""
    parsed = root / "target" / "provender" / (target or "default") / PARSED
    with tempfile.TemporaryDirectory(prefix="provender-") as made:
        folder = Path(made)
        with suppress(OSError):
            shutil.copy(parsed, folder / PARSED)  # dbt looks whether it still holds
        arguments = compile_arguments(root, folder, target, variables, *also)
        done = subprocess.run(
            [*DBT, *arguments], cwd=root, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise CouldNotRun(
                f"{root} does not compile: {_complaint(done.stdout)}"
                " `dbt compile` shows the whole of it."
            )
        _keep(folder / PARSED, parsed)
        yield folder / MANIFEST


def compile_arguments(
    root: Path, folder: Path, target: str | None, variables: Mapping[str, Any], *also: str
) -> list[str]:
    """Return the arguments of dbt for compiling a checkout into a folder of ours.

    `also` are selectors beside those of what is declared.
    """
    profiles = write_profiles(root, folder)
    return [
        *("--no-send-anonymous-usage-stats", "--log-level-file", "none"),
        *("--no-use-colors", "--log-format", "json", "--log-level", "error", "--write-json"),
        *(
            "compile",
            *_selected(*also),
            "--project-dir",
            str(root),
            "--profiles-dir",
            str(profiles),
        ),
        *("--target-path", str(folder), "--log-path", str(folder)),
        *(("--target", target) if target else ()),
        *(("--vars", json.dumps(variables)) if variables else ()),
    ]


def _selected(*also: str) -> tuple[str, ...]:
    return ("--select", *SELECTED, *also, "--exclude", *EXCLUDED)


def write_profiles(root: Path, folder: Path) -> Path:
    """Write the project's profiles into a folder, DuckDB's in memory; return the folder to use."""
    found = find_profiles(root)
    if found is None:
        return root  # dbt says what it looks for
    try:
        profiles = yaml.safe_load(found.read_text(encoding="utf-8")) or {}
        for profile in profiles.values():
            for name, output in (profile.get("outputs") or {}).items():
                profile["outputs"][name] = _in_memory(output)
    except (OSError, yaml.YAMLError, AttributeError, TypeError):
        raise BadInput(f"{found} cannot be read. `dbt debug` shows what is wrong.") from None
    (folder / PROFILES).write_text(yaml.safe_dump(profiles), encoding="utf-8")
    return folder


def _in_memory(output: Mapping[str, Any]) -> Mapping[str, Any]:
    if output.get("type") != "duckdb":
        return output
    kept = {name: value for name, value in output.items() if name not in _OF_DATA}
    return {**kept, "path": ":memory:"}


def _keep(parsed: Path, kept: Path) -> None:
    """Keep what dbt parsed for the next time; without it the next takes longer, and that is all."""
    with suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        aside = kept.with_name(f".{kept.name}.{os.getpid()}")
        shutil.copy(parsed, aside)
        aside.replace(kept)


def _complaint(output: str) -> str:
    said = [message for line in output.splitlines() if (message := _message(line))]
    text = " ".join(" ".join(said).split()).removeprefix("[ERROR]: Encountered an error: ")
    return (text or "dbt says nothing").rstrip(".") + "."


def _message(line: str) -> str:
    try:
        return str(json.loads(line)["info"]["msg"])
    except (ValueError, KeyError, TypeError):
        return line
