"""TLS, ended by a proxy before Redis: pushed and read through it; whom it trusts, it checks."""

from pathlib import Path

import pytest
from certificates import Authority
from judge import has_value
from redis_server import RedisServer
from relay import Relay
from scene import Scene, points

from provender import FeatureReader, StoreUnavailable


def test_push_and_read_through_tls(scene: Scene, own_redis: RedisServer, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with Relay(own_redis.socket, authority.server_context()) as relay:
        scene.url = url_of(relay, authority)
        scene.story.run()
        scene.push()
        with scene.watched():
            for _ in points(1):
                scene.story.run()
                scene.push()
                scene.push("--full")
                scene.equals_history()
                with scene.fault():
                    relay.cut()
                scene.everybody(has_value)
        scene.leaves_nothing_behind()


@pytest.mark.parametrize("wrong", ["authority", "host"])
def test_a_wrong_certificate_is_refused(
    scene: Scene, own_redis: RedisServer, tmp_path: Path, wrong: str
) -> None:
    """One that nobody we trust signed, or that is another host's."""
    (tmp_path / "other").mkdir()
    authority, other = Authority(tmp_path), Authority(tmp_path / "other")
    signer, host = (other, "127.0.0.1") if wrong == "authority" else (authority, "redis.example")
    with Relay(own_redis.socket, signer.server_context(host)) as relay:
        url = url_of(relay, authority)
        scene.story.run()
        ended = scene.try_push(url=url)
        assert (ended.code, ended.is_refused) == (2, True), ended
        assert_clear(ended.output)
        with (
            FeatureReader.from_url(url, namespace=scene.story.namespace) as reader,
            pytest.raises(StoreUnavailable) as caught,
        ):
            reader.get("credit_risk", customer_id=1)
        assert_clear(str(caught.value))
    with own_redis.client() as client:
        assert client.keys("*") == []


def assert_clear(sentence: str) -> None:
    """It tells what is wrong and what to do; there is nothing to start."""
    assert "certificate" in sentence
    assert "ssl_ca_certs" in sentence
    assert "Start it" not in sentence


def url_of(relay: Relay, authority: Authority) -> str:
    return f"rediss://127.0.0.1:{relay.port}?ssl_ca_certs={authority.file}"
