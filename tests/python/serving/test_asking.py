"""How Redis is asked: connections that stay, budgets that bound waiting, tasks that go together."""

import asyncio
import os
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
import redis
from online_store import ACTIVITY, KEYS, NAMESPACE, T0, Store, commands, service_over
from redis_server import RedisServer

from provender import AsyncFeatureReader, FeatureReader, Status, StoreUnavailable
from provender.reading import MOST_ROWS
from provender.registry import service_field


def filled(store: Store, keys: int = 1) -> Store:
    for key in range(keys):
        store.write(ACTIVITY, [key, None], customer_id=key)
    return store


def days(reader: FeatureReader, key: int = 0) -> object:
    return reader.get("credit_risk", customer_id=key)["days_since_last_purchase"].value


def test_a_connection_dropped_while_idle_is_opened_again(store: Store) -> None:
    reader = filled(store).reader()
    assert days(reader) == 0
    for each in store.client.client_list():
        store.client.client_kill_filter(_id=each["id"], skipme=True)
    assert days(reader) == 0


def test_an_error_reply_does_not_spoil_the_connection(store: Store) -> None:
    """The next answer is the next question's."""
    reader = filled(store, 2).reader()
    days(reader)
    store.client.acl_setuser("default", enabled=True, nopass=True, commands=["-mget"])
    with pytest.raises(StoreUnavailable, match="permission"):
        days(reader)
    store.client.acl_setuser("default", enabled=True, nopass=True, commands=["+mget"])
    assert [days(reader, key) for key in (1, 0)] == [1, 0]


