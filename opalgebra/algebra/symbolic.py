"""The walk with symbolic factors.

The index n and the slots are affine in integer parameters, with coefficients that are polynomials in the
factors.  A parameter is free, or bounded to [0, b).  ↓k asks whether k divides n; where that can be solved for
a parameter the walk goes on with fewer or other parameters, and where it cannot the statement is undecided.
Nothing is ever decided by trying values: small values only refute.

What is concluded holds for all positive factors, except that "k does not divide the number c ≠ 0" is used
for k > |c|; such thresholds are kept, and the finitely many smaller k are decided one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import permutations, product
from math import gcd
from typing import Any, TypeAlias

from ..errors import Undecided
from ..expr.factors import axes
from ..expr.signals import Signal
from ..scalar import is_sympy
from .budget import check_time
from .canonical import _atoms
from .facts import Coprime, Hypothesis
from .ring import Ring
from .walk import Walker, taps

Poly: TypeAlias = Any  # an element of SymPy's sparse polynomial ring ℤ[factors, shifts]
Affine: TypeAlias = dict[int, Poly]  # coefficient per parameter; key 0 is the constant term
CONSTANT = 0
THRESHOLD_LIMIT = 24


@dataclass
class Context:
    """The polynomial ring of the factors, what is known about them, and the thresholds that were used."""

    polynomials: Any
    coprime: frozenset[frozenset[Any]]
    thresholds: dict[Any, int] = field(default_factory=dict)
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
        return cls(PolyRing(tuple(symbols), ZZ, lex), frozenset(pairs))

    def fresh(self) -> int:
        self._last += 1
        return self._last

    def poly(self, value: Any) -> Poly:
        return self.polynomials.from_expr(value) if is_sympy(value) else self.polynomials(value)

    def require_larger(self, factor: Poly, number: int) -> None:
        """Note that the conclusion is for factor > number; one of its symbols above it is enough."""
        if number > THRESHOLD_LIMIT:
            raise Undecided(f"whether {factor} divides {number} depends on too many small values")
        symbol = next(s for s, e in zip(self.polynomials.symbols, factor.LM, strict=True) if e)
        self.thresholds[symbol] = max(self.thresholds.get(symbol, 0), number)

    def are_coprime(self, a: Poly, b: Poly) -> bool:
        """Whether two monomials are known to be coprime: every prime number or symbol of one to every of the other."""
        return all(
            x != y if isinstance(x, int) and isinstance(y, int) else frozenset((x, y)) in self.coprime
            for x in self._parts(a)
            for y in self._parts(b)
        )

    def _parts(self, monomial: Poly) -> list[Any]:
        symbols = [s for s, e in zip(self.polynomials.symbols, monomial.LM, strict=True) if e]
        return [*symbols, *_prime_numbers(int(monomial.LC))]


def _prime_numbers(number: int) -> list[int]:
    from sympy import primefactors

    return [int(p) for p in primefactors(number)]


def _primes(value: Any) -> list[Any]:
    """The prime numbers and the symbols that make up a factor."""
    if not is_sympy(value):
        return _prime_numbers(value)
    return [*value.free_symbols, *_prime_numbers(int(value.as_coeff_Mul()[0]))]


def _divisible(monomial: tuple[Any, Any], factor: Poly) -> bool:
    exponents, coefficient = monomial
    return coefficient % factor.LC == 0 and all(e >= f for e, f in zip(exponents, factor.LM, strict=True))


def _common_factor(polys: Iterable[Poly], ring: Any, start: Poly | None = None) -> Poly:
    """The largest monomial that divides all terms (and ``start``)."""
    content, exponents = (0, None) if start is None else (int(start.LC), list(start.LM))
    for poly in polys:
        for powers, coefficient in poly.terms():
            content = gcd(content, int(coefficient))
            exponents = (
                list(powers) if exponents is None else [min(a, b) for a, b in zip(exponents, powers, strict=True)]
            )
    return ring.term_new(tuple(exponents or ()), content)


@dataclass(frozen=True)
class Parametrised:
    """weight · Σ over parameters of the point (n, slot₁, slot₂, …)."""

    context: Context
    ndim: int
    labels: tuple[tuple[str, ...], ...]
    point: tuple[Affine, ...]
    bounds: dict[int, Poly]
    weight: Any

    def _with_index(self, index: Iterable[Affine]) -> Parametrised:
        return replace(self, point=(*index, *self.point[self.ndim :]))

    def scaled(self, weight: Any) -> list[Parametrised]:
        """c times the state."""
        return [replace(self, weight=self.weight * weight)]

    def up(self, factor: tuple[Any, ...]) -> list[Parametrised]:
        """n ← k n."""
        polys = [self.context.poly(k) for k in factor]
        return [self._with_index(_times(n, k) for n, k in zip(self.point, polys, strict=False))]

    def shift(self, amount: tuple[Any, ...]) -> list[Parametrised]:
        """n ← n + s."""
        constants = [{CONSTANT: self.context.poly(s)} for s in amount]
        return [self._with_index(_plus(n, s) for n, s in zip(self.point, constants, strict=False))]

    def flip(self) -> list[Parametrised]:
        """n ← −n."""
        minus = self.context.poly(-1)
        return [self._with_index(_times(n, minus) for n in self.point[: self.ndim])]

    def down(self, factor: tuple[Any, ...]) -> list[Parametrised]:
        """Keep k | n, then n ← n / k, one axis after the other."""
        state: Parametrised | None = self
        for axis, k in enumerate(factor):
            state = state and state._divided(axis, self.context.poly(k))
        return [state] if state else []

    def modulate(self, period: tuple[int, ...], weights: dict[tuple[int, ...], Any]) -> list[Parametrised]:
        """Weight w_n, one state per residue of n."""
        result: list[Parametrised] = []
        for residue, weight in weights.items():
            back = tuple(-r for r in residue)
            for low in self.shift(back)[0].down(period):
                result += low.up(period)[0].shift(residue)[0].scaled(weight)
        return result

    def convolve(self, kernel: Parametrised, sign: int) -> list[Parametrised]:
        """n ← n ± d; the kernel's parameters get new names."""
        fresh = {p: self.context.fresh() for p in {p for a in kernel.point for p in a} | set(kernel.bounds) if p}
        theirs = [{fresh.get(p, p): c for p, c in a.items()} for a in kernel.point]
        signed = self.context.poly(sign)
        index = [_plus(n, _times(d, signed)) for n, d in zip(self.point, theirs, strict=False)]
        return [
            replace(
                self,
                labels=(*self.labels, *kernel.labels),
                point=(*index[: self.ndim], *self.point[self.ndim :], *theirs[self.ndim :]),
                bounds={**self.bounds, **{fresh[p]: b for p, b in kernel.bounds.items()}},
                weight=self.weight * kernel.weight,
            )
        ]

    def formal_operator(self, row: tuple[str, ...], column: tuple[str, ...]) -> list[Parametrised]:
        """The index moves into the column slot and a free row index takes its place."""
        one = self.context.poly(1)
        free: list[Affine] = [{self.context.fresh(): one} for _ in range(self.ndim)]
        point = (*free, *self.point[self.ndim :], *free, *self.point[: self.ndim])
        return [replace(self, labels=(*self.labels, row, column), point=point)]

    # -- divisibility -----------------------------------------------------------------------------------

    def _substituted(self, parameter: int, value: Affine) -> Parametrised:
        """The state with a parameter replaced by an affine expression in others."""
        point = []
        for coordinate in self.point:
            rest = {p: c for p, c in coordinate.items() if p != parameter}
            coefficient = coordinate.get(parameter)
            point.append(_plus(rest, _times(value, coefficient)) if coefficient else rest)
        bounds = {p: b for p, b in self.bounds.items() if p != parameter}
        return replace(self, point=tuple(point), bounds=bounds)

    def _divided(self, axis: int, factor: Poly) -> Parametrised | None:
        """The part with factor | n on one axis, n divided; None where nothing is left."""
        state: Parametrised | None = self
        while state is not None:
            index = state.point[axis]
            rest = {p: r for p, c in index.items() if (r := _remainder(c, factor, self.context))}
            if not rest:
                quotient = {p: c.exquo(factor) for p, c in index.items()}
                return replace(state, point=(*state.point[:axis], quotient, *state.point[axis + 1 :]))
            state = state._solved(rest, factor)
        return None

    def _solved(self, rest: Affine, factor: Poly) -> Parametrised | None:
        """One step towards factor | rest; None where it never holds."""
        ring = self.context.polynomials
        common = _common_factor(rest.values(), ring, factor)
        factor = factor.exquo(common)
        rest = {p: c.exquo(common) for p, c in rest.items()}
        content = _common_factor(rest.values(), ring)
        if content != 1 and self.context.are_coprime(content, factor):
            rest = {p: c.exquo(content) for p, c in rest.items()}
        free = [p for p in rest if p != CONSTANT and p not in self.bounds]
        for parameter in free:
            inverse = self._inverse(rest[parameter], factor)
            if inverse is not None:
                others = {p: c * -inverse for p, c in rest.items() if p != parameter}
                return self._substituted(parameter, {**others, self.context.fresh(): factor})
        if free:
            if _never_divides(factor, rest):
                return None
            raise Undecided(f"does {factor} divide {_show(rest)}? nothing known about the factors decides it")
        return self._solved_bounded(rest, factor)

    def _inverse(self, coefficient: Poly, factor: Poly) -> Poly | None:
        """An inverse of the coefficient modulo the factor, where one is known."""
        if coefficient in (1, -1):
            return coefficient
        if coefficient.is_ground and factor.is_ground and gcd(int(coefficient.LC), int(factor.LC)) == 1:
            return self.context.poly(pow(int(coefficient.LC), -1, int(factor.LC)))
        return None

    def _solved_bounded(self, rest: Affine, factor: Poly) -> Parametrised | None:
        bounded = [p for p in rest if p != CONSTANT]
        constant: Poly = rest.get(CONSTANT, self.context.poly(0))
        if not bounded:
            if not constant.is_ground:
                raise Undecided(
                    f"does {factor} divide {constant.as_expr()}? nothing known about the factors decides it"
                )
            if not factor.is_ground:
                self.context.require_larger(factor, abs(int(constant.LC)))
            return None  # a number below the factor and not 0
        if len(bounded) == 1 and rest[bounded[0]] in (1, -1) and self._fits(bounded[0], factor):
            return self._single_bounded(bounded[0], rest[bounded[0]], constant, factor)
        if len(bounded) == 2 and not constant and self._opposite(bounded, rest, factor):
            return self._substituted(bounded[0], {bounded[1]: self.context.poly(1)})
        raise Undecided(f"does {factor} divide {_show(rest)}? nothing known about the factors decides it")

    def _fits(self, parameter: int, factor: Poly) -> bool:
        """Whether the parameter stays below the factor: its bound divides it."""
        return _divisible((factor.LM, factor.LC), self.bounds[parameter])

    def _opposite(self, pair: list[int], rest: Affine, factor: Poly) -> bool:
        first, second = pair
        signs = {int(rest[p].LC) for p in pair if rest[p].is_ground}
        return signs == {1, -1} and self.bounds[first] == self.bounds[second] and self._fits(first, factor)

    def _single_bounded(self, parameter: int, sign: Poly, constant: Poly, factor: Poly) -> Parametrised | None:
        """factor | ±r + c for 0 <= r < bound <= factor: r = 0, or the one residue where the bound is the factor."""
        value = constant * -sign  # r ≡ value
        if not value:
            return self._substituted(parameter, {})
        if not value.is_ground or self.bounds[parameter] != factor or factor.is_ground:
            raise Undecided(f"does {factor} divide r + {constant.as_expr()} for some 0 <= r < {factor}?")
        self.context.require_larger(factor, abs(int(value.LC)))
        return self._substituted(parameter, {CONSTANT: value if int(value.LC) > 0 else value + factor})

    # -- normal form ------------------------------------------------------------------------------------

    def normalised(self, ring: Ring) -> Parametrised:
        """Bounded parameters merged, counted or removed as far as possible."""
        state = self
        while (after := state._one_merge(ring)) is not None:
            state = after
        return state

    def _column(self, parameter: int) -> tuple[Poly, ...]:
        zero = self.context.poly(0)
        return tuple(coordinate.get(parameter, zero) for coordinate in self.point)

    def parameters(self) -> list[int]:
        """The free parameters."""
        return sorted({p for a in self.point for p in a if p != CONSTANT and p not in self.bounds})

    def _one_merge(self, ring: Ring) -> Parametrised | None:
        for parameter, bound in self.bounds.items():
            column = self._column(parameter)
            if bound == 1:
                return self._substituted(parameter, {})
            if not any(column):
                rest = {p: b for p, b in self.bounds.items() if p != parameter}
                return replace(self, bounds=rest, weight=self.weight * ring.convert(bound.as_expr()))
            lead = next(c for c in column if c)
            if lead.LC < 0:  # r ↦ bound − 1 − r turns the direction round
                turned = self._substituted(parameter, {(new := self.context.fresh()): self.context.poly(-1),
                                                       CONSTANT: bound - 1})  # fmt: skip
                return replace(turned, bounds={**turned.bounds, new: bound})
            merged = self._absorbed(parameter, bound, column)
            if merged is not None:
                return merged
        return None

    def _absorbed(self, parameter: int, bound: Poly, column: tuple[Poly, ...]) -> Parametrised | None:
        """r + bound · t is one parameter: division with remainder."""
        steps = tuple(c * bound for c in column)
        for other in [*self.parameters(), *self.bounds]:
            if other != parameter and self._column(other) == steps:
                without = self._substituted(parameter, {})._substituted(other, {})
                new, one = self.context.fresh(), self.context.poly(1)
                point = tuple(_plus(a, {new: c}) if c else a for a, c in zip(without.point, column, strict=True))
                bounds = dict(without.bounds)
                if other in self.bounds:
                    bounds[new] = bound * self.bounds[other] * one
                return replace(without, point=point, bounds=bounds)
        return None


