"""Keys of rows in Redis, a batch at a time: the writing side of keys.py.

Whole columns of integers, and of texts that nothing has to be escaped in, are joined by Arrow;
others go through EntityKey, a row at a time.
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from provender.errors import UnservableValue, WrongKey
from provender.keys import EntityKey
from provender.records import KeyColumn
from provender.type_names import parse_type
from provender_ops.row_encoding import arrow_type, python_values

_PLAIN = r"^[A-Za-z0-9._~-]+\z"  # what percent-encoding leaves as it is


class RowKeys:
    """Batches of key columns to entity keys, for one view."""

    def __init__(self, view: str, keys: Sequence[KeyColumn]) -> None:
        """Take the key columns in the entity's order; raise WrongKey for a type."""
        self._view, self._keys = view, keys
        self._entity_key = EntityKey([(key.name, key.type) for key in keys])

    def entities(self, columns: Sequence[pa.Array]) -> pa.Array:
        """Return the entity key of each row; raise UnservableValue naming view and column."""
        texts = [_plain(column, key.type) for column, key in zip(columns, self._keys, strict=True)]
        plain = [text for text in texts if text is not None]
        if len(plain) == len(texts):
            return pc.binary_join_element_wise(*plain, ",")
        try:
            values = map(python_values, columns, [key.type for key in self._keys])
            return pa.array(
                map(self._entity_key.encode_row, zip(*values, strict=True)), pa.string()
            )
        except WrongKey as error:
            raise UnservableValue(f"View {self._view!r}: {error}") from None


def _plain(column: pa.Array, data_type: str) -> pa.Array | None:
    """Return the column as it stands in keys, None where that takes more than a cast."""
    if column.null_count or not column.type.equals(arrow_type(parse_type(data_type))):
        return None
    if pa.types.is_integer(column.type):
        return column.cast(pa.string())
    if data_type == "varchar" and pc.all(pc.match_substring_regex(column, _PLAIN)).as_py():
        return column
    return None
