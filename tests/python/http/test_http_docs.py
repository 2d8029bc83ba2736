"""docs/http.md tells every error, setting, metric and path there is."""

import re
from pathlib import Path

import provender.http.settings
from provender.http.failures import STATUSES
from provender.http.metrics import Metrics

REPO = Path(__file__).parents[3]
PAGE = (REPO / "docs/http.md").read_text()


def test_every_error_has_its_row_and_status() -> None:
    for error, status in STATUSES.items():
        rows = [
            row for row in PAGE.splitlines() if row.startswith("|") and f"`{error.__name__}`" in row
        ]
        assert [row for row in rows if str(status) in row], error


def test_every_setting_is_told() -> None:
    source = Path(provender.http.settings.__file__).read_text()
    for name in set(re.findall(r'"(PROVENDER_[A-Z_]+)"', source)):
        assert f"| `{name}` |" in PAGE


def test_every_metric_is_told() -> None:
    for name in re.findall(r"# TYPE (provender_\S+)", Metrics().page().decode()):
        assert f"| `{name.removesuffix('_created')}" in PAGE
