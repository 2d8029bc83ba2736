"""The online store as the writer sees it: who owns it, its rows, and the atomic steps."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, cast
from uuid import uuid4

from redis.cluster import RedisCluster
from redis.exceptions import RedisError

from provender.connection import Client, asking
from provender.errors import NamespaceOwned
from provender.json_objects import dump
from provender.keys import KeySpace, view_label
from provender.records import OwnerRecord, PushRecord, ServiceRecord, ViewRecord
from provender.registry import (
    OWNER_FIELD,
    Registry,
    read_registry,
    retired_field,
    service_field,
    view_field,
)
from provender_ops import lua
from provender_ops.catalog import Run
from provender_ops.errors import Refused
from provender_ops.generations import Generations
from provender_ops.masters import lives, replicas, wait_for_replicas
from provender_ops.mset import mset
from provender_ops.notes import Online, PushedRun, look, pushed_field, reaching_field
from provender_ops.rows import Rows
from provender_ops.view_lock import ViewLock

FILLED_AT_ONCE = 100  # a command stops all else: so many rows take it a tenth of a millisecond
MERGED_AT_ONCE = 200  # and a script, so many


class OnlineStore:
    """One namespace of one Redis, written by one project and target."""

    def __init__(self, client: Client, namespace: str, project: str, target: str) -> None:
        """Keep the client; nothing is sent yet. Raise InvalidNamespace."""
        self._client = client
        self.keys = KeySpace(namespace)
        self.owner = OwnerRecord(project, target)
        self._owner_raw: str | bytes = self.owner.to_json()
        self._replicas: Mapping[str, int] = {}

    def claim(self) -> None:
        """Take the namespace if it is free; raise NamespaceOwned or UnknownFormat if it is not."""
        self._replicas = replicas(self._client)
        with asking("claim the namespace"):
            self._client.hsetnx(self.keys.registry, OWNER_FIELD, self.owner.to_json())
        self.check_owner()

    def check_owner(self) -> None:
        """Raise NamespaceOwned when the namespace is another's; write nothing."""
        registry = self.registry()
        if OWNER_FIELD not in registry.raw:
            return
        owner = registry.owner()
        if owner != self.owner:
            raise self._owned(f"{owner.project}.{owner.target}")
        self._owner_raw = registry.raw[OWNER_FIELD]

    def registry(self) -> Registry:
        """Return the registry as it is now, empty where nothing was pushed."""
        return read_registry(self._client, self.keys) or Registry(self.keys.registry, {})

    def claim_view(self, view: str, version: int) -> None:
        """Take the view's prefix of row keys; raise Refused when another view has the same."""
        key, name = self.keys.view(view, version), self.keys.view_name(view, version)
        with asking("claim the view's keys"):
            self._client.set(key, name, nx=True)
            holder = cast("bytes | None", self._client.get(key))
        if holder != name.encode():
            raise Refused(
                f"Its rows would lie among those of {(holder or b'').decode(errors='replace')!r}:"
                f" both names hash to {key!r}. Choose another namespace, or another name."
            )

    def look(self, view: str, version: int) -> Online:
        """Return what Redis holds of a view version now."""
        return look(self._client, self.keys, view, version)

    def generations(self, view: str, version: int) -> Generations:
        """Return the generations of a view version."""
        return Generations(self._client, self.keys, view, version)

    def read(self, redis_keys: Sequence[str]) -> list[bytes | None]:
        """Return these rows, None for what is not there."""
        if not redis_keys:
            return []
        with asking("look at rows"):
            if isinstance(self._client, RedisCluster):
                return cast("list[bytes | None]", self._client.mget_nonatomic(redis_keys))
            return cast("list[bytes | None]", self._client.mget(redis_keys))

    def lock(self, view: str, version: int) -> ViewLock:
        """Return the lock of a view version; nothing is sent yet."""
        return ViewLock(self._client, self.keys, view, version)

    def servers(self) -> tuple[str, ...]:
        """Return the lives of the servers that are written to."""
        return lives(self._client)

    def fill(self, rows: Rows) -> None:
        """Write rows that nobody reads yet."""
        with asking("write rows"):
            if isinstance(self._client, RedisCluster):
                pairs = zip(rows.keys.to_pylist(), rows.values.to_pylist(), strict=True)
                self._client.mset_nonatomic(dict(pairs))
            else:
                mset(self._client, rows, FILLED_AT_ONCE)

    def merge(self, rows: Rows) -> list[bool]:
        """Write each row that Redis has not; return where it is now, and not one of a later run."""
        with asking("write rows"):
            # In a Cluster one key a call, so that each goes to its own node.
            step = 1 if isinstance(self._client, RedisCluster) else MERGED_AT_ONCE
            all_keys, all_values = rows.keys.to_pylist(), rows.values.to_pylist()
            with self._client.pipeline(transaction=False) as pipeline:
                for at in range(0, len(rows), step):
                    keys, values = all_keys[at : at + step], all_values[at : at + step]
                    pipeline.execute_command("EVAL", lua.MERGE_ROWS, len(keys), *keys, *values)
                results = _results(pipeline.execute(raise_on_error=False))
        return [bool(written) for answer in results for written in answer]

    def announce(self, run: Run) -> None:
        """Note, before the first row, up to which run rows may be found if we die."""
        note = dump(asdict(PushedRun.of(run)))
        with asking("announce the push"):
            self._client.hset(self.keys.writer, reaching_field(run.view, run.version), note)

    def publish(  # noqa: PLR0913 - keyword-only, each a part of the one step
        self,
        *,
        since: Online,
        run: Run,
        record: ViewRecord,
        push: PushRecord,
        sample: Sequence[str],
        servers: tuple[str, ...],
        lock: ViewLock,
        readable_at_us: int | None,
    ) -> None:
        """Make a push readable: watermark, push record and switch of generation in one step.

        `since` is what Redis held when the push began, `sample` keys of rows that are in this
        generation to stay. Raise NamespaceOwned, or Refused when rows may have been lost in the
        meantime, or the lock was.
        """
        wait_for_replicas(self._client, self._replicas)
        if self.servers() != servers:
            raise Refused(
                "A Redis server restarted, or another took over, while rows were written: some may"
                " be lost. Nothing was made readable. Run `push-online` again."
            )
        view, version = run.view, run.version
        field = self.generations(view, version).field
        is_new = record.generation != since.current
        arguments: list[str | bytes] = [
            self._owner_raw,
            view_field(view, version),
            record.to_json(),
            push.to_json(),
            "" if readable_at_us is None else str(readable_at_us),
            pushed_field(view, version),
            dump(_pushed(since, run, sample, servers, is_new)),
            reaching_field(view, version),
            lock.field,
            lock.token,
            field(record.generation) if is_new else "",
            field(since.current) if is_new and since.current is not None else "",
            retired_field(view, version),
        ]
        keys = (self.keys.registry, self.keys.pushes, self.keys.writer, self.keys.version)
        with asking("make the push readable"):
            answer = self._client.eval(lua.PUBLISH, len(keys), *keys, *arguments)
        self._check(cast("bytes", answer).decode(), view_label(view, version))

    def retire(self, view: str, version: int, lock: ViewLock) -> None:
        """Take a view version offline and delete its rows; raise NamespaceOwned or Refused."""
        generations = self.generations(view, version)
        current = self.look(view, version).current
        arguments: list[str | bytes] = [
            self._owner_raw,
            view_field(view, version),
            retired_field(view, version),
            lock.field,
            lock.token,
            "" if current is None else generations.field(current),
            pushed_field(view, version),
            reaching_field(view, version),
        ]
        keys = (self.keys.registry, self.keys.writer, self.keys.version)
        with asking("retire the view"):
            answer = self._client.eval(lua.RETIRE, len(keys), *keys, *arguments)
        self._check(cast("bytes", answer).decode(), view_label(view, version))
        generations.drop({*self.look(view, version).generations})

    def write_services(self, services: Iterable[ServiceRecord], since: Registry) -> bool:
        """Write service records, unless one is another by now than `since` has it: then False.

        Raise NamespaceOwned.
        """
        changes: list[str | bytes] = []
        for service in services:
            field = service_field(service.service)
            changes += [field, since.raw.get(field, b""), service.to_json()]
        if not changes:
            return True
        with asking("write the services"):
            keys = (self.keys.registry, self.keys.version)
            answer = self._client.eval(lua.WRITE_REGISTRY, 2, *keys, self._owner_raw, *changes)
        told = cast("bytes", answer).decode()
        if told != "changed":
            self._check(told, "services")
        return told != "changed"

    def _check(self, answer: str, what: str) -> None:
        if answer == "owned":
            raise self._owned("another project or target")
        if answer != "done":
            raise Refused(
                f"{what}: another push has taken the place of this one, which changed nothing that"
                " is read. Run `push-online` again."
            )

    def _owned(self, owner: str) -> NamespaceOwned:
        return NamespaceOwned(
            f"Namespace {self.keys.namespace!r} belongs to {owner}, and this is"
            f" {self.owner.project}.{self.owner.target}: nothing was written."
            " Choose another with --namespace, or another Redis."
        )


def _pushed(
    since: Online, run: Run, sample: Sequence[str], servers: tuple[str, ...], is_new: bool
) -> dict[str, Any]:
    """Return the note of a push; its id makes the script, called again, know its own work."""
    # A new generation leaves nothing to overlap with.
    previous = since.pushed.run_as_of_us if since.pushed and not is_new else None
    return {
        **asdict(PushedRun.of(run)),
        "previous_run_as_of_us": previous,
        "sample": list(sample),
        "servers": list(servers),
        "push_id": uuid4().hex,
    }


def _results(results: Sequence[Any]) -> Sequence[Any]:
    """Return a pipeline's results; raise the first error as Redis told it, without our values."""
    for result in results:
        if isinstance(result, RedisError):
            raise result
    return results
