"""The package stays light, and says what it offers."""

import pickle
import subprocess
import sys

import provender
from provender import ProvenderError, StoreUnavailable, UnknownFeature

FOREIGN = """
import sys
import redis, redis.cluster, redis.sentinel
before = set(sys.modules)
import provender
new = {name.partition('.')[0] for name in set(sys.modules) - before}
print(*sorted(new - set(sys.stdlib_module_names) - {'provender', 'redis'}))
print(*sorted({'numpy', 'pandas', 'duckdb', 'dbt', 'pyarrow', 'typer'} & set(sys.modules)))
"""


def test_importing_it_brings_in_redis_and_the_standard_library_only() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", FOREIGN],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": provender.__path__[0].rpartition("/")[0]},
    )
    assert ran.stdout.split() == []


def test_all_names_exist_and_all_errors_are_ours() -> None:
    assert provender.__all__ == sorted(provender.__all__)
    exported = [getattr(provender, name) for name in provender.__all__]
    raised = [item for item in exported if issubclass(item, Exception)]
    errors = [item for item in raised if not issubclass(item, Warning)]
    assert errors
    assert all(issubclass(error, ProvenderError) for error in errors)


def test_errors_survive_a_process_boundary() -> None:
    error = pickle.loads(pickle.dumps(StoreUnavailable("No.", refused=True)))
    assert (str(error), error.refused) == ("No.", True)
    assert str(pickle.loads(pickle.dumps(UnknownFeature("A sentence.")))) == "A sentence."
