"""How the rows of one view version are read, worked out once per registry."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import repeat
from operator import itemgetter
from typing import Any, TypeAlias

from provender.encoding import LAYOUT, TOMBSTONE, RowDecoder, corrupt, decode_header
from provender.errors import CorruptValue, WrongValue
from provender.features import HAS_VALUE, FeatureValue, Plain, Row, Status
from provender.keys import KeySpace
from provender.records import FeatureColumn, ViewRecord
from provender.row_cache import CachedRow
from provender.served_record import DECIDES, ServedView, ViewText, in_detail

Pick: TypeAlias = Callable[[Sequence[Any]], Sequence[Any]]
_NO_LAYOUT: tuple[int, RowDecoder | None] = (TOMBSTONE, None)
_new: Callable[..., FeatureValue] = tuple.__new__
make_row: Callable[..., Row] = partial(tuple.__new__, Row)
_make_view: Callable[..., ServedView] = partial(tuple.__new__, ServedView)


class ViewPlan:
    """Where the rows of one view version are, and how to read what a service wants of them."""

    def __init__(
        self,
        keys: KeySpace,
        record: ViewRecord,
        wanted: Sequence[tuple[str, FeatureColumn]],
        role: str = DECIDES,
    ) -> None:
        """Take the record; raise WrongValue or WrongKey for a type it should not hold."""
        self.record, self._role = record, role
        self._run_as_of_us = record.run_as_of_us
        self._sla_us, self._ttl_us = record.sla_us, record.ttl_us
        self.key_names = tuple(key.name for key in record.keys)
        self.prefix = keys.row_prefix(record.view, record.version, record.generation)
        self.decoders = {id_: RowDecoder(columns) for id_, columns in record.layouts.items()}
        self._layouts = {
            id_.to_bytes(2, "big"): (id_, decoder) for id_, decoder in self.decoders.items()
        }
        self._own_layout = record.layout.to_bytes(2, "big")
        self._names = [name for name, _ in wanted]
        self.columns = [column for _, column in wanted]
        self._defaults = [column.default for column in self.columns]
        self.pick = {id_: self._picker(decoder) for id_, decoder in self.decoders.items()}
        self.defaulted = [
            index for index, column in enumerate(self.columns) if column.null_is == "default"
        ]
        self._text: ViewText | None = None  # made when a decision is logged

    def is_settled(self, raw: bytes | None) -> bool:
        """Return whether this registry suffices: a row is there, and its layout is known."""
        return raw is not None and raw[LAYOUT] in self._layouts

    def is_of_own_layout(self, raw: bytes | None) -> bool:
        """Return whether it is a row of the layout that pushes write."""
        return raw is not None and raw[LAYOUT] == self._own_layout

    def answer(
        self,
        redis_key: str,
        raw: bytes | None,
        now_us: int,
        cached: CachedRow | None,
        *,
        is_asked: bool,
    ) -> Row:
        """Return row(), or where Redis could not be asked (`is_asked`) what stands for it."""
        if cached is None and not is_asked:
            return Row(self.record, Status.UNAVAILABLE, None, None)
        return self.row(redis_key, raw, now_us, cached)

    def row(
        self, redis_key: str, raw: bytes | None, now_us: int, cached: CachedRow | None = None
    ) -> Row:
        """Return what the view answered, or what it had answered when a row was cached.

        Raise CorruptValue.
        """
        record, watermark_us = self.record, self._run_as_of_us
        if cached is not None:
            raw, record, watermark_us = cached.raw, cached.record, cached.record.run_as_of_us
        if raw is None:
            return Row(record, Status.MISSING, watermark_us, now_us - watermark_us)
        layout, decoder = self._layouts.get(raw[LAYOUT], _NO_LAYOUT)
        if decoder is None:
            as_of_us = max(self._gone_at(redis_key, raw), watermark_us)
            age_us, is_cached = now_us - as_of_us, cached is not None
            return Row(record, Status.MISSING, as_of_us, age_us, is_cached=is_cached)
        try:
            as_of_us, values = decoder.decode(raw)
        except WrongValue as error:
            raise self._corrupt(redis_key, error) from None
        as_of_us = max(as_of_us, watermark_us)
        age_us = now_us - as_of_us
        status = self.status_at(age_us)
        is_cached = cached is not None
        return make_row((record, status, as_of_us, age_us, layout, values, is_cached))

    def status_at(self, age_us: int) -> Status:
        """Return what a row of that age is worth."""
        if age_us <= self._sla_us:
            return Status.OK
        return Status.STALE if age_us <= self._ttl_us else Status.EXPIRED

    def serve(self, row: Row) -> list[FeatureValue]:
        """Apply the rules of absence to each wanted feature."""
        pick = self.pick.get(row.layout)
        if row.values is None or row.status is Status.EXPIRED or pick is None:
            return list(map(partial(self._absent_or_not, row), self._names, self.columns))
        values = pick(row.values)
        fields = (self._names, values, repeat(row.status), repeat(False), self.columns)
        features = list(map(_new, repeat(FeatureValue), zip(*fields, repeat(row), strict=False)))
        for index in self.defaulted:
            if values[index] is None:
                name, column = self._names[index], self.columns[index]
                features[index] = FeatureValue(name, column.default, row.status, True, column, row)
        return features

    def plain(self, row: Row) -> Plain:
        """Return the values and statuses that serve() gives, without the rest."""
        if row.values is None:
            return self._defaults, [row.status] * len(self._names)
        pick = self.pick.get(row.layout)
        if row.status is Status.EXPIRED or pick is None:
            features = self.serve(row)
            return [each.value for each in features], [each.status for each in features]
        values = pick(row.values)
        if self.defaulted and None in values:
            values = list(values)
            for index in self.defaulted:
                if values[index] is None:
                    values[index] = self.columns[index].default
        return values, [row.status] * len(self._names)

    def logged(self, row: Row) -> ServedView:
        """Return what serve() gives, for the decision log; no object for each feature."""
        text = self._text
        if text is None:
            text = self._text = ViewText(self.record, self._names, self.columns, self._role)
        pick = self.pick.get(row.layout)
        if row.values is None or row.status is Status.EXPIRED or pick is None:
            return ServedView(text, row, *in_detail(row, self.serve(row)))
        values = pick(row.values)
        defaults = [index for index in self.defaulted if values[index] is None]
        if defaults:
            values = list(values)
            for index in defaults:
                values[index] = self.columns[index].default
        return _make_view((text, row, values, None, defaults))

    def refuses(self, row: Row) -> bool:
        """Return whether the view says `fail` and some wanted feature has no value."""
        has_values = row.status in HAS_VALUE and self.pick.get(row.layout) is not None
        return self.record.otherwise == "fail" and not has_values

    def _picker(self, decoder: RowDecoder) -> Pick | None:
        """Return what picks the wanted values from those of a layout; None where one is missing."""
        at = {name: index for index, name in enumerate(decoder.names)}
        if any(column.name not in at for column in self.columns):
            return None
        places = [at[column.name] for column in self.columns]
        if places == list(range(len(decoder.names))):
            return _all
        return itemgetter(*places) if len(places) > 1 else lambda values: [values[places[0]]]

    def _absent_or_not(self, row: Row, name: str, column: FeatureColumn) -> FeatureValue:
        """One feature of a row that does not have all of them, or whose values do not count."""
        names = self.decoders[row.layout].names if row.layout else []
        if row.values is None:
            return FeatureValue(name, column.default, row.status, True, column, row)
        if column.name not in names:
            return FeatureValue(name, column.default, Status.NOT_COMPUTED, True, column, row)
        value = row.values[names.index(column.name)]
        if row.status is Status.EXPIRED or (value is None and column.null_is == "default"):
            return FeatureValue(name, column.default, row.status, True, column, row)
        return FeatureValue(name, value, row.status, False, column, row)

    def _gone_at(self, redis_key: str, raw: bytes) -> int:
        """Return the time of a tombstone, which is all that a row of no layout may be."""
        try:
            as_of_us, layout = decode_header(raw)
            if layout != TOMBSTONE:
                raise WrongValue(f"the registry has no layout {layout}")
        except WrongValue as error:
            raise self._corrupt(redis_key, error) from None
        return as_of_us

    def _corrupt(self, redis_key: str, reason: object) -> CorruptValue:
        return corrupt(redis_key, reason, self.record.view)


def _all(values: Sequence[Any]) -> Sequence[Any]:
    return values
