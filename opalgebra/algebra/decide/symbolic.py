"""The walk with symbolic factors.

The index n and the slots are affine in integer parameters, with coefficients that are polynomials in the
factors.  A parameter is free, or bounded to [0, b).  ↓k asks whether k divides n; where that can be solved for
a parameter the walk goes on with fewer or other parameters, and where it cannot the statement is undecided.
Nothing is ever decided by trying values: small values only refute.

What is concluded holds for all positive factors, except that "k does not divide the number c ≠ 0" is used
for k > |c|; such thresholds are kept, and the finitely many smaller k are decided one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import gcd
from typing import Any

from ...errors import Undecided
from ...expr import Conv, IndexedSignalSum, IndexedSum, LinearOperator, SamplingMatrix, axes, constants, free_symbols
from ...expr.signals import Applied, ConjSignal, Signal, SignalExpr, SignalSum
from ...scalar import is_sympy
from ..facts import AtMost, Less
from ..lattices.sampling import smith
from ..numbers.ring import Ring
from ..numbers.spectrum import Spectrum, is_orthogonality
from .affine import (
    CONSTANT,
    Affine,
    Context,
    Poly,
    combination,
    common_factor,
    divisible,
    never_divides,
    plus,
    remainder,
    shown,
    times,
)
from .walk import Walker, taps


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

    def _with_index(self, index: Iterable[Affine]) -> Parametrised:
        return replace(self, point=(*index, *self.point[self.ndim :]))

    def scaled(self, weight: Any) -> list[Parametrised]:
        """c times the state."""
        return [replace(self, weight=self.weight * weight)]

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

    def turn(self, powers: Sequence[tuple[Any, ...]]) -> list[Parametrised]:
        """Exponents of units ← exponents + powers · n; each stands first in its slot."""
        point = list(self.point)
        for i, power in enumerate(powers, 1):
            for p, n in zip(power, self.point, strict=False):
                if any(is_sympy(p) and s in p.free_symbols for s in self.indices):
                    raise Undecided(f"the frequency depends on the index of a sum, through {p}")
                point[self.ndim * i] = plus(point[self.ndim * i], times(n, self.context.poly(p)))
        return [replace(self, point=tuple(point))]

    def advanced(self, exponents: Sequence[Any]) -> Parametrised:
        """Exponents of units ← exponents + constants."""
        point = list(self.point)
        for i, exponent in enumerate(exponents, 1):
            point[self.ndim * i] = plus(point[self.ndim * i], self._affine(exponent))
        return replace(self, point=tuple(point))

    def convolve(self, kernel: Parametrised, sign: int) -> list[Parametrised]:
        """n ← n ± d; the kernel's parameters get new names."""
        fresh = {p: self.context.fresh() for p in {p for a in kernel.point for p in a} | set(kernel.bounds) if p}
        theirs = [{fresh.get(p, p): c for p, c in a.items()} for a in kernel.point]
        signed = self.context.poly(sign)
        end = self.ndim * (1 + sum(label[0] == "" for label in self.labels))  # of the index and the exponents
        signs = [signed] * self.ndim + [self.context.poly(1)] * (end - self.ndim)
        both = [plus(n, times(d, s)) for n, d, s in zip(self.point, theirs, signs, strict=False)]
        return [
            replace(
                self,
                labels=(*self.labels, *(label for label in kernel.labels if label[0] != "")),
                point=(*both, *self.point[end:], *theirs[end:]),
                bounds={**self.bounds, **{fresh[p]: b for p, b in kernel.bounds.items()}},
                weight=self.weight * kernel.weight,
            )
        ]

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

        def put(coordinate: Affine) -> Affine:
            rest = {p: c for p, c in coordinate.items() if p != parameter}
            coefficient = coordinate.get(parameter)
            return plus(rest, times(value, coefficient)) if coefficient else rest

        bounds = {p: b for p, b in self.bounds.items() if p != parameter}
        indices = {s: put(index) for s, index in self.indices.items()}
        return replace(
            self, point=tuple(map(put, self.point)), bounds=bounds, indices=indices, saved=tuple(map(put, self.saved))
        )

    def _divided(self, axis: int, factor: Poly) -> Parametrised | None:
        """The part with factor | n on one axis, n divided; None where nothing is left."""
        state: Parametrised | None = self
        while state is not None:
            if self.context.equations:
                state = state._rewritten(axis, factor)
            index = state.point[axis]
            rest = {p: r for p, c in index.items() if (r := remainder(c, factor, self.context))}
            if not rest:
                quotient = {p: c.exquo(factor) for p, c in index.items()}
                return replace(state, point=(*state.point[:axis], quotient, *state.point[axis + 1 :]))
            state = state._solved(rest, factor)
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

    def _solved(self, rest: Affine, factor: Poly) -> Parametrised | None:
        """One step towards factor | rest; None where it never holds."""
        ring = self.context.polynomials
        common = common_factor(rest.values(), ring, factor)
        factor = factor.exquo(common)
        rest = {p: c.exquo(common) for p, c in rest.items()}
        content = common_factor(rest.values(), ring)
        if content != 1 and self.context.are_coprime(content, factor):
            rest = {p: c.exquo(content) for p, c in rest.items()}
        if self.context.never_divides(factor, rest):
            return None
        free = [p for p in rest if p != CONSTANT and p not in self.bounds]
        for parameter in free:
            inverse = self._inverse(rest[parameter], factor)
            if inverse is not None:
                others = {p: c * -inverse for p, c in rest.items() if p != parameter}
                return self.substituted(parameter, {**others, self.context.fresh(): factor})
        if free:
            if never_divides(factor, rest):
                return None
            raise Undecided(f"does {factor} divide {shown(rest)}? nothing known about the factors decides it")
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
                raise Undecided(
                    f"does {factor} divide {constant.as_expr()}? nothing known about the factors decides it"
                )
            if not factor.is_ground:
                self.context.require_larger(factor, abs(int(constant.LC)))
            return None  # a number below the factor and not 0
        if len(bounded) == 1 and rest[bounded[0]] in (1, -1) and self._fits(bounded[0], factor):
            return self._single_bounded(bounded[0], rest[bounded[0]], constant, factor)
        if len(bounded) == 2 and not constant and self._opposite(bounded, rest, factor):
            return self.substituted(bounded[0], {bounded[1]: self.context.poly(1)})
        raise Undecided(f"does {factor} divide {shown(rest)}? nothing known about the factors decides it")

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
            raise Undecided(f"does {factor} divide r + {constant.as_expr()} for some 0 <= r < {factor}?")
        self.context.require_larger(factor, abs(int(value.LC)))
        return self.substituted(parameter, {CONSTANT: value if int(value.LC) > 0 else value + factor})

    # -- normal form ------------------------------------------------------------------------------------

    def normalised(self, ring: Ring) -> Parametrised:
        """Bounded parameters merged, counted or removed as far as possible."""
        state = self
        while (after := state._one_merge(ring)) is not None:
            state = after
        return state

    def column_of(self, parameter: int) -> tuple[Poly, ...]:
        zero = self.context.poly(0)
        return tuple(coordinate.get(parameter, zero) for coordinate in self.point)

    def parameters(self) -> list[int]:
        """The free parameters."""
        return sorted({p for a in self.point for p in a if p != CONSTANT and p not in self.bounds})

    def _one_merge(self, ring: Ring) -> Parametrised | None:
        for parameter, bound in self.bounds.items():
            column = self.column_of(parameter)
            if bound == 1:
                return self.substituted(parameter, {})
            if not any(column):
                rest = {p: b for p, b in self.bounds.items() if p != parameter}
                return replace(self, bounds=rest, weight=self.weight * ring.convert(bound.as_expr()))
            lead = next(c for c in column if c)
            if lead.LC < 0:  # r ↦ bound − 1 − r turns the direction round
                turned = self.substituted(parameter, {(new := self.context.fresh()): self.context.poly(-1),
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
            if other != parameter and self.column_of(other) == steps:
                joined, new = self._joined(parameter, other, column)
                more = {new: bound * self.bounds[other]} if other in self.bounds else {}
                return replace(joined, bounds={**joined.bounds, **more})
        return self._absorbed_by_span(parameter, column, steps)

    def _absorbed_by_span(
        self, parameter: int, column: tuple[Poly, ...], steps: tuple[Poly, ...]
    ) -> Parametrised | None:
        """r + bound · t where the step bound · column is a vector of another basis of the free lattice.

        With bound · column = Σ λⱼ · columnⱼ and some λᵢ = ±1, it takes the place of columnᵢ.
        """
        free = self.parameters()
        found = combination([self.column_of(p) for p in free], [steps], self.context)
        for p, (weight,) in zip(free, found or (), strict=False):
            if weight in (1, -1):
                return self._joined(parameter, p, column)[0]
        return None

    def _joined(self, parameter: int, other: int, column: tuple[Poly, ...]) -> tuple[Parametrised, int]:
        """One parameter in the place of two, which moves along the column, and its name."""
        without, new = self.substituted(parameter, {}).substituted(other, {}), self.context.fresh()
        point = tuple(plus(a, {new: c}) if c else a for a, c in zip(without.point, column, strict=True))
        return replace(without, point=point), new


def _inverse(unimodular: SamplingMatrix) -> SamplingMatrix:
    """U⁻¹, whose entries are integers."""
    return SamplingMatrix(tuple(tuple(map(int, row)) for row in unimodular.inverse()))


class SymbolicWalker(Walker):
    """The walk for symbolic factors; all concrete kernels may be held formal."""

    def __init__(
        self, ndim: int, ring: Ring, context: Context, held: dict[Signal, str], spectrum: Spectrum | None = None
    ) -> None:
        super().__init__(ndim, ring.convert, spectrum)
        self.ring = ring
        self.context = context
        self.held = held

    def formal(self, label: tuple[str, ...]) -> Parametrised:
        one = self.context.poly(1)
        free: list[Affine] = [{self.context.fresh(): one} for _ in range(self.ndim)]
        return self._state((label,), free, free, {}, self.ring.one)

    def _state(self, labels: Any, index: Any, slots: Any, bounds: dict[int, Poly], weight: Any) -> Parametrised:
        """A state with the exponents of all units 0."""
        extras = self.spectrum.labels
        none: list[Affine] = [{}] * (self.ndim * len(extras))
        point = (*index, *none, *slots)
        return Parametrised(self.context, self.ndim, (*extras, *labels), point, bounds, weight)

    def concrete(self, signal: Signal, conj: bool) -> Any:
        return self.formal(("held", self.held[signal], "conj" if conj else ""))

    def signal(self, signal: Any, conj: bool) -> list[Any]:
        if isinstance(signal, Signal) and signal not in self.held:
            return [
                state.advanced(exponents) if any(exponents) else state
                for exponents, weights in self.by_exponents(taps(signal, conj)).items()
                for state in (self._tap(at, weight) for at, weight in weights.items())
            ]
        return super().signal(signal, conj)

    def _tap(self, at: tuple[int, ...], weight: Any) -> Parametrised:
        index: list[Affine] = [{CONSTANT: self.context.poly(n)} if n else {} for n in at]
        return self._state((), index, (), {}, weight)

    def indexed(self, operator: IndexedSum, states: list[Any], transpose: bool, conj: bool) -> list[Any]:
        """The index is one more bounded parameter; all characters of ℤ/k together are k [k | n]."""
        if is_orthogonality(operator):
            factor = axes(operator.stop)
            kept = [up for s in states for low in s.down(factor) for up in low.up(factor)]
            return [s for state in kept for s in state.scaled(self.ring.convert(operator.stop))]
        inside = self._entered(operator, states)
        return [s.outside(operator.index) for s in self.act(operator.body, inside, transpose, conj)]

    def indexed_signal(self, signal: IndexedSignalSum, conj: bool) -> list[Any]:
        return self._onto([self._tap((0,) * self.ndim, self.ring.one)], signal, conj)

    def _entered(self, node: IndexedSum | IndexedSignalSum, states: list[Any]) -> list[Any]:
        if any(is_sympy(c) and node.index in c.free_symbols for c in constants(node.body)):
            raise Undecided(f"a scalar of the sum depends on its index, and the number of terms is {node.stop}")
        stop = self.context.poly(node.stop)
        return [state.within(node.index, stop) for state in states]

    def _letter(self, letter: LinearOperator, state: Any, transpose: bool, conj: bool) -> list[Any]:
        if isinstance(letter, Conv) and free_symbols(letter.kernel) & state.indices.keys():
            after = self._onto([state.set_aside()], letter.kernel, conj)
            return [s.taken_up(-1 if transpose else 1) for s in after]
        return super()._letter(letter, state, transpose, conj)

    def _onto(self, states: list[Any], signal: SignalExpr, conj: bool) -> list[Any]:
        """States of index 0 moved by a signal, which may depend on the indices of the sums around it."""
        match signal:
            case IndexedSignalSum():
                inside = self._entered(signal, states)
                return [s.outside(signal.index) for s in self._onto(inside, signal.body, conj)]
            case _ if not any(free_symbols(signal) & state.indices.keys() for state in states):
                return [s for state in states for k in self.signal(signal, conj) for s in state.convolve(k, 1)]
            case ConjSignal():
                return self._onto(states, signal.signal, not conj)
            case Applied():
                return self.act(signal.operator, self._onto(states, signal.signal, conj), False, conj)
            case SignalSum():
                return [s for term in signal.terms for s in self._onto(states, term, conj)]
        raise Undecided(f"the signal {signal} depends on the index of a sum")

    def box(self, factor: tuple[Any, ...]) -> Parametrised:
        one = self.context.poly(1)
        names = [self.context.fresh() for _ in factor]
        bounds = {p: self.context.poly(k) for p, k in zip(names, axes(factor), strict=True)}
        return self._state((), tuple({p: one} for p in names), (), bounds, self.ring.one)
