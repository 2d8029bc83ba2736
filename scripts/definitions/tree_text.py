"""A parsed query as text: the same for the same tree."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlglot import exp

# nodes whose words the parser leaves as they were written, and that mean the same in any case
_OF_ANY_CASE = (exp.Anonymous, exp.AnonymousAggFunc, exp.Var, exp.WindowSpec, exp.Join)


def written(value: Any) -> str:
    """Return a tree as text: each node with what is set in it, in an order that is always the same.

    A chain of `and`, or of `or`, is one list, whatever its parentheses were.
    """
    if isinstance(value, exp.And | exp.Or):
        return f"({value.key} {' '.join(map(written, _chain(value, type(value))))})"
    if isinstance(value, exp.Identifier):
        return _name(value)
    if isinstance(value, exp.Expr):
        return f"({value.key}{''.join(_arguments(value))})"
    if isinstance(value, list | tuple):
        return f"[{' '.join(map(written, value))}]"
    return repr(value)


def _arguments(node: exp.Expr) -> Iterable[str]:
    for name in sorted(node.args):
        value = node.args[name]
        if value is None or value is False or value == []:
            continue
        if (
            isinstance(node, exp.Join)
            and name == "kind"
            and str(value).upper() in ("INNER", "OUTER")
        ):
            continue
        if isinstance(value, str) and isinstance(node, _OF_ANY_CASE):
            value = value.lower()
        yield f" {name}={written(value)}"


def _chain(node: exp.Expr, kind: type[exp.Expr]) -> Iterator[exp.Expr]:
    to_do = [node]
    while to_do:
        one = to_do.pop()
        if isinstance(one, kind):
            to_do += [one.args["expression"], one.args["this"]]
        else:
            yield one


def _name(identifier: exp.Identifier) -> str:
    """Return a name; DuckDB looks it up without case, quoted or not, but says it as written."""
    name = str(identifier.this)
    is_quoted = identifier.args.get("quoted") and name != name.lower()
    return repr(name) if is_quoted else repr(name.lower())
