"""Certain zeros: an algebraic number below its separation bound is 0.

An expression E of integers, roots of unity and of integer polynomials, with +, −, ·, / and k-th roots, is written as
U/(L·d) for algebraic integers U, L and a positive int d, all in one field K of degree at most D:

    =====================  ============================  ===============  ===================
    E                      U, all conjugates at most u   L, at most l     d
    =====================  ============================  ===============  ===================
    n/m                    |n|                           1                m
    a root of unity        1                             1                1
    α, Σ cⱼ αʲ = 0         |c| + max |cⱼ|, c leading     1                |c|
    Σ Eᵢ                   Σ uᵢ (d/dᵢ) Π_{j≠i} lⱼ        Π lᵢ             lcm of the dᵢ
    E₁ E₂                  u₁ u₂                         l₁ l₂            d₁ d₂
    1/E₁                   l₁ d₁                         u₁               1
    a k-th root of E₁      (u₁ (l₁ d₁)^(k−1))^(1/k)      l₁               d₁
    =====================  ============================  ===============  ===================

The last row: α = E L₁d₁ has α^k = U₁ (L₁d₁)^(k−1), whichever k-th root E is, and so α is an algebraic integer, each
conjugate of which is a k-th root of a number of at most u₁ (l₁ d₁)^(k−1).  For a zero of a polynomial c α is one, and
Cauchy bounds the conjugates of α by 1 + max |cⱼ/c|.  D is the product of the degrees of what is adjoined, equal things
once.  If U ≠ 0, its norm is an int other than 0, and so 1 ≤ |U| u^(D−1); with |L d| ≤ l d, E = 0 or

    |E| ≥ 1 / (u^(D−1) l d).

This is the bound of Burnikel, Fleischer, Mehlhorn and Schirra (Algorithmica 27, 2000) with denominators kept apart.
Shares no code with the ring of a statement.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import ceil, lcm, log2, prod
from typing import Any, NamedTuple

from ..budget import check_time
from ..judge.enclosure import PRECISIONS, NoEnclosure, enclosed

BITS_LIMIT = 20_000  # of a bound that is computed to
TRIAL = 2**15  # prime factors up to this are found in radicands; what is left counts as one
ROUNDED = 1.0001  # for the rounding of logarithms, a few hundred of them


class NoBound(Exception):
    """No separation bound is known of an expression, or none that is of use."""


class Parts(NamedTuple):
    """log₂ u and log₂ l, and d itself, of E = U/(L·d)."""

    top: float
    bottom: float
    denominator: int


@lru_cache(maxsize=4096)
def is_certainly_zero(value: Any) -> bool:
    """Whether an enclosure of a SymPy number lies below its separation bound.

    >>> import sympy
    >>> a, b = sympy.sqrt(2 + sympy.sqrt(3)), sympy.sqrt(2 - sympy.sqrt(3))
    >>> is_certainly_zero(a + b - sympy.sqrt(6)), is_certainly_zero(a - b - sympy.Rational(707107, 500000))
    (True, False)
    """
    try:
        bits = separation(value)
        for precision in _precisions(bits):
            try:
                real, imag = enclosed(value, precision, check_time)
            except NoEnclosure:
                continue
            if 0 not in real or 0 not in imag:
                return False
            if _below(real, bits + 1) and _below(imag, bits + 1):
                return True
    except NoBound:
        pass
    return False


def _precisions(bits: int) -> list[int]:
    """Few digits first, which show most numbers that are not 0; in the end twice those of the bound."""
    return [*(p for p in PRECISIONS if p < bits), bits + 128, 2 * bits + 1024]


def _below(interval: Any, bits: int) -> bool:
    """Whether all of an interval around 0 is at most 2^−bits."""
    from mpmath import mp

    ends = map(mp.make_mpf, interval._mpi_)
    return all(end == 0 or mp.mag(end) <= -bits for end in ends)


def separation(value: Any) -> int:
    """A number of bits b with value = 0 or |value| ≥ 2^−b; :class:`NoBound` where it is unknown or large.

    >>> import sympy
    >>> separation(sympy.sqrt(2) - 1), separation(sympy.Rational(1, 8))
    (2, 4)
    """
    bound = _Bound()
    top, bottom, denominator = bound.of(value)
    bits = ceil(ROUNDED * ((bound.degree() - 1) * top + bottom + log2(denominator)))
    if bits > BITS_LIMIT:
        raise NoBound
    return bits


@lru_cache(maxsize=1024)
def _factors(n: int) -> list[tuple[int, int]]:
    """Powers of primes whose product is n, the last perhaps of no prime."""
    from sympy import factorint

    return [(int(p), e) for p, e in factorint(n, limit=TRIAL).items()] if n > 1 else []


class _Bound:
    """The parts of the nodes of one expression, and what is adjoined for them."""

    def __init__(self) -> None:
        self.order = 1  # of a root of unity
        self.adjoined: dict[Any, int] = {}  # degree by number or radicand
        self._known: dict[Any, Parts] = {}

    def degree(self) -> int:
        """A number that the degree of the field does not exceed."""
        import sympy

        radicals = {p: d for p, d in self.adjoined.items() if isinstance(p, int)}
        halved = sum(d % 2 == 0 and self._has_root(p) for p, d in radicals.items())
        return int(sympy.totient(self.order)) * prod(self.adjoined.values()) >> halved

    def _has_root(self, p: int) -> bool:
        """Whether √p is a sum of roots of unity, for a prime p by its Gauss sum."""
        from sympy import isprime

        return self.order % (8 if p == 2 else 4 * p) == 0 and bool(isprime(p))

    def _adjoin(self, what: Any, degree: int) -> None:
        self.adjoined[what] = lcm(self.adjoined.get(what, 1), degree)

    def of(self, value: Any) -> Parts:
        if value not in self._known:
            self._known[value] = self._of(value)
        return self._known[value]

    def _of(self, value: Any) -> Parts:
        import sympy

        match value:
            case sympy.Rational():
                return Parts(log2(max(abs(value.numerator), 1)), 0, int(value.denominator))
            case sympy.Add():
                return self._sum([self.of(term) for term in value.args])
            case sympy.Mul():
                return self._product([self.of(factor) for factor in value.args])
            case sympy.Pow() if value.exp.is_Rational:
                return self._power(value.base, Fraction(int(value.exp.p), int(value.exp.q)))
            case sympy.exp():
                return self._turned(value.exp / sympy.I, Parts(0, 0, 1))
            case sympy.cos() | sympy.sin():
                return self._turned(value.args[0], Parts(1, 0, 2))
            case sympy.CRootOf():
                return self._zero([int(c) for c in value.poly.clear_denoms(convert=True)[1].all_coeffs()], value)
            case sympy.AlgebraicNumber():
                return self.of(value.as_expr())
            case sympy.GoldenRatio | sympy.TribonacciConstant:
                return self.of(value.expand(func=True))
            case _ if value is sympy.I:
                return self._turned(sympy.pi / 2, Parts(0, 0, 1))
        raise NoBound

    def _sum(self, terms: list[Parts]) -> Parts:
        common = lcm(*(t.denominator for t in terms))
        bottom = sum(t.bottom for t in terms)
        sizes = [t.top + log2(common // t.denominator) + bottom - t.bottom for t in terms]
        largest = max(sizes)
        return Parts(largest + log2(sum(2 ** (size - largest) for size in sizes)), bottom, common)

    def _product(self, factors: list[Parts]) -> Parts:
        return Parts(sum(f.top for f in factors), sum(f.bottom for f in factors), prod(f.denominator for f in factors))

    def _power(self, base: Any, exponent: Fraction) -> Parts:
        made = self._rational_root(base, exponent) if base.is_Rational else self._root(base, exponent)
        if exponent < 0:
            made = Parts(made.bottom + log2(made.denominator), made.top, 1)
        power = abs(exponent.numerator)
        if max(made.top, made.bottom, log2(made.denominator)) * power > BITS_LIMIT:
            raise NoBound
        return Parts(made.top * power, made.bottom * power, made.denominator**power)

    def _root(self, base: Any, exponent: Fraction) -> Parts:
        made, k = self.of(base), exponent.denominator
        if k > 1:
            self._adjoin(base, k)
        below = made.bottom + log2(made.denominator)
        return Parts((made.top + (k - 1) * below) / k, made.bottom, made.denominator)

    def _rational_root(self, base: Any, exponent: Fraction) -> Parts:
        """By its primes, so that √6 adjoins √2 and √3."""
        k = exponent.denominator
        if base < 0 and k > 1:
            self.order = lcm(self.order, 2 * k)
        for n in (abs(int(base.numerator)), int(base.denominator)) if k > 1 else ():
            for p, e in _factors(n):
                self._adjoin(p, Fraction(e, k).denominator)
        below = log2(base.denominator)
        return Parts((log2(abs(base.numerator)) + (k - 1) * below) / k, 0, int(base.denominator))

    def _turned(self, angle: Any, parts: Parts) -> Parts:
        """e^{i angle} or the sum of two such numbers over 2, for a rational multiple of π."""
        import sympy

        turn = sympy.expand_mul(angle / (2 * sympy.pi))
        if not turn.is_Rational:
            raise NoBound
        self.order = lcm(self.order, int(turn.q), 4 if parts.denominator == 2 else 1)
        return parts

    def _zero(self, coefficients: list[int], value: Any) -> Parts:
        leading, *others = (abs(c) for c in coefficients)
        self._adjoin(value, len(others))
        return Parts(log2(leading + max(others)), 0, leading)
