"""SymPy expressions read as numbers of a tower (:mod:`.tower`).

Trigonometric and hyperbolic functions become exponentials, rational multiples of π in exponents roots of unity,
logarithms of rationals sums over primes, so that cos² + sin² is 1 and log 6 is log 2 + log 3.
"""

from __future__ import annotations

from fractions import Fraction
from math import atan2, lcm, pi, prod
from typing import Any

import sympy

from ...errors import Undecided
from ...scalar import exact, to_sympy
from ..budget import check_time
from .algebraic import Algebraic, Cosines
from .ring import Ring
from .tower import Number, Terms, Tower

ORDER_LIMIT = 10**8  # of the roots of unity of one statement
TRIAL = 2**15  # prime factors up to this are found; what is left counts as one
POWER_LIMIT = 10_000  # exponent of a sum that is multiplied out
HALF = Fraction(1, 2)


class TowerRing(Ring):
    """The numbers of one tower."""

    def __init__(self, order: int) -> None:
        self.tower = Tower(order)
        self.one = self.tower.one
        self._cache: dict[Any, Number] = {}

    def convert(self, value: Any) -> Number:
        value = exact(value)
        found = self._cache.get(value)
        if found is None:
            found = self.read(to_sympy(value))
            shown = to_sympy(value) if isinstance(value, (int, Fraction)) else value
            found = self._cache[value] = Number(self.tower, found.terms, shown)
        return found

    def to_scalar(self, element: Number) -> Any:
        return exact(sympy.expand(self.tower.to_sympy(element), deep=False))

    def divide(self, element: Number, number: int) -> Number:
        return element if number == 1 else element * Fraction(1, number)

    def monomials(self, value: Any) -> list[tuple[Any, Any]]:
        """(monomial, rational coefficient) whose sum a value is."""
        terms = self.convert(value).normal()
        return [(self.tower.to_sympy(Number(self.tower, {key: 1})), c) for key, c in terms.items()]

    # -- reading -----------------------------------------------------------------------------------------

    def read(self, value: Any) -> Number:
        """The element that a SymPy expression is."""
        check_time()
        tower = self.tower
        match value:
            case sympy.Rational():
                return tower.rational(exact(value))
            case sympy.Add():
                return sum(map(self.read, value.args), start=tower.rational(0))
            case sympy.Mul():
                return prod(map(self.read, value.args), start=tower.one)
            case sympy.Pow():
                return self._power(value)
            case sympy.exp():
                return self.exponential(self.read(value.exp))
            case sympy.log():
                return self._logarithm(value)
            case _ if value is sympy.I:
                return tower.root_of_unity(Fraction(1, 4))
            case _ if value is sympy.E:
                return self.exponential(tower.one)
            case sympy.GoldenRatio | sympy.TribonacciConstant:
                return self.read(value.expand(func=True))
            case sympy.AlgebraicNumber():
                return self.read(value.as_expr())
            case sympy.CRootOf():
                return self._zero_of_polynomial(value)
            case Algebraic() if isinstance(value.family, Cosines):
                turn = Fraction(value.index, value.family.order)
                return (tower.root_of_unity(turn) + tower.root_of_unity(-turn)) * HALF
        if type(value) in _PAIRS:
            return self._trigonometric(value)
        if type(value) in INVERSES:
            return self._inverse_function(value)
        return self._atom(value)

    def _atom(self, value: Any) -> Number:
        return self.tower.power(self.tower.place("atom", value, value), 1)

    def _zero_of_polynomial(self, value: Any) -> Number:
        """α of degree d, with α^d in lower powers by its minimal polynomial."""
        tower = self.tower
        others = value.poly.monic().all_coeffs()[1:]
        place = tower.place("algebraic", value, value, tower.rational(0), len(others))
        terms: Terms = {(0, ((place, j),) if j else ()): -exact(c) for j, c in enumerate(others[::-1]) if c}
        base = tower.generators[place].base
        if base is not None and not base.terms:
            base.terms.update(terms)
        return tower.power(place, 1)

    def _power(self, value: Any) -> Number:
        base, exponent = value.args
        if exponent.is_Integer:
            if base.is_Add and abs(exponent) > POWER_LIMIT:
                raise Undecided(f"budget: the power {exponent} of a sum is not multiplied out (limit {POWER_LIMIT})")
            inner = self.read(base)
            return (inner if exponent > 0 else self.tower.inverse(inner)) ** abs(int(exponent))
        if exponent.is_Rational:
            return self._root(base, Fraction(int(exponent.p), int(exponent.q)))
        if base.is_number and base.is_zero is False:  # the principal value
            return self.exponential(self.read(exponent) * self.read(sympy.log(base)))
        return self._atom(value)

    def _root(self, base: Any, exponent: Fraction) -> Number:
        """The principal value of base^exponent."""
        tower = self.tower
        inner = self.read(base)
        terms = inner.normal()
        if (polar := self._polar(terms)) is not None:
            turn, parts = polar
            return prod((self._prime(p, e * exponent) for p, e in parts), start=tower.root_of_unity(turn * exponent))
        if base.is_Symbol or base is sympy.pi:
            ((_, powers),) = terms
            return tower.power(powers[0][0], exponent)
        simpler = _denested(base, exponent)
        if simpler is not None:
            return self.read(simpler)
        return tower.power(tower.place("root", frozenset(terms.items()), base, inner), exponent)

    def _prime(self, p: int, exponent: Any) -> Number:
        return self.tower.power(self.tower.place("prime", p, p), exponent)

    def _inverse_function(self, value: Any) -> Number:
        """Hyperbolic ones by logarithms; those of a circle by angles of Gaussian primes, where they are rational."""
        (x,) = value.args
        match value:
            case sympy.asinh() if x.is_real:
                return self.read(sympy.log(x + sympy.sqrt(x**2 + 1)))
            case sympy.acosh() if x.is_Rational and x > 1:
                return self.read(sympy.log(x + sympy.sqrt(x**2 - 1)))
            case sympy.atanh() if x.is_Rational and abs(x) < 1:
                return self.read(sympy.log((1 + x) / (1 - x)) / 2)
            case sympy.acos():
                return self.read(sympy.pi / 2) - self.read(sympy.asin(x))
            case sympy.asin() if x.is_Rational and abs(x) < 1 and sympy.sqrt(1 - x**2).is_Rational:
                return self.read(sympy.atan(x / sympy.sqrt(1 - x**2)))
            case sympy.atan() if x.is_Rational and (found := angle_by_primes(Fraction(exact(x)))) is not None:
                return self._sum_of_angles(*found)
        return self._atom(value)

    def _sum_of_angles(self, quarters: int, parts: list[tuple[tuple[int, int], int]]) -> Number:
        total = self.read(sympy.pi * sympy.Rational(quarters, 4))
        for (a, b), e in parts:
            total = total + self._atom(sympy.atan(sympy.Rational(b, a))) * e
        return total

    def exponential(self, value: Number) -> Number:
        """e^value: roots of unity, roots of rationals, and powers of generators."""
        tower = self.tower
        made = tower.one
        for (k, powers), c in value.normal().items():
            if 4 * k in (tower.order, 3 * tower.order) and self._is(powers, sympy.pi):
                made = made * tower.root_of_unity(Fraction(c) / 2 * (1 if 4 * k == tower.order else -1))
            elif k == 0 and len(powers) == 1 and powers[0][1] == 1 and self._log_of(powers[0][0]):
                made = made * self._prime(self._log_of(powers[0][0]), Fraction(c))
            elif 4 * k in (tower.order, 3 * tower.order) and self._gaussian(powers) and Fraction(c).denominator == 1:
                a, b = self._gaussian(powers)
                turn = Fraction(k, tower.order) * (1 if c > 0 else -1)
                made = made * (tower.rational(a) + tower.root_of_unity(turn) * b) ** abs(int(c))
                made = made * self._prime(a * a + b * b, -Fraction(abs(int(c)), 2))
            else:
                monomial = tower.to_sympy(Number(tower, {(k, powers): 1}))
                made = made * tower.power(tower.place("exp", (k, powers), monomial), c)
        return made

    def _is(self, powers: Any, atom: Any) -> bool:
        return len(powers) == 1 and powers[0][1] == 1 and self.tower.generators[powers[0][0]].value is atom

    def _gaussian(self, powers: Any) -> tuple[int, ...]:
        """(a, b) of an atom atan(b/a) for a Gaussian prime; () of anything else."""
        if len(powers) != 1 or powers[0][1] != 1:
            return ()
        value = self.tower.generators[powers[0][0]].value
        if not isinstance(value, sympy.atan) or not value.args[0].is_Rational:
            return ()
        a, b = int(value.args[0].q), int(value.args[0].p)
        return (a, b) if sympy.isprime(a * a + b * b) else ()

    def _log_of(self, place: int) -> Any:
        """The prime whose logarithm a generator is; 0 for any other."""
        value = self.tower.generators[place].value
        return int(value.args[0]) if isinstance(value, sympy.log) and value.args[0].is_Integer else 0

    def _logarithm(self, value: Any) -> Number:
        """log of c ζᵏ Π pᵉ as a sum; of anything else an atom."""
        tower = self.tower
        (argument,) = value.args
        polar = self._polar(self.read(argument).normal())
        if polar is None:
            return self._atom(value)
        turn, parts = polar
        total = self.read(2 * sympy.pi * sympy.I * to_sympy(turn)) if turn else tower.rational(0)
        for p, e in parts:
            log = sympy.log(sympy.Integer(p), evaluate=False)
            total = total + tower.power(tower.place("atom", ("log", p), log), 1) * e
        return total

    def _polar(self, terms: Terms) -> tuple[Fraction, list[tuple[int, Any]]] | None:
        """The argument of c ζᵏ Π pᵉ over 2π, in (−1/2, 1/2], and its size as powers of primes; None of others."""
        if len(terms) != 1:
            return None
        (((k, powers), c),) = terms.items()
        made = [(self.tower.generators[g], e) for g, e in powers]
        if any(generator.kind != "prime" for generator, _ in made):
            return None
        turn = Fraction(k, self.tower.order) + (HALF if c < 0 else 0)
        return turn - (turn - HALF).__ceil__(), [*factors(abs(c)), *((g.value, e) for g, e in made)]

    def _trigonometric(self, value: Any) -> Number:
        """Functions of x by (e^z ± e^{−z})/2, with z = ix or x."""
        circular, top, bottom = _PAIRS[type(value)]
        inner = self.read(value.args[0])
        z = inner * self.tower.root_of_unity(Fraction(1, 4)) if circular else inner
        forward, backward = self.exponential(z), self.exponential(-z)
        sine = (forward - backward) * HALF
        pieces = {"1": self.tower.one, "c": (forward + backward) * HALF}
        pieces["s"] = sine * self.tower.root_of_unity(Fraction(3, 4)) if circular else sine
        return pieces[top] if bottom == "1" else pieces[top] * self.tower.inverse(pieces[bottom])