def _never_divides(factor: Poly, rest: Affine) -> bool:
    """Whether the constant term rules divisibility out: all is numbers, and their gcd does not divide it."""
    if not factor.is_ground or not all(c.is_ground for c in rest.values()):
        return False
    common = gcd(int(factor.LC), *(int(c.LC) for p, c in rest.items() if p != CONSTANT))
    return CONSTANT in rest and int(rest[CONSTANT].LC) % common != 0


def _times(affine: Affine, factor: Poly) -> Affine:
    return {p: product for p, c in affine.items() if (product := c * factor)}


def _plus(left: Affine, right: Affine) -> Affine:
    total = dict(left)
    for p, c in right.items():
        total[p] = total[p] + c if p in total else c
    return {p: c for p, c in total.items() if c}


def _remainder(poly: Poly, factor: Poly, context: Context) -> Poly:
    """The terms that the monomial does not divide; an integer coefficient is left as it is."""
    terms = {m: c for m, c in poly.terms() if not _divisible((m, c), factor)}
    return context.polynomials.from_dict(terms)


def _show(rest: Affine) -> str:
    return " + ".join(str(c.as_expr()) if p == CONSTANT else f"({c.as_expr()})·t{p}" for p, c in sorted(rest.items()))


class SymbolicWalker(Walker):
    """The walk for symbolic factors; all concrete kernels may be held formal."""

    def __init__(self, ndim: int, ring: Ring, context: Context, held: dict[Signal, str]) -> None:
        super().__init__(ndim, ring.convert)
        self.ring = ring
        self.context = context
        self.held = held

    def formal(self, label: tuple[str, ...]) -> Parametrised:
        one = self.context.poly(1)
        free: list[Affine] = [{self.context.fresh(): one} for _ in range(self.ndim)]
        return Parametrised(self.context, self.ndim, (label,), (*free, *free), {}, self.ring.one)

    def concrete(self, signal: Signal, conj: bool) -> Any:
        return self.formal(("held", self.held[signal], "conj" if conj else ""))

    def signal(self, signal: Any, conj: bool) -> list[Any]:
        if isinstance(signal, Signal) and signal not in self.held:
            return [self._tap(at, self.convert(value)) for at, value in taps(signal, conj).items()]
        return super().signal(signal, conj)

    def _tap(self, at: tuple[int, ...], weight: Any) -> Parametrised:
        index: list[Affine] = [{CONSTANT: self.context.poly(n)} if n else {} for n in at]
        return Parametrised(self.context, self.ndim, (), tuple(index), {}, weight)

    def box(self, factor: tuple[Any, ...]) -> Parametrised:
        one = self.context.poly(1)
        names = [self.context.fresh() for _ in factor]
        bounds = {p: self.context.poly(k) for p, k in zip(names, axes(factor), strict=True)}
        return Parametrised(self.context, self.ndim, (), tuple({p: one} for p in names), bounds, self.ring.one)


