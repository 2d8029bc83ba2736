"""What a decision's record says of what was served, as JSON text.

Most of it is the same from read to read: names, types, fingerprint. That is encoded once for each
view of a plan; a record then costs the encoding of its values.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from provender.data_types import Json, Value, codec_for
from provender.errors import DecisionNotLogged
from provender.instants import from_us, to_text
from provender.json_text import json_text
from provender.log_key import VARIABLE, ValueHash
from provender.records import FeatureColumn, ViewRecord
from provender.type_names import INTEGER_RANGES, parse_type

if TYPE_CHECKING:
    from provender.features import Row, ServedFeatures, Status

_AS_IT_IS = frozenset({*INTEGER_RANGES, "boolean", "varchar", "double", "float"})
Encode = Callable[[Any], Json]
DECIDES, SHADOW = "decides", "shadow"  # the roles of a view in what was served


class ServedRecord(NamedTuple):
    """What was served, written down: `text` holds members of the record, without braces."""

    service: str
    read_at: str
    text: str


class ViewText:
    """What is written of one view of a service, of which most never changes."""

    def __init__(
        self,
        record: ViewRecord,
        names: Sequence[str],
        columns: Sequence[FeatureColumn],
        role: str = DECIDES,
    ) -> None:
        """Encode what stays, of these features under these names."""
        self.record, self.names, self.columns, self.role = record, names, columns, role
        self.is_hashed = not record.log_values
        fixed = {
            "view": record.view,
            "version": record.version,
            "fingerprint": record.fingerprint,
            "generation": record.generation,
            "role": role,
            "names": list(names),
            "features": [column.name for column in columns],
            "types": [column.type for column in columns],
            "hashed": self.is_hashed,
        }
        self._start = json_text(fixed)[:-1] + ',"as_of":'
        encoders = [_encoder(column.type) for column in columns]
        self._encoders = [(at, encode) for at, encode in enumerate(encoders) if encode]

    def write(self, view: "ServedView", hash_value: ValueHash | None) -> str:
        """Return the object of one view; raise DecisionNotLogged where a key is needed."""
        _, row, values, statuses, defaults = view
        _, status, as_of_us, age_us, _, _, is_cached = row
        told = "null" if statuses is None else json_text([each.value for each in statuses])
        return (
            f'{self._start}{_instant(as_of_us)},"age_us":{"null" if age_us is None else age_us}'
            f',"status":"{status}","cached":{"true" if is_cached else "false"}'
            f',"values":{self._values(values, hash_value)},"statuses":{told}'
            f',"defaults":{json_text(list(defaults)) if defaults else "[]"}}}'
        )

    def _values(self, values: Sequence[Value], hash_value: ValueHash | None) -> str:
        if self.is_hashed:
            return self._hashed(values, hash_value)
        plain: list[Any] = list(values)
        for at, encode in self._encoders:
            if plain[at] is not None:
                plain[at] = encode(plain[at])
        try:
            return json_text(plain)
        except ValueError:  # NaN or an infinity
            return json_text(self._encoded(values))

    def _encoded(self, values: Sequence[Value]) -> list[Json]:
        pairs = zip(self.columns, values, strict=True)
        return [codec_for(column.type).encode(value) for column, value in pairs]

    def _hashed(self, values: Sequence[Value], hash_value: ValueHash | None) -> str:
        if hash_value is None:
            raise no_log_key(self.record)
        encoded = self._encoded(values)
        return json_text(
            [None if each is None else hash_value(json_text(each)) for each in encoded]
        )


class ServedView(NamedTuple):
    """One view of what was served: the row, and the values with defaults in place.

    `statuses` is None where all have the row's; `defaults` are the positions of declared defaults.
    """

    text: ViewText
    row: "Row"
    values: Sequence[Value]
    statuses: "Sequence[Status] | None"
    defaults: Sequence[int]


def served_record(features: "ServedFeatures", hash_value: ValueHash | None = None) -> ServedRecord:
    """Write down what was served; raise DecisionNotLogged where values need a key, and have none.

    The values of views that are not to be logged (pii, pci, `log_values: false`) become keyed
    hashes.
    """
    read_at = to_text(features.read_at)
    waited = "null" if features.waited_for is None else f'"{features.waited_for}"'
    views = ",".join([_view(view, hash_value) for view in features.by_view()])
    return ServedRecord(
        features.service,
        read_at,
        f'"service":{_name(features.service)},"read_at":"{read_at}","read_us":'
        f'{features.read_us},"waited_for":{waited},"keys":{json_text(json_keys(features))}'
        f',"views":[{views}]',
    )


def json_keys(features: "ServedFeatures") -> dict[str, Json]:
    """Return the entity keys as JSON holds them."""
    return {name: _plain(value) for name, value in features.keys.items()}


def no_log_key(record: ViewRecord) -> DecisionNotLogged:
    """Return the error for a view whose values may only be logged as keyed hashes."""
    return DecisionNotLogged(
        f"View {record.view!r} is classified {record.classification!r}: its values are logged as"
        f" keyed hashes, and there is no key. Set {VARIABLE} (or pass `log_key=`) to a secret text,"
        " or declare `log_values: true` for the view, build and push."
    )


def _view(view: ServedView, hash_value: ValueHash | None) -> str:
    text, record = view.text, view.row.record
    if text.record is not record:  # a cached row, of another record than the plan's
        text = ViewText(record, text.names, text.columns, text.role)
    return text.write(view, hash_value)


@lru_cache(maxsize=1024)  # most rows of a view are of its last run
def _instant(us: int | None) -> str:
    return "null" if us is None else f'"{to_text(from_us(us))}"'


_name = lru_cache(maxsize=1024)(json_text)


def _plain(value: Value) -> Json:
    """Return a key as JSON; the reader already made it an int, a bool, text, a date or a time."""
    if type(value) is int:
        return value
    if isinstance(value, datetime):
        return codec_for("timestamp").encode(value)
    if isinstance(value, date):
        return codec_for("date").encode(value)
    return cast("Json", value)


def _encoder(name: str) -> Encode | None:
    """Return what makes JSON of a value that was served, None where it is that already.

    That the value is of its type was seen when it was decoded, so nothing is checked again.
    """
    data_type = parse_type(name)
    if data_type.name in _AS_IT_IS:
        return None
    if data_type.decimal:
        # Decoded at its scale, where str() uses an exponent only for more than six digits.
        return str if data_type.decimal[1] <= 6 else codec_for(name).encode
    if data_type.name == "timestamp":
        return cast("Encode", partial(datetime.isoformat, timespec="microseconds"))
    return codec_for(name).encode


def by_row(features: Iterable[Any], role: str) -> list[ServedView]:
    """Return the views of features that were served in that role, each with its row."""
    rows: dict[int, list[Any]] = {}
    for feature in features:
        rows.setdefault(id(feature.row), []).append(feature)
    return [_of_one_row(of_row, role) for of_row in rows.values()]


def _of_one_row(features: Sequence[Any], role: str) -> ServedView:
    row = features[0].row
    names, columns = [each.name for each in features], [each.column for each in features]
    text = ViewText(row.record, names, columns, role)
    return ServedView(text, row, *in_detail(row, features))


def in_detail(
    row: "Row", features: Sequence[Any]
) -> "tuple[list[Value], list[Status] | None, list[int]]":
    """Return values, statuses and positions of defaults of features of one row."""
    statuses = [each.status for each in features]
    return (
        [each.value for each in features],
        None if all(status is row.status for status in statuses) else statuses,
        [at for at, each in enumerate(features) if each.is_default],
    )