_PAIRS: dict[Any, tuple[bool, str, str]] = {  # whether of a circle, and which quotient of cosine and sine
    sympy.cos: (True, "c", "1"), sympy.sin: (True, "s", "1"), sympy.tan: (True, "s", "c"),
    sympy.cot: (True, "c", "s"), sympy.sec: (True, "1", "c"), sympy.csc: (True, "1", "s"),
    sympy.cosh: (False, "c", "1"), sympy.sinh: (False, "s", "1"), sympy.tanh: (False, "s", "c"),
    sympy.coth: (False, "c", "s"), sympy.sech: (False, "1", "c"), sympy.csch: (False, "1", "s"),
}  # fmt: skip


INVERSES = (sympy.atan, sympy.asin, sympy.acos, sympy.asinh, sympy.acosh, sympy.atanh)


def angle_by_primes(x: Fraction) -> tuple[int, list[tuple[tuple[int, int], int]]] | None:
    """k and exponents e with atan x = k π/4 + Σ e · atan(b/a) for Gaussian primes a + bi, a > b > 0; None of large x.

    >>> angle_by_primes(Fraction(1, 239))
    (3, [((3, 2), -4)])
    """
    from sympy.solvers.diophantine.diophantine import prime_as_sum_of_two_squares

    p, q = x.numerator, x.denominator
    primes = sympy.factorint(p * p + q * q, limit=TRIAL)
    if not all(map(sympy.isprime, primes)):
        return None
    parts: list[tuple[tuple[int, int], int]] = []
    for prime, e in primes.items():
        if prime != 2:
            b, a = sorted(map(int, prime_as_sum_of_two_squares(prime)))
            parts.append(((a, b), e if (q * b - p * a) % prime == 0 else -e))
    return _eighths(p, q, parts), parts


