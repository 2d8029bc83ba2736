"""Land decisions as they come, until told to stop."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from provender.errors import StoreUnavailable
from provender_ops.decisions.landing import LandedDecisions, Lander

EVERY = 5.0  # seconds between landings
TIDY_EVERY = 300.0  # seconds


def follow(
    lander: Lander,
    told: Callable[[LandedDecisions], None],
    troubled: Callable[[StoreUnavailable], None],
    stop: threading.Event,
) -> None:
    """Land every few seconds until `stop`; a Redis that is away is waited for.

    `told` hears of each landing, `troubled` of each outage once. Raise Refused or OSError.
    """
    tidied_at = -TIDY_EVERY
    is_away = False
    while not stop.is_set():
        is_due = monotonic() - tidied_at >= TIDY_EVERY
        try:
            landed = lander.land(tidy=is_due, stop=stop.is_set)
        except StoreUnavailable as error:
            if not is_away:
                troubled(error)
            is_away = True
        else:
            is_away = False
            tidied_at = monotonic() if is_due else tidied_at
            told(landed)
        stop.wait(EVERY)


@contextmanager
def stopped_by_signals() -> Iterator[threading.Event]:
    """Yield an event that SIGTERM and SIGINT set, for the block."""
    stop = threading.Event()
    signals = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in signals}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
