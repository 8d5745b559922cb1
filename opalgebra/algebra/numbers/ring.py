"""The rings of exact numbers: what a ring does, ℚ, and the domains of SymPy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from ...errors import Undecided
from ...scalar import Scalar, exact, to_sympy
from ..judge.enclosure import expanded_terms

QUICKLY_EXPANDED = 200  # terms that SymPy multiplies out in no time; domains do the same for longer polynomials
EXPANDED_LIMIT = 2_000  # terms of a polynomial that is multiplied out


class Ring:
    """ℚ, with Python's ints and fractions as elements."""

    one: Any = 1

    def convert(self, value: Scalar) -> Any:
        """The element that a scalar is."""
        return exact(value)

    @property
    def zero(self) -> Any:
        """The element 0."""
        return self.one - self.one

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


def abridged(atom: Any) -> str:
    """The text of an atom; of a number in digits that Python writes without limit."""
    return f"{int(atom.p):x}/{int(atom.q):x}" if atom.is_Rational else str(atom)


def _check_denominators(value: Any) -> None:
    """Refuse sums over denominators whose product has very many terms."""
    import sympy

    below = {p for p in value.atoms(sympy.Pow) if p.exp.is_Integer and p.exp.is_negative}
    if (terms := prod(expanded_terms(1 / p) for p in below)) > EXPANDED_LIMIT:
        raise Undecided(f"budget: a common denominator of up to {terms} terms (limit {EXPANDED_LIMIT})")


def multiplied_out(value: Any) -> Any:
    """A SymPy expression expanded, or :class:`Undecided` where that has too many terms."""
    import sympy

    return sympy.expand(_bounded(value))


def _bounded(value: Any) -> Any:
    if (terms := expanded_terms(value)) > EXPANDED_LIMIT:
        raise Undecided(f"budget: a coefficient has {terms} terms when it is multiplied out (limit {EXPANDED_LIMIT})")
    return value


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
