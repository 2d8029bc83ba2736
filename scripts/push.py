"""Bring the last published run of each view version online.

Rows go first, the watermark that makes the run readable last, in one atomic step with the push
record. So a push may be killed anywhere: what it wrote is either of a generation nobody reads, or
later rows of keys, which a reader may have; and the next push finds out what is left to do.
"""

from collections.abc import Callable
from dataclasses import dataclass

from provender.errors import ProvenderError
from provender.instants import to_text
from provender.keys import view_label
from provender_ops.catalog import Build, Catalog, Definition, Run
from provender_ops.declared import declared
from provender_ops.errors import Refused, exit_code
from provender_ops.history import History
from provender_ops.online_store import OnlineStore
from provender_ops.push_plan import make_plan
from provender_ops.push_view import Options, Progress, ViewOutcome, ViewPush
from provender_ops.selection import ViewVersion, is_named, select_views
from provender_ops.services import ServiceOutcome, push_services
from provender_ops.situation import Situation
from provender_ops.view_lock import ViewLock


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of a push."""

    namespace: str
    project: str
    target: str
    dry_run: bool
    views: tuple[ViewOutcome, ...]
    services: tuple[ServiceOutcome, ...]

    @property
    def is_refused(self) -> bool:
        """Whether a check refused any view."""
        return any(view.status == "refused" for view in self.views)


def push(
    catalog: Catalog,
    store: OnlineStore,
    options: Options,
    progress: Progress,
    ended: Callable[[ViewOutcome], None] = lambda _: None,
) -> Summary:
    """Push the selected views, then the services that have all they read.

    A view that is refused leaves the others alone; each is told to `ended`. Raise UnknownSelection,
    NamespaceOwned, StoreUnavailable or UnreadableCatalog where nothing could go on.
    """
    pusher = _Pusher(catalog, store, options, progress)
    selected = meant(catalog, options)
    if options.dry_run:
        store.check_owner()
    else:
        store.claim()
    views = []
    for ref in selected:
        views.append(pusher.push_view(*ref))
        ended(views[-1])
    return Summary(
        namespace=store.keys.namespace,
        project=store.owner.project,
        target=store.owner.target,
        dry_run=options.dry_run,
        views=tuple(views),
        services=push_services(catalog, store, options.dry_run),
    )


def meant(catalog: Catalog, options: Options) -> list[ViewVersion]:
    """Return what is to be pushed.

    Unless asked for, a view nobody built yet is not worth a word; and unless named, one that was
    never to be online.

    Raise UnknownSelection or UnreadableCatalog.
    """
    selected = select_views(options.select, catalog.declared_views())
    built, uses = {*catalog.last_runs(), *catalog.last_builds()}, catalog.uses()
    return [
        ref
        for ref in selected
        if (options.select or ref in built)
        and (not uses[ref].are_closed("push") or is_named(options.select, *ref))
    ]


class _Pusher:
    def __init__(
        self, catalog: Catalog, store: OnlineStore, options: Options, progress: Progress
    ) -> None:
        self._catalog, self._store = catalog, store
        self._options, self._progress = options, progress

    def push_view(self, view: str, version: int) -> ViewOutcome:
        try:
            if self._options.dry_run:
                return self._push_run(view, version, None)
            self._store.claim_view(view, version)
            with self._store.lock(view, version).held() as lock:
                return self._push_run(view, version, lock)
        except ProvenderError as error:
            if exit_code(error) != 1:
                raise
            run = self._catalog.last_runs().get((view, version))
            at = to_text(run.as_of) if run else None
            return ViewOutcome(view, version, "refused", str(error), run=at)

    def _push_run(self, view: str, version: int, lock: ViewLock | None) -> ViewOutcome:
        """Push the last run, read after the lock was taken: so it is not older than what is online.

        One that had the lock before us could only push what was published then.
        """
        label = view_label(view, version)
        if self._store.look(view, version).is_retired and label not in self._options.select:
            reason = f"`push-online --select {label}` brings it back"
            return ViewOutcome(view, version, "retired", reason)
        run = self._good_run(view, version)
        definition = self._definition(run)
        uses = self._catalog.uses()[view, version]
        on = run.as_of.date()
        uses.refuse("push", on, "It")
        if lock:
            self._store.generations(view, version).reclaim()
        situation = Situation(
            catalog=self._catalog,
            store=self._store,
            run=run,
            definition=definition,
            declared=declared(definition, uses.allow("log", on)),
            history=History(self._catalog, run, definition),
            online=self._store.look(view, version),
            servers=self._store.servers(),
        )
        plan = make_plan(situation, self._options.full, self._options.verify)
        return ViewPush(situation, plan, lock, self._options, self._progress).outcome()

    def _good_run(self, view: str, version: int) -> Run:
        """Return the last run, if the build that computed it ended well."""
        run = self._catalog.last_runs().get((view, version))
        # After the run: one that was read here and whose tests failed is then seen to have failed.
        build = self._catalog.last_builds().get((view, version))
        if build and build.status == "failed":
            raise Refused(_why_failed(build))
        if run is None:
            raise Refused("It has no run yet. Run `dbt build` with its history.")
        if build is None or build.as_of < run.as_of:
            raise Refused(
                "The build of its last run never said how it ended; the last good values stay"
                " online. Run `dbt build`."
            )
        return run

    def _definition(self, run: Run) -> Definition:
        definitions = self._catalog.definitions()
        if run.fingerprint not in definitions:
            raise Refused(
                f"The definition of its last run ({run.fingerprint}) was not published."
                " Run `dbt build`."
            )
        return definitions[run.fingerprint]


def _why_failed(build: Build) -> str:
    why = f" ({build.message})" if build.message else ""
    return (
        f"Its last build failed{why}; the last good values stay online."
        " Mend it and run `dbt build`."
    )
