"""Certain differences of numbers: enclosures by interval arithmetic, to as many digits as are needed.

An enclosure that excludes 0 shows that a number is not 0.  Nothing is concluded from one that does not: whether a
number *is* 0 is a question for the ring of the statement.  Shares no code with that.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from math import comb, prod
from typing import Any

from ...scalar import exact, is_sympy

PRECISIONS = (64, 256, 1024, 4096)  # bits; the last are some 1,200 digits
SIZE_LIMIT = 1 << 16  # binary digits of e^x and of x^n before the point, beyond which nothing is computed
COUNTED = 2_000  # terms, beyond which a power is not counted further
TERM_LIMIT = 500  # terms of a sum that is multiplied out in the hope that it cancels


class NoEnclosure(Exception):
    """No enclosure is known of an expression, or none at this precision."""


def differs(a: Any, b: Any) -> bool:
    """Whether two exact numbers certainly differ; of expressions with symbols, at sample values of these.

    >>> import sympy
    >>> differs(sympy.log(6), sympy.log(2) + sympy.log(3)), differs(sympy.sqrt(2), sympy.Rational(99, 70))
    (False, True)
    """
    if not (is_sympy(a) or is_sympy(b)):
        return bool(a != b)
    difference = settled(a - b)
    if not is_sympy(difference):
        return bool(difference)
    symbols = sorted(difference.free_symbols, key=str)
    samples = [_allowed_values(symbol, i) for i, symbol in enumerate(symbols)]
    if not all(samples):
        return False
    chosen = ({s: v[choice] for s, v in zip(symbols, samples, strict=True)} for choice in (0, -1)[: 1 + bool(symbols)])
    return any(is_certainly_not_zero(difference.subs(values) if values else difference) for values in chosen)


def settled(value: Any) -> Any:
    """A number multiplied out, so that a zero shows; as it is where that has too many terms."""
    if not is_sympy(value) or value.is_Atom:
        return exact(value)
    return exact(value.expand()) if expanded_terms(value) <= TERM_LIMIT else value


def expanded_terms(value: Any) -> int:
    """How many terms an expression has at most when it is multiplied out, parts of it and exponents included."""
    if not value.args:
        return 1
    parts = [expanded_terms(part) for part in value.args]
    if value.is_Add:
        return sum(parts)
    if value.is_Mul:
        return prod(parts)
    if value.is_Pow and value.exp.is_Integer and parts[0] > 1:
        power = abs(int(value.exp))
        return comb(parts[0] + power - 1, power) if power < COUNTED else COUNTED + 1
    return max(parts)


@lru_cache(maxsize=4096)
def is_certainly_not_zero(value: Any) -> bool:
    """Whether an enclosure of a SymPy number excludes 0, or those of its factors; an exponential is never 0."""
    if value.is_Mul:
        return all(map(is_certainly_not_zero, value.args))
    if type(value).__name__ == "exp" and value.exp.is_finite:
        return True
    for bits in PRECISIONS:
        try:
            real, imag = enclosed(value, bits)
        except NoEnclosure:
            continue
        if 0 not in real or 0 not in imag:
            return True
    return False


def enclosed(value: Any, bits: int, at_each: Callable[[], None] = lambda: None) -> tuple[Any, Any]:
    """Intervals that hold the real and the imaginary part of a SymPy number; :class:`NoEnclosure` where none is known.

    ``at_each`` is called before each part of the number, to keep a time limit.

    >>> import sympy
    >>> real, imag = enclosed(sympy.sqrt(2), 53)
    >>> 1.41421356 < real < 1.41421357, imag
    (True, mpi('0.0', '0.0'))
    """
    from mpmath import iv

    before = iv.prec
    iv.prec = bits
    try:
        return _Enclosing(at_each).of(value)
    except (OverflowError, ZeroDivisionError, ValueError, NotImplementedError):
        raise NoEnclosure from None  # a pole, or a branch, within the enclosure of an argument
    finally:
        iv.prec = before


class _Enclosing:
    """Pairs of intervals, by the rules of complex arithmetic; real parts alone where numbers are real."""

    def __init__(self, at_each: Callable[[], None]) -> None:
        from mpmath import iv

        self.iv, self._at_each = iv, at_each
        self.zero, self.one = iv.mpf(0), iv.mpf(1)
        self._known: dict[Any, tuple[Any, Any]] = {}

    def of(self, value: Any) -> tuple[Any, Any]:
        if value not in self._known:
            self._at_each()
            self._known[value] = self._of(value)
        return self._known[value]

    def _of(self, value: Any) -> tuple[Any, Any]:
        import sympy

        match value:
            case sympy.Rational():
                return self.rational(value), self.zero
            case sympy.Add():
                parts = [self.of(term) for term in value.args]
                return self._total(p[0] for p in parts), self._total(p[1] for p in parts)
            case sympy.Mul():
                total = (self.one, self.zero)
                for factor in value.args:
                    total = self.times(total, self.of(factor))
                return total
            case sympy.Pow():
                return self._power(*value.args)
            case sympy.exp():
                return self.exp(self.of(value.exp))
            case _ if value in (sympy.I, sympy.pi, sympy.E):
                return {sympy.I: (self.zero, self.one), sympy.pi: (+self.iv.pi, self.zero)}.get(
                    value, (self.iv.exp(self.one), self.zero)
                )
        return self._function(value)

    def _function(self, value: Any) -> tuple[Any, Any]:
        import sympy

        if hasattr(value, "family"):
            centre, radius = value.family.enclosed(value.index, self.iv.prec)
            return self._between(centre - radius, centre + radius), self.zero
        if isinstance(value, (sympy.GoldenRatio.__class__, sympy.TribonacciConstant.__class__)):
            return self.of(value.expand(func=True))
        if isinstance(value, sympy.CRootOf):
            real, imag = (self._between(*ends) for ends in _zero_of_polynomial(value, self.iv.prec))
            return real, imag
        rule = _RULES.get(type(value).__name__)
        if rule is None or len(value.args) != 1:
            raise NoEnclosure
        found: tuple[Any, Any] = rule(self, self.of(value.args[0]))
        return found

    def _total(self, parts: Any) -> Any:
        return sum(parts, self.zero)

    def _between(self, low: Any, high: Any) -> Any:
        return self.iv.mpf([self.rational(low).a, self.rational(high).b])

    def rational(self, value: Any) -> Any:
        return self.iv.mpf(int(value.numerator)) / self.iv.mpf(int(value.denominator))

    def times(self, x: tuple[Any, Any], y: tuple[Any, Any]) -> tuple[Any, Any]:
        (a, b), (c, d) = x, y
        return a * c - b * d, a * d + b * c

    def inverse(self, x: tuple[Any, Any]) -> tuple[Any, Any]:
        a, b = x
        norm = a**2 + b**2
        if 0 in norm:
            raise NoEnclosure
        return a / norm, -b / norm

    def _power(self, base: Any, exponent: Any) -> tuple[Any, Any]:
        x = self.of(base)
        if exponent.is_Integer:
            return self.whole_power(x if exponent > 0 else self.inverse(x), abs(int(exponent)))
        if exponent.is_Rational and int(exponent.q) == 2 and x[0] > 0 and x[1] == 0:
            root = self.iv.sqrt(x[0]), self.zero
            return self.whole_power(root if exponent > 0 else self.inverse(root), abs(int(exponent.p)))
        return self.exp(self.times(self.of(exponent), self.log(x)))

    def whole_power(self, x: tuple[Any, Any], exponent: int) -> tuple[Any, Any]:
        if exponent > 1:
            self._not_too_large(max(abs(self._mag(x[0])), abs(self._mag(x[1]))) * exponent)
        result = (self.one, self.zero)
        while exponent:
            if exponent & 1:
                result = self.times(result, x)
            exponent >>= 1
            x = self.times(x, x) if exponent else x
        return result

    def _mag(self, x: Any) -> int:
        from mpmath import mp

        return max(int(mp.mag(end)) for end in (mp.mpf(x._mpi_[0]), mp.mpf(x._mpi_[1]), 1) if end)

    def _not_too_large(self, binary_digits: int) -> None:
        if binary_digits > SIZE_LIMIT:
            raise NoEnclosure

    def exp(self, x: tuple[Any, Any]) -> tuple[Any, Any]:
        self._not_too_large(2 ** min(max(self._mag(x[0]), 0), 64))
        self._not_too_large(self._mag(x[1]))  # digits that the reduction of an angle takes
        size = self.iv.exp(x[0])
        if x[1] == 0:
            return size, self.zero
        return size * self.iv.cos(x[1]), size * self.iv.sin(x[1])

    def log(self, x: tuple[Any, Any]) -> tuple[Any, Any]:
        """log |x| + i arg x, with the argument from the quadrant that x certainly lies in."""
        iv, (a, b) = self.iv, x
        if b == 0 and a > 0:
            return iv.log(a), self.zero
        if b == 0 and a < 0:
            return iv.log(-a), +iv.pi
        size = iv.log(a**2 + b**2) / 2
        if a > 0:
            return size, self._atan(b / a)
        if b > 0:
            return size, iv.pi / 2 - self._atan(a / b)
        if b < 0:
            return size, -iv.pi / 2 - self._atan(a / b)
        raise NoEnclosure

    def _atan(self, x: Any) -> Any:
        from mpmath.libmp import mpi_atan

        return self.iv.make_mpf(mpi_atan(x._mpi_, self.iv.prec))

    def arctangent(self, x: tuple[Any, Any]) -> tuple[Any, Any]:
        if x[1] != 0:
            raise NoEnclosure
        return self._atan(x[0]), self.zero

    def arcsine(self, x: tuple[Any, Any]) -> tuple[Any, Any]:
        if x[1] != 0 or not -1 < x[0] < 1:
            raise NoEnclosure
        return self._atan(x[0] / self.iv.sqrt(1 - x[0] ** 2)), self.zero

    def arccosine(self, x: tuple[Any, Any]) -> tuple[Any, Any]:
        return self.iv.pi / 2 - self.arcsine(x)[0], self.zero

    def cosine(self, x: tuple[Any, Any]) -> tuple[Any, Any]:
        forward, backward = self._turned(x)
        return (forward[0] + backward[0]) / 2, (forward[1] + backward[1]) / 2

    def sine(self, x: tuple[Any, Any]) -> tuple[Any, Any]:
        forward, backward = self._turned(x)
        return (forward[1] - backward[1]) / 2, (backward[0] - forward[0]) / 2

    def _turned(self, x: tuple[Any, Any]) -> tuple[Any, Any]:
        """e^{ix} and e^{−ix}."""
        a, b = x
        return self.exp((-b, a)), self.exp((b, -a))

    def hyperbolic_cosine(self, x: tuple[Any, Any]) -> tuple[Any, Any]:
        return self.cosine((-x[1], x[0]))

    def hyperbolic_sine(self, x: tuple[Any, Any]) -> tuple[Any, Any]:
        real, imag = self.sine((-x[1], x[0]))  # sinh x = −i sin(ix)
        return imag, -real

    def area_sine(self, x: tuple[Any, Any]) -> tuple[Any, Any]:
        if x[1] != 0:
            raise NoEnclosure
        return self.log((x[0] + self.iv.sqrt(x[0] ** 2 + 1), self.zero))

    def area_cosine(self, x: tuple[Any, Any]) -> tuple[Any, Any]:
        if x[1] != 0 or not x[0] > 1:
            raise NoEnclosure
        return self.log((x[0] + self.iv.sqrt(x[0] ** 2 - 1), self.zero))

    def area_tangent(self, x: tuple[Any, Any]) -> tuple[Any, Any]:
        if x[1] != 0 or not -1 < x[0] < 1:
            raise NoEnclosure
        return self.iv.log((1 + x[0]) / (1 - x[0])) / 2, self.zero

    def size(self, x: tuple[Any, Any]) -> tuple[Any, Any]:
        a, b = x
        return self.iv.sqrt(a**2 + b**2), self.zero


def _zero_of_polynomial(zero: Any, bits: int) -> list[tuple[Fraction, Fraction]]:
    """Ends of the real and the imaginary part of a zero of a polynomial, from the box in which SymPy has isolated it.

    The box itself where it is narrow.  Else a disc in it: of degree d, some zero is within d |p(z)/p′(z)| of z.
    """
    value, box = zero.evalf(20), zero._get_interval()
    ends = (box.a, box.b, 0, 0) if zero.is_real else (box.ax, box.bx, box.ay, box.by)
    left, right, low, high = (Fraction(int(end.numerator), int(end.denominator)) for end in ends)
    if max(right - left, high - low) > Fraction(1, 2**bits):
        (real, imag), radius = _near(zero, value, bits)
        if not (left <= real - radius and real + radius <= right):
            raise NoEnclosure
        left, right = real - radius, real + radius
        if not zero.is_real:
            if not (low <= imag - radius and imag + radius <= high):
                raise NoEnclosure
            low, high = imag - radius, imag + radius
    return [(left, right), (low, high)]


def _near(zero: Any, value: Any, bits: int) -> tuple[tuple[Fraction, Fraction], Fraction]:
    """A centre and a radius within which the polynomial has a zero, by Newton's method from a value."""
    import mpmath
    from mpmath.libmp import to_rational

    coefficients = [int(c) for c in zero.poly.clear_denoms(convert=True)[1].all_coeffs()]
    with mpmath.workprec(bits + 64):
        z = mpmath.mpmathify(value)
        for _ in range(bits.bit_length()):
            at, slope = mpmath.polyval(coefficients, z, derivative=True)
            z -= at / slope
        real, imag = (Fraction(*map(int, to_rational(part._mpf_))) for part in (mpmath.re(z), mpmath.im(z)))
    p, q = _value_and_slope(coefficients, (real, imag))
    if not any(q):
        raise NoEnclosure
    return (real, imag), len(coefficients) * (abs(p[0]) + abs(p[1])) / max(abs(q[0]), abs(q[1]))


