"""What one view answered for many keys; rows that are alike are decoded together.

Alike are rows of the view's own layout, as Redis just gave them. Any other is answered by itself: a
key without a row, a tombstone, a row of another layout, one from the reader's cache.
"""

from collections.abc import Mapping, Sequence
from itertools import repeat

from provender.data_types import Value
from provender.encoding import Raws
from provender.errors import WrongValue
from provender.features import HAS_VALUE, Row, Status
from provender.packing import Column
from provender.row_cache import CachedRow
from provender.view_plan import ViewPlan, make_row


class ViewRows:
    """One row for each key, in the order asked for, told column by column or one by one."""

    def __init__(
        self,
        view: ViewPlan,
        redis_keys: Sequence[str],
        raws: Raws | None,
        cached: Mapping[str, CachedRow],
        now_us: int,
    ) -> None:
        """Decode what was read: None for what is `cached`, `raws` None where Redis was not there.

        Raise CorruptValue.
        """
        self._view, self._count = view, len(redis_keys)
        self._others: Mapping[int, Row] = {}
        self._as_ofs: Sequence[int] = ()
        self._columns: Sequence[Column] = ()
        if raws is None or not self._decode(raws):
            alike = {at for at, raw in enumerate(raws or ()) if view.is_of_own_layout(raw)}
            if not (alike and raws and self._decode(_with_stand_ins(raws, alike))):
                alike = set()
            rows = enumerate(zip(redis_keys, raws or repeat(None), strict=False))
            is_asked = raws is not None
            self._others = {
                at: view.answer(key, raw, now_us, cached.get(key), is_asked=is_asked)
                for at, (key, raw) in rows
                if at not in alike
            }
        self._ages, self._statuses = self._judge(now_us)

    def refuses(self) -> bool:
        """Return whether the view says `fail` and some wanted feature has no value."""
        if self._view.record.otherwise != "fail":
            return False
        others = any(map(self._view.refuses, self._others.values()))
        return others or not HAS_VALUE.issuperset(self._statuses)

    def values(self) -> list[list[Value]]:
        """Return the wanted values, feature by feature."""
        view = self._view
        columns = self._values_alike()
        for at, row in self._others.items():
            for column, value in zip(columns, view.plain(row)[0], strict=True):
                column[at] = value
        return columns

    def statuses(self) -> list[list[Status]]:
        """Return their statuses."""
        columns = [list(self._statuses) for _ in self._view.columns]
        for at, row in self._others.items():
            for column, status in zip(columns, self._view.plain(row)[1], strict=True):
                column[at] = status
        return columns

    def rows(self) -> list[Row]:
        """Return what was answered for each key."""
        fields = zip(
            repeat(self._view.record),
            self._statuses,
            self._as_ofs,
            self._ages,
            repeat(self._view.record.layout),
            map(list, zip(*self._columns, strict=True)) if self._columns else repeat(None),
            repeat(False),
            strict=False,
        )
        rows = list(map(make_row, fields))
        for at, row in self._others.items():
            rows[at] = row
        return rows

    def _decode(self, raws: Raws) -> bool:
        """Decode them together; return whether they are alike and well-formed."""
        layout = self._view.record.layout
        if self._view.pick.get(layout) is None:
            return False
        try:
            self._as_ofs, self._columns = self._view.decoders[layout].decode_rows(layout, raws)
        except WrongValue:  # row by row it is told which
            return False
        return True

    def _judge(self, now_us: int) -> tuple[Sequence[int], Sequence[Status]]:
        """Return age and status of each row that is alike; the others' do not count."""
        watermark_us = self._view.record.run_as_of_us
        if max(self._as_ofs, default=watermark_us) <= watermark_us:
            age_us = now_us - watermark_us
            self._as_ofs = [watermark_us] * self._count
            return [age_us] * self._count, [self._view.status_at(age_us)] * self._count
        self._as_ofs = [max(as_of_us, watermark_us) for as_of_us in self._as_ofs]
        ages = [now_us - as_of_us for as_of_us in self._as_ofs]
        return ages, list(map(self._view.status_at, ages))

    def _values_alike(self) -> list[list[Value]]:
        view = self._view
        pick = view.pick.get(view.record.layout)
        if not self._columns or pick is None:
            return [[None] * self._count for _ in view.columns]
        columns = list(map(list, pick(self._columns)))
        for index in view.defaulted:
            if None in columns[index]:
                default = view.columns[index].default
                columns[index] = [default if each is None else each for each in columns[index]]
        if Status.EXPIRED in self._statuses:
            for index, column in enumerate(view.columns):
                judged = zip(columns[index], self._statuses, strict=True)
                columns[index] = [
                    column.default if status is Status.EXPIRED else value
                    for value, status in judged
                ]
        return columns


def _with_stand_ins(raws: Raws, alike: set[int]) -> Raws:
    """Return one that is alike in the place of each that is not, which nobody will look at."""
    stand_in = raws[min(alike)]
    return [raw if at in alike else stand_in for at, raw in enumerate(raws)]
