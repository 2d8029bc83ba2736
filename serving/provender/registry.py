"""What the online store says about itself: a hash of JSON records, written by the push.

Fields are `owner`, `version`, `view:<view>@<version>`, `service:<name>`, and `retired:<view>@<v>`
for what is not online any more. Writer and reader share them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar, cast

from provender.connection import Client, asking
from provender.errors import (
    CorruptValue,
    StoreUnavailable,
    UnknownFormat,
    UnknownNamespace,
    UnknownService,
    UnknownView,
    WrongValue,
)
from provender.instants import from_us, to_text
from provender.keys import KeySpace, nearest, view_label
from provender.records import (
    FORMAT,
    FeatureColumn,
    KeyColumn,
    OwnerRecord,
    PushRecord,
    ServiceFeature,
    ServiceRecord,
    ViewRecord,
    ViewRef,
)

__all__ = [
    "MAX_AGE",
    "OWNER_FIELD",
    "FeatureColumn",
    "KeyColumn",
    "OwnerRecord",
    "PushRecord",
    "Registry",
    "RegistryCache",
    "ServiceFeature",
    "ServiceRecord",
    "ViewRecord",
    "ViewRef",
    "read_registry",
    "registry_of",
    "retired_field",
    "service_field",
    "view_field",
]

MAX_AGE = 1.0  # seconds; the writer keeps an old generation for longer than this
OWNER_FIELD = "owner"
VERSION_FIELD = "version"
_VIEW, _SERVICE, _RETIRED = "view:", "service:", "retired:"

Record = TypeVar("Record")


def view_field(view: str, version: int) -> str:
    """Return the field of a view record."""
    return _VIEW + view_label(view, version)


def retired_field(view: str, version: int) -> str:
    """Return the field that says since when a view version is not online any more (Redis TIME)."""
    return _RETIRED + view_label(view, version)


def service_field(service: str) -> str:
    """Return the field of a service record."""
    return _SERVICE + service


@dataclass(frozen=True)
class Registry:
    """One reading of the registry; records are parsed when they are asked for."""

    redis_key: str
    raw: Mapping[str, bytes]

    def owner(self) -> OwnerRecord:
        """Return the owner; raise UnknownFormat when it writes another format."""
        owner = self._parse(OWNER_FIELD, OwnerRecord.from_json)
        if owner.format != FORMAT:
            raise UnknownFormat(
                f"{self.redis_key!r} is written in format {owner.format}, and this package reads"
                f" format {FORMAT}. Install the provender version that pushes to it."
            )
        return owner

    def view(self, view: str, version: int) -> ViewRecord:
        """Return a view record; raise UnknownView when it was never pushed."""
        name = view_label(view, version)
        if self.is_retired(view, version):
            raise UnknownView(
                f"View {name!r} was retired at {self._retired_at(name)}. Read another version, or"
                f" bring it back by `push-online --select {name}`."
            )
        if _VIEW + name not in self.raw:
            raise UnknownView(
                f"View {name!r} is not online.{nearest(name, self._names(_VIEW))}"
                f" Run `push-online --select {view}`, or correct the name."
            )
        return self._parse(_VIEW + name, _view_from_json)

    def views(self) -> list[tuple[str, int]]:
        """Return name and version of each view that is online."""
        labels = (name.rpartition("@") for name in sorted(self._names(_VIEW)))
        return [(view, int(version)) for view, _, version in labels if version.isdigit()]

    def services(self) -> list[str]:
        """Return the name of each service that is online."""
        return sorted(self._names(_SERVICE))

    def is_retired(self, view: str, version: int) -> bool:
        """Return whether a view version was taken offline on purpose."""
        return retired_field(view, version) in self.raw

    @property
    def version(self) -> bytes | None:
        """What changes whenever the registry does."""
        return self.raw.get(VERSION_FIELD)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was made readable yet."""
        return not any(name.startswith((_VIEW, _SERVICE, _RETIRED)) for name in self.raw)

    def service(self, service: str) -> ServiceRecord:
        """Return a service record; raise UnknownService when there is none."""
        if _SERVICE + service not in self.raw:
            raise UnknownService(
                f"Service {service!r} is not online.{nearest(service, self._names(_SERVICE))}"
                " Run `push-online` after declaring it as an exposure, or correct the name."
            )
        return self._parse(_SERVICE + service, _service_from_json)

    def _retired_at(self, name: str) -> str:
        microseconds = self.raw[_RETIRED + name]
        return to_text(from_us(int(microseconds))) if microseconds.isdigit() else "some time"

    def _names(self, prefix: str) -> list[str]:
        return [name.removeprefix(prefix) for name in self.raw if name.startswith(prefix)]

    def _parse(self, name: str, parse: Callable[[bytes], Record]) -> Record:
        try:
            return parse(self.raw[name])
        except (WrongValue, LookupError) as error:
            raise CorruptValue(
                f"Field {name!r} of {self.redis_key!r} cannot be read: {error}."
                " Run `push-online --full` to write the registry anew."
            ) from None


