"""Rows on the edges of time, and what the rules of time say of each.

A row that lies on an edge counts as its neighbour does, a microsecond to the side where the rule
puts it: the lower edge of a window like what is older, the upper like what is younger. So what is
expected at an edge is not what the view's SQL gives there, but what it gives for the neighbour,
where no edge is; and a case is kept only if the neighbour on the wrong side gives something else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import Any

from sqlglot import exp

from provender_ops.scaffold.bench import AS_OF, EVENT, LIFE, TICK, Bench, Outcome, Row, World
from provender_ops.scaffold.payloads import Payload, payloads
from provender_ops.scaffold.subject import Input, Subject

LIFE_ENDS, WINDOWS, KNOWN, MOMENTS, ORDER = "life", "windows", "knowledge", "as_of", "order"
_UNITS = {"day": "d", "hour": "h", "minute": "m", "second": "s"}
_MOST_CASES = 3  # of one edge, for features that no one row shows together


@dataclass(frozen=True)
class Case:
    """A world at an edge. The rule says that it is `like` another, and not like `unlike`."""

    kind: str
    label: str
    world: World
    like: World
    unlike: World


@dataclass(frozen=True)
class Finding:
    """An edge where the view does not do as the rule says."""

    label: str
    given: Outcome
    expected: Outcome


@dataclass(frozen=True)
class Plain:
    """A row away from every edge: when it occurred, when it was known."""

    occurred_at: datetime
    known_from: datetime


@dataclass(frozen=True)
class Rows:
    """Makes the rows of one input, all of one content."""

    each: Input
    plain: Plain
    payload: Payload

    def row(self, placed: Row | None = None, event: str = EVENT) -> dict[str, Any]:
        """Return a row that is plain but for what is placed."""
        times: dict[str, Any] = {
            "occurred_at": self.plain.occurred_at,
            "known_from": self.plain.known_from,
        }
        return {**_event_id(self.each, event), **self.payload, **times, **(placed or {})}


def windows(subject: Subject) -> dict[timedelta, str]:
    """Return the lengths of time that the SQL speaks of, and how each is written."""
    found: dict[timedelta, str] = {}
    for interval in subject.parsed.find_all(exp.Interval):
        number, unit = interval.this, str(interval.unit).lower().removesuffix("s")
        is_length = isinstance(number, exp.Literal) and number.this.isdigit() and unit in _UNITS
        if is_length and not isinstance(interval.parent, exp.Mul):  # that is a step, not a window
            length = timedelta(**{f"{unit}s": int(number.this)})
            if length >= timedelta(seconds=1):
                found.setdefault(length, f"{number.this}{_UNITS[unit]}")
    return dict(sorted(found.items()))


def plain_times(subject: Subject) -> Plain:
    """Return when a row occurs and is known that no edge is near."""
    shortest = min(windows(subject), default=timedelta(hours=2))
    half = timedelta(seconds=int(shortest.total_seconds()) // 2) or shortest / 2
    return Plain(AS_OF - half, AS_OF - half / 2)


def rows_of(subject: Subject, each: Input) -> list[Rows]:
    """Return the makers of an input's rows, one for each content, the plainest first."""
    return [Rows(each, plain_times(subject), content) for content in payloads(subject, each)]


def life_cases(bench: Bench) -> list[Case]:
    """Return a life of which nothing is known, and lives that begin and end about as_of."""
    subject = bench.subject
    events = {
        each.relation: [telling(bench, rows_of(subject, each))[0].row()]
        for each in subject.inputs
        if each.has_versions
    }

    def world(**life: datetime) -> World:
        return {**events, subject.entity: [{**LIFE, **life}]}

    edges = [
        ("alive from as_of", "live_from", 0, -1, 1),
        ("alive just after as_of", "live_from", 1, 2, 0),
        ("alive until as_of", "live_until", 0, -1, 1),
        ("alive until just after as_of", "live_until", 1, 2, 0),
    ]
    dead: World = {subject.entity: [{**LIFE, "live_from": AS_OF + TICK}]}
    at = [Case(LIFE_ENDS, "nothing ever happened", {}, {}, dead)]
    return at + [
        Case(LIFE_ENDS, label, *(world(**{edge: AS_OF + ticks * TICK}) for ticks in (*about,)))
        for label, edge, *about in edges
    ]


