"""A new feature of a view that is there: a column of its SQL, its declaration, its tests."""

import re
from pathlib import Path
from typing import Any

import yaml

from provender_ops.errors import BadInput
from provender_ops.scaffold.bench import AS_OF, Bench
from provender_ops.scaffold.changes import Change, read_text
from provender_ops.scaffold.checkout import Checkout, Node
from provender_ops.scaffold.expression import Written
from provender_ops.scaffold.generate import Generated, generate, surround
from provender_ops.scaffold.kept_tests import with_tests
from provender_ops.scaffold.lab import Lab
from provender_ops.scaffold.names import servable
from provender_ops.scaffold.sql_insert import add_column
from provender_ops.scaffold.subject import Named, Subject, subject_of
from provender_ops.scaffold.view import feature_column, told_nulls
from provender_ops.scaffold.yaml_edit import Step, add_item


def feature_changes(
    checkout: Checkout, view: Node, name: str, expression: str, description: str | None
) -> tuple[list[Change], Generated]:
    """Return the changes of the view's files, and what the tests found; raise BadInput."""
    if name in view.columns:
        raise BadInput(f"{view.label} has a column {name!r} already. Choose another name.")
    if view.yaml is None:
        raise BadInput(f"{view.label} is declared in no YAML. Declare it first.")
    raw = read_text(checkout.root, view.path)
    column = f"{expression} as {name}"
    sql = add_column(raw, column, str(view.path))
    subject = _subject(checkout, view, sql, name)
    type_, default = _tried(subject, name)
    kept = servable(name, type_)
    if kept != type_:
        column = f"cast({expression} as {kept.replace(',', ', ')}) as {name}"
        sql = add_column(raw, column, str(view.path))
        subject = _subject(checkout, view, sql, name)
    words = description or f"`{expression}`{'; null when there is none' * (default is None)}."
    feature = Written(name, "", expression, kept, default, words)
    found = generate(subject)
    found.notes += told_nulls([feature])
    before = read_text(checkout.root, view.yaml)
    item = feature_column(feature)
    path, block = _columns(checkout, view, item)
    declared = add_item(before, path, block, str(view.yaml))
    declared, tests = with_tests(declared, subject, found, name)
    changes = [
        Change(view.path, sql, raw, column),
        Change(view.yaml, declared, before, f"{item}\n{tests}"),
    ]
    return changes, found


def unit_test_sql(raw: str) -> str:
    """Return raw SQL as a dbt unit test compiles it: a view that is read is its given rows."""
    return re.sub(r"provender\s*\.\s*features_of\s*\(", "ref(", raw)


def _subject(checkout: Checkout, view: Node, sql: str, name: str) -> Subject:
    entity = checkout.entity_of(view)
    compiled = checkout.dbt.compiled_text(unit_test_sql(sql))
    return subject_of(checkout, Named(view.name, view.version, entity, [name]), compiled)


def _tried(subject: Subject, name: str) -> tuple[str, Any]:
    """Return the type of the feature, and its value where nothing ever happened."""
    lab = Lab(subject.tables)
    try:
        type_ = lab.types(subject.sql)[name]
        bench = Bench(subject, lab)
        surround(bench)
        for each in subject.inputs:
            if each.is_view:
                bench.around[each.relation] = [{**each.defaults, "as_of": AS_OF}]
        (nothing,) = bench.outcomes([{}])
    finally:
        lab.close()
    return type_, nothing.own[0][0] if len(nothing.own) == 1 else None


def _columns(checkout: Checkout, view: Node, item: str) -> tuple[list[Step], str]:
    """Return the list that a column belongs to, and what to add there.

    Where a view has several versions it is of one of them, which may not have a list yet.
    """
    path: list[Step] = ["models", {"name": view.name}]
    if view.version is None:
        return [*path, "columns"], item
    path += ["versions", {"v": view.version}]
    document = yaml.safe_load(read_text(checkout.root, Path(str(view.yaml))))
    for step in path:
        document = _at(document, step)
    return [*path, "columns"], item if document.get("columns") else f"- include: all\n{item}"


def _at(document: Any, step: Step) -> Any:
    if isinstance(step, str):
        return document.get(step) or []
    found = [item for item in document if all(item.get(k) == v for k, v in step.items())]
    return found[0] if found else {}
