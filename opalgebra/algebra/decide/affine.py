"""Affine expressions in integer parameters; their coefficients are polynomials in factors of which facts are known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd
from typing import Any, TypeAlias

from ...errors import Undecided
from ...scalar import is_sympy
from ..facts import AboutFactors, Coprime, Equal, Hypothesis, Less, NotDivides, symbols_of
from ..numbers.ring import RATIONALS, Ring
from .exponents import prime_factors
from .ranges import COMPARED, implies

Poly: TypeAlias = Any  # an element of SymPy's sparse polynomial ring ℤ[factors, shifts]
Affine: TypeAlias = dict[int, Poly]  # coefficient per parameter; key 0 is the constant term
CONSTANT = 0
THRESHOLD_LIMIT = 24


@dataclass
class Context:
    """The polynomial ring of the factors, what is known about them, and the thresholds that were used."""

    polynomials: Any
    coprime: frozenset[frozenset[Any]]
    indivisible: list[tuple[Poly, Poly]] = field(default_factory=list)
    thresholds: dict[Any, int] = field(default_factory=dict)
    ring: Ring = RATIONALS
    whole: Poly | None = None  # what exponents of the root of unity count modulo
    questions: list[str] = field(default_factory=list)  # of divisibility, that stayed open
    bases: tuple[tuple[int, Any, int], ...] = ()  # (slot, c, d): its exponents are those of the d-th root of c
    equations: list[Poly] = field(default_factory=list)  # polynomials that are 0
    compared: tuple[AboutFactors, ...] = ()
    _last: int = CONSTANT

    @classmethod
    def of(cls, symbols: Iterable[Any], facts: Iterable[Hypothesis]) -> Context:
        from sympy import ZZ
        from sympy.polys.orderings import lex
        from sympy.polys.rings import PolyRing

        pairs = set()
        for fact in facts:
            if isinstance(fact, Coprime):
                pairs |= {frozenset((a, b)) for a in _primes(fact.a) for b in _primes(fact.b)}
        facts, listed = list(facts), list(symbols)
        compared = tuple(fact for fact in facts if isinstance(fact, COMPARED))
        made = cls(PolyRing(tuple(listed), ZZ, lex), frozenset(pairs), compared=compared)
        for fact in compared:
            if isinstance(fact, Equal) and (zero := made.poly(fact.a) - made.poly(fact.b)):
                made.equations.append(zero)
        made.coprime |= {pair for zero in made.equations for pair in made._coprime_by(zero)}
        for fact in facts:
            if isinstance(fact, NotDivides) and symbols_of([fact]) <= set(listed):
                made.indivisible.append((made.poly(fact.a), made.poly(fact.b)))
        return made

    def fresh(self) -> int:
        self._last += 1
        return self._last

    def poly(self, value: Any) -> Poly:
        if not is_sympy(value):
            return self.polynomials(value)
        try:
            return self.polynomials.from_expr(value)
        except ValueError:
            names = ", ".join(map(str, self.polynomials.symbols))
            raise Undecided(f"{value} is no polynomial with integer coefficients in {names}") from None

    def require_larger(self, factor: Poly, number: int) -> None:
        """Note that the conclusion is for factor > number; one of its symbols above it is enough."""
        if self.implies(Less(number, factor.as_expr())):
            return
        if number > THRESHOLD_LIMIT:
            raise Undecided(f"whether {factor} divides {number} depends on too many small values")
        symbol = next(s for s, e in zip(self.polynomials.symbols, factor.LM, strict=True) if e)
        self.thresholds[symbol] = max(self.thresholds.get(symbol, 0), number)

    def are_coprime(self, a: Poly, b: Poly) -> bool:
        """Whether two monomials are known to be coprime: every prime number or symbol of one to every of the other."""
        return max(len(a), len(b)) <= 1 and all(
            x != y if isinstance(x, int) and isinstance(y, int) else frozenset((x, y)) in self.coprime
            for x in self._parts(a)
            for y in self._parts(b)
        )

    def modulo(self, poly: Poly, factor: Poly) -> Poly:
        """A polynomial that differs by a multiple of a number: its coefficients below it, odd symbols 1 modulo 2."""
        if not factor.is_ground:
            return poly
        order, found = int(factor.LC), self.poly(0)
        odd = [order == 2 and self.is_odd(symbol) for symbol in self.polynomials.symbols]
        for powers, c in poly.terms():
            left = tuple(0 if one else e for e, one in zip(powers, odd, strict=True))
            found += self.polynomials.term_new(left, int(c) % order)
        return self.polynomials.from_dict({m: c % order for m, c in found.terms() if c % order})

    def is_odd(self, symbol: Any) -> bool:
        """Whether a symbol is known to be odd."""
        two, one = self.poly(2), self.poly(symbol)
        return bool(symbol.is_odd) or frozenset((2, symbol)) in self.coprime or (two, one) in self.indivisible

    def coprime_part(self, monomial: Poly, other: Poly) -> Poly:
        """The largest monomial that divides a monomial and is known to be coprime to another."""
        part = self.poly(1)
        for symbol, e in zip(self.polynomials.symbols, monomial.LM, strict=True):
            if e and self.are_coprime(self.poly(symbol), other):
                part *= self.poly(symbol) ** e
        for prime in prime_factors(int(monomial.LC)):
            if self.are_coprime(self.poly(prime), other):
                part *= multiplicity_part(int(monomial.LC), prime)
        return part

    def never_divides(self, factor: Poly, rest: Affine) -> bool:
        """Whether a hypothesis rules factor | rest out: some a divides all of it but the constant term."""
        if CONSTANT not in rest:
            return False
        common = common_factor((c for p, c in rest.items() if p != CONSTANT), self.polynomials, factor)
        return any(
            divisible((common.LM, common.LC), a)
            and any(not remainder(rest[CONSTANT] - sign * b, a, self) for sign in (1, -1))
            for a, b in self.indivisible
        )

    # -- equations and comparisons ----------------------------------------------------------------------

    def _coprime_by(self, zero: Poly) -> set[frozenset[Any]]:
        """What is coprime because x + y = ±1."""
        terms = [self.polynomials.from_dict({m: c}) for m, c in zero.terms()]
        moving = [term for term in terms if not term.is_ground]
        if len(moving) != 2 or len(terms) != 3 or abs(int(zero.coeff(1))) != 1:
            return set()
        return {frozenset((x, y)) for x in self._parts(abs_of(moving[0])) for y in self._parts(abs_of(moving[1]))}

    def implies(self, claim: Any) -> bool:
        """Whether the equations and inequalities that are given imply one more; without any, nothing."""
        return bool(self.compared) and implies(self.compared, claim)

    def normal(self, poly: Poly) -> Poly:
        """An equal polynomial, reduced by the equations whose leading coefficient is ±1."""
        usable = [zero for zero in self.equations if zero.LC in (1, -1)]
        return poly.rem(usable) if usable and poly else poly

    def divided_by(self, poly: Poly, factor: Poly) -> Poly:
        """An equal polynomial with more terms that the factor divides: of factor·u + v = 0 the v is replaced."""
        for zero in self.equations:
            rest = remainder(zero, factor, self)
            if rest and rest != zero and rest.LC in (1, -1):
                (times,), left = poly.div([rest])
                poly = left - times * (zero - rest)
        return poly

    def inverse(self, coefficient: Poly, factor: Poly) -> Poly | None:
        """An inverse modulo a factor, from an equation factor·u + coefficient·v = ±1."""
        for zero in self.equations:
            rest = remainder(zero, factor, self)
            unit = int(rest.coeff(1)) if rest else 0
            others = rest - unit
            if unit in (1, -1) and others and not remainder(others, coefficient, self):
                return others.exquo(coefficient) * -unit
        return None

    def between_multiples(self, value: Poly, factor: Poly) -> bool:
        """Whether a value is known to lie strictly between two neighbouring multiples of a factor."""
        a, b = value.as_expr(), factor.as_expr()
        return any(self.implies(Less(j * b, a)) and self.implies(Less(a, (j + 1) * b)) for j in (0, -1, 1, -2))

    def parts(self, monomial: Poly) -> list[Poly]:
        """The symbols and primes of a monomial."""
        return list(map(self.poly, self._parts(monomial)))

    def _parts(self, monomial: Poly) -> list[Any]:
        symbols = [s for s, e in zip(self.polynomials.symbols, monomial.LM, strict=True) if e]
        return [*symbols, *prime_factors(int(monomial.LC))]


def multiplicity_part(number: int, prime: int) -> int:
    """The largest power of a prime that divides a number."""
    power = 1
    while number % (power * prime) == 0:
        power *= prime
    return power


def abs_of(monomial: Poly) -> Poly:
    """The monomial with a positive coefficient."""
    return -monomial if monomial.LC < 0 else monomial


def _primes(value: Any) -> list[Any]:
    """The prime numbers and the symbols that make up a factor."""
    if not is_sympy(value):
        return prime_factors(value)
    return [*value.free_symbols, *prime_factors(int(value.as_coeff_Mul()[0]))]


def divides(factor: Poly, other: Poly) -> bool:
    """Whether one monomial divides another."""
    return len(other) == 1 and divisible((other.LM, other.LC), factor)


def divisible(monomial: tuple[Any, Any], factor: Poly) -> bool:
    exponents, coefficient = monomial
    return coefficient % factor.LC == 0 and all(e >= f for e, f in zip(exponents, factor.LM, strict=True))


def common_factor(polys: Iterable[Poly], ring: Any, start: Poly | None = None) -> Poly:
    """The largest monomial that divides all terms (and ``start``)."""
    content, exponents = (0, None) if start is None else (int(start.LC), list(start.LM))
    for poly in polys:
        for powers, coefficient in poly.terms():
            content = gcd(content, int(coefficient))
            exponents = (
                list(powers) if exponents is None else [min(a, b) for a, b in zip(exponents, powers, strict=True)]
            )
    return ring.term_new(tuple(exponents or ()), content)


def combination(
    columns: list[tuple[Poly, ...]], targets: list[tuple[Poly, ...]], context: Context
) -> list[list[Poly]] | None:
    """The matrix of polynomials U with columns · U = targets; None where there is none or columns are dependent."""
    if not columns:
        return None if any(any(target) for target in targets) else []
    solution = _combined(columns, targets, context)
    if solution is None or any(entry.denom not in (1, -1) for row in solution for entry in row):
        return None
    return [[context.polynomials(entry.numer) * context.polynomials(entry.denom) for entry in row] for row in solution]


def rational_combination(
    columns: list[tuple[Poly, ...]], targets: list[tuple[Poly, ...]], context: Context
) -> list[list[Fraction]] | None:
    """The matrix of rational numbers U with columns · U = targets; None where there is none."""
    solution = _combined(columns, targets, context)
    if solution is None or not all(e.numer.is_ground and e.denom.is_ground for row in solution for e in row):
        return None
    return [[Fraction(int(e.numer.coeff(1)), int(e.denom.coeff(1))) for e in row] for row in solution]


def _combined(
    columns: list[tuple[Poly, ...]], targets: list[tuple[Poly, ...]], context: Context
) -> list[list[Any]] | None:
    """U with entries in the field of fractions."""
    from sympy.polys.matrices import DomainMatrix

    size, height = len(columns), len(targets[0])
    polynomials = context.polynomials.to_domain()
    domain = polynomials.get_field()
    rows = [[domain.convert_from(column[i], polynomials) for column in (*columns, *targets)] for i in range(height)]
    reduced, pivots = DomainMatrix(rows, (height, size + len(targets)), domain).rref()
    if pivots != tuple(range(size)):
        return None
    return [[reduced[i, size + j].element for j in range(len(targets))] for i in range(size)]


def never_divides(factor: Poly, rest: Affine) -> bool:
    """Whether the constant term rules divisibility out: all is numbers, and their gcd does not divide it."""
    if not factor.is_ground or not all(c.is_ground for c in rest.values()):
        return False
    common = gcd(int(factor.LC), *(int(c.LC) for p, c in rest.items() if p != CONSTANT))
    return CONSTANT in rest and int(rest[CONSTANT].LC) % common != 0


def times(affine: Affine, factor: Poly) -> Affine:
    return {p: product for p, c in affine.items() if (product := c * factor)}


def plus(left: Affine, right: Affine) -> Affine:
    total = dict(left)
    for p, c in right.items():
        total[p] = total[p] + c if p in total else c
    return {p: c for p, c in total.items() if c}


def remainder(poly: Poly, factor: Poly, context: Context) -> Poly:
    """The terms that the monomial does not divide; an integer coefficient is left as it is."""
    terms = {m: c for m, c in poly.terms() if not divisible((m, c), factor)}
    return context.polynomials.from_dict(terms)


def shown(rest: Affine) -> str:
    return " + ".join(str(c.as_expr()) if p == CONSTANT else f"({c.as_expr()})·t{p}" for p, c in sorted(rest.items()))
