"""Exact numbers beyond the Gaussian rationals, for the judge: sums of rational multiples of monomials.

A monomial is e^{2πit} for a rational t, times powers of roots of primes, of e^{a} and e^{ia}, of π, of logarithms of
primes and of symbols.  Numbers are added and multiplied as formal sums, and compared by their residues: a ring
homomorphism into the integers modulo a prime that has all the roots of unity that occur, with random residues for
what is transcendental.  Residues that differ come from numbers that differ; two primes are asked.

SymPy's expressions are read node by node; nothing of SymPy's simplification is used, and nothing of the package.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from math import floor
from typing import Any

from .judge_numbers import Gauss, TooLarge, gauss, ratio

Atom = tuple[Any, ...]  # ("root", p), ("unit", powers), ("exp", powers), ("pi",), ("log", p), ("symbol", name, …), …
Powers = frozenset[tuple[Atom, Fraction]]
Monomial = tuple[Fraction, Powers]  # (t, powers) with 0 <= t < 1/2: e^{πi} is the sign of the coefficient

PLAIN: Powers = frozenset()
HALF, ONE = Fraction(1, 2), Fraction(1)
ORDERS = 720_720  # roots of unity of these orders, and of all that divide it, have residues
SIXTHS = (2, 3, 5)  # primes whose twelfth roots have residues too
ROOTS = (2, 3, 5, 7, 11, 13)  # primes whose square roots have
STEPS = 5_040  # e^{ia} is a power of a residue to this, so that e^{ia/3} has one


class Unreadable(TooLarge):
    """An expression that this judge has no residue for."""


class Value:
    """Σ c · monomial; made by :func:`read`, added, multiplied and conjugated."""

    __slots__ = ("terms",)

    def __init__(self, terms: dict[Monomial, Any]) -> None:
        self.terms = {key: c for key, c in terms.items() if c}

    def __add__(self, other: Any) -> Value:
        found = dict(self.terms)
        for key, c in value(other).terms.items():
            found[key] = found.get(key, 0) + c
        return Value(found)

    __radd__ = __add__

    def __neg__(self) -> Value:
        return Value({key: -c for key, c in self.terms.items()})

    def __sub__(self, other: Any) -> Value:
        return self + -value(other)

    def __rsub__(self, other: Any) -> Value:
        return -self + other

    def __mul__(self, other: Any) -> Value:
        found: dict[Monomial, Any] = {}
        for a, c in self.terms.items():
            for b, d in value(other).terms.items():
                key, number = _product(a, b)
                found[key] = found.get(key, 0) + c * d * number
        return Value(found)

    __rmul__ = __mul__

    def conjugate(self) -> Value:
        return total(
            _monomial(-turn, {_conjugate(atom, e)[0]: _conjugate(atom, e)[1] for atom, e in powers}, c)
            for (turn, powers), c in self.terms.items()
        )

    def power(self, n: int) -> Value:
        """This number to a whole power."""
        if n < 0:
            return self.inverse().power(-n)
        made, square = value(1), self
        while n:
            if n & 1:
                made = made * square
            square, n = square * square, n >> 1
        return made

    def inverse(self) -> Value:
        """1 over this number; of a sum it stays an atom of its own, which residues know."""
        if len(self.terms) == 1:
            ((turn, powers), c) = next(iter(self.terms.items()))
            return _monomial(-turn, {atom: -e for atom, e in powers}, Fraction(1) / c)
        plain_ = plain(self)
        if isinstance(plain_, Gauss):
            size = Fraction(plain_.re) ** 2 + Fraction(plain_.im) ** 2
            return value(gauss(plain_.re / size, -plain_.im / size))
        return _monomial(Fraction(0), {("inverse", frozenset(self.terms.items())): ONE}, 1)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Value) and self.terms == other.terms

    def __hash__(self) -> int:
        return hash(frozenset(self.terms.items()))

    def __repr__(self) -> str:
        return f"Value({self.terms})"


def _conjugate(atom: Atom, exponent: Fraction) -> tuple[Atom, Fraction]:
    if atom[0] == "unit":
        return atom, -exponent
    if atom[0] == "symbol" and not atom[2]:
        return (*atom[:3], not atom[3]), exponent
    if atom[0] == "inverse":
        return ("inverse", frozenset(Value(dict(atom[1])).conjugate().terms.items())), exponent
    return atom, exponent


def _monomial(turn: Fraction, powers: Mapping[Atom, Fraction], c: Any) -> Value:
    """c e^{2πi turn} Π atom^e, with whole powers of primes in c."""
    kept = {}
    for atom, e in powers.items():
        if atom[0] == "root" and (whole := floor(e)):
            c, e = c * Fraction(atom[1]) ** whole, e - whole
        if e:
            kept[atom] = e
    turn %= 1
    if turn >= HALF:
        turn, c = turn - HALF, -c
    return Value({(turn, frozenset(kept.items())): c})


@lru_cache(maxsize=50_000)
def _product(a: Monomial, b: Monomial) -> tuple[Monomial, Any]:
    powers = dict(a[1])
    for atom, e in b[1]:
        powers[atom] = powers.get(atom, Fraction(0)) + e
    return next(iter(_monomial(a[0] + b[0], powers, 1).terms.items()))


def value(number: Any) -> Value:
    """An exact number of any kind as a sum of monomials."""
    if isinstance(number, Value):
        return number
    if isinstance(number, Gauss):
        return Value({(Fraction(0), PLAIN): number.re, (Fraction(1, 4), PLAIN): number.im})
    if isinstance(number, (int, Fraction)):
        return Value({(Fraction(0), PLAIN): number})
    return value(read(number))


def total(values: Any) -> Value:
    """The sum."""
    found: dict[Monomial, Any] = {}
    for one in values:
        for key, c in one.terms.items():
            found[key] = found.get(key, 0) + c
    return Value(found)


def plain(number: Any) -> Any:
    """The int, fraction or Gaussian rational that a number visibly is, else the number."""
    if not isinstance(number, Value):
        return number
    if any(powers or turn not in (0, Fraction(1, 4)) for turn, powers in number.terms):
        return number
    parts = [number.terms.get((turn, PLAIN), 0) for turn in (Fraction(0), Fraction(1, 4))]
    re, im = (int(part) if part == int(part) else part for part in parts)
    return gauss(re, im)


# reading SymPy's expressions


def read(expression: Any, given: Mapping[str, Any] | None = None) -> Any:
    """A SymPy expression as an exact number, symbols by name replaced by the numbers given."""
    return plain(_Reader(given or {}).read(expression))


class _Reader:
    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = given

    def read(self, e: Any) -> Value:
        if isinstance(e, (int, Fraction, Gauss, Value)):
            return value(e)
        rule = RULES.get(type(e).__name__)
        if rule is not None:
            return rule(self, e)
        if e.is_Rational:
            return value(ratio(e))
        if e.is_Float:
            sign, mantissa, exponent, _ = e._mpf_
            return value((-1) ** sign * int(mantissa) * Fraction(2) ** int(exponent))
        if e.is_Symbol:
            return self._symbol(e)
        raise Unreadable(f"no residues for {type(e).__name__}")

    def _symbol(self, e: Any) -> Value:
        if e.name in self.given:
            return self.read(self.given[e.name])
        return _monomial(Fraction(0), {("symbol", e.name, bool(e.is_real), False): ONE}, 1)

    def power(self, e: Any) -> Value:
        base, exponent = e.args
        if type(base).__name__ == "Exp1":
            return exponential(self.read(exponent))
        n = plain(self.read(exponent))
        if isinstance(n, int):
            return self.read(base).power(n)
        if not isinstance(n, Fraction):
            raise Unreadable("a power that is not rational")
        return _root(self.read(base), n)

    def logarithm(self, e: Any) -> Value:
        argument = self.read(e.args[0])
        if len(argument.terms) != 1:
            raise Unreadable("the logarithm of a sum")
        ((turn, powers), c) = next(iter(argument.terms.items()))
        if turn or c < 0:
            raise Unreadable("the logarithm of a number that is not positive")
        made = total(value(n) * _atom(("log", p)) for p, n in _factors(Fraction(c)).items())
        for atom, exponent in powers:
            if atom[0] == "root":
                made = made + value(exponent) * _atom(("log", atom[1]))
            elif atom[0] == "exp":
                made = made + value(exponent) * Value({(Fraction(0), atom[1]): 1})
            else:
                raise Unreadable("the logarithm of a symbol")
        return made

    def absolute(self, e: Any) -> Value:
        number = plain(self.read(e.args[0]))
        if not isinstance(number, (int, Fraction)):
            raise Unreadable("an absolute value")
        return value(abs(number))


def _atom(atom: Atom) -> Value:
    return Value({(Fraction(0), frozenset({(atom, ONE)})): 1})


def _factors(number: Fraction) -> dict[int, int]:
    """The exponents of the primes of a positive rational."""
    found: dict[int, int] = {}
    for part, sign in ((number.numerator, 1), (number.denominator, -1)):
        p = 2
        while part > 1:
            while part % p == 0:
                found[p], part = found.get(p, 0) + sign, part // p
            p += 1
            if p > 50 and part > 1:
                raise Unreadable("a prime above 50 under a root or a logarithm")
    return found


def _root(base: Value, exponent: Fraction) -> Value:
    """The principal power of a monomial: of a rational number, or of a positive product of roots."""
    if len(base.terms) == 2 and exponent == HALF:
        return _denested(base)
    if len(base.terms) != 1:
        raise Unreadable("a root of a sum")
    ((turn, powers), c) = next(iter(base.terms.items()))
    if turn or (c < 0 and powers) or any(atom[0] not in ("root", "exp") for atom, _ in powers):
        raise Unreadable("a root of a number that is not real")
    found: dict[Atom, Fraction] = {atom: e * exponent for atom, e in powers}
    for p, n in _factors(abs(Fraction(c))).items():
        found[("root", p)] = found.get(("root", p), Fraction(0)) + n * exponent
    return _monomial(exponent / 2 if c < 0 else Fraction(0), found, 1)


def _denested(base: Value) -> Value:
    """√(a + r) = √((a + d)/2) ± √((a − d)/2) for a rational a, a real square root r and d² = a² − r²."""
    a = Fraction(base.terms.get((Fraction(0), PLAIN), 0))
    rest = base - a
    square = plain(rest * rest)
    if len(rest.terms) != 1 or a <= 0 or not isinstance(square, (int, Fraction)) or not 0 < square < a * a:
        return _sine(base)
    d = plain(_root(value(a * a - square), HALF))
    if not isinstance(d, (int, Fraction)):
        return _sine(base)
    sign = 1 if next(iter(rest.terms.values())) > 0 else -1
    return _root(value((a + d) / 2), HALF) + _root(value((a - d) / 2), HALF) * sign


def _sine(base: Value) -> Value:
    """A nested root as the multiple of a sine that it is, as SymPy writes sin(π/8)."""
    found = _sines().get(FIELDS[0].of(base))
    if found is None:
        raise Unreadable("a root of a sum")
    return found


@lru_cache(maxsize=1)
def _sines() -> dict[tuple[int, int], Value]:
    """c sin(πj/n) by the residues of its square."""
    found = {}
    for n, scale in ((n, c) for n in (5, 8, 10, 12, 16, 20, 24) for c in (1, 2, 4, HALF)):
        for j in range(1, n // 2 + 1):
            turn = Fraction(j, 2 * n)
            wave = (_monomial(turn, {}, 1) - _monomial(-turn, {}, 1)) * Gauss(0, -HALF) * scale
            found[FIELDS[0].of(wave * wave)] = wave
    return found


def exponential(argument: Value) -> Value:
    """e to a sum of real and imaginary monomials."""
    turn, powers = Fraction(0), dict[Atom, Fraction]()
    for (part, inside), c in argument.terms.items():
        if part not in (0, Fraction(1, 4)):
            raise Unreadable("e to a number that is neither real nor imaginary")
        if part and inside == frozenset({(("pi",), ONE)}):
            turn += Fraction(c) / 2
        elif not part and len(inside) == 1 and next(iter(inside))[0][0] == "log" and next(iter(inside))[1] == 1:
            powers[("root", next(iter(inside))[0][1])] = Fraction(c)
        else:
            if any(atom[0] == "symbol" and not atom[2] for atom, _ in inside):
                raise Unreadable("e to a symbol that is not real")
            powers[("unit" if part else "exp", inside)] = Fraction(c)
    return _monomial(turn, powers, 1)


I = value(Gauss(0, 1))  # noqa: E741


def _waves(signs: tuple[int, int], scale: Any, turned: bool) -> Callable[[_Reader, Any], Value]:
    """scale · (± e^{a} ± e^{−a}) with a = ix for the circular functions, x for the hyperbolic ones."""

    def rule(reader: _Reader, e: Any) -> Value:
        a = reader.read(e.args[0]) * (I if turned else 1)
        return (exponential(a) * signs[0] + exponential(-a) * signs[1]) * scale

    return rule


COS, SIN = _waves((1, 1), HALF, True), _waves((1, -1), Gauss(0, -HALF), True)
COSH, SINH = _waves((1, 1), HALF, False), _waves((1, -1), HALF, False)
RULES: dict[str, Callable[[_Reader, Any], Value]] = {
    "ImaginaryUnit": lambda reader, e: I,
    "Pi": lambda reader, e: _atom(("pi",)),
    "Exp1": lambda reader, e: exponential(value(1)),
    "GoldenRatio": lambda reader, e: (value(1) + _root(value(5), HALF)) * HALF,
    "Add": lambda reader, e: total(map(reader.read, e.args)),
    "Mul": lambda reader, e: _times(map(reader.read, e.args)),
    "Pow": _Reader.power,
    "exp": lambda reader, e: exponential(reader.read(e.args[0])),
    "log": _Reader.logarithm,
    "cos": COS,
    "sin": SIN,
    "tan": lambda reader, e: SIN(reader, e) * COS(reader, e).inverse(),
    "cosh": COSH,
    "sinh": SINH,
    "tanh": lambda reader, e: SINH(reader, e) * COSH(reader, e).inverse(),
    "conjugate": lambda reader, e: reader.read(e.args[0]).conjugate(),
    "re": lambda reader, e: _real(reader.read(e.args[0])),
    "im": lambda reader, e: _real(reader.read(e.args[0]) * Gauss(0, -1)),
    "Abs": _Reader.absolute,
}


def _real(number: Value) -> Value:
    return (number + number.conjugate()) * HALF


def _times(factors: Any) -> Value:
    made = value(1)
    for factor in factors:
        made = made * factor
    return made


# residues


class Field:
    """The integers modulo a prime; ζ ↦ g^{(p−1)/n}, so that a number and its conjugate have one residue each."""

    def __init__(self, prime: int, generator: int) -> None:
        self.prime, self.generator = prime, generator
        self._remembered: dict[Any, tuple[int, int]] = {}

    def of(self, number: Any) -> tuple[int, int]:
        """The residues of a number and of its conjugate."""
        if isinstance(number, int):
            return (number % self.prime,) * 2
        if isinstance(number, Fraction):
            return (number.numerator * pow(number.denominator, -1, self.prime) % self.prime,) * 2
        found = self._remembered.get(number)
        if found is None:
            if len(self._remembered) > 50_000:
                self._remembered.clear()
            found = self._remembered[number] = self._of(value(number))
        return found

    def _of(self, number: Value) -> tuple[int, int]:
        lanes = [0, 0]
        for (turn, powers), c in number.terms.items():
            scale, _ = self.of(c)
            for lane in (0, 1):
                part = scale * self.zeta(-turn if lane else turn)
                for atom, exponent in powers:
                    part = part * self._atom(*(_conjugate(atom, exponent) if lane else (atom, exponent))) % self.prime
                lanes[lane] = (lanes[lane] + part) % self.prime
        return lanes[0], lanes[1]

    def zeta(self, turn: Fraction) -> int:
        """e^{2πi turn}."""
        if ORDERS % turn.denominator:
            raise Unreadable(f"a root of unity of order {turn.denominator}")
        return pow(self.generator, int((self.prime - 1) * (turn % 1)), self.prime)

    def _atom(self, atom: Atom, exponent: Fraction) -> int:
        if atom[0] == "inverse":
            return pow(self._of(Value(dict(atom[1])))[0], -int(exponent), self.prime)
        if atom[0] == "root":
            scaled = exponent * (12 if atom[1] in SIXTHS else 2)
            if atom[1] not in ROOTS or scaled.denominator != 1:
                raise Unreadable(f"a root of {atom[1]}")
            return pow(self.root(atom[1]), int(scaled), self.prime)
        if exponent.denominator != 1 and atom[0] not in ("unit", "exp"):
            raise Unreadable("a broken power")
        scaled = exponent * STEPS if atom[0] in ("unit", "exp") else exponent
        if scaled.denominator != 1:
            raise Unreadable("a broken power")
        return pow(self._drawn(_written(atom)), int(scaled), self.prime)

    @lru_cache(maxsize=100_000)  # noqa: B019
    def _drawn(self, name: str) -> int:
        """A random residue of its own for everything transcendental."""
        return random.Random(f"{self.prime}/{name}").randrange(2, self.prime)

    @lru_cache(maxsize=100)  # noqa: B019
    def root(self, p: int) -> int:
        """The square root of a prime as a sum of roots of unity, after Gauss; a twelfth root where there is one."""
        if p == 2:
            square = (self.zeta(Fraction(1, 8)) + self.zeta(Fraction(-1, 8))) % self.prime
        else:
            residues = {a * a % p for a in range(1, p)}
            square = sum((1 if a in residues else -1) * self.zeta(Fraction(a, p)) for a in range(1, p)) % self.prime
            square = square * (1 if p % 4 == 1 else self.zeta(Fraction(3, 4))) % self.prime
        if p not in SIXTHS:
            return square
        from sympy.ntheory.residue_ntheory import nthroot_mod

        return int(nthroot_mod(square, 6, self.prime))


def _written(atom: Any) -> str:
    """An atom as text that is the same in every process."""
    if isinstance(atom, (tuple, frozenset)):
        parts = [_written(part) for part in atom]
        return "(" + ",".join(sorted(parts) if isinstance(atom, frozenset) else parts) + ")"
    return str(atom)


FIELDS = (Field(1_939_457_521, 37), Field(1_616_574_961, 94))  # 2¹ᐟ¹², 3¹ᐟ¹², 5¹ᐟ¹² and roots of order 720,720


def vanishes(number: Any) -> bool:
    """Whether a number has the residues of 0 for both primes."""
    return all(field.of(number) == (0, 0) for field in FIELDS)
