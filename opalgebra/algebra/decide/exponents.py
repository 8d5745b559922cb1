"""Whether hypotheses about factors can hold at once: a decision where they speak of monomials.

A positive integer is a vector of natural numbers, its exponent at every prime.  For monomials in positive integers,
a | b says ≤ at every prime, a = b says =, gcd(a, b) = 1 that the smaller is 0, and a ∤ b that there is a prime with >.
What symbols are assumed to be is of the same kind: even and odd at the prime 2, prime and composite by how many prime
factors there are.  Primes do not disturb one another.  At a prime that divides no coefficient all exponents may be 0,
so what asks for *some* prime gets one of its own there, if it can be met there at all; otherwise it is met at one of
the finitely many primes of the coefficients.  At one prime the question is one of linear inequalities (``omega.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, TypeAlias

from ...errors import Undecided
from ...scalar import is_sympy
from ..facts import AboutFactors, Coprime, Divides, Equal, NotDivides
from .omega import ONE, Row, Work, solvable

TRIAL = 10**5  # primes up to here are found by division

Place: TypeAlias = int | str  # a prime number, or a prime of which only the name is known
GENERIC = "any other prime"
KINDS = {"one": (False, False), "prime": (True, False), "composite": (False, True)}


class Assumed(NamedTuple):
    """What SymPy was told of one symbol: an entry of its assumptions."""

    symbol: Any
    what: str
    truth: bool

    def __str__(self) -> str:
        return f"{self.symbol} {'' if self.truth else 'not '}{self.what}"


Condition: TypeAlias = AboutFactors | Assumed


class Monomial(NamedTuple):
    """± numerator / denominator · Π symbol^power."""

    numerator: int
    denominator: int
    powers: tuple[tuple[Any, int], ...]


class Outside(NamedTuple):
    """Another exponent than 0, and that of a composite number: at least ``least`` at one prime."""

    symbol: Any
    least: int


Demand: TypeAlias = NotDivides | Outside
Fixed: TypeAlias = dict[Any, Place | None]  # the prime that a symbol is, None for 1
Chosen: TypeAlias = tuple[list[Place], Fixed, list[Outside]]


def assumptions(symbols: Iterable[Any]) -> list[Assumed]:
    """What is assumed of symbols beyond that they are positive integers, or integers."""
    found = []
    for symbol in symbols:
        known = symbol.assumptions0
        if known.get("zero"):
            continue  # every prime divides 0 as often as one likes
        parity = ["even"] if known.get("even") else ["odd"] if known.get("odd") else []
        kinds = [what for what in ("prime", "composite") if known.get("positive") and known.get(what) is not None]
        found += [Assumed(symbol, what, known[what]) for what in (*parity, *kinds)]
    return found


def monomial(value: Any) -> Monomial | None:
    """A number other than 0 or a product of symbols; None for sums."""
    if not is_sympy(value):
        return Monomial(abs(value), 1, ()) if value else None
    coefficient, factors = value.as_coeff_mul()
    bases = [factor.as_base_exp() for factor in factors]
    plain = all(base.is_Symbol and power.is_Integer and not base.is_zero for base, power in bases)
    if not plain or not coefficient.is_Rational or not coefficient:
        return None
    return Monomial(abs(int(coefficient.p)), int(coefficient.q), tuple((base, int(power)) for base, power in bases))


def prime_factors(number: int) -> list[int]:
    """The primes that divide a number; :class:`Undecided` where they are too large to be found."""
    found = _divided(abs(number))
    if found is None:
        raise Undecided(f"budget: {number} is not taken apart into primes, of which two are above {TRIAL}")
    return list(found)


@lru_cache(maxsize=4096)
def _divided(number: int) -> tuple[int, ...] | None:
    from sympy import factorint, isprime

    found = tuple(int(p) for p in factorint(number, limit=TRIAL))
    return found if all(p < TRIAL**2 or isprime(p) for p in found) else None


def is_decided(condition: Condition) -> bool:
    """Whether a condition is one about exponents; an equation of integers that may be negative or 0 is none."""
    if isinstance(condition, Assumed):
        return True
    sides = (condition.a, condition.b)
    if isinstance(condition, Equal) and not all(v.is_positive if is_sympy(v) else v > 0 for v in sides):
        return False
    known = isinstance(condition, Coprime | Divides | NotDivides | Equal)
    return known and all(monomial(v) is not None for v in sides)


@lru_cache(maxsize=1024)
def can_hold(conditions: tuple[Condition, ...]) -> bool:
    """Whether positive integers satisfy all conditions, each of which :func:`is_decided`.

    Raises
    ------
    Undecided
        Where there are too many cases.
    """
    work = Work()
    return all(_Question(part, work).answer() for part in _parts(conditions))


def _symbols(condition: Condition) -> list[Any]:
    if isinstance(condition, Assumed):
        return [condition.symbol]
    return [s for v in (condition.a, condition.b) if (m := monomial(v)) is not None for s, _ in m.powers]


def _parts(conditions: Iterable[Condition]) -> list[list[Condition]]:
    """The conditions in groups that share no symbol."""
    parts: list[tuple[set[Any], list[Condition]]] = []
    for condition in conditions:
        names, group = set(_symbols(condition)), [condition]
        apart = []
        for part in parts:
            if part[0] & names:
                names, group = names | part[0], [*part[1], *group]
            else:
                apart.append(part)
        parts = [*apart, (names, group)]
    return [group for _, group in parts]


@dataclass
class _Question:
    """Conditions that share symbols, with the rows that may still be written."""

    conditions: Sequence[Condition]
    work: Work

    def answer(self) -> bool:
        """Whether they can hold: for some kind of the symbols of which a kind is assumed."""
        return any(_Case(self, places, fixed, demands).holds() for places, fixed, demands in self._cases())

    @cached_property
    def facts(self) -> list[AboutFactors]:
        return [c for c in self.conditions if isinstance(c, AboutFactors)]

    @cached_property
    def parity(self) -> dict[Any, str]:
        return {c.symbol: c.what for c in self.conditions if isinstance(c, Assumed) and c.what in ("even", "odd")}

    @cached_property
    def primes(self) -> list[Place]:
        """The primes of the coefficients, and 2 where something is even or odd."""
        both = [m for fact in self.facts for v in (fact.a, fact.b) if (m := monomial(v)) is not None]
        numbers = {n for m in both for n in (m.numerator, m.denominator) if n > 1} | ({2} if self.parity else set())
        return sorted({p for n in numbers for p in prime_factors(n)})

    def _kinds(self) -> dict[Any, list[str]]:
        """What each symbol of which a kind is assumed may be: 1, a prime or a composite number."""
        told: dict[Any, dict[str, bool]] = {}
        for c in self.conditions:
            if isinstance(c, Assumed) and c.what in ("prime", "composite"):
                told.setdefault(c.symbol, {})[c.what] = c.truth
        return {
            symbol: [kind for kind, (prime, composite) in KINDS.items()
                     if known.get("prime", prime) == prime and known.get("composite", composite) == composite]
            for symbol, known in told.items()
        }  # fmt: skip

    def _cases(self) -> Iterator[Chosen]:
        """Primes to look at, the prime that a symbol is (None for 1), and what makes symbols composite."""
        kinds = self._kinds()

        def chosen(left: list[Any], places: list[Place], fixed: Fixed, composite: list[Outside]) -> Iterator[Chosen]:
            self.work.spend(1)
            if not left:
                yield places, fixed, composite
                return
            symbol, *rest = left
            for kind in kinds[symbol]:
                if kind == "one":
                    yield from chosen(rest, places, {**fixed, symbol: None}, composite)
                elif kind == "composite":
                    yield from chosen(rest, places, fixed, [*composite, Outside(symbol, 2)])
                else:
                    for place in (*places, f"prime {len(places)}"):
                        known = places if place in places else [*places, place]
                        yield from chosen(rest, known, {**fixed, symbol: place}, composite)

        yield from chosen(list(kinds), self.primes, {}, [])


@dataclass
class _Case:
    """One choice of the symbols that are 1 or prime; ``holds`` says whether the others can be found."""

    question: _Question
    places: list[Place]
    fixed: Fixed
    composite: list[Outside]

    def holds(self) -> bool:
        self._known: dict[tuple[Place, frozenset[Demand]], bool] = {}
        demands: list[Demand] = [f for f in self.question.facts if isinstance(f, NotDivides)]
        demands += self.composite
        left = [demand for demand in demands if not self._at(GENERIC, [_weaker(demand)])]
        return self._shared(left, {place: [] for place in self.places})

    def _shared(self, demands: list[Demand], shares: dict[Place, list[Demand]]) -> bool:
        """Whether the demands can be met at the places, each of which has some already."""
        if not all(self._at(place, share) for place, share in shares.items()):
            return False
        if not demands:
            return True
        demand, *rest = demands
        for place in self.places:
            if self._shared(rest, {**shares, place: [*shares[place], demand]}):
                return True
        if not isinstance(demand, Outside):
            return False
        weak = _weaker(demand)
        pairs = ((p, q) for i, p in enumerate(self.places) for q in self.places[:i])
        return any(self._shared(rest, {**shares, **{x: [*shares[x], weak] for x in pair}}) for pair in pairs)

    def _at(self, place: Place, demands: list[Demand]) -> bool:
        key = place, frozenset(demands)
        if key not in self._known:
            self._known[key] = self._solvable(place, demands)
        return self._known[key]

    def _valuation(self, value: Any, place: Place, sign: int = 1) -> Row:
        """The exponent of a prime in a monomial."""
        found = monomial(value)
        assert found is not None
        row: Row = {ONE: 0}
        if isinstance(place, int):
            row[ONE] = sign * (_exponent(found.numerator, place) - _exponent(found.denominator, place))
        for symbol, power in found.powers:
            if symbol not in self.fixed:
                row[symbol] = row.get(symbol, 0) + sign * power
            elif self.fixed[symbol] == place:
                row[ONE] += sign * power
        return row

    def _solvable(self, place: Place, demands: list[Demand]) -> bool:
        """Whether there are exponents at one prime."""
        self.question.work.spend(1)
        equal: list[Row] = []
        least: list[Row] = []
        clauses: list[tuple[Row, Row]] = []
        for fact in self.question.facts:
            a, b = self._valuation(fact.a, place), self._valuation(fact.b, place)
            if isinstance(fact, Equal):
                equal.append(_difference(a, b))
            elif isinstance(fact, Divides):
                least.append(_difference(b, a))
            elif isinstance(fact, Coprime):
                clauses.append((a, b))
        for demand in demands:
            if isinstance(demand, Outside):
                least.append(_more({demand.symbol: 1}, -demand.least))
            else:
                a, b = self._valuation(demand.a, place), self._valuation(demand.b, place)
                least.append(_more(_difference(a, b), -1))
        for symbol, what in self.question.parity.items() if place == 2 else ():
            row = self._valuation(symbol, place)
            if what == "odd":
                equal.append(row)
            else:
                least.append(_more(row, -1))
        symbols = {v: None for row in (*equal, *least, *(r for c in clauses for r in c)) for v in row if v is not ONE}
        return _with_clauses(equal, [*least, *({s: 1} for s in symbols)], clauses, self.question.work)


def _weaker(demand: Demand) -> Demand:
    """What a demand asks of one prime where there are many: a composite number may have two different ones."""
    return demand._replace(least=1) if isinstance(demand, Outside) else demand


def _exponent(number: int, prime: int) -> int:
    count = 0
    while number % prime == 0:
        number, count = number // prime, count + 1
    return count


def _difference(a: Row, b: Row) -> Row:
    return {v: a.get(v, 0) - b.get(v, 0) for v in {**a, **b}}


def _more(row: Row, number: int) -> Row:
    return {**row, ONE: row.get(ONE, 0) + number}


def _with_clauses(equal: list[Row], least: list[Row], clauses: list[tuple[Row, Row]], work: Work) -> bool:
    """Whether there are natural numbers for which in every pair of rows one is 0."""
    if _found(equal, least, clauses, work):
        return True
    if not solvable(equal, least, work):
        return False
    if not clauses:
        return True
    pair, *rest = sorted(clauses, key=_freedom)
    for row in sorted(pair, key=len):
        if not row.get(ONE, 0):  # a sum of natural numbers is 0 where each is
            zeros = [{v: 1} for v in row if v is not ONE]
            gone = {v for zero in zeros for v in zero}
            left = [c for c in rest if not any(r.keys() - gone <= {ONE} and not r.get(ONE, 0) for r in c)]
            if _with_clauses([*equal, *zeros], least, left, work):
                return True
    return False


def _found(equal: list[Row], least: list[Row], clauses: list[tuple[Row, Row]], work: Work) -> bool:
    """Whether natural numbers are found by raising, from 0 on, a variable of a row that is not satisfied."""
    rows = [*least, *equal, *({v: -c for v, c in row.items()} for row in equal)]
    values: dict[Any, int] = {}
    for _ in range(4 * len(rows)):
        work.spend(1 + len(rows) // 8)
        short = next(((row, missing) for row in rows if (missing := -_value(row, values)) > 0), None)
        if short is None:
            return all(any(not _value(row, values) for row in pair) for pair in clauses)
        row, missing = short
        variable = next((v for v, c in row.items() if c > 0 and v is not ONE), ONE)
        if variable is ONE:
            return False
        values[variable] = values.get(variable, 0) - (-missing // row[variable])
    return False


def _value(row: Row, values: dict[Any, int]) -> int:
    return row.get(ONE, 0) + sum(c * values.get(v, 0) for v, c in row.items() if v is not ONE)


def _freedom(clause: tuple[Row, Row]) -> int:
    """In how many ways one of two rows can be 0; the fewest are looked at first."""
    return sum(not row.get(ONE, 0) for row in clause)


def smallest_clash(conditions: Sequence[Condition], holds: Callable[[tuple[Condition, ...]], bool]) -> list[Condition]:
    """Conditions that cannot all hold, of which none is superfluous."""
    kept = list(conditions)
    for condition in conditions:
        fewer = [c for c in kept if c is not condition]
        try:
            if not holds(tuple(fewer)):
                kept = fewer
        except Undecided:
            continue
    return kept
