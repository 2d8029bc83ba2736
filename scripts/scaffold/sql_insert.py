"""Adds a column to the last SELECT of a model, and leaves every other byte as it is."""

import re
from collections.abc import Sequence

import sqlglot
from sqlglot import Token, TokenType

from provender_ops.errors import BadInput

_JINJA = re.compile(r"{{.*?}}|{%.*?%}|{#.*?#}", re.DOTALL)
_UNIONS = (TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT)


def add_column(raw: str, column: str, where: str) -> str:
    """Return raw SQL with a column at the end of the list that the model's result is made by.

    That is the list of its last SELECT, or of the CTE that `select * from` it names. Raise
    BadInput where there is no such list.
    """
    tokens = sqlglot.tokenize(_JINJA.sub(_masked, raw), read="duckdb")
    place = _last_of_list(tokens)
    if place is None:
        raise BadInput(
            f"{where} does not end in one list of columns. Add this to it yourself: {column}"
        )
    item = _line_of(raw, place.start)
    end = place.end + 1
    rest = raw[end:].split("\n", 1)[0]
    if rest.lstrip().startswith("--"):
        end_of_line = end + len(rest)
        return f"{raw[:end]},{rest}\n{item}{column}{raw[end_of_line:]}"
    return f"{raw[:end]},\n{item}{column}{raw[end:]}"


def _masked(found: re.Match[str]) -> str:
    """Return as many characters as the Jinja has: a name for an expression, else nothing."""
    length = len(found[0])
    return "j" * length if found[0].startswith("{{") else " " * length


def _last_of_list(tokens: Sequence[Token]) -> Token | None:
    """Return the last token of the list of the SELECT that makes the result."""
    depths = _depths(tokens)
    at = _last_select(tokens, depths, 0, len(tokens))
    for _ in range(len(tokens)):
        if at is None:
            return None
        end = _list_end(tokens, depths, at)
        if end is None:
            return None
        if tokens[at + 1].token_type != TokenType.STAR or end != at + 2:
            return tokens[end - 1]
        at = _inside_cte(tokens, depths, end + 1)
    return None


def _depths(tokens: Sequence[Token]) -> list[int]:
    depths, depth = [], 0
    for token in tokens:
        depth -= token.token_type == TokenType.R_PAREN
        depths.append(depth)
        depth += token.token_type == TokenType.L_PAREN
    return depths


def _last_select(
    tokens: Sequence[Token], depths: Sequence[int], begin: int, end: int
) -> int | None:
    """Return the only SELECT on the outer level of a part, None where there are several."""
    level = min(depths[begin:end], default=0)
    found = [
        n
        for n in range(begin, end)
        if tokens[n].token_type == TokenType.SELECT and depths[n] == level
    ]
    unions = [n for n in range(begin, end) if tokens[n].token_type in _UNIONS]
    is_one = len(found) == 1 and not any(depths[n] == level for n in unions)
    return found[0] if is_one else None


def _list_end(tokens: Sequence[Token], depths: Sequence[int], at: int) -> int | None:
    """Return the FROM that ends the list of a SELECT."""
    for n in range(at + 1, len(tokens)):
        is_from = tokens[n].token_type == TokenType.FROM and depths[n] == depths[at]
        if is_from and tokens[n - 1].token_type != TokenType.DISTINCT:
            return n
    return None


def _inside_cte(tokens: Sequence[Token], depths: Sequence[int], name_at: int) -> int | None:
    """Return the SELECT of the CTE that is named there and nothing else is read beside."""
    if name_at >= len(tokens):
        return None
    name = tokens[name_at].text
    for n in range(len(tokens) - 2):
        is_alias = tokens[n + 1].token_type == TokenType.ALIAS
        if depths[n] == 0 and tokens[n].text == name and is_alias:
            begin = n + 3
            end = next(m for m in range(begin, len(tokens)) if depths[m] == 0)
            return _last_select(tokens, depths, begin, end)
    return None


def _line_of(raw: str, at: int) -> str:
    """Return the indentation of the line that a place is in."""
    line = raw[raw.rfind("\n", 0, at) + 1 :]
    return line[: len(line) - len(line.lstrip())]
