"""Changes of SQL that change what it means, and changes that do not, token by token."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import sqlglot
from sqlglot import Token, TokenType

# each word or sign, and what it might be confused with
OTHER = {
    "<=": "<",
    "<": "<=",
    ">": ">=",
    ">=": ">",
    "=": "<>",
    "<>": "=",
    "+": "-",
    "-": "+",
    "*": "/",
    "/": "*",
    "||": "+",
    "and": "or",
    "or": "and",
    "desc": "asc",
    "asc": "desc",
    "left": "inner",
    "inner": "left",
    "min": "max",
    "max": "min",
    "sum": "avg",
    "avg": "sum",
    "count": "sum",
    "first": "last",
    "last": "first",
    "is": "is not",
    "not": "",
    "distinct": "",
    "union": "except",
    "all": "",
    "rows": "range",
    "true": "false",
    "false": "true",
    "coalesce": "concat",
    "row_number": "rank",
    "over": "filter",
    "when": "else",
    "days": "hours",
    "day": "hour",
}


@dataclass(frozen=True)
class Mutation:
    """One change, and where in the SQL it is."""

    sql: str
    change: str


def mutations(sql: str) -> Iterator[Mutation]:
    """Yield each change of one operator, constant, column, join or bound."""
    tokens = sqlglot.tokenize(sql, dialect="duckdb")
    names = sorted({t.text for t in tokens if t.token_type == TokenType.VAR})
    for place, token in enumerate(tokens):
        is_last = tokens[place - 1].token_type == TokenType.ALIAS and _closes(tokens, place + 1)
        if is_last and f"{token.text}." not in sql[: token.start].rpartition("(")[2]:
            continue  # what nobody calls a subquery's table by
        for text in _instead(token, names):
            changed = sql[: token.start] + text + sql[token.end + 1 :]
            yield Mutation(changed, f"{place}: {sql[token.start : token.end + 1]} -> {text}")


def _closes(tokens: list[Token], place: int) -> bool:
    return place < len(tokens) and tokens[place].token_type == TokenType.R_PAREN


def _instead(token: Token, names: list[str]) -> Iterator[str]:
    if token.token_type == TokenType.NUMBER:
        yield str(int(token.text) + 1) if token.text.isdigit() else f"{token.text}1"
    elif token.token_type == TokenType.STRING:
        number = token.text.split(" ")[0]
        if number.isdigit():
            yield f"'{int(number) + 1}{token.text[len(number) :]}'"
        yield f"'{token.text}x'"
        if token.text != token.text.upper():
            yield f"'{token.text.upper()}'"
    elif token.text.lower() in OTHER:
        yield OTHER[token.text.lower()]
    elif token.token_type == TokenType.VAR:
        yield names[(names.index(token.text) + 1) % len(names)]


def reformatted(sql: str, rng: random.Random) -> str:
    """Return the same query, written by somebody else: spaces, comments, case, parentheses."""
    tokens = sqlglot.tokenize(sql, dialect="duckdb")
    said = []
    for token in tokens:
        said.append(_recased(sql[token.start : token.end + 1], token, rng))
        said.append(rng.choice([" ", "\n    ", "\t", " -- why\n", " /* so; 'and' so */ "]))
    return "".join(said)


def _recased(text: str, token: Token, rng: random.Random) -> str:
    if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER):
        return text
    return rng.choice([text.lower(), text.upper(), text.capitalize(), text])


def reordered(sql: str) -> Iterator[str]:
    """Yield the query with two neighbouring CTEs in the other order, where neither reads it."""
    ctes = _ctes(sql)
    for (_, start, middle), (name, begin, end) in pairwise(ctes):
        first, between, second = sql[start:middle], sql[middle:begin], sql[begin:end]
        own = first.split(" ", 1)[0]
        if own not in second.replace(f"{name} as", "", 1):
            yield sql[:start] + second + between + first + sql[end:]


def _ctes(sql: str) -> list[tuple[str, int, int]]:
    """Name, start and end of each CTE at the top of a query."""
    tokens = sqlglot.tokenize(sql, dialect="duckdb")
    if not tokens or tokens[0].token_type != TokenType.WITH:
        return []
    found: list[tuple[str, int, int]] = []
    depth, start = 0, tokens[1]
    for place, token in enumerate(tokens[1:], start=1):
        if token.token_type == TokenType.L_PAREN:
            depth += 1
        elif token.token_type == TokenType.R_PAREN:
            depth -= 1
            if depth == 0:
                found.append((start.text, start.start, token.end + 1))
                if tokens[place + 1].token_type != TokenType.COMMA:
                    return found
                start = tokens[place + 2]
    return found


def with_parentheses(sql: str, rng: random.Random) -> str:
    """Put some qualified columns, and what is between `where` or `on` and the next `)`, in two."""
    changed = re.sub(
        r"\b(\w+\.\w+)\b(?=\s*(?:[-+*=<>,)]|and\b|or\b))(?<!')",
        lambda found: f"({found[1]})" if rng.random() < 0.5 else found[1],
        sql,
    )
    return re.sub(r"where (\w+ = '\w+')", r"where ((\1))", changed)