def _eighths(p: int, q: int, parts: list[tuple[tuple[int, int], int]]) -> int:
    """The k: modulo 8 from the eighth of the plane in which a product lies, which is on its border; else by size."""
    real, imaginary = q, p
    angle = atan2(p, q)
    for (a, b), e in parts:
        angle -= e * atan2(b, a)
        for _ in range(abs(e)):
            turn = -b if e > 0 else b
            real, imaginary = real * a - imaginary * turn, imaginary * a + real * turn
    signs = ((real > 0) - (real < 0), (imaginary > 0) - (imaginary < 0))
    residue = [(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)].index(signs)
    return residue + 8 * round((angle * 4 / pi - residue) / 8)


def factors(value: Any) -> list[tuple[int, int]]:
    """A positive rational as a product of powers of primes, or of large numbers that are not taken apart."""
    value = Fraction(value)
    found = list(sympy.factorint(value.numerator, limit=TRIAL).items())
    found += [(p, -e) for p, e in sympy.factorint(value.denominator, limit=TRIAL).items()]
    return [(int(p), int(e)) for p, e in found if p != 1]


def _denested(base: Any, exponent: Fraction) -> Any:
    """√(a + b√c + …) as a sum of square roots, where SymPy finds one; None else."""
    if exponent.denominator != 2 or not base.is_Add or len(base.args) > 4 or not base.is_number:
        return None
    if not all(_is_surd(term) for term in base.args):
        return None
    root = sympy.sqrt(base)
    simpler = sympy.sqrtdenest(root)
    return None if simpler == root else simpler**exponent.numerator


