"""Sums of multiples of terms."""

from provender_ops.review.terms import Term

Linear = tuple[dict[Term, float], float]  # core -> factor, and a number


def plus(left: Linear, right: Linear, sign: float) -> Linear:
    """Return one sum, and a multiple of another added."""
    terms = dict(left[0])
    for core, factor in right[0].items():
        terms[core] = terms.get(core, 0.0) + sign * factor
    return {core: factor for core, factor in terms.items() if factor}, left[1] + sign * right[1]


def times(linear: Linear, factor: float) -> Linear:
    """Return a multiple of a sum."""
    return {core: each * factor for core, each in linear[0].items()}, linear[1] * factor


def is_here(term: Term) -> bool:
    """Return whether what is inside a term is of the row around it."""
    return term.op not in ("rows", "group", "agg", "exists", "scalar", "win")
