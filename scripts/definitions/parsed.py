"""Whether two queries say the same, by what a parser makes of them.

Comments, spaces, the case of keywords and unquoted names, redundant parentheses, `as`, `inner` and
`outer`, the order of CTEs, and what CTEs and tables are called inside, make no difference. Whatever
else differs is a difference: a query that only might mean the same counts as another.
"""

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

import sqlglot
from sqlglot import Token, TokenType, exp
from sqlglot.errors import SqlglotError

from provender_ops.definitions.parentheses import without_parentheses
from provender_ops.definitions.query_names import plainly_named
from provender_ops.definitions.tree_text import written

DIALECT = "duckdb"
# Words and signs that change nothing by themselves. All others count, also where the parser has one
# node for two functions.
_NO_MATTER = {
    TokenType.L_PAREN,
    TokenType.R_PAREN,
    TokenType.ALIAS,
    TokenType.INNER,
    TokenType.OUTER,
    TokenType.COMMA,
    TokenType.SEMICOLON,
}
_NAMES = {TokenType.VAR, TokenType.IDENTIFIER}


def same_query(old: str, new: str) -> bool:
    """Return whether two queries surely mean the same."""
    return old == new or canonical(old) == canonical(new)


@lru_cache(maxsize=4096)
def canonical(sql: str) -> str:
    """Return a text that two queries share only when they mean the same.

    Of SQL that cannot be parsed it is the SQL itself.
    """
    tree = parsed(sql)
    if tree is None or any(_is_beyond_us(node) for node in tree.walk()):
        return f"text: {sql.strip()}"
    try:
        return f"{written(plainly_named(without_parentheses(tree)))}\n{_words(sql)}"
    except RecursionError:
        return f"text: {sql.strip()}"


def parsed(sql: str) -> exp.Query | None:
    """Return the one query that SQL is; None where the parser does not know it."""
    try:
        trees = sqlglot.parse(sql, dialect=DIALECT)
    except (SqlglotError, RecursionError):
        return None
    queries = [tree for tree in trees if tree is not None]
    return queries[0] if len(queries) == 1 and isinstance(queries[0], exp.Query) else None


def _is_beyond_us(node: exp.Expr) -> bool:
    """Return whether names in a node do not mean what they mean elsewhere."""
    return isinstance(node, exp.Pivot) or (
        isinstance(node, exp.Subquery) and node.args.get("with_") is not None
    )


def _words(sql: str) -> str:
    """Return each word that is no name with how often it stands there; names of functions count."""
    tokens = sqlglot.tokenize(sql, dialect=DIALECT)
    counted = Counter(_words_of(tokens))
    return " ".join(f"{word}*{count}" for word, count in sorted(counted.items()))


def _words_of(tokens: list[Token]) -> Iterator[str]:
    for token, after in zip(tokens, [*tokens[1:], None], strict=True):
        is_called = after is not None and after.token_type == TokenType.L_PAREN
        if token.token_type in _NO_MATTER or (token.token_type in _NAMES and not is_called):
            continue
        yield _word(token)


def _word(token: Token) -> str:
    if token.token_type == TokenType.STRING:
        return f"'{token.text}'"
    if token.token_type == TokenType.NEQ:
        return "<>"
    return token.text.lower()
