"""What equations and inequalities between integers imply, where they are linear in products of symbols.

Every product of symbols is taken for an integer of its own, positive where its symbols are: what follows so is true,
and what does not may follow all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import product
from typing import Any, TypeAlias

from ...errors import Undecided
from ...scalar import is_sympy
from ..facts import AboutFactors, AtMost, Equal, Less, Unequal
from .omega import ONE, Row, Work, solvable

Compared: TypeAlias = Equal | Unequal | Less | AtMost
COMPARED = (Equal, Unequal, Less, AtMost)
SPLIT = 6  # inequations a ≠ b, each of which is two cases


def row_of(value: Any) -> Row:
    """A polynomial as a row: its terms by their products of symbols."""
    if not is_sympy(value):
        return {ONE: int(value)}
    found: Row = {}
    for term, coefficient in value.expand().as_coefficients_dict().items():
        key = ONE if term.is_Integer else term
        found[key] = found.get(key, 0) + int(coefficient * (term if term.is_Integer else 1))
    return found


def is_linear(fact: AboutFactors) -> bool:
    """Whether a fact compares sums of multiples of symbols, so that rows say all of it."""
    return isinstance(fact, COMPARED) and all(
        key is ONE or key.is_Symbol for side in (fact.a, fact.b) for key in row_of(side)
    )


@lru_cache(maxsize=1024)
def may_hold(facts: tuple[AboutFactors, ...]) -> bool:
    """Whether integers satisfy the comparisons among facts; False is certain."""
    equal: list[Row] = []
    least: list[Row] = []
    either: list[tuple[Row, Row]] = []
    for fact in facts:
        if not isinstance(fact, COMPARED):
            continue
        up, down = _minus(fact.b, fact.a), _minus(fact.a, fact.b)
        if isinstance(fact, Equal):
            equal.append(up)
        elif isinstance(fact, Unequal):
            either.append((_more(up, -1), _more(down, -1)))
        else:
            least.append(_more(up, -1) if isinstance(fact, Less) else up)
    rows = [*equal, *least, *(row for pair in either for row in pair)]
    signs = [sign for key in dict.fromkeys(k for row in rows for k in row if k is not ONE) for sign in _signs(key)]
    work = Work()
    try:
        return any(solvable(equal, [*least, *signs, *chosen], work) for chosen in product(*either[:SPLIT]))
    except Undecided:
        return True


def implies(facts: Iterable[AboutFactors], claim: Compared) -> bool:
    """Whether a comparison follows."""
    a, b = claim.a, claim.b
    denied: dict[type, list[AboutFactors]] = {
        Less: [AtMost(b, a)], AtMost: [Less(b, a)], Unequal: [Equal(a, b)], Equal: [Less(a, b), Less(b, a)]
    }  # fmt: skip
    known = tuple(facts)
    return not any(may_hold((*known, other)) for other in denied[type(claim)])


def _minus(a: Any, b: Any) -> Row:
    left, right = row_of(a), row_of(b)
    return {key: left.get(key, 0) - right.get(key, 0) for key in {**left, **right}}


def _more(row: Row, number: int) -> Row:
    return {**row, ONE: row.get(ONE, 0) + number}


def _signs(key: Any) -> list[Row]:
    """What is assumed of the sign of a product of symbols."""
    if key.is_zero:
        return [{key: 1}, {key: -1}]
    if key.is_positive:
        return [{key: 1, ONE: -1}]
    if key.is_negative:
        return [{key: -1, ONE: -1}]
    return [{key: 1}] if key.is_nonnegative else [{key: -1}] if key.is_nonpositive else []
