"""Nobody can make it leak: worlds at random, and every cell as a naive oracle says.

100 worlds; PROVENDER_WORLDS makes them more (`make torture`: 50,000). The number of a chunk is
its seed, so one that fails, fails again by its name; hypothesis prints the smallest world found.
"""

import os
import random

import pytest
from checking import check
from hypothesis import HealthCheck, Phase, given, note, seed, settings
from hypothesis import strategies as st
from making import make_world
from store import Store

WORLDS = int(os.environ.get("PROVENDER_WORLDS", "100"))
CHUNK = 250


def chunks() -> list[object]:
    """More than a thousand go to two workers."""
    groups = 1 if WORLDS <= 1000 else 2
    return [
        pytest.param(n, marks=pytest.mark.xdist_group("time" if n % groups == 0 else "torture"))
        for n in range(-(-WORLDS // CHUNK))
    ]


@pytest.mark.parametrize("chunk", chunks())
def test_every_cell_is_what_the_oracle_says(store: Store, chunk: int) -> None:
    @seed(chunk)
    @settings(
        max_examples=min(CHUNK, WORLDS - chunk * CHUNK),
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(rng=st.randoms(use_true_random=False))
    def every_cell(rng: random.Random) -> None:
        world = make_world(rng)
        note(str(world))
        check(store, world)

    every_cell()
