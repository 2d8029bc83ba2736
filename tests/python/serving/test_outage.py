"""Redis away, locked, empty: the view's policy once the registry is known, a sentence before."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import redis
from online_store import ACTIVITY, KEYS, NAMESPACE, T0, Store
from redis_server import RedisServer

from provender import FeatureReader, FeatureUnavailable, Status, StoreUnavailable, UnknownNamespace
from provender.asking import Asker
from provender.connection import connect
from provender.errors import InvalidNamespace, WrongKey
from provender.reading import Ask
from provender.records import ViewRecord

SECRET = "s3cret/word"


@pytest.fixture
def outage(own_redis: RedisServer) -> Iterator[Store]:
    """A store with one row, on a server that can be stopped."""
    with own_redis.client() as client:
        yield filled(client, ACTIVITY)


def filled(client: redis.Redis, view: ViewRecord) -> Store:
    store = Store(client).open(view)
    store.write(view, [3, "bakery"], customer_id=42)
    return store


@pytest.mark.parametrize("seconds", [0.5, 3600])
def test_with_redis_gone_features_are_unavailable(
    outage: Store, own_redis: RedisServer, seconds: float
) -> None:
    reader = outage.reader()
    reader.get("credit_risk", customer_id=42)
    own_redis.stop()
    outage.clock.advance(timedelta(seconds=seconds))
    served = reader.get("credit_risk", customer_id=42)
    assert served.to_dict() == {"days_since_last_purchase": 30, "favourite_shop": "none"}
    value = served["favourite_shop"]
    assert (value.status, value.age, value.as_of) == (Status.UNAVAILABLE, None, None)
    assert value.is_default


def test_with_redis_gone_the_fail_policy_raises(outage: Store, own_redis: RedisServer) -> None:
    outage.publish(replace(ACTIVITY, otherwise="fail"))
    reader = outage.reader()
    reader.get("credit_risk", customer_id=42)
    own_redis.stop()
    with pytest.raises(FeatureUnavailable, match="is unavailable"):
        reader.get("credit_risk", customer_id=42)


def test_with_redis_back_values_are_served_again(outage: Store, own_redis: RedisServer) -> None:
    reader = outage.reader()
    reader.get("credit_risk", customer_id=42)
    own_redis.stop()
    reader.get("credit_risk", customer_id=42)
    own_redis.start()
    filled(outage.client, ACTIVITY)
    assert reader.get("credit_risk", customer_id=42)["favourite_shop"].value == "bakery"


def test_a_redis_that_stalls_costs_one_timeout_a_second(
    outage: Store, own_redis: RedisServer
) -> None:
    """Left alone meanwhile: it wakes, and is not asked before the second is over."""
    reader = impatient(outage, own_redis)
    reader.get("credit_risk", customer_id=42)
    with own_redis.stalled():
        served = reader.get("credit_risk", customer_id=42)
        assert served["favourite_shop"].status is Status.UNAVAILABLE
    outage.clock.advance(timedelta(seconds=0.9))
    served = reader.get("credit_risk", customer_id=42)
    assert served["favourite_shop"].status is Status.UNAVAILABLE
    outage.clock.advance(timedelta(seconds=0.1))
    assert reader.get("credit_risk", customer_id=42)["favourite_shop"].value == "bakery"
    assert reader.get("credit_risk", customer_id=42)["favourite_shop"].value == "bakery"


def test_what_a_caller_got_wrong_does_not_use_up_the_second_try(
    outage: Store, own_redis: RedisServer
) -> None:
    reader = rested(outage, own_redis)
    with pytest.raises(WrongKey):
        reader.get("credit_risk", customer_id="x")
    assert reader.get("credit_risk", customer_id=42)["favourite_shop"].value == "bakery"


def test_a_permission_lost_meanwhile_is_an_error_each_time(
    outage: Store, own_redis: RedisServer
) -> None:
    reader = rested(outage, own_redis)
    outage.client.acl_setuser("default", enabled=True, nopass=True, commands=["-mget"])
    for _ in range(3):
        with pytest.raises(StoreUnavailable, match="permission"):
            reader.get("credit_risk", customer_id=42)


def impatient(outage: Store, own_redis: RedisServer) -> FeatureReader:
    """A reader that waits a tenth of a second."""
    return FeatureReader(
        connect(own_redis.url, 0.1),
        namespace=NAMESPACE,
        clock=outage.clock,
        monotonic=outage.clock.monotonic,
    )


def rested(outage: Store, own_redis: RedisServer) -> FeatureReader:
    """A reader that met a stalled Redis, a second ago."""
    reader = impatient(outage, own_redis)
    reader.get("credit_risk", customer_id=42)
    with own_redis.stalled():
        reader.get("credit_risk", customer_id=42)
    outage.clock.advance(timedelta(seconds=1))
    return reader


def test_redis_come_back_empty_is_an_outage_to_a_reader_that_knew_it(outage: Store) -> None:
    reader = outage.reader()
    reader.get("credit_risk", customer_id=42)
    outage.client.flushall()
    assert reader.get("credit_risk", customer_id=42)["favourite_shop"].status is Status.UNAVAILABLE
    with pytest.raises(UnknownNamespace):
        outage.reader().get("credit_risk", customer_id=42)


def test_a_registry_never_read_is_an_error(own_redis: RedisServer) -> None:
    own_redis.stop()
    with (
        FeatureReader.from_url(own_redis.url, namespace=NAMESPACE) as reader,
        pytest.raises(StoreUnavailable, match="cannot be reached"),
    ):
        reader.get("credit_risk", customer_id=42)


def test_a_wrong_password_is_named_and_never_shown(outage: Store, own_redis: RedisServer) -> None:
    outage.client.acl_setuser("model", enabled=True, passwords=["+right"], categories=["+@all"])
    url = f"unix://model@{own_redis.socket}?password=s3cret%2Fword"
    reader = FeatureReader.from_url(url, namespace=NAMESPACE)
    with pytest.raises(StoreUnavailable) as caught:
        reader.get("credit_risk", customer_id=42)
    assert "user name or password" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_missing_password_is_named(outage: Store, own_redis: RedisServer) -> None:
    outage.client.config_set("requirepass", "right")
    with pytest.raises(StoreUnavailable, match="user name or password"):
        FeatureReader.from_url(own_redis.url, namespace=NAMESPACE).get("x", customer_id=1)


@pytest.mark.parametrize(
    "url",
    ["redis://:pa#ss@host:6379", "redis://:s3cret/word@host", "http://host", "host:6379", ""],
)
def test_an_unreadable_url_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(StoreUnavailable) as caught:
        connect(url)
    assert "percent-encode" in str(caught.value)
    assert "pa" not in str(caught.value).replace("password", "").replace("pass", "")
    assert caught.value.__cause__ is None


def confined(store: Store, server: RedisServer, *patterns: str) -> FeatureReader:
    store.client.acl_setuser(
        "model", enabled=True, nopass=True, commands=["+hgetall", "+mget"], keys=list(patterns)
    )
    client = redis.Redis(unix_socket_path=str(server.socket), username="model", password="any")
    return FeatureReader(client, namespace=NAMESPACE, clock=store.clock)


def test_an_acl_can_confine_a_service_to_its_view(outage: Store, own_redis: RedisServer) -> None:
    rows = f"{KEYS.view('customer_activity', 1)}*"
    reader = confined(outage, own_redis, KEYS.registry, KEYS.version, rows)
    assert reader.get("credit_risk", customer_id=42)["favourite_shop"].value == "bakery"


@pytest.mark.parametrize("granted", [[KEYS.registry], [f"{KEYS.view('customer_activity', 1)}*"]])
def test_a_missing_permission_is_an_error_and_never_a_default(
    outage: Store, own_redis: RedisServer, granted: list[str]
) -> None:
    reader = confined(outage, own_redis, *granted)
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="permission"):
            reader.get("credit_risk", customer_id=42)


def test_a_registry_of_another_type_is_told(outage: Store) -> None:
    outage.client.set(KEYS.registry, "x")
    with pytest.raises(StoreUnavailable, match="Redis refused"):
        outage.reader().get("credit_risk", customer_id=42)


def test_from_url_reads_and_closes(outage: Store, own_redis: RedisServer) -> None:
    with FeatureReader.from_url(
        own_redis.url, namespace=NAMESPACE, clock=lambda: T0, timeout=5
    ) as reader:
        assert reader.get("credit_risk", customer_id=42)["favourite_shop"].value == "bakery"


def test_a_namespace_is_checked_before_anything_is_asked() -> None:
    with pytest.raises(InvalidNamespace):
        FeatureReader(redis.Redis(), namespace="No Such")


def test_a_cluster_that_cannot_be_reached_is_told() -> None:
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        connect("redis+cluster://127.0.0.1:1")


def test_sentinels_are_named_in_the_url() -> None:
    client = connect("redis+sentinel://user:p%40ss@127.0.0.1:1,[::1]:2/risk")
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        Asker(client).ask(Ask("MGET", ["a"], None))
