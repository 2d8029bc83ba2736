"""What the stream of decisions holds."""

from typing import Any

from redis import Redis


def last_line(client: Redis, stream: str) -> bytes:
    """Return the bytes of the newest record."""
    newest: Any = client.xrevrange(stream, count=1)
    line: bytes = newest[0][1][b"record"]
    return line
