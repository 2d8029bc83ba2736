"""Requests drawn at random over a loaded store, once their answers were seen to be right."""

import random
from collections.abc import Sequence

from benchmarks.data import KEY
from benchmarks.online.published import Published
from benchmarks.online.requests import Request, Workload
from benchmarks.online.server import Server
from benchmarks.online.stream import row_prefix
from benchmarks.online.world import NAMESPACE, SERVICE, VIEWS, views
from provender import FeatureReader, Status

SAMPLE = 10_000  # entities that are asked for, of all


def draw(published: Published, server: Server) -> Workload:
    """Return a workload; end the benchmark where an answer is not that of history."""
    some = random.Random(0).sample(range(published.keys), min(SAMPLE, published.keys))
    with server.client() as client:
        prefixes = [row_prefix(client, view) for view in VIEWS]
    requests = [Request({KEY: key}, [f"{each}{{{key}}}" for each in prefixes]) for key in some]
    _refuse_other_answers(published, server, requests)
    urls = {"TCP": server.tcp, "Unix socket": server.unix}
    return Workload(urls, NAMESPACE, SERVICE, requests)


def _refuse_other_answers(
    published: Published, server: Server, requests: Sequence[Request]
) -> None:
    keys = [each.keys[KEY] for each in requests]
    histories = [published.live(view, keys) for view in views()]
    with FeatureReader.from_url(server.tcp, namespace=NAMESPACE, timeout=30) as reader:
        batch = reader.get_many(SERVICE, [each.keys for each in requests])
    for key, served in zip(keys, batch, strict=True):
        expected = [value for history in histories for value in history[key]]
        if [feature.value for feature in served.values()] != expected:
            raise SystemExit(f"customer {key} is served what history does not say")
        if {feature.status for feature in served.values()} != {Status.OK}:
            raise SystemExit(f"customer {key} is not served `ok`")
    with server.client() as client:
        if not all(client.exists(*each.rows) == len(VIEWS) for each in requests):
            raise SystemExit("the floor would ask for rows that are not there")
