"""Names, durations and types as the contract check takes them."""

import re
from collections.abc import Mapping

import duckdb

from provender.errors import WrongValue
from provender.type_names import normalise_type
from provender_ops.errors import BadInput
from provender_ops.scaffold.checkout import Checkout

RESERVED = ("as_of", "valid_from", "valid_to", "scd_id", "updated_at")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def check_name(kind: str, name: str) -> str:
    """Return a plain name; raise BadInput for one that Redis keys, JSON and SQL could not hold."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise BadInput(
            f"{name!r} is no name of a {kind}. Begin with a small letter, go on with small"
            " letters, digits and _."
        )
    if name in RESERVED or name.startswith("provender_"):
        raise BadInput(f"{name!r} is reserved: history uses it itself. Choose another name.")
    if name in _keywords():
        raise BadInput(f"{name!r} is a word of SQL. Choose another name.")
    return name


def check_free(checkout: Checkout, name: str) -> str:
    """Return a name that no model, seed, snapshot or exposure has; else raise BadInput."""
    if name in checkout.taken:
        raise BadInput(
            f"{name!r} is taken: it is declared in {checkout.taken[name]}. Choose another name."
        )
    return name


def seconds(option: str, text: str) -> int:
    """Return a duration in seconds; raise BadInput for what is none."""
    found = re.fullmatch(r"([0-9]{1,12})([smhd])", text)
    length = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 0 < length <= 36525 * 86400:
        raise BadInput(
            f"{option} {text!r} is not a duration. Write a whole number above zero and s, m, h or"
            " d, like 30d."
        )
    return length


def milliseconds(option: str, text: str) -> int:
    """Return a latency budget; raise BadInput for what is none."""
    found = re.fullmatch(r"([0-9]{1,9})(ms|s)", text)
    budget = int(found[1]) * (1 if found[2] == "ms" else 1000) if found else 0
    if not budget:
        raise BadInput(
            f"{option} {text!r} is not a time. Write a whole number above zero and ms or s, like"
            " 20ms."
        )
    return budget


def check_columns(option: str, names: Mapping[str, str], known: Mapping[str, object]) -> None:
    """Raise BadInput for a column that a model does not declare."""
    for name, model in names.items():
        if name not in known:
            raise BadInput(
                f"{option}: {model} declares no column {name!r}. It has:"
                f" {', '.join(known) or 'none'}."
            )


def servable(column: str, data_type: str) -> str:
    """Return the type that a feature is cast to: its own, or the nearest that Parquet has too.

    Raise BadInput for one that cannot be served.
    """
    try:
        kind = normalise_type(data_type)
    except WrongValue as error:
        raise BadInput(f"Feature {column!r}: {error}") from None
    if kind.endswith("[]") or kind.startswith("struct"):
        raise BadInput(f"Feature {column!r}: a {kind} has no default yet. Make it a scalar.")
    if kind in ("hugeint", "uhugeint"):
        return "bigint"
    return re.sub(r"decimal\(38,", "decimal(18,", kind)


def _keywords() -> frozenset[str]:
    reserved = "select keyword_name from duckdb_keywords() where keyword_category = 'reserved'"
    with duckdb.connect(":memory:") as connection:
        return frozenset(str(row[0]) for row in connection.execute(reserved).fetchall())
