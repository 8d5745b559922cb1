"""Exact numbers for the judge: ints, fractions, Gaussian rationals; all others are in tests/judge_algebra.py."""

from __future__ import annotations

from fractions import Fraction
from typing import Any


class TooLarge(Exception):
    """The statement would take a judge too long, or is beyond it; it is not judged."""


class Gauss:
    """re + i im with rational parts; results with im = 0 are handed back as plain rationals."""

    __slots__ = ("im", "re")

    def __init__(self, re: Any, im: Any) -> None:
        self.re, self.im = re, im

    def __add__(self, other: Any) -> Any:
        if isinstance(other, Gauss):
            return gauss(self.re + other.re, self.im + other.im)
        if isinstance(other, (int, Fraction)):
            return Gauss(self.re + other, self.im)
        return NotImplemented if hasattr(other, "terms") else self._sympy_() + other

    __radd__ = __add__

    def __neg__(self) -> Gauss:
        return Gauss(-self.re, -self.im)

    def __sub__(self, other: Any) -> Any:
        return self + -other

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, Gauss):
            return gauss(self.re * other.re - self.im * other.im, self.re * other.im + self.im * other.re)
        if isinstance(other, (int, Fraction)):
            return gauss(self.re * other, self.im * other)
        return NotImplemented if hasattr(other, "terms") else self._sympy_() * other

    __rmul__ = __mul__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Gauss) and self.re == other.re and self.im == other.im

    def __hash__(self) -> int:
        return hash((self.re, self.im))

    def __repr__(self) -> str:
        return f"({self.re} + {self.im}i)"

    def conjugate(self) -> Gauss:
        return Gauss(self.re, -self.im)

    def _sympy_(self) -> Any:
        import sympy

        return sympy.sympify(self.re) + sympy.I * sympy.sympify(self.im)


def gauss(re: Any, im: Any) -> Any:
    """The number re + i im, plain where im is 0."""
    return Gauss(re, im) if im else re


def ratio(value: Any) -> Any:
    """A float or SymPy rational as the int or fraction that it is; ints are faster to work with."""
    p, q = (value.p, value.q) if hasattr(value, "is_Rational") else value.as_integer_ratio()
    return int(p) if q == 1 else Fraction(int(p), int(q))


def is_zero(value: Any) -> bool:
    """Whether an exact number is 0; beyond the Gaussian rationals by residues, see :mod:`tests.judge_algebra`."""
    if isinstance(value, (int, Fraction)):
        return value == 0
    if isinstance(value, Gauss):
        return False
    from .judge_algebra import vanishes

    return vanishes(value)
