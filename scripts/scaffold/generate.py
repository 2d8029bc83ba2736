"""The unit tests of a view at the edges of time: its cases, what is expected, and what is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from provender_ops.scaffold.bench import AS_OF, Bench, World, key_values, leading_key
from provender_ops.scaffold.edges import (
    KNOWN,
    LIFE_ENDS,
    MOMENTS,
    ORDER,
    WINDOWS,
    Case,
    Finding,
    choose,
    edge_cases,
    life_cases,
    moment_cases,
    rows_of,
)
from provender_ops.scaffold.lab import Lab
from provender_ops.scaffold.order import order_cases
from provender_ops.scaffold.payloads import payloads
from provender_ops.scaffold.subject import Input, Subject

PROMISES = {
    LIFE_ENDS: "Who lives at as_of has one row, also when nothing ever happened to it.",
    WINDOWS: "A window ends just before its lower edge: what lies on the edge does not count.",
    KNOWN: (
        "A row counts from the moment when it has occurred and is known, until a correction of it"
        " is known; delivered again, it counts once."
    ),
    MOMENTS: "Of a view that it reads, values of another moment than as_of do not count.",
    ORDER: "Among equals the SQL decides, by its order and its distinct, not where a row lies.",
}


@dataclass
class UnitTest:
    """One dbt unit test: worlds by label, their rows as tables, and what the view gives."""

    kind: str
    worlds: Mapping[str, World]
    given: Mapping[str, Sequence[Mapping[str, Any]]]
    expected: Sequence[Mapping[str, Any]]


@dataclass
class Generated:
    """The tests of a view, where it contradicts the rules, and what an analyst should know."""

    tests: list[UnitTest] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def generate(subject: Subject) -> Generated:
    """Return the tests of a view; raise BadInput where its SQL cannot be run on made-up rows."""
    lab = Lab(subject.tables)
    try:
        bench = Bench(subject, lab)
        surround(bench)
        found = Generated()
        cases = _cases(bench, found)
        for kind in PROMISES:
            worlds = {case.label: case.world for case in _named(cases, kind)}
            if worlds:
                found.tests.append(_test(bench, kind, worlds))
        return found
    finally:
        lab.close()


def _cases(bench: Bench, found: Generated) -> list[Case]:
    cases, wrong = [], []
    for case in life_cases(bench):
        kept, findings = choose(bench, [case])
        cases += kept
        wrong += findings
    for each in bench.subject.inputs:
        if each.is_view:
            cases += moment_cases(bench, each)
        elif each.has_versions:
            kept, findings = edge_cases(bench, each)
            cases += kept
            wrong += findings
            if not kept and not findings:
                found.notes.append(f"No row of {each.name} that we made shows in any feature.")
    found.findings = wrong
    return cases + _orders(bench, found)


def _orders(bench: Bench, found: Generated) -> list[Case]:
    cases: list[Case] = []
    unseen: list[set[str]] = []
    for each in bench.subject.inputs:
        if each.has_versions:
            kept, places, depends = order_cases(bench, each)
            cases += kept
            unseen.append({place.what for place in places})
            if depends:
                found.notes.append(
                    f"Rows of {each.name} that are equal in all that the SQL orders by give what"
                    " happens to lie first. Where such rows can occur, order by more columns."
                )
    for what in sorted(set.intersection(*unseen) if unseen else ()):
        found.notes.append(f"No rows that we made show what `{what}` does.")
    return cases


def surround(bench: Bench) -> None:
    """Give each world a row of every view and table that it reads beside events.

    Where events of one input show only beside events of another, it gets a plain row of that too.
    """
    subject = bench.subject
    for each in subject.inputs:
        if not each.has_versions:
            bench.around[each.relation] = [_plain_row(bench, each)]
    silent = [each for each in subject.inputs if each.has_versions and not _shows(bench, each)]
    for each in silent:
        bench.around[each.relation] = [_plain_row(bench, each)]


def _shows(bench: Bench, each: Input) -> bool:
    rows = rows_of(bench.subject, each)
    nothing, *outcomes = bench.outcomes([{}, *({each.relation: [row.row()]} for row in rows)])
    return any(outcome != nothing for outcome in outcomes)


def _plain_row(bench: Bench, each: Input) -> dict[str, Any]:
    """Return a row from which as many features as can be get a value that is not null."""
    contents = payloads(bench.subject, each)
    if each.has_versions:
        return rows_of(bench.subject, each)[0].row()
    rows = [{**content, "as_of": AS_OF} if each.is_view else content for content in contents]
    outcomes = bench.outcomes([{each.relation: [row]} for row in rows])
    nulls = [sum(value is None for row in o.own for value in row) for o in outcomes]
    return dict(rows[nulls.index(min(nulls))])


def _named(cases: Sequence[Case], kind: str) -> list[Case]:
    """Return the cases of a kind, each under a label of its own."""
    found: dict[str, Case] = {}
    for case in cases:
        if case.kind == kind:
            count = sum(label.partition(", ")[0] == case.label for label in found)
            label = f"{case.label}, {count + 1}" if count else case.label
            found[label] = Case(kind, label, case.world, case.like, case.unlike)
    return list(found.values())


def _test(bench: Bench, kind: str, worlds: Mapping[str, World]) -> UnitTest:
    given = bench.tables(worlds, siblings=kind == ORDER)
    keys = bench.subject.keys
    first = leading_key(keys)
    order = [key_values(keys, n, label)[first] for n, label in enumerate(worlds)]
    rows = bench.lab.run(bench.subject.sql, given)
    return UnitTest(kind, worlds, given, sorted(rows, key=lambda row: order.index(row[first])))
