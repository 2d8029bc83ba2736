"""Generated tests as dbt's YAML, for an analyst to read and keep."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from provender_ops.scaffold.bench import is_labelled, key_values, leading_key
from provender_ops.scaffold.dbt import AS_OF
from provender_ops.scaffold.edges import ORDER
from provender_ops.scaffold.generate import PROMISES, UnitTest
from provender_ops.scaffold.subject import LIFE, Subject
from provender_ops.scaffold.yaml_text import described, flow


def name_of_test(subject: Subject, kind: str, feature: str | None) -> str:
    """Return what a test is called; one that was made for a new feature says so."""
    shows = "among_equals" if kind == ORDER else f"at_the_edges_of_{kind}"
    return f"{feature or subject.title}_{shows}"


def as_yaml(subject: Subject, test: UnitTest, feature: str | None = None) -> str:
    """Return one item of `unit_tests`, at the left margin."""
    lines = [f"- name: {name_of_test(subject, test.kind, feature)}"]
    lines += described(PROMISES[test.kind], 2).splitlines()
    lines.append(f"  model: {subject.name}")
    if subject.version is not None:
        lines.append(f"  versions: {{include: [{subject.version}]}}")
    lines += ["  overrides:", f'    vars: {{as_of: "{AS_OF}"}}', "  given:"]
    labels = _labels(subject, test)
    refs = {subject.entity: subject.entity_ref} | {i.relation: i.ref for i in subject.inputs}
    for relation, rows in test.given.items():
        lines.append(f"    - input: {refs[relation]}")
        lines += _rows(_told(subject, relation, rows, labels), "      ")
    lines.append("  expect:")
    lines += _rows(_expected(subject, test, labels), "    ")
    return "\n".join(lines) + "\n"


Told = tuple[Mapping[str, Any], str]
"""A row, and a comment that says which world it is of where the row does not."""


def _rows(rows: Sequence[Told], space: str) -> Iterator[str]:
    if not rows:
        yield f"{space}rows: []"
        return
    yield f"{space}rows:"
    for row, comment in rows:
        yield f"{space}  - {flow(row)}{f'  # {comment}' if comment else ''}"


def _told(
    subject: Subject,
    relation: str,
    rows: Sequence[Mapping[str, Any]],
    labels: Mapping[Any, str],
) -> list[Told]:
    """Return the rows of one input without what is null, lives apart."""
    found: list[Told] = []
    each = next((each for each in subject.inputs if each.relation == relation), None)
    column = leading_key(subject.keys) if each is None else each.keys.get(leading_key(subject.keys))
    for row in rows:
        kept = {name: value for name, value in row.items() if value is not None or name in LIFE}
        label = labels.get(row.get(column or ""), "")
        says_it = any(label in value for value in kept.values() if isinstance(value, str))
        found.append((kept, "" if says_it else label))
    return found


def _expected(subject: Subject, test: UnitTest, labels: Mapping[Any, str]) -> list[Told]:
    first = leading_key(subject.keys)
    columns = [*subject.keys, "as_of", *subject.features]
    return [
        (
            {column: row[column] for column in columns},
            "" if is_labelled(subject.keys) else labels[row[first]],
        )
        for row in test.expected
    ]


def _labels(subject: Subject, test: UnitTest) -> dict[Any, str]:
    """Return the label of each world by its leading key."""
    first = leading_key(subject.keys)
    return {key_values(subject.keys, n, label)[first]: label for n, label in enumerate(test.worlds)}
