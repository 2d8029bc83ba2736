"""`provender run` killed at random moments, with its dbt or without: in the end all is done, once.

One in `make test`, beside the kills of each kind in test_run.py; the series is in `make torture`.
"""

import time

from decision_records import log_some
from scene import points, seeded
from scheduled_shop import VIEWS, Shop

from provender.instants import to_us

LINES = 60  # about what a run says


def test_killed_at_random_moments(shop: Shop) -> None:
    some = seeded("test_killed_at_random_moments")
    note = shop.notes / "dev.hourly.json"
    decided = 0
    for _ in points(1):
        note.unlink(missing_ok=True)  # as if a new slot had come
        pushed = shop.pushes()
        with shop.redis.client() as client:
            log_some(client, range(decided + 1, decided + 8))
        decided += 7

        for _ in range(some.choice([1, 1, 1, 2, 3])):
            run = shop.start("hourly", "--wait", "120")
            until = some.randrange(LINES)
            while run.said.count("\n") < until and not run.has_ended:
                time.sleep(0.005)
            if not run.has_ended:
                shop.kill(run, with_dbt=some.random() < 0.5)
        done = shop.run("hourly", "--wait", "120")

        assert done.code == 0, done.output
        assert set(done.states.values()) <= {"done", "done before"}
        assert shop.landed() == list(range(1, decided + 1))
        for view in VIEWS:
            runs = [to_us(run) for run in shop.runs()[view]]
            assert shop.pushes()[view] == [*pushed[view], runs[-1]], "each slot is pushed once"
