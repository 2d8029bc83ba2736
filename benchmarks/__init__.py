"""What docs/benchmarks.md and docs/benchmarks-online.md come from."""

from pathlib import Path

REPO = Path(__file__).parents[1]
