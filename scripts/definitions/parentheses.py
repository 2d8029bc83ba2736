"""Parentheses that no reader of SQL needs, taken out of a parsed query.

Only where every engine reads the same without them: around what stands alone, and where the one
operator binds tighter by the standard. All others stay, and count.
"""

from sqlglot import exp

_ALONE = (exp.Column, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.Case)
_COMPARISONS = (
    exp.EQ,
    exp.NEQ,
    exp.GT,
    exp.GTE,
    exp.LT,
    exp.LTE,
    exp.Is,
    exp.Between,
    exp.In,
    exp.NullSafeEQ,
    exp.NullSafeNEQ,
)
_SUMS = (exp.Add, exp.Sub)
_PRODUCTS = (exp.Mul, exp.Div)
# where a number would be a position, and a column is nothing else
_LISTS = (exp.Group, exp.Ordered, exp.Window, exp.Order)
# (node, its argument) in which an expression has no neighbour
_CLOSED = (
    (exp.Alias, "this"),
    (exp.Select, "expressions"),
    (exp.Where, "this"),
    (exp.Having, "this"),
    (exp.Qualify, "this"),
    (exp.Join, "on"),
    (exp.If, "this"),
    (exp.If, "true"),
    (exp.Case, "default"),
)


def without_parentheses(query: exp.Expr) -> exp.Expr:
    """Take needless parentheses out of a query, in place; return it."""
    for paren in list(query.find_all(exp.Paren, bfs=False)):
        if _is_needless(paren):
            paren.replace(paren.this)
    return query


def _is_needless(paren: exp.Paren) -> bool:
    inner, parent, place = paren.this, paren.parent, paren.arg_key
    if parent is None:
        return False
    if any(isinstance(parent, kind) and place == argument for kind, argument in _CLOSED):
        return True
    if isinstance(parent, _LISTS):
        return isinstance(inner, exp.Column)
    if _is_operator(parent):
        return isinstance(inner, _ALONE) or _is_call(inner) or _binds_tighter(inner, parent, place)
    return _is_call(parent)  # an argument of a function


def _is_call(node: exp.Expr) -> bool:
    """Return whether a node is written as a name with its arguments in parentheses."""
    if isinstance(node, exp.Cast | exp.Binary | exp.Connector | exp.Unary | exp.StartsWith):
        return False
    return isinstance(node, exp.Func | exp.Anonymous)


def _is_operator(node: exp.Expr) -> bool:
    return isinstance(node, (exp.And, exp.Or, *_COMPARISONS, *_SUMS, *_PRODUCTS))


def _binds_tighter(inner: exp.Expr, parent: exp.Expr, place: str | None) -> bool:
    if isinstance(parent, exp.Or):
        return isinstance(inner, (exp.Or, exp.And, *_COMPARISONS))
    if isinstance(parent, exp.And):
        return isinstance(inner, (exp.And, *_COMPARISONS))
    is_first = place == "this"
    if isinstance(parent, _SUMS):
        return isinstance(inner, _PRODUCTS) or (is_first and isinstance(inner, _SUMS))
    if isinstance(parent, _PRODUCTS):
        return is_first and isinstance(inner, _PRODUCTS)
    if isinstance(parent, (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)):
        return isinstance(inner, _SUMS + _PRODUCTS)
    return False
