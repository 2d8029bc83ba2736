"""The store the HTTP tests read, fresh as of now: a server has no other clock."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import redis
from online_store import ACTIVITY, Store

from provender.instants import to_us
from provender.records import ViewRecord


@pytest.fixture
def activity() -> ViewRecord:
    """A view whose last run was just now."""
    return replace(ACTIVITY, run_as_of_us=to_us(datetime.now(UTC)))


@pytest.fixture
def store(redis_client: redis.Redis, activity: ViewRecord) -> Store:
    """One view, one service, one row."""
    store = Store(redis_client).open(activity)
    store.write(activity, [3, "bakery"], customer_id=42)
    return store
