"""Number fields of SymPy, where their degree is small."""

from __future__ import annotations

from math import lcm, prod
from typing import Any

from ...errors import Undecided
from ...scalar import exact
from .ring import sympy_algebra

DEGREE_LIMIT = 24  # of number fields that SymPy computes in


def degree_bound(values: list[Any]) -> int:
    """A number that the degree of the field of all radicals and roots of unity in SymPy expressions does not exceed."""
    import sympy

    from .reading import factors, order_of_roots

    found: dict[Any, int] = {}  # degree by what it is adjoined for

    def adjoin(what: Any, degree: int) -> None:
        found[what] = lcm(found.get(what, 1), degree)

    for node in {node for value in values for node in sympy.preorder_traversal(value) if node.is_number}:
        if isinstance(node, sympy.Pow) and node.exp.is_Rational and not node.exp.is_Integer:
            bases = [p for p, _ in factors(abs(exact(node.base)))] if node.base.is_Rational else [node.base]
            for base in bases:
                adjoin(base, int(node.exp.q))
        elif isinstance(node, sympy.CRootOf):
            adjoin(node, int(node.poly.degree()))
        elif isinstance(node, sympy.AlgebraicNumber):
            adjoin(node, int(node.minpoly.degree()))
    return prod(found.values()) * int(sympy.totient(order_of_roots(values)))


def numbers_of(values: list[Any]) -> Any:
    """The number field of all numbers in SymPy expressions, or SymPy's EX where there is none."""
    from sympy.polys.constructor import construct_domain

    numbers = [n for value in values for n in _numbers_in(value)]
    if (degree := degree_bound(numbers)) > DEGREE_LIMIT:
        raise Undecided(
            f"budget: the number field of these entries has degree up to {degree}, more than {DEGREE_LIMIT}"
        )
    with sympy_algebra(*numbers):
        return construct_domain(numbers, extension=True, field=True)[0]


def _numbers_in(expression: Any) -> list[Any]:
    """The largest parts that are numbers without π and e."""
    from sympy import E, pi

    if expression in (pi, E):
        return []
    if expression.is_number and (expression.is_algebraic or not expression.has(pi, E)):
        return [expression]
    return [number for part in expression.args for number in _numbers_in(part)]