def read_registry(client: Client, keys: KeySpace) -> Registry | None:
    """Return the registry as it is now, None where nothing was pushed; raise StoreUnavailable."""
    with asking("read the registry"):
        return registry_of(keys, cast("dict[bytes, bytes]", client.hgetall(keys.registry)))


def registry_of(keys: KeySpace, raw: Mapping[bytes, bytes]) -> Registry | None:
    """Return the registry that a hash holds, None for an empty one."""
    named = {name.decode(errors="replace"): value for name, value in raw.items()}
    return Registry(keys.registry, named) if raw else None


class RegistryCache:
    """The registry last read, good for MAX_AGE seconds (monotonic); it asks nobody itself."""

    def __init__(self, keys: KeySpace) -> None:
        """Begin with nothing."""
        self._keys = keys
        self._cached: tuple[float, Registry] | None = None

    @property
    def last(self) -> Registry | None:
        """The registry last read, however long ago."""
        return self._cached[1] if self._cached else None

    def fresh(self, now: float) -> Registry | None:
        """Return the registry, if it is at most MAX_AGE old."""
        cached = self._cached
        return cached[1] if cached and now - cached[0] <= MAX_AGE else None

    def confirm(self, registry: Registry, asked_at: float) -> None:
        """Take note that Redis had this registry when it was asked."""
        cached = self._cached
        if cached and cached[1] is registry and cached[0] < asked_at:
            self._cached = (asked_at, registry)

    def keep(self, registry: Registry | None, asked_at: float) -> Registry:
        """Keep what was read, asked for at `asked_at`: so its age is an upper bound.

        Raise StoreUnavailable or UnknownNamespace for nothing, UnknownFormat for another format.
        """
        if registry is None:
            raise self._nothing_there()
        registry.owner()
        if registry.is_empty:
            raise self._nothing_there()
        cached = self._cached
        if cached and cached[1] == registry:
            registry = cached[1]  # the same object, so that plans made from it stay good
        if cached is None or cached[0] <= asked_at:  # another thread's may be newer
            self._cached = (asked_at, registry)
        return registry

    def _nothing_there(self) -> UnknownNamespace | StoreUnavailable:
        namespace = self._keys.namespace
        if self.last:
            return StoreUnavailable(
                f"Namespace {namespace!r} was here and is gone: Redis came back empty."
                " Run `push-online` to fill it again."
            )
        return UnknownNamespace(
            f"Nothing is online in namespace {namespace!r}. Run `push-online`, or correct the"
            " namespace or the URL; the default namespace is `<project>.<target>`."
        )


# A record changes with each push, the registry is read each second: equal bytes parse once.
@lru_cache(maxsize=1024)
def _view_from_json(raw: bytes) -> ViewRecord:
    return ViewRecord.from_json(raw)


@lru_cache(maxsize=1024)
def _service_from_json(raw: bytes) -> ServiceRecord:
    return ServiceRecord.from_json(raw)