def _value_and_slope(coefficients: list[int], z: tuple[Fraction, Fraction]) -> tuple[Any, Any]:
    """p(z) and p′(z), exactly, as pairs."""
    x, y = z
    (a, b), (c, d) = (Fraction(0), Fraction(0)), (Fraction(0), Fraction(0))
    for coefficient in coefficients:
        c, d = c * x - d * y + a, c * y + d * x + b
        a, b = a * x - b * y + coefficient, a * y + b * x
    return (a, b), (c, d)


def _quotient(top: Any, bottom: Any) -> Any:
    return lambda e, x: e.times(top(e, x), e.inverse(bottom(e, x)))


_RULES: dict[str, Any] = {
    "log": _Enclosing.log, "cos": _Enclosing.cosine, "sin": _Enclosing.sine,
    "cosh": _Enclosing.hyperbolic_cosine, "sinh": _Enclosing.hyperbolic_sine,
    "tan": _quotient(_Enclosing.sine, _Enclosing.cosine), "cot": _quotient(_Enclosing.cosine, _Enclosing.sine),
    "sec": lambda e, x: e.inverse(e.cosine(x)), "csc": lambda e, x: e.inverse(e.sine(x)),
    "tanh": _quotient(_Enclosing.hyperbolic_sine, _Enclosing.hyperbolic_cosine),
    "coth": _quotient(_Enclosing.hyperbolic_cosine, _Enclosing.hyperbolic_sine),
    "sech": lambda e, x: e.inverse(e.hyperbolic_cosine(x)), "csch": lambda e, x: e.inverse(e.hyperbolic_sine(x)),
    "asinh": _Enclosing.area_sine, "acosh": _Enclosing.area_cosine, "atanh": _Enclosing.area_tangent,
    "atan": _Enclosing.arctangent, "asin": _Enclosing.arcsine, "acos": _Enclosing.arccosine,
    "Abs": _Enclosing.size, "conjugate": lambda e, x: (x[0], -x[1]),
    "re": lambda e, x: (x[0], e.zero), "im": lambda e, x: (x[1], e.zero),
}  # fmt: skip


@lru_cache(maxsize=1024)
def _allowed_values(symbol: Any, position: int) -> list[Any]:
    """Sample values that what is assumed of a symbol (real, positive, integer, …) allows."""
    import sympy

    real, whole = sympy.Rational(7 + 3 * position, 5), sympy.Integer(position + 2)
    wanted = [real + sympy.I * sympy.Rational(3 + position, 7), real, whole, whole + 1, -real, -whole, -whole - 1]
    assumed = symbol.assumptions0.items()
    return [v for v in wanted if all(getattr(v, f"is_{what}") in (holds, None) for what, holds in assumed)]