def _is_surd(term: Any) -> bool:
    rest = term.as_coeff_Mul()[1]
    return rest == 1 or (rest.is_Pow and rest.base.is_Integer and rest.base > 0 and rest.exp == sympy.S.Half)


def order_of_roots(values: list[Any]) -> int:
    """An order that the roots of unity in SymPy expressions divide; 1 where all is real and has no functions."""
    order, deeper, seen = 1, 1, set[Any]()
    for node in (node for value in values for node in sympy.preorder_traversal(value)):
        if node in seen:
            continue
        seen.add(node)
        if node is sympy.I:
            order = lcm(order, 4)
        elif isinstance(node, Algebraic) and isinstance(node.family, Cosines):
            order = lcm(order, 4, node.family.order)
        elif isinstance(node, sympy.exp) or type(node) in _PAIRS or isinstance(node, sympy.log):
            order = lcm(order, 4, *(2 * int(c.q) for c in _multiples_of_pi(node.args[0])))
            if node.args[0].has(*INVERSES):
                order = lcm(order, 8)  # their angles are sums with multiples of π/4
        elif isinstance(node, sympy.Pow) and node.exp.is_Rational and not node.exp.is_Integer:
            if node.base.is_negative:
                order = lcm(order, 4, 2 * int(node.exp.q))
            elif node.base.is_number and not node.base.is_positive and not node.base.is_Add:
                deeper *= int(node.exp.q)
    order = lcm(order * deeper, 4) if deeper > 1 else order
    if order > ORDER_LIMIT:
        raise Undecided(f"budget: the roots of unity of these entries have the order {order}, more than {ORDER_LIMIT}")
    return order


def _multiples_of_pi(argument: Any) -> list[Any]:
    terms = sympy.Add.make_args(argument if argument.is_Atom else sympy.expand_mul(argument))
    return [term.as_coeff_Mul()[0] for term in terms if term.has(sympy.pi)]