def edge_cases(bench: Bench, each: Input) -> tuple[list[Case], list[Finding]]:
    """Return the cases of an input that show, and where the view contradicts the rule."""
    rows = rows_of(bench.subject, each)
    few = telling(bench, rows)
    cases: list[Case] = []
    findings: list[Finding] = []
    for make in _makers(bench.subject, each):
        kept, wrong = choose(bench, [make(each_row) for each_row in few])
        if not kept and not wrong:
            kept, wrong = choose(bench, [make(each_row) for each_row in rows])
        cases += kept
        findings += wrong[:1]
    if each.has_corrections:
        for make_all in (_corrections, _coming_corrections):
            made = make_all(bench.subject, few[0], [*(r for r in rows if r != few[0]), few[0]])
            kept, wrong = choose(bench, made, most=1)
            cases += kept
            findings += wrong[:1]
    return cases, findings


def choose(
    bench: Bench, cases: Sequence[Case], most: int = _MOST_CASES
) -> tuple[list[Case], list[Finding]]:
    """Return the fewest cases that show the rule in all features that can show it, and findings."""
    asked = [world for case in cases for world in (case.world, case.like, case.unlike)]
    outcomes = bench.outcomes(asked)
    features = bench.subject.features
    shown: list[tuple[Case, frozenset[str]]] = []
    findings = []
    for number, case in enumerate(cases):
        at, like, unlike = outcomes[3 * number :][:3]
        matters = like.differing(unlike, features)
        if matters & at.differing(like, features) - at.differing(unlike, features):
            findings.append(Finding(case.label, at, like))
        shown.append((case, matters - at.differing(like, features)))
    return ([] if findings else _cover(shown, most)), findings


def telling(bench: Bench, rows: Sequence[Rows]) -> list[Rows]:
    """Return the fewest contents that together show in all features that a plain row shows in."""
    nothing: World = {rows[0].each.relation: []}
    cases = [Case("", "", _world(row, row.row()), nothing, nothing) for row in rows]
    outcomes = bench.outcomes([nothing, *(case.world for case in cases)])
    found = [o.differing(outcomes[0], bench.subject.features) for o in outcomes[1:]]
    kept = _cover(list(zip(cases, found, strict=True)), _MOST_CASES)
    return [row for row, case in zip(rows, cases, strict=True) if case in kept] or list(rows[:1])


def _cover(shown: Sequence[tuple[Case, frozenset[str]]], most: int) -> list[Case]:
    """Return few cases that show what all of them show together; of equals, the plainest."""
    kept: list[Case] = []
    seen: frozenset[str] = frozenset()
    while len(kept) < most:
        case, found = max(shown, key=lambda pair: len(pair[1] - seen))
        if not found - seen:
            break
        kept.append(case)
        seen |= found
    return kept


def moment_cases(bench: Bench, each: Input) -> list[Case]:
    """Return cases of a view that is read: its values at another moment are not those at as_of."""
    (now,) = bench.around[each.relation]
    contents = [{**content, "as_of": AS_OF} for content in payloads(bench.subject, each)]
    mine, *outcomes = bench.outcomes([{each.relation: [row]} for row in [now, *contents]])
    others = [row for row, outcome in zip(contents, outcomes, strict=True) if outcome != mine]
    other = others[0] if others else now
    cases = []
    for label, ticks in (("just before as_of", -1), ("just after as_of", 1)):
        rows = [now, {**other, "as_of": AS_OF + ticks * TICK}]
        both: World = {each.relation: [now, other]}
        name = f"{each.name} {label} too"
        cases.append(Case(MOMENTS, name, {each.relation: rows}, {each.relation: [now]}, both))
    return cases


Maker = Callable[[Rows], Case]


def _makers(subject: Subject, each: Input) -> list[Maker]:
    told = prefix(subject, each)
    makers: list[Maker] = []
    for length, text in windows(subject).items():
        makers += [_lower_edge(told, length, text), _inside(told, length, text)]
    makers += [_upper_edge(told), _future(told), _just_known(told), _late(told)]
    if each.has_corrections:
        makers.append(_again(told))
    return makers


def prefix(subject: Subject, each: Input) -> str:
    """Return what tells the rows of this input from those of another, in a label."""
    several = sum(other.has_versions for other in subject.inputs) > 1
    return f"{each.name.rpartition('__')[2]} " if several else ""


