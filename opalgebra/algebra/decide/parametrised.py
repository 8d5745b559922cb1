"""States of the walk with symbolic factors (:mod:`.symbolic`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import gcd
from typing import Any

from ...errors import Undecided
from ...expr import SamplingMatrix
from ...scalar import is_sympy
from ..facts import AtMost, Less
from ..lattices.sampling import smith
from ..numbers.units import polynomial_in
from .affine import (
    CONSTANT,
    Affine,
    Context,
    Poly,
    common_factor,
    divides,
    divisible,
    never_divides,
    plus,
    remainder,
    shown,
    times,
)
from .remainders import EQUATION, division, settled
from .weights import (
    Function,
    in_ring,
    lifted,
    product,
    put,
    reduced,
    renamed,
    total,
)

QUESTIONS = 6  # of divisibility, that one walk may leave open


class OpenQuestion(Undecided):
    """Whether a factor divides something is not known."""


@dataclass(frozen=True)
class Parametrised:
    """weight · Σ over parameters of the point (n, slot₁, slot₂, …)."""

    context: Context
    ndim: int
    labels: tuple[tuple[str, ...], ...]
    point: tuple[Affine, ...]
    bounds: dict[int, Poly]
    weight: Any
    indices: dict[Any, Affine] = field(default_factory=dict)  # what the indices of the sums around are here
    saved: tuple[Affine, ...] = ()  # indices n that wait while a kernel that depends on such an index is walked
    phase: Function = field(default_factory=dict)  # the exponent of the root of unity
    varying: Function | None = None  # what the weight is times, where that depends on parameters

    def _with_index(self, index: Iterable[Affine]) -> Parametrised:
        return replace(self, point=(*index, *self.point[self.ndim :]))

    def scaled(self, weight: Any) -> list[Parametrised]:
        """c times the state."""
        return [replace(self, weight=self.weight * weight)]

    def weighted(self, coefficient: Any) -> list[Parametrised]:
        """The state times a scalar, in which indices of the sums around it may stand."""
        ring = self.context.ring
        made = self._function(coefficient, ring.convert, lambda index: in_ring(index, ring))
        if made.keys() <= {()}:
            return self.scaled(made[()]) if made else []
        return self.varied(made if self.varying is None else product(self.varying, made))

    def _function(self, value: Any, convert: Callable[[Any], Any], at: Callable[[Affine], Function]) -> Function:
        """A scalar as a function of the parameters that the indices of the sums around it are."""
        used = [s for s in self.indices if is_sympy(value) and s in value.free_symbols]
        made: Function = {}
        for powers, c in polynomial_in(value, used).terms() if used else [((), value)]:
            term: Function = {(): convert(c)}
            for index, power in zip(used, powers, strict=True):
                for _ in range(power):
                    term = product(term, at(self.indices[index]))
            made = total(made, term)
        return made

    def _exponent(self, value: Any) -> Function:
        """An exponent of the root of unity."""
        return self._function(value, self.context.poly, lifted)

    def varied(self, varying: Function) -> list[Parametrised]:
        """The state with this in the place of what its weight is times; none where that is 0."""
        if any(varying):
            return [replace(self, varying=varying)]
        return [replace(self, varying=None, weight=self.weight * varying[()])] if varying else []

    def plus_weight(self, other: Parametrised) -> Parametrised:
        """The sum with a state that differs in its weight alone."""
        if self.varying is None and other.varying is None:
            return replace(self, weight=self.weight + other.weight)
        ring = self.context.ring
        both = [{m: c * s.weight for m, c in (s.varying or {(): ring.one}).items()} for s in (self, other)]
        bare = replace(self, weight=ring.one, varying=None)
        return next(iter(bare.varied(total(*both))), replace(bare, weight=ring.zero))

    def with_phase(self, more: Function) -> Parametrised:
        """Times the root of unity to a power that depends on parameters."""
        sign, phase = reduced(total(self.phase, more), self.context)
        return replace(
            self, phase=phase, weight=self.weight if sign == 1 else self.weight * self.context.ring.convert(-1)
        )

    def up(self, factor: tuple[Any, ...] | SamplingMatrix) -> list[Parametrised]:
        """n ← k n."""
        if isinstance(factor, SamplingMatrix):
            return [self._with_index([self._combined(row) for row in factor.rows])]
        polys = [self.context.poly(k) for k in factor]
        return [self._with_index(times(n, k) for n, k in zip(self.point, polys, strict=False))]

    def shift(self, amount: tuple[Any, ...]) -> list[Parametrised]:
        """n ← n + s."""
        moves = [self._affine(s) for s in amount]
        return [self._with_index(plus(n, s) for n, s in zip(self.point, moves, strict=False))]

    def _affine(self, value: Any) -> Affine:
        """A shift, in which indices of the sums around it may stand."""
        used = [s for s in self.indices if is_sympy(value) and s in value.free_symbols]
        if not used:
            constant = self.context.poly(value)
            return {CONSTANT: constant} if constant else {}
        from sympy import Poly

        total: Affine = {}
        for powers, coefficient in Poly(value, *used).terms():
            if sum(powers) > 1:
                raise Undecided(f"the shift {value} is not linear in the index {', '.join(map(str, used))}")
            one = {CONSTANT: self.context.poly(1)}
            factor = next((self.indices[s] for s, power in zip(used, powers, strict=True) if power), one)
            total = plus(total, times(factor, self.context.poly(coefficient)))
        return total

    def flip(self) -> list[Parametrised]:
        """n ← −n."""
        minus = self.context.poly(-1)
        return [self._with_index(times(n, minus) for n in self.point[: self.ndim])]

    def _combined(self, row: tuple[int, ...]) -> Affine:
        """Σ a_j n_j."""
        total: Affine = {}
        for a, n in zip(row, self.point, strict=False):
            total = plus(total, times(n, self.context.poly(a)))
        return total

    def _down_lattice(self, matrix: SamplingMatrix) -> list[Parametrised]:
        """↓(U D V) = ↓V ↓D ↓U by the Smith form; ↓U is ↑(U⁻¹)."""
        left, middle, right = smith(matrix)
        (state,) = self.up(_inverse(left))
        return [after for low in state.down(middle.per_axis or ()) for after in low.up(_inverse(right))]

    def down(self, factor: tuple[Any, ...] | SamplingMatrix) -> list[Parametrised]:
        """Keep k | n, then n ← n / k, one axis after the other."""
        if isinstance(factor, SamplingMatrix):
            return self._down_lattice(factor)
        state: Parametrised | None = self
        for axis, k in enumerate(factor):
            state = state and state.divided(axis, self.context.poly(k))
        return [state] if state else []

    def modulate(self, period: tuple[int, ...], weights: dict[tuple[int, ...], Any]) -> list[Parametrised]:
        """Weight w_n, one state per residue of n."""
        result: list[Parametrised] = []
        for residue, weight in weights.items():
            back = tuple(-r for r in residue)
            for low in self.shift(back)[0].down(period):
                result += low.up(period)[0].shift(residue)[0].scaled(weight)
        return result

    def turn(self, powers: Sequence[tuple[Any, ...]]) -> list[Parametrised]:
        """Exponents of units ← exponents + powers · n; each stands first in its slot."""
        point, slots, turn = list(self.point), self._exponents(), dict[Any, Any]()
        for i, power in enumerate(powers, 1):
            for p, n in zip(power, self.point, strict=False):
                if i > slots:
                    turn = total(turn, product(self._exponent(p), lifted(n)))
                    continue
                if any(is_sympy(p) and s in p.free_symbols for s in self.indices):
                    raise Undecided(f"the frequency depends on the index of a sum, through {p}")
                point[self.ndim * i] = plus(point[self.ndim * i], times(n, self.context.poly(p)))
        return [replace(self, point=tuple(point)).with_phase(turn)]

    def _exponents(self) -> int:
        """How many slots hold exponents of units."""
        return sum(label[0] == "" for label in self.labels)

    def advanced(self, exponents: Sequence[Any]) -> Parametrised:
        """Exponents of units ← exponents + constants."""
        point, slots = list(self.point), self._exponents()
        for i, exponent in enumerate(exponents[:slots], 1):
            point[self.ndim * i] = plus(point[self.ndim * i], self._affine(exponent))
        made = replace(self, point=tuple(point))
        return made.with_phase(self._exponent(exponents[slots])) if exponents[slots:] else made

    def convolve(self, kernel: Parametrised, sign: int) -> list[Parametrised]:
        """n ← n ± d; the kernel's parameters get new names."""
        fresh = {p: self.context.fresh() for p in {p for a in kernel.point for p in a} | set(kernel.bounds) if p}
        theirs = [{fresh.get(p, p): c for p, c in a.items()} for a in kernel.point]
        signed = self.context.poly(sign)
        end = self.ndim * (1 + self._exponents())  # of the index and the exponents
        signs = [signed] * self.ndim + [self.context.poly(1)] * (end - self.ndim)
        both = [plus(n, times(d, s)) for n, d, s in zip(self.point, theirs, signs, strict=False)]
        made = replace(
            self,
            labels=(*self.labels, *(label for label in kernel.labels if label[0] != "")),
            point=(*both, *self.point[end:], *theirs[end:]),
            bounds={**self.bounds, **{fresh[p]: b for p, b in kernel.bounds.items()}},
            weight=self.weight * kernel.weight,
        )
        if kernel.varying is not None:
            varying = renamed(kernel.varying, fresh)
            (made,) = made.varied(varying if self.varying is None else product(self.varying, varying))
        return [made.with_phase(renamed(kernel.phase, fresh)) if kernel.phase else made]

    def within(self, index: Any, stop: Poly) -> Parametrised:
        """The state inside a sum over 0 ≤ index < stop."""
        new = self.context.fresh()
        inside = {**self.indices, index: {new: self.context.poly(1)}}
        return replace(self, indices=inside, bounds={**self.bounds, new: stop})

    def outside(self, index: Any) -> Parametrised:
        """The state after the sum; its parameter stays."""
        return replace(self, indices={s: value for s, value in self.indices.items() if s != index})

    def set_aside(self) -> Parametrised:
        """The state with its index put away and 0 in its place."""
        d = self.ndim
        return replace(self, point=(*({},) * d, *self.point[d:]), saved=(*self.point[:d], *self.saved))

    def taken_up(self, sign: int) -> Parametrised:
        """The index that was put away, plus or minus the present one."""
        d, signed = self.ndim, self.context.poly(sign)
        index = [plus(n, times(k, signed)) for n, k in zip(self.saved[:d], self.point, strict=False)]
        return replace(self, point=(*index, *self.point[d:]), saved=self.saved[d:])

    def formal_operator(self, row: tuple[str, ...], column: tuple[str, ...]) -> list[Parametrised]:
        """The index moves into the column slot and a free row index takes its place."""
        one = self.context.poly(1)
        free: list[Affine] = [{self.context.fresh(): one} for _ in range(self.ndim)]
        point = (*free, *self.point[self.ndim :], *free, *self.point[: self.ndim])
        return [replace(self, labels=(*self.labels, row, column), point=point)]

    # -- divisibility -----------------------------------------------------------------------------------

    def substituted(self, parameter: int, value: Affine) -> Parametrised:
        """The state with a parameter replaced by an affine expression in others."""

        def at(coordinate: Affine) -> Affine:
            rest = {p: c for p, c in coordinate.items() if p != parameter}
            coefficient = coordinate.get(parameter)
            return plus(rest, times(value, coefficient)) if coefficient else rest

        bounds = {p: b for p, b in self.bounds.items() if p != parameter}
        indices = {s: at(index) for s, index in self.indices.items()}
        made = replace(
            self, point=tuple(map(at, self.point)), bounds=bounds, indices=indices, saved=tuple(map(at, self.saved))
        )
        return made.weighing(self, {parameter: value}) if self.phase or self.varying else made

    def weighing(self, before: Parametrised, values: dict[int, Affine]) -> Parametrised:
        """This point with the weight that another one has at other parameters."""
        made = replace(self, phase={}, varying=None)
        if before.varying is not None:
            ring = self.context.ring
            varying = put(before.varying, {p: in_ring(value, ring) for p, value in values.items()})
            made = next(iter(made.varied(varying)), replace(made, weight=ring.convert(0)))
        return made.with_phase(put(before.phase, {p: lifted(value) for p, value in values.items()}))

    def divided(self, axis: int, factor: Poly) -> Parametrised | None:
        """The part with factor | n on one axis, n divided; None where nothing is left.

        What cannot be solved for a parameter stays as an equation between them.
        """
        state = settled(self)
        while True:
            if self.context.equations:
                state = state._rewritten(axis, factor)
            index = state.point[axis]
            rest = {p: r for p, c in index.items() if (r := remainder(c, factor, self.context))}
            if not rest:
                quotient = {p: c.exquo(factor) for p, c in index.items()}
                return replace(state, point=(*state.point[:axis], quotient, *state.point[axis + 1 :]))
            try:
                solved = state._solved(rest, factor)
            except OpenQuestion as why:
                if (parted := state._in_parts(axis, factor)) is not None:
                    return parted[0]
                made = state._constrained(axis, rest, factor)
                if division(made, len(made.labels)) is None:
                    self.context.questions.append(str(why))
                    if len(self.context.questions) > QUESTIONS:
                        raise
                return made
            if solved is None:
                return None
            state = solved

    def _in_parts(self, axis: int, factor: Poly) -> tuple[Parametrised | None] | None:
        """n divided by one symbol or prime of the factor and then by the rest; None where no part can be solved."""
        for part in self.context.parts(factor):
            if part == factor:
                continue
            state: Parametrised | None = self
            try:
                while state is not None:
                    index = state.point[axis]
                    rest = {p: r for p, c in index.items() if (r := remainder(c, part, self.context))}
                    if not rest:
                        quotient = {p: c.exquo(part) for p, c in index.items()}
                        low = replace(state, point=(*state.point[:axis], quotient, *state.point[axis + 1 :]))
                        return (low.divided(axis, factor.exquo(part)),)
                    state = state._solved(rest, part)
            except OpenQuestion:
                continue
            return (None,)
        return None

    def _rewritten(self, axis: int, factor: Poly) -> Parametrised:
        """The index on one axis in terms that the factor divides, as far as equations between symbols make some."""
        index = {p: c for p, old in self.point[axis].items() if (c := self.context.divided_by(old, factor))}
        return replace(self, point=(*self.point[:axis], index, *self.point[axis + 1 :]))

    def reduced(self) -> Parametrised:
        """The state with every polynomial reduced by the equations between symbols."""
        normal = self.context.normal
        point = tuple({p: r for p, c in a.items() if (r := normal(c))} for a in self.point)
        return replace(self, point=point, bounds={p: normal(b) for p, b in self.bounds.items()})

    def _constrained(self, axis: int, rest: Affine, factor: Poly) -> Parametrised:
        """n / factor where rest = factor · u: the difference of these is one more coordinate, which is to be 0.

        Families that are equal with it are equal where it is 0.
        """
        whole = {p: (c - remainder(c, factor, self.context)).exquo(factor) for p, c in self.point[axis].items()}
        known = plus({}, whole)
        factor, rest, content = self._primitive(rest, factor)
        new = self.context.fresh()
        point = (*self.point[:axis], plus(known, {new: content}), *self.point[axis + 1 :])
        equation = plus(rest, {new: -factor})
        none: list[Affine] = [{}] * (self.ndim - 1)
        return replace(self, labels=(*self.labels, EQUATION), point=(*point, equation, *none))

    def _primitive(self, rest: Affine, factor: Poly) -> tuple[Poly, Affine, Poly]:
        """factor | rest without what both share, and without a coprime content of the rest, which comes last."""
        ring = self.context.polynomials
        common = common_factor(rest.values(), ring, factor)
        factor = factor.exquo(common)
        rest = {p: c.exquo(common) for p, c in rest.items()}
        content = common_factor(rest.values(), ring)
        if content == 1 or not self.context.are_coprime(content, factor):
            return factor, rest, self.context.poly(1)
        return factor, {p: c.exquo(content) for p, c in rest.items()}, content

    def _solved(self, rest: Affine, factor: Poly) -> Parametrised | None:
        """One step towards factor | rest; None where it never holds."""
        factor, rest, _ = self._primitive(rest, factor)
        if self.context.never_divides(factor, rest):
            return None
        free = [p for p in rest if p != CONSTANT and p not in self.bounds]
        for parameter in free:
            inverse = self._inverse(rest[parameter], factor)
            if inverse is not None:
                others = {p: self.context.modulo(c * -inverse, factor) for p, c in rest.items() if p != parameter}
                return self.substituted(parameter, {**others, self.context.fresh(): factor})
        if free:
            if never_divides(factor, rest):
                return None
            raise OpenQuestion(f"does {factor} divide {shown(rest)}? nothing known about the factors decides it")
        return self._solved_bounded(rest, factor)

    def _inverse(self, coefficient: Poly, factor: Poly) -> Poly | None:
        """An inverse of the coefficient modulo the factor, where one is known."""
        if coefficient in (1, -1):
            return coefficient
        if coefficient.is_ground and factor.is_ground and gcd(int(coefficient.LC), int(factor.LC)) == 1:
            return self.context.poly(pow(int(coefficient.LC), -1, int(factor.LC)))
        return self.context.inverse(coefficient, factor) if len(coefficient.terms()) == 1 else None

    def _solved_bounded(self, rest: Affine, factor: Poly) -> Parametrised | None:
        bounded = [p for p in rest if p != CONSTANT]
        constant: Poly = rest.get(CONSTANT, self.context.poly(0))
        if not bounded:
            if self.context.between_multiples(constant, factor):
                return None
            if not constant.is_ground:
                raise OpenQuestion(
                    f"does {factor} divide {constant.as_expr()}? nothing known about the factors decides it"
                )
            if not factor.is_ground:
                self.context.require_larger(factor, abs(int(constant.LC)))
            return None  # a number below the factor and not 0
        if len(bounded) == 1 and rest[bounded[0]] in (1, -1) and self._fits(bounded[0], factor):
            return self._single_bounded(bounded[0], rest[bounded[0]], constant, factor)
        if len(bounded) == 1 and rest[bounded[0]] in (1, -1) and divides(factor, self.bounds[bounded[0]]):
            return self._every(bounded[0], constant * -rest[bounded[0]], factor)
        if len(bounded) == 2 and not constant and self._opposite(bounded, rest, factor):
            return self.substituted(bounded[0], {bounded[1]: self.context.poly(1)})
        raise OpenQuestion(f"does {factor} divide {shown(rest)}? nothing known about the factors decides it")

    def _every(self, parameter: int, value: Poly, factor: Poly) -> Parametrised:
        """r ≡ value for 0 ≤ r < b and factor | b: r = value + factor · r'."""
        if not value.is_ground:
            raise OpenQuestion(
                f"is r = {value.as_expr()} modulo {factor.as_expr()} for some 0 <= r < {factor.as_expr()}?"
            )
        if factor.is_ground:
            value = self.context.poly(int(value.coeff(1)) % int(factor.LC))
        elif value:
            self.context.require_larger(factor, abs(int(value.LC)))
            value = value if int(value.LC) > 0 else value + factor
        new, count = self.context.fresh(), self.bounds[parameter].exquo(factor)
        made = self.substituted(parameter, {new: factor, **({CONSTANT: value} if value else {})})
        return replace(made, bounds={**made.bounds, new: count})

    def _fits(self, parameter: int, factor: Poly) -> bool:
        """Whether the parameter stays below the factor: its bound divides it, or is known to be at most as large."""
        bound = self.bounds[parameter]
        known = len(bound.terms()) == 1 and divisible((factor.LM, factor.LC), bound)
        return known or self.context.implies(AtMost(bound.as_expr(), factor.as_expr()))

    def _opposite(self, pair: list[int], rest: Affine, factor: Poly) -> bool:
        first, second = pair
        signs = {int(rest[p].LC) for p in pair if rest[p].is_ground}
        return signs == {1, -1} and self.bounds[first] == self.bounds[second] and self._fits(first, factor)

    def _single_bounded(self, parameter: int, sign: Poly, constant: Poly, factor: Poly) -> Parametrised | None:
        """factor | ±r + c for 0 <= r < bound <= factor: r = 0, or the one residue where the bound is the factor."""
        value = constant * -sign  # r ≡ value
        if not value:
            return self.substituted(parameter, {})
        bound, shown_value = self.bounds[parameter].as_expr(), value.as_expr()
        if self.context.implies(AtMost(0, shown_value)) and self.context.implies(Less(shown_value, bound)):
            return self.substituted(parameter, {CONSTANT: value})
        if not value.is_ground or self.bounds[parameter] != factor or factor.is_ground:
            raise OpenQuestion(f"does {factor} divide r + {constant.as_expr()} for some 0 <= r < {factor}?")
        self.context.require_larger(factor, abs(int(value.LC)))
        return self.substituted(parameter, {CONSTANT: value if int(value.LC) > 0 else value + factor})

    def column_of(self, parameter: int) -> tuple[Poly, ...]:
        zero = self.context.poly(0)
        return tuple(coordinate.get(parameter, zero) for coordinate in self.point)

    def parameters(self) -> list[int]:
        """The free parameters."""
        return sorted({p for a in self.point for p in a if p != CONSTANT and p not in self.bounds})


def _inverse(unimodular: SamplingMatrix) -> SamplingMatrix:
    """U⁻¹, whose entries are integers."""
    return SamplingMatrix(tuple(tuple(map(int, row)) for row in unimodular.inverse()))
