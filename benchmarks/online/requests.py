"""What is asked of a loaded store, by us and by a bare client. Light, as a model service is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from provender import ServedBatch, ServedFeatures


@dataclass(frozen=True)
class Request:
    """One entity: its keys, as our reader takes them, and the Redis keys of its rows."""

    keys: Mapping[str, object]
    rows: Sequence[str]


@dataclass(frozen=True)
class Workload:
    """Whom to ask for what."""

    urls: Mapping[str, str]
    namespace: str
    service: str
    requests: Sequence[Request]

    def request(self, number: int) -> Request:
        """Return one, and the first again after the last."""
        return self.requests[number % len(self.requests)]


def touch(served: ServedFeatures) -> None:
    """Look at each value and status, as a model service does."""
    for feature in served.values():
        feature.value  # noqa: B018 - reading it is the point
        feature.status  # noqa: B018


def touch_each(batch: ServedBatch) -> None:
    """The same of a batch, by the object that each value has."""
    for served in batch:
        touch(served)


def touch_columns(batch: ServedBatch) -> None:
    """Look at each value and status of a batch, column by column, as a model takes them."""
    for columns in (batch.columns(), batch.statuses()):
        for column in columns.values():
            for value in column:
                value  # noqa: B018
