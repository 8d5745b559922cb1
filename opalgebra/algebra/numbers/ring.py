"""The exact coefficients of one statement.

Rational statements use Python ints and fractions.  Roots of unity, radicals, exponentials and logarithms are numbers
of a tower (:mod:`.tower`).  What is left gets a SymPy domain: Gaussian rationals, and polynomials or rational functions
in the symbols.  Equal elements are equal numbers in every ring.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import lru_cache
from math import lcm, prod
from typing import Any

import numpy as np

from ...errors import Undecided
from ...scalar import Scalar, conjugate, exact, is_sympy, to_sympy
from ..judge.enclosure import expanded_terms

DEGREE_LIMIT = 24  # of number fields that SymPy computes in
QUICKLY_EXPANDED = 200  # terms that SymPy multiplies out in no time; domains do the same for longer polynomials
ZEROS_LIMIT = 16  # degree of polynomials whose complex zeros are told apart
EXPANDED_LIMIT = 2_000  # terms of a polynomial that is multiplied out


class Ring:
    """ℚ, with Python's ints and fractions as elements."""

    one: Any = 1

    def convert(self, value: Scalar) -> Any:
        """The element that a scalar is."""
        return exact(value)

    def to_scalar(self, element: Any) -> Any:
        """An element as an int, a Fraction or a SymPy expression."""
        if isinstance(element, Fraction) and element.denominator == 1:
            return element.numerator
        return element

    def divide(self, element: Any, number: int) -> Any:
        """element / number."""
        return self.to_scalar(Fraction(element) / number)


class SymPyRing(Ring):
    """A SymPy domain."""

    def __init__(self, domain: Any) -> None:
        self.domain = domain
        self.one = domain.one
        self._cache: dict[Any, Any] = {}

    def convert(self, value: Scalar) -> Any:
        import sympy

        value = exact(value)
        if value not in self._cache:
            with sympy_algebra(value):
                number = to_sympy(value)
                _check_denominators(number)
                small = expanded_terms(number) <= QUICKLY_EXPANDED
                self._cache[value] = self.domain.from_sympy(sympy.expand(number) if small else _bounded(number))
        return self._cache[value]

    def to_scalar(self, element: Any) -> Any:
        import sympy

        return exact(sympy.expand(self.domain.to_sympy(element)))

    def divide(self, element: Any, number: int) -> Any:
        return element * self.domain.from_sympy(to_sympy(Fraction(1, number)))


class GaussianRing(SymPyRing):
    """ℚ(i) for Python's numbers, which need no SymPy expression on the way."""

    def __init__(self) -> None:
        import sympy

        super().__init__(sympy.QQ_I)

    def convert(self, value: Scalar) -> Any:
        if isinstance(value, complex | np.complexfloating):
            return self.domain(self._rational(value.real), self._rational(value.imag))
        return self.domain(self._rational(value), 0)

    def _rational(self, value: Any) -> Any:
        number = Fraction(exact(value))
        return self.domain.dom(number.numerator, number.denominator)


RATIONALS = Ring()


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

    return [_shown(node) if not node.args else type(node).__name__ for node in preorder_traversal(value)]


def _shown(atom: Any) -> str:
    """The text of an atom; of a number in digits that Python writes without limit."""
    return f"{int(atom.p):x}/{int(atom.q):x}" if atom.is_Rational else str(atom)


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


def _check_denominators(value: Any) -> None:
    """Refuse sums over denominators whose product has very many terms."""
    import sympy

    below = {p for p in value.atoms(sympy.Pow) if p.exp.is_Integer and p.exp.is_negative}
    if (terms := prod(expanded_terms(1 / p) for p in below)) > EXPANDED_LIMIT:
        raise Undecided(f"budget: a common denominator of up to {terms} terms (limit {EXPANDED_LIMIT})")


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


def multiplied_out(value: Any) -> Any:
    """A SymPy expression expanded, or :class:`Undecided` where that has too many terms."""
    import sympy

    return sympy.expand(_bounded(value))


def _bounded(value: Any) -> Any:
    if (terms := expanded_terms(value)) > EXPANDED_LIMIT:
        raise Undecided(f"budget: a coefficient has {terms} terms when it is multiplied out (limit {EXPANDED_LIMIT})")
    return value


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


@contextmanager
def sympy_algebra(*values: Any) -> Iterator[None]:
    """What SymPy's algebra raises where it has no answer, as :class:`Undecided`."""
    from sympy.polys.polyerrors import BasePolynomialError

    try:
        yield
    except OverflowError:
        raise Undecided("budget: a coefficient is too large to be compared, such as exp(exp(exp(9)))") from None
    except (BasePolynomialError, NotImplementedError, ZeroDivisionError, ValueError) as why:
        shown = ", ".join(map(str, values[:3]))
        raise Undecided(f"SymPy has no field for {shown:.200} ({type(why).__name__})") from why


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
