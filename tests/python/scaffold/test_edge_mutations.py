"""Generated tests have teeth: they fail for each way to get an edge of time wrong, in each view."""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from demo_views import WithTests, views_with_tests
from typer.testing import CliRunner

from provender_ops import cli
from provender_ops.scaffold.bench import AS_OF, TICK, key_values
from provender_ops.scaffold.checkout import Checkout
from provender_ops.scaffold.dbt import Dbt
from provender_ops.scaffold.edges import windows
from provender_ops.scaffold.generate import generate
from provender_ops.scaffold.payloads import domain, payload_columns
from provender_ops.scaffold.subject import Input, Subject

pytestmark = pytest.mark.xdist_group("scaffold")
VIEWS = [
    *("customer_activity@1", "customer_category_affinity@1", "customer_credit@1"),
    *("customer_engagement@1", "customer_spend@1", "customer_spend@2"),
    *("device_activity@1", "ip_activity@1", "merchant_activity@1"),
]
WORLDS, KEYS = 4, 40


@dataclass(frozen=True)
class Mutation:
    """A pattern in compiled SQL, and what takes its place."""

    pattern: str
    instead: str

    def everywhere(self, sql: str) -> str:
        """Mutate each place, as a wrong macro would."""
        return re.sub(self.pattern, self.instead, sql)

    def alone(self, sql: str) -> Iterator[str]:
        """Mutate one place after the other, as a slip in a view would."""
        for found in re.finditer(self.pattern, sql):
            yield sql[: found.start()] + found.expand(self.instead) + sql[found.end() :]


T = r"[\w.]+"  # a column or alias.column
LIFE = r"cast\('[^']*' as timestamp\)"
WINDOWED = {
    "the lower edge counts": Mutation(rf"> ({T} - interval)", r">= \1"),
    "no lower edge": Mutation(rf"\({T} > {T} - interval '\d+ \w+' and", "(true and"),
    "the upper edge does not count": Mutation(rf"('\d+ \w+' and {T}) <= ", r"\1 < "),
    "longer by a microsecond": Mutation(
        r"- interval '(\d+) (\w+)'", r"- interval '\1 \2' - interval '1 microsecond'"
    ),
    "shorter by a microsecond": Mutation(
        r"- interval '(\d+) (\w+)'", r"- interval '\1 \2' + interval '1 microsecond'"
    ),
    "twice as long": Mutation(r"- interval '(\d+) (\w+)'", r"- 2 * interval '\1 \2'"),
    "half as long": Mutation(r"- interval '(\d+) (\w+)'", r"- interval '\1 \2' / 2"),
}
KNOWN = {
    "not yet at its own moment": Mutation(
        rf"({T}\.occurred_at) <= ({T}\s+and {T}\.known)", r"\1 < \2"
    ),
    "not yet when it gets known": Mutation(r"(\.known_from) <= ", r"\1 < "),
    "known before it was": Mutation(rf"and {T}\.known_from <= {T}", ""),
    "known when it happened": Mutation(rf"({T})\.known_from <= ", r"\1.occurred_at <= "),
    "stands a moment too long": Mutation(r"known_until > ", "known_until >= "),
    "stands for ever": Mutation(rf"and \({T}\.known_until is null or {T} > {T}\)", ""),
    "falls when it will be corrected": Mutation(rf" or {T}\.known_until > {T}", ""),
    "only what was corrected": Mutation(rf"{T}\.known_until is null or ", ""),
}
LIVES = {
    "not alive at its first moment": Mutation(r"live_from <= ", "live_from < "),
    "alive before": Mutation(rf"live_from <= {LIFE}", "true"),
    "alive at its end": Mutation(r"live_until > ", "live_until >= "),
    "alive for ever": Mutation(rf"and \(live_until is null or live_until > {LIFE}\)", ""),
    "alive only with an end": Mutation("live_until is null or ", ""),
}
BOTH_UPPER = rf"{T}\.occurred_at <= {T}\s+and (?={T}\.known)|(?<=') and {T} <= {T}(?=\))"
OTHERS = {
    "from the future": Mutation(BOTH_UPPER, ""),
    "window by when it was known": Mutation(
        rf"(\w+)\.occurred_at > ({T} - interval)", r"\1.known_from > \2"
    ),
    "distinct left out": Mutation(r"distinct\s", ""),
    "an order turned around": Mutation(r" desc(?=[,\n])", " asc"),
    "the other order turned around": Mutation(r" asc(?=\n)", " desc"),
    "values of any moment": Mutation(r"and spine\.as_of = activity\.as_of", ""),
    "values of later moments too": Mutation(
        r"spine\.as_of = activity\.as_of", "spine.as_of <= activity.as_of"
    ),
    "values of earlier moments too": Mutation(
        r"spine\.as_of = activity\.as_of", "spine.as_of >= activity.as_of"
    ),
}
EVERYWHERE = {**WINDOWED, **KNOWN, **LIVES, **OTHERS}
# What one place alone may get wrong without any consequence, since another says the same: an upper
# edge stands in `known_at` and in `in_window`, a life in each spine of a view that has two.
ALONE = {
    **EVERYWHERE,
    "no upper edge": Mutation(rf"('\d+ \w+') and {T} <= {T}(?=\))", r"\1"),
    "from the future": Mutation(rf"{T}\.occurred_at <= {T}\s+and (?={T}\.known)", ""),
}
SAID_TWICE = {"no upper edge", "from the future", *LIVES}