def vanishes(states: list[Parametrised], ring: Ring) -> bool:
    """Whether the states are seen to cancel; False means that they were not."""
    classes: list[tuple[Parametrised, Any]] = []
    for state in (s.normalised(ring) for s in states):
        check_time()
        for i, (known, weight) in enumerate(classes):
            if _same_set(known, state):
                classes[i] = (known, weight + state.weight)
                break
        else:
            classes.append((state, state.weight))
    return not any(weight for _, weight in classes)


def _same_set(left: Parametrised, right: Parametrised) -> bool:
    """Whether both run through the same points, up to the order of slots of one kernel."""
    if sorted(left.labels) != sorted(right.labels):
        return False
    return any(_same_points(left, _permuted(right, order)) for order in _orders(left.labels, right.labels))


def _orders(left: tuple[Any, ...], right: tuple[Any, ...]) -> Iterator[list[int]]:
    """The orders of the right slots that put equal labels beside each other; a formal operator's two stay together."""
    mine, theirs = _atoms(left), _atoms(right)
    names = sorted({label for label, _ in mine})
    groups = [[slots for label, slots in theirs if label == name] for name in names]
    places = [[slots for label, slots in mine if label == name] for name in names]
    if [len(g) for g in groups] != [len(p) for p in places]:
        return
    for choice in product(*(permutations(group) for group in groups)):
        order = [0] * len(left)
        for place, chosen in zip(places, choice, strict=True):
            for to, source in zip(place, chosen, strict=True):
                for a, b in zip(to, source, strict=True):
                    order[a] = b
        yield order


