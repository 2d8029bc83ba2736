"""Rows that are equal but for what orders them, found by turning each order around.

No rule says which of two equals comes first; the view's SQL does. So each order in it is turned
around, each `distinct` left out, and the fewest rows are looked for with which that shows. What is
expected is what the SQL gives, for the analyst to judge.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations, product
from typing import Any

from sqlglot import exp

from provender_ops.scaffold.bench import AS_OF, Bench, World
from provender_ops.scaffold.edges import ORDER, Case, prefix, rows_of, telling
from provender_ops.scaffold.payloads import domain, payload_columns
from provender_ops.scaffold.subject import Input, Subject

_MOST = 300
_LONGEST_LABEL = 40
_TURNED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.ArgMax: exp.ArgMin,
    exp.ArgMin: exp.ArgMax,
}


@dataclass(frozen=True)
class Turned:
    """SQL with one order turned around, or one `distinct` left out; `what` shows the place."""

    what: str
    sql: str

    @property
    def label(self) -> str:
        """What a world is called that shows it."""
        return self.what if len(self.what) <= _LONGEST_LABEL else "equals"


def turned(subject: Subject) -> list[Turned]:
    """Return each way to turn one order of the SQL around, or to leave one `distinct` out."""
    places = list(subject.parsed.find_all(exp.Ordered, exp.Distinct, *_TURNED))
    return [_turned(subject, number) for number in range(len(places))]


def order_cases(bench: Bench, each: Input) -> tuple[list[Case], list[Turned], bool]:
    """Return cases, the places that none of them shows, and whether the order of rows ever counts.

    The last is true where the same rows, lying in another order, give something else.
    """
    worlds = list(_candidates(bench, each))
    right = bench.outcomes(worlds)
    back = bench.outcomes(worlds, backwards=True)
    is_total = [a == b for a, b in zip(right, back, strict=True)]
    cases: dict[int, Case] = {}
    unseen = []
    for place in turned(bench.subject):
        wrong = bench.outcomes(worlds, place.sql)
        tells = [
            number
            for number, total in enumerate(is_total)
            if total and wrong[number] != right[number]
        ]
        if not tells:
            unseen.append(place)
        elif not set(tells) & set(cases):
            label = prefix(bench.subject, each) + place.label
            world = worlds[tells[0]]
            cases[tells[0]] = Case(ORDER, label, world, world, {})
    return list(cases.values()), unseen, not all(is_total)


def _turned(subject: Subject, number: int) -> Turned:
    tree = subject.parsed.copy()
    place = list(tree.find_all(exp.Ordered, exp.Distinct, *_TURNED))[number]
    what = place.sql(dialect="duckdb").lower()
    if isinstance(place, exp.Ordered):
        what = f"order by {what}"
        place.set("desc", not place.args.get("desc"))
    elif isinstance(place, exp.Distinct):
        if isinstance(place.parent, exp.Select):
            place.parent.set("distinct", None)
            what = "select distinct"
        else:
            place.replace(place.expressions[0])
    else:
        place.replace(_TURNED[type(place)](**place.args))
    return Turned(what, tree.sql(dialect="duckdb"))


def _candidates(bench: Bench, each: Input) -> Iterator[World]:
    """Yield worlds of two rows, then of three, that differ in few columns: the fewest first."""
    subject = bench.subject
    (best, *_) = telling(bench, rows_of(subject, each))
    plain = best.plain
    domains: dict[str, Sequence[Any]] = {
        column: [value for value in domain(subject, each, column) if value != best.payload[column]]
        for column in payload_columns(subject, each)
    }
    known = plain.known_from + (AS_OF - plain.known_from) / 2
    domains |= {"occurred_at": [plain.occurred_at - timedelta(seconds=1)], "known_from": [known]}
    count = 0
    for copies, size in product((1, 2), range(len(domains) + 1)):
        for columns in combinations(domains, min(size, 3)):
            for values in product(*(domains[column][:2] for column in columns)):
                other = dict(zip(columns, values, strict=True))
                for ids in (("first", "second"), ("second", "first")):
                    same = [best.row(event=f"{ids[0]}{' too' * i}") for i in range(copies)]
                    yield {each.relation: [*same, best.row(other, ids[1])]}
                    count += 1
                    if count >= _MOST:
                        return
