"""What Prometheus is told. Children are kept, so that a read looks none up by its labels."""

import os
from collections.abc import Iterable, Iterator

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
    multiprocess,
)

from provender.features import Row, ServedFeatures, Status
from provender.keys import view_label

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # prometheus-client's own: workers share their figures there
_LATENCIES = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_AGES = (1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 86400, 2 * 86400, 7 * 86400)


class Metrics:
    """The metrics of one application."""

    def __init__(self) -> None:
        """Begin at zero."""
        registry = CollectorRegistry()
        self._registry = registry
        self._requests = Counter(
            "provender_http_requests_total",
            "Requests; outcome is ok or the error's name.",
            ("service", "endpoint", "outcome"),
            registry=registry,
        )
        self._seconds = Histogram(
            "provender_http_request_seconds",
            "Time to answer a request, once its headers were there.",
            ("service", "endpoint"),
            buckets=_LATENCIES,
            registry=registry,
        )
        self._served = Counter(
            "provender_features_served_total",
            "Features served, by how their values came about.",
            ("service", "view", "status"),
            registry=registry,
        )
        self._age = Histogram(
            "provender_value_age_seconds",
            "Age of the rows served, when they were read.",
            ("view",),
            buckets=_AGES,
            registry=registry,
        )
        self._ready = Gauge(
            "provender_ready",
            "1 when Redis answered just now with all that bound services read.",
            registry=registry,
            multiprocess_mode="livemostrecent",
        )
        self._spool = Gauge(
            "provender_spool_bytes",
            "Bytes of decisions that wait for Redis in the spool.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        ProcessCollector(registry=registry)
        self._requests_of: dict[tuple[str, str, str], Counter] = {}
        self._seconds_of: dict[tuple[str, str], Histogram] = {}
        self._served_of: dict[tuple[str, str, Status], Counter] = {}
        self._age_of: dict[str, Histogram] = {}

    def request(self, service: str, endpoint: str, outcome: str, seconds: float) -> None:
        """Count one request."""
        requests = self._requests_of.get((service, endpoint, outcome))
        if requests is None:
            requests = self._requests.labels(service, endpoint, outcome)
            self._requests_of[service, endpoint, outcome] = requests
        requests.inc()
        latency = self._seconds_of.get((service, endpoint))
        if latency is None:
            latency = self._seconds_of[service, endpoint] = self._seconds.labels(service, endpoint)
        latency.observe(seconds)

    def served(self, many: Iterable[ServedFeatures]) -> None:
        """Count what was served: features by status, and the age of each row."""
        totals: dict[tuple[str, str, Status], int] = {}
        for served in many:
            for row, statuses in _by_row(served):
                view = view_label(row.record.view, row.record.version)
                for status, count in statuses.items():
                    key = (served.service, view, status)
                    totals[key] = totals.get(key, 0) + count
                if row.age_us is not None:
                    self._age_in(view).observe(row.age_us / 1e6)
        for labels, count in totals.items():
            counter = self._served_of.get(labels)
            if counter is None:
                counter = self._served_of[labels] = self._served.labels(*labels)
            counter.inc(count)

    def _age_in(self, view: str) -> Histogram:
        age = self._age_of.get(view)
        if age is None:
            age = self._age_of[view] = self._age.labels(view)
        return age

    def state(self, *, ready: bool, spool_bytes: int) -> None:
        """Tell how things are now."""
        self._ready.set(ready)
        self._spool.set(spool_bytes)

    def page(self) -> bytes:
        """Return what Prometheus reads: of all workers, where they share a folder."""
        if _FOLDER not in os.environ:
            return generate_latest(self._registry)
        everyone = CollectorRegistry()
        multiprocess.MultiProcessCollector(everyone)  # type: ignore[no-untyped-call]
        return generate_latest(everyone)

    def close(self) -> None:
        """Take back what this worker said of the present; what it counted stays."""
        if _FOLDER in os.environ:
            multiprocess.mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]


def _by_row(served: ServedFeatures) -> Iterator[tuple[Row, dict[Status, int]]]:
    """Yield each row, and how many of its features have which status."""
    rows: dict[int, tuple[Row, dict[Status, int]]] = {}
    for feature in served.values():
        row = feature.row
        found = rows.get(id(row))
        if found is None:
            found = rows[id(row)] = (row, {})
        statuses = found[1]
        statuses[feature.status] = statuses.get(feature.status, 0) + 1
    return iter(rows.values())
