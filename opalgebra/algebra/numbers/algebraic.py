"""Algebraic numbers that are known by polynomial relations: taps of wavelets, cosines of rational angles.

A *family* has real generators g₁ … gₙ, relations between them (polynomials over ℚ that vanish at them), and numbers
that are polynomials in them.  Arithmetic is exact: polynomials, reduced by the relations.  What reduces to 0 is 0,
whichever solution of the relations the generators are.  The converse is not assumed: that a number is *not* 0 is seen
from an enclosure of the generators between rational ends, which holds for certain.

This module imports SymPy and is imported when a number of this kind is made.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property, lru_cache
from math import comb
from typing import Any, TypeAlias

import mpmath
import sympy
from mpmath.libmp import (
    from_int,
    from_rational,
    mpf_pi,
    mpi_cos_sin,
    mpi_div,
    mpi_mul,
    round_ceiling,
    round_floor,
    to_rational,
)

from ...errors import OperandError, SizeError, Undecided
from ...scalar import to_sympy

Polynomial: TypeAlias = dict[tuple[int, ...], Fraction]  # coefficient by exponents of the generators
Interval: TypeAlias = tuple[list[Fraction], Fraction]  # centres, and one radius for all

LARGEST_DB = 24
LARGEST_ANGLE = 4096
UNIQUE = Fraction(1, 2**20)  # in this distance of the first enclosure there is no other solution


class Family:
    """Generators, relations, and the numbers made of them by index."""

    name: str
    size: int  # numbers
    symbols: tuple[Any, ...]  # SymPy symbols that stand for the generators

    def polynomial(self, index: int) -> Polynomial:
        """The number of this index in the generators."""
        raise NotImplementedError

    @property
    def relations(self) -> list[Any]:
        """SymPy expressions in the symbols that are 0."""
        raise NotImplementedError

    def generators(self) -> list[Any]:
        """Every generator as a SymPy expression in the numbers."""
        raise NotImplementedError

    def enclosure(self, bits: int) -> Interval:
        """Rational centres of all generators, and how far off they are at most."""
        raise NotImplementedError

    @lru_cache(maxsize=4096)  # noqa: B019  # families live as long as the process
    def expression(self, index: int) -> Any:
        """The number of this index as a SymPy expression in the symbols."""
        return sympy.Add(
            *(
                to_sympy(c) * sympy.Mul(*(s**n for s, n in zip(self.symbols, powers, strict=True)))
                for powers, c in self.polynomial(index).items()
            )
        )

    def enclosed(self, index: int, bits: int) -> tuple[Fraction, Fraction]:
        """Centre and radius of the number of this index, the radius below 2^−bits."""
        return self._enclosed(index, 1 << max(bits - 1, 64).bit_length())  # few precisions, remembered

    @lru_cache(maxsize=4096)  # noqa: B019
    def _enclosed(self, index: int, bits: int) -> tuple[Fraction, Fraction]:
        guard = 32
        while True:
            centres, radius = self.enclosure(bits + guard)
            value, error = Fraction(0), Fraction(0)
            for powers, c in self.polynomial(index).items():
                term, bound, largest = c, abs(c), abs(c)
                for centre, power in zip(centres, powers, strict=True):
                    term *= centre**power
                    largest *= (abs(centre) + radius) ** power
                    bound *= abs(centre) ** power
                value, error = value + term, error + largest - bound
            if error < Fraction(1, 2**bits):
                return value, error
            guard *= 2


class Daubechies(Family):
    """The taps h₀ … h₂ₙ₋₁ of dbN with Σ h = √2 and Σ h² = 1.

    H(z) = ((1 + z⁻¹)/2)ᴺ L(z), where L(z) L(1/z) = 2 Σ_{k<N} C(N−1+k, k) y^k and y = (2 − z − z⁻¹)/4.  The
    generators are the taps of L, the relations this factorisation; L is the factor whose zeros lie inside the
    circle.  That the filter is orthonormal follows from the relations alone.
    """

    def __init__(self, order: int) -> None:
        self.order, self.name, self.size = order, f"db{order}", 2 * order
        self.symbols = sympy.symbols(f"l_:{order}", cls=sympy.Dummy, real=True)

    def polynomial(self, index: int) -> Polynomial:
        N = self.order
        unit = [tuple(int(i == j) for j in range(N)) for i in range(N)]
        return {unit[i]: Fraction(comb(N, index - i), 2**N) for i in range(N) if 0 <= index - i <= N}

    @cached_property
    def autocorrelation(self) -> list[Fraction]:
        """r_j = Σ_k l_k l_{k+j} for 0 ≤ j < N."""
        return [2 * value for value in halfband_factor(self.order)[self.order - 1 :]]

    @property
    def relations(self) -> list[Any]:
        found = self.symbols
        return [
            sympy.Add(*(found[k] * found[k + j] for k in range(self.order - j))) - to_sympy(r)
            for j, r in enumerate(self.autocorrelation)
        ]

    def generators(self) -> list[Any]:
        N = self.order  # divide H by ((1 + z⁻¹)/2)ᴺ
        return [
            2**N * sympy.Add(*((-1) ** j * comb(N + j - 1, j) * algebraic(self.name, i - j) for j in range(i + 1)))
            for i in range(N)
        ]

    @lru_cache(maxsize=16)  # noqa: B019
    def enclosure(self, bits: int) -> Interval:
        found = self._certified(self._approximate(bits), bits)
        first = self._first
        distance = max(abs(a - b) for a, b in zip(found[0], first, strict=True))
        if distance + found[1] >= UNIQUE:
            raise Undecided(f"the zeros of {self.name} could not be enclosed to {bits} bits")
        return found

    @cached_property
    def _first(self) -> list[Fraction]:
        """A centre with one solution within the distance UNIQUE and no other."""
        centre = self._approximate(64)
        contraction, moved = self._newton(centre, UNIQUE)
        if contraction > Fraction(1, 2) or moved > UNIQUE / 2:
            raise Undecided(f"the zeros of {self.name} could not be told apart")
        return centre

    def _approximate(self, bits: int) -> list[Fraction]:
        """The taps of L from the zeros inside the circle; nothing is assumed of their accuracy."""
        r = self.autocorrelation
        with mpmath.workprec(bits + 40 * self.order + 64):
            both = [mpmath.mpf(v.numerator) / v.denominator for v in (*r[:0:-1], *r)]
            zeros = mpmath.polyroots(both, maxsteps=500, extraprec=bits + 200) if self.order > 1 else []
            taps = [mpmath.mpc(1)]
            for zero in (v for v in zeros if abs(v) < 1):
                taps = [a - zero * b for a, b in zip([*taps, 0], [0, *taps], strict=True)]
            scale = mpmath.sqrt(2) / mpmath.re(sum(taps))
            return [_dyadic(mpmath.re(tap) * scale, bits + 16) for tap in taps]

    def _certified(self, centre: list[Fraction], bits: int) -> Interval:
        _, moved = self._newton(centre, Fraction(0))
        radius = 2 * moved + Fraction(1, 2 ** (2 * bits))
        contraction, _ = self._newton(centre, radius)
        if contraction > Fraction(1, 2):
            raise Undecided(f"the zeros of {self.name} could not be enclosed to {bits} bits")
        return centre, radius

    def _newton(self, l: list[Any], radius: Fraction) -> tuple[Fraction, Fraction]:  # noqa: E741
        """Of x − A F(x), for an approximate inverse A of F′(l): its contraction in the ball, and how far l moves.

        F′ is linear in x with |F′(x) − F′(y)| ≤ 2N |x − y| in the maximum norm.
        """
        N = self.order
        value = [sum(l[k] * l[k + j] for k in range(N - j)) - r for j, r in enumerate(self.autocorrelation)]
        slope = [[(l[k + j] if k + j < N else 0) + (l[k - j] if k >= j else 0) for k in range(N)] for j in range(N)]
        with mpmath.workprec(128):
            matrix = mpmath.matrix(
                [[mpmath.mpf(v.numerator) / v.denominator for v in map(Fraction, row)] for row in slope]
            )
            approximate = matrix**-1
            inverse = [[_dyadic(approximate[i, j], 96) for j in range(N)] for i in range(N)]
        rest: Any = max(
            sum(abs(int(i == k) - sum(inverse[i][j] * slope[j][k] for j in range(N))) for k in range(N))
            for i in range(N)
        )
        norm = max(sum(map(abs, row)) for row in inverse)
        moved = max(abs(sum(a * v for a, v in zip(row, value, strict=True))) for row in inverse)
        return Fraction(rest + norm * 2 * N * radius), Fraction(moved)


class RootOf(Family):
    """θ, the real zero of a rational polynomial that has one alone, and no other number."""

    size = 1

    def __init__(self, name: str, coefficients: tuple[int, ...]) -> None:
        self.name, self.coefficients = name, coefficients
        self.symbols = (sympy.Dummy("theta", real=True),)

    def polynomial(self, index: int) -> Polynomial:
        return {(1,): Fraction(1)}

    @property
    def relations(self) -> list[Any]:
        return [sympy.Poly(self.coefficients, *self.symbols).as_expr()]

    def generators(self) -> list[Any]:
        return [algebraic(self.name, 0)]

    @lru_cache(maxsize=64)  # noqa: B019
    def enclosure(self, bits: int) -> Interval:
        (((low, high), _),) = sympy.Poly(self.coefficients, *self.symbols).intervals(eps=sympy.Rational(1, 2**bits))
        a, b = Fraction(int(low.p), int(low.q)), Fraction(int(high.p), int(high.q))
        return [(a + b) / 2], (b - a) / 2


class Cosines(Family):
    """cos(2π j/n), polynomials in the generator θ = 2 cos(2π/n), whose minimal polynomial is the relation."""

    def __init__(self, order: int) -> None:
        self.order, self.name, self.size = order, f"cos{order}", order
        self.symbols = (sympy.Dummy("theta", real=True),)

    @cached_property
    def minimal(self) -> Any:
        """The polynomial ψ with z^{φ/2} ψ(z + 1/z) = Φₙ(z)."""
        x = self.symbols[0]
        powers = sympy.Poly(sympy.cyclotomic_poly(self.order, x), x).all_coeffs()
        if len(powers) == 2:  # n is 1 or 2: cos is 1 or −1
            return x - (2 if self.order == 1 else -2)
        half = len(powers) // 2
        return sympy.Add(
            powers[half], *(powers[half + j] * self._twice_cosine(j).as_expr() for j in range(1, half + 1))
        )

    @lru_cache(maxsize=4096)  # noqa: B019
    def _twice_cosine(self, j: int) -> Any:
        """2 cos(j φ) as a polynomial in 2 cos φ."""
        x = self.symbols[0]
        return sympy.Poly(2 * sympy.chebyshevt(j, x / 2), x)

    @lru_cache(maxsize=4096)  # noqa: B019
    def polynomial(self, index: int) -> Polynomial:
        reduced = self._twice_cosine(index).rem(sympy.Poly(self.minimal, *self.symbols))
        return {powers: Fraction(int(c.p), 2 * int(c.q)) for powers, c in reduced.terms() if c}

    @property
    def relations(self) -> list[Any]:
        return [self.minimal]

    def generators(self) -> list[Any]:
        return [2 * cosine(1, self.order)]

    @lru_cache(maxsize=64)  # noqa: B019
    def enclosure(self, bits: int) -> Interval:
        prec = bits + 32
        circle = mpf_pi(prec, round_floor), mpf_pi(prec, round_ceiling)
        angle = mpi_div(mpi_mul(circle, _point(2), prec), _point(self.order), prec)
        low, high = (2 * Fraction(*map(int, to_rational(end))) for end in mpi_cos_sin(angle, prec)[0])
        return [(low + high) / 2], (high - low) / 2


def _point(value: int) -> Any:
    return from_int(value), from_int(value)


def halfband_factor(order: int) -> list[Fraction]:
    """The coefficients of Σ_{k<N} C(N−1+k, k) y^k in z, from z^{1−N} to z^{N−1}, for y = (2 − z − z⁻¹)/4.

    >>> [str(c) for c in halfband_factor(2)]
    ['-1/2', '2', '-1/2']
    """
    total = [Fraction(0)] * (2 * order - 1)
    power = [Fraction(1)]  # yᵏ
    for k in range(order):
        start = order - 1 - k
        for i, value in enumerate(power):
            total[start + i] += comb(order - 1 + k, k) * value
        power = convolved(power, [Fraction(-1, 4), Fraction(1, 2), Fraction(-1, 4)])
    return total


def convolved(a: list[Any], b: list[Any]) -> list[Any]:
    """The convolution of two lists of exact numbers."""
    result: list[Any] = [0] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            result[i + j] += x * y
    return result


def _dyadic(value: Any, bits: int) -> Fraction:
    """A multiple of 2^−bits next to a real number of mpmath."""
    with mpmath.workprec(max(mpmath.mp.prec, 3 * bits)):
        return Fraction(int(mpmath.nint(mpmath.ldexp(value, bits))), 2**bits)


class Algebraic(sympy.NumberSymbol):  # type: ignore[misc]
    """One number of a family; made by :func:`algebraic` and kept, so that equal ones are the same object."""

    is_real = True
    is_algebraic = True
    is_number = True
    is_irrational = None
    __slots__ = ("family", "index")

    def _hashable_content(self) -> tuple[Any, ...]:
        return self.family.name, self.index

    def __reduce_ex__(self, protocol: Any) -> Any:
        return algebraic, (self.family.name, self.index)

    @lru_cache(maxsize=4096)  # noqa: B019
    def _as_mpf_val(self, prec: int) -> Any:
        bits = prec + 16
        while True:
            value, error = self.family.enclosed(self.index, bits)
            if abs(value) > error * 2 ** (prec + 8):
                return from_rational(value.numerator, value.denominator, prec)
            bits *= 2

    def approximation_interval(self, number_cls: Any) -> Any:
        """Integers or rationals around it."""
        value, error = self.family.enclosed(self.index, 64)
        if issubclass(number_cls, sympy.Integer):
            return sympy.Integer((value - error).__floor__()), sympy.Integer((value + error).__ceil__())
        return to_sympy(value - error), to_sympy(value + error)

    def _sympystr(self, printer: Any) -> str:
        return f"{self.family.name}_{self.index}"

    def _latex(self, printer: Any) -> str:
        return rf"\mathrm{{{self.family.name}}}_{{{self.index}}}"

    def _pretty(self, printer: Any) -> Any:
        return printer._print(sympy.Symbol(str(self)))

    @property
    def code(self) -> str:
        """A call that makes it again."""
        return f"algebraic({self.family.name!r}, {self.index})"


@lru_cache(maxsize=256)
def _family(name: str) -> Family:
    kind = name.rstrip("0123456789")
    order = int(name[len(kind) :] or 0) if kind in ("db", "cos") else 0
    if kind == "db" and 1 <= order <= LARGEST_DB:
        return Daubechies(order)
    if kind == "cos" and 1 <= order <= LARGEST_ANGLE:
        return Cosines(order)
    if name == "cdf":
        return RootOf("cdf", (20, 10, 4, 1))
    raise OperandError(
        f"there are no algebraic numbers named {name!r}; there are db1 … db{LARGEST_DB}, cdf and cos1 … "
        f"cos{LARGEST_ANGLE}"
    )


@lru_cache(maxsize=65536)
def algebraic(name: str, index: int = 0) -> Any:
    """An algebraic number by name: tap ``index`` of dbN, cos(2π index/n) for cosn, the zero behind the 9/7 pair.

    Parameters
    ----------
    name : str
        "db1" … "db24", "cos1" … "cos4096", or "cdf": the real θ with 20 θ³ + 10 θ² + 4 θ + 1 = 0.
    index : int
        The tap of the orthonormal filter, or j of cos(2π j/n).

    Examples
    --------
    >>> import opalgebra as oa
    >>> oa.algebraic("db4", 0).evalf(12)
    0.230377813309
    >>> a = oa.algebraic("cos5", 1)
    >>> oa.prove(oa.Conv([4 * a**2 + 2 * a]), oa.Identity()).verdict
    'proved'
    """
    family = _family(name)
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < family.size:
        raise OperandError(f"{name} has the numbers 0 to {family.size - 1}; {index!r} is none of these")
    made = sympy.NumberSymbol.__new__(Algebraic)
    made.family, made.index = family, index
    return made


def cosine(j: int, n: int) -> Any:
    """cos(2π j/n): a radical where n is 8 or 12, rational where it is, else ±1 times one of the family cosn.

    >>> cosine(1, 6), cosine(3, 8), cosine(9, 20)
    (1/2, -sqrt(2)/2, -cos20_1)
    """
    if n > LARGEST_ANGLE:
        raise SizeError(f"cosines of 2π j/{n} were asked for; at most {LARGEST_ANGLE} parts of the circle are served")
    j = min(j % n, -j % n)
    if 4 * j == n:
        return sympy.Integer(0)
    if n % 2 == 0 and 4 * j > n:
        return -cosine(n // 2 - j, n)
    for value, part in ((1, 0), (-1, 2), (sympy.Rational(1, 2), 6), (sympy.Rational(-1, 2), 3)):
        if (part == 0 and j == 0) or (part and part * j == n):
            return sympy.sympify(value)
    if n in (8, 12):  # radicals, alike for the whole circle: √2/2 and √3/2 are what is left
        return sympy.sqrt(2 if n == 8 else 3) / 2 * (-1 if 4 * j > n else 1)
    return algebraic(f"cos{n}", j)


def sine(j: int, n: int) -> Any:
    """sin(2π j/n) in the cosines of 4n parts; n itself where 4 divides it."""
    return cosine(4 * j - n, 4 * n) if n % 4 else cosine(j - n // 4, n)


def root_of_unity(j: int, n: int) -> Any:
    """e^{2πij/n}.

    >>> root_of_unity(1, 4), root_of_unity(2, 4)
    (I, -1)
    """
    m = n if n % 4 == 0 else 4 * n
    return cosine(j * (m // n), m) + sympy.I * sine(j * (m // n), m)
