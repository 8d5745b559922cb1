"""Whether an equation follows from others, as polynomials in the polyphase parts of formal kernels.

A word with kernels q¹ … qˢ takes an impulse at m to the n = α m + Σ γᵢ dᵢ + β over the tap indices dᵢ of a coset.  Cut
every dᵢ into residues modulo Nᵢ = L / |γᵢ|, and every word becomes a sum of products of parts
X(w) = Σ_e q_{r + N e} w^{±e}, one Laurent polynomial for every residue of m and of n modulo L; w = z^L.  An equation
between operators holds iff these polynomials vanish, and then it does with w in the place of any power of w: reversed
kernels, conjugates and ↑ of an equation are other instances of it.  Where the polynomials of a statement lie in the
ideal that those of the hypotheses generate, the statement follows.  The parts are taken for independent, so that what
does not lie in the ideal may follow all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm, prod
from typing import Any, NamedTuple, TypeAlias

from ...errors import OperandError, Undecided
from ...expr import Conv, Flip, Zero, nameless
from ...expr.contents import constants
from ...expr.signals import SignalExpr
from ...scalar import exact, to_sympy
from ..budget import check_time, limited
from ..equations import Relation
from ..lattices.lattice import hermite, representatives
from ..numbers.fields import numbers_of
from ..numbers.residues import RelationRing, numbers_in
from ..numbers.ring import sympy_algebra
from ..numbers.spectrum import Spectrum
from .canonical import ConcreteWalker
from .coset import Cosets
from .walk import INPUT

Vector: TypeAlias = tuple[Any, ...]
Monomial: TypeAlias = tuple[Vector, tuple["Part", ...]]  # the exponent of w on each axis, and parts
Polynomial: TypeAlias = dict[Monomial, Any]

TERMS = 4_000  # of all polynomials of a statement, or of one that is substituted
INSTANCES = 24  # of an equation with its kernels reversed, conjugated, or spread
PARTS = 26  # variables of a Gröbner basis
SECONDS = 10.0


class Part(NamedTuple):
    """Σ_e q_{r + N e} w^{±e}."""

    name: str
    conj: str
    signs: Vector
    modulus: Vector
    residue: Vector


@dataclass(frozen=True)
class Word:
    """A family of cosets: how n moves with each slot, and the lattice of the slots."""

    state: Cosets
    labels: tuple[tuple[str, ...], ...]
    order: tuple[int, ...]  # coordinates: all slots, then n

    @classmethod
    def of(cls, state: Cosets) -> Word:
        d, labels = state.ndim, state.labels
        if any(label != INPUT and label[0] != "signal" for label in labels):
            raise Undecided("formal operators and frequencies have no polyphase parts")
        return cls(state, labels, (*range(d, d * (1 + len(labels))), *range(d)))

    @cached_property
    def _basis(self) -> tuple[Vector, ...]:
        basis, columns = hermite(tuple(tuple(v[i] for i in self.order) for v in self.state.basis))
        if columns != tuple(range(self.state.ndim * len(self.labels))):
            raise Undecided("the taps of a word depend on one another")
        return basis

    @cached_property
    def lattice(self) -> tuple[Vector, ...]:
        """That of the slots."""
        size = self.state.ndim * len(self.labels)
        return tuple(row[:size] for row in self._basis)

    @cached_property
    def slopes(self) -> tuple[Fraction, ...]:
        """By how much n moves on its axis, for each coordinate of the slots."""
        d, size = self.state.ndim, self.state.ndim * len(self.labels)
        found: list[list[Fraction]] = []
        for row in reversed(self._basis):  # triangular: the last slot first
            at = size - 1 - len(found)
            moved = [Fraction(n) for n in row[size:]]
            for j, slope in enumerate(reversed(found), at + 1):
                moved = [n - row[j] * s for n, s in zip(moved, slope, strict=True)]
            found.append([n / row[at] for n in moved])
        found.reverse()
        for i, slope in enumerate(found):
            if not slope[i % d] or any(s for j, s in enumerate(slope) if j != i % d):
                raise Undecided("the axes are mixed by a matrix")
        return tuple(slope[i % d] for i, slope in enumerate(found))

    @cached_property
    def steps(self) -> Vector:
        """By how much n moves where one slot moves within the lattice, for each coordinate of the slots."""
        return tuple(int(abs(s) * _order_of(i, self.lattice)) for i, s in enumerate(self.slopes))

    def polynomials(self, period: Vector) -> Iterator[tuple[Any, Monomial, Any]]:
        """(slope and residues of input and output, monomial, weight) for all residues modulo the period."""
        d, size = self.state.ndim, len(self.slopes)
        moduli = tuple(int(period[i % d] / abs(s)) for i, s in enumerate(self.slopes))
        fine = tuple(tuple(n if i == j else 0 for j in range(size)) for i, n in enumerate(moduli))
        if prod(moduli) > TERMS * prod(row[i] for i, row in enumerate(self.lattice)):
            raise Undecided("budget: the polyphase parts have too many products")
        steps = list(representatives(self.lattice, fine)) if size else [()]
        for offset, weight in self.state.branches.items():
            start = [offset[i] for i in self.order]
            for step in steps:
                check_time()
                slots = [(a + b) % n for a, b, n in zip(start, step, moduli, strict=False)]
                moved = [Fraction(n) for n in start[size:]]
                for i, s in enumerate(self.slopes):
                    moved[i % d] += s * (slots[i] - start[i])
                yield self._monomial(slots, [int(n) for n in moved], moduli, period, weight)

    def _monomial(
        self, slots: list[int], index: list[int], moduli: Vector, period: Vector, weight: Any
    ) -> tuple[Any, Monomial, Any]:
        d = self.state.ndim
        key: list[Any] = [tuple(n % p for n, p in zip(index, period, strict=True))]
        parts = []
        for i, label in enumerate(self.labels):
            where = slice(d * i, d * (i + 1))
            signs = tuple(1 if s > 0 else -1 for s in self.slopes[where])
            if label == INPUT:
                key += [tuple(self.slopes[where]), tuple(slots[where])]
            else:
                parts.append(Part(label[1], label[2], signs, moduli[where], tuple(slots[where])))
        power = tuple(n // p for n, p in zip(index, period, strict=True))
        return tuple(key), (power, tuple(sorted(parts))), weight


def _order_of(i: int, lattice: tuple[Vector, ...]) -> int:
    """The smallest multiple of a unit vector in a lattice in triangular form."""
    rest = [Fraction(int(i == j)) for j in range(len(lattice))]
    found = 1
    for j, row in enumerate(lattice):
        quotient = rest[j] / row[j]
        found = lcm(found, quotient.denominator)
        rest = [a - quotient * b for a, b in zip(rest, row, strict=True)]
    return found


class Parts:
    """The words of an expression, and its polynomials for a period."""

    def __init__(self, left: Any, right: Any, ndim: int, ring: Any) -> None:
        spectrum = Spectrum.of(left, right)
        if spectrum.units:
            raise Undecided("frequencies have no polyphase parts")
        walker = ConcreteWalker(ndim, ring, (), spectrum)
        minus = [s for state in walker.run(right) for s in state.scaled(-ring.one)]
        merged = walker.merge([*walker.run(left), *minus])
        self.words = [Word.of(state) for state in merged if state.branches]
        self.ndim = ndim

    @cached_property
    def period(self) -> Vector:
        """The smallest one, on each axis."""
        d = self.ndim
        return tuple(lcm(*(step for word in self.words for step in word.steps[axis::d])) for axis in range(d))

    def dilations(self) -> set[tuple[str, Vector]]:
        """How much kernels are spread: the slopes of n, by name."""
        d = self.ndim
        return {
            (label[1], tuple(abs(s) for s in word.slopes[d * i : d * (i + 1)]))
            for word in self.words for i, label in enumerate(word.labels) if label != INPUT
        }  # fmt: skip

    def polynomials(self, period: Vector) -> list[Polynomial]:
        """Those that vanish iff the two sides are equal."""
        found: dict[Any, Polynomial] = {}
        for word in self.words:
            for key, monomial, weight in word.polynomials(period):
                here = found.setdefault(key, {})
                here[monomial] = here[monomial] + weight.poly if monomial in here else weight.poly
        if sum(map(len, found.values())) > TERMS:
            raise Undecided("budget: the polyphase parts have too many products")
        return [p for p in map(_without_zeros, found.values()) if p]


def _without_zeros(polynomial: Polynomial) -> Polynomial:
    return {monomial: weight for monomial, weight in polynomial.items() if weight}


def follows(lhs: Any, rhs: Any, relations: Sequence[Relation], ndim: int) -> bool:
    """Whether lhs = rhs is seen to follow from relations between formal kernels.

    Raises
    ------
    OperandError
        Where the relations are seen to contradict one another.
    Undecided
        Where there are frequencies, formal operators or matrices, or too many parts.
    """
    with limited(SECONDS), sympy_algebra():
        ring = _ring([lhs, rhs, *(side for relation in relations for pair in relation.pairs for side in pair)])
        statement = Parts(nameless(lhs), nameless(rhs), ndim, ring)
        given = [Parts(a, b, ndim, ring) for relation in relations for pair in relation.pairs for a, b in _turned(pair)]
        given = [parts for parts in given if parts.words]
        period = _common_period(statement, given)
        targets = statement.polynomials(period)
        generators = _instances(targets, given)
        targets, generators = _eliminated(targets, generators)
        names = ", ".join(map(str, relations))
        if any(_is_constant(p) for p in generators):
            raise OperandError(f"the hypotheses {names} contradict one another; everything would follow")
        return not targets or (bool(generators) and _in_ideal(targets, generators, ring.domain, names))


def _ring(roots: list[Any]) -> RelationRing:
    """Polynomials in the symbols of scalars and taps, over the field of all numbers."""
    import sympy

    values = [sympy.expand(to_sympy(exact(v))) for v in constants(*roots)]
    symbols = sorted({a for v in values for a in v.atoms(sympy.Symbol, sympy.conjugate)}, key=str)
    field = numbers_of([*values, *(sympy.conjugate(v) for v in values if v.is_number), sympy.Rational(1, 2)])
    if numbers_in(values) or field.is_EX:
        raise Undecided("the numbers are in no field that is known")
    both = dict.fromkeys([*symbols, *(sympy.conjugate(s) for s in symbols)])
    return RelationRing(field.poly_ring(*both, sympy.Dummy("unused")), [])


def _turned(pair: tuple[Any, Any]) -> Iterator[tuple[Any, Any]]:
    """The equation, with all kernels reversed, conjugated, and both."""
    a, b = (Conv(side) if isinstance(side, SignalExpr) else side for side in map(nameless, pair))
    for c, e in ((a, b), (a.conj(), b.conj())):
        yield c, e
        yield Flip() @ c, Zero() if isinstance(e, Zero) else Flip() @ e


def _common_period(statement: Parts, given: list[Parts]) -> Vector:
    """A period of the statement for which those of the relations, at the same moduli, are whole numbers."""
    period = list(statement.period)
    for name, mine in statement.dilations():
        for parts in given:
            for other, theirs in parts.dilations():
                if name == other:
                    for axis, (a, b) in enumerate(zip(mine, theirs, strict=True)):
                        period[axis] = lcm(period[axis], (parts.period[axis] * a / b).numerator)
    return tuple(period)


def _instances(targets: list[Polynomial], given: list[Parts]) -> list[Polynomial]:
    """The polynomials of all relations that share parts with the statement, or with others that do."""
    known = {part for polynomial in targets for _, parts in polynomial for part in parts}
    done: set[tuple[int, Vector]] = set()
    waiting: list[Polynomial] = []
    found: list[Polynomial] = []
    while True:
        moduli = {(part.name, part.modulus) for part in known}
        for number, parts in enumerate(given):
            for period in _periods(parts, moduli):
                if (number, period) not in done and len(done) < INSTANCES * len(given):
                    done.add((number, period))
                    waiting += parts.polynomials(period)
        touching = [p for p in waiting if not known.isdisjoint(_parts_in(p)) or not _parts_in(p)]
        if not touching:
            return found
        waiting = [p for p in waiting if p not in touching]
        found += touching
        known.update(part for p in touching for part in _parts_in(p))


def _parts_in(polynomial: Polynomial) -> set[Part]:
    return {part for _, parts in polynomial for part in parts}


def _periods(parts: Parts, moduli: Iterable[tuple[str, Vector]]) -> set[Vector]:
    """The periods at which kernels of a relation are cut as they are elsewhere."""
    found = set()
    for name, dilation in parts.dilations():
        for other, modulus in moduli:
            period = tuple(n * s for n, s in zip(modulus, dilation, strict=True))
            if name == other and all(p % q == 0 for p, q in zip(period, parts.period, strict=True)):
                found.add(tuple(map(int, period)))
    return found


# -- parts that are linear in others ----------------------------------------------------------------------


def _eliminated(targets: list[Polynomial], generators: list[Polynomial]) -> tuple[list[Polynomial], list[Polynomial]]:
    """Both with parts replaced that an equation gives in terms of others, c w^e X + … = 0, one after the other."""
    stuck: list[Polynomial] = []
    left = sorted(generators, key=len)
    while left:
        check_time()
        first, *left = left
        part = _solvable(first)
        if part is None:
            stuck.append(first)
            continue
        value = _solved(first, part)
        changed = [[_put(p, part, value) for p in listed] for listed in (targets, left, stuck)]
        if any(len(p) > TERMS for listed in changed for p in listed):
            stuck.append(first)
            continue
        targets, again, waiting = ([p for p in listed if p] for listed in changed)
        moved = [p for p in waiting if p not in stuck]  # which may have become linear
        stuck, left = [p for p in waiting if p in stuck], sorted([*again, *moved], key=len)
    return targets, stuck


def _solvable(polynomial: Polynomial) -> Part | None:
    """A part that occurs in one term, alone, with a number as its weight."""
    counted: dict[Part, int] = {}
    for _, parts in polynomial:
        for part in parts:
            counted[part] = counted.get(part, 0) + 1
    for (_, parts), weight in polynomial.items():
        if len(parts) == 1 and counted[parts[0]] == 1 and weight.is_ground:
            return parts[0]
    return None


def _solved(polynomial: Polynomial, part: Part) -> Polynomial:
    (power, weight) = next((power, w) for (power, parts), w in polynomial.items() if parts == (part,))
    inverse = weight.ring.domain.one / weight.LC
    return {
        (tuple(a - b for a, b in zip(other, power, strict=True)), parts): w * -inverse
        for (other, parts), w in polynomial.items() if parts != (part,)
    }  # fmt: skip


def _put(polynomial: Polynomial, part: Part, value: Polynomial) -> Polynomial:
    """The polynomial with a value in the place of a part."""
    if not any(part in parts for _, parts in polynomial):
        return polynomial
    total: Polynomial = {}
    for (power, parts), weight in polynomial.items():
        product: Polynomial = {(power, tuple(p for p in parts if p != part)): weight}
        for _ in range(parts.count(part)):
            product = _times(product, value)
        for monomial, w in product.items():
            total[monomial] = total[monomial] + w if monomial in total else w
    return _without_zeros(total)


def _times(left: Polynomial, right: Polynomial) -> Polynomial:
    if len(left) * len(right) > TERMS:
        raise Undecided("budget: the polyphase parts have too many products")
    total: Polynomial = {}
    for (power, parts), weight in left.items():
        for (more, others), factor in right.items():
            at = tuple(a + b for a, b in zip(power, more, strict=True)), tuple(sorted((*parts, *others)))
            total[at] = total[at] + weight * factor if at in total else weight * factor
    return total


def _is_constant(polynomial: Polynomial) -> bool:
    """Whether it is one in w alone, which is not 0."""
    return not _parts_in(polynomial) and all(weight.is_ground for weight in polynomial.values())


# -- what is left: a Gröbner basis ------------------------------------------------------------------------


class _Timed:
    """An order of monomials that looks at the clock."""

    def __init__(self) -> None:
        from sympy.polys.orderings import grevlex

        self.order = grevlex

    def __call__(self, monomial: Any) -> Any:
        check_time()
        return self.order(monomial)


def _in_ideal(targets: list[Polynomial], generators: list[Polynomial], domain: Any, names: str) -> bool:
    from sympy import Dummy
    from sympy.polys.groebnertools import groebner
    from sympy.polys.rings import PolyRing

    parts = sorted({part for p in (*targets, *generators) for part in _parts_in(p)})
    used = [s for i, s in enumerate(domain.symbols) if any(m[i] for p in (*targets, *generators)
                                                          for w in p.values() for m in w.itermonoms())]  # fmt: skip
    axes = len(next(iter(targets[0]))[0])
    if len(parts) + len(used) > PARTS:
        raise Undecided(f"budget: {len(parts) + len(used)} polyphase parts (limit {PARTS})")
    names_of = [Dummy() for _ in range(2 * axes + len(parts))]
    ring = PolyRing((*names_of, *used), domain.domain, _Timed())
    units = [(ring.gens[2 * i], ring.gens[2 * i + 1]) for i in range(axes)]
    place = {part: ring.gens[2 * axes + i] for i, part in enumerate(parts)}
    columns = [domain.symbols.index(s) for s in used]

    def element(polynomial: Polynomial) -> Any:
        low = [min(power[i] for power, _ in polynomial) for i in range(axes)]  # w is a unit
        total = ring.zero
        for (power, factors), weight in polynomial.items():
            term = ring.from_dict({(0,) * (2 * axes + len(parts)) + tuple(m[i] for i in columns): c
                                   for m, c in weight.terms()})  # fmt: skip
            for i, (w, _) in enumerate(units):
                term *= w ** (power[i] - low[i])
            for factor in factors:
                term *= place[factor]
            total += term
        return total

    basis = groebner([*map(element, generators), *(w * v - 1 for w, v in units)], ring)
    if any(
        not any(any(m[2 * axes :]) for m in e.itermonoms()) and e not in [w * v - 1 for w, v in units] for e in basis
    ):
        raise OperandError(f"the hypotheses {names} contradict one another; everything would follow")
    return not any(element(p).rem(basis) for p in targets)
