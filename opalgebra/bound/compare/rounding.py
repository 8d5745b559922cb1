"""What rounding can explain: unit roundoffs, and sums that remember how they were made.

A tap of an expression is a sum of products of stored numbers.  Beside its exact value v the walk carries the sum of the
absolute values of its terms, M = Σ|terms|, how many terms there are, t, and the most factors of a term that a product
rounds, f.  Factors ±2^k round nothing and count 0.  Dyadic numbers, such as every float, count 1.  Other numbers, such
as 1/3 or √2, count 2, because no binary format holds them and they are rounded before they are used.

**Theorem.**  Let v̂ be what a program of + and × makes of these numbers with unit roundoff u, whatever the order of its
sums and however its products are bracketed or distributed, without overflow and underflow, and where sums of ±2^k
alone (boxes of boxes, such as 1 2 1) are exact.  Then

    |v̂ − v| ≤ γ_n M    with  n = t + max(f, 2) − 2,   γ_n = n u / (1 − n u),   n u < 1.

*Proof.*  Each operation gives its exact result times some 1 + δ, |δ| ≤ u: the standard model of Higham, Accuracy and
Stability of Numerical Algorithms, chapters 2 and 3.  Multiplied out, v̂ is the sum of the terms of v, each times at most
r factors 1 + δ, and a product of r of them is 1 + θ with |θ| ≤ (1 + u)^r − 1 ≤ γ_r.  So |v̂ − v| ≤ γ_r M, and it is left
to see that r ≤ t + g − 2 ≤ n for g = max(f, 1), by induction on the program:

- a number has t = 1; r = 0 = t + g − 2 where f ≤ 1, and r = 1 = t + g − 2 where f = 2;
- a sum rounds once more: r ≤ t_a + g_a − 2 + 1 ≤ t + g − 2, because t_a ≤ t − 1 and g_a ≤ g, and likewise for b;
- in a product t = t_a t_b ≥ t_a + t_b − 1.  If f_a, f_b ≥ 1, then g = g_a + g_b and r ≤ r_a + r_b + 1 ≤ t + g − 2.
  If f_b = 0, b is exact and g = g_a.  For t_b = 1 it is ±2^k and r = r_a.  For t_b > 1 there is one rounding, and
  t ≥ t_a + 1: r ≤ r_a + 1 ≤ t + g − 2.  ∎

A stored tap, t = f = 1, has n = 1: one rounding of the number that was meant.  A sum of t stored taps, or of t products
of two, has n = t, as an inner product has.  If the taps of A and of B are two such computations of one exact number E,
then |A − B| ≤ |A − E| + |B − E|, and what is tested for every tap,

    |Δ| ≤ γ_n (M_A + M_B),    n = max(n_A, n_B),

holds.  A difference beyond it is no rounding of such sums.  Complex numbers are pairs of reals: the real part of a
product is a sum of two products.  As |Δ_i| ≤ γ_n S_i for either part, |Δ| ≤ γ_n √(S_re² + S_im²) for both, and this is
what is tested of complex taps.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import isqrt, lcm
from typing import Any, NamedTuple

import numpy as np

from ...errors import FormalSignalError, OperandError, Undecided
from ...scalar import check_scalar, exact, is_sympy

DIGITS = 80  # of the enclosures of numbers that are not rational
CLOSE = 200  # their relative radius is 2^-CLOSE

BITS = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53, "complex64": 24, "complex128": 53}


class Roundoff(NamedTuple):
    """A dtype and its unit roundoff u = 2^-bits.

    >>> Roundoff.of("float32")
    Roundoff(name='float32', bits=24)
    """

    name: str
    bits: int

    @classmethod
    def of(cls, dtype: Any) -> Roundoff:
        """That of a dtype by its name, or as NumPy or PyTorch has it."""
        name = str(dtype).removeprefix("torch.")
        if name not in BITS:
            try:
                if dtype is None:
                    raise TypeError  # which NumPy takes for float64
                kind = np.dtype(dtype)
            except TypeError:
                raise OperandError(f"the dtype is {dtype!r}; give one of {', '.join(BITS)}, longdouble") from None
            if kind.kind not in "fc":
                raise OperandError(f"the dtype is {kind}, which rounds nothing; give one of {', '.join(BITS)}")
            name = kind.name
            if kind.char in "gG":
                return cls("longdouble" if kind.kind == "f" else "clongdouble", int(np.finfo(kind).nmant) + 1)
        return cls(name, BITS[name])

    def gamma(self, n: int) -> Fraction:
        """γ_n = n u / (1 − n u)."""
        left = (1 << self.bits) - n
        if left <= 0:
            raise Undecided(
                f"a tap is a sum of {n} terms, and n u ≥ 1 in {self.name}: there is no bound γ_n; give a wider dtype"
            )
        return Fraction(n, left)


class Number(NamedTuple):
    """A constant as two rationals; ``weight`` as it counts among the factors, ``loose`` whether it is an enclosure."""

    re: Fraction
    im: Fraction
    weight: int
    loose: int


@lru_cache(maxsize=4096)
def number(value: Any) -> Number:
    """A checked scalar: exact where it is rational, else to a relative error of 2^-200 in either part."""
    value = exact(value)
    if not is_sympy(value):
        part = Fraction(value)
        return Number(part, Fraction(0), _weight(part), 0)
    if value.free_symbols:
        raise FormalSignalError(f"{value} is symbolic, and no number")
    parts = value.as_real_imag()
    (re, rough), (im, also_rough) = map(_enclosed, parts)
    weight = max(2 if rough else _weight(re), 2 if also_rough else _weight(im))
    return Number(re, im, weight, int(rough or also_rough))


def _weight(value: Fraction) -> int:
    """Roundings that a product with it adds: none for ±2^k and 0, else its own and that of a number no float holds."""
    bottom, top = value.denominator, abs(value.numerator)
    if bottom & (bottom - 1):
        return 2
    return 1 if top & (top - 1) else 0


def _enclosed(part: Any) -> tuple[Fraction, bool]:
    """A real number, and whether it is one of a close enclosure only."""
    if part.is_Rational:
        return Fraction(int(part.p), int(part.q)), False
    if part.is_zero:
        return Fraction(0), False
    found = part.evalf(DIGITS, maxn=1000)
    if not found.is_Float or found == 0 or found._prec < CLOSE + 16:
        raise Undecided(f"the number {part} could not be told from 0")
    return Fraction(exact(found)), True


def root_above(square: Fraction) -> Fraction:
    """A rational number not below the square root, within a relative 2^-60 of it.

    >>> root_above(Fraction(9, 4)), float(root_above(Fraction(2)))
    (Fraction(3, 2), 1.4142135623730951)
    """
    top, bottom = square.numerator, square.denominator
    shift = max(0, 128 - (top * bottom).bit_length()) // 2 + 1
    inside = (top * bottom) << (2 * shift)
    root = isqrt(inside)
    return Fraction(root + (root * root < inside), bottom << shift)


class Taps(NamedTuple):
    """Known taps over one denominator, the parts apart: (index, numerator, its absolute value)."""

    denominator: int
    re: list[tuple[tuple[int, ...], int, int]]
    im: list[tuple[tuple[int, ...], int, int]]
    weight: int
    loose: int

    @classmethod
    def of(cls, items: Any) -> Taps:
        """Of (index, scalar) pairs."""
        pairs = list(items)
        if all(type(value) in (int, float) for _, value in pairs):
            return cls._of_floats(pairs)
        numbers = [(at, number(check_scalar(value))) for at, value in pairs]
        bottom = lcm(*(part.denominator for _, c in numbers for part in (c.re, c.im)))
        re, im = (
            [(at, _over(part, bottom), abs(_over(part, bottom))) for at, c in numbers if (part := getattr(c, name))]
            for name in ("re", "im")
        )
        most = max((c.weight for _, c in numbers), default=0)
        return cls(bottom, re, im, most, max((c.loose for _, c in numbers), default=0))

    @classmethod
    def _of_floats(cls, pairs: list[tuple[Any, Any]]) -> Taps:
        """The same for Python's ints and floats, whose denominators are powers of two."""
        ratios = [(at, *value.as_integer_ratio()) for at, value in pairs if value]
        bottom = max((q for _, _, q in ratios), default=1)
        whole = [(at, p * (bottom // q)) for at, p, q in ratios]
        rounds = any(abs(p) & (abs(p) - 1) for _, p in whole)
        return cls(bottom, [(at, p, abs(p)) for at, p in whole], [], int(rounds), 0)


def _over(part: Fraction, denominator: int) -> int:
    return part.numerator * (denominator // part.denominator)
