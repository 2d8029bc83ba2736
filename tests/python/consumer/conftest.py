"""The flights of New York, loaded, built, pushed and trained once for all tests of this folder."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flights_project import NAMESPACE, FlightsProject
from oracle.flights import Flights
from redis_server import RedisServer

from provender import FeatureReader


@pytest.fixture(scope="session")
def flights_redis() -> Iterator[RedisServer]:
    """A server of our own: others empty the shared one between our tests."""
    server = RedisServer()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def flights(tmp_path_factory: pytest.TempPathFactory, flights_redis: RedisServer) -> FlightsProject:
    """The project after everything that its README tells to run."""
    project = FlightsProject(tmp_path_factory.mktemp("flights") / "provender")
    project.follow_the_readme(flights_redis.url)
    return project


@pytest.fixture(scope="session")
def oracle() -> Flights:
    return Flights.load()


@pytest.fixture
def now(flights: FlightsProject) -> datetime:
    """The time at which the README reads: half an hour after the last run."""
    return flights.last_run.replace(tzinfo=UTC) + timedelta(minutes=30)


@pytest.fixture
def reader(flights_redis: RedisServer, now: datetime) -> Iterator[FeatureReader]:
    """A reader that lives at that time."""
    url = flights_redis.url
    with FeatureReader.from_url(url, namespace=NAMESPACE, clock=lambda: now, timeout=5) as reader:
        yield reader
