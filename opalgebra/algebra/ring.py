"""The exact coefficients of one statement.

Rational statements use Python ints and fractions.  Others get the smallest SymPy domain that holds all their
numbers: Gaussian rationals, a number field such as ℚ(√2, √3), polynomials or rational functions in the
symbols.  In such a domain an element is zero iff it is the number zero.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import Any

from ..errors import Undecided
from ..scalar import Scalar, conjugate, exact, is_sympy, to_sympy


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
            self._cache[value] = self.domain.from_sympy(sympy.expand(to_sympy(value)))
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
        if isinstance(value, complex):
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
    others = sorted((v for v in numbers if not isinstance(v, (int, Fraction))), key=str)
    if not others and not symbols:
        return RATIONALS
    return _sympy_ring(tuple(others), tuple(symbols))


@lru_cache(maxsize=1)
def _gaussian_ring() -> GaussianRing:
    return GaussianRing()


@lru_cache(maxsize=256)
def _sympy_ring(values: tuple[Any, ...], symbols: tuple[Any, ...]) -> Ring:
    import sympy
    from sympy.polys.constructor import construct_domain

    order = lcm(*map(_order, values))
    others = [v for v in values if _order(v) == 1]
    roots = [sympy.exp(2 * sympy.pi * sympy.I / order)] if order > 1 else []
    inverse = [*(1 / s for s in symbols), sympy.Rational(1, 2)]
    wanted = [*others, *map(conjugate, others), *roots, *symbols, *inverse]
    wanted = [sympy.expand(v) for v in wanted]
    if any(hasattr(atom, "family") for v in wanted for atom in v.atoms(sympy.NumberSymbol)):
        from .algebraic import relation_ring

        return relation_ring(wanted)
    try:
        domain, _ = construct_domain(wanted, extension=True, field=False)
    except OverflowError:
        raise Undecided("budget: a coefficient is too large to be compared, such as exp(exp(exp(9)))") from None
    return SymPyRing(_over_number_field(wanted) or domain if domain.is_EX else domain)


def _order(value: Any) -> int:
    """N for a number e^{2πip/N}, which is a power of e^{2πi/N} as its conjugate is; 1 for any other."""
    import sympy

    turn = value.exp / (2 * sympy.pi * sympy.I) if isinstance(value, sympy.exp) else sympy.S.Zero
    return int(turn.q) if turn.is_Rational else 1


def _over_number_field(values: list[Any]) -> Any | None:
    """K[symbols] or K(symbols) for the number field K of all numbers in the values, where that holds them.

    SymPy makes no such domain by itself when symbols and roots come together.
    """
    from sympy import E, Symbol, conjugate, pi
    from sympy.polys.polyerrors import CoercionFailed

    found = {v for value in values for v in value.atoms(Symbol, conjugate) | value.atoms() & {pi, E}}
    variables = sorted(found, key=str)
    field = numbers_of(values)
    if field.is_EX or not variables:
        return None
    for domain in (field.poly_ring(*variables), field.frac_field(*variables)):
        try:
            for value in values:
                domain.from_sympy(value)
        except (CoercionFailed, ValueError, NotImplementedError):
            continue
        return domain
    return None


def numbers_of(values: list[Any]) -> Any:
    """The number field of all numbers in SymPy expressions, or SymPy's EX where there is none."""
    from sympy.polys.constructor import construct_domain

    return construct_domain([n for value in values for n in _numbers_in(value)], extension=True, field=True)[0]


def _numbers_in(expression: Any) -> list[Any]:
    """The largest parts that are numbers without π and e."""
    from sympy import E, pi

    if expression in (pi, E):
        return []
    if expression.is_number and (expression.is_algebraic or not expression.has(pi, E)):
        return [expression]
    return [number for part in expression.args for number in _numbers_in(part)]