def test_threads_do_not_mix_their_answers(store: Store) -> None:
    reader = filled(store, 50).reader()
    found: dict[int, list[object]] = {}

    def read(key: int) -> None:
        found[key] = [days(reader, key) for _ in range(50)]

    threads = [threading.Thread(target=read, args=[key]) for key in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {key: [key] * 50 for key in range(8)}


def test_a_forked_process_opens_connections_of_its_own(store: Store) -> None:
    reader = filled(store, 2).reader()
    days(reader)
    child = os.fork()
    if child == 0:
        os._exit(0 if [days(reader, 1) for _ in range(100)] == [1] * 100 else 1)
    mine = [days(reader, 0) for _ in range(100)]
    _, status = os.waitpid(child, 0)
    assert (mine, status) == ([0] * 100, 0)


def test_the_latency_budget_bounds_the_wait(own_redis: RedisServer) -> None:
    """A service that may wait ten seconds does; one that may not is left with its policy."""
    with own_redis.client() as client:
        store = filled(Store(client).open(ACTIVITY))
        patient = replace(service_over("patient", ACTIVITY), latency_budget_ms=10_000)
        store.put(service_field("patient"), patient.to_json())
        with FeatureReader.from_url(own_redis.url, namespace=NAMESPACE, clock=lambda: T0) as reader:
            for service in ("credit_risk", "patient"):
                reader.get(service, customer_id=0)
            with own_redis.stalled():
                hasty = reader.get("credit_risk", customer_id=0)
                assert hasty["favourite_shop"].status is Status.UNAVAILABLE
                waiting = threading.Timer(0.2, lambda: os.kill(own_redis.pid, 18))
                waiting.start()
                served = reader.get("patient", customer_id=0)
            assert served["days_since_last_purchase"].value == 0


def test_tasks_that_ask_at_once_go_together(store: Store, redis_server: RedisServer) -> None:
    async def run() -> list[object]:
        async with AsyncFeatureReader.from_url(
            redis_server.url, namespace=NAMESPACE, clock=lambda: T0, timeout=5
        ) as reader:
            reads = (reader.get("credit_risk", customer_id=key) for key in range(64))
            served = await asyncio.gather(*reads)
            return [one["days_since_last_purchase"].value for one in served]

    filled(store, 64)
    store.client.config_resetstat()
    assert asyncio.run(run()) == list(range(64))
    assert commands(store.client)["mget"] == 1
    assert commands(store.client)["hgetall"] == 1


def test_another_services_forbidden_rows_harm_only_it(own_redis: RedisServer) -> None:
    async def run() -> tuple[object, object]:
        async with AsyncFeatureReader.from_url(
            own_redis.url, namespace=NAMESPACE, clock=lambda: T0, timeout=5
        ) as reader:
            return await asyncio.gather(
                reader.get("credit_risk", customer_id=0),
                reader.get("secrets", customer_id=0),
                return_exceptions=True,
            )

    with own_redis.client() as client:
        secret = replace(ACTIVITY, view="secret")
        store = filled(Store(client).open(ACTIVITY, secret))
        for service, view in (("credit_risk", ACTIVITY), ("secrets", secret)):
            store.put(service_field(service), service_over(service, view).to_json())
        allowed = [store.key(ACTIVITY, customer_id=0), KEYS.registry, KEYS.version]
        client.acl_setuser(
            "default", enabled=True, nopass=True, reset_keys=True, keys=allowed, commands=["+@all"]
        )
        served, refused = asyncio.run(run())
    assert served["days_since_last_purchase"].value == 0  # type: ignore[index]
    assert isinstance(refused, StoreUnavailable)
    assert refused.refused


def test_a_task_that_is_cancelled_leaves_the_others_their_answers(
    store: Store, redis_server: RedisServer
) -> None:
    async def run() -> list[object]:
        async with AsyncFeatureReader.from_url(
            redis_server.url, namespace=NAMESPACE, clock=lambda: T0, timeout=5
        ) as reader:
            reads = [
                asyncio.ensure_future(reader.get("credit_risk", customer_id=key))
                for key in range(3)
            ]
            await asyncio.sleep(0)
            reads[1].cancel()
            await asyncio.wait(reads)
            return [
                None if read.cancelled() else read.result()["days_since_last_purchase"].value
                for read in reads
            ]

    filled(store, 3)
    assert asyncio.run(run()) == [0, None, 2]


def test_very_many_keys_do_not_stop_redis_with_one_command(store: Store) -> None:
    filled(store, 3)
    reader = store.reader()
    days(reader)
    store.client.config_resetstat()
    keys = [{"customer_id": at % 3} for at in range(MOST_ROWS + 1)]
    served = reader.get_many("credit_risk", keys)
    assert [one["days_since_last_purchase"].value for one in served] == [
        key["customer_id"] for key in keys
    ]
    assert commands(store.client)["mget"] == 2


def test_the_rest_is_ten_times_the_wait_and_a_second_at_most(own_redis: RedisServer) -> None:
    with own_redis.client() as client:
        store = filled(Store(client).open(ACTIVITY))
        reader = FeatureReader.from_url(own_redis.url, namespace=NAMESPACE, clock=store.clock)
        reader._reading._monotonic = store.clock.monotonic  # a clock that moves when told to
        days(reader)
        with own_redis.stalled():
            reader.get("credit_risk", customer_id=0)
        store.clock.advance(timedelta(seconds=0.19))  # its budget is 20 ms
        assert days(reader) == 30
        store.clock.advance(timedelta(seconds=0.01))
        assert days(reader) == 0


def test_readers_on_one_client_share_its_connections(store: Store) -> None:
    """However many there were: a client opens a limited number."""
    filled(store)
    before = len(store.client.client_list())
    assert [days(store.reader()) for _ in range(200)] == [0] * 200
    assert len(store.client.client_list()) <= before + 1


@pytest.mark.parametrize("most", [1, 2, 4])
def test_a_client_of_few_connections_is_not_starved(
    store: Store, redis_server: RedisServer, most: int
) -> None:
    """Whatever many threads took at once, the registry can be read again."""
    filled(store)
    client = redis.Redis.from_url(redis_server.url, max_connections=most)
    reader = FeatureReader(
        client, namespace=NAMESPACE, clock=store.clock, monotonic=store.clock.monotonic
    )
    days(reader)
    askers = [threading.Thread(target=days, args=[reader]) for _ in range(most)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    store.clock.seconds += 2
    assert days(reader) == 0
    assert client.ping()
    client.close()
