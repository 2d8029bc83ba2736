"""What the online store says about itself: a hash of JSON records, written by the push.

Fields are `owner`, `view:<view>@<version>` and `service:<name>`. Writer and reader share them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from time import monotonic as _monotonic
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
    "service_field",
    "view_field",
]

MAX_AGE = 1.0  # seconds; the writer keeps an old generation for longer than this
OWNER_FIELD = "owner"
_VIEW, _SERVICE = "view:", "service:"

Record = TypeVar("Record")


def view_field(view: str, version: int) -> str:
    """Return the field of a view record."""
    return _VIEW + view_label(view, version)


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
        if _VIEW + name not in self.raw:
            raise UnknownView(
                f"View {name!r} is not online.{nearest(name, self._names(_VIEW))}"
                f" Run `push-online --select {view}`, or correct the name."
            )
        return self._parse(_VIEW + name, _view_from_json)

    def service(self, service: str) -> ServiceRecord:
        """Return a service record; raise UnknownService when there is none."""
        if _SERVICE + service not in self.raw:
            raise UnknownService(
                f"Service {service!r} is not online.{nearest(service, self._names(_SERVICE))}"
                " Run `push-online` after declaring it as an exposure, or correct the name."
            )
        return self._parse(_SERVICE + service, _service_from_json)

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
    """The registry last read, good for `max_age` seconds of `monotonic`; it asks nobody itself."""

    def __init__(
        self,
        keys: KeySpace,
        *,
        monotonic: Callable[[], float] = _monotonic,
        max_age: float = MAX_AGE,
    ) -> None:
        """Begin with nothing."""
        self._keys, self._monotonic, self._max_age = keys, monotonic, max_age
        self._cached: tuple[float, Registry] | None = None

    @property
    def last(self) -> Registry | None:
        """The registry last read, however long ago."""
        return self._cached[1] if self._cached else None

    @property
    def fresh(self) -> Registry | None:
        """The registry, if it is at most `max_age` old."""
        if self._cached and self._monotonic() - self._cached[0] <= self._max_age:
            return self._cached[1]
        return None

    def keep(self, registry: Registry | None, asked_at: float) -> Registry:
        """Keep what was read, asked for at `asked_at`: so its age is an upper bound.

        Raise StoreUnavailable or UnknownNamespace for nothing, UnknownFormat for another format.
        """
        if registry is None:
            raise self._nothing_there()
        registry.owner()
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