def _lower_edge(prefix: str, length: timedelta, text: str) -> Maker:
    def make(rows: Rows) -> Case:
        return _case(WINDOWS, f"{prefix}{text} ago", rows, "occurred_at", AS_OF - length, 0, -1, 1)

    return make


def _inside(prefix: str, length: timedelta, text: str) -> Maker:
    def make(rows: Rows) -> Case:
        label = f"{prefix}just under {text} ago"
        return _case(WINDOWS, label, rows, "occurred_at", AS_OF - length, 1, 2, -1)

    return make


def _just_known(prefix: str) -> Maker:
    return lambda rows: _case(KNOWN, f"{prefix}known at as_of", rows, "known_from", AS_OF, 0, -1, 1)


def _late(prefix: str) -> Maker:
    return _not_yet(f"{prefix}known just after as_of", "known_from")


def _future(prefix: str) -> Maker:
    return _not_yet(f"{prefix}dated just after as_of", "occurred_at")


def _not_yet(label: str, column: str) -> Maker:
    """A row that does not count yet: it is as if there were none."""

    def make(rows: Rows) -> Case:
        at, before = (_world(rows, rows.row({column: AS_OF + t * TICK})) for t in (1, -1))
        return Case(KNOWN, label, at, _world(rows), before)

    return make


def _upper_edge(prefix: str) -> Maker:
    def make(rows: Rows) -> Case:
        both = ("occurred_at", "known_from")
        at, before, after = (
            _world(rows, rows.row(dict.fromkeys(both, AS_OF + tick * TICK))) for tick in (0, -1, 1)
        )
        return Case(KNOWN, f"{prefix}at as_of", at, before, after)

    return make


def _again(prefix: str) -> Maker:
    def make(rows: Rows) -> Case:
        again = rows.plain.known_from + (AS_OF - rows.plain.known_from) / 2
        first = rows.row({"known_until": again})
        both = [rows.row(), rows.row({"known_from": again})]
        return Case(
            KNOWN,
            f"{prefix}delivered again",
            _world(rows, first, rows.row({"known_from": again})),
            _world(rows, rows.row()),
            _world(rows, *both),
        )

    return make


def _corrections(subject: Subject, old: Rows, others: Sequence[Rows]) -> list[Case]:
    """Versions that stand until as_of, when others take their place: of another content or time."""
    cases = []
    for earlier, other in product((timedelta(0), timedelta(seconds=1)), others):
        new = {**other.payload, "occurred_at": old.plain.occurred_at - earlier}
        both = [old.row(), old.row({**new, "known_from": AS_OF})]
        case = Case(
            KNOWN,
            f"{prefix(subject, old.each)}corrected at as_of",
            _world(old, {**both[0], "known_until": AS_OF}, both[1]),
            _world(old, old.row(new)),
            _world(old, *both),
        )
        cases.append(case)
    return cases


def _coming_corrections(subject: Subject, old: Rows, others: Sequence[Rows]) -> list[Case]:
    """Versions that stand until just after as_of."""
    soon = AS_OF + TICK
    label = f"{prefix(subject, old.each)}corrected just after as_of"
    worlds = (
        _world(old, old.row({"known_until": soon}), old.row({**other.payload, "known_from": soon}))
        for other in others
    )
    return [Case(KNOWN, label, world, _world(old, old.row()), _world(old)) for world in worlds]


def _case(  # noqa: PLR0913, PLR0917 - the parts of a case
    kind: str,
    label: str,
    rows: Rows,
    column: str,
    edge: datetime,
    at: int,
    like: int,
    unlike: int,
) -> Case:
    """Return a case of one row, in ticks from an edge of one of its times."""
    worlds = (_world(rows, rows.row({column: edge + t * TICK})) for t in (at, like, unlike))
    return Case(kind, label, *worlds)


def _world(rows: Rows, *made: Row) -> World:
    return {rows.each.relation: list(made)}


def _event_id(each: Input, event: str) -> dict[str, Any]:
    if each.event_id is None or each.event_id in each.keys.values():
        return {}
    is_text = each.columns[each.event_id].lower().startswith(("varchar", "text", "string"))
    return {each.event_id: event if is_text else len(event)}