def _permuted(state: Parametrised, order: list[int]) -> Parametrised:
    d = state.ndim
    slots = [state.point[d * (1 + i) + j] for i in order for j in range(d)]
    return replace(state, labels=tuple(state.labels[i] for i in order), point=(*state.point[:d], *slots))


def _same_points(left: Parametrised, right: Parametrised) -> bool:
    """M s + c and M' t + c' agree iff M = M' U with U unimodular and c − c' is in the image of M'."""
    from sympy.polys.matrices import DomainMatrix

    def bounded(state: Parametrised) -> list[str]:
        return sorted(f"{b} {[str(c) for c in state._column(p)]}" for p, b in state.bounds.items())

    mine, theirs = left.parameters(), right.parameters()
    if len(mine) != len(theirs) or bounded(left) != bounded(right):
        return False
    offset = [a - b for a, b in zip(left._column(CONSTANT), right._column(CONSTANT), strict=True)]
    if not theirs:
        return not any(offset)
    domain = left.context.polynomials.to_domain().get_field()
    columns = [*(right._column(p) for p in theirs), *(left._column(p) for p in mine), offset]
    rows = [[domain.convert(column[i].as_expr()) for column in columns] for i in range(len(offset))]
    reduced, pivots = DomainMatrix(rows, (len(rows), len(columns)), domain).rref()
    size = len(theirs)
    if pivots != tuple(range(size)):
        return False
    solution = [[reduced[i, size + j].element for j in range(size + 1)] for i in range(size)]
    if any(entry.denom not in (1, -1) for row in solution for entry in row):
        return False
    change = DomainMatrix([row[:size] for row in solution], (size, size), domain)
    return change.det() in (domain.one, -domain.one)
