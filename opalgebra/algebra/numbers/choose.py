"""The exact coefficients of one statement.

Rational statements use Python ints and fractions.  Roots of unity, radicals, exponentials and logarithms are numbers
of a tower (:mod:`.tower`).  What is left gets a SymPy domain: Gaussian rationals, and polynomials or rational functions
in the symbols.  Equal elements are equal numbers in every ring.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

from ...errors import Undecided
from ...scalar import conjugate, exact, is_sympy
from .fields import degree_bound
from .ring import RATIONALS, GaussianRing, Ring, SymPyRing, abridged, multiplied_out

ZEROS_LIMIT = 16  # degree of polynomials whose complex zeros are told apart


def ring_of(values: Any, symbols: Any = ()) -> Ring:
    """The ring for these scalars and their conjugates; ``symbols`` are to be invertible in it."""
    values = list(values)
    if not symbols and any(isinstance(v, complex) for v in values) and not any(is_sympy(v) for v in values):
        return _gaussian_ring()
    numbers = {exact(value) for value in values}
    others = sorted((v for v in numbers if not isinstance(v, (int, Fraction))), key=_order)
    if not others and not symbols:
        return RATIONALS
    return _sympy_ring(tuple(others), tuple(symbols))


def _order(value: Any) -> Any:
    """A key to sort by; SymPy's own compute numbers, which may be too large for that."""
    from sympy import preorder_traversal

    return [abridged(node) if not node.args else type(node).__name__ for node in preorder_traversal(value)]


@lru_cache(maxsize=1)
def _gaussian_ring() -> GaussianRing:
    return GaussianRing()


@lru_cache(maxsize=256)
def _sympy_ring(values: tuple[Any, ...], symbols: tuple[Any, ...]) -> Ring:
    import sympy

    _check_zeros(values)
    inverse = [*(1 / s for s in symbols), sympy.Rational(1, 2)]
    wanted = [*values, *map(conjugate, values), *symbols, *inverse]
    if any(hasattr(atom, "family") for v in wanted for atom in v.atoms(sympy.NumberSymbol)):
        from .residues import numbers_in, relation_ring

        if degree_bound([v.xreplace(dict.fromkeys(numbers_in(wanted), sympy.S.One)) for v in wanted]) <= 2:
            return relation_ring([multiplied_out(v) for v in wanted])
    if all(_is_rational_function(v) for v in wanted):
        return SymPyRing(_rational_functions(wanted))
    return _tower_ring(wanted)


def _check_zeros(values: tuple[Any, ...]) -> None:
    """Refuse zeros of polynomials that SymPy would tell apart for minutes."""
    import sympy

    for zero in {z for value in values for z in value.atoms(sympy.CRootOf)}:
        degree = int(zero.poly.degree())
        if degree > ZEROS_LIMIT and zero.index >= zero.poly.count_roots():
            raise Undecided(f"budget: {zero} is a complex zero of degree {degree}, more than {ZEROS_LIMIT}")


def _tower_ring(wanted: list[Any]) -> Ring:
    """The tower of these numbers."""
    from .reading import TowerRing, order_of_roots

    ring = TowerRing(order_of_roots(wanted))
    for value in wanted:
        ring.convert(value)
    return ring


def _rational_functions(values: list[Any]) -> Any:
    """Polynomials over ℚ or ℚ(i), or their quotients where a sum is a denominator."""
    import sympy

    numbers = sympy.QQ_I if any(v.has(sympy.I) for v in values) else sympy.QQ
    found = sorted({s for v in values for s in v.atoms(sympy.conjugate) | v.atoms(sympy.Symbol)}, key=str)
    if not found:
        return numbers
    quotients = any(p.exp.is_negative for v in values for p in v.atoms(sympy.Pow))
    return numbers.frac_field(*found) if quotients else numbers.poly_ring(*found)


def _is_rational_function(value: Any) -> bool:
    """Whether an expression has ints, I, symbols and their conjugates, sums, products and whole powers alone."""
    import sympy

    if value.is_Rational or value.is_Symbol or value is sympy.I:
        return True
    if isinstance(value, sympy.conjugate):
        return bool(value.args[0].is_Symbol)
    if value.is_Pow:
        return bool(value.exp.is_Integer) and _is_rational_function(value.base)
    return bool(value.is_Add or value.is_Mul) and all(map(_is_rational_function, value.args))
