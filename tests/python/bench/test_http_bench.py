"""The load on the HTTP server looks at each answer, and all are right."""

from benchmarks.online.http import measure_http


def test_every_answer_under_load_is_right() -> None:
    figures = measure_http(seconds=0.3, connections=4, keys=50)
    assert figures.load.requests > 0
    assert figures.load.errors == 0