@pytest.fixture(scope="module")
def tested(lender: Checkout) -> Mapping[str, WithTests]:
    return views_with_tests(lender)


def test_each_view_of_the_demo_has_tests_and_contradicts_no_rule(
    tested: Mapping[str, WithTests],
) -> None:
    assert sorted(tested) == VIEWS
    for label, view in tested.items():
        assert view.generated.findings == []
        assert view.generated.notes == [], label
        assert view.passes(view.subject.sql)


@pytest.mark.parametrize("label", VIEWS)
def test_a_wrong_macro_is_noticed(tested: Mapping[str, WithTests], label: str) -> None:
    view = tested[label]
    mutants = mutants_of(view, EVERYWHERE)
    assert [name for name, sql in mutants if view.passes(sql)] == []
    assert len(mutants) >= (8 if "engagement" in label else 20)


@pytest.mark.parametrize("label", VIEWS)
def test_a_slip_at_one_place_is_noticed_or_changes_nothing(
    tested: Mapping[str, WithTests], label: str
) -> None:
    view = tested[label]
    sql = view.subject.sql
    mutants = [(name, one) for name, m in ALONE.items() for one in m.alone(sql)]
    unnoticed = [(name, one) for name, one in mutants if view.passes(one)]
    assert {name for name, _ in unnoticed} <= SAID_TWICE
    worlds = list(_random_worlds(view))
    assert [name for name, one in unnoticed if _tells(view, worlds, one)] == []


def test_each_mutation_is_of_some_view(tested: Mapping[str, WithTests]) -> None:
    sqls = [view.subject.sql for view in tested.values()]
    for name, mutation in ALONE.items():
        assert any(mutation.everywhere(sql) != sql for sql in sqls), name


def test_random_worlds_tell_what_differs(tested: Mapping[str, WithTests]) -> None:
    """They are what shows that a mutant changes nothing, so they have to see those that do."""
    for label in ("customer_activity@1", "customer_credit@1"):
        view = tested[label]
        worlds = list(_random_worlds(view))
        for name, sql in mutants_of(view, {**WINDOWED, **KNOWN, **LIVES}):
            assert _tells(view, worlds, sql), (label, name)


def mutants_of(view: WithTests, mutations: Mapping[str, Mutation]) -> list[tuple[str, str]]:
    sql = view.subject.sql
    found = [(name, mutation.everywhere(sql)) for name, mutation in mutations.items()]
    return [(name, mutated) for name, mutated in found if mutated != sql]


