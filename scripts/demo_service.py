"""The demo's model service: reads features, decides loan applications, logs each decision."""

import csv
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from provender import DecisionLog, FeatureReader, ServedFeatures
from provender_ops.decisions.log_key import key_text
from provender_ops.demo_store import NAMESPACE, TARGET, Store

MODEL_VERSION = "rules-1"
DECLINE_FROM = 2  # points


@dataclass(frozen=True, slots=True)
class Application:
    """One request, as it reaches the service."""

    application_id: str
    customer_id: int
    device_id: str
    ip: str
    amount: str
    applied_at: datetime


class Service:
    """A model service that lives on simulated time."""

    def __init__(self, store: Store) -> None:
        """Connect reader and decision log to the demo's Redis."""
        self._now = datetime.now(UTC)
        self._applications = sorted(
            read_applications(store.root / "seeds" / "raw_loan_applications.csv"),
            key=lambda application: (application.applied_at, application.application_id),
        )
        url = store.redis.url
        self._reader = FeatureReader.from_url(
            url, namespace=NAMESPACE, clock=lambda: self._now, timeout=5
        )
        self._log = DecisionLog.from_url(
            url, namespace=NAMESPACE, bound=5, log_key=key_text(store.root)
        )
        self._last: ServedFeatures | None = None

    def __enter__(self) -> Self:
        """Return the service; leaving closes its connections."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self._reader.close()
        self._log.close()

    def decide(self, *, after: datetime, until: datetime) -> dict[str, int]:
        """Decide what was applied for in (after, until]; return how many, and how many declined."""
        outcomes = [
            self._decide(one) for one in self._applications if after < one.applied_at <= until
        ]
        return {"decided": len(outcomes), "declined": outcomes.count("declined")}

    def last_command(self) -> str:
        """Return the command that reads the last application's features again."""
        keys = self._last.keys.items() if self._last else ()
        pairs = " ".join(shlex.quote(f"{name}={value}") for name, value in keys)
        read = f".venv/bin/provender read credit_risk {pairs} --target {TARGET}"
        return f"{read} --now {self._now:%Y-%m-%dT%H:%M:%SZ}"

    def last_read(self) -> list[dict[str, Any]]:
        """Return the features of the last application, for showing."""
        features = self._last.features.values() if self._last else ()
        return [
            {
                "feature": one.name,
                "value": one.value,
                "status": one.status.value,
                "age": one.age,
                "as_of": f"{one.as_of:%m-%d %H:%M}" if one.as_of else None,
                "view": f"{one.view}@{one.version}",
            }
            for one in features
        ]

    def _decide(self, application: Application) -> str:
        self._now = application.applied_at
        features = self._reader.get(
            "credit_risk",
            customer_id=application.customer_id,
            device_id=application.device_id,
            ip=application.ip,
        )
        outcome = "declined" if risk_points(features.to_dict()) >= DECLINE_FROM else "accepted"
        self._log.record(
            features,
            model_version=MODEL_VERSION,
            decision={"outcome": outcome},
            request={"application_id": application.application_id, "amount": application.amount},
            decided_at=application.applied_at,
        )
        self._last = features
        return outcome


def risk_points(features: dict[str, Any]) -> int:
    """Score an application: a point for each sign of trouble."""
    signs = (
        features["device_payments_60m"] >= 3,
        features["ip_customers_10m"] >= 2,
        features["late_loan_payments_90d"] >= 1,
        features["days_since_last_purchase"] >= 20,
        features["payments_30d"] == 0,
    )
    return sum(signs)


def read_applications(path: Path) -> Iterator[Application]:
    """Yield each application once, as first delivered."""
    seen: set[str] = set()
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["application_id"] in seen or not row["applied_at"].endswith("Z"):
                continue
            seen.add(row["application_id"])
            yield Application(
                application_id=row["application_id"],
                customer_id=int(row["customer_id"]),
                device_id=row["device_id"],
                ip=row["ip"],
                amount=row["amount"],
                applied_at=datetime.fromisoformat(row["applied_at"]),
            )
