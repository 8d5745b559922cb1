"""Equal terms of a sum put together."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ...expr import IndexedSum, nameless
from ...expr.operators import LinearOperator, Scale, Sum, Zero, add
from ...scalar import exact, is_sympy
from ..laws.finders import Facts, canonical_number, scaled, times

LINEAR = frozenset((  # laws of which lines in a row are one line of a lecture
    "distribute-left", "distribute-right", "identity-left", "identity-right", "scale-left", "scale-right",
    "scale-scale", "scale-one", "scale-sum", "sum-left", "sum-right", "sum-scale", "sum-sum", "zero-left", "zero-right",
    "collect-terms", "arithmetic", "linearity", "power",
))  # fmt: skip


def collect(node: Any, facts: Facts) -> tuple[str, Any, str] | None:
    """Equal terms of a sum added, also under sums over an index; terms in order, zeros dropped."""
    if not isinstance(node, Sum):
        return None
    totals: dict[LinearOperator, tuple[Any, Any]] = {}
    for term in node.terms:
        scalar: Any
        operator: Any
        scalar, operator = (term.scalar, term.operator) if isinstance(term, Scale) else (1, term)
        if isinstance(operator, Zero):
            continue
        key, weight, shown = _like_terms(operator, exact(scalar))
        if key in totals:
            before, first = totals[key]
            if isinstance(first, IndexedSum):
                weight = _renamed(weight, operator.index, first.index)
            weight, shown = before + weight, first
        totals[key] = canonical_number(weight), shown
    kept = [(spelled(key), c, operator) for key, (c, operator) in totals.items() if c != 0]
    kept.sort(key=lambda entry: entry[0])
    new = add(tuple(_of_weight(c, operator) for _, c, operator in kept))
    return None if new == node else ("collect-terms", new, "")


def _like_terms(operator: Any, scalar: Any) -> tuple[LinearOperator, Any, Any]:
    """What terms are put together by, the weight of this one, and it without its weight."""
    if not isinstance(operator, IndexedSum):
        return operator, scalar, operator
    weight, word = scaled(operator.body)
    bare = IndexedSum(word, operator.index, operator.stop)
    return nameless(bare), weight * scalar if is_sympy(weight) else scalar * weight, bare


def _renamed(number: Any, index: Any, other: Any) -> Any:
    return number.xreplace({index: other}) if is_sympy(number) else number


def _of_weight(number: Any, operator: Any) -> LinearOperator:
    if isinstance(operator, IndexedSum):
        return IndexedSum(times(number, operator.body), operator.index, operator.stop)
    return operator if number == 1 else Scale(number, operator)


@lru_cache(maxsize=4096)
def spelled(node: Any) -> str:
    """What terms and kernels are put in order by."""
    return repr(node)