def _tells(view: WithTests, worlds: Sequence[Mapping[str, Any]], sql: str) -> bool:
    """Whether some world has another outcome with this SQL than with the view's own."""
    return any(
        _rows(view.lab.run(sql, world)) != _rows(view.lab.run(view.subject.sql, world))
        for world in worlds
    )


def _rows(rows: Sequence[Any]) -> list[str]:
    return sorted(map(repr, rows))


def _random_worlds(view: WithTests) -> Iterator[dict[str, list[dict[str, Any]]]]:
    """Yield rows whose every time is an edge, a microsecond beside one, or between."""
    subject = view.subject
    chance = random.Random(subject.title)
    lengths = [timedelta(0), timedelta(0), timedelta(0), *windows(subject), timedelta(minutes=5)]
    moments = [AS_OF - length + tick * TICK for length in lengths for tick in (-1, 0, 1)]
    for _ in range(WORLDS):
        keys = [{**key_values(subject.keys, n, f"{n}")} for n in range(KEYS)]
        world: dict[str, list[dict[str, Any]]] = {each: [] for each in subject.tables}
        for key in keys:
            ends = chance.choice([*moments, *[None] * len(moments)])
            life = {"live_from": chance.choice(moments), "live_until": ends}
            world[subject.entity].append({**key, **life})
            for each in subject.inputs:
                count = 1 if each.is_view else chance.randrange(4)
                rows = [_random_row(subject, each, moments, chance) for _ in range(count)]
                own = {column: key[name] for name, column in each.keys.items()}
                world[each.relation] += [{**row, **own} for row in rows]
        yield world


def _random_row(
    subject: Subject, each: Input, moments: Sequence[datetime], chance: random.Random
) -> dict[str, Any]:
    columns = payload_columns(subject, each)
    row = {column: chance.choice(domain(subject, each, column)[:2]) for column in columns}
    times = ("occurred_at", "known_from")
    never = [None] * len(moments)
    until = {"known_until": chance.choice([*moments, *never])}
    event = {each.event_id: f"e{chance.random()}"} if each.event_id else {}
    return row | {t: chance.choice(moments) for t in times} | until | event | {"as_of": AS_OF}


CONTRADICTIONS = {
    "the lower edge counts": {"60m ago"},
    "the upper edge does not count": {"at as_of"},
    "not yet at its own moment": {"at as_of"},
    "not yet when it gets known": {"known at as_of", "at as_of"},
    "known before it was": {"known just after as_of"},
    "stands a moment too long": {"corrected at as_of"},
    "stands for ever": {"corrected at as_of", "delivered again"},
    "from the future": {"dated just after as_of"},
    "not alive at its first moment": {"alive from as_of"},
    "alive at its end": {"alive until as_of"},
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_a_view_that_is_wrong_is_told_and_not_copied(
    tested: Mapping[str, WithTests], name: str
) -> None:
    """What is expected comes from the rule: of an edge where the view is wrong there is no test."""
    view = tested["device_activity@1"]
    wrong = replace(view.subject, sql=EVERYWHERE[name].everywhere(view.subject.sql))
    generated = generate(wrong)
    told = {finding.label for finding in generated.findings}
    assert told == CONTRADICTIONS[name]
    assert not told & {label for test in generated.tests for label in test.worlds}


def test_a_contradiction_ends_the_command_with_1(
    tested: Mapping[str, WithTests], lender: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = tested["device_activity@1"]
    wrong = EVERYWHERE["the lower edge counts"].everywhere(view.subject.sql)
    monkeypatch.setattr(Checkout, "read", lambda *_: lender)
    monkeypatch.setattr(Dbt, "compiled", lambda *_: {view.view.unique_id: wrong})
    arguments = ["new", "tests", "device_activity", "--project-dir", str(lender.root), "--dry-run"]
    result = CliRunner().invoke(cli.app, arguments, prog_name="provender")
    assert result.exit_code == 1
    assert "- 60m ago: gives (1, 1.00), and by the rule (0, 0.00)" in result.stderr
    assert "just under 60m ago" in result.stdout
    assert "device_id: 60m ago" not in result.stdout
