"""The store the serving tests read."""

import pytest
import redis
from online_store import ACTIVITY, Store


@pytest.fixture
def store(redis_client: redis.Redis) -> Store:
    """One view, one service, no rows."""
    return Store(redis_client).open(ACTIVITY)
