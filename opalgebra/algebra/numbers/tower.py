"""Numbers as polynomials in roots of unity, radicals and other generators.

An element is Σ c · ζᵏ · Π gᵉ: a rational c, a power of one root of unity ζ of order N, rational exponents e of
generators: primes (their real roots), symbols, π, logarithms of primes, exponentials, and whatever else stands for
itself.  Every rule of arithmetic here is true of the numbers, so elements that are equal stand for equal numbers.

The converse holds for roots of unity with real roots of rationals: reduced by Σⱼ ζ^{jN/p} = 0 for each prime p of N,
the powers of ζ that are left are a basis of ℚ(ζ), and for 4 | N distinct products of roots of primes are independent
over it (Kneser), once each √p that lies in ℚ(ζ) is written in it by its Gauss sum.  With other algebraic numbers, such
as nested radicals, a separation bound tells whether an element is 0 (:mod:`.separation`).  With transcendental ones an
element that is not 0 may be the number 0; that two numbers differ is seen from enclosures (:mod:`.enclosure`).

This module imports SymPy and is imported when a number of this kind is met.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeAlias

import sympy

from ...errors import Undecided
from ...scalar import to_sympy
from ..budget import check_time
from .separation import is_certainly_zero

Powers: TypeAlias = tuple[tuple[int, Any], ...]  # (generator, exponent), sorted
Terms: TypeAlias = dict[tuple[int, Powers], Any]  # rational coefficient by (exponent of ζ, powers)

TERM_LIMIT = 50_000  # terms of one number
INVERSE_LIMIT = 48  # largest degree in which numbers are inverted


@dataclass(frozen=True, eq=False)
class Generator:
    """What exponents are put on.

    A "prime" p, with exponents in [0, 1); a "root" b of a number, likewise; an "algebraic" number of degree d, with
    exponents below d; the "inverse" of a sum; "exp", e to the power of a monomial; an "atom" that stands for itself.
    """

    kind: str
    value: Any  # a SymPy number; of "exp" the exponent of e
    base: Number | None = None  # of "root" the number b, of "algebraic" its power d in lower ones, of "inverse" the sum
    degree: int = 1


class Number:
    """Σ c ζᵏ Π gᵉ, reduced only when it is compared, so that it is shown as it was made."""

    __slots__ = ("_normal", "shown", "terms", "tower")

    def __init__(self, tower: Tower, terms: Terms, shown: Any = None) -> None:
        self.tower, self.terms, self.shown = tower, terms, shown
        self._normal: Terms | None = None

    def _other(self, other: Any) -> Number:
        return other if isinstance(other, Number) else self.tower.rational(other)

    def __add__(self, other: Any) -> Number:
        terms = dict(self.terms)
        for key, c in self._other(other).terms.items():
            _add_to(terms, key, c)
        return Number(self.tower, terms)

    __radd__ = __add__

    def __neg__(self) -> Number:
        return Number(self.tower, {key: -c for key, c in self.terms.items()})

    def __sub__(self, other: Any) -> Number:
        return self + (-self._other(other))

    def __mul__(self, other: Any) -> Number:
        if other is self.tower.one or (isinstance(other, int) and other == 1):
            return self
        if self is self.tower.one and isinstance(other, Number):
            return other
        return self.tower.product(self, self._other(other))

    __rmul__ = __mul__

    def __pow__(self, exponent: int) -> Number:
        result, square = self.tower.one, self
        while exponent:
            if exponent & 1:
                result = result * square
            exponent >>= 1
            if exponent:
                square = square * square
        return result

    def normal(self) -> Terms:
        """The terms, reduced: unique for roots of unity and radicals."""
        if self._normal is None:
            self._normal = self.tower.reduced(self.terms)
        return self._normal

    def __bool__(self) -> bool:
        if not self.terms or not self.normal():
            return False
        cleared = self.tower.without_denominators(self)
        return bool(cleared.normal()) and not (self.tower.partial and self.tower.vanishes(cleared))

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, (Number, int, Fraction)):
            return NotImplemented
        if self.normal() == self._other(other).normal():
            return True
        return self.tower.ambiguous and not (self - other)

    def __hash__(self) -> int:
        """Of the normal form where it is unique; else alike for all numbers."""
        return 0 if self.tower.ambiguous else hash(frozenset(self.normal().items()))

    def __str__(self) -> str:
        return str(self.tower.to_sympy(self))


def _add_to(terms: Terms, key: tuple[int, Powers], c: Any) -> None:
    total = terms.get(key, 0) + c
    if total:
        terms[key] = total
    else:
        terms.pop(key, None)


@dataclass(eq=False)
class Tower:
    """The numbers over one root of unity, of order N."""

    order: int
    generators: list[Generator] = field(default_factory=list)
    inverses: bool = False  # whether there are denominators that are sums
    partial: bool = False  # whether there are algebraic numbers that are not known to be independent
    _places: dict[Any, int] = field(default_factory=dict)
    _zeros: dict[Any, bool] = field(default_factory=dict)
    _merged: dict[tuple[Powers, Powers], tuple[Any, Powers, Number | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.primes = [(p, p ** (a - 1)) for p, a in sympy.factorint(self.order).items()]
        self.one = Number(self, {(0, ()): 1})

    @property
    def ambiguous(self) -> bool:
        """Whether an element that is not 0 by its form may be the number 0."""
        return self.inverses or self.partial

    def _is_partial(self) -> bool:
        """Whether there are roots of sums or of products not taken apart, or zeros of polynomials beside others."""
        found = [g for g in self.generators if g.kind in ("prime", "root", "algebraic")]
        kinds = {g.kind for g in found}
        return (
            "root" in kinds
            or ("algebraic" in kinds and (len(found) > 1 or self.order > 1))
            or not all(sympy.isprime(g.value) for g in found if g.kind == "prime")
        )

    def rational(self, value: Any) -> Number:
        """A rational number as an element."""
        return Number(self, {(0, ()): value} if value else {})

    def root_of_unity(self, turn: Fraction) -> Number:
        """e^{2πi turn}."""
        k = turn * self.order
        if k.denominator != 1:
            raise Undecided(f"a root of unity of order {turn.denominator} is beside those of order {self.order}")
        return Number(self, {(int(k) % self.order, ()): 1})

    def place(self, kind: str, key: Any, value: Any, base: Number | None = None, degree: int = 1) -> int:
        """The position of a generator, which is made where it is new."""
        found = self._places.get((kind, key))
        if found is None:
            found = self._places[kind, key] = len(self.generators)
            self.generators.append(Generator(kind, value, base, degree))
            self.partial = self.partial or self._is_partial()
        return found

    def power(self, place: int, exponent: Any) -> Number:
        """g^e."""
        factor, powers, rest = self._carried(((place, exponent),))
        made = Number(self, {(0, powers): factor})
        return made if rest is None else made * rest

    def product(self, a: Number, b: Number) -> Number:
        """a b, multiplied out."""
        terms: Terms = {}
        rest: list[Number] = []
        for (k, p), c in a.terms.items():
            check_time()
            if len(terms) > TERM_LIMIT:
                raise Undecided(f"budget: a coefficient has more than {TERM_LIMIT} terms when it is multiplied out")
            for (m, q), d in b.terms.items():
                if not p or not q:
                    _add_to(terms, ((k + m) % self.order, p or q), c * d)
                    continue
                factor, powers, more = self._product_of(p, q)
                key = ((k + m) % self.order, powers)
                if more is None:
                    _add_to(terms, key, c * d * factor)
                else:
                    rest.append(Number(self, {key: c * d * factor}) * more)
        made = Number(self, terms)
        for more in rest:
            made = made + more
        return made

    def _product_of(self, p: Powers, q: Powers) -> tuple[Any, Powers, Number | None]:
        found = self._merged.get((p, q))
        if found is None:
            total = dict(p)
            for g, e in q:
                total[g] = total.get(g, 0) + e
            if len(self._merged) > TERM_LIMIT:
                self._merged.clear()
            found = self._merged[p, q] = self._carried(tuple(sorted((g, e) for g, e in total.items() if e)))
        return found

    def _carried(self, powers: Powers) -> tuple[Any, Powers, Number | None]:
        """Exponents of primes and roots brought to [0, 1): a rational factor, the powers, and another factor."""
        factor, rest, kept = Fraction(1), None, []
        for g, e in powers:
            generator = self.generators[g]
            whole = (e // generator.degree).__floor__() if generator.kind in ("prime", "root", "algebraic") else 0
            if left := e - whole * generator.degree:
                kept.append((g, left))
            if whole and generator.base is None:
                factor *= Fraction(generator.value) ** whole
            elif whole and generator.base is not None:
                times = (generator.base if whole > 0 else self.inverse(generator.base)) ** abs(whole)
                rest = times if rest is None else rest * times
        return factor, tuple(kept), rest

    # -- normal forms ------------------------------------------------------------------------------------

    def reduced(self, terms: Terms) -> Terms:
        """The terms with square roots that lie in ℚ(ζ) written in it, and powers of ζ reduced to a basis."""
        terms = self._embedded(terms)
        for p, _ in self.primes:
            check_time()
            result: Terms = {}
            for (k, powers), c in terms.items():
                if self._digit(k, p) != p - 1:
                    _add_to(result, (k, powers), c)
                    continue
                step = self.order // p  # 1 + ζ^step + … + ζ^{(p−1) step} = 0
                for i in range(1, p):
                    _add_to(result, ((k + i * step) % self.order, powers), -c)
                if len(result) > 4 * TERM_LIMIT:
                    raise Undecided(f"budget: a number of the field of order {self.order} has too many terms")
            terms = result
        return terms

    def _digit(self, k: int, p: int) -> int:
        """⌊p t⌋ for the part t of k/N whose denominator is a power of p."""
        below, inverse = self._part(p)
        return (k * inverse % (below * p)) // below

    @lru_cache(maxsize=64)  # noqa: B019  # towers are few, and kept by the cache of rings
    def _part(self, p: int) -> tuple[int, int]:
        below = dict(self.primes)[p]
        return below, pow(self.order // (below * p), -1, below * p)

    def _embedded(self, terms: Terms) -> Terms:
        inside = {g for g, made in enumerate(self.generators) if made.kind == "prime" and self._has_root(made.value)}
        half = Fraction(1, 2)
        if not inside or not any(g in inside and e >= half for _, powers in terms for g, e in powers):
            return terms
        total: Terms = {}
        for (k, powers), c in terms.items():
            made = Number(self, {(k, tuple((g, e) for g, e in powers if g not in inside)): c})
            for g, e in powers:
                if g in inside:
                    if e >= half:
                        made, e = made * self._gauss_sum(self.generators[g].value), e - half
                    made = made * Number(self, {(0, ((g, e),) if e else ()): 1})
            for key, d in made.terms.items():
                _add_to(total, key, d)
        return total

    def _has_root(self, p: int) -> bool:
        return self.order % (8 if p == 2 else 4 * p) == 0

    @lru_cache(maxsize=64)  # noqa: B019
    def _gauss_sum(self, p: int) -> Number:
        """√p = Σ_a (a/p) ζₚᵃ, times −i where p ≡ 3 modulo 4; √2 = ζ₈ + ζ₈⁻¹."""
        if p == 2:
            return self.root_of_unity(Fraction(1, 8)) + self.root_of_unity(Fraction(-1, 8))
        turned = Fraction(0) if p % 4 == 1 else Fraction(-1, 4)
        total = self.rational(0)
        for a in range(1, p):
            sign = 1 if pow(a, (p - 1) // 2, p) == 1 else -1
            total = total + self.root_of_unity(turned + Fraction(a, p)) * sign
        return total

    # -- inverses ----------------------------------------------------------------------------------------

    def inverse(self, number: Number) -> Number:
        """1/x for a monomial, or an algebraic number of small degree; else the power −1 of a new generator."""
        terms = number.normal()
        if not number:
            raise Undecided("a coefficient has a denominator that is 0")
        if len(terms) == 1:
            (((k, powers), c),) = terms.items()
            factor, kept, rest = self._carried(tuple((g, -e) for g, e in powers))
            made = Number(self, {(-k % self.order, kept): factor / Fraction(c)})
            return made if rest is None else made * rest
        if all(self.generators[g].kind in ("prime", "algebraic") for _, powers in terms for g, _ in powers):
            found = self._inverse_by_basis(number)
            if found is not None:
                return found
        self.inverses = True
        key = frozenset(terms.items())
        return Number(self, {(0, ((self.place("inverse", key, 1 / self.to_sympy(number), number), 1),)): 1})

    def without_denominators(self, number: Number) -> Number:
        """The number times the sums that it is divided by: 0 iff it is."""
        for g in reversed(range(len(self.generators) if self.inverses else 0)):
            if self.generators[g].kind != "inverse":
                continue
            parts: dict[Any, Terms] = {}
            for (k, powers), c in number.normal().items():
                rest = tuple(entry for entry in powers if entry[0] != g)
                parts.setdefault(dict(powers).get(g, 0), {})[k, rest] = c
            most, total, base = max(parts, default=0), self.rational(0), self.generators[g].base
            assert base is not None, "an inverse knows its sum"
            for exponent, terms in parts.items():
                total = total + Number(self, terms) * base ** (most - exponent)
            number = total if most else number
        return number

    def vanishes(self, number: Number) -> bool:
        """Whether an element whose form is not 0 is the number 0 nevertheless, by a separation bound.

        It is if every coefficient of powers of the other generators is; whether these are independent does not matter.
        """
        algebraic = ("prime", "root", "algebraic")
        parts: dict[Powers, Terms] = {}
        for (k, powers), c in number.normal().items():
            inside = tuple(entry for entry in powers if self.generators[entry[0]].kind in algebraic)
            rest = tuple(entry for entry in powers if self.generators[entry[0]].kind not in algebraic)
            parts.setdefault(rest, {})[k, inside] = c
        return all(self._is_zero(terms) for terms in parts.values())

    def _is_zero(self, terms: Terms) -> bool:
        key = frozenset(terms.items())
        if key not in self._zeros:
            self._zeros[key] = is_certainly_zero(self.to_sympy(Number(self, terms)))
        return self._zeros[key]

    def _inverse_by_basis(self, number: Number) -> Number | None:
        """Solve x y = 1 in the span of the powers of x's monomials; None where that is large."""
        from sympy.polys.domains import QQ
        from sympy.polys.matrices import DomainMatrix

        factors = [Number(self, {key: 1}) for key in number.normal()]
        unit: tuple[int, Powers] = (0, ())
        basis, queue = {unit: 0}, [unit]
        while queue:
            key = queue.pop()
            for factor in factors:
                for new in (factor * Number(self, {key: 1})).normal():
                    if new not in basis:
                        basis[new] = len(basis)
                        queue.append(new)
            if len(basis) > INVERSE_LIMIT:
                return None
        columns = [(number * Number(self, {key: 1})).normal() for key in basis]
        size = len(basis)
        rows = [[QQ(0)] * (size + 1) for _ in range(size)]
        rows[0][size] = QQ(1)
        for j, column in enumerate(columns):
            for key, c in column.items():
                rows[basis[key]][j] = QQ(Fraction(c).numerator, Fraction(c).denominator)
        solved, pivots = DomainMatrix(rows, (size, size + 1), QQ).rref()
        if size in pivots:
            return None
        found = {key: solved[pivots.index(i), size].element for key, i in basis.items() if i in pivots}
        return Number(self, {key: Fraction(int(c.numerator), int(c.denominator)) for key, c in found.items() if c})

    # -- back to SymPy -----------------------------------------------------------------------------------

    def to_sympy(self, number: Number) -> Any:
        """The number as a SymPy expression; pairs of conjugate roots of unity as cosines."""
        if number.shown is not None:
            return number.shown
        terms = min(number.terms, number.normal(), key=len)
        parts, done = [], set[tuple[int, Powers]]()
        for (k, powers), c in terms.items():
            if (k, powers) in done:
                continue
            mirror = (-k % self.order, powers)
            turn = sympy.Rational(k, self.order)
            if mirror != (k, powers) and terms.get(mirror) == c:
                done.add(mirror)
                root = 2 * sympy.cos(2 * sympy.pi * turn)
            else:
                root = _root(turn)
            parts.append(to_sympy(c) * root * sympy.Mul(*(self._shown_power(g, e) for g, e in powers)))
        return sympy.Add(*parts)

    def _shown_power(self, place: int, exponent: Any) -> Any:
        generator, e = self.generators[place], to_sympy(exponent)
        return sympy.exp(e * generator.value) if generator.kind == "exp" else sympy.Pow(generator.value, e)


def _root(turn: Any) -> Any:
    """e^{2πi turn}, with √2 and √3 for the orders 8 and 12 as SymPy has them."""
    return sympy.exp(2 * sympy.pi * sympy.I * (turn if 2 * turn <= 1 else turn - 1))
