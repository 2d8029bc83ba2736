"""The steps of a slot: the verbs that one would type, in their order."""

import json
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import yaml

from provender.instants import to_text
from provender.keys import KeySpace
from provender_ops.catalog import Build, Catalog, Run
from provender_ops.connection import open_redis
from provender_ops.console import tell
from provender_ops.decisions.commands import report_landed
from provender_ops.decisions.landing import Lander
from provender_ops.decisions.log_key import chain_key
from provender_ops.decisions.settings import retention_us
from provender_ops.errors import BadInput, NoBuild, Refused, UnreadableCatalog
from provender_ops.options import namespace_of
from provender_ops.project import Project
from provender_ops.push_online import run_push, tell_attention
from provender_ops.push_view import Options
from provender_ops.schedule.dbt_step import run_dbt
from provender_ops.schedule.journal import Note
from provender_ops.schedule.run_lock import RunLock
from provender_ops.schedule.slots import Schedule

MONITOR = "monitor"


@dataclass(frozen=True, slots=True)
class Request:
    """What is run, where, and how.

    `now` is the time of a rehearsal, None for the clocks; `variables` are dbt's `--vars`.
    """

    project: Project
    schedule: Schedule
    redis_url: str | None = None
    namespace: str | None = None
    variables: str | None = None
    now: datetime | None = None

    @property
    def tag(self) -> str:
        """The selector of what has this cadence."""
        return f"tag:{self.schedule.cadence}"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its name, the command that does the same, and what does it.

    `run` returns what there was nothing to do for, or nothing; it raises Refused or CouldNotRun.
    """

    name: str
    command: str
    run: Callable[[Request, Note, RunLock], str]


def steps_of(request: Request) -> list[Step]:
    """Return the steps of a slot. The monitors' own cadence lands, and builds them."""
    build = Step("build", _shown("dbt", *_building(request)), _build)
    push = Step("push", _shown("push-online", *_pushing(request)), _push)
    land = Step("land", _shown("provender", *_landing(request)), _land)
    monitors = Step("monitor", _shown("dbt", *_watching(request)), _watch)
    if request.schedule.cadence == MONITOR:
        return [land, monitors]
    return [build, push, land, *([monitors] if request.schedule.monitor else [])]


def _build(request: Request, note: Note, lock: RunLock) -> str:
    """Build what has the cadence, but no view that was built well since the slot's first attempt.

    A build that was killed, or failed in part, is gone on with; one that ended and was not noted is
    not done again.
    """
    meant = _views_before_a_build(request)
    good = [view for view, built_well_at in meant.items() if _since(built_well_at, note.began)]
    if meant and len(good) == len(meant) and "build" not in note.codes:
        return "it had ended"
    run_dbt(_building(request, good), request.project.root, lock, "build")
    return ""


def _push(request: Request, _note: Note, _lock: RunLock) -> str:
    if not _views(request):
        return f"no feature view has the tag {request.schedule.cadence}"
    options = Options((request.tag,), now=request.now)
    summary = run_push(
        request.project, options, request.redis_url, request.namespace, tell_attention
    )
    refused = [f"{v.view}@{v.version}" for v in summary.views if v.status == "refused"]
    if refused:
        raise Refused(f"Refused: {', '.join(refused)}; the others are online.")
    return ""


def _land(request: Request, _note: Note, _lock: RunLock) -> str:
    project = request.project
    keys = KeySpace(request.namespace or namespace_of(project))
    key, kept = chain_key(project.root), retention_us(project.root)
    with open_redis(request.redis_url, project.root) as client:
        landed = Lander(client, keys, project.landing, key, kept).land(request.now)
    report_landed(landed, project, as_json=False)
    return ""


def _watch(request: Request, _note: Note, lock: RunLock) -> str:
    run_dbt(_watching(request), request.project.root, lock, MONITOR)
    return ""


def _building(request: Request, but: Sequence[str] = ()) -> list[str]:
    """Return dbt's arguments. Views between source and feature view are those of this checkout."""
    selected = ["--select", request.tag, f"+{request.tag},config.materialized:view"]
    left_out = [part for name in but for part in (name, f"{name}+1,resource_type:snapshot")]
    return ["build", *_common(request), *selected, *(["--exclude", *left_out] if but else [])]


def _watching(request: Request) -> list[str]:
    return ["build", *_common(request), "--select", f"tag:{MONITOR}"]


def _common(request: Request) -> list[str]:
    """Return target and variables. Others than the last time make dbt parse everything anew."""
    variables = _variables(request.variables)
    if request.now is not None:
        variables |= {"as_of": to_text(request.now), "rehearsal": True}
    given = ["--vars", json.dumps(variables, default=_iso)]
    return ["--target", request.project.target, *(given if variables else [])]


def _iso(value: Any) -> str:
    """Return a time, which YAML makes of what looks like one, as it was written."""
    return str(value.isoformat())


def _variables(text: str | None) -> dict[str, object]:
    try:
        variables = yaml.safe_load(text or "{}")
    except yaml.YAMLError:
        variables = None
    if not isinstance(variables, dict):
        raise BadInput(f"--vars {text!r} is no mapping. Write it as dbt takes it, like '{{a: 1}}'.")
    return variables


def _pushing(request: Request) -> list[str]:
    return [*_place(request), "--select", request.tag]


def _landing(request: Request) -> list[str]:
    return ["land-decisions", *_place(request)]


def _place(request: Request) -> list[str]:
    named = ["--namespace", request.namespace] if request.namespace else []
    at = ["--now", to_text(request.now)] if request.now else []
    return ["--target", request.project.target, *named, *at]


def _shown(*command: str) -> str:
    return shlex.join(command)


def _since(moment: datetime | None, began: datetime) -> bool:
    return moment is not None and moment >= began.replace(tzinfo=None)


def _views_before_a_build(request: Request) -> dict[str, datetime | None]:
    """Return the same; none where what is published cannot be read: the build publishes it anew."""
    try:
        return _views(request)
    except NoBuild:
        return {}
    except UnreadableCatalog as error:
        tell(str(error))
        return {}


def _views(request: Request) -> dict[str, datetime | None]:
    """Return the feature views of a cadence as dbt selects them, with their last good run.

    That is the as_of (naive UTC) of a run that is published, and whose build ended well; None where
    the last one did not. Raise NoBuild or UnreadableCatalog.
    """
    with Catalog.open(request.project.catalog) as catalog:
        rows = catalog.rows("select view, version, unique_id, tags from feature_views")
        runs, builds = catalog.last_runs(), catalog.last_builds()
    found: dict[str, datetime | None] = {}
    for row in rows:
        if request.schedule.cadence in json.loads(row["tags"] or "[]"):
            ref = row["view"], row["version"]
            found[_selector(row["unique_id"])] = _last_good(runs.get(ref), builds.get(ref))
    return found


def _last_good(run: Run | None, build: Build | None) -> datetime | None:
    if run is None or build is None or build.status != "success" or build.as_of != run.as_of:
        return None
    return run.as_of


def _selector(unique_id: str) -> str:
    """Return how dbt selects a model: `customer_spend.v2` of `model.lender.customer_spend.v2`."""
    return unique_id.split(".", 2)[2]
